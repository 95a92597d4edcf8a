"""The evaluation stage: what is asked, what is kept, what it says, and that an interruption costs nothing."""

import asyncio
import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from toy_questions import question, wiki_and_questions
from websailor import evaluation
from websailor.agent import AgentConfig
from websailor.errors import ConfigChanged, UserError
from websailor.evaluation.episodes import Job, episode_seed
from websailor.evaluation.stage import select
from websailor.files import read_jsonl, write_jsonl
from websailor.models.base import ChatModel
from websailor.models.protocol import answer_turn, call_turn
from websailor.models.scripted import ScriptedModel, ScriptedPolicy
from websailor.records import Clue, Question, Trajectory
from websailor.tools.config import ToolsConfig

CONFIG = evaluation.Config(
    runs=3,
    resamples=200,
    agent=AgentConfig(prompt="brief", turns=4),
    tools=ToolsConfig(address="title"),
)
SEARCH = call_turn("t", "search", {"query": ["x"]})


def numbered(number: int, split: str = "held_out", level: int = 1, operators: Sequence[str] = ("U1",)) -> Question:
    clues = tuple(Clue(text="c", operator=name, facts=(), variables=("x",)) for name in operators)
    return question(f"q{number}", f"Question {number}?", f"Answer {number}", clues=clues, level=level, split=split)


QUESTIONS = [
    numbered(0),
    numbered(1, level=2, operators=("U1", "U3")),
    numbered(2, level=2, operators=("U10", "U3", "U3")),
    numbered(3, "train"),
]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return wiki_and_questions(tmp_path_factory.mktemp("evaluation"), QUESTIONS)


def script(asked: Question, seed: int) -> list[str]:
    """q0: always right after one search; q1: right when the seed is even; q2: never an answer."""
    if asked.id == "q0":
        return [SEARCH, answer_turn("t", asked.answer)]
    if asked.id == "q1":
        return [SEARCH, "hm", SEARCH, answer_turn("t", asked.answer if seed % 2 == 0 else "no")]
    return [SEARCH] * 4


def policy() -> ScriptedPolicy:
    return ScriptedPolicy(script, "scripted")


def test_numbers_and_records(inputs: dict[str, Path], tmp_path: Path) -> None:
    manifest = evaluation.run(CONFIG, inputs, tmp_path / "out", policy())
    episodes = list(read_jsonl(tmp_path / "out" / "records.jsonl", Trajectory))
    assert sorted(episode.id for episode in episodes) == [f"q{number}/{run}" for number in range(3) for run in range(3)]
    assert all(episode.score is not None and episode.model == "scripted" for episode in episodes)
    lucky = sum(episode_seed(0, Job(QUESTIONS[1], run)) % 2 == 0 for run in range(3))
    counts = manifest.counts
    assert (counts["questions"], counts["runs"], counts["episodes"]) == (3, 3, 9)
    assert counts["pass_at_1"] == pytest.approx((1 + lucky / 3) / 3, abs=1e-5)
    assert counts["pass_at_3"] == pytest.approx((1 + (lucky > 0)) / 3, abs=1e-5)
    assert counts["pass_at_1_low"] <= counts["pass_at_1"] <= counts["pass_at_1_high"]
    assert counts["stop_turn_limit"] == pytest.approx(1 / 3, abs=1e-5)
    assert counts["format_errors"] == pytest.approx(3 / (3 * 2 + 3 * 4 + 3 * 4), abs=1e-5)
    assert counts["tool_calls"] == pytest.approx((1 + 2 + 3) / 3, abs=1e-5)

    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["policy"] == "scripted"
    assert summary["by_level"]["1"]["pass_at_1"]["value"] == 1
    assert list(summary["by_operator"]) == ["U1", "U3", "U10"]
    assert summary["by_operator"]["U3"]["pass_at_1"]["questions"] == 2
    assert summary["by_tool_calls"]["1"] == {"episodes": 3, "correct": 1.0}
    assert summary["stop"]["answer"] == {"episodes": 6, "share": 0.666667}
    assert summary["best_run"]["value"] >= counts["pass_at_1"]
    assert "not pass@1" in summary["best_run"]["note"]
    assert evaluation.run(CONFIG, inputs, tmp_path / "out", policy()) == manifest


