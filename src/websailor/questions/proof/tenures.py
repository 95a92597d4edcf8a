"""Tables of what held at a time or at the same time, of what one kind of source states, or of what nobody disputes.

Enters: an atom's relation, `at` and `stated_in`. Leaves: the relation's table with those statements alone. A time is
read generously: a statement without a tenure held always, one whose end is not stated has not ended, and a decade meets
every tenure of which it touches a year. A source counts generously, too: a graph keeps one source of a statement, so
what no other source contradicts may be stated anywhere. In the strict reading a tenure holds the time strictly inside,
the source is the stated one, and, where no source is asked for, what is disputed does not count.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from websailor.questions.proof.facts import (
    ANY_SOURCE,
    EVER,
    SOURCE_KINDS,
    Facts,
    Statements,
    Table,
    table,
    table_of_some,
)
from websailor.questions.proof.kernels import ANYTHING
from websailor.questions.proof.labels import year_bounds
from websailor.questions.proof.sets import ROW_LIMIT, Mask, Nodes, ProofTooLarge, is_full, is_member
from websailor.records import Atom

TABLES = 512
"""So many tables are kept; the oldest goes first."""


def years_at(label: str) -> tuple[int, int]:
    """First and last year of the label of a time, `1956` or `1950s`."""
    return year_bounds("decade" if label.endswith("s") else "year", label)


def table_of(facts: Facts, atom: Atom, strict: bool = False) -> Table | None:
    """The table that an atom means, in the generous or the strict reading; None where no fact has its relation."""
    if atom.at is None and atom.stated_in is None and not strict:
        return facts.tables.get(atom.relation)
    key = (atom.relation, atom.at, atom.stated_in, strict)
    found = facts.table_cache.get(key)
    if found is None and (stated := facts.statements.get(atom.relation)) is not None:
        keep = (_strictly if strict else _generously)(stated, atom)
        found = facts.tables[atom.relation] if is_full(keep) else table_of_some(stated, keep)
        while len(facts.table_cache) >= TABLES:
            facts.table_cache.pop(next(iter(facts.table_cache)))
        facts.table_cache[key] = found
    return found


def together(
    facts: Facts, one: Atom, other: Atom, ends: tuple[str, str], limits: tuple[Nodes | None, Nodes | None], strict: bool
) -> Table:
    """(left end, right end) of two atoms that meet in a third thing, wherever their tenures overlap there.

    `limits`: nodes that an end must be one of. Generously, tenures overlap that share a year, and one that is not
    stated has always lasted; strictly, one began before the other had ended, and both beginnings are stated. Raises
    `ProofTooLarge` where so many pairs meet that nobody could look at them.
    """
    left, right = (
        _tenured(facts.statements.get(atom.relation), atom.subject == end, limit, strict)
        for atom, end, limit in zip((one, other), ends, limits, strict=True)
    )
    order = np.argsort(left.middle, kind="stable")
    met = left.middle[order]
    first = np.searchsorted(met, right.middle, side="left")
    length = np.searchsorted(met, right.middle, side="right") - first
    total = int(length.sum())
    if total > ROW_LIMIT:
        raise ProofTooLarge(f"{total} pairs of tenures")
    right_P = np.repeat(np.arange(len(length)), length)
    left_P = order[np.arange(total) + np.repeat(first - np.cumsum(length) + length, length)]
    one_begins, one_ends = left.start[left_P], left.end[left_P]
    other_begins, other_ends = right.start[right_P], right.end[right_P]
    if strict:
        keep = (one_begins < other_ends) & (other_begins < one_ends)
    else:
        keep = (one_begins <= other_ends) & (other_begins <= one_ends)
    return table(left.outer[left_P[keep]], right.outer[right_P[keep]])


@dataclass(frozen=True, slots=True)
class _Tenured:
    """Statements seen from one end."""

    outer: Nodes
    middle: Nodes
    start: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]


def _tenured(stated: Statements | None, forward: bool, limit: Nodes | None, strict: bool) -> _Tenured:
    if stated is None:
        years = np.zeros(0, dtype=np.int32)
        return _Tenured(ANYTHING, ANYTHING, years, years)
    outer, middle = (stated.subject, stated.object) if forward else (stated.object, stated.subject)
    keep = (stated.source != ANY_SOURCE) & ~stated.disputed & (stated.start > -EVER) if strict else stated.source >= 0
    if limit is not None:
        keep &= is_member(outer, limit)
    return _Tenured(outer[keep], middle[keep], stated.start[keep], stated.end[keep])


def _generously(stated: Statements, atom: Atom) -> Mask:
    keep = stated.source >= 0
    if atom.at is not None:
        first, last = years_at(atom.at)
        keep &= (stated.start <= last) & (stated.end >= first)
    if atom.stated_in is not None:
        keep &= ~stated.disputed | (stated.source == SOURCE_KINDS.index(atom.stated_in))
    return keep


def _strictly(stated: Statements, atom: Atom) -> Mask:
    keep = stated.source != ANY_SOURCE
    if atom.at is not None:
        first, last = years_at(atom.at)
        keep &= (stated.start > -EVER) & (stated.start < first) & (stated.end > last)
    if atom.stated_in is not None:
        return keep & (stated.source == SOURCE_KINDS.index(atom.stated_in))
    return keep & ~stated.disputed
