"""Subgraph sampling: what a sample is, how even the stream is, what is refused."""

from collections import Counter
from itertools import islice

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from websailor.diversity import effective_number
from websailor.errors import UserError
from websailor.questions.shapes.canonical import shape_of
from websailor.questions.shapes.csr import Csr, csr_from_arrays, csr_from_facts, simple_undirected
from websailor.questions.shapes.sample import (
    Sample,
    WalkConfig,
    by_class,
    draw_focus,
    focus_in,
    hubs,
    sample_subgraphs,
    subgraph_record,
)
from websailor.records import Fact, Source


def csr_of(graph: nx.Graph) -> Csr:
    graph = nx.convert_node_labels_to_integers(graph)
    edge_E2 = np.array(list(graph.edges), dtype=np.int32).reshape(-1, 2)
    nodes = [f"n{node}" for node in graph]
    return csr_from_arrays(nodes, edge_E2[:, 0], np.zeros(len(edge_E2), np.int32), edge_E2[:, 1])


def fact(subject: str, relation: str, value: str, value_type: str = "entity") -> Fact:
    source = Source(page=subject, kind="infobox", quote=f"{relation}: {value}")
    return Fact.model_validate(
        {
            "id": f"{subject}-{relation}-{value}",
            "subject": subject,
            "relation": relation,
            "object": value,
            "value_type": value_type,
            "source": source,
        }
    )


@pytest.fixture(scope="module")
def clustered() -> Csr:
    return csr_of(nx.powerlaw_cluster_graph(2000, 4, 0.4, seed=3))


def draws(graph: Csr, count: int, seed: int = 0, **options: float) -> list[Sample]:
    config = WalkConfig.model_validate(options)
    return list(islice(sample_subgraphs(graph, config, np.random.default_rng(seed)), count))


def test_csr_holds_every_entity_fact() -> None:
    facts = [
        fact("a", "likes", "b"),
        fact("a", "born", "1950", "date"),
        fact("b", "knows", "a"),
        fact("a", "knows", "b"),
        fact("c", "knows", "c"),
    ]
    graph = csr_from_facts(["a", "b", "c"], facts)
    out = [
        (graph.nodes[node], graph.nodes[graph.out_indices[edge]], facts[graph.out_fact[edge]].id)
        for node in range(3)
        for edge in range(graph.out_indptr[node], graph.out_indptr[node + 1])
    ]
    assert out == [("a", "b", "a-knows-b"), ("a", "b", "a-likes-b"), ("b", "a", "b-knows-a"), ("c", "c", "c-knows-c")]
    indptr, indices = simple_undirected(graph)
    assert (indptr.tolist(), indices.tolist()) == ([0, 1, 2, 2], [1, 0])


def test_csr_refuses_facts_of_another_graph() -> None:
    with pytest.raises(UserError, match="'b'"):
        csr_from_facts(["a"], [fact("a", "knows", "b")])


def test_a_sample_is_a_connected_piece_of_the_graph(clustered: Csr) -> None:
    samples = draws(clustered, 1500)
    assert len(samples) == 1500
    source_E = np.repeat(np.arange(clustered.node_count), np.diff(clustered.out_indptr))
    ends = dict(
        zip(
            clustered.out_fact.tolist(),
            zip(source_E.tolist(), clustered.out_indices.tolist(), strict=True),
            strict=True,
        )
    )
    for sample in samples:
        assert 4 <= len(sample.nodes) == len(set(sample.nodes)) <= 12
        assert [(sample.nodes[one], sample.nodes[other]) for one, other in sample.edges] == [
            ends[index] for index in sample.facts
        ]
        graph = nx.Graph(list(sample.edges))
        assert len(graph) == len(sample.nodes)
        assert nx.is_connected(graph)
        assert sample.cycle_rank == len(nx.cycle_basis(graph))
        assert sample.form == shape_of(len(sample.nodes), sample.edges)
    assert len({tuple(sorted(sample.facts)) for sample in samples}) == len(samples)


