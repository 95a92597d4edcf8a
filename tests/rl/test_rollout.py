"""Rollouts: what the trainer gets is what was sampled, and names never matter."""

import asyncio

import numpy as np
import pytest
import torch

from toy_search import LEXICON, RIGHT, environment, questions, tokenizer, trained_network
from websailor.models.local.batches import micro_batches
from websailor.models.local.network import Network
from websailor.models.local.policy import LocalPolicy
from websailor.models.tokens import encode_conversation
from websailor.rl import Config
from websailor.rl.rollout import Rollout, Sample, roll_out
from websailor.rl.steps import accumulate_gradients


@pytest.fixture(scope="module")
def network() -> Network:
    return trained_network()


def rolled(network: Network, count: int = 4, size: int = 4, seed: int = 0, rename: bool = True) -> list[Rollout]:
    policy = LocalPolicy.of(network, tokenizer(), context=192)
    around = environment(lexicon=LEXICON if rename else ())
    return asyncio.run(roll_out(policy, around, list(enumerate(questions(count))), size, seed))


def test_samples_hold_the_tokens_of_the_conversation(network: Network):
    for rollout in rolled(network):
        sample = rollout.sample
        assert len(sample.token_N) == len(sample.mask_N) == len(sample.logprob_N)
        assert (sample.logprob_N[~sample.mask_N] == 0).all()
        ids, mask = encode_conversation(tokenizer(), rollout.trajectory.messages)
        if rollout.trajectory.usage.format_errors == 0 and len(ids) == len(sample.token_N):
            # A well-formed conversation is tokenised the way it was sampled.
            np.testing.assert_array_equal(ids, sample.token_N)
            np.testing.assert_array_equal(mask, sample.mask_N)


def test_log_probabilities_are_those_of_a_full_forward_pass(network: Network):
    for rollout in rolled(network):
        tokens = torch.from_numpy(rollout.sample.token_N)
        with torch.no_grad():
            logprob_TV = torch.log_softmax(network(tokens[None])[0, :-1], -1)
        expected = logprob_TV.gather(1, tokens[1:, None])[:, 0].numpy()
        own = rollout.sample.mask_N[1:]
        np.testing.assert_allclose(rollout.sample.logprob_N[1:][own], expected[own], atol=1e-4)


def test_a_group_shares_its_names_and_groups_have_their_own(network: Network):
    rollouts = rolled(network)
    prompts = {}
    for rollout in rollouts:
        prompts.setdefault(rollout.group, set()).add(rollout.trajectory.messages[1].content)
    assert all(len(group) == 1 for group in prompts.values())
    renamed = [next(iter(prompts[group])) != question.prompt for group, question in enumerate(questions(4))]
    assert sum(renamed) >= 3


def test_answers_are_scored_in_the_names_of_the_world(network: Network):
    for rollout in rolled(network, count=6):
        trajectory = rollout.trajectory
        assert trajectory.score is not None
        assert trajectory.score.value == (trajectory.answer == RIGHT)
    shown = [
        (rollout.trajectory.messages[-1].content, rollout.trajectory.answer)
        for rollout in rolled(network, count=6)
        if rollout.trajectory.answer
    ]
    assert any(answer not in text for text, answer in shown), "some answer must have been translated back"


def test_rollouts_repeat_for_a_seed_and_differ_between_seeds(network: Network):
    first, again, other = (
        [rollout.sample.token_N.tolist() for rollout in rolled(network, seed=seed)] for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_a_group_does_not_depend_on_the_other_groups(network: Network):
    policy = LocalPolicy.of(network, tokenizer(), context=192)
    everything = asyncio.run(roll_out(policy, environment(), list(enumerate(questions(6))), 3, 0))
    alone = asyncio.run(roll_out(policy, environment(), [(4, questions(6)[4])], 3, 0))
    expected = [rollout.sample.token_N.tolist() for rollout in everything if rollout.group == 4]
    assert [rollout.sample.token_N.tolist() for rollout in alone] == expected


def test_every_row_of_the_engine_is_free_after_the_rollouts(network: Network):
    policy = LocalPolicy.of(network, tokenizer(), rows=16, context=192)
    asyncio.run(roll_out(policy, environment(), list(enumerate(questions(6))), 4, 0))
    assert len(policy.engine._free) == 16


def test_micro_batches_hold_every_trained_token_once():
    rng = np.random.default_rng(0)
    samples = []
    for length in rng.integers(2, 60, size=30).tolist():
        mask = rng.random(length) < 0.5
        mask[0] = False
        logprob = np.where(mask, -rng.random(length), 0).astype(np.float32)
        samples.append(Sample(rng.integers(0, 99, length), mask, logprob, float(rng.integers(-1, 2))))
    batches = micro_batches(samples, 150)
    assert sum(len(batch.target_K) for batch in batches) == sum(int(sample.mask_N.sum()) for sample in samples)
    assert sum(batch.token_BT.shape[0] for batch in batches) == len(samples)
    for batch in batches:
        assert batch.token_BT.numel() <= 150 or batch.token_BT.shape[0] == 1
        assert torch.equal(batch.token_BT[batch.row_K, batch.column_K + 1], batch.target_K)
        own = [sample.logprob_N[sample.mask_N] for sample in batch.rows]
        np.testing.assert_array_equal(batch.of_targets(lambda sample: sample.logprob_N).numpy(), np.concatenate(own))


def test_samples_without_advantage_cost_nothing_and_change_nothing(network: Network):
    samples = [rollout.sample for rollout in rolled(network)]
    for sample in samples[::3]:
        sample.advantage = 1.0
    gradients = []
    for batch in (samples, samples[::3]):
        network.zero_grad()
        report = accumulate_gradients(network, batch, 100.0, Config())
        assert report.trained_tokens == sum(int(sample.mask_N.sum()) for sample in samples[::3])
        assert network.head.grad is not None
        gradients.append(network.head.grad.clone())
    assert torch.equal(*gradients)
