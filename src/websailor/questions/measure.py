"""How hard a question is: bits left after each clue, and bits that vagueness took away.

Enters: a proved pattern with its clues in the order in which the question tells them, and what an oracle has to do.
Leaves: `records.Uncertainty`, and for each clue its gain and whether it is necessary. A rank speaks of all that the
other clues leave: wherever it is told, it is measured last.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from websailor.questions.operators.base import Counts
from websailor.questions.oracle import Work, plan_work
from websailor.questions.proof.conditions import bearers, partnered
from websailor.questions.proof.facts import Facts, Table
from websailor.questions.proof.labels import label, year_bounds
from websailor.questions.proof.sets import Members, Nodes
from websailor.questions.proof.tenures import table_of
from websailor.questions.structure import Branch, domain_of, is_named
from websailor.records import Atom, Bears, Count, Pattern, Rank, Uncertainty, Without

__all__ = ["Measure", "Work", "cycle_rank", "fog_of", "initial_bits", "measure", "plan_work"]


@dataclass(frozen=True, slots=True)
class Measure:
    """The measured question."""

    uncertainty: Uncertainty
    gains: tuple[float, ...]
    """Bits by which each clue narrows the answers, after the clues before it."""
    necessary: tuple[bool, ...]
    """Whether the proof fails without the clue: there are other answers, or (for a question without an answer) some."""


def bits(count: int) -> float:
    """log2 of a number of answers; none leave no choice either."""
    return math.log2(max(count, 1))


def initial_bits(facts: Facts, pattern: Pattern) -> float:
    """H0: log2 of how many entities have the focus' type (of all entities, where the question names none)."""
    kind = domain_of(pattern, pattern.focus, "kind")
    return math.log2(len(facts.kind_members[kind.value]) if kind else facts.entity_count)


def measure(counts: Counts, clues: Sequence[Branch], work: Work) -> Measure:
    """Bits of a pattern whose clues are told in the given order."""
    facts, pattern = counts.facts, counts.pattern
    start = initial_bits(facts, pattern)
    ranks = {number for number, one in enumerate(pattern.conditions) if isinstance(one, Rank)}
    order = sorted(range(len(clues)), key=lambda number: not ranks.isdisjoint(clues[number].conditions))
    told = [clues[number] for number in order]
    after = tuple(bits(counts.of_clues(told[: number + 1])) for number in range(len(told)))
    gains = dict(zip(order, (old - new for old, new in zip((start, *after[:-1]), after, strict=True)), strict=True))
    necessary = tuple(
        not _is_settled(counts, [other for other in clues if other != clue]) if len(clues) > 1 else start > 0
        for clue in clues
    )
    return Measure(
        uncertainty=Uncertainty(
            initial=start,
            after=after,
            best_single=min(_bits_of_one(counts, clue, start) for clue in clues),
            frontier=math.log2(max(work.largest, 1)),
            necessity=sum(necessary) / len(necessary),
            cycle_rank=cycle_rank(pattern),
            fog=round(fog_of(facts, pattern), 6),
            oracle_cost=work.cost,
        ),
        gains=tuple(round(gains[number], 6) for number in range(len(clues))),
        necessary=necessary,
    )


def without_idle(measured: Measure, idle: Sequence[bool]) -> Uncertainty:
    """The measures with the necessity of those clues alone that are not there to be idle, as distractors are."""
    kept = [needed for needed, is_idle in zip(measured.necessary, idle, strict=True) if not is_idle]
    found = measured.uncertainty
    return found.model_copy(update={"necessity": sum(kept) / len(kept)}) if kept else found


def _answer(counts: Counts) -> int | None:
    value = counts.pattern.assignment.get(counts.pattern.focus)
    return None if value is None else counts.facts.index[value]


def _is_settled(counts: Counts, clues: Sequence[Branch]) -> bool:
    """True when some clues prove what all of them do: this answer alone, or that there is none."""
    nodes, answer = counts.nodes_of_clues(clues), _answer(counts)
    return not len(nodes) if answer is None else nodes.tolist() == [answer]


def _bits_of_one(counts: Counts, clue: Branch, start: float) -> float:
    """Bits left by one clue alone. One that leads elsewhere (a rank of all there are) tells nothing yet."""
    nodes, answer = counts.nodes_of_clues([clue]), _answer(counts)
    return start if answer is not None and answer not in nodes else bits(len(nodes))


def cycle_rank(pattern: Pattern) -> int:
    """Independent cycles of the pattern's atoms. A name ends a path: atoms that meet in a named thing close none."""
    root = {name: name for name in pattern.variables}

    def find(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    closing = 0
    for atom in pattern.atoms:
        if any(name != pattern.focus and is_named(pattern, name) for name in (atom.subject, atom.object)):
            continue
        one, other = find(atom.subject), find(atom.object)
        closing += one == other
        root[one] = other
    return closing


def fog_of(facts: Facts, pattern: Pattern) -> float:
    """Bits of vagueness, summed over what an exact question would tell: dates, numbers, and the things where clues end.

    A label's bits are log2 of how many values it admits: years; different amounts in its relation; entities of its
    relation that fit. A value that is not told at all (one of two that are compared) has those of all its relation.
    What only other clues describe counts as no vagueness, unless it is called by a name that several bear.
    """
    touching: dict[str, list[Atom]] = {}
    for atom in pattern.atoms:
        for name in (atom.subject, atom.object):
            touching.setdefault(name, []).append(atom)
    called = {one.variable for one in pattern.conditions if isinstance(one, Bears)}
    total = 0.0
    for name, atoms in touching.items():
        if name == pattern.focus or domain_of(pattern, name, "entity", "day", "year", "value") is not None:
            continue
        if name in pattern.value_types or name in called or len(atoms) == 1:
            total += bits(_admitted(facts, pattern, name, atoms[0]))
    return total


def _admitted(facts: Facts, pattern: Pattern, name: str, atom: Atom) -> int:
    """How many values of a variable its labels and conditions admit."""
    value_type = pattern.value_types.get(name, "entity")
    if value_type == "date" and (domain := domain_of(pattern, name)) is not None:
        first, last = year_bounds(domain.lattice, domain.value)
        return last - first + (domain.lattice != "century")
    table = table_of(facts, atom)
    nodes = np.zeros(0, dtype=np.int64) if table is None else _side(table, atom, name)
    nodes = nodes[~np.isin(nodes, facts.unknown)] if len(facts.unknown) else nodes
    for limit, wanted in _limits(facts, pattern, name):
        nodes = nodes[limit.has(nodes) == wanted]
    if value_type == "entity":
        return len(nodes)
    values = facts.year if value_type == "date" else facts.number
    # A real infobox may link an entity in place of a date.
    amounts = values[nodes[nodes >= facts.entity_count] - facts.entity_count]
    return len(np.unique(amounts[~np.isnan(amounts)]))


def _side(table: Table, atom: Atom, name: str) -> Nodes:
    return (table.by_object if name == atom.object else table.by_subject).keys


def _limits(facts: Facts, pattern: Pattern, name: str) -> list[tuple[Members, bool]]:
    value_type = pattern.value_types.get(name, "entity")
    found = [
        (label(facts, domain.lattice, domain.value, value_type), True)
        for domain in pattern.domains
        if domain.variable == name
    ]
    for one in pattern.conditions:
        if isinstance(one, Bears) and one.variable == name:
            found.append((bearers(facts, one), True))
        elif isinstance(one, Without | Count) and one.variable == name:
            found.append(partnered(facts, one))
    return found
