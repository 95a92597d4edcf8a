"""The expert's desk: the tools as it uses them, and what it has read and thought so far.

Enters: the question's pattern; names and goals. Leaves: turns with a call, one thought each. No call is made twice.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Literal

from websailor.records import Pattern
from websailor.trajectories import words
from websailor.trajectories.reading import Notes, SearchHit, mentions, same_name

LISTS = 3
"""List pages that are read for a label without a name."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the expert: a call (`name`, `arguments`) or an `answer`."""

    thought: str
    name: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    answer: str | None = None


class Desk:
    """What the solver works with."""

    def __init__(self, pattern: Pattern, address: Literal["title", "url"], language: str) -> None:
        self._pattern = pattern
        self._address = address
        self._language = language
        self._notes = Notes((atom.relation for atom in pattern.atoms), language)
        self._remarks: list[str] = []
        self._made: set[tuple[str, ...]] = set()
        self._open_page: str | None = None
        self._list_pages: dict[str, str] = {}
        """Relation -> the page whose list stated it."""

    def _look_up(self, relation: str, name: str, goal: str) -> Generator[Turn, str, None]:
        """Look a name up in the list that states a relation, on another page; a list is searched for once."""
        pages = [self._list_pages[relation]] if relation in self._list_pages else self._makers(name)
        if not pages:
            hits = yield from self._search(
                words.queries(relation, name, self._language)[0], f"Need the list with {name}."
            )
            hits.sort(key=lambda hit: not mentions(hit.snippet, name))
            pages = [hit.title for hit in hits if not same_name(hit.title, name)][:LISTS]
        for page in pages:
            yield from self._visit(page, goal, f"Look for {name} in {page}.")
            if self._notes.objects(name, relation) or self._notes.subjects(relation, name):
                listed = [atom.relation for atom in self._pattern.atoms if words.is_listed(atom.relation)]
                self._list_pages.update(dict.fromkeys(listed, page))
                return

    def _makers(self, work: str) -> list[str]:
        """Who is known to have made a work: their pages list it."""
        relations = dict.fromkeys(atom.relation for atom in self._pattern.atoms if words.in_works(atom.relation))
        return [maker for relation in relations for maker in self._notes.objects(work, relation)]

    def _exact_year(self, variable: str) -> str:
        """The year in which a list has something, where the question tells it."""
        dates = {
            atom.object for atom in self._pattern.atoms if atom.subject == variable and words.is_listed(atom.relation)
        }
        return next((d.value for d in self._pattern.domains if d.variable in dates and d.lattice == "year"), "")

    def _years_of(self, variable: str) -> tuple[str, ...]:
        """The years that the question allows for a date of the variable, where they are few."""
        dates = {
            atom.object for atom in self._pattern.atoms if atom.subject == variable and words.dates_work(atom.relation)
        }
        told = (words.label_values(domain) for domain in self._pattern.domains if domain.variable in dates)
        return next((years for years in told if years), ())

    def _search(self, query: str, intention: str) -> Generator[Turn, str, list[SearchHit]]:
        if ("search", query) in self._made:
            return []
        self._made.add(("search", query))
        self._open_page = None
        text = yield Turn(self._thought(intention), "search", {"query": [query]})
        return self._notes.add_search(text)

    def _visit(self, name: str, goal: str, intention: str) -> Generator[Turn, str, bool]:
        """Visit the page of that name. True when it showed anything."""
        address = name
        if self._address == "url":
            if self._notes.address(name) is None:
                yield from self._search(name, f"{intention} Look for its page.")
                intention = f"Open {name}."
            found = self._notes.address(name)
            if found is None:
                return False
            address = found
        if ("visit", address, goal) in self._made:
            return False
        self._made.add(("visit", address, goal))
        self._open_page = name
        text = yield Turn(self._thought(intention), "visit", {"url": [address], "goal": goal})
        return any(view.fields or view.sentences for view in self._notes.add_visit(text, name))

    def _thought(self, intention: str = "") -> str:
        parts = [*self._remarks, intention] if intention else self._remarks
        thought = " ".join(parts)
        self._remarks = []
        return thought
