"""How the expert works a question: follow the plan, ask the tools, note, check, go back.

Enters: a question (its prompt's names and its formal pattern, never the witness) and, one by one, the observations.
Leaves: turns, each a short thought with a call or the answer. It is a generator, so that whoever runs the conversation
(the agent loop) stays in charge: `turn = next(solver)`, then `turn = solver.send(observation)`.

Two habits. Careful: every clue is checked on the candidate's page before moving on, and a candidate that fails makes
room for the next. Hasty: the first candidate that fits the relation is taken, unchecked; it goes back only when a
search leads nowhere. They differ in one word of the thought ("Check" or "Take") so that a policy trained on both can
move from one to the other.
"""

from collections.abc import Generator
from typing import Literal

from websailor.records import Atom, Pattern
from websailor.trajectories import words
from websailor.trajectories.desk import LISTS, Desk, Turn
from websailor.trajectories.plan import Find, Label, Match, Measure, make_plan, relation_of, subject_of
from websailor.trajectories.reading import (
    SearchHit,
    is_list,
    mentions,
    name_key,
    same_name,
    same_value,
    split_values,
)
from websailor.wiki.titles import plain_name

Habit = Literal["careful", "hasty"]
LABEL_ATTEMPTS = 10
"""Values under a label that are searched for one by one: the years of a decade."""
UNKNOWN = "unknown"
"""What the expert answers when it has looked everywhere it knows to look."""


Work = Generator[Turn, str, bool]


