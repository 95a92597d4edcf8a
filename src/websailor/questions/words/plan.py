"""What is said where: the pattern as a tree of things, each with what is told of it.

Enters: a pattern, and which of its atoms and conditions are to be told. Leaves: a `Thing` for the focus, with its
clauses; their ends are things again. A clause says an atom, a phrase that joins two things over unsaid ones, or a
condition. What closes a cycle is told of whichever of its ends comes later, so that "the same company" always has a
company before it; a comparison with something told elsewhere comes after both. Values that are only compared are not
told.
"""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from websailor.questions.structure import domain_of, is_named
from websailor.records import Atom, Bears, Compare, Count, Pattern, Phrase, Rank, Without


class NoWording(Exception):
    """The question cannot be said in clear words; the reason is the message."""


@dataclass(slots=True)
class Thing:
    """One variable as it is mentioned for the first time."""

    variable: str
    clauses: list["Clause"] = field(default_factory=list)
    called: Bears | None = None
    """The name it bears, though others bear it too."""
    rank: Rank | None = None
    """Of the focus: its place among all that the clauses fit."""
    conditions: tuple[int, ...] = ()
    """Indices of the conditions in `called` and `rank`."""


@dataclass(slots=True)
class Clause:
    """What is told of a thing."""

    said: Atom | Phrase | Without | Count | Compare
    forward: bool
    """True when it is told of the atom's subject, of a phrase's left end, of the owner of a comparison's left side."""
    end: "Thing | Mention | None"
    """The thing at the other end; None where there is none: a negation, a count, two dates of one thing."""
    atoms: tuple[int, ...]
    """Indices of the atoms it says."""
    conditions: tuple[int, ...] = ()
    """Index of the condition it says."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A variable that was introduced before: "the same company"."""

    variable: str


@dataclass(frozen=True, slots=True)
class Possession(Mention):
    """Something of which no more is told than how it belongs to the thing whose clause this is: "its founder", "a work
    that they wrote".
    """

    owner: str
    by: "Clause"
    """What is true of the owner and of it."""


End = Thing | Mention


@dataclass(frozen=True, slots=True)
class Tie:
    """What can be said between two things."""

    said: Atom | Phrase | Compare
    near: str
    far: str
    atoms: tuple[int, ...]
    conditions: tuple[int, ...] = ()

    def other(self, variable: str) -> str:
        return self.far if variable == self.near else self.near


def plan(pattern: Pattern, atoms: Collection[int], conditions: Collection[int] = ()) -> Thing:
    """Arrange atoms and conditions (indices) as a tree around the focus, short clauses first. Raises `NoWording` where
    something hangs together with the rest only through what stays unsaid.
    """
    return _Planner(pattern, frozenset(atoms), frozenset(conditions)).run()


def owner(pattern: Pattern, literal: str) -> tuple[int, Atom]:
    """The atom (with its index) that says whose date or number a variable is."""
    for number, atom in enumerate(pattern.atoms):
        if atom.object == literal:
            return number, atom
    raise NoWording(f"{literal} is the value of nothing")


def is_told(pattern: Pattern, variable: str) -> bool:
    """False for a date or number that only serves a comparison."""
    return variable not in pattern.value_types or domain_of(pattern, variable) is not None


def _ties(pattern: Pattern) -> list[Tie]:
    """Atoms and phrases in the pattern's order, then comparisons of two things."""
    unsaid = {number for phrase in pattern.phrases for number in phrase.atoms}
    said = [
        Tie(atom, atom.subject, atom.object, (number,))
        for number, atom in enumerate(pattern.atoms)
        if number not in unsaid and is_told(pattern, atom.object)
    ]
    said += [Tie(phrase, phrase.left, phrase.right, phrase.atoms) for phrase in pattern.phrases]
    said.sort(key=lambda tie: min(tie.atoms))
    for number, condition in enumerate(pattern.conditions):
        if isinstance(condition, Compare):
            (left, one), (right, other) = owner(pattern, condition.left), owner(pattern, condition.right)
            if one.subject != other.subject:
                said.append(Tie(condition, one.subject, other.subject, (left, right), (number,)))
    return said


