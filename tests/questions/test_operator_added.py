"""U5 to U16: what is proposed is true of the answer, what is labelled is proved, a broken promise is seen."""

import random
from itertools import islice

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rich_world import rich_corpus, rich_maker, rich_question

from websailor.questions import Config
from websailor.questions.operators import DISTRACTOR, NOTHING, PROPOSERS
from websailor.questions.operators.additions import Literal
from websailor.questions.operators.base import Case, Counts, Draft, Proposer
from websailor.questions.operators.u9_time import time_inside
from websailor.questions.operators.u11_scale import converted_label
from websailor.questions.operators.u12_inference import keeps_silent
from websailor.questions.operators.u16_nothing import stripped
from websailor.questions.proof.engine import ask, proves
from websailor.questions.proof.labels import UNITS, converted_bounds
from websailor.questions.structure import branches, exact_pattern, keep_atoms, keep_branches, with_literal
from websailor.records import Bears, Compare, Domain, Fact, Pattern, Question, Rank, Source

PLAIN = Config(max_nodes=5, level=(1, 2, 3))
ADDED = sorted(PROPOSERS, key=lambda code: int(code[1:]))


def draft(index: int, code: str = "") -> Draft:
    """An exact pattern over a drawn subgraph of the rich world that can carry an operator."""
    corpus = rich_corpus()
    maker = rich_maker(PLAIN.model_copy(update={"palette": (code,) if code else ()}))
    sought = code if ("train", code) in maker.pools.holding else ""
    focus = maker.pools.draw("train", np.random.default_rng(index), sought)
    facts = [corpus.tellable[number] for number in focus.sample.facts]
    pattern = exact_pattern(corpus, facts, corpus.entities[focus.node].id, ())
    return maker.composer.draft(pattern, lambda _: True)


def proposals(operator: Proposer, index: int, most: int = 6) -> list[Pattern]:
    return list(islice(operator.propose(draft(index, operator.code), random.Random(index)), most))


def cases(pattern: Pattern, operator: Proposer) -> list[Case]:
    """The clues of a pattern that have the operator's form."""
    counts, clues = Counts(rich_corpus().tables, pattern), branches(pattern)
    return [case for clue in clues if operator.applies(case := Case(counts, clues, clue))]


@pytest.mark.parametrize("code", ADDED)
@settings(max_examples=12, deadline=None)
@given(index=st.integers(0, 10_000))
def test_a_proposal_has_the_form_and_is_true_of_the_answer(code: str, index: int) -> None:
    operator, tables = PROPOSERS[code], rich_corpus().tables
    made = proposals(operator, index)
    assume(made)
    for pattern in made:
        answer = tables.index[pattern.assignment[pattern.focus]]
        assert answer in ask(tables, pattern).nodes
        assert cases(pattern, operator)


@pytest.mark.parametrize("code", [*ADDED, "U15"])
@settings(max_examples=4, deadline=None)
@given(index=st.integers(0, 500))
def test_a_question_that_must_carry_an_operator_does_and_needs_it(code: str, index: int) -> None:
    config = Config.model_validate({"operators": code, "level": (1, 2, 3), "named_anchors": (0, 1), "max_nodes": 5})
    made = rich_question(config, index)
    assume(made is not None)
    assert made is not None
    tables = rich_corpus().tables
    assert proves(tables, made.pattern)
    assert code in {clue.operator for clue in made.clues}
    assert all(clue.necessary == (clue.operator != "U15") for clue in made.clues)
    assert made.uncertainty.necessity == 1
    shown = {(evidence.clue, evidence.fact) for evidence in made.evidence}
    assert {(number, fact) for number, clue in enumerate(made.clues) for fact in clue.facts} <= shown
    clues = branches(made.pattern)
    lost = sum(not proves(tables, keep_branches(made.pattern, [one for one in clues if one != clue])) for clue in clues)
    assert lost == len(clues) - (code == "U15")


