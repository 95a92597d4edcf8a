"""The training loop of reinforcement learning; run by every process of a group.

Enters: a checkpoint, questions, the offline web. Leaves: `checkpoint/`, rows of metrics, one trajectory a step,
`state.pt` while it runs, `result.json` at the end. Every random choice is a function of (seed, number of the batch), so
a resumed run continues as if it had never been interrupted.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from websailor.errors import UserError
from websailor.files import append_json, read_jsonl, trim_jsonl, write_json
from websailor.models.base import Sampling
from websailor.models.local.checkpoint import load_state, save_state
from websailor.models.local.network import Network
from websailor.models.local.optimizer import build_optimizer, learning_rate_factor
from websailor.models.local.parallel import Group
from websailor.models.local.policy import LocalPolicy, check_lexicon, check_tokenizer
from websailor.models.local.tokenizer import PAD, load_tokenizer, save_tokenizer
from websailor.progress import progress_bar
from websailor.records import Question
from websailor.rl import Config
from websailor.rl.rollout import Environment, Rollout, roll_out
from websailor.rl.source import QuestionSource, UniformSource
from websailor.rl.steps import (
    Outcome,
    accumulate_gradients,
    credit,
    group_results,
    mixed_groups,
    outcome_of,
    rollout_metrics,
)
from websailor.scoring import ExactMatch
from websailor.stopwatch import Elapsed
from websailor.tools.simulated import simulated_toolbox
from websailor.wiki import open_wiki

MOST_ROWS = 256
"""Conversations in the cache of one process at most."""
FLOOR = 0.1
"""The learning-rate factor at the end of the decay."""


class DriftError(RuntimeError):
    """The trainer and the sampler disagree about the policy: what was sampled is not what is being trained."""


def train(
    group: Group,
    config: Config,
    wiki: Path,
    questions: Path,
    checkpoint: Path,
    out: Path,
    source: QuestionSource | None = None,
) -> None:
    """Train from `checkpoint` (or from `out/state.pt`) to `out/checkpoint`."""
    train_questions, held_out = read_questions(questions)
    world = open_wiki(wiki)
    tokenizer = load_tokenizer(checkpoint)
    network = Network.load(checkpoint).compute_in(config.precision)
    check_tokenizer(tokenizer, network, checkpoint)
    check_lexicon(tokenizer, world.lexicon, checkpoint)
    environment = Environment(
        simulated_toolbox(world, config.tools),
        ExactMatch(),
        config.agent,
        Sampling(temperature=config.temperature, max_tokens=config.agent.max_tokens_per_turn),
        world.lexicon if config.rename else (),
        config.rename_decades,
    )
    trainer = Trainer(
        group,
        config,
        network,
        LocalPolicy.of(
            network,
            tokenizer,
            name="rl",
            rows=min(MOST_ROWS, -(-config.questions // group.size) * config.rollouts),
            context=min(config.agent.context_tokens, network.config.max_positions),
        ),
        environment,
        source or UniformSource(train_questions, config.seed),
        held_out[: config.evaluation_questions],
        out,
    )
    trainer.run()


def read_questions(questions: Path) -> tuple[list[Question], list[Question]]:
    """Training and held-out questions of a stage directory (or of a JSONL file)."""
    file = questions / "records.jsonl" if questions.is_dir() else questions
    records = list(read_jsonl(file, Question))
    train_questions = [question for question in records if question.split == "train"]
    if not train_questions:
        raise UserError(f"{file}: no training questions: run `websailor questions make` first")
    return train_questions, [question for question in records if question.split == "held_out"]


class Trainer:
    """One process' part of a run. All processes call the same methods in the same order."""

    def __init__(
        self,
        group: Group,
        config: Config,
        network: Network,
        policy: LocalPolicy,
        environment: Environment,
        source: QuestionSource,
        held_out: Sequence[Question],
        out: Path,
    ) -> None:
        self.group = group
        self.config = config
        self.network = network
        self.policy = policy
        self.environment = environment
        self.source = source
        self.held_out = held_out
        self.out = out
        muon_lr = config.muon_lr if config.optimizer == "muon" else None
        self.optimizer = build_optimizer(network, muon_lr, config.learning_rate)
        self.step = 0
        self.draw = 0
        """Batches taken from the source so far."""
        self._elapsed = Elapsed()
        self._restore()

    def run(self) -> None:
        """Step until the steps or the seconds are used up, then write the checkpoint."""
        config = self.config
        final: dict[str, float] = {}
        with progress_bar("reinforcement learning, %", 100, shown=self.group.is_first) as bar:
            shown = 0.0
            if self.step == 0 and config.evaluate_every and self.held_out:
                self._log({"step": 0, **self.evaluate()})
            while self.step < config.steps and self._done() < 1.0:
                row = self.take_step()
                last = self.step == config.steps or self._done() >= 1.0
                if config.evaluate_every and self.held_out and (last or self.step % config.evaluate_every == 0):
                    final = self.evaluate()
                    row |= final
                self._log(row)
                done = min(100.0, 100 * self._done())
                bar.advance(done - shown)
                shown = done
                bar.note(f"step {self.step}, pass rate {row['pass_rate']:.2f}")
                if self.group.is_first:
                    if self.step % config.state_every == 0:
                        self._save()
                    if config.checkpoint_every and self.step % config.checkpoint_every == 0:
                        self._write_checkpoint(self.out / "checkpoints" / f"{self.step:06d}")
        if self.group.is_first:
            self._write_checkpoint(self.out / "checkpoint")
            result = {
                "steps": self.step,
                "training_seconds": round(self._elapsed.seconds, 1),
                "processes": self.group.size,
            }
            write_json(self.out / "result.json", {**result, **final})
            (self.out / "state.pt").unlink(missing_ok=True)

    def take_step(self) -> dict[str, Any]:
        """Fresh rollouts, one optimiser step. Returns the row of metrics."""
        started = time.monotonic()
        rollouts, outcomes, everything = self.fresh_batch()
        rolled_out = time.monotonic()
        advantage_N = credit(outcomes, self.config, np.random.default_rng([self.config.seed, 2, self.step]))
        mine = [index for index, outcome in enumerate(outcomes) if outcome.group % self.group.size == self.group.rank]
        for rollout, index in zip(rollouts, mine, strict=True):
            rollout.sample.advantage = float(advantage_N[index])
        self.optimizer.zero_grad()
        padding = self.policy.tokenizer.token_to_id(PAD) or 0
        own_tokens = sum(outcome.own_tokens for outcome in outcomes)
        report = accumulate_gradients(
            self.network, [rollout.sample for rollout in rollouts], max(own_tokens, 1), self.config, padding
        )
        drift = max(self.group.gather(report.drift_largest))
        if drift > self.config.drift_limit:
            raise DriftError(
                f"step {self.step + 1}: a token's log-probability is {drift:.3g} apart between sampling and training, "
                f"more than drift_limit = {self.config.drift_limit:g}: the batch is not on-policy, nothing was updated"
            )
        loss, trained, drift_sum = self.group.sum(report.loss, float(report.trained_tokens), report.drift_sum)
        norm = 0.0
        if trained:
            self.group.sum_gradients(self.optimizer.parameters)
            factor = learning_rate_factor(self._done(), self.step, self.config.warmup, self.config.decay, FLOOR)
            norm = self.optimizer.step(factor, self.config.gradient_clip)
        self.step += 1
        if self.group.is_first:
            self.source.learn(group_results(everything, self.step))
        finished = time.monotonic()
        return {
            "step": self.step,
            **rollout_metrics(outcomes, self.config),
            "loss": loss,
            "gradient_norm": norm,
            "drift_largest": drift,
            "drift_mean": drift_sum / max(trained, 1),
            "trained_tokens": trained,
            "rolled_out": len(everything),
            "seconds_rollout": rolled_out - started,
            "seconds_train": finished - rolled_out,
            "seconds": self._elapsed.seconds,
        }

    def evaluate(self) -> dict[str, float]:
        """pass@1 on the held-out questions, one episode each under its own names, the same seeds every time, which are
        those of no batch."""
        share = list(enumerate(self.held_out))[self.group.rank :: self.group.size]
        environment = replace(self.environment, lexicon=())
        rollouts = asyncio.run(roll_out(self.policy, environment, share, 1, -1 - self.config.seed))
        outcomes = [outcome_of(rollout, self.config) for rollout in rollouts]
        right, broken, calls, count = self.group.sum(
            sum(outcome.right for outcome in outcomes),
            sum(outcome.format_errors > 0 for outcome in outcomes),
            sum(outcome.tool_calls for outcome in outcomes),
            len(outcomes),
        )
        return {
            "held_out_pass_at_1": right / count,
            "held_out_format_errors": broken / count,
            "held_out_tool_calls": calls / count,
            "held_out_questions": count,
        }

    def fresh_batch(self) -> tuple[list[Rollout], list[Outcome], list[Outcome]]:
        """This process' rollouts, the outcomes of all processes in the order of groups, and the outcomes of everything
        that was rolled out, groups that `dynamic` filtered away included."""
        config = self.config
        mine: list[Rollout] = []
        outcomes: list[Outcome] = []
        rounds = 0
        while True:
            drawn = self.source.batch(self.draw, config.questions) if self.group.is_first else None
            batch: Sequence[Question] = self.group.agree(drawn)
            first = rounds * config.questions
            share = [
                (number, question)
                for number, question in enumerate(batch, first)
                if number % self.group.size == self.group.rank
            ]
            seed = self._seed(self.draw)
            mine += asyncio.run(roll_out(self.policy, self.environment, share, config.rollouts, seed))
            self.draw += 1
            rounds += 1
            gathered = self.group.gather([outcome_of(rollout, config) for rollout in mine])
            outcomes = sorted((outcome for part in gathered for outcome in part), key=lambda outcome: outcome.group)
            if self.group.is_first and rounds == 1 and mine:
                self._keep_trajectory(mine[0])
            if config.replacement != "dynamic":
                return mine, outcomes, outcomes
            kept = set(sorted(mixed_groups(outcomes, config))[: config.questions])
            if len(kept) == config.questions or rounds == config.dynamic_rounds:
                kept = kept or {outcome.group for outcome in outcomes}
                return (
                    [rollout for rollout in mine if rollout.group in kept],
                    [outcome for outcome in outcomes if outcome.group in kept],
                    outcomes,
                )

    def _done(self) -> float:
        """Share of the run that lies behind: by steps or by seconds, whichever is further."""
        by_steps = self.step / self.config.steps
        if not self.config.seconds:
            return by_steps
        return max(by_steps, self.group.agree(self._elapsed.seconds) / self.config.seconds)

    # ------------------------------------------------------------ files

    def _save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "draw": self.draw,
            "seconds": self._elapsed.seconds,
            "source": json.dumps(self.source.state()),
        }
        save_state(self.out / "state.pt", state)

    def _restore(self) -> None:
        state = load_state(self.out / "state.pt")
        if state is not None:
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.draw, self._elapsed = state["step"], state["draw"], Elapsed(state["seconds"])
            if self.group.is_first:
                self.source.restore(json.loads(state["source"]))
        if self.group.is_first:
            # What an interrupted run wrote after the state it is resumed from will be written again.
            trim_jsonl(self.out / "metrics.jsonl", lambda row: state is not None and row["step"] <= self.step)
            unsaved = self._seed(self.draw) * self.config.rollouts
            trim_jsonl(self.out / "records.jsonl", lambda row: row["seed"] < unsaved)

    def _seed(self, draw: int) -> int:
        """Seed of a batch of rollouts."""
        return self.config.seed * 1_000_003 + draw

    def _write_checkpoint(self, folder: Path) -> None:
        save_tokenizer(self.policy.tokenizer, folder)
        self.network.save(folder)

    def _log(self, row: dict[str, Any]) -> None:
        if self.group.is_first:
            rounded = {key: round(value, 6) if isinstance(value, float) else value for key, value in row.items()}
            append_json(self.out / "metrics.jsonl", rounded)

    def _keep_trajectory(self, rollout: Rollout) -> None:
        with (self.out / "records.jsonl").open("a", encoding="utf-8") as file:
            file.write(rollout.trajectory.model_dump_json() + "\n")
