"""Classes and orbits of small directed graphs, against networkx."""

import itertools
import random
from collections import defaultdict

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networkx.algorithms.isomorphism import DiGraphMatcher

from websailor.questions.shapes.canonical import MAX_NODES, orbits, shape_of, wl_hash

Edges = list[tuple[int, int]]


def directed(size: int, edges: Edges) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from(range(size))
    graph.add_edges_from(edges)
    return graph


def both_ways(graph: nx.Graph) -> tuple[int, Edges]:
    graph = nx.convert_node_labels_to_integers(graph)
    return len(graph), [pair for one, other in graph.edges for pair in ((one, other), (other, one))]


@st.composite
def small_graphs(draw: st.DrawFn, largest: int = 7) -> tuple[int, Edges]:
    size = draw(st.integers(1, largest))
    pairs = [(one, other) for one in range(size) for other in range(size) if one != other]
    return size, draw(st.lists(st.sampled_from(pairs), unique=True, max_size=20)) if pairs else []


def reference_orbits(graph: nx.DiGraph, labels: list[str] | None = None) -> set[tuple[int, ...]]:
    images: dict[int, set[int]] = {node: {node} for node in graph}
    if labels is not None:
        nx.set_node_attributes(graph, dict(enumerate(labels)), "label")
    match = (lambda one, other: one["label"] == other["label"]) if labels is not None else None
    for mapping in DiGraphMatcher(graph, graph, node_match=match).isomorphisms_iter():
        for node, image in mapping.items():
            images[node].add(image)
    return {tuple(sorted(image)) for image in images.values()}


