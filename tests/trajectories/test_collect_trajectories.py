"""Rejection sampling: what stays, what is refused and why, resume, counts; on a generated world from end to end."""

import json
from pathlib import Path

import pytest
from fourteen_pages import TITLE_TOOLS

import websailor.graph
import websailor.questions
import websailor.wiki
from websailor.agent import AgentConfig
from websailor.errors import ConfigChanged, UserError
from websailor.files import read_jsonl
from websailor.records import Question, Reject, Trajectory
from websailor.scoring import matches
from websailor.trajectories import Config, run

AGENT = AgentConfig(prompt="brief", turns=24, date="2025-01-01")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small generated world, its graph and brief questions, by the real stages."""
    root = tmp_path_factory.mktemp("world")
    paths = {name: root / name for name in ("wiki", "graph", "questions")}
    websailor.wiki.run(websailor.wiki.Config.model_validate({"seed": 5, "world": {"pages": 600}}), {}, paths["wiki"])
    graph = websailor.graph.Config(whole=True, title_ranks=False)
    websailor.graph.run(graph, {"wiki": paths["wiki"]}, paths["graph"])
    questions = websailor.questions.Config.model_validate(
        {"count": 40, "held_out_count": 5, "style": "brief", "max_nodes": 4, "named_anchors": 1, "level": (1, 2)}
        | {"candidates": 2, "max_candidates": 4, "lattices": ("decade",), "max_clues": 3}
    )
    inputs = {"wiki": paths["wiki"], "graph": paths["graph"]}
    websailor.questions.run(questions, inputs, paths["questions"])
    return {"wiki": paths["wiki"], "questions": paths["questions"]}


def config(**changes) -> Config:
    return Config.model_validate({"careful": 0.5, "tries": 3, "tools": TITLE_TOOLS, "agent": AGENT, **changes})


@pytest.fixture(scope="session")
def collected(world: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trajectories") / "out"
    run(config(store_rejected=True), world, out)
    return out


def test_only_right_ones_of_the_training_split_are_kept(world, collected):
    questions = {question.id: question for question in read_jsonl(world["questions"] / "records.jsonl", Question)}
    kept = list(read_jsonl(collected / "records.jsonl", Trajectory))
    assert kept
    for record in kept:
        question = questions[record.question_id]
        assert question.split == "train"
        assert record.answer is not None
        assert any(matches(record.answer, expected) for expected in (question.answer, *question.aliases))
        assert record.score is not None and record.score.value == 1
        assert record.habit in ("careful", "hasty")
        assert record.id.startswith(question.id)
    assert len({(record.question_id, record.habit) for record in kept}) == len(kept)


def test_refusals_keep_their_reason_and_counts_add_up(collected):
    rejects = list(read_jsonl(collected / "rejects.jsonl", Reject))
    manifest = json.loads((collected / "manifest.json").read_text())
    counts = manifest["counts"]
    assert all(reject.reason and reject.record and reject.record["messages"] for reject in rejects)
    assert counts["kept"] + len(rejects) == counts["attempts_careful"] + counts["attempts_hasty"]
    assert sum(value for name, value in counts.items() if name.startswith("reject_")) == len(rejects)
    assert counts["accuracy_careful"] > counts["accuracy_hasty"]


def test_a_finished_directory_is_left_alone(world, collected):
    before = (collected / "records.jsonl").read_bytes()
    assert run(config(store_rejected=True), world, collected).counts["kept"] > 0
    assert (collected / "records.jsonl").read_bytes() == before
    with pytest.raises(ConfigChanged):
        run(config(careful=0.1), world, collected)


def test_an_interrupted_run_goes_on_and_comes_to_the_same(world, collected, tmp_path):
    out = tmp_path / "out"
    run(config(store_rejected=True), world, out)
    manifest = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").unlink()
    for name in ("records.jsonl", "rejects.jsonl"):
        lines = (out / name).read_text().splitlines(keepends=True)
        (out / name).write_text("".join(lines[: len(lines) // 2]) + lines[-1][:40])
    again = run(config(store_rejected=True), world, out)
    for name in ("records.jsonl", "rejects.jsonl"):
        lines = sorted((out / name).read_text().splitlines(), key=lambda line: json.loads(line)["id"])
        reference = sorted((collected / name).read_text().splitlines(), key=lambda line: json.loads(line)["id"])
        assert [json.loads(line)["id"] for line in lines] == [json.loads(line)["id"] for line in reference]
    assert again.counts["kept"] == manifest["counts"]["kept"]
    assert again.counts["careful_share"] == manifest["counts"]["careful_share"]


def test_no_question_in_the_split(world, tmp_path):
    empty = tmp_path / "questions"
    empty.mkdir()
    (empty / "records.jsonl").write_text("")
    with pytest.raises(UserError, match="no question of the train split"):
        run(config(), {**world, "questions": empty}, tmp_path / "out")
