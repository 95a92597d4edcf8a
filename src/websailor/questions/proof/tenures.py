"""Tables of what held at a time, of what one kind of source states, or of what nobody disputes.

Enters: an atom's relation, `at` and `stated_in`. Leaves: the relation's table with those statements alone. A time is
read generously: a statement without a tenure held always, one whose end is not stated has not ended, and a decade meets
every tenure of which it touches a year. A source counts generously, too: a graph keeps one source of a statement, so
what no other source contradicts may be stated anywhere. In the strict reading a tenure holds the time strictly inside,
the source is the stated one, and, where no source is asked for, what is disputed does not count.
"""

from websailor.questions.proof.facts import ANY_SOURCE, EVER, SOURCE_KINDS, Facts, Statements, Table, table_of_some
from websailor.questions.proof.labels import year_bounds
from websailor.questions.proof.sets import Mask, is_full
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
