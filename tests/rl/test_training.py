"""The trainer: it learns, it checks itself, it can be killed, and two processes do what one does."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import toy_search
from toy_search import AGENT, LEXICON, TOOLS, configuration, questions, trained_network, trainer, write_checkpoint
from websailor import rl
from websailor.errors import ConfigChanged, UserError
from websailor.files import read_jsonl, write_jsonl
from websailor.models.local.network import Network
from websailor.models.local.parallel import Group, run_parallel
from websailor.models.local.policy import LocalPolicy, LocalSession
from websailor.models.local.tokenizer import build_word_tokenizer, save_tokenizer
from websailor.records import Question, Trajectory
from websailor.rl.source import GroupResult, UniformSource
from websailor.rl.trainer import DriftError
from websailor.wiki import import_dump


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy") / "checkpoint"
    write_checkpoint(folder)
    return folder


def metrics(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def same_weights(one: Path, other: Path, tolerance: float = 0.0) -> None:
    first, second = (load_file(folder / "model.safetensors") for folder in (one, other))
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], atol=tolerance, rtol=0)


def test_the_toy_is_learned_and_every_step_is_on_policy(tmp_path: Path, checkpoint: Path):
    trainer(Group(), checkpoint, tmp_path, configuration()).run()
    before, *rows = metrics(tmp_path)
    assert before["held_out_pass_at_1"] < 0.35
    assert rows[-1]["held_out_pass_at_1"] > 0.6
    assert [row["step"] for row in rows] == list(range(1, 21))
    assert max(row["drift_largest"] for row in rows) < 1e-3
    for key in ("reward_answer", "reward_format", "entropy", "zero_variance", "tool_calls", "seconds_rollout"):
        assert all(key in row for row in rows), key
    assert LocalPolicy(tmp_path / "checkpoint").engine.network.config.layers == 2
    assert len((tmp_path / "records.jsonl").read_text().splitlines()) == 20


@pytest.mark.parametrize("settings", [{"replacement": "duplicate"}, {"replacement": "dynamic", "questions": 3}])
def test_other_replacements_train_too(tmp_path: Path, checkpoint: Path, settings: dict):
    made = trainer(Group(), checkpoint, tmp_path, configuration(**settings))
    for _ in range(3):
        row = made.take_step()
        assert row["gradient_norm"] > 0
        if settings["replacement"] == "dynamic":
            assert row["zero_variance"] == 0
            assert row["rolled_out"] >= row["rollouts"]


def test_a_sampler_of_other_weights_is_noticed_and_nothing_is_updated(tmp_path: Path, checkpoint: Path):
    made = trainer(Group(), checkpoint, tmp_path, configuration())
    stale = Network.load(checkpoint)
    with torch.no_grad():
        stale.model.norm.weight.mul_(0.8)
    made.policy = LocalPolicy.of(stale, made.policy.tokenizer, context=192)
    before = made.network.head.detach().clone()
    with pytest.raises(DriftError, match="not on-policy"):
        made.take_step()
    assert torch.equal(made.network.head, before)


def test_the_temperature_is_the_same_in_sampling_and_training(tmp_path: Path, checkpoint: Path):
    made = trainer(Group(), checkpoint, tmp_path, configuration(temperature=1.3))
    sampling = made.environment.sampling.model_copy(update={"temperature": 1.3})
    made.environment = type(made.environment)(
        made.environment.toolbox, made.environment.scorer, AGENT, sampling, LEXICON
    )
    assert made.take_step()["drift_largest"] < 1e-3


def test_a_killed_run_goes_on_as_if_it_had_not_been(tmp_path: Path, checkpoint: Path):
    toy = Path(toy_search.__file__)

    def start(out: Path) -> subprocess.Popen[bytes]:
        out.mkdir(exist_ok=True)
        return subprocess.Popen([sys.executable, str(toy), str(checkpoint), str(out)], stderr=subprocess.DEVNULL)

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert start(whole).wait() == 0
    process = start(killed)
    deadline = time.monotonic() + 60
    while not (killed / "state.pt").is_file() or len(metrics(killed)) < 5:
        assert process.poll() is None, "it must be killed before it ends"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (killed / "checkpoint").exists()
    assert start(killed).wait() == 0
    same_weights(whole / "checkpoint", killed / "checkpoint")
    timing = ("seconds", "seconds_rollout", "seconds_train")
    plain = [[{k: v for k, v in row.items() if k not in timing} for row in metrics(out)] for out in (whole, killed)]
    assert plain[0] == plain[1]
    said = [
        [trajectory.messages for trajectory in read_jsonl(out / "records.jsonl", Trajectory)] for out in (whole, killed)
    ]
    assert said[0] == said[1]


def two_steps(group: Group, checkpoint: Path, out: Path) -> None:
    made = trainer(group, checkpoint, out, configuration(steps=2, questions=6, evaluate_every=0))
    made.run()


def test_two_processes_do_what_one_does(tmp_path: Path, checkpoint: Path):
    for processes in (1, 2):
        (tmp_path / str(processes)).mkdir()
        run_parallel(two_steps, processes, checkpoint, tmp_path / str(processes))
    same_weights(tmp_path / "1" / "checkpoint", tmp_path / "2" / "checkpoint", tolerance=2e-5)
    one, two = (metrics(tmp_path / str(processes)) for processes in (1, 2))
    for row, other in zip(one, two, strict=True):
        for key in ("reward", "pass_rate", "entropy", "tokens", "rollouts", "gradient_norm", "loss"):
            assert row[key] == pytest.approx(other[key], abs=1e-4), key


def test_a_source_of_its_own_is_asked_and_told(tmp_path: Path, checkpoint: Path):
    class Remembering(UniformSource):
        heard: list[GroupResult] = []  # noqa: RUF012

        def learn(self, results) -> None:
            self.heard += results

    made = trainer(Group(), checkpoint, tmp_path, configuration())
    source = made.source = Remembering(questions(12), 0)
    made.take_step()
    assert [result.question_id for result in source.heard] == [question.id for question in source.batch(0, 8)]
    assert all(len(result.rewards) == 8 for result in source.heard)


class Listening(UniformSource):
    """Remembers how often it heard of a question, and asks for the least known first."""

    def __init__(self, count: int = 12) -> None:
        self._questions = questions(count)
        self.heard: dict[str, int] = {}

    def batch(self, draw: int, count: int) -> list[Question]:
        return sorted(self._questions, key=lambda question: self.heard.get(question.id, 0))[:count]

    def learn(self, results: Sequence[GroupResult]) -> None:
        for result in results:
            self.heard[result.question_id] = self.heard.get(result.question_id, 0) + 1

    def state(self) -> dict[str, int]:
        return self.heard

    def restore(self, state: Mapping[str, int]) -> None:
        self.heard = dict(state)


def test_what_a_source_has_learnt_survives_an_interruption(tmp_path: Path, checkpoint: Path):
    def start(steps: int) -> Listening:
        made = trainer(Group(), checkpoint, tmp_path, configuration(steps=4, state_every=2), source=Listening())
        while made.step < steps:
            made.take_step()
            if made.step == 2:
                made._save()
        assert isinstance(made.source, Listening)
        return made.source

    whole = start(4).heard
    assert sum(whole.values()) == 4 * 8
    assert start(4).heard == whole, "it goes on from step 2"


def test_groups_that_teach_nothing_are_heard_of_all_the_same(tmp_path: Path, checkpoint: Path):
    settings = {"replacement": "dynamic", "questions": 3, "rollouts": 2, "dynamic_rounds": 3}
    made = trainer(Group(), checkpoint, tmp_path, configuration(**settings), source=Listening())
    row = made.take_step()
    assert isinstance(made.source, Listening)
    assert sum(made.source.heard.values()) == row["rolled_out"] / 2
    assert row["rolled_out"] > row["rollouts"], "some groups were filtered away"


def test_held_out_episodes_share_no_seed_with_training(tmp_path: Path, checkpoint: Path):
    made = trainer(Group(), checkpoint, tmp_path, configuration(evaluate_every=1))
    asked: list[tuple[bool, int]] = []

    class Watching(LocalPolicy):
        def episode(self, question: Question, seed: int) -> LocalSession:
            asked.append((question.split == "train", seed))
            return super().episode(question, seed)

    made.policy = Watching.of(made.network, made.policy.tokenizer, context=192)
    made.evaluate()
    made.take_step()
    training, held_out = ({seed for train, seed in asked if train is kind} for kind in (True, False))
    assert training
    assert held_out
    assert training.isdisjoint(held_out)


def test_uniform_source_gives_every_question_before_any_again():
    source = UniformSource(questions(10), 3)
    seen = [question.id for draw in range(4) for question in source.batch(draw, 5)]
    assert sorted(seen[:10]) == sorted(seen[10:]) == sorted(question.id for question in questions(10))
    assert seen[:10] != seen[10:]


# ---------------------------------------------------------------- the front door


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("inputs")
    pages = "".join(
        f"<page><title>{name}</title><ns>0</ns><id>{number}</id><revision><id>{number}</id>"
        f"<text>'''{name}''' is a name.</text></revision></page>"
        for number, name in enumerate(LEXICON, 1)
    )
    dump = folder / "dump.xml"
    dump.write_text(f'<mediawiki xml:lang="en"><siteinfo><sitename>Toy</sitename></siteinfo>{pages}</mediawiki>')
    import_dump(dump, folder / "wiki")
    (folder / "questions").mkdir()
    write_jsonl(folder / "questions" / "records.jsonl", [*questions(24), *questions(12, 7, "held_out")])
    return {"wiki": folder / "wiki", "questions": folder / "questions", "checkpoint": checkpoint}


def small(**changes) -> rl.Config:
    return configuration(**{"steps": 2, "questions": 4, "rollouts": 4, "agent": AGENT, "tools": TOOLS, **changes})


def test_the_stage_writes_a_checkpoint_and_a_manifest(tmp_path: Path, inputs: dict[str, Path]):
    manifest = rl.run(small(processes=2), inputs, tmp_path / "rl")
    assert manifest.counts["steps"] == 2
    assert manifest.counts["processes"] == 2
    assert "held_out_pass_at_1" in manifest.counts
    Network.load(tmp_path / "rl" / "checkpoint")
    assert rl.run(small(processes=2), inputs, tmp_path / "rl") == manifest
    with pytest.raises(ConfigChanged):
        rl.run(small(processes=2, rollouts=3), inputs, tmp_path / "rl")


def test_a_time_budget_ends_the_run(tmp_path: Path, inputs: dict[str, Path]):
    manifest = rl.run(small(steps=100_000, seconds=1.5, evaluate_every=0), inputs, tmp_path / "rl")
    assert 1 <= manifest.counts["steps"] < 1000


def test_a_tokenizer_of_another_checkpoint_is_refused(tmp_path: Path, inputs: dict[str, Path]):
    wrong = tmp_path / "wrong"
    trained_network().save(wrong)
    save_tokenizer(build_word_tokenizer(["many words that the weights have never met"] * 3), wrong)
    with pytest.raises(UserError, match="different checkpoints"):
        rl.run(small(), {**inputs, "checkpoint": wrong}, tmp_path / "rl")


def test_what_is_no_checkpoint_is_refused(tmp_path: Path, inputs: dict[str, Path]):
    with pytest.raises(UserError, match="no checkpoint there"):
        rl.run(small(), {**inputs, "checkpoint": tmp_path}, tmp_path / "rl")
