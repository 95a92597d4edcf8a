"""Questions about real Wikipedia pages: proved, answerable from the pages, and clear of the traps of real infoboxes."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from websailor import graph, questions, trajectories, wiki
from websailor.files import read_jsonl
from websailor.pipeline import Recipe, load_recipe
from websailor.questions.corpus import Corpus, load_corpus
from websailor.questions.proof.engine import ask
from websailor.questions.seen import main_page
from websailor.records import Atom, Domain, Fact, Pattern, Question, Trajectory

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    small = {"questions": {"count": 60, "held_out_count": 20, "per_page": 30}}
    return load_recipe(ROOT / "recipes" / "wikipedia.toml", small)


@pytest.fixture(scope="module")
def run(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first stages of the Wikipedia recipe on 206 pages of the English Wikipedia of 2016."""
    shared = Path(os.environ.get("WEBSAILOR_SHARED", ROOT.parent / "shared"))
    sample = shared / "data" / "enwiki-sample.xml.bz2"
    if not sample.is_file():
        pytest.skip(f"no real sample at {sample}: set WEBSAILOR_SHARED")
    run = tmp_path_factory.mktemp("run")
    wiki.run(recipe.wiki.model_copy(update={"source": sample}), {"source": sample}, run / "wiki")
    graph.run(recipe.graph, {"wiki": run / "wiki"}, run / "graph")
    questions.run(recipe.questions, {"wiki": run / "wiki", "graph": run / "graph"}, run / "questions")
    return run


@pytest.fixture(scope="module")
def made(run: Path) -> list[Question]:
    return list(read_jsonl(run / "questions" / "records.jsonl", Question))


@pytest.fixture(scope="module")
def corpus(run: Path) -> Corpus:
    return load_corpus(run / "graph", is_generated=False)


def test_every_question_is_proved_and_its_evidence_stands_on_the_pages(run: Path, made: list[Question]) -> None:
    assert len(made) > 60
    assert questions.verify(run / "questions" / "records.jsonl", run / "wiki", run / "graph") == []


def test_the_longest_page_gives_no_more_than_its_share(made: list[Question]) -> None:
    """Every other page has fewer facts than this dial allows questions."""
    pages = Counter(main_page(evidence.page for evidence in question.evidence) for question in made)
    assert pages.most_common(1) == [("Academy Award for Best Production Design", 30)]


def test_training_and_held_out_share_no_page_of_evidence(made: list[Question]) -> None:
    pages = {
        part: {evidence.page for question in made if question.split == part for evidence in question.evidence}
        for part in ("train", "held_out")
    }
    assert pages["train"] and pages["held_out"]
    assert pages["train"].isdisjoint(pages["held_out"])


def test_nothing_reads_like_wikitext_and_no_type_is_vague(made: list[Question]) -> None:
    assert made
    for question in made:
        assert not set("[]{}|<>_") & set(question.prompt), question.prompt
        assert " thing" not in question.prompt, question.prompt
        assert ".." not in question.prompt and "  " not in question.prompt, question.prompt


def test_an_unstated_date_rules_nobody_out(corpus: Corpus) -> None:
    """Nietzsche has no page here; that none says when he was born must not make Einstein the only one."""
    fact = next(f for f in corpus.facts if f.relation == "influenced" and f.object == "Albert Einstein")
    born = next(f for f in corpus.facts if f.relation == "birth_date" and f.subject == "Albert Einstein")
    answers = found(corpus, fact, born, "century", "19")
    assert {"Albert Einstein", "Friedrich Nietzsche"} <= answers


def test_what_an_infobox_says_without_a_link_counts_against_a_proof(corpus: Corpus) -> None:
    """Alabama's infobox says "English 95.1%" where Alaska's links to the language."""
    possible = {(fact.subject, fact.relation, fact.object) for fact in corpus.possible}
    assert ("Alabama", "languages", "English language") in possible
    table = corpus.tables.tables["languages"]
    english = corpus.tables.index["English language"]
    subjects = {corpus.tables.name(node) for node in table.by_object.of(np.array([english]))[1].tolist()}
    assert {"Alabama", "Alaska"} <= subjects


def test_a_hidden_name_is_not_asked_about(corpus: Corpus) -> None:
    """`time_zone: WAT` links to West Africa Time, which who reads the page does not see."""
    hidden = [fact for fact in corpus.facts if fact.object == "West Africa Time"]
    assert hidden and not set(hidden) & set(corpus.tellable)