class Solver(Desk):
    """One attempt at one question. `run()` yields turns and takes observations; the last turn carries the answer."""

    def __init__(
        self,
        prompt: str,
        pattern: Pattern,
        habit: Habit,
        address: Literal["title", "url"],
        language: str = "en",
        attempts: int = 2,
        most_candidates: int = 12,
    ) -> None:
        pattern = words.qualified(pattern)
        super().__init__(pattern, address, language)
        self._habit: Habit = habit
        self._attempts = attempts
        self._most = most_candidates
        plan = make_plan(pattern)
        self._plan = plan.operations
        self._operations = plan.operations if habit == "careful" else plan.shortcut(pattern.focus)
        self._bound = {
            variable: value if value in prompt else plain_name(value) for variable, value in plan.anchors.items()
        }
        self._is_real = words.is_real(pattern)
        self._possible_kinds = words.possible_kinds(pattern)
        self._kinds = {name: next(iter(kinds)) for name, kinds in self._possible_kinds.items() if len(kinds) == 1}
        self._kinds |= {domain.variable: domain.value for domain in pattern.domains if domain.lattice == "kind"}

    def run(self) -> Generator[Turn, str, None]:
        """The whole attempt."""
        found = yield from self._advance(0)
        answer = self._bound.get(self._pattern.focus) if found else None
        if answer is None:
            self._remarks.append("Nothing found.")
        yield Turn(self._thought(), answer=plain_name(self._notes.title(answer)) if answer else UNKNOWN)

    # ------------------------------------------------------------ the plan, with backtracking

    def _advance(self, index: int) -> Work:
        """Carry out operations from `index` on. True when all of them hold; bindings are then complete."""
        if index == len(self._operations):
            return True
        operation = self._operations[index]
        if isinstance(operation, Find):
            return (yield from self._find(operation, index))
        if isinstance(operation, Label):
            return (yield from self._label(operation, index)) and (yield from self._advance(index + 1))
        if isinstance(operation, Match):
            return (yield from self._matches(operation, index)) and (yield from self._advance(index + 1))
        return (yield from self._measure(operation, index))

    def _find(self, find: Find, index: int) -> Work:
        tried: set[str] = set()
        for attempt in range(self._attempts if find.known is not None else LABEL_ATTEMPTS):
            fresh = [
                name
                for name in (yield from self._candidates(find, index, attempt))
                if self._allowed(find.variable, name)
            ]
            fresh = [name for name in dict.fromkeys(fresh) if name_key(name) not in tried][: self._most]
            if not fresh:
                continue
            listed = len(fresh) > 1 or self._to_check(find, fresh)
            self._remarks.append(f"Candidates {', '.join(fresh)}." if listed else f"{fresh[0]}.")
            taken = listed and (self._habit == "hasty" or not self._to_check(find, fresh))
            for name in fresh:
                tried.add(name_key(name))
                if taken:
                    self._remarks.append(f"Take {name}.")
                self._bound[find.variable] = name
                confirmed = (yield from self._confirm(find, index)) if self._habit == "careful" else True
                if confirmed and (yield from self._advance(index + 1)):
                    return True
                del self._bound[find.variable]
        return False

    def _confirm(self, find: Find, index: int) -> Work:
        """A candidate that a snippet only mentions beside the known entity must state the relation on its page."""
        if find.atom is None or find.known is None or find.forward:
            return True
        relation, known = find.atom.relation, self._bound[find.known]
        if any(
            self._notes.alike(relation, value, known)
            for value in self._notes.objects(self._bound[find.variable], relation)
        ):
            return True
        return (yield from self._matches(Match(find.atom), index, thorough=False))

    def _same_entity(self, one: str, other: str) -> bool:
        return self._notes.key(one) == self._notes.key(other)

    def _to_check(self, find: Find, names: list[str]) -> bool:
        """Would a careful reader check these candidates on their pages next?"""
        for operation in self._plan[self._plan.index(find) + 1 :]:
            if isinstance(operation, Find) or operation.variable != find.variable:
                return False
            if not isinstance(operation, Label) or not all(self._settled(operation, name) for name in names):
                return True
        return False

    def _settled(self, label: Label, name: str) -> bool:
        """A label that needs no page: an initial, a kind that the name shows or that the relations imply."""
        wanted = label.domain.value
        possible = self._possible_kinds.get(label.variable, frozenset())
        return label.domain.lattice == "initial" or possible <= {wanted} or self._shown_kind(name) == wanted

    def _shown_kind(self, name: str) -> str | None:
        return self._notes.kind(name) or words.kind_of_name(name)

    def _allowed(self, variable: str, name: str) -> bool:
        """What the name alone shows: nobody plays two parts in a question; the initial; a kind named or seen."""
        wanted, shown = self._kinds.get(variable), self._shown_kind(name)
        if wanted is not None and shown is not None and not words.is_kind(shown, wanted):
            return False
        if any(self._same_entity(name, bound) for other, bound in self._bound.items() if other != variable):
            return False
        return self._habit == "hasty" or all(
            words.fits(domain, name)
            for domain in self._pattern.domains
            if domain.variable == variable and domain.lattice == "initial"
        )

    # ------------------------------------------------------------ candidates

    def _candidates(self, find: Find, index: int, attempt: int) -> Generator[Turn, str, list[str]]:
        if find.known is None:
            return (yield from self._start(find, attempt))
        assert find.atom is not None
        known = self._bound[find.known]
        if find.forward:
            if attempt:
                return []
            values = yield from self._read(known, index, words.need_object(find.atom.relation, known))
            return [value for value in values if len(split_values(value)) == 1 or len(values) == 1]
        return (yield from self._subjects(find.atom, known, attempt))

    def _subjects(self, atom: Atom, known: str, attempt: int) -> Generator[Turn, str, list[str]]:
        """Candidates for the subject of a relation whose object is known, from search results."""
        if (
            attempt == 0
            and words.unique_subject(atom.relation)
            and (seen := self._notes.subjects(atom.relation, known))
        ):
            return list(seen)
        if words.is_listed(atom.relation):
            year = self._exact_year(atom.subject)
            yield from self._look_up(atom.relation, known, f"{known} {year}".strip())
            return list(self._notes.subjects(atom.relation, known)) if attempt == 0 else []
        if attempt == 0 and self._is_real and words.in_works(atom.relation):
            when = " ".join(self._years_of(atom.subject)) or words.key_words(atom.relation)
            yield from self._visit(known, when, words.need_subject(atom.relation, known, self._kinds.get(atom.subject)))
            if listed := self._notes.subjects(atom.relation, known):
                return list(listed)
        queries = words.queries(atom.relation, known, self._language)[:2]
        hits: list[SearchHit] = []
        if attempt < len(queries):
            need = words.need_subject(atom.relation, known, self._kinds.get(atom.subject))
            hits = yield from self._search(queries[attempt], need if attempt == 0 else "Not there. Search again.")
        else:
            yield from self._visit(known, words.inverse_goal(atom.relation), f"Not there. Read {known}.")
        stated = self._notes.subjects(atom.relation, known)
        shown = [hit.title for hit in hits if hit.title in stated]
        return shown or list(stated) or self._mentions(atom, hits, known)

    def _mentions(self, atom: Atom, hits: list[SearchHit], known: str) -> list[str]:
        """Weaker candidates, where pages word a relation freely: those whose snippet names the known entity."""
        if words.has_phrasings(atom.relation):
            return []
        return [hit.title for hit in hits if not same_name(hit.title, known) and mentions(hit.snippet, known)]

    def _start(self, find: Find, attempt: int) -> Generator[Turn, str, list[str]]:
        """Candidates from a label alone: value by value where it has few, else from the list pages that bear it."""
        domain = find.domain
        assert domain is not None
        relation = find.atom.relation if find.atom is not None else None
        kind, values = self._kinds.get(find.variable), words.label_values(domain) if relation is not None else ()
        if attempt >= max(1, len(values)):
            return []
        label = values[attempt] if values else words.fuzzy_label(domain)
        need = words.need_label(relation, label, kind) if attempt == 0 else f"Not there. Search {label}."
        hits = yield from self._search(words.label_query(relation, label, kind), need)
        for page in [hit for hit in hits if not values and is_list(hit.title)][:LISTS]:
            yield from self._visit(page.title, label, f"Read {page.title}.")
        if relation is None:
            return [hit.title for hit in hits if not is_list(hit.title)]
        for hit in hits[:LISTS] if domain.lattice == "day" else ():
            if self._notes.subjects_where(relation, lambda value: words.fits(domain, value)):
                break
            yield from self._visit(hit.title, words.key_words(relation), f"Check {hit.title}.")
        return list(self._notes.subjects_where(relation, lambda value: words.fits(domain, value)))

    # ------------------------------------------------------------ checks

    def _label(self, label: Label, index: int) -> Work:
        """Check an initial or a kind. A page that does not say its kind is trusted: the relation led there."""
        name, value = self._bound[label.variable], label.domain.value
        if label.domain.lattice == "initial":
            return words.fits(label.domain, name)
        if self._settled(label, name):
            return True
        yield from self._visit(name, ", ".join([value, *self._goals(label.variable, index + 1)]), f"Check {name}.")
        seen = self._notes.kind(name)
        if seen is not None:
            self._remarks.append(words.verdict(f"a {seen}", f"a {value}", words.is_kind(seen, value)))
        return seen is None or words.is_kind(seen, value)

    def _matches(self, match: Match, index: int, thorough: bool = True) -> Work:
        subject, wanted = self._bound[match.atom.subject], self._bound[match.atom.object]
        values = yield from self._read(subject, index, f"Check {subject}.", thorough)
        label = words.key_words(match.atom.relation)
        if any(self._notes.alike(match.atom.relation, value, wanted) for value in values):
            self._remarks.append(words.verdict(f"{label} {wanted}", wanted, True))
            return True
        self._remarks.append(
            words.verdict(f"{label} {values[0]}", wanted, False) if values else f"No {label} for {subject}."
        )
        return False

    def _measure(self, measure: Measure, index: int) -> Work:
        subject, variable = self._bound[measure.variable], measure.atom.object
        label = words.key_words(measure.atom.relation)
        before = self._bound.get(variable)
        need = (
            words.need_object(measure.atom.relation, subject)
            if not measure.domains and before is None
            else f"Check {subject}."
        )
        values = yield from self._read(subject, index, need)
        who = "" if self._open_page == subject else f"{subject} "
        if not values:
            self._remarks.append(f"No {label} for {subject}.")
            return False
        for value in values:
            if any(not words.fits(domain, value) for domain in measure.domains):
                continue
            if before is not None and not same_value(before, value):
                continue
            if measure.domains:
                self._remarks.append(words.label_verdict(f"{who}{label}", measure.domains[0], value, True))
            else:
                self._remarks.append(f"{who}{label} {value}." + (" Yes." if before is not None else ""))
            self._bound.setdefault(variable, value)
            if (yield from self._advance(index + 1)):
                return True
            if before is None:
                del self._bound[variable]
            return False
        if measure.domains:
            self._remarks.append(words.label_verdict(f"{who}{label}", measure.domains[0], values[0], False))
        else:
            self._remarks.append(words.verdict(f"{who}{label} {values[0]}", str(before), False))
        return False

    # ------------------------------------------------------------ the tools

    def _read(
        self, subject: str, index: int, need: str, thorough: bool = True
    ) -> Generator[Turn, str, tuple[str, ...]]:
        """The operation's relation for `subject`: from the notes, else its page, else (thorough) a search."""
        relation = relation_of(self._operations[index])
        seen = self._notes.objects(subject, relation)
        if seen:
            return seen
        if words.is_listed(relation):
            yield from self._look_up(relation, subject, subject)
            return self._notes.objects(subject, relation)
        goals = [words.key_words(relation), *self._goals(subject_of(self._operations[index]), index + 1)]
        shown = yield from self._visit(subject, ", ".join(dict.fromkeys(goals)), need)
        seen = self._notes.objects(subject, relation)
        if seen:
            return seen
        if not thorough:
            return ()
        if self._is_real and (words.in_works(relation) or words.dates_work(relation)):
            yield from self._look_up(relation, subject, subject)
            return self._notes.objects(subject, relation)
        if self._attempts > 2 and shown:
            yield from self._visit(subject, words.spoken_goal(relation), "Not there. Read on.")
            if seen := self._notes.objects(subject, relation):
                return seen
        yield from self._search(words.object_query(relation, subject, self._language), "Not there. Search.")
        return self._notes.objects(subject, relation)

    def _goals(self, variable: str, index: int) -> list[str]:
        """What the operations from `index` on want to know from the same page."""
        goals: list[str] = []
        for operation in self._operations[index:]:
            if isinstance(operation, Label):
                continue
            forward = isinstance(operation, Find) and operation.forward and operation.known == variable
            if not forward and (isinstance(operation, Find) or operation.variable != variable):
                break
            goals.append(words.key_words(relation_of(operation)))
        return list(dict.fromkeys(goals))
