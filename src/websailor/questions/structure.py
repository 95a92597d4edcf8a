"""From a subgraph and a focus to an exact query, and from a query to its clues.

Enters: facts of a subgraph, the focus, which entities stay named. Leaves: a `Pattern` whose anchors and literals are
exact (widening makes them vague later), and the list of `Branch`es: a clue is a path from the focus to an anchor, a
literal or a bare variable, the two paths that an atom joins into a cycle, a phrase with the path to it, or a condition
with the paths to what it speaks of. Paths may share atoms; the question without a clue is the query of what the other
clues need.
"""

import re
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import combinations, count

from websailor.questions.corpus import Corpus
from websailor.records import Atom, Compare, Condition, Domain, Fact, Pattern, Rank, ValueType

FOCUS = "x0"
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_VARIABLES = frozenset({"variable", "left", "right"})
"""Fields of a condition that hold a variable."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One clue of a pattern, before it has words."""

    atoms: tuple[int, ...]
    """Indices into `Pattern.atoms`, from the focus outwards. Empty for a condition on the focus."""
    leaf: str
    """The variable at its end: an anchor, a literal, a variable that only its type describes, or what a condition
    speaks of (of a comparison: its left side).
    """
    closing: int | None = None
    """Index of the atom that closes a cycle; None for a path, and within a phrase."""
    conditions: tuple[int, ...] = ()
    """Indices into `Pattern.conditions`."""


def exact_pattern(corpus: Corpus, facts: Sequence[Fact], focus: str, named: Collection[str]) -> Pattern:
    """The query that entity facts make, with the named entities and all leaves exact.

    Entities beyond a named one, seen from the focus, are left out: nothing they say concerns the answer.
    """
    reached, order = {focus}, [focus]
    queue = deque([focus])
    while queue:
        here = queue.popleft()
        if here in named:
            continue
        for fact in facts:
            if here in (fact.subject, fact.object):
                there = fact.object if fact.subject == here else fact.subject
                if there not in reached:
                    reached.add(there)
                    order.append(there)
                    queue.append(there)
    kept = [
        fact
        for fact in facts
        if fact.subject in reached and fact.object in reached and not (fact.subject in named and fact.object in named)
    ]
    degree = {entity: sum(entity in (fact.subject, fact.object) for fact in kept) for entity in order}
    variable = {entity: f"x{number}" for number, entity in enumerate(order)}
    domains: list[Domain] = []
    for entity in order:
        if entity in named or (degree[entity] == 1 and entity != focus):
            domains.append(Domain(variable=variable[entity], lattice="entity", value=entity))
        elif (kind := corpus.entity[entity].kind) != "thing":
            domains.append(Domain(variable=variable[entity], lattice="kind", value=kind))
    pattern = Pattern(
        focus=FOCUS,
        variables=tuple(variable.values()),
        atoms=tuple(
            Atom(relation=f.relation, subject=variable[f.subject], object=variable[f.object], fact=f.id) for f in kept
        ),
        domains=tuple(domains),
        assignment={name: entity for entity, name in variable.items()},
    )
    pairs = tuple(
        (one, other)
        for one, other in combinations(pattern.variables, 2)
        if corpus.entity[pattern.assignment[one]].kind == corpus.entity[pattern.assignment[other]].kind
        and siblings(corpus, pattern, one, other)
    )
    return pattern.model_copy(update={"distinct": pairs})


def fresh(pattern: Pattern, prefix: str) -> str:
    """A variable name that the pattern does not have."""
    return next(name for number in count() if (name := f"{prefix}{number}") not in pattern.variables)


def with_literal(pattern: Pattern, fact: Fact, by_day: bool = False) -> Pattern:
    """Add a literal fact about one of the pattern's entities, exact: a date by its year, or (`by_day`) by its day where
    that is known, anything else by its value.
    """
    subject = next(name for name, entity in pattern.assignment.items() if entity == fact.subject)
    name = fresh(pattern, "v")
    return pattern.model_copy(
        update={
            "variables": (*pattern.variables, name),
            "value_types": {**pattern.value_types, name: fact.value_type},
            "atoms": (*pattern.atoms, Atom(relation=fact.relation, subject=subject, object=name, fact=fact.id)),
            "domains": (*pattern.domains, exact_literal(name, fact.object, fact.value_type, by_day)),
            "assignment": {**pattern.assignment, name: fact.object},
        }
    )


def exact_literal(variable: str, text: str, value_type: ValueType, by_day: bool = False) -> Domain:
    """The narrowest domain of a literal."""
    if value_type == "date" and by_day and _DAY.fullmatch(text):
        return Domain(variable=variable, lattice="day", value=text)
    if value_type == "date":
        year = text if not text[1:].count("-") else text[: text.index("-", 1)]
        return Domain(variable=variable, lattice="year", value=str(int(year)))
    return Domain(variable=variable, lattice="value", value=text)


