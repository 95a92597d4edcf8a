"""Which part of the encyclopedia is for training and which is held out: whole graph communities, never single pages.

Enters: the graph. Leaves: for every entity `train` or `held_out`. The parts depend on the graph, the share and the
split seed alone, not on the questions, so that questions made later keep clear of the same held-out part.
"""

import random
from collections import Counter

import numpy as np
import numpy.typing as npt

from websailor.questions.shapes.csr import Csr, simple_undirected

ROUNDS = 12
LARGEST_SHARE = 0.2
"""A connected component with a larger share of all entities is divided further."""


def components(indptr: npt.NDArray[np.int64], indices: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """(N,) number of each node's connected component, by pointer jumping over minima."""
    count = len(indptr) - 1
    label = np.arange(count, dtype=np.int64)
    source = np.repeat(np.arange(count), np.diff(indptr))
    while True:
        lowest = label.copy()
        np.minimum.at(lowest, source, label[indices])
        lowest = lowest[lowest]
        if np.array_equal(lowest, label):
            return label
        label = lowest


def communities(graph: Csr, seed: int) -> npt.NDArray[np.int64]:
    """(N,) community of each node: connected components, large ones divided by label propagation (Raghavan et al.
    2007).

    Labels are updated one node at a time in a seeded order; ties go to the smallest label, so the result is the same
    everywhere.
    """
    indptr, indices = simple_undirected(graph)
    label = components(indptr, indices)
    sizes = np.bincount(label, minlength=len(label))
    large = np.flatnonzero(sizes[label] > LARGEST_SHARE * len(label))
    if not len(large):
        return label
    current = label.tolist()
    for node in large.tolist():
        current[node] = node
    order = large.tolist()
    rng = random.Random(f"communities/{seed}")
    for _ in range(ROUNDS):
        rng.shuffle(order)
        changed = 0
        for node in order:
            around = indices[indptr[node] : indptr[node + 1]].tolist()
            votes = Counter(current[other] for other in around)
            best = min(votes, key=lambda name: (-votes[name], name))
            if best != current[node]:
                current[node] = best
                changed += 1
        if not changed:
            break
    return np.array(current, dtype=np.int64)


def held_out_entities(graph: Csr, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """(N,) True for the entities set apart: random whole communities until `share` of all entities is reached."""
    held = np.zeros(graph.node_count, dtype=bool)
    if share <= 0:
        return held
    label = communities(graph, seed)
    names, sizes = np.unique(label, return_counts=True)
    order = list(range(len(names)))
    random.Random(f"held out/{seed}").shuffle(order)
    if len(order) < 2:
        return held
    chosen: list[int] = []
    taken, wanted = 0, share * graph.node_count
    for place in order:
        if taken + sizes[place] <= 1.25 * wanted:
            chosen.append(int(names[place]))
            taken += int(sizes[place])
        if taken >= wanted:
            break
    return np.isin(label, chosen or [int(names[int(np.argmin(sizes))])])
