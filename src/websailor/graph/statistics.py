"""How dense, cyclic and connected a knowledge graph is, in plain numpy.

Enters: entity ids and the (subject, object) pairs of its entity facts. Leaves: `GraphStatistics`. All measures are of
the simple undirected graph: direction, parallel facts and self-loops do not count, literal values are no nodes. Fast
enough for 1e7 edges: components by pointer jumping, triangles over edges oriented from low to high degree, bridges by
XOR labels on a breadth-first forest.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from websailor.records import Record

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
WEDGES_AT_ONCE = 1 << 22


class GraphStatistics(Record):
    """The measures of one graph."""

    nodes: int
    edges: int
    """Pairs of entities joined by at least one fact."""
    facts: int
    """Entity facts, parallel ones counted."""
    density: float
    """edges / (nodes choose 2)."""
    mean_degree: float
    clustering: float
    """Mean local clustering coefficient, 0 for nodes of degree below 2 (Watts & Strogatz 1998)."""
    transitivity: float
    """3 x triangles / wedges."""
    cycle_rank: int
    """edges - nodes + components: independent cycles."""
    edges_on_cycles: float
    """Share of edges that are no bridge."""
    components: int
    giant_component: float
    """Share of nodes in the largest component."""
    largest_degree: int
    hubs: tuple[tuple[str, int], ...]
    """The entities with most neighbours, with their numbers of neighbours."""


def measure(nodes: Sequence[str], pairs: Iterable[tuple[str, str]], hubs: int = 10) -> GraphStatistics:
    """Measure the graph of `nodes` with one edge per distinct pair; pairs of unknown nodes raise `KeyError`."""
    return measure_edges(nodes, numbered(nodes, pairs), hubs)


def numbered(nodes: Sequence[str], pairs: Iterable[tuple[str, str]]) -> Int64:
    """Pairs (F, 2) of node numbers."""
    number = {name: position for position, name in enumerate(nodes)}
    return np.array([(number[one], number[other]) for one, other in pairs], dtype=np.int64).reshape(-1, 2)


def measure_edges(nodes: Sequence[str], fact_F2: Int64, hubs: int = 10) -> GraphStatistics:
    """Measure the graph of `nodes` whose facts join the node numbers in the rows of `fact_F2`."""
    count = len(nodes)
    edge_E2 = simple_edges(count, fact_F2)
    edges = len(edge_E2)
    degree_N = np.bincount(edge_E2.ravel(), minlength=count)
    component_N = components(count, edge_E2)
    sizes = np.bincount(component_N, minlength=count)
    parts = int((sizes > 0).sum())
    triangle_N = triangles(count, edge_E2)
    wedge_N = degree_N * (degree_N - 1) // 2
    local_N = np.divide(triangle_N, wedge_N, out=np.zeros(count), where=wedge_N > 0)
    top = np.argsort(-degree_N, kind="stable")[:hubs]
    return GraphStatistics(
        nodes=count,
        edges=edges,
        facts=len(fact_F2),
        density=2 * edges / (count * (count - 1)) if count > 1 else 0.0,
        mean_degree=2 * edges / count if count else 0.0,
        clustering=float(local_N.mean()) if count else 0.0,
        transitivity=float(triangle_N.sum() / wedge_N.sum()) if wedge_N.sum() else 0.0,
        cycle_rank=edges - count + parts,
        edges_on_cycles=float(on_cycle(count, edge_E2, component_N).mean()) if edges else 0.0,
        components=parts,
        giant_component=float(sizes.max() / count) if count else 0.0,
        largest_degree=int(degree_N.max()) if count else 0,
        hubs=tuple((str(nodes[node]), int(degree_N[node])) for node in top.tolist() if degree_N[node] > 0),
    )


def popularity(count: int, fact_F2: Int64, damping: float = 0.85, rounds: int = 50) -> Float64:
    """(N,) PageRank on the directed facts, times the number of nodes: 1 is average (Page et al. 1999).

    A node without facts of its own passes its share to all.
    """
    if not count:
        return np.zeros(0)
    degree_N = np.bincount(fact_F2[:, 0], minlength=count)
    rank_N = np.ones(count)
    for _ in range(rounds):
        share_N = np.divide(rank_N, degree_N, out=np.zeros(count), where=degree_N > 0)
        flow_N = np.bincount(fact_F2[:, 1], weights=share_N[fact_F2[:, 0]], minlength=count)
        spread = rank_N[degree_N == 0].sum() / count
        following_N = 1 - damping + damping * (flow_N + spread)
        moved = float(np.abs(following_N - rank_N).max())
        rank_N = following_N
        if moved < 1e-6:
            break
    return rank_N


def simple_edges(count: int, fact_F2: Int64) -> Int64:
    """Distinct undirected pairs (E, 2) with first < second, sorted."""
    low, high = fact_F2.min(axis=1, initial=count), fact_F2.max(axis=1, initial=0)
    key = np.unique(low[low != high] * count + high[low != high])
    return np.stack([key // max(count, 1), key % max(count, 1)], axis=1)


def components(count: int, edge_E2: Int64) -> Int64:
    """(N,) the smallest node of each node's component."""
    label_N = np.arange(count, dtype=np.int64)
    if len(edge_E2) == 0:
        return label_N
    while True:
        before = label_N.copy()
        one, other = label_N[edge_E2[:, 0]], label_N[edge_E2[:, 1]]
        np.minimum.at(label_N, np.maximum(one, other), np.minimum(one, other))
        while True:
            jumped = label_N[label_N]
            if np.array_equal(jumped, label_N):
                break
            label_N = jumped
        if np.array_equal(before, label_N):
            return label_N


