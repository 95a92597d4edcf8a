"""What is said where: the pattern as a tree of things, each with what is told of it.

Enters: a pattern, and which of its atoms are to be told. Leaves: a `Thing` for the focus, with its clauses; their ends
are things again. An atom that closes a cycle is told of whichever of its ends comes later, so that "the same company"
always has a company before it.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from websailor.questions.structure import domain_of, is_named, spanning_paths
from websailor.records import Atom, Pattern


class NoWording(Exception):
    """The question cannot be said in clear words; the reason is the message."""


@dataclass(slots=True)
class Thing:
    """One variable as it is mentioned for the first time."""

    variable: str
    clauses: list["Clause"] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return 1 + max((clause.end.depth for clause in self.clauses if isinstance(clause.end, Thing)), default=0)


@dataclass(slots=True)
class Clause:
    """An atom, told of one of its ends."""

    atom: Atom
    forward: bool
    """True when it is told of the atom's subject."""
    end: "Thing | Mention"


@dataclass(frozen=True, slots=True)
class Mention:
    """A variable that was introduced before: "the same company"."""

    variable: str


def plan(pattern: Pattern, atoms: Collection[int]) -> Thing:
    """Arrange atoms (indices) as a tree around the focus, short clauses first."""
    paths, _ = spanning_paths(pattern)
    order = sorted(atoms)
    used: set[int] = set()
    root = Thing(pattern.focus)
    children: dict[str, list[tuple[int, str]]] = {}
    for name, path in paths.items():
        if path and path[-1] in atoms:
            atom = pattern.atoms[path[-1]]
            parent = atom.subject if atom.object == name else atom.object
            children.setdefault(parent, []).append((path[-1], name))
            used.add(path[-1])

    tied = {name for number in order if number not in used for name in _ends(pattern, number)}

    def weight(name: str) -> tuple[int, bool, int]:
        """How much is told of a thing: by depth, what a cycle mentions again after the rest, by number of atoms."""
        below = [weight(child) for _, child in children.get(name, ())]
        vague = domain_of(pattern, name, "initial") is not None
        depth = 1 + max((depth for depth, _, _ in below), default=int(vague))
        return depth, name in tied, 1 + sum(count for _, _, count in below)

    introduced: list[str] = []

    def grow(thing: Thing) -> None:
        introduced.append(thing.variable)
        for number, name in sorted(children.get(thing.variable, ()), key=lambda child: (weight(child[1]), child[0])):
            atom = pattern.atoms[number]
            end = Thing(name)
            thing.clauses.append(Clause(atom, atom.subject == thing.variable, end))
            if not is_named(pattern, name):
                grow(end)
        for number in order:
            atom = pattern.atoms[number]
            if number in used or thing.variable not in (atom.subject, atom.object):
                continue
            other = atom.object if atom.subject == thing.variable else atom.subject
            if is_named(pattern, other):
                thing.clauses.append(Clause(atom, atom.subject == thing.variable, Thing(other)))
                used.add(number)
            elif other in introduced:
                thing.clauses.append(Clause(atom, atom.subject == thing.variable, Mention(other)))
                used.add(number)

    grow(root)
    _check_mentions(pattern, root)
    return root


def _ends(pattern: Pattern, number: int) -> tuple[str, str]:
    return pattern.atoms[number].subject, pattern.atoms[number].object


def _check_mentions(pattern: Pattern, root: Thing) -> None:
    """Refuse "the same company" where two companies were told of: it must leave no doubt which."""
    mentioned: list[str] = []
    described: list[str] = []

    def visit(thing: Thing) -> None:
        if not is_named(pattern, thing.variable):
            described.append(thing.variable)
        for clause in thing.clauses:
            if isinstance(clause.end, Mention):
                mentioned.append(clause.end.variable)
            else:
                visit(clause.end)

    visit(root)
    kinds = [kind_of(pattern, name) for name in described if pattern.value_types.get(name, "entity") == "entity"]
    for name in mentioned:
        if kinds.count(kind_of(pattern, name)) > 1:
            raise NoWording(f"two things of type {kind_of(pattern, name)}, and one is mentioned again")


def kind_of(pattern: Pattern, variable: str) -> str:
    """Type of a variable as the question names it."""
    domain = domain_of(pattern, variable, "kind")
    return domain.value if domain is not None else "thing"


def told_order(pattern: Pattern, root: Thing) -> list[int]:
    """Indices of the atoms in the order in which they are told."""
    number_of = {id(atom): number for number, atom in enumerate(pattern.atoms)}
    order: list[int] = []

    def visit(thing: Thing) -> None:
        for clause in thing.clauses:
            order.append(number_of[id(clause.atom)])
            if isinstance(clause.end, Thing):
                visit(clause.end)

    visit(root)
    return order


def told_variables(root: Thing) -> list[str]:
    """Variables in the order in which they are first told."""
    found = [root.variable]
    for clause in root.clauses:
        if isinstance(clause.end, Thing):
            found.extend(name for name in told_variables(clause.end) if name not in found)
    return found


def other_variables(pattern: Pattern, root: Thing) -> frozenset[str]:
    """Variables to be worded as "another X": of each pair that must differ the one told later, or the one without a
    name.
    """
    order = told_variables(root)
    found: set[str] = set()
    for pair in pattern.distinct:
        if not set(pair) <= set(order):
            continue
        nameless = [name for name in pair if not is_named(pattern, name)]
        if nameless:
            found.add(max(nameless, key=order.index))
    return frozenset(found)
