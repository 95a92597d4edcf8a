"""The proof engine on every kind of condition, against DuckDB and against trying everything."""

import random
from collections import Counter

import pytest
from proof_by_trying import brute_force
from proof_oracles import Graph, Sql, random_graph, random_question

from websailor.questions.proof.engine import ask, is_only_answer
from websailor.questions.proof.query import compile_pattern
from websailor.records import Pattern, Rank

QUERIES = 50
GRAPHS = 48
FEATURES = (
    "without",
    "count",
    "bears",
    "compare",
    "rank",
    "at",
    "stated_in",
    "converted",
    "decade",
    "cycle",
    "distinct",
)


def found_by_engine(graph: Graph, pattern: Pattern) -> set[str]:
    return {graph.tables.name(int(node)) for node in ask(graph.tables, pattern).nodes}


def features(pattern: Pattern) -> list[str]:
    """What a query exercises."""
    kinds = [one.kind for one in pattern.conditions]
    kinds += [domain.lattice for domain in pattern.domains]
    kinds += ["at" for atom in pattern.atoms if atom.at] + ["stated_in" for atom in pattern.atoms if atom.stated_in]
    kinds += ["cycle"] if len(pattern.atoms) >= len(pattern.variables) else []
    return kinds + (["distinct"] if pattern.distinct else [])


def test_thousands_of_queries_have_the_answers_of_duckdb() -> None:
    rng = random.Random(3)
    database = Sql()
    seen: Counter[str] = Counter()
    for number in range(GRAPHS):
        graph = random_graph(rng)
        database.add(number, graph)
        for _ in range(QUERIES):
            pattern = random_question(rng, graph)
            expected = database.answers(number, pattern)
            assert found_by_engine(graph, pattern) == expected, pattern.model_dump_json(exclude_defaults=True)
            if expected:
                seen.update(features(pattern))
    for feature in FEATURES:
        assert seen[feature] > 15, f"too few queries with {feature} have answers: {seen}"


@pytest.mark.parametrize("seed", range(4))
def test_queries_have_the_answers_that_trying_everything_finds(seed: int) -> None:
    rng = random.Random(seed)
    tried = 0
    while tried < 60:
        graph = random_graph(rng)
        pattern = random_question(rng, graph)
        pattern = pattern.model_copy(
            update={"conditions": tuple(one for one in pattern.conditions if not isinstance(one, Rank))}
        )
        if len(pattern.variables) > 3 or not pattern.conditions:
            continue
        tried += 1
        assert found_by_engine(graph, pattern) == brute_force(graph, pattern), pattern.model_dump_json()


@pytest.mark.parametrize("seed", range(6))
def test_the_verdict_on_uniqueness_agrees_with_the_answers(seed: int) -> None:
    rng = random.Random(seed)
    unique = 0
    for _ in range(100):
        graph = random_graph(rng)
        pattern = random_question(rng, graph)
        nodes = ask(graph.tables, pattern).nodes.tolist()
        for node in [*nodes[:3], 0]:
            verdict = is_only_answer(compile_pattern(pattern, graph.tables), node)
            assert verdict == (nodes == [node])
            unique += verdict
    assert unique > 5
