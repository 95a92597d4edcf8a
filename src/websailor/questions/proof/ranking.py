"""The k-th of the answers: what a superlative leaves of them.

Enters: the answers to all the rest of a question, and which of them are answers however one reads it. Leaves: those
that may be the k-th by the ranked relation. An answer whose value is unknown, or that has several, may stand anywhere
between the ends that are possible, equal values may be put in any order, and who fits only a generous reading may be
ranked with the others or not: so a tie, a rival of which nothing is stated, and one that a doubtful rival would move to
the place stay, and the question is not unique.
"""

import numpy as np

from websailor.questions.proof.facts import Floats
from websailor.questions.proof.query import Ranking
from websailor.questions.proof.sets import Nodes, is_member


def bounds(ranking: Ranking, nodes: Nodes) -> tuple[Floats, Floats]:
    """Lowest and highest value that each node may have, counted so that the first in rank is the lowest."""
    low, high = np.full(len(nodes), np.inf), np.full(len(nodes), -np.inf)
    owner, literal = ranking.table.by_subject.of(nodes)
    place = np.searchsorted(nodes, owner)
    values = np.full(len(literal), np.nan)
    stated = literal >= ranking.first_literal
    values[stated] = ranking.values[literal[stated] - ranking.first_literal]
    if ranking.largest:
        values = -values
    unknown = np.isnan(values)
    np.minimum.at(low, place, np.where(unknown, -np.inf, values))
    np.maximum.at(high, place, np.where(unknown, np.inf, values))
    unstated = low > high
    low[unstated], high[unstated] = -np.inf, np.inf
    return low, high


def kth(ranking: Ranking, nodes: Nodes, certain: Nodes) -> Nodes:
    """The nodes that may be the k-th of some set which holds all of the certain ones and any of the others.

    A node with the value x is k-th if fewer than k others lie before x and at least k - 1 do not lie after it. So its
    highest value must reach the (k-1)-th lowest of the others' lowest, and its lowest must not pass the k-th lowest of
    the highest of the certain others.
    """
    count, place = len(nodes), ranking.place
    if count < place:
        return nodes[:0]
    low, high = bounds(ranking, nodes)
    sure = is_member(nodes, certain)
    lows, highs = np.sort(low), np.append(np.sort(high[sure]), np.full(place + 1, np.inf))
    keep = np.ones(count, dtype=np.bool_)
    if place > 1:
        # Without itself, the (k-1)-th of the others is the k-th of all where it stands among the first k - 1.
        keep &= high >= np.where(low <= lows[place - 2], lows[place - 1], lows[place - 2])
    keep &= low <= np.where(sure & (high <= highs[place - 1]), highs[place], highs[place - 1])
    return nodes[keep]
