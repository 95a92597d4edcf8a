"""Questions as they leave the stage: proved, grounded, silent about their answer, the same for the same seed."""

import json
import math
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_world import first_question, maker, small_corpus, small_world

from websailor import questions
from websailor.errors import ConfigChanged, UserError
from websailor.files import read_jsonl
from websailor.questions import Config
from websailor.questions.maker import Maker
from websailor.questions.naming import contains_name
from websailor.questions.proof.engine import ask
from websailor.questions.seen import Refused, Seen
from websailor.records import Bears, Domain, Phrase, Question, Reject
from websailor.wiki import open_wiki

BRIEF = Config(
    style="brief", max_nodes=4, max_clues=3, lattices=("decade", "initial", "kind"), fog=1, candidates=2, level=(1, 2)
)
FULL = Config(style="full", max_nodes=6, max_clues=5, named_anchors=(1,))
HARD = Config(style="full", max_nodes=6, min_clues=2, max_clues=5, named_anchors=(0,), level=(3,))
CHINESE = Config(style="full", max_nodes=5, max_clues=4, language="zh")
DIALS = [BRIEF, FULL, HARD, CHINESE]


def question(config: Config, index: int) -> Question:
    found = first_question(config, "train", index)
    assume(found is not None)
    assert found is not None
    return found


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(DIALS), st.integers(0, 5000))
def test_every_question_is_proved_grounded_and_silent_about_its_answer(config: Config, index: int) -> None:
    made = question(config, index)
    corpus = small_corpus()
    nodes = ask(corpus.tables, made.pattern).nodes
    assert [corpus.tables.name(int(node)) for node in nodes] == [made.pattern.assignment[made.pattern.focus]]
    for name in (made.answer, *made.aliases):
        assert not contains_name(made.prompt, name)
        assert name not in made.prompt
    assert made.level in config.level
    assert config.min_clues <= len(made.clues) <= config.max_clues
    assert sum(domain.lattice == "entity" for domain in made.pattern.domains) in config.named_anchors
    wiki = open_wiki(small_world().wiki)
    for number, clue in enumerate(made.clues):
        shown = {evidence.fact: evidence for evidence in made.evidence if evidence.clue == number}
        assert set(clue.facts) == set(shown)
        for evidence in shown.values():
            page = wiki.page(evidence.page)
            assert page is not None
            assert wiki.title_of(evidence.url) == evidence.page
            lines = [f"{field.key}: {', '.join(value.text for value in field.values)}" for field in page.infobox]
            assert evidence.quote in page.text or evidence.quote in lines


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(DIALS), st.integers(0, 5000))
def test_bits_only_fall_and_gains_add_up(config: Config, index: int) -> None:
    made = question(config, index)
    bits = (made.uncertainty.initial, *made.uncertainty.after)
    assert all(before >= after for before, after in pairwise(bits))
    assert bits[-1] == 0
    assert math.isclose(sum(clue.gain for clue in made.clues), made.uncertainty.initial, abs_tol=1e-4)
    assert made.uncertainty.necessity == sum(clue.necessary for clue in made.clues) / len(made.clues)
    assert made.uncertainty.necessity == 1
    assert 0 <= made.uncertainty.best_single <= made.uncertainty.initial
    assert made.uncertainty.oracle_cost >= 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5000))
def test_a_vague_clue_has_to_choose_among_what_the_exact_ones_leave(index: int) -> None:
    made = question(BRIEF, index)
    exact = {
        number
        for number, clue in enumerate(made.clues)
        if any(d.lattice in ("entity", "year", "value") for d in made.pattern.domains if d.variable in clue.variables)
        and not any(d.lattice in ("decade", "initial") for d in made.pattern.domains if d.variable in clue.variables)
    }
    facts = {fact for number in exact for fact in made.clues[number].facts}
    atoms = frozenset(number for number, atom in enumerate(made.pattern.atoms) if atom.fact in facts)
    assert len(ask(small_corpus().tables, made.pattern, atoms)) >= 2


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5000))
def test_hard_questions_name_nothing(index: int) -> None:
    made = question(HARD, index)
    assert made.uncertainty.frontier >= 3
    names = [entity.name for entity in small_corpus().entities]
    assert not any(contains_name(made.prompt, name) for name in names)


def test_parts_share_no_page_and_the_split_does_not_depend_on_the_seed() -> None:
    pools = maker(FULL.model_copy(update={"held_out_count": 10})).pools
    again = maker(FULL.model_copy(update={"held_out_count": 10, "seed": 7})).pools
    assert pools.held_out == again.held_out
    share = len(pools.held_out) / len(small_corpus().entities)
    assert 0.05 < share < 0.4
    config = FULL.model_copy(update={"held_out_count": 10})
    pages: dict[str, set[str]] = {"train": set(), "held_out": set()}
    for index in range(12):
        for part in ("train", "held_out"):
            made = first_question(config, part, index)
            if made is not None:
                assert made.split == part
                pages[part] |= {evidence.page for evidence in made.evidence}
                pages[part].add(made.pattern.assignment[made.pattern.focus])
    assert pages["train"]
    assert pages["held_out"]
    assert pages["train"].isdisjoint(pages["held_out"])
    assert pages["held_out"] <= pools.held_out