def test_an_interrupted_evaluation_asks_only_what_is_missing(inputs: dict[str, Path], tmp_path: Path) -> None:
    whole = evaluation.run(CONFIG, inputs, tmp_path / "whole", policy())
    asked: list[tuple[str, int]] = []

    class Interrupted(Exception):
        pass

    def counting(one: Question, seed: int) -> list[str]:
        asked.append((one.id, seed))
        if len(asked) == 5:
            raise Interrupted
        return script(one, seed)

    config = CONFIG.model_copy(update={"concurrency": 1})
    with pytest.raises(Interrupted):
        evaluation.run(config, inputs, tmp_path / "out", ScriptedPolicy(counting, "scripted"))
    kept = (tmp_path / "out" / "records.jsonl").read_text().splitlines()
    assert len(kept) == 4
    with (tmp_path / "out" / "records.jsonl").open("a") as file:
        file.write('{"id": "torn')
    manifest = evaluation.run(config, inputs, tmp_path / "out", ScriptedPolicy(counting, "scripted"))
    assert len(asked) == 5 + 5
    assert len(set(asked)) == 9
    assert manifest.counts == whole.counts
    assert (tmp_path / "out" / "records.jsonl").read_text().splitlines()[:4] == kept


def test_another_policy_does_not_finish_what_one_began(inputs: dict[str, Path], tmp_path: Path) -> None:
    def failing(one: Question, seed: int) -> list[str]:
        if one.id == "q2":
            raise ZeroDivisionError
        return script(one, seed)

    config = CONFIG.model_copy(update={"concurrency": 1})
    with pytest.raises(ZeroDivisionError):
        evaluation.run(config, inputs, tmp_path / "out", ScriptedPolicy(failing, "one"))
    with pytest.raises(ConfigChanged, match="episodes of one, not of other"):
        evaluation.run(config, inputs, tmp_path / "out", ScriptedPolicy(script, "other"))
    evaluation.run(config, inputs, tmp_path / "out", ScriptedPolicy(script, "one"))
    for other in (ScriptedPolicy(script, "other"), functools.partial(ScriptedPolicy, script, "other")):
        with pytest.raises(ConfigChanged, match="episodes of one, not of other"):
            evaluation.run(config, inputs, tmp_path / "out", other)
    assert evaluation.run(config, inputs, tmp_path / "out", functools.partial(ScriptedPolicy, script, "one")).counts


def test_a_refused_call_breaks_the_format_and_is_none_that_failed(inputs: dict[str, Path], tmp_path: Path) -> None:
    policy = ScriptedPolicy(lambda one, seed: [call_turn("t", "nothing", {}), answer_turn("t", "x")], "one")
    counts = evaluation.run(CONFIG, inputs, tmp_path / "out", policy).counts
    assert (counts["format_errors"], counts["tool_calls"], counts["failed_calls"]) == (0.5, 0, 0)


def test_another_configuration_is_refused(inputs: dict[str, Path], tmp_path: Path) -> None:
    evaluation.run(CONFIG, inputs, tmp_path / "out", policy())
    with pytest.raises(ConfigChanged, match="runs"):
        evaluation.run(CONFIG.model_copy(update={"runs": 2}), inputs, tmp_path / "out", policy())


def test_questions_of_another_wiki_are_refused(inputs: dict[str, Path], tmp_path: Path) -> None:
    made = tmp_path / "questions"
    made.mkdir()
    (made / "records.jsonl").write_bytes((inputs["questions"] / "records.jsonl").read_bytes())
    said = {"stage": "questions", "config": {}, "inputs": {"wiki": "0" * 32}}
    (made / "config.json").write_text(json.dumps(said))
    with pytest.raises(UserError, match="was made from another wiki than"):
        evaluation.run(CONFIG, {**inputs, "questions": made / "records.jsonl"}, tmp_path / "e", policy())
    assert not (tmp_path / "e" / "records.jsonl").exists()


