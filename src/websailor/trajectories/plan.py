"""From a question's formal pattern to an order of work: what to look up first, what to check when.

Enters: a `Pattern` (atoms and domains; the witness `assignment` and the ids of the hidden facts are never read).
Leaves: a `Plan`, a fixed list of operations that a solver works through with backtracking. Why it is a module of its
own: the order depends on the question alone, never on what the tools answer, so it can be tested without any tool.

The order is greedy: whatever can be checked is checked at once; then relations are followed from their subject, whose
page states them (one candidate, mostly); then against their direction (a search, several candidates); then, only where
no name is left to start from, a search for an exact value, a span of years, a kind.
"""

from collections import deque
from dataclasses import dataclass

from websailor.records import Atom, Domain, Pattern

"""Lattices whose label is a value itself, so that one can search for it."""

START_RANK = {
    "day": 3,
    "year": 3,
    "value": 3,
    "range": 4,
    "decade": 4,
    "half_century": 5,
    "century": 6,
    "kind": 7,
    "initial": 8,
}
"""How little a label narrows a search that starts from it: lower is better."""


@dataclass(frozen=True, slots=True)
class Find:
    """Bind `variable` to one of the candidates that `atom` gives from `known`.

    `known` is a bound variable, or None when the search starts from the label of `domain` alone.
    """

    variable: str
    atom: Atom | None
    known: str | None
    domain: Domain | None = None

    @property
    def forward(self) -> bool:
        """True when the known side is the subject: its own page states the fact."""
        return self.atom is not None and self.known == self.atom.subject


@dataclass(frozen=True, slots=True)
class Match:
    """Check `atom` between two bound entities."""

    atom: Atom

    @property
    def variable(self) -> str:
        return self.atom.subject


@dataclass(frozen=True, slots=True)
class Measure:
    """Read the value that `atom` gives its bound subject; it must fit `domains`, and equal what is bound already."""

    atom: Atom
    domains: tuple[Domain, ...]

    @property
    def variable(self) -> str:
        return self.atom.subject


@dataclass(frozen=True, slots=True)
class Label:
    """Check a kind or an initial of a bound entity."""

    domain: Domain

    @property
    def variable(self) -> str:
        return self.domain.variable


Operation = Find | Match | Measure | Label


def relation_of(operation: Operation) -> str:
    """The relation that an operation asks about."""
    assert not isinstance(operation, Label) and operation.atom is not None
    return operation.atom.relation


def subject_of(operation: Operation) -> str:
    """The variable whose page states it."""
    assert not isinstance(operation, Label) and operation.atom is not None
    return operation.atom.subject


@dataclass(frozen=True, slots=True)
class Plan:
    """Operations in order, with what is known from the question's own words."""

    operations: tuple[Operation, ...]
    anchors: dict[str, str]
    """Variable -> entity id of a named anchor, or the literal of an exact value."""

    def shortcut(self, focus: str) -> tuple[Operation, ...]:
        """Only the steps that lead to the focus: nothing is checked on the way."""
        finds = {operation.variable: operation for operation in self.operations if isinstance(operation, Find)}
        measures = [o for o in self.operations if isinstance(o, Measure) and o.atom.object == focus][:1]
        needed: set[str] = set()
        variable: str | None = measures[0].variable if measures else focus
        while variable is not None and variable in finds:
            needed.add(variable)
            variable = finds[variable].known
        return (*(find for name, find in finds.items() if name in needed), *measures)


def make_plan(pattern: Pattern) -> Plan:
    """Order the pattern's atoms and domains. Every atom and domain that can narrow the answer appears exactly once.

    Atoms and domains over named anchors alone say nothing about the answer and are left out.
    """
    return _Planner(pattern).plan()


class _Planner:
    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.anchors = {d.variable: d.value for d in pattern.domains if d.lattice == "entity"}
        self.bound = set(self.anchors)
        self.open_atoms = [atom for atom in pattern.atoms if not {atom.subject, atom.object} <= self.bound]
        self.open_labels = [
            domain
            for domain in pattern.domains
            if domain.lattice in ("kind", "initial") and domain.variable not in self.bound
        ]
        self.operations: list[Operation] = []
        self.distance = _distances(pattern)

    def plan(self) -> Plan:
        while True:
            if self._check_what_is_bound():
                continue
            find = self._next_find()
            if find is None:
                return Plan(tuple(self.operations), self.anchors)
            self.operations.append(find)
            self.bound.add(find.variable)
            if find.atom is not None:
                self.open_atoms.remove(find.atom)
                self._literal_checks(find)
            if find.domain in self.open_labels:
                self.open_labels.remove(find.domain)

    def _is_value(self, variable: str) -> bool:
        return self.pattern.value_types.get(variable, "entity") != "entity"

    def _domains(self, variable: str) -> tuple[Domain, ...]:
        return tuple(domain for domain in self.pattern.domains if domain.variable == variable)

    def _literal_checks(self, find: Find) -> None:
        """A search for a fuzzy value ("in the 1950s") must still be measured on each candidate."""
        atom = find.atom
        if atom is not None and self._is_value(atom.object):
            self.operations.append(Measure(atom, self._domains(atom.object)))
            self.bound.add(atom.object)

    def _check_what_is_bound(self) -> bool:
        checks: list[Operation] = []
        for label in list(self.open_labels):
            if label.variable in self.bound:
                checks.append(Label(label))
                self.open_labels.remove(label)
        for atom in list(self.open_atoms):
            if atom.subject not in self.bound:
                continue
            if self._is_value(atom.object):
                checks.append(Measure(atom, self._domains(atom.object)))
                self.bound.add(atom.object)
                self.open_atoms.remove(atom)
            elif atom.object in self.bound:
                checks.append(Match(atom))
                self.open_atoms.remove(atom)
        self.operations.extend(checks)
        return bool(checks)

    def _next_find(self) -> Find | None:
        choices: list[tuple[int, int, int, Find]] = []
        for order, atom in enumerate(self.open_atoms):
            if atom.subject in self.bound:
                choices.append((1, self.distance.get(atom.object, 99), order, Find(atom.object, atom, atom.subject)))
            elif atom.object in self.bound:
                rank = 3 if self._is_value(atom.object) else 2
                choices.append(
                    (rank, self.distance.get(atom.subject, 99), order, Find(atom.subject, atom, atom.object))
                )
            elif self._is_value(atom.object):
                for domain in self._domains(atom.object):
                    rank = START_RANK.get(domain.lattice, 9)
                    find = Find(atom.subject, atom, None, domain)
                    choices.append((rank, self.distance.get(atom.subject, 99), order, find))
        for order, domain in enumerate(self.open_labels):
            rank = START_RANK.get(domain.lattice, 9)
            find = Find(domain.variable, None, None, domain)
            choices.append((rank, self.distance.get(domain.variable, 99), order, find))
        if not choices:
            return None
        return min(choices, key=lambda choice: choice[:3])[3]


def _distances(pattern: Pattern) -> dict[str, int]:
    """Steps from each variable to the focus, along atoms in either direction."""
    neighbours: dict[str, list[str]] = {}
    for atom in pattern.atoms:
        neighbours.setdefault(atom.subject, []).append(atom.object)
        neighbours.setdefault(atom.object, []).append(atom.subject)
    distance = {pattern.focus: 0}
    queue = deque([pattern.focus])
    while queue:
        here = queue.popleft()
        for there in neighbours.get(here, ()):
            if there not in distance:
                distance[there] = distance[here] + 1
                queue.append(there)
    return distance