def test_what_is_added_to_a_subgraph_keeps_to_its_part() -> None:
    usual = maker(FULL)

    def added(index: int) -> set[str]:
        """Pages that state dates and numbers of a question and none of its relations."""
        made = first_question(FULL, "train", index)
        pages: dict[bool, set[str]] = {True: set(), False: set()}
        for atom in made.pattern.atoms if made is not None else ():
            pages[made is not None and atom.object in made.pattern.value_types].add(
                usual.corpus.fact[atom.fact].source.page
            )
        return pages[True] - pages[False]

    index, page = next((index, min(pages)) for index in range(100) if (pages := added(index)))
    pools = replace(usual.pools, held_out=frozenset({page}))
    careful = Maker(FULL, usual.corpus, usual.wiki, pools)
    reasons = set[str]()
    for attempt in range(40):
        try:
            made = careful.attempt("train", index, attempt, Seen())
        except Refused as refusal:
            reasons.add(refusal.reason)
        else:
            assert page not in {evidence.page for evidence in made.evidence}
    assert "crosses_parts" in reasons


SHORT = BRIEF.model_copy(update={"count": 25, "held_out_count": 5, "pool": 1500})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "questions"
    questions.run(SHORT, small_world().inputs, out)
    return out


def test_a_run_makes_what_was_asked_for_without_repeats(whole: Path) -> None:
    made = list(read_jsonl(whole / "records.jsonl", Question))
    assert [question.split for question in made] == ["train"] * 25 + ["held_out"] * 5
    assert len({question.prompt for question in made}) == 30
    assert len({question.id for question in made}) == 30
    assert all(len(question.prompt.split()) <= 45 for question in made)
    rejects = list(read_jsonl(whole / "rejects.jsonl", Reject))
    assert {"no_choice", "redundant_clue"} <= {reject.reason for reject in rejects}
    manifest = questions.run(SHORT, small_world().inputs, whole)
    assert manifest.counts["records"] == 30


@pytest.mark.parametrize("kept", [0, 7, 26])
def test_an_interrupted_run_ends_with_the_same_file(whole: Path, tmp_path: Path, kept: int) -> None:
    out = tmp_path / "questions"
    out.mkdir()
    (out / "config.json").write_bytes((whole / "config.json").read_bytes())
    lines = (whole / "records.jsonl").read_text().splitlines(keepends=True)
    torn = lines[kept][:40]
    (out / "records.jsonl").write_text("".join(lines[:kept]) + torn)
    rejects = (whole / "rejects.jsonl").read_text().splitlines(keepends=True)
    finished = {json.loads(line)["id"] for line in lines[:kept]}
    before = [line for line in rejects if json.loads(line)["id"].split("/")[0] in finished]
    (out / "rejects.jsonl").write_text("".join(rejects[: len(before) + 1]) + '{"id": "half')
    questions.run(SHORT, small_world().inputs, out)
    assert (out / "records.jsonl").read_bytes() == (whole / "records.jsonl").read_bytes()
    assert (out / "rejects.jsonl").read_bytes() == (whole / "rejects.jsonl").read_bytes()


def test_another_config_is_refused(whole: Path) -> None:
    with pytest.raises(ConfigChanged, match="fog"):
        questions.run(SHORT.model_copy(update={"fog": 2}), small_world().inputs, whole)


def test_verify_proves_the_file_again(whole: Path) -> None:
    place = small_world()
    assert questions.verify(whole / "records.jsonl", place.wiki, place.graph) == []