def test_another_checkpoint_is_another_input(inputs: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "qwen3"}')
    (folder / "model.safetensors").write_bytes(b"one")
    evaluation.run(CONFIG, {**inputs, "checkpoint": folder}, tmp_path / "out", policy())
    (folder / "model.safetensors").write_bytes(b"two")
    with pytest.raises(ConfigChanged, match="checkpoint"):
        evaluation.run(CONFIG, {**inputs, "checkpoint": folder}, tmp_path / "out", policy())


def test_processes_give_the_same_numbers(inputs: dict[str, Path], tmp_path: Path) -> None:
    alone = evaluation.run(CONFIG, inputs, tmp_path / "alone", policy)
    config = CONFIG.model_copy(update={"workers": 2})
    together = evaluation.run(config, inputs, tmp_path / "together", policy)
    assert together.counts == alone.counts


def broken_policy(kind: str) -> ScriptedPolicy:
    if kind == "user":
        raise UserError("nothing: no such checkpoint")
    if kind == "defect":
        raise ZeroDivisionError("in the worker")
    os._exit(3)


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        ("user", UserError, "no such checkpoint"),
        ("defect", RuntimeError, "in the worker"),
        ("death", RuntimeError, "exit code 3"),
    ],
)
def test_a_failing_process_ends_the_evaluation(
    inputs: dict[str, Path], tmp_path: Path, kind: str, error: type[Exception], words: str
) -> None:
    config = CONFIG.model_copy(update={"workers": 2})
    with pytest.raises(error, match=words):
        evaluation.run(config, inputs, tmp_path / "out", functools.partial(broken_policy, kind))


class SlowPolicy:
    """Never answers in time."""

    name = "slow"

    def episode(self, question: Question, seed: int) -> ChatModel:
        class Slow(ScriptedModel):
            async def reply(self, messages, tools, sampling):
                await asyncio.sleep(600)
                return await super().reply(messages, tools, sampling)

        return Slow([])


def test_workers_end_with_a_killed_parent(inputs: dict[str, Path], tmp_path: Path) -> None:
    program = f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}
from pathlib import Path
from websailor import evaluation
from test_evaluation import CONFIG, SlowPolicy
if __name__ == "__main__":
    inputs = {{"wiki": Path({str(inputs["wiki"])!r}), "questions": Path({str(inputs["questions"])!r})}}
    evaluation.run(CONFIG.model_copy(update={{"workers": 2}}), inputs, Path({str(tmp_path / "out")!r}), SlowPolicy)
"""
    file = tmp_path / "program.py"
    file.write_text(program)
    parent = subprocess.Popen([sys.executable, str(file)], stderr=subprocess.DEVNULL)
    children: list[int] = []
    deadline = time.monotonic() + 60
    while len(children) < 2 and time.monotonic() < deadline:
        children = [pid for pid in _children(parent.pid) if "spawn_main" in _command(pid)]
        time.sleep(0.1)
    assert len(children) == 2
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 90
    while any(_command(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not any(_command(pid) for pid in children)


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_selection(inputs: dict[str, Path]) -> None:
    source = inputs["questions"]
    assert [one.id for one in select(CONFIG, source)] == ["q0", "q1", "q2"]
    assert [one.id for one in select(CONFIG.model_copy(update={"split": "all"}), source / "records.jsonl")] == [
        "q0",
        "q1",
        "q2",
        "q3",
    ]
    some = CONFIG.model_copy(update={"count": 2})
    assert len(select(some, source)) == 2
    assert select(some, source) == select(some, source)
    drawn = {tuple(one.id for one in select(some.model_copy(update={"seed": seed}), source)) for seed in range(20)}
    assert drawn == {("q0", "q1"), ("q0", "q2"), ("q1", "q2")}


def test_no_question_of_the_split(inputs: dict[str, Path], tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    write_jsonl(file, [QUESTIONS[3]])
    with pytest.raises(UserError, match="no question of the held_out split"):
        evaluation.run(CONFIG, {**inputs, "questions": file}, tmp_path / "out", policy())


def test_seeds_differ_between_questions_and_runs() -> None:
    seeds = {episode_seed(seed, Job(one, run)) for seed in range(3) for one in QUESTIONS for run in range(5)}
    assert len(seeds) == 3 * len(QUESTIONS) * 5
