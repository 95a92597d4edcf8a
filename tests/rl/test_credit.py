"""Credit against literal definitions: loops, literal leaving out, literal copies."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from toy_questions import trajectory
from websailor.records import Score, StopReason, Trajectory, Usage
from websailor.rl.credit import advantages
from websailor.rl.loss import policy_loss
from websailor.rl.reward import excused, reward_terms, truncated

Rollout = tuple[int, float, bool, int]
"""Group, reward, truncated, own tokens."""

ROLLOUTS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([0.0, 1.0, 0.1, -0.1, 0.9]), st.booleans(), st.integers(1, 50)),
    min_size=1,
    max_size=30,
)


def arrays(rollouts: list[Rollout]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    group, reward, cut, tokens = zip(*rollouts, strict=True)
    return np.array(reward), np.array(group), np.array(cut), np.array(tokens)


def by_definition(rollouts: list[Rollout], kept: list[bool], counted: list[bool], standardised: bool) -> list[float]:
    """Unscaled advantages, rollout by rollout."""
    result = []
    for j, (group, reward, _, _) in enumerate(rollouts):
        others = [r for k, (g, r, _, _) in enumerate(rollouts) if g == group and counted[k] and k != j]
        everyone = [r for k, (g, r, _, _) in enumerate(rollouts) if g == group and counted[k]]
        if not kept[j] or not others or len(set(everyone)) == 1:
            result.append(0.0)
        elif standardised:
            mean = sum(everyone) / len(everyone)
            variance = sum((r - mean) ** 2 for r in everyone) / (len(everyone) - 1)
            result.append((reward - mean) / variance**0.5)
        else:
            result.append(reward - sum(others) / len(others))
    return result


@settings(max_examples=200, deadline=None)
@given(ROLLOUTS, st.booleans(), st.booleans(), st.booleans())
def test_advantages_equal_their_definition(rollouts: list[Rollout], standardised: bool, leave_out: bool, in_base: bool):
    kept = [not (leave_out and cut and reward < 0.5) for _, reward, cut, _ in rollouts]
    expected = by_definition(rollouts, kept, [k or in_base for k in kept], standardised)
    total = sum(tokens for *_, tokens in rollouts)
    kept_tokens = sum(tokens for k, (*_, tokens) in zip(kept, rollouts, strict=True) if k)
    scale = total / kept_tokens if kept_tokens else 0.0
    got = advantages(
        *arrays(rollouts),
        rng=np.random.default_rng(0),
        baseline="standardised" if standardised else "leave_one_out",
        leave_out_truncated=leave_out,
        truncated_in_baseline=in_base,
    )
    np.testing.assert_allclose(got, np.array(expected) * scale, atol=1e-9)


@settings(max_examples=200, deadline=None)
@given(ROLLOUTS, st.sampled_from(["none", "duplicate", "dynamic"]), st.integers(0, 99))
def test_a_plain_token_mean_is_the_loss_of_literal_copies(rollouts: list[Rollout], replacement, seed: int):
    """The gradient with respect to each rollout's log-probability, against a batch in which copies really occur."""
    got = advantages(*arrays(rollouts), rng=np.random.default_rng(seed), replacement=replacement)
    total = sum(tokens for *_, tokens in rollouts)
    plain = {j: got[j] / total for j in range(len(rollouts))}  # gradient per token of rollout j

    kept = [not (cut and reward < 0.5) for _, reward, cut, _ in rollouts]
    raw = by_definition(rollouts, kept, kept, False)
    groups = sorted({group for group, *_ in rollouts})
    mixed = []
    for group in groups:
        rewards = {r for k, (g, r, _, _) in zip(kept, rollouts, strict=True) if g == group and k}
        if len(rewards) > 1:
            mixed.append(group)
    batch = list(groups if replacement == "none" else mixed)
    if replacement == "duplicate" and mixed:
        batch += list(np.random.default_rng(seed).choice(mixed, size=len(groups) - len(mixed)))
    literal = [
        (j, raw[j], rollouts[j][3]) for g in batch for j in range(len(rollouts)) if rollouts[j][0] == g and kept[j]
    ]
    tokens = sum(count for *_, count in literal)
    for j in range(len(rollouts)):
        expected = sum(advantage for k, advantage, _ in literal if k == j) / tokens if tokens else 0.0
        assert plain[j] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.1, 0.9, 1.0]), min_size=2, max_size=16))
def test_leave_one_out_is_g_over_g_minus_one_times_the_centred_reward(rewards: list[float]):
    reward = np.array(rewards)
    no = np.zeros(len(reward), dtype=bool)
    ones = np.ones(len(reward), dtype=int)
    got = advantages(reward, 0 * ones, no, ones, rng=np.random.default_rng(0))
    np.testing.assert_allclose(got, len(reward) / (len(reward) - 1) * (reward - reward.mean()), atol=1e-12)
    assert abs(got.sum()) < 1e-9


