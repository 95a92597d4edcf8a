"""Lattices nest, widening keeps the answer, labels of operators are earned; real keys and types are read with care."""

import random
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_world import maker, small_corpus

from websailor.questions import Config
from websailor.questions.corpus import Corpus
from websailor.questions.lexicon import Lexicon
from websailor.questions.operators import OPERATORS, operator_of
from websailor.questions.operators.base import Case, Counts
from websailor.questions.operators.u1_fuzzy import is_true, next_step, within_larger, year_label
from websailor.questions.proof.engine import ask, proves
from websailor.questions.proof.labels import members, number_bounds, year_bounds
from websailor.questions.structure import (
    Branch,
    branches,
    exact_literal,
    exact_pattern,
    keep_branches,
    with_literal,
    without_idle_literals,
)
from websailor.questions.widening import drop_redundant, widen
from websailor.questions.words.plan import NoWording
from websailor.questions.words.realise import ordered_clues
from websailor.records import Atom, Domain, Entity, Fact, Pattern, Source

EVERYTHING = frozenset({"initial", "kind", "decade", "half_century", "century", "range"})


def exact(index: int) -> Pattern | None:
    """An exact pattern over a drawn subgraph of the small world, with a few dates; None where it is not unique."""
    import numpy as np

    corpus = small_corpus()
    pools = maker(Config(max_nodes=5)).pools
    focus = pools.draw("train", np.random.default_rng(index))
    facts = [corpus.tellable[number] for number in focus.sample.facts]
    pattern = exact_pattern(corpus, facts, corpus.entities[focus.node].id, [])
    for entity in list(pattern.assignment.values()):
        for fact in corpus.literals.get(entity, ())[:1]:
            pattern = with_literal(pattern, fact)
    return pattern if proves(corpus.tables, pattern) else None


def candidates(pattern: Pattern, name: str) -> set[int]:
    """Nodes that all labels of a variable allow."""
    value_type = pattern.value_types.get(name, "entity")
    tables = small_corpus().tables
    allowed = [
        set(members(tables, domain.lattice, domain.value, value_type).tolist())
        for domain in pattern.domains
        if domain.variable == name
    ]
    return set.intersection(*allowed)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 5))
