"""What one training step computes, without the loop and without files.

Enters: rollouts with their scores, and micro-batches of samples. Leaves: outcomes, advantages, gradients in the
network's parameters, a row of metrics, and what each group showed about its question.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from websailor.models.local.batches import micro_batches
from websailor.models.local.network import Network
from websailor.rl import Config
from websailor.rl.credit import advantages
from websailor.rl.loss import policy_loss
from websailor.rl.reward import RIGHT_FROM, excused, reward_terms, truncated
from websailor.rl.rollout import Rollout, Sample
from websailor.rl.source import GroupResult


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all processes need to know of a rollout."""

    group: int
    question_id: str
    reward: float
    terms: dict[str, float]
    right: bool
    truncated: bool
    left_out: bool
    """Of the loss: a negative that a limit ended."""
    own_tokens: int
    tokens: int
    turns: int
    tool_calls: int
    format_errors: int
    surprise: float
    """Sum of -log p over the agent's own tokens: its mean estimates the policy's entropy."""


def outcome_of(rollout: Rollout, config: Config) -> Outcome:
    """Score the rollout by the configured reward."""
    trajectory, sample = rollout.trajectory, rollout.sample
    terms = reward_terms(trajectory, config.reward, config.format_penalty)
    assert trajectory.score is not None
    return Outcome(
        group=rollout.group,
        question_id=rollout.question.id,
        reward=sum(terms.values()),
        terms=terms,
        right=trajectory.score.value >= RIGHT_FROM,
        truncated=truncated(trajectory),
        left_out=config.leave_out_truncated
        and excused(trajectory, config.leave_out_broken, config.leave_out_turn_limit),
        own_tokens=int(sample.mask_N.sum()),
        tokens=len(sample.token_N),
        turns=trajectory.usage.turns,
        tool_calls=trajectory.usage.tool_calls,
        format_errors=trajectory.usage.format_errors,
        surprise=-float(sample.logprob_N[sample.mask_N].sum()),
    )


def mixed_groups(outcomes: Sequence[Outcome], config: Config) -> set[int]:
    """Groups whose rewards are not all equal, among the rollouts that count in the baseline: those that can teach."""
    rewards: dict[int, set[float]] = {}
    for outcome in outcomes:
        if config.truncated_in_baseline or not outcome.left_out:
            rewards.setdefault(outcome.group, set()).add(outcome.reward)
    return {group for group, values in rewards.items() if len(values) > 1}


def credit(outcomes: Sequence[Outcome], config: Config, rng: np.random.Generator) -> np.ndarray:
    """Advantage of every outcome, float64 [N]."""
    return advantages(
        np.array([outcome.reward for outcome in outcomes]),
        np.array([outcome.group for outcome in outcomes]),
        np.array([outcome.left_out for outcome in outcomes]),
        np.array([outcome.own_tokens for outcome in outcomes]),
        rng=rng,
        baseline=config.baseline,
        replacement=config.replacement,
        truncated_in_baseline=config.truncated_in_baseline,
    )


@dataclass(slots=True)
class GradientReport:
    """What the backward passes saw."""

    loss: float = 0.0
    trained_tokens: int = 0
    drift_largest: float = 0.0
    drift_sum: float = 0.0
    """Absolute differences between the trainer's and the sampler's log-probabilities."""


def accumulate_gradients(
    network: Network, samples: Sequence[Sample], tokens: float, config: Config, padding: int = 0
) -> GradientReport:
    """Add the gradient of the loss over `samples` to the network. `tokens`: own tokens of all processes.

    Samples of advantage 0 are skipped: they teach nothing.
    """
    report = GradientReport()
    taught = [sample for sample in samples if sample.advantage]
    for batch in micro_batches(taught, config.micro_batch_tokens, padding):
        sampled_K = batch.of_targets(lambda sample: sample.logprob_N)
        advantage_K = batch.of_targets(lambda sample: np.full(len(sample.token_N), sample.advantage, np.float32))
        hidden_KD = network.hidden(batch.token_BT)[batch.row_K, batch.column_K]
        logits_KV = network.logits(hidden_KD).float() / config.temperature
        logprob_K = -functional.cross_entropy(logits_KV, batch.target_K, reduction="none")
        loss = policy_loss(logprob_K, sampled_K, advantage_K, tokens, config.clip_low, config.clip_high)
        loss.backward()
        with torch.no_grad():
            drift_K = (logprob_K - sampled_K).abs()
        report.loss += loss.item()
        report.trained_tokens += len(drift_K)
        report.drift_largest = max(report.drift_largest, drift_K.max().item())
        report.drift_sum += drift_K.sum().item()
    return report


def rollout_metrics(outcomes: Sequence[Outcome], config: Config) -> dict[str, float]:
    """Means over the rollouts of a step."""
    count = len(outcomes)
    own = sum(outcome.own_tokens for outcome in outcomes)
    groups = len({outcome.group for outcome in outcomes})
    terms = {
        f"reward_{name}": sum(outcome.terms[name] for outcome in outcomes) / count for name in sorted(outcomes[0].terms)
    }
    return {
        "reward": sum(outcome.reward for outcome in outcomes) / count,
        **terms,
        "pass_rate": sum(outcome.right for outcome in outcomes) / count,
        "truncated": sum(outcome.truncated for outcome in outcomes) / count,
        "left_out": sum(outcome.left_out for outcome in outcomes) / count,
        "format_errors": sum(outcome.format_errors > 0 for outcome in outcomes) / count,
        "zero_variance": 1 - len(mixed_groups(outcomes, config)) / groups,
        "entropy": sum(outcome.surprise for outcome in outcomes) / max(own, 1),
        "own_tokens": own / count,
        "tokens": sum(outcome.tokens for outcome in outcomes) / count,
        "turns": sum(outcome.turns for outcome in outcomes) / count,
        "tool_calls": sum(outcome.tool_calls for outcome in outcomes) / count,
        "rollouts": count,
    }


def group_results(outcomes: Sequence[Outcome], step: int) -> list[GroupResult]:
    """What the source of questions hears."""
    groups: dict[int, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.group, []).append(outcome)
    return [
        GroupResult(
            members[0].question_id,
            step,
            tuple(member.reward for member in members),
            tuple(member.right for member in members),
            tuple(member.truncated for member in members),
        )
        for members in groups.values()
    ]
