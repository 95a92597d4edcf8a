"""The engine against full recomputation: however tokens were sampled, they have the same log-probabilities."""

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from websailor.errors import UserError
from websailor.models.base import ContextExceeded
from websailor.models.local.cache import KeyValueCache
from websailor.models.local.engine import Conversation, Engine, draw, uniform
from websailor.models.local.network import Network, NetworkConfig

VOCABULARY = 61
STOP = 3


def network(seed: int = 0) -> Network:
    config = NetworkConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        layers=2,
        heads=4,
        kv_heads=2,
        head_dim=8,
        intermediate=48,
        max_positions=400,
        tied=False,
    )
    made = Network(config).initialise(seed)
    with torch.no_grad():
        made.head.mul_(20)  # peaked enough that an error in the cache shows
    return made


def recomputed(model: Network, conversation: Conversation) -> np.ndarray:
    """Log-probabilities of all tokens but the first, from one full forward pass."""
    ids = torch.tensor(conversation.token_ids)
    with torch.no_grad():
        logprob_TV = torch.log_softmax(model(ids[None])[0, :-1], dim=-1)
    return logprob_TV.gather(1, ids[1:, None])[:, 0].numpy()


def assert_faithful(model: Network, conversation: Conversation) -> None:
    own = np.asarray(conversation.own[1:])
    sampled = np.asarray(conversation.logprobs[1:])
    assert own.any()
    np.testing.assert_allclose(sampled[own], recomputed(model, conversation)[own], atol=2e-4)


async def talk(
    engine: Engine, seed: int, prompt: list[int], turns: int = 3, most: int = 12, pause: float = 0.0, **sampling: float
) -> Conversation:
    """A conversation of several turns with observations of different lengths between them."""
    conversation = engine.open(seed)
    rng = np.random.default_rng(seed)
    new = prompt
    for _ in range(turns):
        await engine.turn(conversation, new, most, **sampling)
        new = rng.integers(4, VOCABULARY, size=int(rng.integers(1, 30))).tolist()
        if pause:
            await asyncio.sleep(pause * (seed % 3))
    return conversation


def together(*talks: Coroutine[Any, Any, Conversation]) -> list[Conversation]:
    async def run() -> list[Conversation]:
        return await asyncio.gather(*talks)

    return asyncio.run(run())


def prompts(count: int, seed: int = 0) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(4, VOCABULARY, size=int(rng.integers(1, 40))).tolist() for _ in range(count)]


def test_log_probabilities_equal_a_full_forward_pass():
    model = network()
    engine = Engine(model, [STOP], rows=32, context=300)
    conversations = together(*(talk(engine, seed, prompt) for seed, prompt in enumerate(prompts(20))))
    for conversation in conversations:
        assert_faithful(model, conversation)
    lengths = {len(conversation.token_ids) for conversation in conversations}
    assert len(lengths) > 5, "rows of one length would prove little"


def test_a_conversation_does_not_depend_on_its_company():
    model = network()
    alone = [
        together(talk(Engine(model, [STOP], rows=1, context=300), seed, prompt))[0].token_ids
        for seed, prompt in enumerate(prompts(8))
    ]
    engine = Engine(model, [STOP], rows=8, context=300)
    company = together(*(talk(engine, seed, prompt) for seed, prompt in enumerate(prompts(8))))
    assert [conversation.token_ids for conversation in company] == alone
    again = together(*(talk(engine, seed, prompt, pause=0.003) for seed, prompt in enumerate(prompts(8))))
    assert [conversation.token_ids for conversation in again] == alone


def test_a_shared_prompt_is_computed_once_and_changes_nothing():
    model = network()
    prompt = prompts(1, seed=5)[0] + list(range(4, 40))
    engine = Engine(model, [STOP], rows=16, context=300)
    group = together(*(talk(engine, seed, prompt, turns=1) for seed in range(8)))
    assert engine.copied_tokens == 7 * (len(prompt) - 1)
    assert engine.prefilled_tokens == len(prompt) + 7
    separate = [
        together(talk(Engine(model, [STOP], rows=1, context=300), seed, prompt, turns=1))[0] for seed in range(8)
    ]
    assert [one.token_ids for one in group] == [one.token_ids for one in separate]
    for one, other in zip(group, separate, strict=True):
        np.testing.assert_allclose(one.logprobs, other.logprobs, atol=1e-4)
    assert len({tuple(one.token_ids) for one in group}) > 1, "the seeds of a group must differ"