def test_widening_never_loses_uniqueness_and_only_adds_candidates(index: int, fog: int) -> None:
    corpus = small_corpus()
    start = exact(index)
    assume(start is not None)
    assert start is not None
    vague = widen(corpus, start, (), EVERYTHING, fog, random.Random(index))
    assert proves(corpus.tables, vague)
    assert vague.atoms == start.atoms
    for name in vague.variables:
        assert candidates(start, name) <= candidates(vague, name)
    if fog == 0:
        assert vague == start


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_what_is_dropped_was_not_needed_and_what_is_left_is(index: int, fewest: int) -> None:
    corpus = small_corpus()
    start = exact(index)
    assume(start is not None)
    assert start is not None
    rng = random.Random(index)
    small, removable = drop_redundant(corpus, widen(corpus, start, (), EVERYTHING, 3, rng), fewest, 0, rng)
    assert proves(corpus.tables, small)
    clues = branches(small)
    still = sum(
        proves(corpus.tables, keep_branches(small, [other for other in clues if other != clue]))
        for clue in clues
        if len(clues) > 1
    )
    if removable == 0 and len(clues) > 1:
        assert still == 0
    assert len(clues) >= min(fewest, len(branches(start)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_operators_claim_only_what_they_prove(index: int) -> None:
    corpus = small_corpus()
    start = exact(index)
    assume(start is not None)
    assert start is not None
    rng = random.Random(index)
    wide = without_idle_literals(widen(corpus, start, (), EVERYTHING, 2, rng))
    vague, _ = drop_redundant(corpus, wide, 1, 0, rng)
    try:
        clues = ordered_clues(vague)
    except NoWording:
        assume(False)
        raise
    counts = Counts(corpus.tables, vague)
    whole = frozenset(range(len(vague.atoms)))
    for clue in clues:
        code = operator_of(Case(counts, clues, clue))
        assert code in {"U0", *(operator.code for operator in OPERATORS)}
        if code == "U4":
            assert clue.closing is not None
            assert len(ask(corpus.tables, vague, whole - {clue.closing})) > 1
        if code == "U3":
            assert len(clue.atoms) >= 2
        if code == "U2":
            assert all(len(ask(corpus.tables, vague, frozenset(one.atoms))) > 1 for one in clues)


@settings(deadline=None)
@given(st.integers(1000, 2100))
def test_years_climb_a_nested_lattice_of_true_labels(year: int) -> None:
    pattern = Pattern(
        focus="x0",
        variables=("x0", "v0"),
        value_types={"v0": "date"},
        atoms=(Atom(relation="born", subject="x0", object="v0", fact="f"),),
        domains=(exact_literal("v0", f"{year}-03-01", "date"),),
        assignment={"x0": "", "v0": f"{year}-03-01"},
    )
    corpus = small_corpus()
    seen: list[tuple[int, int]] = []
    while pattern is not None:
        (domain,) = pattern.domains
        seen.append(year_bounds(domain.lattice, domain.value))
        assert is_true(Case(Counts(corpus.tables, pattern), [], Branch((0,), "v0")), domain)
        pattern = next_step(corpus, pattern, "v0", EVERYTHING)
    assert seen[0] == (year, year)
    assert all(inner[0] >= outer[0] and inner[1] <= outer[1] for inner, outer in pairwise(seen))
    assert len(seen) == (3 if year % 100 == 0 else 4), "1900 belongs to a century that readers dispute"


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_numbers_climb_nested_ranges(number: int) -> None:
    pattern = Pattern(
        focus="x0",
        variables=("x0", "v0"),
        value_types={"v0": "number"},
        atoms=(Atom(relation="population", subject="x0", object="v0", fact="f"),),
        domains=(exact_literal("v0", str(number), "number"),),
        assignment={"x0": "", "v0": str(number)},
    )
    corpus, last = small_corpus(), (float(number), float(number))
    for _ in range(12):
        wider = next_step(corpus, pattern, "v0", EVERYTHING)
        if wider is None:
            break
        pattern = wider
        low, high = number_bounds(pattern.domains[0].value)
        assert low <= last[0]
        assert last[1] <= high
        last = (low, high)
    assert next_step(corpus, pattern, "v0", EVERYTHING) is None
    assert number < 10 or last[1] - last[0] <= number * 1.01


def test_labels_of_years() -> None:
    assert year_label("decade", 1953) == "1950s"
    assert year_label("half_century", 1949) == "1900-1949"
    assert year_label("century", 1953) == "20"


# ---------------------------------------------------------------- real pages


def real_corpus() -> Corpus:
    """A few facts as real infoboxes give them: keys that mean the same, mirrored keys, things without a page."""
    page = {"has_page": 1.0, "type_known": 1.0}
    absent = {"has_page": 0.0, "type_known": 0.0}
    named = {"has_page": 0.0, "type_known": 1.0}
    entities = [
        Entity(id="Ann Lee", name="Ann Lee", kind="person", statistics=page),
        Entity(id="Bob Ray", name="Bob Ray", kind="person", statistics=page),
        Entity(id="Max Orr", name="Max Orr", kind="person", statistics=named),
        Entity(id="Patent Office", name="Patent Office", kind="school", statistics=absent),
        Entity(id="Ulm", name="Ulm", kind="settlement", statistics=page),
        Entity(id="Swabia", name="Swabia", kind="region", statistics=page),
        Entity(id="List of towns", name="List of towns", kind="thing", statistics=absent),
    ]
    rows = [
        ("Ann Lee", "birth_place", "Ulm"),
        ("Bob Ray", "place_of_birth", "Ulm"),
        ("Ann Lee", "influenced", "Max Orr"),
        ("Bob Ray", "influences", "Max Orr"),
        ("Max Orr", "children", "Ann Lee"),
        ("Bob Ray", "parents", "Max Orr"),
        ("Ann Lee", "workplaces", "Patent Office"),
        ("Ulm", "state", "Swabia"),
        ("Ann Lee", "known_for", "List of towns"),
    ]
    facts = [
        Fact(id=f"f{n}", subject=s, relation=r, object=o, source=Source(page=s, kind="infobox", quote=f"{r}: {o}"))
        for n, (s, r, o) in enumerate(rows)
    ]
    return Corpus(entities, facts, Lexicon(is_generated=False))


def find(corpus: Corpus, relation: str, known: str, *, forward: bool, kind: str = "person") -> set[str]:
    """Answers to "which {kind} ... {known}"."""
    focus, other = "x0", "x1"
    atom = Atom(relation=relation, subject=focus if forward else other, object=other if forward else focus, fact="")
    domains = (
        Domain(variable=other, lattice="entity", value=known),
        Domain(variable=focus, lattice="kind", value=kind),
    )
    nodes = ask(corpus.tables, Pattern(focus=focus, variables=(focus, other), atoms=(atom,), domains=domains)).nodes
    return {corpus.tables.name(int(node)) for node in nodes}


def test_keys_that_mean_the_same_count_as_one_relation_in_a_proof() -> None:
    corpus = real_corpus()
    assert find(corpus, "birth_place", "Ulm", forward=True) == {"Ann Lee", "Bob Ray"}
    assert find(corpus, "influenced", "Max Orr", forward=True) == {"Ann Lee"}
    assert find(corpus, "influences", "Max Orr", forward=True) == {"Bob Ray"}
    assert find(corpus, "children", "Max Orr", forward=False) == {"Ann Lee", "Bob Ray"}
    assert find(corpus, "parents", "Max Orr", forward=True) == {"Ann Lee", "Bob Ray"}


def test_a_guessed_type_counts_as_any() -> None:
    corpus = real_corpus()
    assert find(corpus, "workplaces", "Ann Lee", forward=False, kind="person") == {"Patent Office"}
    assert find(corpus, "workplaces", "Ann Lee", forward=False, kind="region") == {"Patent Office"}
    assert find(corpus, "birth_place", "Ann Lee", forward=False, kind="region") == set()
    assert not corpus.nameable(corpus.entity["Patent Office"])
    assert corpus.nameable(corpus.entity["Max Orr"])


def test_what_is_no_name_is_not_told() -> None:
    corpus = real_corpus()
    assert {fact.object for fact in corpus.facts} - {fact.object for fact in corpus.tellable} == {"List of towns"}


def test_a_place_becomes_a_place_within_a_larger_one() -> None:
    corpus = real_corpus()
    start = exact_pattern(corpus, [corpus.fact["f0"]], "Ann Lee", ["Ulm"])
    moved = within_larger(corpus, start, next(name for name, value in start.assignment.items() if value == "Ulm"))
    assert moved is not None
    assert [domain.value for domain in moved.domains if domain.lattice == "entity"] == ["Swabia"]
    assert len(moved.atoms) == 2
    assert set(moved.assignment.values()) == {"Ann Lee", "Ulm", "Swabia"}
    assert {"Ann Lee", "Bob Ray"} == {corpus.tables.name(int(node)) for node in ask(corpus.tables, moved).nodes}


@pytest.mark.parametrize(
    ("name", "said"), [("Whig Party (United States)", "the Whig Party (United States)"), ("Ulm", "Ulm")]
)
def test_some_names_want_an_article(name: str, said: str) -> None:
    from websailor.questions.words.english_question import English
    from websailor.questions.words.plan import Thing

    corpus = real_corpus()
    pattern = exact_pattern(corpus, [corpus.fact["f0"]], "Ann Lee", ["Ulm"])
    speaker = English(corpus, pattern, Thing("x0"), (), random.Random(0))
    assert speaker.named(name, "thing") == said
    assert speaker.named("Angolan kwanza", "currency") == "the Angolan kwanza"
    assert speaker.named("University of Jena", "school") == "the University of Jena"
