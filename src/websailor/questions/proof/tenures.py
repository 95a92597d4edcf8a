"""Tables of what held at a time, or of what one kind of source states.

Enters: an atom's `at` and `stated_in`. Leaves: the relation's table with those statements alone. A time is read
generously: a statement without a tenure held always, one whose end is not stated has not ended, and a decade meets
every tenure of which it touches a year. What nothing states may be stated anywhere.
"""

from websailor.questions.proof.facts import ANY_SOURCE, SOURCE_KINDS, Facts, Table, table
from websailor.questions.proof.labels import year_bounds
from websailor.records import Atom

TABLES = 512
"""So many tables are kept; the oldest goes first."""


def years_at(label: str) -> tuple[int, int]:
    """First and last year of the label of a time, `1956` or `1950s`."""
    return year_bounds("decade" if label.endswith("s") else "year", label)


def table_of(facts: Facts, atom: Atom) -> Table | None:
    """The table that an atom means; None where no fact has its relation."""
    if atom.at is None and atom.stated_in is None:
        return facts.tables.get(atom.relation)
    key = (atom.relation, atom.at, atom.stated_in)
    found = facts.table_cache.get(key)
    if found is None and (stated := facts.statements.get(atom.relation)) is not None:
        keep = stated.source >= 0
        if atom.at is not None:
            first, last = years_at(atom.at)
            keep &= (stated.start <= last) & (stated.end >= first)
        if atom.stated_in is not None:
            keep &= (stated.source == SOURCE_KINDS.index(atom.stated_in)) | (stated.source == ANY_SOURCE)
        found = table(stated.subject[keep], stated.object[keep], facts.node_count)
        while len(facts.table_cache) >= TABLES:
            facts.table_cache.pop(next(iter(facts.table_cache)))
        facts.table_cache[key] = found
    return found
