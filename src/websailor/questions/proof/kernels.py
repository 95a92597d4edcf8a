"""The inner loops of a proof, compiled: following edges, looking nodes up, dropping repeats.

Enters: arrays of node numbers. Leaves: arrays. A proof takes some twenty semi-joins of a few hundred nodes each, so it
costs what passes and temporary arrays cost: each kernel does in one pass what takes numpy several.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

Nodes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Bounds = npt.NDArray[np.int32]

EVERYTHING = np.zeros(0, dtype=np.bool_)
"""Stands for no mask."""
ANYTHING = np.zeros(0, dtype=np.int64)
"""Stands for no set."""
NO_BOUNDS = np.zeros(0, dtype=np.int32)
"""Stands for no index of all nodes."""
ALL, MASKED, SEARCHED = 0, 1, 2
"""Which neighbours are allowed: every one, those of a mask, those of a sorted set."""


@njit(cache=True)
def _place(of: Nodes, node: int, low: int) -> int:
    """First place at or after `low` whose node is not below `node`: gallops, as neighbours lie close to each other."""
    size = len(of)
    step = 1
    high = low
    while high < size and of[high] < node:
        low = high + 1
        high += step
        step *= 2
    high = min(high, size)
    while low < high:
        middle = (low + high) >> 1
        if of[middle] < node:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True)
def member_mask(nodes: Nodes, of: Nodes) -> Mask:
    """Mask of the nodes that stand in the sorted set `of`."""
    found = np.zeros(len(nodes), dtype=np.bool_)
    size = len(of)
    if size == 0:
        return found
    place, before = 0, of[0]
    for number in range(len(nodes)):
        node = nodes[number]
        place = _place(of, node, place if node >= before else 0)
        before = node
        found[number] = place < size and of[place] == node
    return found


@njit(cache=True)
def without_repeats(nodes: Nodes) -> Nodes:
    """A sorted array without its repeats; the array itself where it has none."""
    size = len(nodes)
    first = 1
    while first < size and nodes[first] != nodes[first - 1]:
        first += 1
    if first >= size:
        return nodes
    found = np.empty(size, dtype=np.int64)
    found[:first] = nodes[:first]
    count = first
    for number in range(first + 1, size):
        if nodes[number] != nodes[number - 1]:
            found[count] = nodes[number]
            count += 1
    return found[:count].copy()


@njit(cache=True)
def edges(
    keys: Nodes, starts: Nodes, dense: Bounds, values: Nodes, nodes: Nodes, mask: Mask, among: Nodes, limited: int
) -> tuple[Nodes, Nodes]:
    """All edges of `nodes`, (the node repeated, its neighbour), whose neighbour is allowed.

    A row is found in `dense`, or in `keys` where that is empty. `limited`: `ALL`, `MASKED` (by `mask`) or `SEARCHED`
    (in `among`).
    """
    count = len(nodes)
    first = np.empty(count, dtype=np.int64)
    last = np.empty(count, dtype=np.int64)
    total, place, rows = 0, 0, len(keys)
    for number in range(count):
        node = nodes[number]
        if len(dense):
            first[number], last[number] = dense[node], dense[node + 1]
        else:
            place = _place(keys, node, place if number == 0 or node >= nodes[number - 1] else 0)
            if place < rows and keys[place] == node:
                first[number], last[number] = starts[place], starts[place + 1]
            else:
                first[number], last[number] = 0, 0
        total += last[number] - first[number]
    owner_P = np.empty(total, dtype=np.int64)
    value_P = np.empty(total, dtype=np.int64)
    size = 0
    for number in range(count):
        here = 0
        for edge in range(first[number], last[number]):
            value = values[edge]
            if limited == MASKED and not mask[value]:
                continue
            if limited == SEARCHED:
                # The values of a row are sorted.
                here = _place(among, value, here)
                if here >= len(among):
                    break
                if among[here] != value:
                    continue
            owner_P[size] = nodes[number]
            value_P[size] = value
            size += 1
    return owner_P[:size], value_P[:size]
