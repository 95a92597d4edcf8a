"""What must hold of every proof: fewer demands never lose an answer, guards and ranks say what they mean."""

import math
import random
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from proof_oracles import random_graph, random_question

from websailor.errors import UserError
from websailor.questions.operators.base import Counts, part_of
from websailor.questions.oracle import plan_work
from websailor.questions.proof.engine import ask, proves
from websailor.questions.proof.facts import facts_from_records, table
from websailor.questions.proof.guards import Guard
from websailor.questions.proof.query import Ranking
from websailor.questions.proof.ranking import kth
from websailor.records import Count, Entity, Fact, Pattern, Rank, Source, Without

SEEDS = st.integers(0, 10**6)
AMOUNTS = st.one_of(st.just(math.nan), st.floats(-4, 20).map(lambda value: round(value, 1)), st.integers(-3, 9))
BOUNDS = st.one_of(st.none(), st.floats(-10, 10).map(lambda value: round(value, 1)))


@given(SEEDS)
@settings(max_examples=150, deadline=None)
def test_a_demand_less_never_loses_an_answer(seed: int) -> None:
    rng = random.Random(seed)
    graph = random_graph(rng)
    pattern = random_question(rng, graph)
    posed = [number for number, one in enumerate(pattern.conditions) if not isinstance(one, Rank)]
    atoms = frozenset(range(len(pattern.atoms)))
    whole = set(ask(graph.tables, pattern, atoms, frozenset(posed)).nodes.tolist())
    for dropped in posed:
        rest = ask(graph.tables, pattern, atoms, frozenset(posed) - {dropped})
        assert whole <= set(rest.nodes.tolist())
    for dropped in atoms:
        assert whole <= set(ask(graph.tables, pattern, atoms - {dropped}, frozenset(posed)).nodes.tolist())
    vague = pattern.model_copy(update={"domains": pattern.domains[1:]})
    assert whole <= set(ask(graph.tables, vague, atoms, frozenset(posed)).nodes.tolist())
    ranked = set(ask(graph.tables, pattern).nodes.tolist())
    assert ranked <= whole, "a rank chooses among the answers of the rest"
    for node in whole:
        named = pattern.model_copy(update={"assignment": {"x0": graph.tables.name(node)}})
        assert proves(graph.tables, named) == (ranked == {node})


@given(
    st.lists(AMOUNTS, min_size=1, max_size=9), st.lists(AMOUNTS, min_size=1, max_size=9), BOUNDS, BOUNDS, st.booleans()
)
@settings(max_examples=400, deadline=None)
def test_a_guard_keeps_exactly_what_has_a_partner(
    left: list[float], right: list[float], low: float | None, high: float | None, is_ratio: bool
) -> None:
    values = np.array([*left, *right], dtype=np.float64)
    bounds = (-math.inf if low is None else low, math.inf if high is None else high)
    guard = Guard(0, 1, values, values, 0, is_ratio, *bounds)
    left_N, right_M = np.arange(len(left)), np.arange(len(left), len(values))
    pairs_NM = np.array([guard.passes(np.full(len(right), one), right_M) for one in left_N])
    keep_left, keep_right = guard.narrow(left_N, right_M)
    assert keep_left.tolist() == pairs_NM.any(axis=1).tolist()
    assert keep_right.tolist() == pairs_NM.any(axis=0).tolist()
    assert guard.is_open(left_N, right_M) == (not pairs_NM.all())


def ranking_of(values: list[list[float]], place: int, largest: bool) -> tuple[Ranking, np.ndarray]:
    """Entities 0, 1, ... with the given amounts; NaN stands for a value that nobody knows."""
    literals = sorted({one for several in values for one in several if not math.isnan(one)})
    numbers = {one: len(values) + position for position, one in enumerate(literals)}
    blank = len(values) + len(literals)
    pairs = [(n, numbers.get(one, blank)) for n, several in enumerate(values) for one in several]
    subject, other = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    amounts = np.array([*literals, math.nan])
    return Ranking(table(subject, other), amounts, len(values), largest, place), np.arange(len(values))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=9, unique=True), st.integers(1, 4), st.booleans())
