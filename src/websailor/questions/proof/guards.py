"""Guards: what a comparison of two dates or numbers admits.

Enters: a `records.Compare` and the values of literal nodes. Leaves: which pairs of nodes pass (`passes`), and which
nodes have a partner that passes (`narrow`: the semi-join of a comparison, by binary search, since a difference or a
ratio falls as its right side grows). Where the measure is undefined (a value that nothing states, a ratio with a
negative number or of two zeros) a guard rules nothing out.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from websailor.questions.proof.facts import Floats
from websailor.questions.proof.sets import Mask, Nodes, is_full

SURE = 0.4
"""Of what is told as "about" so much, what lies this near to the middle, as a share of the way to the end, is so for
certain.
"""


def narrowed(low: float, high: float) -> tuple[float, float]:
    """Bounds of a comparison in the strict reading: equal is not less, and "about" has a narrower meaning."""
    if math.isinf(low) or math.isinf(high):
        return (
            low if math.isinf(low) else math.nextafter(low, math.inf),
            high if math.isinf(high) else math.nextafter(high, -math.inf),
        )
    middle, reach = (low + high) / 2, SURE * (high - low) / 2
    return middle - reach, middle + reach


@dataclass(frozen=True, slots=True)
class Guard:
    """low <= measure(left, right) <= high on two variables."""

    left: int
    right: int
    left_values: Floats
    """(L,) value of each literal; NaN where it has none. Literal nodes begin at `first_literal`."""
    right_values: Floats
    first_literal: int
    is_ratio: bool
    low: float
    high: float

    def values(self, left: Nodes, right: Nodes) -> tuple[Floats, Floats]:
        """The values that are compared."""
        one, other = self._amounts(self.left_values, left), self._amounts(self.right_values, right)
        if self.is_ratio:
            # Adding zero turns -0, by which a ratio would be of the wrong sign, into 0.
            one, other = np.where(one < 0, np.nan, one + 0.0), np.where(other < 0, np.nan, other + 0.0)
        return one, other

    def _amounts(self, values: Floats, nodes: Nodes) -> Floats:
        """(len(nodes),) values; NaN for an entity, which the infobox of a real page may name in place of a date."""
        known = nodes >= self.first_literal
        if is_full(known):
            return values[nodes - self.first_literal]
        return np.where(known, values[np.where(known, nodes - self.first_literal, 0)], np.nan)

    def passes(self, left: Nodes, right: Nodes) -> Mask:
        """Mask of the pairs (row by row) that are not ruled out."""
        return self._admits(*self.values(left, right))

    def _admits(self, one: Floats, other: Floats) -> Mask:
        if self.is_ratio:
            with np.errstate(divide="ignore", invalid="ignore"):
                measure = one / other
        else:
            measure = one - other
        return ~((measure < self.low) | (measure > self.high))

    def narrow(self, left: Nodes, right: Nodes) -> tuple[Mask, Mask]:
        """Masks of the nodes of each side that some node of the other passes with. Both sides are sets, not empty."""
        one, other = self.values(left, right)
        if not self.is_ratio and (math.isinf(self.low) or math.isinf(self.high)):
            return self._narrow_open(one, other)
        known_one, known_other = np.unique(one[~np.isnan(one)]), np.unique(other[~np.isnan(other)])
        keep_left = np.ones(len(left), dtype=np.bool_)
        keep_right = np.ones(len(right), dtype=np.bool_)
        with np.errstate(divide="ignore", invalid="ignore"):
            least_right = one / self.high if self.is_ratio else one - self.high
            least_left = other * self.low if self.is_ratio else other + self.low
        if not np.isnan(other).any():
            keep_left = self._near(known_other, least_right, lambda partner: self._admits(one, partner))
        if not np.isnan(one).any():
            keep_right = self._near(known_one, least_left, lambda partner: self._admits(partner, other))
        return keep_left | np.isnan(one), keep_right | np.isnan(other)

    def _narrow_open(self, one: Floats, other: Floats) -> tuple[Mask, Mask]:
        """`narrow` where one bound of a difference does not bind: the partner at the end is the best for all."""
        best_right, best_left = (np.fmax, np.fmin) if math.isinf(self.low) else (np.fmin, np.fmax)
        # What is unknown passes with everything; of what is known the reduction finds the end.
        right = np.nan if np.isnan(other).any() else best_right.reduce(other)
        left = np.nan if np.isnan(one).any() else best_left.reduce(one)
        return self._admits(one, np.array([right])), self._admits(np.array([left]), other)

    @staticmethod
    def _near(partners: Floats, limit: Floats, admits: Callable[[Floats], Mask]) -> Mask:
        """True where a partner at the limit, or next to it (rounding), is admitted: the best one stands there."""
        place = np.searchsorted(partners, np.where(np.isnan(limit), -np.inf, limit))
        keep = np.zeros(len(limit), dtype=np.bool_)
        for step in (-1, 0, 1):
            keep |= admits(partners[np.clip(place + step, 0, len(partners) - 1)])
        return keep

    def is_open(self, left: Nodes, right: Nodes) -> bool:
        """True unless every pair of the two sets passes."""
        one, other = self.values(left, right)
        one, other = one[~np.isnan(one)], other[~np.isnan(other)]
        if not len(one) or not len(other):
            return False
        ends = np.array([one.min(), one.max()])
        return not self._admits(ends, np.array([other.max(), other.min()])).all()
