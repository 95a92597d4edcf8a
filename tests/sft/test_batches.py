"""Rows, masks and micro-batches of the cold start."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from websailor.models.local.network import Network, NetworkConfig
from websailor.sft import Config
from websailor.sft.batches import Row, copy_batch, micro_batches
from websailor.sft.trainer import learning_rate_factor, loss_sum

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
    expected = sorted(int(t) for row in rows for t in row.tokens_N[1:][row.mask_N[1:]])
    assert sorted(int(t) for batch in batches for t in batch.targets_K) == expected
    assert sum(batch.tokens_BT.shape[0] for batch in batches) == len(rows)
    for batch in batches:
        assert batch.tokens_BT.numel() <= most or batch.tokens_BT.shape[0] == 1
        assert torch.equal(batch.tokens_BT[batch.rows_K, batch.columns_K + 1], batch.targets_K)


def test_the_loss_equals_a_row_by_row_float64_computation():
    rows = rows_of([9, 17, 30, 4], 3)
    network = Network(TINY).initialise(1)
    ours = sum(loss_sum(network, batch).item() for batch in micro_batches(rows, 64))
    reference = network.double()
    network.cosine, network.sine = network.cosine.double(), network.sine.double()
    total = 0.0
    for row in rows:
        logits = reference(torch.from_numpy(row.tokens_N)[None])[0, :-1]
        each = functional.cross_entropy(logits, torch.from_numpy(row.tokens_N[1:]), reduction="none")
        total += each[torch.from_numpy(row.mask_N[1:])].sum().item()
    assert abs(ours - total) / total < 1e-5


def test_what_a_page_says_has_no_gradient_but_through_what_the_agent_writes():
    """Changing a target outside the mask changes nothing in the loss."""
    network = Network(TINY).initialise(1)
    tokens = np.arange(1, 13)
    mask = np.zeros(12, dtype=bool)
    mask[3:6] = True
    changed = tokens.copy()
    changed[6:] = 7
    first, second = (
        sum(loss_sum(network, b).item() for b in micro_batches([Row(t, mask)], 64)) for t in (tokens, changed)
    )
    assert first == second


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 9999), done=st.floats(0, 1))
def test_counted_copies_have_occurred_before(seed: int, done: float):
    for row in copy_batch(np.arange(10, 400), 600, np.random.default_rng(seed), done):
        assert row.mask_N.any()
        pairs: set[tuple[int, int]] = set()
        for position in range(1, len(row.tokens_N)):
            pair = (int(row.tokens_N[position - 1]), int(row.tokens_N[position]))
            assert not row.mask_N[position] or pair in pairs
            pairs.add(pair)


@given(step=st.integers(0, 3000), done=st.floats(0, 1), warmup=st.integers(0, 50), decay=st.floats(0, 1))
def test_the_learning_rate_stays_between_nothing_and_its_peak(step: int, done: float, warmup: int, decay: float):
    factor = learning_rate_factor(done, step, Config(warmup=warmup, decay=decay))
    assert 0 < factor <= 1
    if step >= warmup and done < 1 - decay:
        assert factor == 1