def test_the_same_seed_gives_the_same_stream(clustered: Csr) -> None:
    assert draws(clustered, 200, seed=5) == draws(clustered, 200, seed=5)
    assert draws(clustered, 200, seed=5) != draws(clustered, 200, seed=6)


def test_quotas_make_classes_even(clustered: Csr) -> None:
    def diversity(quota: int) -> float:
        samples = draws(clustered, 2000, min_nodes=5, max_nodes=5, quota=quota)
        return effective_number(Counter(sample.form.class_id for sample in samples).values())

    assert diversity(10) > 1.5 * diversity(1_000_000)


def test_no_class_is_above_its_quota_while_others_have_room(clustered: Csr) -> None:
    samples = draws(clustered, 300, quota=3)
    assert max(Counter(sample.form.class_id for sample in samples).values()) == 3


def test_closing_steps_and_chords_make_cycles(clustered: Csr) -> None:
    def rank(closing: float, chord: float) -> float:
        samples = draws(clustered, 500, min_nodes=6, max_nodes=6, quota=1_000_000, closing=closing, chord=chord)
        return float(np.mean([sample.cycle_rank for sample in samples]))

    assert rank(closing=0, chord=0) == 0
    assert rank(closing=0, chord=1) > 0.2
    assert rank(closing=0.8, chord=0) > 0.5


def test_cyclic_shapes_alone(clustered: Csr) -> None:
    assert min(sample.cycle_rank for sample in draws(clustered, 300, min_cycle_rank=2)) >= 2


def test_a_hub_is_never_on_a_cycle() -> None:
    wheel = nx.wheel_graph(200)
    graph = csr_of(wheel)
    assert np.flatnonzero(hubs(graph, 100)).tolist() == [0]
    met = 0
    for sample in draws(graph, 300, min_nodes=4, max_nodes=6, hub_degree=100, closing=1, chord=1):
        if 0 in sample.nodes:
            met += 1
            assert nx.Graph(list(sample.edges)).degree(sample.nodes.index(0)) == 1
    assert met > 10


def test_a_finite_graph_runs_dry() -> None:
    graph = csr_of(nx.cycle_graph(5))
    samples = draws(graph, 10_000, min_nodes=3, max_nodes=5, chord=1, closing=0, batch=256)
    assert len({tuple(sorted(sample.facts)) for sample in samples}) == len(samples) == 5 + 5 + 1


def test_small_components_yield_what_they_can() -> None:
    graph = csr_of(nx.disjoint_union_all([nx.path_graph(3)] * 20 + [nx.path_graph(2)] * 20))
    assert {len(sample.nodes) for sample in draws(graph, 100, min_nodes=3, max_nodes=12, batch=256)} == {3}


def test_a_graph_without_cycles_is_refused_when_cycles_are_asked_for() -> None:
    tree = csr_of(nx.random_labeled_tree(200, seed=1))
    with pytest.raises(UserError, match="no cycle"):
        sample_subgraphs(tree, WalkConfig(min_cycle_rank=1), np.random.default_rng(0))
    assert draws(tree, 50)


def test_a_graph_whose_cycles_all_pass_a_hub_has_none() -> None:
    fans = nx.Graph([(0, node) for node in range(1, 301)] + [(node, node + 1) for node in range(1, 300, 2)])
    with pytest.raises(UserError, match="hubs aside"):
        sample_subgraphs(csr_of(fans), WalkConfig(min_cycle_rank=1, hub_degree=100), np.random.default_rng(0))


@pytest.mark.parametrize("edges", [[], [(0, 0)]])
def test_a_graph_without_edges_is_refused(edges: list[tuple[int, int]]) -> None:
    lonely = nx.Graph(edges)
    lonely.add_nodes_from(range(3))
    with pytest.raises(UserError, match="no edge"):
        sample_subgraphs(csr_of(lonely), WalkConfig(), np.random.default_rng(0))