@given(small_graphs(largest=MAX_NODES), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_renaming_nodes_changes_nothing(graph: tuple[int, Edges], rng: random.Random) -> None:
    size, edges = graph
    names = list(range(size))
    rng.shuffle(names)
    form, renamed = shape_of(size, edges), shape_of(size, [(names[one], names[other]) for one, other in edges])
    assert (form.wl_hash, form.class_id) == (renamed.wl_hash, renamed.class_id)
    moved = tuple(tuple(sorted(names[node] for node in orbit)) for orbit in form.orbits)
    assert moved == renamed.orbits


@given(small_graphs(largest=6))
@settings(max_examples=400, deadline=None)
def test_orbits_are_those_of_networkx(graph: tuple[int, Edges]) -> None:
    size, edges = graph
    assert set(orbits(size, edges)) == reference_orbits(directed(size, edges))


@given(small_graphs(largest=5), st.lists(st.sampled_from("ab"), min_size=5, max_size=5))
@settings(max_examples=200, deadline=None)
def test_labelled_orbits_are_those_of_networkx(graph: tuple[int, Edges], labels: list[str]) -> None:
    size, edges = graph
    assert set(orbits(size, edges, labels[:size])) == reference_orbits(directed(size, edges), labels[:size])


def test_all_directed_graphs_of_four_nodes_fall_into_their_classes() -> None:
    """218 digraphs on 4 nodes up to isomorphism (OEIS A000273)."""
    pairs = [(one, other) for one in range(4) for other in range(4) if one != other]
    subsets = itertools.chain.from_iterable(itertools.combinations(pairs, count) for count in range(len(pairs) + 1))
    assert len({shape_of(4, list(edges)).class_id for edges in subsets}) == 218


def test_same_class_exactly_when_isomorphic() -> None:
    rng = random.Random(7)
    drawn: dict[tuple[int, int, tuple[tuple[int, int], ...]], list[tuple[int, Edges]]] = defaultdict(list)
    for _ in range(4000):
        size = rng.randint(4, 7)
        edges = rng.sample([(a, b) for a in range(size) for b in range(size) if a != b], size)
        graph = directed(size, edges)
        degrees = tuple(sorted((graph.in_degree(node), graph.out_degree(node)) for node in graph))
        drawn[size, len(edges), degrees].append((size, edges))
    compared = isomorphic = 0
    for alike in drawn.values():
        for (size, one), (_, other) in itertools.islice(itertools.combinations(alike, 2), 60):
            same = nx.is_isomorphic(directed(size, one), directed(size, other))
            assert (shape_of(size, one).class_id == shape_of(size, other).class_id) == same
            if same:
                assert wl_hash(size, one) == wl_hash(size, other)
            compared += 1
            isomorphic += same
    assert compared > 5000
    assert 100 < isomorphic < compared - 100


def test_hash_separates_what_the_hash_of_networkx_separates() -> None:
    """On connected undirected graphs of up to 7 nodes three rounds from one colour see what networkx' three see."""
    ours: dict[str, set[str]] = defaultdict(set)
    theirs: dict[str, set[str]] = defaultdict(set)
    for graph in nx.graph_atlas_g()[1:]:
        size, edges = both_ways(graph)
        mine, reference = wl_hash(size, edges), f"{size} {nx.weisfeiler_lehman_graph_hash(graph, iterations=3)}"
        ours[mine].add(reference)
        theirs[reference].add(mine)
    assert all(len(group) == 1 for group in (*ours.values(), *theirs.values()))


COLLISIONS = {
    "C6 and 2 C3": (nx.cycle_graph(6), nx.disjoint_union(nx.cycle_graph(3), nx.cycle_graph(3))),
    "decalin and bicyclopentyl": (
        nx.Graph([(i, (i + 1) % 10) for i in range(10)] + [(0, 5)]),
        nx.Graph([(i, (i + 1) % 5) for i in range(5)] + [(5 + i, 5 + (i + 1) % 5) for i in range(5)] + [(0, 5)]),
    ),
    "prism and K3,3": (nx.circular_ladder_graph(3), nx.complete_bipartite_graph(3, 3)),
}


@pytest.mark.parametrize("name", COLLISIONS)
def test_classes_differ_where_refinement_is_blind(name: str) -> None:
    one, other = (shape_of(*both_ways(graph)) for graph in COLLISIONS[name])
    assert one.wl_hash == other.wl_hash
    assert one.class_id != other.class_id


def test_every_undirected_graph_of_seven_nodes_has_a_class_of_its_own() -> None:
    forms = [shape_of(*both_ways(graph)) for graph in nx.graph_atlas_g()[1:]]
    assert len({form.class_id for form in forms}) == len(forms) == 1252
    assert len({form.wl_hash for form in forms}) < len(forms)


@pytest.mark.parametrize(
    ("graph", "sizes"),
    [
        (nx.star_graph(11), [1, 11]),
        (nx.complete_graph(12), [12]),
        (nx.cycle_graph(12), [12]),
        (nx.path_graph(12), [2] * 6),
        (nx.icosahedral_graph(), [12]),
        (nx.petersen_graph(), [10]),
        (nx.Graph([(0, 2 * i + 1) for i in range(5)] + [(2 * i + 1, 2 * i + 2) for i in range(5)]), [1, 5, 5]),
        (nx.Graph([(one, 6 + other) for one in range(6) for other in range(6) if one != other]), [12]),
        (nx.frucht_graph(), [1] * 12),
    ],
)
def test_orbits_of_known_graphs(graph: nx.Graph, sizes: list[int]) -> None:
    assert sorted(map(len, orbits(*both_ways(graph)))) == sizes


def test_direction_counts() -> None:
    assert shape_of(3, [(0, 1), (1, 2)]).class_id != shape_of(3, [(0, 1), (2, 1)]).class_id
    assert orbits(3, [(0, 1), (2, 1)]) != orbits(3, [(0, 1), (1, 2)])


def test_class_ids_stay_the_same_between_versions() -> None:
    """Curricula and reports are keyed by them."""
    assert shape_of(3, [(0, 1), (1, 2), (2, 0)]).class_id == "2c9b71509221c0b9-2a5bffa7"
    assert shape_of(4, [(0, 1), (1, 2), (1, 3), (3, 2)]).class_id == "a02a00518a7ae450"


@pytest.mark.parametrize(("size", "edges"), [(0, []), (13, []), (2, [(0, 2)])])
def test_what_is_no_shape_is_refused(size: int, edges: Edges) -> None:
    with pytest.raises(ValueError, match="shape"):
        shape_of(size, edges)


def test_labels_must_fit() -> None:
    with pytest.raises(ValueError, match="labels"):
        orbits(2, [(0, 1)], ["a"])
