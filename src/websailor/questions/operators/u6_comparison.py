"""U6, comparison: a date or number of one thing is told by that of another, and neither value is told.

Formal: a guard a(u) < a(v) on two literals of the same relation. Applies to a clue with a one-sided `Compare` of such.
The proof takes it generously (equal years may be either way); to prove beyond uniqueness: the true values differ beyond
rounding (two years, or 5 %), and without the guard there are more answers. Example: "Which person was born earlier than
Velan Torid and works for the same company?"
"""

import random
from collections.abc import Iterator

from websailor.questions.corpus import Corpus
from websailor.questions.operators.additions import Literal, can_meet, comparable, in_order
from websailor.questions.operators.base import (
    AnySubgraph,
    Case,
    Draft,
    conditions_of,
    no_literal,
    without_condition_narrows,
)
from websailor.questions.proof.facts import number_of, year_of
from websailor.records import Compare, Pattern

YEARS = 2.0
"""Least distance of two dates."""
SHARE = 0.05
"""Least distance of two numbers, as a share of the larger."""


class Comparison(AnySubgraph):
    """See the module."""

    code = "U6"
    closed_world = False

    def propose(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        near, everything = comparable(draft)
        pairs = [
            (one, other)
            for one in near
            for other in everything
            if can_meet(draft, one, other) and one.fact.relation == other.fact.relation and far_apart(one, other)
        ]
        rng.shuffle(pairs)
        yield from in_order(draft, pairs)

    def lacks(self, corpus: Corpus) -> str | None:
        return no_literal(corpus)

    def applies(self, case: Case) -> bool:
        return any(
            isinstance(one, Compare) and is_one_sided(one) and len(set(relations_of(case.pattern, one))) == 1
            for one in conditions_of(case)
        )

    def holds(self, case: Case) -> bool:
        guards = [one for one in conditions_of(case) if isinstance(one, Compare)]
        return all(has_margin(case.pattern, one) for one in guards) and without_condition_narrows(case)


def far_apart(one: Literal, other: Literal) -> bool:
    """True when rounding cannot turn two values round."""
    return _far(one.amount, other.amount, one.fact.value_type == "date")


def _far(one: float, other: float, dates: bool) -> bool:
    distance = abs(one - other)
    return distance >= YEARS if dates else distance >= SHARE * max(abs(one), abs(other)) > 0


def has_margin(pattern: Pattern, guard: Compare) -> bool:
    """True when the witness' values differ beyond rounding, the way the guard says."""
    dates = pattern.value_types[guard.left] == "date"
    left, right = ((year_of if dates else number_of)(pattern.assignment[name]) for name in (guard.left, guard.right))
    return _far(left, right, dates) and (left < right if guard.high is not None else left > right)


def is_one_sided(guard: Compare) -> bool:
    """True for "earlier" and "later": no amount is told."""
    return guard.measure == "difference" and (guard.low is None) != (guard.high is None)


def relations_of(pattern: Pattern, guard: Compare) -> tuple[str, str]:
    """The relations whose literals are compared."""
    of = {atom.object: atom.relation for atom in pattern.atoms}
    return of[guard.left], of[guard.right]