def test_a_rank_of_known_different_values_is_the_place_in_their_order(
    values: list[int], place: int, largest: bool
) -> None:
    ranking, nodes = ranking_of([[float(one)] for one in values], place, largest)
    order = sorted(nodes.tolist(), key=lambda node: values[node], reverse=largest)
    assert kth(ranking, nodes, nodes).tolist() == order[place - 1 : place]


@given(
    st.lists(st.lists(st.integers(0, 4), max_size=2), min_size=1, max_size=5),
    st.integers(1, 3),
    st.booleans(),
    st.sets(st.integers(0, 4)),
)
@settings(deadline=None)
def test_a_rank_keeps_all_that_some_choice_of_the_unknown_and_of_the_doubtful_puts_in_its_place(
    values: list[list[int]], place: int, largest: bool, doubtful: set[int]
) -> None:
    ranking, nodes = ranking_of([[float(one) for one in several] for several in values], place, largest)
    spans = [range(min(one), max(one) + 1) if one else range(-1, 6) for one in values]
    possible: set[int] = set()
    for chosen in np.array(np.meshgrid(*spans)).T.reshape(-1, len(spans)):
        keys = -chosen if largest else chosen
        for counted in product((False, True), repeat=len(spans)):
            present = np.array(counted)
            if not all(one or node in doubtful for node, one in enumerate(counted)):
                continue
            for node in np.flatnonzero(present).tolist():
                before = int((present & (keys < keys[node])).sum())
                equal = int((present & (keys == keys[node])).sum())
                if before < place <= before + equal:
                    possible.add(node)
    certain = np.array([node for node in nodes.tolist() if node not in doubtful], dtype=np.int64)
    assert kth(ranking, nodes, certain).tolist() == sorted(possible)


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_an_oracle_pays_for_conditions(seed: int) -> None:
    rng = random.Random(seed)
    graph = random_graph(rng)
    pattern = random_question(rng, graph)
    bare = pattern.model_copy(update={"conditions": ()})
    costly = [one for one in pattern.conditions if isinstance(one, Without | Count)]
    assume(costly)
    dear = plan_work(graph.tables, bare.model_copy(update={"conditions": tuple(costly)}))
    assert dear.cost >= plan_work(graph.tables, bare).cost


def test_an_open_corpus_refuses_what_silence_cannot_prove() -> None:
    people = [Entity(id=name, name=name, kind="person") for name in ("Ann", "Bob", "Cid")]
    source = Source(page="Ann", kind="infobox", quote="spouse: Bob")
    fact = Fact(id="f", subject="Ann", relation="spouse", object="Bob", source=source)
    closed = facts_from_records(people, [fact])
    open_ = facts_from_records(people, [fact], unknown={"spouse": {"Bob", "Cid"}})
    for condition in (
        Without(variable="x0", relation="spouse"),
        Count(variable="x0", relation="spouse", number=0),
        Rank(relation="born", largest=True),
    ):
        pattern = Pattern(focus="x0", variables=("x0",), atoms=(), conditions=(condition,))
        if not isinstance(condition, Rank):
            assert [closed.name(int(node)) for node in ask(closed, pattern).nodes] == ["Bob", "Cid"]
        with pytest.raises(UserError, match="complete"):
            ask(open_, pattern)


def test_parts_of_a_question_are_proved_once() -> None:
    rng = random.Random(5)
    graph = random_graph(rng)
    pattern = random_question(rng, graph)
    counts = Counts(graph.tables, pattern)
    assert counts.nodes(*part_of([])) is counts.nodes(frozenset())
    assert counts.of(frozenset()) == len(counts.nodes_of_clues([]))