def test_verify_names_what_no_longer_holds(whole: Path, tmp_path: Path) -> None:
    place = small_world()
    made = list(read_jsonl(whole / "records.jsonl", Question))[:6]
    fuzzy = next(d for d in made[0].pattern.domains if d.lattice in ("decade", "initial"))
    wider = tuple(domain for domain in made[0].pattern.domains if domain != fuzzy)
    forged = made[3].evidence[0].model_copy(update={"quote": "what no page says"})
    broken = [
        made[0].model_copy(update={"pattern": made[0].pattern.model_copy(update={"domains": wider})}),
        made[1].model_copy(update={"prompt": f"{made[1].prompt} It is {made[1].answer}."}),
        made[2].model_copy(update={"evidence": made[2].evidence[1:]}),
        made[3].model_copy(update={"evidence": (forged, *made[3].evidence[1:])}),
        made[4].model_copy(update={"clues": made[4].clues[:1]}),
        made[5],
    ]
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(question.model_dump_json() + "\n" for question in broken))
    failures = questions.verify(file, place.wiki, place.graph)
    assert {line.split(":")[0] for line in failures} == {question.id for question in made[:5]}
    assert any("answers" in line for line in failures)
    assert any("names the answer" in line for line in failures)
    assert any("no evidence" in line for line in failures)
    assert any("is not what" in line for line in failures)
    assert any("no clue tells" in line for line in failures)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"focus": "x99"}, "'x99', which is none of its variables"),
        ({"variables": ()}, "none of its variables"),
        ({"distinct": (("x0", "x99"),)}, "'x99', which is none of its variables"),
        ({"conditions": (Bears(variable="x99", name="Velan"),)}, "'x99', which is none of its variables"),
        ({"phrases": (Phrase(operator="U12", name="", atoms=(99,), left="x0", right="x0"),)}, "does not have"),
        ({"domains": (Domain(variable="x0", lattice="mood", value="blue"),)}, "cannot be read: mood is no lattice"),
        ({"domains": (Domain(variable="x0", lattice="decade", value="195x"),)}, "cannot be read"),
        ({"domains": (Domain(variable="x0", lattice="range", value="9"),)}, "cannot be read"),
    ],
)
def test_verify_names_a_query_that_makes_no_sense(
    whole: Path, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    place, made = small_world(), next(read_jsonl(whole / "records.jsonl", Question))
    broken = made.model_copy(update={"pattern": made.pattern.model_copy(update=change)})
    file = tmp_path / "questions.jsonl"
    file.write_text(broken.model_dump_json() + "\n")
    failures = questions.verify(file, place.wiki, place.graph)
    assert len(failures) == 1
    assert failures[0].startswith(f"{made.id}: ") and words in failures[0]


def test_verify_misses_a_line_that_is_cut_off(whole: Path, tmp_path: Path) -> None:
    place = small_world()
    lines = (whole / "records.jsonl").read_bytes().splitlines(keepends=True)
    file = tmp_path / "questions.jsonl"
    file.write_bytes(lines[0] + lines[1].rstrip())
    assert questions.verify(file, place.wiki, place.graph) == []
    file.write_bytes(lines[0] + lines[1][:200])
    assert [line.split(":")[0] for line in questions.verify(file, place.wiki, place.graph)] == ["the last line"]


def test_a_graph_without_its_entities_is_refused(whole: Path, tmp_path: Path) -> None:
    place = small_world()
    (tmp_path / "entities.jsonl").write_text("")
    (tmp_path / "facts.jsonl").write_bytes((place.graph / "facts.jsonl").read_bytes())
    alone = tmp_path / "alone.jsonl"
    alone.write_bytes((whole / "records.jsonl").read_bytes())
    with pytest.raises(UserError, match="build the graph again"):
        questions.verify(alone, place.wiki, tmp_path)


def test_verify_refuses_another_graph(whole: Path, tmp_path: Path) -> None:
    place = small_world()
    made = next(read_jsonl(whole / "records.jsonl", Question))
    gone = made.pattern.atoms[0].fact
    (tmp_path / "entities.jsonl").write_bytes((place.graph / "entities.jsonl").read_bytes())
    lines = (place.graph / "facts.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "facts.jsonl").write_text("".join(line for line in lines if json.loads(line)["id"] != gone))
    with pytest.raises(UserError, match="was made with another graph than"):
        questions.verify(whole / "records.jsonl", place.wiki, tmp_path)
    alone = tmp_path / "alone.jsonl"
    alone.write_bytes((whole / "records.jsonl").read_bytes())
    with pytest.raises(UserError, match=f"question {made.id} rests on"):
        questions.verify(alone, place.wiki, tmp_path)


def test_verify_refuses_another_wiki(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(small_world().wiki, tmp_path / "wiki")
    (tmp_path / "wiki" / "manifest.json").unlink()
    with (tmp_path / "wiki" / "facts.jsonl").open("a") as facts:
        facts.write("\n")
    with pytest.raises(UserError, match="was made with another wiki than"):
        questions.verify(whole / "records.jsonl", tmp_path / "wiki", small_world().graph)


def test_what_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    impossible = BRIEF.model_copy(update={"count": 2, "level": (3,), "named_anchors": (1,), "attempts": 5, "pool": 200})
    with pytest.raises(UserError, match="no question passed") as error:
        questions.run(impossible, small_world().inputs, tmp_path / "a")
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match="no subgraph of"):
        unheard = BRIEF.model_copy(update={"focus_kinds": ("dragon",), "count": 2, "pool": 200})
        questions.run(unheard, small_world().inputs, tmp_path / "b")
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "entities.jsonl").touch()
    (tmp_path / "g" / "facts.jsonl").touch()
    with pytest.raises(UserError, match="holds no facts"):
        questions.run(BRIEF, {"wiki": small_world().wiki, "graph": tmp_path / "g"}, tmp_path / "c")


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"min_nodes": 5, "max_nodes": 4}, "min_nodes 5"),
        ({"min_clues": 3, "max_clues": 2}, "min_clues 3"),
        ({"level": (4,)}, "level"),
        ({"held_out_count": 3, "held_out_share": 0}, "held_out_share"),
        ({"foggy": 1}, "foggy"),
    ],
)
def test_bad_settings_are_refused(bad: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Config.model_validate(bad)