def test_wide_types_hold_narrow_ones(corpus: Corpus) -> None:
    places = {corpus.tables.name(node) for node in corpus.tables.kind_members["place"].tolist()}
    assert {"Angola", "Alabama", "Alberta", "Asia"} <= places
    kinds = {corpus.entity[name].kind for name in ("Alabama", "Alberta", "Apollo 11", "American Revolutionary War")}
    assert kinds == {"state", "province", "spaceflight", "conflict"}


def test_common_nouns_are_small_and_other_names_are_accepted(corpus: Corpus) -> None:
    assert corpus.mention(corpus.entity["Cosmological constant"]) == "cosmological constant"
    assert corpus.mention(corpus.entity["Albert Einstein"]) == "Albert Einstein"
    assert "Danzig" in corpus.entity["Gdańsk"].aliases


def test_some_questions_name_nothing(made: list[Question]) -> None:
    """They stand on lists, which are whole, and on what dates and amounts describe."""
    nameless = [question for question in made if question.level == 3]
    assert len(nameless) >= 8
    for question in nameless:
        assert not [domain for domain in question.pattern.domains if domain.lattice == "entity"]
        assert len(question.clues) >= 3
        assert all(evidence.quote for evidence in question.evidence)


def test_a_work_that_is_named_has_a_page_or_a_year(made: list[Question], corpus: Corpus) -> None:
    named = {
        domain.value: question.prompt
        for question in made
        for domain in question.pattern.domains
        if domain.lattice == "entity" and corpus.is_title_alone(domain.value)
    }
    assert len(named) > 10
    assert all(corpus.mention(corpus.entity[name]).endswith(")") for name in named)
    assert all(corpus.mention(corpus.entity[name]) in prompt for name, prompt in named.items())


def test_two_spellings_of_a_list_may_be_one_person(corpus: Corpus) -> None:
    """The list has "Edwin B. Wills" once, and thirty times "Edwin B. Willis"."""
    table = corpus.tables.tables["nominated_set_decorator"]
    films = [
        set(table.by_object.of(np.array([corpus.tables.index[name]]))[1].tolist())
        for name in ("Edwin B. Wills", "Edwin B. Willis")
    ]
    assert len(films[0]) >= 20 and films[0] == films[1]


def test_a_list_that_is_a_selection_is_no_answer_by_itself(made: list[Question], corpus: Corpus) -> None:
    """Dwan directed five films in 1919; "Partial filmography" names one."""
    for question in made:
        fact_of_focus = [
            corpus.fact[atom.fact] for atom in question.pattern.atoms if atom.subject == question.pattern.focus
        ]
        assert not [one for one in fact_of_focus if one.relation == "director" and one.source.page == "Allan Dwan"]


def test_the_expert_solves_many_that_rest_on_infoboxes_and_on_rows_of_lists(
    run: Path, recipe: Recipe, made: list[Question], corpus: Corpus
) -> None:
    config = recipe.trajectories.model_copy(update={"careful": 1.0, "tries": 1})
    inputs = {"wiki": run / "wiki", "questions": run / "questions"}
    trajectories.run(config, inputs, run / "trajectories")
    solved = list(read_jsonl(run / "trajectories" / "records.jsonl", Trajectory))
    for trajectory in solved:
        assert trajectory.score is not None and trajectory.score.value == 1
        assert any(step.call is not None and step.call.name in ("search", "visit") for step in trajectory.steps)
    right = {trajectory.question_id for trajectory in solved}
    for kind, least in (("infobox", 0.5), ("table", 0.4)):
        resting = {
            question.id
            for question in made
            if question.split == "train"
            and question.level < 3
            and all(corpus.fact[one.fact].source.kind == kind for one in question.evidence if one.fact)
        }
        assert len(resting) >= 8
        assert len(resting & right) / len(resting) > least, kind


def found(corpus: Corpus, link: Fact, literal: Fact, lattice: str, label: str) -> set[str]:
    """Everything that the subject of `link` stands in its relation to, with a date under a label."""
    pattern = Pattern(
        focus="x",
        variables=("x", "y", "v"),
        value_types={"v": "date"},
        atoms=(
            Atom(relation=link.relation, subject="y", object="x", fact=link.id),
            Atom(relation=literal.relation, subject="x", object="v", fact=literal.id),
        ),
        domains=(
            Domain(variable="y", lattice="entity", value=link.subject),
            Domain.model_validate({"variable": "v", "lattice": lattice, "value": label}),
        ),
        assignment={"x": link.object, "y": link.subject, "v": literal.object},
    )
    return {corpus.tables.name(node) for node in ask(corpus.tables, pattern).nodes.tolist()}