def test_a_truncated_but_right_rollout_is_learned_from():
    reward, group = np.array([1.0, 0.0, 0.0]), np.zeros(3, dtype=int)
    cut = np.array([True, True, False])
    got = advantages(reward, group, cut, group + 1, rng=np.random.default_rng(0))
    assert got[0] > 0
    assert got[1] == 0
    assert got[2] < 0


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-6, 0), st.floats(-0.5, 0.5), st.floats(-2, 2)), min_size=1, max_size=40),
    st.floats(0.05, 0.4),
    st.floats(0.05, 0.4),
)
def test_the_loss_and_its_gradient_equal_a_float64_derivation(
    tokens: list[tuple[float, float, float]], low: float, high: float
):
    sampled, change, advantage = (np.array(column) for column in zip(*tokens, strict=True))
    ratio = np.exp(change)
    clipped = np.clip(ratio, 1 - low, 1 + high)
    expected = -np.minimum(ratio * advantage, clipped * advantage).sum() / 17
    # d/dlogp of r A is r A; the clipped branch has none
    active = ratio * advantage <= clipped * advantage
    gradient = np.where(active, -ratio * advantage / 17, 0.0)
    logprob = torch.tensor(sampled + change, dtype=torch.float64, requires_grad=True)
    loss = policy_loss(logprob, torch.tensor(sampled), torch.tensor(advantage), 17, low, high)
    loss.backward()
    assert loss.item() == pytest.approx(expected, abs=1e-12)
    assert logprob.grad is not None
    inside = np.abs(ratio - clipped) > 1e-9
    unclipped = ratio == clipped
    np.testing.assert_allclose(logprob.grad.numpy()[inside], gradient[inside], atol=1e-12)
    np.testing.assert_allclose(logprob.grad.numpy()[unclipped], (-ratio * advantage / 17)[unclipped], atol=1e-12)


def test_on_policy_the_gradient_is_the_plain_policy_gradient():
    logprob = torch.tensor([-1.0, -0.3, -2.0], requires_grad=True)
    advantage = torch.tensor([1.0, -2.0, 0.5])
    policy_loss(logprob, logprob.detach(), advantage, 3).backward()
    assert logprob.grad is not None
    torch.testing.assert_close(logprob.grad, -advantage / 3)


def ended(answer: str | None, stop: StopReason, value: float, errors: int = 0) -> Trajectory:
    score = Score(value=value, reason="", judge="exact")
    return trajectory(answer, stop=stop, usage=Usage(format_errors=errors), score=score)


def test_reward_presets():
    right = ended("x", StopReason.ANSWER, 1.0)
    wrong = ended("x", StopReason.ANSWER, 0.0)
    sloppy = ended("x", StopReason.ANSWER, 1.0, errors=1)
    lost = ended(None, StopReason.FORMAT_ERROR, 0.0, errors=3)
    out_of_turns = ended(None, StopReason.TURN_LIMIT, 0.0)
    assert [sum(reward_terms(t, "v1").values()) for t in (right, wrong, sloppy, lost, out_of_turns)] == [
        pytest.approx(value) for value in (1.0, 0.1, 0.9, 0.0, 0.0)
    ]
    assert [sum(reward_terms(t, "v2", 0.2).values()) for t in (right, wrong, sloppy, lost, out_of_turns)] == [
        pytest.approx(value) for value in (1.0, 0.0, 0.8, -0.2, 0.0)
    ]


def test_only_what_a_limit_ended_is_truncated():
    assert truncated(ended(None, StopReason.TURN_LIMIT, 0.0))
    assert truncated(ended(None, StopReason.CONTEXT_LIMIT, 0.0))
    assert truncated(ended(None, StopReason.TIME_LIMIT, 0.0))
    assert not truncated(ended("x", StopReason.CONTEXT_LIMIT, 0.0)), "its last turn gave an answer"
    assert not truncated(ended(None, StopReason.FORMAT_ERROR, 0.0))
    assert not truncated(ended(None, StopReason.TOOL_FAILURE, 0.0))
    assert truncated(ended(None, StopReason.TURN_LIMIT, 0.0, errors=1))


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("turn_limit", [False, True])
def test_which_truncated_negatives_are_excused_is_a_setting(broken: bool, turn_limit: bool):
    turns, context = StopReason.TURN_LIMIT, StopReason.CONTEXT_LIMIT
    verdicts = {
        (stop, errors): excused(ended(None, stop, 0.0, errors), broken, turn_limit)
        for stop in (turns, context)
        for errors in (0, 1)
    }
    assert verdicts == {
        (context, 0): True,
        (context, 1): broken,
        (turns, 0): turn_limit,
        (turns, 1): turn_limit and broken,
    }
    assert not excused(ended("x", StopReason.CONTEXT_LIMIT, 1.0), broken, turn_limit), "right: learnt from"
    assert not excused(ended(None, StopReason.FORMAT_ERROR, 0.0, 3), broken, turn_limit)