class _Planner:
    def __init__(self, pattern: Pattern, atoms: frozenset[int], conditions: frozenset[int]) -> None:
        self.pattern = pattern
        self.atoms = atoms
        self.conditions = conditions
        ties = _ties(pattern)
        parents = _tree(pattern, ties)
        self.wanted = [tie for tie in ties if atoms.issuperset(tie.atoms) and conditions.issuperset(tie.conditions)]
        self.children: dict[str, list[tuple[int, Tie, str]]] = {}
        self.used: set[int] = set()
        for name, tie in parents.items():
            if tie in self.wanted:
                number = ties.index(tie)
                self.children.setdefault(tie.other(name), []).append((number, tie, name))
                self.used.add(id(tie))
        self.tied = {name for tie in self.wanted if id(tie) not in self.used for name in (tie.near, tie.far)}
        self.introduced: list[str] = []
        self.open: list[str] = []

    def run(self) -> Thing:
        root = Thing(self.pattern.focus)
        self._grow(root)
        if any(id(tie) not in self.used for tie in self.wanted):
            raise NoWording("a clue hangs on something that stays unsaid")
        _check_mentions(self.pattern, root)
        _join_possessions(self.pattern, root)
        return root

    def _weight(self, name: str) -> tuple[int, bool, int]:
        """How much is told of a thing: by depth, what a cycle mentions again after the rest, by number of atoms."""
        below = [self._weight(child) for _, _, child in self.children.get(name, ())]
        vague = domain_of(self.pattern, name, "initial") is not None
        remarks = len(self._remarks(name))
        depth = 1 + max((depth for depth, _, _ in below), default=int(vague or remarks > 0))
        return depth, name in self.tied, 1 + sum(count for _, _, count in below) + remarks

    def _remarks(self, variable: str) -> list[Clause]:
        """Negations, counts and spans: what is told of a thing without another one."""
        found: list[Clause] = []
        for number in sorted(self.conditions):
            condition = self.pattern.conditions[number]
            if isinstance(condition, Without | Count) and condition.variable == variable:
                found.append(Clause(condition, condition.forward, None, (), (number,)))
            elif isinstance(condition, Compare):
                (left, one), (right, other) = owner(self.pattern, condition.left), owner(self.pattern, condition.right)
                if one.subject == other.subject == variable:
                    found.append(Clause(condition, True, None, (left, right), (number,)))
        return found

    def _head(self, thing: Thing) -> None:
        for number in sorted(self.conditions):
            condition = self.pattern.conditions[number]
            if isinstance(condition, Bears) and condition.variable == thing.variable:
                thing.called = condition
                thing.conditions += (number,)
            elif isinstance(condition, Rank) and thing.variable == self.pattern.focus:
                thing.rank = condition
                thing.conditions += (number,)

    def _grow(self, thing: Thing) -> None:
        here = thing.variable
        self.introduced.append(here)
        self.open.append(here)
        self._head(thing)
        children = sorted(self.children.get(here, ()), key=lambda child: (self._weight(child[2]), child[0]))
        remarks = self._remarks(here)
        for _, tie, name in children:
            if remarks and self._weight(name)[0] > 1:
                thing.clauses += remarks
                remarks = []
            end = Thing(name)
            thing.clauses.append(Clause(tie.said, tie.near == here, end, tie.atoms, tie.conditions))
            if not is_named(self.pattern, name):
                self._grow(end)
        thing.clauses += remarks
        self.open.pop()
        for tie in self.wanted:
            if id(tie) not in self.used and here in (tie.near, tie.far):
                self._close(thing, tie)

    def _close(self, thing: Thing, tie: Tie) -> None:
        """Tell of a thing what ties it to one that was introduced before, or to a name."""
        other = tie.other(thing.variable)
        end: End
        if is_named(self.pattern, other):
            end = Thing(other)
        elif other in self.introduced and (isinstance(tie.said, Atom) or other not in self.open):
            end = Mention(other)
        else:
            return
        thing.clauses.append(Clause(tie.said, tie.near == thing.variable, end, tie.atoms, tie.conditions))
        self.used.add(id(tie))


def _tree(pattern: Pattern, ties: list[Tie]) -> dict[str, Tie]:
    """The tie over which each thing is reached, breadth first from the focus; over a comparison only what nothing else
    reaches. Nothing but a date or number, and what is compared with a name, is reached through a name.
    """
    found: dict[str, Tie] = {}
    queue = deque([pattern.focus])
    reached = [pattern.focus]

    def visit(here: str, tie: Tie) -> None:
        there = tie.other(here)
        if here in (tie.near, tie.far) and there not in found and there != pattern.focus:
            found[there] = tie
            queue.append(there)
            reached.append(there)

    while True:
        while queue:
            here = queue.popleft()
            stop = is_named(pattern, here) and here != pattern.focus
            for tie in ties:
                if here not in (tie.near, tie.far) or isinstance(tie.said, Compare):
                    continue
                if not stop or tie.other(here) in pattern.value_types:
                    visit(here, tie)
        before = len(found)
        for here in list(reached):
            for tie in ties:
                if isinstance(tie.said, Compare) and here in (tie.near, tie.far) and not queue:
                    visit(here, tie)
        if len(found) == before:
            return found


