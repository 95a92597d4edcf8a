"""A pattern as the engine sees it: numbered variables, tables, candidate sets, guards.

Enters: `records.Pattern` (or a part of it: the question without a clue, its first k clues). Leaves: a `Query`.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from websailor.questions.proof.conditions import bearers, partnered, refuse_open
from websailor.questions.proof.described import described
from websailor.questions.proof.facts import Facts, Floats, Rows, Table
from websailor.questions.proof.guards import Guard, narrowed
from websailor.questions.proof.labels import label
from websailor.questions.proof.sets import Members
from websailor.questions.proof.tenures import table_of, together
from websailor.records import Atom, Bears, Compare, Count, Pattern, Phrase, Rank, Without

TOGETHER = "U9"
"""The operator of phrases that two atoms make whose tenures overlap."""
_EMPTY = np.zeros(0, dtype=np.int64)
_NO_ROWS = Rows(_EMPTY, np.zeros(1, np.int64), _EMPTY, fan=0.0)
NO_TABLE = Table(_NO_ROWS, _NO_ROWS)

Filter = tuple[Members, bool]
"""Nodes, and whether they are those that stay or those that go."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Of the answers to all the rest, those that may be the k-th."""

    table: Table
    values: Floats
    """(L,) value of each literal; NaN where it has none."""
    first_literal: int
    largest: bool
    place: int


@dataclass(frozen=True, slots=True)
class Query:
    """Find the values of variable `focus`."""

    size: int
    """Number of variables, 0 .. size - 1."""
    focus: int
    atoms: tuple[tuple[Table, int, int], ...]
    """(table, subject variable, object variable)."""
    domains: tuple[Members | None, ...]
    """Candidates of each variable; None: not restricted."""
    distinct: tuple[tuple[int, int], ...]
    """Pairs of variables that must differ."""
    entity_count: int
    node_count: int
    filters: tuple[tuple[Filter, ...], ...] = ()
    """Of each variable: what else restricts it; applied once its candidates are few. Empty: nothing anywhere."""
    guards: tuple[Guard, ...] = ()
    ranking: Ranking | None = None
    certain: "Query | None" = None
    """Where there is a ranking: all the rest in the strict reading. Its answers are ranked for certain, the others may
    be.
    """


def compile_pattern(
    pattern: Pattern,
    facts: Facts,
    atoms: Collection[int] | None = None,
    conditions: Collection[int] | None = None,
    strict: bool = False,
) -> Query:
    """Translate a pattern, or the part of it that consists of the given atoms and conditions (indices) and what the
    atoms speak of. With `atoms` and without `conditions` no condition is meant.

    The focus keeps its domains always. A condition on a variable that the part does not reach does not count. `strict`:
    only what fits however one reads it counts. Raises `UserError` where a negation, a count or a rank meets a corpus
    that is not complete.
    """
    chosen = pattern.atoms if atoms is None else [pattern.atoms[number] for number in sorted(atoms)]
    if atoms is not None:
        posed = [pattern.conditions[number] for number in sorted(conditions or ())]
    else:
        posed = pattern.conditions if conditions is None else [pattern.conditions[n] for n in sorted(conditions)]
    number_of = {pattern.focus: 0}
    edges: list[tuple[Table, int, int]] = []
    for atom in chosen:
        subject = number_of.setdefault(atom.subject, len(number_of))
        other = number_of.setdefault(atom.object, len(number_of))
        edges.append((table_of(facts, atom, strict) or NO_TABLE, subject, other))
    limits: list[list[Filter]] = [[] for _ in number_of]
    for domain in pattern.domains:
        variable = number_of.get(domain.variable)
        if variable is not None:
            value_type = pattern.value_types.get(domain.variable, "entity")
            limits[variable].append((label(facts, domain.lattice, domain.value, value_type, strict), True))
    guards: list[Guard] = []
    ranking: Ranking | None = None
    for condition in posed:
        if isinstance(condition, Compare):
            if condition.left in number_of and condition.right in number_of:
                guards.append(_guard(condition, facts, pattern, number_of, strict))
        elif isinstance(condition, Rank):
            ranking = ranking_of(facts, condition)
        elif condition.variable in number_of:
            limits[number_of[condition.variable]].append(_limit(facts, condition, strict))
    for literal in _of_described(facts, pattern, chosen):
        limits[number_of[literal]].append((Members(facts.unknown, facts.node_count), False))
    domains = [_take_smallest(limit) for limit in limits]
    for phrase in pattern.phrases:
        if phrase.operator == TOGETHER and all(pattern.atoms[number] in chosen for number in phrase.atoms):
            edges.append(_together(facts, pattern, phrase, number_of, domains, strict))
    certain: Query | None = None
    if ranking is not None:
        rest = [number for number, one in enumerate(pattern.conditions) if one in posed and not isinstance(one, Rank)]
        certain = compile_pattern(pattern, facts, atoms, rest, strict=True)
    return Query(
        size=len(number_of),
        focus=0,
        atoms=tuple(edges),
        domains=tuple(domains),
        distinct=tuple(
            (number_of[one], number_of[other])
            for one, other in pattern.distinct
            if one in number_of and other in number_of
        ),
        entity_count=facts.entity_count,
        node_count=facts.node_count,
        filters=tuple(tuple(limit) for limit in limits) if any(limits) else (),
        guards=tuple(guards),
        ranking=ranking,
        certain=certain,
    )