def made_with(code: str, start: int = 0) -> Question:
    config = Config.model_validate({"operators": code, "level": (1, 2, 3), "named_anchors": (0, 1), "max_nodes": 5})
    return next(made for index in range(start, start + 20) if (made := rich_question(config, index)) is not None)


@pytest.mark.parametrize("code", ["U5", "U6", "U8"])
def test_a_condition_that_rules_nothing_out_is_not_claimed(code: str) -> None:
    """The same condition, where the rest already has the one answer."""
    operator, seen = PROPOSERS[code], 0
    for index in range(60):
        for pattern in proposals(operator, index, 3):
            (case, *_) = cases(pattern, operator)
            without = ask(case.facts, keep_branches(pattern, [one for one in case.branches if one != case.branch]))
            atoms = frozenset(range(len(pattern.atoms)))
            free = ask(
                case.facts, pattern, atoms, frozenset(range(len(pattern.conditions))) - set(case.branch.conditions)
            )
            if len(without) == len(free) == 1:
                assert not operator.holds(case)
                seen += 1
    assert seen


def test_a_comparison_of_values_within_rounding_is_not_claimed() -> None:
    made = made_with("U6").pattern
    guard = next(one for one in made.conditions if isinstance(one, Compare))
    near = made.assignment[guard.left]
    close = made.model_copy(update={"assignment": {**made.assignment, guard.right: near}})
    (case,) = cases(made, PROPOSERS["U6"])
    assert PROPOSERS["U6"].holds(case)
    assert not PROPOSERS["U6"].holds(cases(close, PROPOSERS["U6"])[0])


def test_a_rank_of_the_wrong_place_or_of_few_candidates_is_not_claimed() -> None:
    made = made_with("U7").pattern
    rank = next(one for one in made.conditions if isinstance(one, Rank))
    other = rank.model_copy(update={"place": rank.place + 1})
    moved = made.model_copy(update={"conditions": tuple(other if one == rank else one for one in made.conditions)})
    (case,) = cases(made, PROPOSERS["U7"])
    assert PROPOSERS["U7"].holds(case)
    assert not PROPOSERS["U7"].holds(cases(moved, PROPOSERS["U7"])[0])
    alone = made.model_copy(
        update={"domains": (*made.domains, Domain(variable="x0", lattice="entity", value=made.assignment["x0"]))}
    )
    assert not PROPOSERS["U7"].holds(cases(alone, PROPOSERS["U7"])[0])


@settings(deadline=None)
@given(st.integers(1900, 1990), st.integers(0, 30), st.integers(0, 99))
def test_a_time_lies_strictly_inside_the_tenure(start: int, years: int, seed: int) -> None:
    source = Source(page="A", kind="infobox", quote="a: b")
    fact = Fact(id="f", subject="A", relation="led_by", object="B", start=start, end=start + years, source=source)
    label = time_inside(fact, random.Random(seed), 1999)
    if label is None:
        assert years < 2
    else:
        first, last = (int(label[:4]), int(label[:4]) + 9) if label.endswith("s") else (int(label), int(label))
        assert start < first <= last < start + years


@settings(deadline=None)
@given(st.integers(1, 10**7), st.sampled_from(["km2", "m", "ha", "kg"]))
def test_a_converted_label_holds_the_amount_and_is_round(number: int, unit: str) -> None:
    source = Source(page="A", kind="infobox", quote="a: b")
    fact = Fact(id="f", subject="A", relation="area", object=str(number), value_type="number", unit=unit, source=source)
    label = converted_label(Literal("x0", fact, "settlement"))
    assume(label is not None)
    assert label is not None
    low, high, other = converted_bounds(label)
    assert low <= number * UNITS[unit][1] / UNITS[other][1] <= high
    assert low % (high - low) == 0