def _check_mentions(pattern: Pattern, root: Thing) -> None:
    """Refuse "the same company" where two companies were told of: it must leave no doubt which."""
    mentioned: list[str] = []
    described: list[str] = []
    for thing in things(root):
        if not is_named(pattern, thing.variable):
            described.append(thing.variable)
        mentioned += [
            clause.end.variable
            for clause in thing.clauses
            if isinstance(clause.end, Mention) and isinstance(clause.said, Atom)
        ]
    kinds = [kind_of(pattern, name) for name in described if pattern.value_types.get(name, "entity") == "entity"]
    for name in mentioned:
        if kinds.count(kind_of(pattern, name)) > 1:
            raise NoWording(f"two things of type {kind_of(pattern, name)}, and one is mentioned again")


def _join_possessions(pattern: Pattern, root: Thing) -> None:
    """One clause for two: "founded a company and was born before that company was founded" is "was born before the
    founding of a company that they founded", where nothing else is told of the company.
    """
    for thing in list(things(root)):
        for clause in list(thing.clauses):
            end = clause.end
            if not isinstance(clause.said, Compare) or not isinstance(end, Mention):
                continue
            mentions = [
                one for one in clauses(root) if isinstance(one.end, Mention) and one.end.variable == end.variable
            ]
            by = next((one for one in thing.clauses if _is_only_owned(pattern, thing, one, end.variable)), None)
            if by is not None and len(mentions) == 1:
                thing.clauses.remove(by)
                clause.end = Possession(end.variable, thing.variable, by)
                clause.atoms += by.atoms


def _is_only_owned(pattern: Pattern, owner_: Thing, clause: Clause, variable: str) -> bool:
    end, said = clause.end, clause.said
    if not isinstance(end, Thing) or end.variable != variable or not isinstance(said, Atom):
        return False
    bare = all(domain.lattice == "kind" for domain in pattern.domains if domain.variable == variable)
    implied = all({*pair} == {owner_.variable, variable} for pair in pattern.distinct if variable in pair)
    return bare and implied and not end.clauses and end.called is None and said.at is None and said.stated_in is None


def kind_of(pattern: Pattern, variable: str) -> str:
    """Type of a variable as the question names it."""
    domain = domain_of(pattern, variable, "kind")
    return domain.value if domain is not None else "thing"


def things(root: Thing) -> Iterator[Thing]:
    """The thing itself and all that is told of within it, in the order of telling."""
    yield root
    for clause in root.clauses:
        if isinstance(clause.end, Thing):
            yield from things(clause.end)


def clauses(root: Thing) -> Iterator[Clause]:
    """All clauses in the order in which they are told."""
    for clause in root.clauses:
        yield clause
        if isinstance(clause.end, Thing):
            yield from clauses(clause.end)


def last_told(root: Thing) -> dict[tuple[str, int], int]:
    """(`atom` or `condition`, index) -> its place in the order of telling. A rank is told last."""
    place: dict[tuple[str, int], int] = {}
    for position, clause in enumerate(clauses(root)):
        place.update({("atom", number): position for number in clause.atoms})
        place.update({("condition", number): position for number in clause.conditions})
        if isinstance(clause.end, Thing):
            place.update({("condition", number): position for number in clause.end.conditions})
    end = len(place)
    place.update({("condition", number): end if root.rank is not None else -1 for number in root.conditions})
    return place


def told_variables(root: Thing) -> list[str]:
    """Variables in the order in which they are first told."""
    return list(dict.fromkeys(thing.variable for thing in things(root)))


def _is_bare(pattern: Pattern, end: End) -> bool:
    """True for what only its type describes: "the same school as another person"."""
    return isinstance(end, Thing) and not (end.clauses or end.called or domain_of(pattern, end.variable, "entity"))


def other_variables(pattern: Pattern, root: Thing) -> frozenset[str]:
    """Variables to be worded as "another X": of each pair that must differ the one told later, or the one without a
    name. What is compared or shares something need not be: the words imply it.
    """
    order = told_variables(root)
    apart = [
        {clause.end.variable, thing.variable}
        for thing in things(root)
        for clause in thing.clauses
        if isinstance(clause.said, Phrase | Compare) and clause.end is not None and not _is_bare(pattern, clause.end)
    ]
    found: set[str] = set()
    for pair in pattern.distinct:
        if not set(pair) <= set(order) or set(pair) in apart:
            continue
        nameless = [name for name in pair if not is_named(pattern, name)]
        if nameless:
            found.add(max(nameless, key=order.index))
    return frozenset(found)