def _of_described(facts: Facts, pattern: Pattern, atoms: Collection[Atom]) -> set[str]:
    """Dates and amounts of what they tell from everything else in the world: what nothing states fits none of them."""
    found = described(facts, pattern, atoms)
    return {atom.object for atom in atoms if atom.subject in found and atom.object in pattern.value_types}


def _together(
    facts: Facts,
    pattern: Pattern,
    phrase: Phrase,
    number_of: Mapping[str, int],
    domains: list[Members | None],
    strict: bool,
) -> tuple[Table, int, int]:
    """The two ends of a phrase whose tenures overlap, by way of the end that has few candidates."""
    left, right = number_of[phrase.left], number_of[phrase.right]
    limits = tuple(None if domain is None else domain.nodes for domain in (domains[left], domains[right]))
    one, other = (pattern.atoms[number] for number in phrase.atoms)
    found = together(facts, one, other, (phrase.left, phrase.right), (limits[0], limits[1]), strict)
    return found, left, right


def _take_smallest(limits: list[Filter]) -> Members | None:
    """Take the smallest set that a variable must lie in out of its limits."""
    wanted = [limit for limit in limits if limit[1]]
    if not wanted:
        return None
    least = min(wanted, key=lambda limit: len(limit[0]))
    limits.remove(least)
    return least[0]


def _limit(facts: Facts, condition: Without | Count | Bears, strict: bool) -> Filter:
    return (bearers(facts, condition), True) if isinstance(condition, Bears) else partnered(facts, condition, strict)


def _guard(condition: Compare, facts: Facts, pattern: Pattern, number_of: dict[str, int], strict: bool) -> Guard:
    low = -math.inf if condition.low is None else condition.low
    high = math.inf if condition.high is None else condition.high
    if strict:
        low, high = narrowed(low, high)
    left, right = (
        facts.year if pattern.value_types.get(name) == "date" else facts.number
        for name in (condition.left, condition.right)
    )
    return Guard(
        left=number_of[condition.left],
        right=number_of[condition.right],
        left_values=left,
        right_values=right,
        first_literal=facts.entity_count,
        is_ratio=condition.measure == "ratio",
        low=low,
        high=high,
    )


def ranking_of(facts: Facts, condition: Rank) -> Ranking:
    """What a rank means. Raises `UserError` on a corpus that is not complete: a rival may be missing."""
    refuse_open(facts, "a place in an order")
    table = facts.tables.get(condition.relation, NO_TABLE)
    values = facts.number
    literals = table.by_object.keys - facts.entity_count
    if np.isnan(values[literals[literals >= 0]]).all():
        values = facts.year
    return Ranking(table, values, facts.entity_count, condition.largest, condition.place)