def siblings(corpus: Corpus, pattern: Pattern, one: str, other: str) -> bool:
    """True when two variables stand in the same relation to the same third: a reader takes them to be two."""
    ties = {name: set[tuple[str, str, bool]]() for name in (one, other)}
    for atom in pattern.atoms:
        meaning = corpus.lexicon.meanings.get(atom.relation)
        either = meaning is not None and atom.relation in meaning.mirrored
        if atom.subject in ties:
            ties[atom.subject].add((atom.relation, atom.object, True))
        if atom.object in ties:
            ties[atom.object].add((atom.relation, atom.subject, either))
    return not ties[one].isdisjoint(ties[other])


def domain_of(pattern: Pattern, variable: str, *lattices: str) -> Domain | None:
    """The variable's domain of one of the given lattices (any, if none is given)."""
    for domain in pattern.domains:
        if domain.variable == variable and (not lattices or domain.lattice in lattices):
            return domain
    return None


def is_named(pattern: Pattern, variable: str) -> bool:
    """True for a named anchor."""
    return domain_of(pattern, variable, "entity") is not None


def spanning_paths(pattern: Pattern) -> tuple[dict[str, tuple[int, ...]], list[int]]:
    """Shortest atom paths from the focus to every variable, and the atoms on no such path (they close cycles).

    Paths do not lead through a named anchor to other entities: what lies beyond a name says nothing about the focus. A
    named anchor that several atoms reach has the first as its path; the others end at the same name and close no cycle.
    """
    paths: dict[str, tuple[int, ...]] = {pattern.focus: ()}
    queue = deque([pattern.focus])
    used: set[int] = set()
    while queue:
        here = queue.popleft()
        stop = is_named(pattern, here) and here != pattern.focus
        for number, atom in enumerate(pattern.atoms):
            if here not in (atom.subject, atom.object):
                continue
            there = atom.object if atom.subject == here else atom.subject
            if there not in paths and not (stop and there not in pattern.value_types):
                paths[there] = (*paths[here], number)
                used.add(number)
                queue.append(there)
    rest = [number for number in range(len(pattern.atoms)) if number not in used]
    return paths, rest


def speaks_of(condition: Condition, focus: str) -> tuple[str, ...]:
    """The variables that a condition restricts."""
    if isinstance(condition, Compare):
        return condition.left, condition.right
    return (focus,) if isinstance(condition, Rank) else (condition.variable,)


def branches(pattern: Pattern) -> list[Branch]:
    """The clues of a pattern: leaves of the spanning tree in breadth-first order, what closes cycles, then conditions
    (the rank, which speaks of all the rest, last).

    A clue that lies wholly within another is no clue of its own: a path within a cycle, the path to a thing of which a
    condition speaks. A clue that needs an atom of a phrase needs the whole phrase.
    """
    paths, rest = spanning_paths(pattern)
    parents = {end for name, path in paths.items() if path for end in _ends(pattern, path[-1]) if end != name}
    found: list[Branch] = []
    for name, path in paths.items():
        if path and name not in parents:
            found.append(Branch(path, name))
    for number in rest:
        atom = pattern.atoms[number]
        ends = [name for name in (atom.subject, atom.object) if name in paths]
        named = [name for name in ends if is_named(pattern, name)]
        if named:
            other = next(name for name in ends if name not in named)
            found.append(Branch((*paths[other], number), named[0]))
        else:
            union = dict.fromkeys((*paths[atom.subject], *paths[atom.object], number))
            found.append(Branch(tuple(union), atom.object, closing=number))
    for number in sorted(range(len(pattern.conditions)), key=lambda n: isinstance(pattern.conditions[n], Rank)):
        names = speaks_of(pattern.conditions[number], pattern.focus)
        union = dict.fromkeys(atom for name in names for atom in paths[name])
        found.append(Branch(tuple(union), names[0], conditions=(number,)))
    whole = list(dict.fromkeys(_with_phrases(pattern, branch) for branch in found))
    return [one for n, one in enumerate(whole) if not any(_says(other, one, m < n) for m, other in enumerate(whole))]


def _with_phrases(pattern: Pattern, branch: Branch) -> Branch:
    """The branch with all of every phrase that it needs a part of."""
    atoms, closing = dict.fromkeys(branch.atoms), branch.closing
    for phrase in pattern.phrases:
        if not atoms.keys().isdisjoint(phrase.atoms):
            atoms.update(dict.fromkeys(phrase.atoms))
            closing = None if closing in phrase.atoms else closing
    return replace(branch, atoms=tuple(atoms), closing=closing)


def _says(more: Branch, less: Branch, earlier: bool) -> bool:
    """True when a branch says all that another one says: more, or the same and it comes earlier."""
    one = (set(less.atoms), set(less.conditions))
    other = (set(more.atoms), set(more.conditions))
    return one[0] <= other[0] and one[1] <= other[1] and (one != other or earlier)


def _ends(pattern: Pattern, number: int) -> tuple[str, str]:
    return pattern.atoms[number].subject, pattern.atoms[number].object


def keep_branches(pattern: Pattern, kept: Sequence[Branch]) -> Pattern:
    """The pattern of some of its clues alone."""
    return keep_atoms(
        pattern,
        {number for branch in kept for number in branch.atoms},
        {number for branch in kept for number in branch.conditions},
    )


