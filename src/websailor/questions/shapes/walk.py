"""Random walks with restart over the knowledge graph, in numba: one call draws a batch of connected subgraphs.

Enters: the arrays of a `Csr` and of its simple undirected form, the set of hubs, four probabilities and a random state.
Leaves: for every draw its nodes and, for every adjacent pair that was kept, one fact. A draw is a walk that
- with probability `restart` goes on from a random node it already has,
- with probability `closing` adds a common neighbour of two of its nodes, which closes a cycle,
- otherwise steps to a random neighbour,
and afterwards takes each remaining pair of adjacent nodes (a chord) with probability `chord`. A hub, a node with more
neighbours than the cap, may be stepped on but not walked on from, and is never part of a cycle: that two towns lie in
the same country is no cycle anyone reasons about.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from websailor.questions.shapes.canonical import MAX_NODES
from websailor.questions.shapes.csr import Int32, Int64

MAX_EDGES = MAX_NODES * (MAX_NODES - 1) // 2
STEPS_PER_NODE = 20
PARTNERS_TRIED = 3

State = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]


@njit(cache=True)
def _random(state: State) -> float:
    """Uniform in [0, 1): SplitMix64 (Steele, Lea, Flood 2014), the same on every platform and version."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    mixed = state[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    return float(mixed >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True)
def _below(state: State, count: int) -> int:
    """Uniform in 0 .. count - 1."""
    return int(_random(state) * count)


@njit(cache=True)
def _member(node_N: Int32, size: int, node: int) -> int:
    for place in range(size):
        if node_N[place] == node:
            return place
    return -1


@njit(cache=True)
def _common_neighbour(
    state: State, indptr: Int64, indices: Int32, hub_V: Bools, node_N: Int32, size: int, one: int, other: int
) -> int:
    """A uniformly drawn common neighbour of two nodes that is no hub and no member; -1 if there is none."""
    left, left_end = int(indptr[one]), int(indptr[one + 1])
    right, right_end = int(indptr[other]), int(indptr[other + 1])
    chosen, found = -1, 0
    while left < left_end and right < right_end:
        if indices[left] < indices[right]:
            left += 1
        elif indices[left] > indices[right]:
            right += 1
        else:
            node = int(indices[left])
            if not hub_V[node] and _member(node_N, size, node) < 0:
                found += 1
                if _below(state, found) == 0:
                    chosen = node
            left += 1
            right += 1
    return chosen


@njit(cache=True)
def _facts(indptr: Int64, indices: Int32, source: int, target: int) -> tuple[int, int]:
    """Edge positions of the facts from `source` to `target`, by bisection: the first and one past the last."""
    low, high = int(indptr[source]), int(indptr[source + 1])
    end = high
    while low < high:
        middle = (low + high) // 2
        if indices[middle] < target:
            low = middle + 1
        else:
            high = middle
    stop = low
    while stop < end and indices[stop] == target:
        stop += 1
    return low, stop


@njit(cache=True)
def _walk(
    state: State,
    indptr: Int64,
    indices: Int32,
    hub_V: Bools,
    start: int,
    wanted: int,
    restart: float,
    closing: float,
    node_N: Int32,
    linked_N: npt.NDArray[np.int64],
) -> int:
    """Fill `node_N` with members and `linked_N` with bit masks of the pairs walked; returns the number of members."""
    node_N[0] = start
    linked_N[:] = 0
    size, here = 1, 0
    for _ in range(STEPS_PER_NODE * wanted):
        if size == wanted:
            break
        if size > 1 and (_random(state) < restart or hub_V[node_N[here]]):
            here = _below(state, size)
            continue
        if size > 1 and _random(state) < closing:
            added = False
            for _ in range(PARTNERS_TRIED):
                partner = _below(state, size)
                if partner == here or hub_V[node_N[partner]]:
                    continue
                node = _common_neighbour(state, indptr, indices, hub_V, node_N, size, node_N[here], node_N[partner])
                if node >= 0:
                    node_N[size] = node
                    for place in (here, partner):
                        linked_N[place] |= 1 << size
                        linked_N[size] |= 1 << place
                    here = size
                    size += 1
                    added = True
                    break
            if added:
                continue
        first, last = indptr[node_N[here]], indptr[node_N[here] + 1]
        node = indices[first + _below(state, last - first)]
        place = _member(node_N, size, node)
        if place < 0:
            place = size
            node_N[size] = node
            size += 1
            linked_N[here] |= 1 << place
            linked_N[place] |= 1 << here
        here = place
    return size


@njit(cache=True)
def draw_batch(
    state: State,
    indptr: Int64,
    indices: Int32,
    out_indptr: Int64,
    out_indices: Int32,
    hub_V: Bools,
    start_S: Int64,
    count: int,
    smallest: int,
    largest: int,
    restart: float,
    closing: float,
    chord: float,
) -> tuple[Int64, Int32, Int64, npt.NDArray[np.int64], npt.NDArray[np.uint16]]:
    """Draw `count` subgraphs that start at nodes of `start_S`.

    Returns sizes (B,), nodes (B, MAX_NODES), edge counts (B,), edges (B, MAX_EDGES, 3) as (from, to, position in the
    out-edge arrays) with from and to positions among the nodes, and the edges once more as bit masks (B, MAX_NODES).
    A walk that ends in a component smaller than `smallest` has size 0. Of several facts about one pair, in either
    direction, one is drawn.
    """
    size_B = np.zeros(count, np.int64)
    node_BN = np.zeros((count, MAX_NODES), np.int32)
    edges_B = np.zeros(count, np.int64)
    edge_BE3 = np.zeros((count, MAX_EDGES, 3), np.int64)
    out_BN = np.zeros((count, MAX_NODES), np.uint16)
    linked_N = np.zeros(MAX_NODES, np.int64)
    for row in range(count):
        wanted = smallest + _below(state, largest - smallest + 1)
        start = start_S[_below(state, len(start_S))]
        node_N = node_BN[row]
        size = _walk(state, indptr, indices, hub_V, start, wanted, restart, closing, node_N, linked_N)
        if size < smallest:
            continue
        size_B[row] = size
        edges = 0
        for one in range(size):
            for other in range(one + 1, size):
                walked = (linked_N[one] >> other) & 1
                if not walked and (hub_V[node_N[one]] or hub_V[node_N[other]] or _random(state) >= chord):
                    continue
                low, stop = _facts(out_indptr, out_indices, node_N[one], node_N[other])
                back, back_stop = _facts(out_indptr, out_indices, node_N[other], node_N[one])
                facts = (stop - low) + (back_stop - back)
                if facts == 0:
                    continue
                pick = _below(state, facts)
                if pick < stop - low:
                    source, target, position = one, other, low + pick
                else:
                    source, target, position = other, one, back + pick - (stop - low)
                edge_BE3[row, edges, 0], edge_BE3[row, edges, 1], edge_BE3[row, edges, 2] = source, target, position
                out_BN[row, source] |= np.uint16(1 << target)
                edges += 1
        edges_B[row] = edges
    return size_B, node_BN, edges_B, edge_BE3, out_BN
