"""A pattern as the engine sees it: numbered variables, tables, candidate sets.

Enters: `records.Pattern` (or some of its atoms: the question without a clue, its first k clues). Leaves: a `Query`.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from websailor.questions.proof.facts import Facts, Nodes, Rows, Table
from websailor.questions.proof.labels import members
from websailor.records import Pattern

_EMPTY = np.zeros(0, dtype=np.int64)
NO_TABLE = Table(Rows(_EMPTY, np.zeros(1, np.int64), _EMPTY), Rows(_EMPTY, np.zeros(1, np.int64), _EMPTY))


@dataclass(frozen=True, slots=True)
class Query:
    """Find the values of variable `focus`."""

    size: int
    """Number of variables, 0 .. size - 1."""
    focus: int
    atoms: tuple[tuple[Table, int, int], ...]
    """(table, subject variable, object variable)."""
    domains: tuple[Nodes | None, ...]
    """Candidates of each variable; None: not restricted."""
    distinct: tuple[tuple[int, int], ...]
    """Pairs of variables that must differ."""


def compile_pattern(
    pattern: Pattern,
    facts: Facts,
    atoms: Collection[int] | None = None,
    conditions: Collection[int] | None = None,
) -> Query:
    """Translate a pattern, or the part of it that consists of the given atoms (indices) and what they speak of.

    The focus keeps its domains always. Several domains of one variable are intersected.
    """
    chosen = pattern.atoms if atoms is None else [atom for number, atom in enumerate(pattern.atoms) if number in atoms]
    if pattern.conditions and (atoms is None or conditions):
        raise NotImplementedError("conditions are not compiled yet")
    number_of = {pattern.focus: 0}
    for atom in chosen:
        for name in (atom.subject, atom.object):
            number_of.setdefault(name, len(number_of))
    domains: list[Nodes | None] = [None] * len(number_of)
    for domain in pattern.domains:
        variable = number_of.get(domain.variable)
        if variable is None:
            continue
        value_type = pattern.value_types.get(domain.variable, "entity")
        found = members(facts, domain.lattice, domain.value, value_type)
        before = domains[variable]
        domains[variable] = found if before is None else np.intersect1d(before, found, assume_unique=True)
    return Query(
        size=len(number_of),
        focus=0,
        atoms=tuple(
            (facts.tables.get(atom.relation, NO_TABLE), number_of[atom.subject], number_of[atom.object])
            for atom in chosen
        ),
        domains=tuple(domains),
        distinct=tuple(
            (number_of[one], number_of[other])
            for one, other in pattern.distinct
            if one in number_of and other in number_of
        ),
    )
