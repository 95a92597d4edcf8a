"""Rows, masks and micro-batches of the cold start."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from websailor.models.local.batches import micro_batches
from websailor.models.local.network import Network, NetworkConfig
from websailor.models.local.optimizer import learning_rate_factor
from websailor.sft.batches import Row, copy_batch
from websailor.sft.trainer import held_back_questions, loss_sum

TINY = NetworkConfig(vocab_size=50, hidden_size=16, layers=2, heads=2, kv_heads=1, head_dim=8, intermediate=32)


def rows_of(lengths: list[int], seed: int) -> list[Row]:
    rng = np.random.default_rng(seed)
    return [Row(rng.integers(1, 50, size=n), rng.random(n) < 0.5) for n in lengths]


@settings(max_examples=50, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=12), most=st.integers(1, 120), seed=st.integers(0, 999)
)
def test_micro_batches_hold_every_counted_token_once_and_keep_to_the_limit(lengths: list[int], most: int, seed: int):
    rows = rows_of(lengths, seed)
    batches = micro_batches(rows, most)
    expected = sorted(int(t) for row in rows for t in row.token_N[1:][row.mask_N[1:]])
    assert sorted(int(t) for batch in batches for t in batch.target_K) == expected
    assert sum(batch.token_BT.shape[0] for batch in batches) == len(rows)
    for batch in batches:
        assert batch.token_BT.numel() <= most or batch.token_BT.shape[0] == 1
        assert torch.equal(batch.token_BT[batch.row_K, batch.column_K + 1], batch.target_K)


def test_the_loss_equals_a_row_by_row_float64_computation():
    rows = rows_of([9, 17, 30, 4], 3)
    network = Network(TINY).initialise(1)
    ours = sum(loss_sum(network, batch).item() for batch in micro_batches(rows, 64))
    reference = network.double()
    network.cosine, network.sine = network.cosine.double(), network.sine.double()
    total = 0.0
    for row in rows:
        logits = reference(torch.from_numpy(row.token_N)[None])[0, :-1]
        each = functional.cross_entropy(logits, torch.from_numpy(row.token_N[1:]), reduction="none")
        total += each[torch.from_numpy(row.mask_N[1:])].sum().item()
    assert abs(ours - total) / total < 1e-5


class Watched(Network):
    """Keeps the last hidden states, so that their gradient can be looked at."""

    def hidden(self, tokens_BT: torch.Tensor) -> torch.Tensor:
        self.hidden_BTD = super().hidden(tokens_BT)
        self.hidden_BTD.retain_grad()
        return self.hidden_BTD


def test_only_predictions_of_the_agents_own_tokens_have_a_gradient():
    rows = rows_of([7, 12, 12, 5], 4)
    network = Watched(TINY).initialise(1)
    (batch,) = micro_batches(rows, 64)
    loss_sum(network, batch).backward()
    assert network.hidden_BTD.grad is not None
    learnt_BT = (network.hidden_BTD.grad != 0).any(-1)
    for row, learnt_T in zip(batch.rows, learnt_BT, strict=True):
        expected = np.zeros(12, dtype=bool)
        expected[: len(row.token_N) - 1] = row.mask_N[1:]
        np.testing.assert_array_equal(learnt_T.numpy(), expected)


def test_what_a_page_says_counts_through_what_the_agent_writes_after_it():
    network = Network(TINY).initialise(1)
    mask = np.zeros(12, dtype=bool)
    mask[5:8] = True

    def loss(position: int | None = None) -> float:
        token_N = np.arange(1, 13)
        if position is not None:
            token_N[position] = 40
        return sum(loss_sum(network, batch).item() for batch in micro_batches([Row(token_N, mask)], 64))

    assert loss(2) != loss(), "a page before the turn is read"
    assert loss(9) == loss(), "a page after it is never predicted"


def test_what_is_held_back_depends_on_the_questions_and_not_on_their_order():
    ids = [f"q{number // 2}" for number in range(40)]
    held_back = held_back_questions(ids, 8)
    assert len(held_back) == 4, "both trajectories of a question are on the same side"
    assert held_back_questions(list(reversed(ids)), 8) == held_back
    assert held_back != set(sorted(set(ids))[:4])
    later = held_back_questions([*(f"new{number}" for number in range(40)), *ids], 8)
    assert later <= held_back | {f"new{number}" for number in range(40)}
    assert held_back_questions(ids, 0) == set()
    assert held_back_questions(ids, 400) == set(ids)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 9999), done=st.floats(0, 1))
def test_counted_copies_have_occurred_before(seed: int, done: float):
    rows = list(copy_batch(np.arange(10, 400), 600, np.random.default_rng(seed), done))
    assert rows
    for row in rows:
        assert row.mask_N.any()
        pairs: set[tuple[int, int]] = set()
        for position in range(1, len(row.token_N)):
            pair = (int(row.token_N[position - 1]), int(row.token_N[position]))
            assert not row.mask_N[position] or pair in pairs
            pairs.add(pair)


@given(step=st.integers(0, 3000), done=st.floats(0, 1), warmup=st.integers(0, 50), decay=st.floats(0, 1))
def test_the_learning_rate_stays_between_nothing_and_its_peak(step: int, done: float, warmup: int, decay: float):
    factor = learning_rate_factor(done, step, warmup, decay, 0.05)
    assert 0 < factor <= 1
    if step >= warmup and done < 1 - decay:
        assert factor == 1