def triangles(count: int, edge_E2: Int64) -> Int64:
    """(N,) triangles through each node. Every triangle is found once, from its node of lowest degree."""
    triangle_N = np.zeros(count, dtype=np.int64)
    if len(edge_E2) == 0:
        return triangle_N
    degree_N = np.bincount(edge_E2.ravel(), minlength=count)
    rank_N = np.empty(count, dtype=np.int64)
    node_of = np.lexsort((np.arange(count), degree_N))
    rank_N[node_of] = np.arange(count)
    ranked = rank_N[edge_E2]
    key_E = np.sort(ranked.min(axis=1) * count + ranked.max(axis=1))
    source_E, target_E = key_E // count, key_E % count
    end_N = np.cumsum(np.bincount(source_E, minlength=count))
    later_E = end_N[source_E] - np.arange(len(key_E)) - 1
    start = 0
    total_E = np.cumsum(later_E)
    while start < len(key_E):
        base = total_E[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(total_E, base + WEDGES_AT_ONCE, side="right")))
        repeat = later_E[start:stop]
        first = np.repeat(np.arange(start, stop), repeat)
        second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
        wanted = target_E[first] * count + target_E[second]
        place = np.searchsorted(key_E, wanted)
        closed = key_E[np.minimum(place, len(key_E) - 1)] == wanted
        corners = np.concatenate([source_E[first[closed]], target_E[first[closed]], target_E[second[closed]]])
        triangle_N += np.bincount(node_of[corners], minlength=count)
        start = stop
    return triangle_N


def on_cycle(count: int, edge_E2: Int64, component_N: Int64) -> npt.NDArray[np.bool_]:
    """(E,) True for edges on some cycle.

    Every edge outside a breadth-first forest gets a random 64-bit label, every forest edge the XOR of the labels that
    cross it; it is a bridge exactly when nothing crosses it, wrongly called one with probability 2^-64 (Pritchard &
    Thurimella 2011, "Fast computation of small cuts via cycle space sampling").
    """
    edges = len(edge_E2)
    both = np.concatenate([edge_E2, edge_E2[:, ::-1]])
    order = np.argsort(both[:, 0], kind="stable")
    indptr = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(both[:, 0], minlength=count), out=indptr[1:])
    neighbour, edge_of = both[order, 1], order % max(edges, 1)
    seen_N = component_N == np.arange(count)
    parent_N = np.full(count, -1, dtype=np.int64)
    parent_edge_N = np.full(count, -1, dtype=np.int64)
    levels = [np.flatnonzero(seen_N)]
    while len(level := levels[-1]):
        width = indptr[level + 1] - indptr[level]
        slot = np.arange(width.sum()) + np.repeat(indptr[level] - (np.cumsum(width) - width), width)
        slot_from = np.repeat(level, width)
        fresh = ~seen_N[neighbour[slot]]
        found, first = np.unique(neighbour[slot[fresh]], return_index=True)
        parent_N[found], parent_edge_N[found] = slot_from[fresh][first], edge_of[slot[fresh][first]]
        seen_N[found] = True
        levels.append(found)
    in_forest_E = np.zeros(edges, dtype=bool)
    in_forest_E[parent_edge_N[parent_edge_N >= 0]] = True
    label_E = np.random.default_rng(0).integers(1, 1 << 63, edges, dtype=np.int64)
    label_N = np.zeros(count, dtype=np.int64)
    for side in (0, 1):
        np.bitwise_xor.at(label_N, edge_E2[~in_forest_E, side], label_E[~in_forest_E])
    for level in reversed(levels[1:]):
        np.bitwise_xor.at(label_N, parent_N[level], label_N[level])
    result_E = ~in_forest_E
    child = np.flatnonzero(parent_edge_N >= 0)
    result_E[parent_edge_N[child]] = label_N[child] != 0
    return result_E