def test_observations_cost_a_prefill_of_the_new_tokens_alone():
    engine = Engine(network(), [STOP], rows=4, context=300)
    conversation = together(talk(engine, 1, [9] * 30, turns=3))[0]
    observed = sum(not own for own in conversation.own)
    turns_but_the_last = 2
    assert engine.prefilled_tokens == observed + turns_but_the_last  # and the token that ended each turn


def test_more_conversations_than_rows_wait_and_long_prompts_come_in_pieces():
    model = network()
    engine = Engine(model, [STOP], rows=3, context=300, prefill_tokens=16)

    async def one(seed: int, prompt: list[int]) -> Conversation:
        conversation = await talk(engine, seed, prompt, pause=0.002)
        engine.close(conversation)
        return conversation

    conversations = together(*(one(seed, prompt) for seed, prompt in enumerate(prompts(11, seed=2))))
    for conversation in conversations:
        assert_faithful(model, conversation)


def test_idle_conversations_lose_their_row_when_nobody_could_run_and_take_it_up_again():
    model = network()
    engine = Engine(model, [STOP], rows=2, context=300)

    async def run() -> list[Conversation]:
        conversations = [engine.open(seed) for seed in range(6)]
        for turn in range(3):
            for index, conversation in enumerate(conversations):  # none is ever closed, all hold on to their state
                await engine.turn(conversation, [5 + index + turn] * 9, 10)
        return conversations

    for conversation in asyncio.run(run()):
        assert_faithful(model, conversation)


def test_forgotten_conversations_give_their_rows_back():
    engine = Engine(network(), [STOP], rows=2, context=300)
    for seed in range(6):
        together(talk(engine, seed, [7, 8, 9]))
        gc.collect()
    assert len(engine._free) == 2


def test_the_cache_is_not_believed_after_the_weights_changed():
    model = network()
    engine = Engine(model, [STOP], rows=4, context=300)
    prompt = list(range(4, 44))

    async def run() -> Conversation:
        conversation = await talk(engine, 1, prompt)
        engine.close(conversation)
        return conversation

    asyncio.run(run())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(3)))
    assert_faithful(model, asyncio.run(run()))


def test_changing_the_weights_under_an_open_conversation_is_refused():
    model = network()
    engine = Engine(model, [STOP], rows=4, context=300)

    async def run() -> None:
        conversation = await talk(engine, 1, [5, 6, 7], turns=1)
        with torch.no_grad():
            model.head.add_(0.1)
        await engine.turn(conversation, [8], 5)

    with pytest.raises(AssertionError, match="weights changed"):
        asyncio.run(run())


def test_limits_and_stop_tokens():
    model = network()
    engine = Engine(model, [STOP], rows=4, context=64)

    async def run() -> None:
        conversation = engine.open(0)
        with pytest.raises(ContextExceeded):
            await engine.turn(conversation, [5] * 64, 5)
        assert conversation.token_ids == []
        turn = await engine.turn(conversation, [5] * 60, 50)
        assert len(turn.token_ids) <= 4
        assert turn.truncated == (turn.token_ids[-1] != STOP)
        short = await engine.turn(engine.open(1), [5], 1)
        assert len(short.token_ids) == 1

    asyncio.run(run())
    everything_stops = Engine(model, range(VOCABULARY), rows=1, context=64)
    turn = together(talk(everything_stops, 0, [5], turns=1))[0]
    assert sum(turn.own) == 1


def test_a_cancelled_turn_frees_its_row_and_troubles_nobody():
    model = network()
    engine = Engine(model, [], rows=2, context=300)

    async def run() -> Conversation:
        abandoned = asyncio.create_task(talk(engine, 0, [5, 6, 7], turns=1, most=250))
        other = asyncio.create_task(talk(engine, 1, [8, 9], turns=1, most=100))
        await asyncio.sleep(0.02)
        abandoned.cancel()
        with pytest.raises(asyncio.CancelledError):
            await abandoned
        return await other

    assert_faithful(model, asyncio.run(run()))
    assert len(engine._free) + len(engine._idle) == 2


