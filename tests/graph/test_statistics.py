"""Measures of graphs, against networkx."""

import io

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from websailor.graph.report import Comparison, statistics_table
from websailor.graph.statistics import measure, popularity


@st.composite
def graphs(draw: st.DrawFn) -> nx.Graph:
    size = draw(st.integers(1, 25))
    graph = nx.empty_graph(size)
    node = st.integers(0, size - 1)
    graph.add_edges_from(draw(st.lists(st.tuples(node, node).filter(lambda pair: pair[0] != pair[1]), max_size=60)))
    return graph


def pairs(graph: nx.Graph) -> list[tuple[str, str]]:
    return [(str(one), str(other)) for one, other in graph.edges]


def check(graph: nx.Graph) -> None:
    found = measure([str(node) for node in graph], pairs(graph))
    edges = graph.number_of_edges()
    bridges = sum(1 for _ in nx.bridges(graph))
    assert (found.nodes, found.edges) == (len(graph), edges)
    assert found.components == nx.number_connected_components(graph)
    assert found.giant_component == pytest.approx(max(map(len, nx.connected_components(graph))) / len(graph))
    assert found.density == pytest.approx(nx.density(graph))
    assert found.clustering == pytest.approx(nx.average_clustering(graph))
    assert found.transitivity == pytest.approx(nx.transitivity(graph))
    assert found.cycle_rank == len(nx.cycle_basis(graph))
    assert found.edges_on_cycles == pytest.approx((edges - bridges) / edges if edges else 0)
    assert found.largest_degree == max(degree for _, degree in graph.degree)


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_measures_are_those_of_networkx(graph: nx.Graph) -> None:
    check(graph)


@pytest.mark.parametrize("seed", range(3))
def test_measures_of_larger_graphs(seed: int) -> None:
    check(nx.powerlaw_cluster_graph(800, 3, 0.4, seed=seed))
    check(nx.gnm_random_graph(1500, 1400, seed=seed))


def test_direction_multiplicity_and_loops_do_not_count() -> None:
    found = measure(["a", "b", "c"], [("a", "b"), ("b", "a"), ("a", "b"), ("c", "c")])
    assert (found.edges, found.facts, found.cycle_rank, found.components) == (1, 4, 0, 2)
    assert found.hubs == (("a", 1), ("b", 1))


def test_nothing_has_measures_too() -> None:
    found = measure([], [])
    assert (found.nodes, found.edges, found.components, found.density, found.giant_component) == (0, 0, 0, 0, 0)


def test_the_table_shows_both_sides() -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    tree, cycle = (measure([*"abcd"], edges) for edges in ([("a", "b")], [("a", "b"), ("b", "c"), ("c", "a")]))
    console.print(statistics_table(Comparison(before=tree, after=cycle)))
    text = console.export_text()
    assert "cycle rank" in text
    assert "100.0%" in text


@given(graphs())
def test_popularity_solves_the_equation_of_pagerank(graph: nx.Graph) -> None:
    count, edges = len(graph), [(one, other) for one, other in graph.edges if one % 3]
    found_N = popularity(count, np.array(edges, dtype=np.int64).reshape(-1, 2), rounds=1000)
    walk_NN = np.zeros((count, count))
    for one, other in edges:
        walk_NN[other, one] += 1
    out_N = walk_NN.sum(axis=0)
    walk_NN = np.where(out_N > 0, walk_NN / np.maximum(out_N, 1), 1 / count)
    expected_N = np.linalg.solve(np.eye(count) - 0.85 * walk_NN, np.full(count, 0.15))
    np.testing.assert_allclose(found_N, expected_N, atol=1e-4)


def test_a_plain_expansion_stands_beside() -> None:
    console = Console(width=140, record=True, file=io.StringIO())
    tree = measure([*"ab"], [("a", "b")])
    console.print(statistics_table(Comparison(before=tree, after=tree, plain=tree, sources={"table": 3})))
    text = console.export_text()
    assert "plain expansion" in text
    assert "no cycle" in text
    assert "table 3" in text
