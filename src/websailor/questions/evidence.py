"""Evidence: for every fact that a clue rests on, a page that the tools can open and that states it, word for word.

Enters: facts with their sources, and the wiki. Leaves: `records.Evidence`; a fact whose source page is missing, or does
not hold the quote, has none, and no question may use it. That something is not so is shown by the page that would state
it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from websailor.questions.corpus import Corpus
from websailor.questions.operators.base import Counts
from websailor.questions.proof.engine import ask
from websailor.questions.proof.facts import number_of, year_of
from websailor.questions.structure import Branch, domain_of, variables_of
from websailor.records import Condition, Count, Evidence, Fact, Page, Pattern, Rank, Without
from websailor.wiki.reader import Wiki

_SPACES = re.compile(r"\s+")
LEAD = 240
"""Characters of a page's beginning that stand for the page."""


def _squeezed(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


def infobox_lines(page: Page) -> list[str]:
    """The infobox as lines `key: value`, one for every value and one for all values of a key together."""
    lines: list[str] = []
    for field in page.infobox:
        texts = [value.text for value in field.values]
        lines.extend(f"{field.key}: {text}" for text in texts)
        if len(texts) > 1:
            lines.append(f"{field.key}: {', '.join(texts)}")
    return lines


def states(page: Page, fact: Fact) -> bool:
    """True when the page holds the quote of the fact's source."""
    quote = _squeezed(fact.source.quote)
    if not quote:
        return False
    if fact.source.kind == "infobox":
        return any(quote == _squeezed(line) for line in infobox_lines(page))
    return quote in _squeezed(page.text)


class EvidenceBook:
    """Looks facts up in the wiki, each once."""

    def __init__(self, wiki: Wiki, corpus: Corpus) -> None:
        self._wiki = wiki
        self._corpus = corpus
        self._known: dict[str, Page | None] = {}
        self._named: dict[str, frozenset[str]] = {}

    def page(self, fact: Fact) -> Page | None:
        """The page that states a fact; None when there is none that the tools can open."""
        if fact.id not in self._known:
            page = self._wiki.page(fact.source.page)
            self._known[fact.id] = page if page is not None and states(page, fact) else None
        return self._known[fact.id]

    def together(self, titles: Iterable[str], one: str, other: str) -> bool:
        """True when one of the pages speaks of both entities."""
        return any({one, other} <= self._speaks_of(title) for title in dict.fromkeys(titles))

    def _speaks_of(self, title: str) -> frozenset[str]:
        """The page itself and all that it links to."""
        if title not in self._named:
            page = self._wiki.page(title)
            targets = () if page is None else dict.fromkeys(link.target for link in page.links)
            found = (self._wiki.resolve(target) for target in targets)
            self._named[title] = frozenset({title, *(one for one in found if one is not None)})
        return self._named[title]

    def facts_of(self, pattern: Pattern, clue: Branch) -> list[Fact]:
        """What a clue rests on: the facts of its atoms, and those that its conditions count, rank or deny."""
        found = [self._corpus.fact[name] for number in clue.atoms if (name := pattern.atoms[number].fact)]
        for number in clue.conditions:
            found.extend(self._of_condition(pattern, number) if pattern.assignment else ())
        found.extend(self._dating(pattern, clue))
        return list({fact.id: fact for fact in found}.values())

    def _dating(self, pattern: Pattern, clue: Branch) -> Iterator[Fact]:
        """The years by which works go that a clue names."""
        for name in variables_of(pattern, clue):
            domain = domain_of(pattern, name, "entity")
            if domain is not None and (dated := self._corpus.dated.get(domain.value)) is not None:
                yield dated

    def _of_condition(self, pattern: Pattern, number: int) -> list[Fact]:
        condition: Condition = pattern.conditions[number]
        if isinstance(condition, Count | Without):
            entity = pattern.assignment[condition.variable]
            facts = self._corpus.partners.get((entity, condition.relation, condition.forward), ())
            return list({fact.object if condition.forward else fact.subject: fact for fact in facts}.values())
        return self._ranked(pattern, number, condition) if isinstance(condition, Rank) else []

    def _ranked(self, pattern: Pattern, number: int, rank: Rank) -> list[Fact]:
        """The values up to the one after the focus: who reads them sees its place."""
        tables = self._corpus.tables
        conditions = frozenset(range(len(pattern.conditions))) - {number}
        nodes = ask(tables, pattern, frozenset(range(len(pattern.atoms))), conditions).nodes
        facts = [self._corpus.partners[tables.name(int(node)), rank.relation, True][0] for node in nodes]
        amount = year_of if facts and facts[0].value_type == "date" else number_of
        facts.sort(key=lambda fact: (amount(fact.object), fact.id), reverse=rank.largest)
        return facts[: rank.place + 1]

    def of(self, pattern: Pattern, clues: Sequence[Branch]) -> list[Evidence]:
        """Evidence of every fact of every clue, and of absence. All facts must have a page (`page` is not None)."""
        found: list[Evidence] = []
        for number, clue in enumerate(clues):
            for fact in self.facts_of(pattern, clue):
                page = self.page(fact)
                assert page is not None
                found.append(
                    Evidence(clue=number, fact=fact.id, page=page.title, quote=fact.source.quote, url=page.url)
                )
            absent = (pattern.conditions[one] for one in clue.conditions)
            for one in absent:
                if isinstance(one, Without) and one.object is None:
                    found.extend(self._beginning(number, pattern.assignment.get(one.variable, "")))
        return found

    def of_nothing(self, counts: Counts, clues: Sequence[Branch], within: Callable[[str], bool]) -> list[Evidence]:
        """Of a question without an answer: for every clue, something that fits all the others and not this one, among
        the entities (ids) that the question's part holds; nothing for a clue where there is none.
        """
        found: list[Evidence] = []
        for number, clue in enumerate(clues):
            nodes = counts.nodes_of_clues([other for other in clues if other != clue])
            near = (name for node in nodes if within(name := counts.facts.name(int(node))))
            found.extend(self._beginning(number, next((name for name in near if self._wiki.page(name)), "")))
        return found

    def _beginning(self, clue: int, title: str) -> list[Evidence]:
        page = self._wiki.page(title) if title else None
        if page is None:
            return []
        first = next((line for line in page.text.splitlines() if line.strip()), page.title)
        return [Evidence(clue=clue, fact="", page=page.title, quote=first[:LEAD], url=page.url)]