def test_greedy_takes_the_most_likely_token_and_temperature_is_in_the_log_probability():
    model = network()
    engine = Engine(model, [STOP], rows=4, context=300)
    greedy = together(talk(engine, 0, [5, 6, 7], turns=1, temperature=0.0))[0]
    ids = torch.tensor(greedy.token_ids)
    with torch.no_grad():
        logits_TV = model(ids[None])[0, :-1]
    own = torch.tensor(greedy.own[1:])
    assert torch.equal(logits_TV.argmax(-1)[own], ids[1:][own])
    warm = together(talk(engine, 0, [5, 6, 7], turns=1, temperature=2.5))[0]
    ids = torch.tensor(warm.token_ids)
    with torch.no_grad():
        logprob_TV = torch.log_softmax(model(ids[None])[0, :-1] / 2.5, -1)
    expected = logprob_TV.gather(1, ids[1:, None])[:, 0].numpy()
    np.testing.assert_allclose(warm.logprobs[3:], expected[2:], atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 140), min_size=1, max_size=5),
    heads=st.sampled_from([(1, 1), (4, 2), (6, 2), (4, 1)]),
    scale=st.sampled_from([0.1, 1.0, 4.0]),
    seed=st.integers(0, 999),
)
def test_the_attention_kernel_equals_torch(lengths: list[int], heads: tuple[int, int], scale: float, seed: int):
    config = NetworkConfig(vocab_size=2, layers=1, heads=heads[0], kv_heads=heads[1], head_dim=8)
    cache = KeyValueCache(config, rows=40, positions=160)
    generator = torch.Generator().manual_seed(seed)
    rows = np.random.default_rng(seed).permutation(40)[: len(lengths)]
    for length, row in zip(lengths, rows.tolist(), strict=True):
        query, key, value = (
            scale * torch.randn(length, count, 8, generator=generator) for count in (heads[0], heads[1], heads[1])
        )
        expected = torch.nn.functional.scaled_dot_product_attention(
            query.transpose(0, 1),
            key.transpose(0, 1).repeat_interleave(heads[0] // heads[1], 0),
            value.transpose(0, 1).repeat_interleave(heads[0] // heads[1], 0),
            is_causal=True,
        ).transpose(0, 1)
        cache.reserve(row, length)
        cut = length // 2  # in two pieces: what is in the cache, and what comes
        for part in (slice(0, cut), slice(cut, length)):
            positions = np.arange(part.start, part.stop)
            mixed = cache.at(np.full(len(positions), row), positions)(0, query[part], key[part], value[part])
            torch.testing.assert_close(mixed, expected[part], atol=2e-5 * scale, rtol=1e-4)


def test_uniform_numbers_are_uniform_and_of_their_seed():
    seeds = np.repeat(np.arange(200, dtype=np.uint64), 200)
    positions = np.tile(np.arange(200), 200)
    numbers = uniform(seeds, positions)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = np.histogram(numbers, bins=50, range=(0, 1))[0]
    expected = len(numbers) / 50
    assert ((counts - expected) ** 2 / expected).sum() < 90  # chi squared, 49 degrees: p < 0.001 above 86
    by_seed = numbers.reshape(200, 200)
    assert abs(np.corrcoef(by_seed[:-1].ravel(), by_seed[1:].ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(by_seed[:, :-1].ravel(), by_seed[:, 1:].ravel())[0, 1]) < 0.03


def test_draws_have_the_frequencies_of_the_softmax_and_the_nucleus():
    logits = torch.tensor([0.0, 1.0, 2.0, -1.0, float("-inf")])
    count = 40_000
    numbers = uniform(np.full(count, 7, dtype=np.uint64), np.arange(count))
    ones = np.ones(count, dtype=np.float32)
    tokens, logprobs = draw(logits.expand(count, 5), numbers, ones, ones)
    probability = torch.softmax(logits, 0).numpy()
    np.testing.assert_allclose(np.bincount(tokens, minlength=5) / count, probability, atol=0.01)
    np.testing.assert_allclose(np.exp(logprobs), probability[tokens], rtol=1e-5)
    tokens, logprobs = draw(logits.expand(count, 5), numbers, ones, 0.8 * ones)
    kept = probability[[1, 2]].sum()
    assert set(tokens) == {1, 2}
    np.testing.assert_allclose(np.exp(logprobs), probability[tokens] / kept, rtol=1e-5)


def test_the_extremes_of_the_uniform_number_never_leave_the_vocabulary():
    logits = torch.full((2, 1000), -30.0)
    logits[:, 0] = 30.0
    numbers = np.array([0.0, 1 - 2**-24], dtype=np.float32)
    tokens, _ = draw(logits, numbers, np.ones(2, dtype=np.float32), np.ones(2, dtype=np.float32))
    assert tokens.tolist() == [0, 0]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_logits_that_are_not_finite_are_refused(temperature: float, value: float):
    logits_NV = torch.zeros(2, 5)
    logits_NV[1, 3] = value
    half_N, one_N = np.full(2, 0.5, np.float32), np.ones(2, np.float32)
    with pytest.raises(UserError, match="logits are not finite: take another checkpoint"):
        draw(logits_NV, half_N, np.full(2, temperature, np.float32), one_N)