def test_sizes_must_be_in_order() -> None:
    with pytest.raises(ValidationError, match="min_nodes"):
        WalkConfig(min_nodes=6, max_nodes=5)


def test_of_parallel_facts_one_is_drawn() -> None:
    facts = [fact("a", "knows", "b"), fact("b", "knows", "a"), fact("a", "likes", "b"), fact("b", "knows", "c")]
    graph = csr_from_facts(["a", "b", "c"], facts)
    samples = draws(graph, 100, min_nodes=3, max_nodes=3, batch=256)
    assert {tuple(sorted(sample.facts)) for sample in samples} == {(0, 3), (1, 3), (2, 3)}


def test_the_record_names_entities_facts_and_orbits() -> None:
    facts = [fact("b", "born_in", "a"), fact("c", "born_in", "a")]
    graph = csr_from_facts(["a", "b", "c"], facts)
    (sample,) = draws(graph, 10, min_nodes=3, max_nodes=3, batch=256)
    record = subgraph_record(sample, graph, facts)
    assert set(record.entities) == {"a", "b", "c"}
    assert set(record.facts) == {facts[0].id, facts[1].id}
    assert {frozenset(orbit) for orbit in record.shape.orbits} == {frozenset("a"), frozenset("bc")}
    assert (record.shape.size, record.shape.cycle_rank) == (3, 0)


def test_the_focus_is_even_over_classes_orbits_and_nodes(clustered: Csr) -> None:
    pool = by_class(draws(clustered, 400, min_nodes=4, max_nodes=4, quota=1_000_000))
    rng = np.random.default_rng(0)
    focuses = [draw_focus(pool, rng) for _ in range(20_000)]
    per_class = Counter(focus.sample.form.class_id for focus in focuses)
    expected = len(focuses) / len(pool)
    assert set(per_class) == set(pool)
    assert all(abs(count - expected) < 6 * expected**0.5 for count in per_class.values())
    for class_id, samples in pool.items():
        orbit_count = len(samples[0].form.orbits)
        per_orbit = Counter(focus.orbit for focus in focuses if focus.sample.form.class_id == class_id)
        share = per_class[class_id] / orbit_count
        assert all(abs(per_orbit[orbit] - share) < 6 * share**0.5 for orbit in range(orbit_count))
    for focus in focuses[:200]:
        place = focus.sample.nodes.index(focus.node)
        assert place in focus.sample.form.orbits[focus.orbit]


def test_equal_orbit_numbers_mean_the_same_role(clustered: Csr) -> None:
    """Orbit indices are comparable between samples of one class: in- and out-degrees agree."""
    for samples in by_class(draws(clustered, 1000, min_nodes=4, max_nodes=6, quota=1_000_000)).values():
        roles = set()
        for sample in samples:
            graph = nx.DiGraph(list(sample.edges))
            roles.add(tuple((graph.in_degree(orbit[0]), graph.out_degree(orbit[0])) for orbit in sample.form.orbits))
        assert len(roles) == 1


def test_an_empty_pool_has_no_focus() -> None:
    with pytest.raises(ValueError, match="empty"):
        draw_focus({}, np.random.default_rng(0))


@given(st.lists(st.integers(0, 50), max_size=30))
@settings(deadline=None)
def test_effective_number_lies_between_one_and_the_number_of_kinds(counts: list[int]) -> None:
    kinds = sum(count > 0 for count in counts)
    number = effective_number(counts)
    assert (number == 0) if kinds == 0 else (1 - 1e-9 <= number <= kinds + 1e-9)


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_every_focus_lies_in_its_orbit(seed: int) -> None:
    graph = csr_of(nx.gnm_random_graph(40, 80, seed=seed))
    rng = np.random.default_rng(seed)
    samples = draws(graph, 20, seed=seed, batch=64)
    assert len(samples) == 20
    for sample in samples:
        focus = focus_in(sample, rng)
        assert sample.nodes.index(focus.node) in sample.form.orbits[focus.orbit]
