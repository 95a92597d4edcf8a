"""What a lattice label means: the set of nodes for which it is true.

Enters: a `records.Domain`'s lattice and value. Leaves: the sorted members. Labels are read generously where readers
disagree ("the 20th century" holds 1900 to 2000, "between 10 and 20" holds both ends), so that an answer proved unique
stays unique under either reading; the operators see to it that the true value fits the strict one.
"""

import numpy as np

from websailor.questions.proof.facts import Facts, Nodes
from websailor.records import ValueType

YEAR_LATTICES = frozenset({"year", "decade", "half_century", "century"})


def year_bounds(lattice: str, value: str) -> tuple[int, int]:
    """First and last year of a label, both included, in the generous reading."""
    if lattice == "year":
        return int(value), int(value)
    if lattice == "decade":
        first = int(value.removesuffix("s"))
        return first, first + 9
    if lattice == "half_century":
        first, last = value.split("-")
        return int(first), int(last)
    if lattice == "century":
        return (int(value) - 1) * 100, int(value) * 100
    raise ValueError(f"{lattice} is no lattice of years")


def number_bounds(value: str) -> tuple[float, float]:
    """Both ends of a `low..high` range, included."""
    low, high = value.split("..")
    return float(low), float(high)


def members(facts: Facts, lattice: str, value: str, value_type: ValueType = "entity") -> Nodes:
    """All nodes for which a label is true; empty when there is none."""
    key = (f"{lattice}:{value_type}" if lattice == "value" else lattice, value)
    found = facts.label_cache.get(key)
    if found is None:
        found = _members(facts, lattice, value, value_type)
        facts.label_cache[key] = found
    return found


def _members(facts: Facts, lattice: str, value: str, value_type: ValueType) -> Nodes:
    none = np.zeros(0, dtype=np.int64)
    if lattice == "entity":
        node = facts.index.get(value)
        return none if node is None else np.array([node], dtype=np.int64)
    if lattice == "kind":
        return facts.kind_members.get(value, none)
    if lattice == "initial":
        return facts.initial_members.get(value, none)
    if lattice == "value":
        return np.union1d(facts.text_index.get((value_type, value), none), facts.unknown)
    if lattice == "range":
        low, high = number_bounds(value)
        stated = np.flatnonzero((facts.number >= low) & (facts.number <= high)) + facts.entity_count
    else:
        first, last = year_bounds(lattice, value)
        stated = np.flatnonzero((facts.year >= first) & (facts.year <= last)) + facts.entity_count
    return np.union1d(stated, facts.unknown)
