"""U11, scale: an amount is told in another unit, as a span, or as a ratio, so that it has to be worked out.

Formal: a domain whose label is in another unit, or an affine or ratio guard with both bounds: low <= a(u) - b(v) <=
high, low <= a(u) / a(v) <= high. Applies to a clue that ends in a `converted` label or has a two-sided `Compare`. To
prove beyond uniqueness: the told amount is the only round one that the true values give, and without it there are more
answers. Examples: "covers between 40 and 50 square miles", "died at the age of about 67", "has about three times as
many inhabitants as Velan Torid".
"""

import math
import random
from collections.abc import Iterator

from websailor.questions.corpus import Corpus
from websailor.questions.operators.additions import (
    Literal,
    can_meet,
    comparable,
    compared,
    literals,
    with_condition,
    with_domain,
    with_untold,
)
from websailor.questions.operators.base import (
    AnySubgraph,
    Case,
    Draft,
    conditions_of,
    no_literal,
    part_of,
    without_condition_narrows,
)
from websailor.questions.operators.u6_comparison import relations_of
from websailor.questions.proof.engine import ask
from websailor.questions.proof.facts import number_of, year_of
from websailor.questions.proof.labels import UNITS, converted_bounds, fits_converted
from websailor.questions.structure import domain_of
from websailor.records import Compare, Domain, Pattern

OTHER_UNIT = {"km2": "sq mi", "m2": "sq ft", "ha": "acres", "m": "ft", "km": "mi", "cm": "in", "kg": "lb", "t": "lb"}
"""The unit in which someone else would have measured it."""
YEARS_ROUND = 1.0
"""Years told as "about": as many more or fewer fit too."""
LONGEST = 400
"""Years between two events that one would count."""
RATIOS = range(2, 11)
RATIO_TRUE, RATIO_ROUND = 0.2, 0.5
"""A ratio is told as a whole number that is at most the first away; whatever is within the second fits too."""


