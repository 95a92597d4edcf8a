"""Micro-batches: samples in, right-padded arrays of similar lengths out, without the rows that teach nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from websailor.rl.rollout import Sample


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """Rows of similar length and the K tokens in them that the loss is about."""

    tokens_BT: Tensor
    row_K: Tensor
    column_K: Tensor
    """Where token k is predicted: the position before it."""
    target_K: Tensor
    logprob_K: Tensor
    """When the token was drawn."""
    advantage_K: Tensor


def micro_batches(samples: Sequence[Sample], most_tokens: int, padding: int = 0) -> list[MicroBatch]:
    """Batches of at most `most_tokens` tokens, padding included (one row at least); rows of advantage 0 are skipped."""
    rows = sorted((sample for sample in samples if sample.advantage), key=lambda sample: len(sample.token_N))
    groups: list[list[Sample]] = []
    for row in rows:
        if groups and (len(groups[-1]) + 1) * len(row.token_N) <= most_tokens:
            groups[-1].append(row)
        else:
            groups.append([row])
    return [_pad(group, padding) for group in groups]


def _pad(samples: Sequence[Sample], padding: int) -> MicroBatch:
    width = max(len(sample.token_N) for sample in samples)
    token_BT = np.full((len(samples), width), padding, dtype=np.int64)
    mask_BT = np.zeros((len(samples), width), dtype=bool)
    logprob_BT = np.zeros((len(samples), width), dtype=np.float32)
    for index, sample in enumerate(samples):
        length = len(sample.token_N)
        token_BT[index, :length] = sample.token_N
        mask_BT[index, :length] = sample.mask_N
        logprob_BT[index, :length] = sample.logprob_N
    row_K, column_K = np.nonzero(mask_BT[:, 1:])
    advantage_B = np.asarray([sample.advantage for sample in samples], dtype=np.float32)
    return MicroBatch(
        torch.from_numpy(token_BT),
        torch.from_numpy(row_K),
        torch.from_numpy(column_K),
        torch.from_numpy(token_BT[row_K, column_K + 1]),
        torch.from_numpy(logprob_BT[row_K, column_K + 1]),
        torch.from_numpy(advantage_B[row_K]),
    )
