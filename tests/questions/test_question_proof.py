"""The proof engine against DuckDB: the same answers on hundreds of random queries."""

import random
from dataclasses import replace

import numpy as np
import pytest
from random_graphs import World, random_pattern, random_world, sql

from websailor.questions.proof.engine import ask, is_only_answer
from websailor.questions.proof.facts import facts_from_records, table, year_of
from websailor.questions.proof.labels import members
from websailor.questions.proof.query import compile_pattern
from websailor.questions.proof.reduction import reduce
from websailor.records import Domain, Pattern


def names(world: World, nodes: np.ndarray) -> set[str]:
    return {world.tables.name(int(node)) for node in nodes}


def answers_of_duckdb(world: World, pattern: Pattern) -> set[str]:
    return {name for (name,) in world.database.execute(sql(pattern)).fetchall()}


@pytest.mark.parametrize(
    ("seed", "entities", "facts"), [(1, 8, 30), (2, 12, 60), (3, 20, 60), (4, 30, 150), (5, 40, 120)]
)
def test_answers_equal_those_of_duckdb(seed: int, entities: int, facts: int) -> None:
    world = random_world(seed, entities, facts)
    rng = random.Random(seed)
    found, cyclic, unequal = 0, 0, 0
    for number in range(120):
        pattern = random_pattern(rng, world)
        expected = answers_of_duckdb(world, pattern)
        assert names(world, ask(world.tables, pattern).nodes) == expected, f"query {number}: {sql(pattern)}"
        found += bool(expected)
        cyclic += len(pattern.atoms) >= len(pattern.variables)
        unequal += bool(pattern.distinct)
    assert found > 15, "the queries must not all be empty"
    assert cyclic > 15
    assert unequal > 15


@pytest.mark.parametrize("seed", range(6))
def test_the_verdict_on_uniqueness_agrees_with_the_answers(seed: int) -> None:
    world = random_world(seed, 15, 60)
    rng = random.Random(seed)
    unique = 0
    for _ in range(150):
        pattern = random_pattern(rng, world)
        found = ask(world.tables, pattern).nodes
        for node in [*found[:3].tolist(), 0]:
            verdict = is_only_answer(compile_pattern(pattern, world.tables), node)
            assert verdict == (found.tolist() == [node])
            unique += verdict
    assert unique > 5


@pytest.mark.parametrize("seed", range(4))
def test_parts_of_a_query_have_at_least_its_answers(seed: int) -> None:
    world = random_world(seed, 20, 90)
    rng = random.Random(seed)
    for _ in range(60):
        pattern = random_pattern(rng, world)
        whole = set(ask(world.tables, pattern).nodes.tolist())
        for dropped in range(len(pattern.atoms)):
            rest = frozenset(range(len(pattern.atoms))) - {dropped}
            assert whole <= set(ask(world.tables, pattern, rest).nodes.tolist())


def test_the_fixpoint_does_not_depend_on_where_it_starts() -> None:
    world = random_world(9, 25, 120)
    rng = random.Random(9)
    for _ in range(60):
        query = compile_pattern(random_pattern(rng, world), world.tables)
        state = reduce(query)
        for first in range(len(query.atoms)):
            turned = replace(query, atoms=(*query.atoms[first:], *query.atoms[:first]))
            other = reduce(turned)
            assert (state is None) == (other is None)
            if state is not None and other is not None:
                one, two = state.domains[query.focus], other.domains[query.focus]
                assert one is not None and two is not None
                assert np.array_equal(one.nodes, two.nodes)


def test_a_relation_keeps_several_values_and_merges_repeats() -> None:
    edges = table(np.array([3, 1, 3, 3]), np.array([7, 5, 6, 7]))
    subject, other = edges.by_subject.of(np.array([1, 2, 3]))
    assert list(zip(subject.tolist(), other.tolist(), strict=True)) == [(1, 5), (3, 6), (3, 7)]
    assert edges.by_object.of(np.array([7]))[1].tolist() == [3]
    assert edges.size == 3


def test_labels_are_read_generously() -> None:
    world = random_world(1, 10, 400)

    def years(lattice: str, value: str) -> set[int]:
        return {int(year_of(world.tables.name(int(node)))) for node in members(world.tables, lattice, value)}

    assert min(years("decade", "1950s")) >= 1950
    assert max(years("decade", "1950s")) <= 1959
    assert years("year", "1950") <= {1950}
    assert years("half_century", "1950-1999") <= set(range(1950, 2000))
    assert years("century", "20") <= set(range(1900, 2001))
    assert years("century", "20") >= years("half_century", "1900-1949")
    ends = {int(world.tables.name(int(node))) for node in members(world.tables, "range", "10..20")}
    assert {10, 20} <= ends <= set(range(10, 21))


def test_a_label_without_members_has_no_answer() -> None:
    world = random_world(2, 10, 40)
    pattern = Pattern(focus="x0", variables=("x0",), atoms=())
    assert len(ask(world.tables, pattern)) == 10
    nowhere = Domain(variable="x0", lattice="kind", value="unheard of")
    assert len(ask(world.tables, pattern.model_copy(update={"domains": (nowhere,)}))) == 0


def test_facts_about_unknown_entities_are_refused() -> None:
    world = random_world(3, 10, 40)
    from websailor.errors import UserError

    with pytest.raises(UserError, match="no entity of this graph"):
        facts_from_records(world.entities[:2], world.facts)