class Scale(AnySubgraph):
    """See the module."""

    code = "U11"
    closed_world = False

    def propose(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        ways = [self._converted(draft, rng), self._spans(draft, rng), self._between(draft, rng)]
        rng.shuffle(ways)
        while ways:
            way = ways.pop(0)
            if (proposal := next(way, None)) is not None:
                yield proposal
                ways.append(way)

    def _converted(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        found = [one for one in literals(draft, draft.described()) if one.fact.unit in OTHER_UNIT]
        rng.shuffle(found)
        for one in found:
            if (label := converted_label(one)) is not None:
                pattern, name = with_untold(draft.pattern, one.variable, one.fact)
                yield with_domain(pattern, Domain(variable=name, lattice="converted", value=label))

    def _spans(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        """Years between two dates of one thing."""
        found = literals(draft, draft.described())
        pairs = [
            (one, other)
            for one in found
            for other in found
            if one.variable == other.variable
            and one.fact.relation != other.fact.relation
            and one.fact.value_type == other.fact.value_type == "date"
            and 0 < one.amount - other.amount <= LONGEST
            and draft.corpus.lexicon.can_compare(one.side, other.side, bounded=True, same_thing=True)
        ]
        rng.shuffle(pairs)
        for one, other in pairs:
            yield _years(draft.pattern, one, other)

    def _between(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        """Years between dates of two things, and how many times as much one has as the other."""
        near, everything = comparable(draft)
        pairs = [
            (one, other) for one in near for other in everything if can_meet(draft, one, other) and _alike(one, other)
        ]
        rng.shuffle(pairs)
        lexicon = draft.corpus.lexicon
        for one, other in pairs:
            if one.fact.value_type == "date":
                if lexicon.can_compare(one.side, other.side, bounded=True):
                    larger, smaller = (one, other) if one.amount > other.amount else (other, one)
                    if 1 < larger.amount - smaller.amount <= LONGEST:
                        yield _years(draft.pattern, larger, smaller)
            elif (times := _ratio(one, other)) and lexicon.can_compare(
                one.side, other.side, measure="ratio", bounded=True
            ):
                pattern, left, right = compared(draft.pattern, one, other)
                low, high = times - RATIO_ROUND, times + RATIO_ROUND
                yield with_condition(pattern, Compare(left=left, right=right, measure="ratio", low=low, high=high))

    def lacks(self, corpus: Corpus) -> str | None:
        return no_literal(corpus)

    def applies(self, case: Case) -> bool:
        return _label(case) is not None or any(_is_bounded(one) for one in conditions_of(case))

    def holds(self, case: Case) -> bool:
        label = _label(case)
        if label is None:
            guards = [one for one in conditions_of(case) if isinstance(one, Compare)]
            return all(_is_round(case.pattern, one) for one in guards) and without_condition_narrows(case)
        rest = [one for one in case.branches if one != case.branch]
        return _is_inside(case, label) and case.counts.of(*part_of(rest)) > len(ask(case.facts, case.pattern))


def converted_label(literal: Literal) -> str | None:
    """The range between round numbers of the other unit that holds the amount: `40..50 sq mi`; None where the factor
    by which one converts would decide.
    """
    unit = literal.fact.unit
    assert unit is not None
    other = OTHER_UNIT[unit]
    amount = literal.amount * UNITS[unit][1] / UNITS[other][1]
    if amount < 10:
        return None
    width = 10 ** int(math.log10(amount))
    first = math.floor(amount / width) * width
    label = f"{first}..{first + width} {other}"
    return label if fits_converted(amount, label, strict=True) else None


def _years(pattern: Pattern, later: Literal, earlier: Literal) -> Pattern:
    grown, left, right = compared(pattern, later, earlier)
    years = later.amount - earlier.amount
    guard = Compare(left=left, right=right, low=max(years - YEARS_ROUND, 0.0), high=years + YEARS_ROUND)
    return with_condition(grown, guard)


def _alike(one: Literal, other: Literal) -> bool:
    if one.fact.value_type == "date":
        return other.fact.value_type == "date"
    return one.fact.relation == other.fact.relation and one.fact.unit == other.fact.unit


def _ratio(one: Literal, other: Literal) -> int | None:
    """The whole number of times that a value is the other, nearly."""
    if one.amount <= 0 or other.amount <= 0:
        return None
    times = round(one.amount / other.amount)
    return times if times in RATIOS and abs(one.amount / other.amount - times) <= RATIO_TRUE else None


def _label(case: Case) -> Domain | None:
    return domain_of(case.pattern, case.branch.leaf, "converted") if not case.branch.conditions else None


def _is_bounded(condition: object) -> bool:
    return isinstance(condition, Compare) and condition.low is not None and condition.high is not None


def _is_round(pattern: Pattern, guard: Compare) -> bool:
    """True when the middle of the guard is the one round amount that stands for the true one."""
    assert guard.low is not None
    assert guard.high is not None
    dates = pattern.value_types[guard.left] == "date"
    left, right = ((year_of if dates else number_of)(pattern.assignment[name]) for name in (guard.left, guard.right))
    if guard.measure == "ratio":
        times = (guard.low + guard.high) / 2
        return len(set(relations_of(pattern, guard))) == 1 and abs(left / right - times) <= RATIO_TRUE
    return left - right == guard.high - YEARS_ROUND


def _is_inside(case: Case, label: Domain) -> bool:
    """True when the witness' amount, in a unit in which it is stated, fits the label by whatever factor."""
    own, facts = case.pattern.assignment[label.variable], case.facts
    *_, unit = converted_bounds(label.value)
    for node in facts.text_index.get(("number", own), ()):
        stated = facts.literals[node - facts.entity_count][2]
        if stated in UNITS and UNITS[stated][0] == UNITS[unit][0]:
            amount = number_of(own) * UNITS[stated][1] / UNITS[unit][1]
            if fits_converted(amount, label.value, strict=True):
                return True
    return False
