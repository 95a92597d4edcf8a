"""The proof engine on graphs of many sizes against DuckDB, its fixpoint, and how it reads tables and labels."""

import random
from dataclasses import replace

import numpy as np
import pytest
from proof_oracles import Graph, Sql, random_graph, random_question

from websailor.errors import UserError
from websailor.questions.proof.engine import ask
from websailor.questions.proof.facts import facts_from_records, table, year_of
from websailor.questions.proof.labels import members
from websailor.questions.proof.query import compile_pattern
from websailor.questions.proof.reduction import reduce
from websailor.records import Domain, Pattern


def names(graph: Graph, nodes: np.ndarray) -> set[str]:
    return {graph.tables.name(int(node)) for node in nodes}


@pytest.mark.parametrize(
    ("seed", "entities", "facts"), [(1, 8, 30), (2, 12, 60), (3, 20, 60), (4, 30, 150), (5, 40, 240)]
)
def test_answers_equal_those_of_duckdb(seed: int, entities: int, facts: int) -> None:
    rng = random.Random(seed)
    graph = random_graph(rng, entities, facts)
    database = Sql()
    database.add(0, graph)
    found, cyclic, unequal = 0, 0, 0
    for number in range(120):
        pattern = random_question(rng, graph)
        expected = database.answers(0, pattern)
        assert names(graph, ask(graph.tables, pattern).nodes) == expected, f"query {number}: {pattern}"
        found += bool(expected)
        cyclic += len(pattern.atoms) >= len(pattern.variables)
        unequal += bool(pattern.distinct)
    assert found > 15, "the queries must not all be empty"
    assert cyclic > 15
    assert unequal > 15


def test_the_fixpoint_does_not_depend_on_where_it_starts() -> None:
    rng = random.Random(9)
    graph = random_graph(rng, 25, 120)
    left = 0
    for _ in range(60):
        query = compile_pattern(random_question(rng, graph), graph.tables)
        state = reduce(query)
        for first in range(len(query.atoms)):
            turned = replace(query, atoms=(*query.atoms[first:], *query.atoms[:first]))
            other = reduce(turned)
            assert (state is None) == (other is None)
            if state is not None and other is not None:
                one, two = state.domains[query.focus], other.domains[query.focus]
                assert one is not None and two is not None
                assert np.array_equal(one.nodes, two.nodes)
                left += bool(len(one.nodes))
    assert left > 15


def test_a_relation_keeps_several_values_and_merges_repeats() -> None:
    edges = table(np.array([3, 1, 3, 3]), np.array([7, 5, 6, 7]))
    subject, other = edges.by_subject.of(np.array([1, 2, 3]))
    assert list(zip(subject.tolist(), other.tolist(), strict=True)) == [(1, 5), (3, 6), (3, 7)]
    assert edges.by_object.of(np.array([7]))[1].tolist() == [3]
    assert edges.size == 3


def test_labels_are_read_generously() -> None:
    graph = random_graph(random.Random(1), 10, 400)

    def years(lattice: str, value: str) -> set[int]:
        return {int(year_of(name)) for name in names(graph, members(graph.tables, lattice, value))}

    assert min(years("decade", "1950s")) >= 1950
    assert max(years("decade", "1950s")) <= 1959
    assert years("year", "1950") <= {1950}
    assert years("half_century", "1950-1999") <= set(range(1950, 2000))
    assert years("century", "20") <= set(range(1900, 2001))
    assert years("century", "20") >= years("half_century", "1900-1949")
    amounts = {float(name) for name in names(graph, members(graph.tables, "range", "5..9"))}
    assert {5, 9} <= amounts and min(amounts) == 5 and max(amounts) == 9


def test_a_label_without_members_has_no_answer() -> None:
    graph = random_graph(random.Random(2), 10, 40)
    pattern = Pattern(focus="x0", variables=("x0",), atoms=())
    assert len(ask(graph.tables, pattern)) == 10
    nowhere = Domain(variable="x0", lattice="kind", value="unheard of")
    assert len(ask(graph.tables, pattern.model_copy(update={"domains": (nowhere,)}))) == 0


def test_facts_about_unknown_entities_are_refused() -> None:
    graph = random_graph(random.Random(3), 10, 40)
    with pytest.raises(UserError, match="no entity of this graph"):
        facts_from_records(graph.entities[:2], graph.facts)
