"""What a label means: the set of nodes for which it is true.

Enters: a `records.Domain`'s lattice and value. Leaves: the sorted members, looked up once. Labels are read generously
where readers disagree ("the 20th century" holds 1900 to 2000, "between 10 and 20" holds both ends, an amount converted
with a rounded factor may end up on either side of one), so that an answer proved unique stays unique under either
reading; the operators see to it that the true value fits the strict one. The strict reading itself holds what no reader
doubts.
"""

import numpy as np

from websailor.errors import UserError
from websailor.questions.proof.facts import Facts
from websailor.questions.proof.sets import Mask, Members, Nodes
from websailor.records import ValueType

YEAR_LATTICES = frozenset({"day", "year", "decade", "half_century", "century"})
CONVERSION = 3e-3
"""Factors as people know them (2.2 lb to the kg, 0.62 mi to the km) are off by so much of an amount."""


def year_bounds(lattice: str, value: str, strict: bool = False) -> tuple[int, int]:
    """First and last year of a label, both included, in the generous or the strict reading."""
    if lattice in ("year", "day"):
        year = int(value if lattice == "year" else value.rsplit("-", 2)[0])
        return year, year
    if lattice == "decade":
        first = int(value.removesuffix("s"))
        return first, first + 9
    if lattice == "half_century":
        first, last = value.split("-")
        return int(first), int(last)
    if lattice == "century":
        return (int(value) - 1) * 100 + strict, int(value) * 100 - strict
    raise ValueError(f"{lattice} is no lattice of years")


def number_bounds(value: str) -> tuple[float, float]:
    """Both ends of a `low..high` range, included."""
    low, high = value.split("..")
    return float(low), float(high)


UNITS: dict[str, tuple[str, float]] = {
    "m": ("length", 1.0),
    "km": ("length", 1000.0),
    "cm": ("length", 0.01),
    "ft": ("length", 0.3048),
    "in": ("length", 0.0254),
    "yd": ("length", 0.9144),
    "mi": ("length", 1609.344),
    "m2": ("area", 1.0),
    "ha": ("area", 1e4),
    "km2": ("area", 1e6),
    "acres": ("area", 4046.8564224),
    "sq ft": ("area", 0.09290304),
    "sq mi": ("area", 2589988.110336),
    "kg": ("mass", 1.0),
    "t": ("mass", 1000.0),
    "lb": ("mass", 0.45359237),
    "h": ("time", 3600.0),
    "min": ("time", 60.0),
    "minutes": ("time", 60.0),
    "s": ("time", 1.0),
}
"""Unit as pages write it -> what it measures and how much of the first unit of its kind it is."""


def converted_bounds(value: str) -> tuple[float, float, str]:
    """Both ends of a `low..high unit` label, included, and the unit. Raises `UserError` for an unknown unit."""
    bounds, _, unit = value.partition(" ")
    if unit not in UNITS:
        raise UserError(f"a label in {unit or 'no unit'!r}: known units are {', '.join(UNITS)}")
    return *number_bounds(bounds), unit


def members(facts: Facts, lattice: str, value: str, value_type: ValueType = "entity") -> Nodes:
    """All nodes for which a label is true; empty when there is none."""
    return label(facts, lattice, value, value_type).nodes


def label(facts: Facts, lattice: str, value: str, value_type: ValueType = "entity", strict: bool = False) -> Members:
    """`members` as the engine uses them, in the generous or the strict reading."""
    key = (f"{lattice}:{value_type}" if lattice == "value" else lattice, value, "strict" if strict else "")
    found = facts.label_cache.get(key)
    if found is None:
        found = Members(_members(facts, lattice, value, value_type, strict), facts.node_count, lasting=True)
        facts.label_cache[key] = found
    return found


def _members(facts: Facts, lattice: str, value: str, value_type: ValueType, strict: bool) -> Nodes:
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
        stated = (facts.number >= low) & (facts.number <= high)
        if strict:
            stated &= (facts.number > low) & (facts.number < high)
    elif lattice == "day":
        stated = _may_be_day(facts, value, strict)
    elif lattice == "converted":
        stated = _converted(facts, value, strict)
    else:
        first, last = year_bounds(lattice, value, strict)
        stated = (facts.year >= first) & (facts.year <= last)
    return np.union1d(np.flatnonzero(stated) + facts.entity_count, facts.unknown)


def fits_converted(amount: float, value: str, strict: bool) -> bool:
    """True when an amount in the label's unit fits it, whatever factor (strict) or some factor it was converted by."""
    low, high, _ = converted_bounds(value)
    slack = -CONVERSION if strict else CONVERSION
    return low * (1 - slack) <= amount <= high * (1 + slack)


def _may_be_day(facts: Facts, value: str, strict: bool) -> Mask:
    """Dates that are the day or, in the generous reading, say less about it: its month or its year alone."""
    said = {value} if strict else {value, value.rsplit("-", 1)[0], value.rsplit("-", 2)[0]}
    return np.array([value_type == "date" and text in said for value_type, text, _ in facts.literals], dtype=np.bool_)


def _converted(facts: Facts, value: str, strict: bool) -> Mask:
    """Amounts whose unit measures the same and that lie between the ends.

    An amount without a unit, or in one that is not known, may be anything.
    """
    *_, unit = converted_bounds(value)
    measured, size = UNITS[unit]
    found = np.zeros(len(facts.literals), dtype=np.bool_)
    for place, (value_type, _, other) in enumerate(facts.literals):
        if value_type == "number":
            kind, factor = UNITS.get(other or "", ("", 0.0))
            if kind == measured:
                found[place] = fits_converted(facts.number[place] * factor / size, value, strict)
            else:
                found[place] = not kind and not strict
    return found