def without_idle_literals(pattern: Pattern) -> Pattern:
    """The pattern without dates and numbers of named anchors: the name says all, unless something is compared with
    them.
    """
    compared = {name for one in pattern.conditions if isinstance(one, Compare) for name in (one.left, one.right)}
    told = {
        n
        for n, atom in enumerate(pattern.atoms)
        if atom.object not in pattern.value_types or atom.object in compared or not is_named(pattern, atom.subject)
    }
    return pattern if len(told) == len(pattern.atoms) else keep_atoms(pattern, told, range(len(pattern.conditions)))


def keep_atoms(pattern: Pattern, kept: Collection[int], conditions: Collection[int]) -> Pattern:
    """The pattern of some of its atoms and conditions (indices) and of what the atoms speak of.

    A condition on a variable that is gone goes too, and so does a phrase of which an atom is gone.
    """
    atoms = sorted(kept)
    names = {pattern.focus, *(name for number in atoms for name in _ends(pattern, number))}
    place = {number: position for position, number in enumerate(atoms)}
    return pattern.model_copy(
        update={
            "variables": tuple(name for name in pattern.variables if name in names),
            "value_types": {name: kind for name, kind in pattern.value_types.items() if name in names},
            "atoms": tuple(pattern.atoms[number] for number in atoms),
            "domains": tuple(domain for domain in pattern.domains if domain.variable in names),
            "distinct": tuple(pair for pair in pattern.distinct if names.issuperset(pair)),
            "conditions": tuple(
                one
                for number, one in enumerate(pattern.conditions)
                if number in conditions and names.issuperset(speaks_of(one, pattern.focus))
            ),
            "phrases": tuple(
                phrase.model_copy(update={"atoms": tuple(place[number] for number in phrase.atoms)})
                for phrase in pattern.phrases
                if place.keys() >= set(phrase.atoms)
            ),
            "assignment": {name: value for name, value in pattern.assignment.items() if name in names},
        }
    )


def identity(pattern: Pattern) -> str:
    """Equal for patterns that are the same question about the same facts, whatever their variables are called.

    Where no fact or value is at hand (a question without an answer) the variables' names stand for them.
    """
    value = {name: pattern.assignment.get(name, name) for name in pattern.variables}
    parts = [
        value[pattern.focus],
        *sorted(_atom_identity(atom, value) for atom in pattern.atoms),
        *sorted(f"{value[domain.variable]}={domain.lattice}:{domain.value}" for domain in pattern.domains),
        *sorted(_condition_identity(one, value) for one in pattern.conditions),
        *sorted(
            f"{one.operator} {one.name} {value[one.left]} {value[one.right]}: "
            + " ".join(sorted(_atom_identity(pattern.atoms[number], value) for number in one.atoms))
            for one in pattern.phrases
        ),
    ]
    return "\n".join(parts)


def told(pattern: Pattern) -> str:
    """Equal for patterns that say the same in words, whatever facts they stand on (Weisfeiler-Leman over variables)."""
    colour = {
        name: "/".join(sorted(f"{d.lattice}:{d.value}" for d in pattern.domains if d.variable == name))
        for name in pattern.variables
    }
    colour[pattern.focus] += "/focus"
    for _ in pattern.variables:
        around: dict[str, list[str]] = {name: [] for name in colour}
        for atom in pattern.atoms:
            said = f"{atom.relation} {atom.at} {atom.stated_in}"
            around[atom.subject].append(f"{said}>{colour[atom.object]}")
            around[atom.object].append(f"{said}<{colour[atom.subject]}")
        for one in pattern.conditions:
            if isinstance(one, Compare):
                around[one.left].append(f"{one.measure}{one.low}..{one.high}>{colour[one.right]}")
                around[one.right].append(f"{one.measure}{one.low}..{one.high}<{colour[one.left]}")
            elif not isinstance(one, Rank):
                around[one.variable].append(one.model_dump_json(exclude={"variable"}))
        colour = {
            name: blake2b(f"{own} {sorted(around[name])}".encode(), digest_size=8).hexdigest()
            for name, own in colour.items()
        }
    return " ".join(sorted(colour.values()))


def _atom_identity(atom: Atom, value: dict[str, str]) -> str:
    said = atom.fact or f"{atom.relation}({value[atom.subject]}, {value[atom.object]})"
    when = "" if atom.at is None else f" at {atom.at}"
    return said + when + ("" if atom.stated_in is None else f" in {atom.stated_in}")


def _condition_identity(condition: Condition, value: dict[str, str]) -> str:
    said = condition.model_dump(exclude_none=True)
    return " ".join(f"{key}={value[text] if key in _VARIABLES else text}" for key, text in said.items())


def variables_of(pattern: Pattern, clue: Branch) -> tuple[str, ...]:
    """Variables that a clue speaks of."""
    names = [name for number in clue.atoms for name in (pattern.atoms[number].subject, pattern.atoms[number].object)]
    names += [name for number in clue.conditions for name in speaks_of(pattern.conditions[number], pattern.focus)]
    return tuple(dict.fromkeys(names))