def test_a_name_that_one_alone_bears_is_no_homonym() -> None:
    made = made_with("U10").pattern
    borne = next(one for one in made.conditions if isinstance(one, Bears))
    corpus = rich_corpus()
    single = next(one for one in corpus.entities if len(corpus.homonyms(one)) == 1)
    other = borne.model_copy(update={"name": single.name})
    alone = made.model_copy(update={"conditions": tuple(other if one == borne else one for one in made.conditions)})
    assert PROPOSERS["U10"].holds(cases(made, PROPOSERS["U10"])[0])
    assert not PROPOSERS["U10"].holds(cases(alone, PROPOSERS["U10"])[0])


def test_who_tells_of_the_middle_infers_nothing() -> None:
    made = made_with("U12").pattern
    phrase = next(one for one in made.phrases if one.operator == "U12")
    assert keeps_silent(made, phrase)
    ends = {phrase.left, phrase.right}
    atom = made.atoms[phrase.atoms[0]]
    middle = next(name for name in (atom.subject, atom.object) if name not in ends)
    told = Domain(variable=middle, lattice="initial", value="A")
    assert not keeps_silent(made.model_copy(update={"domains": (*made.domains, told)}), phrase)


def test_a_source_that_nobody_contradicts_is_no_conflict() -> None:
    made = made_with("U14").pattern
    corpus = rich_corpus()
    (case, *_) = cases(made, PROPOSERS["U14"])
    assert PROPOSERS["U14"].holds(case)
    ruled = next(atom for atom in made.atoms if atom.stated_in is not None)
    assert ruled.fact in corpus.disputes
    free = made.model_copy(update={"atoms": tuple(a.model_copy(update={"stated_in": None}) for a in made.atoms)})
    assert not cases(free, PROPOSERS["U14"])


def test_a_needed_clue_is_no_distractor() -> None:
    made = made_with("U15")
    counts, clues = Counts(rich_corpus().tables, made.pattern), branches(made.pattern)
    fitting = [one for one in clues if DISTRACTOR.holds(Case(counts, clues, one))]
    assert len(fitting) == 1
    assert sum(clue.operator == "U15" for clue in made.clues) == 1


def test_nothing_fits_a_question_without_an_answer_and_something_fits_all_but_one_clue() -> None:
    config = Config.model_validate({"palette": "U16", "named_anchors": (0, 1), "max_nodes": 5, "count": 100})
    maker, tables = rich_maker(config), rich_corpus().tables
    index = next(number for number in range(100) if maker.none.is_none(number))
    made = next(one for one in (rich_question(config, index + 34 * step) for step in range(8)) if one is not None)
    assert made.answer == "none"
    assert made.pattern == stripped(made.pattern)
    assert len(ask(tables, made.pattern)) == 0
    clues = branches(made.pattern)
    assert all(len(ask(tables, keep_branches(made.pattern, [o for o in clues if o != one]))) for one in clues)
    assert [clue.operator for clue in made.clues].count("U16") == 1
    assert [evidence.clue for evidence in made.evidence] == list(range(len(clues))), "each clue is what something lacks"
    assert not maker.pools.held_out.intersection(evidence.page for evidence in made.evidence)
    assert NOTHING.holds(Counts(tables, made.pattern), clues)
    marked = [number for number in range(340) if maker.none.may_be(number)]
    assert len(marked) == 20
    assert sum(maker.none.is_none(number) for number in range(340)) == 10


def test_a_literal_gets_a_name_of_its_own_though_an_earlier_one_was_dropped() -> None:
    corpus = rich_corpus()
    entity = next(one for one, facts in corpus.literals.items() if len({fact.relation for fact in facts}) > 2)
    one, two, three = list({fact.relation: fact for fact in corpus.literals[entity]}.values())[:3]
    pattern = Pattern(focus="x0", variables=("x0",), atoms=(), domains=(), assignment={"x0": entity})
    pattern = with_literal(with_literal(pattern, one), two)
    rest = keep_atoms(pattern, [1], ())
    grown = with_literal(rest, three)
    assert len(set(grown.variables)) == len(grown.variables) == 3
    assert {grown.assignment[atom.object] for atom in grown.atoms} == {two.object, three.object}
