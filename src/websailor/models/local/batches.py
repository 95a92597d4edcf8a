"""Micro-batches: tokenised rows in, right-padded arrays of similar lengths out.

One way for every loss over the agent's own tokens: the network reads whole rows, the LM head and the loss see the K
masked-in tokens alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class MaskedRow(Protocol):
    """One conversation as tokens."""

    @property
    def token_N(self) -> NDArray[np.int64]: ...

    @property
    def mask_N(self) -> NDArray[np.bool_]:
        """True on the tokens that the loss is about; the first one never counts, nothing predicts it."""
        ...


RowT = TypeVar("RowT", bound=MaskedRow)


@dataclass(frozen=True, slots=True)
class MicroBatch(Generic[RowT]):
    """B rows of similar length and the K tokens in them that the loss is about, row by row."""

    rows: Sequence[RowT]
    token_BT: Tensor
    """int64, right-padded."""
    row_K: Tensor
    column_K: Tensor
    """Where token k is predicted: the position before it."""
    target_K: Tensor
    """The tokens to predict there."""

    def of_targets(self, values_N: Callable[[RowT], NDArray[np.float32]]) -> Tensor:
        """The K entries, at the target tokens, of an array that every row has over its N tokens; float32 [K]."""
        parts = [values_N(row)[1:][row.mask_N[1:]] for row in self.rows]
        return torch.from_numpy(np.concatenate(parts).astype(np.float32, copy=False))


def micro_batches(rows: Sequence[RowT], most_tokens: int, padding: int = 0) -> list[MicroBatch[RowT]]:
    """Rows ordered by length, in batches of at most `most_tokens` tokens, padding included (one row at least)."""
    groups: list[list[RowT]] = []
    for row in sorted(rows, key=lambda row: len(row.token_N)):
        if groups and (len(groups[-1]) + 1) * len(row.token_N) <= most_tokens:
            groups[-1].append(row)
        else:
            groups.append([row])
    return [_pad(group, padding) for group in groups]


def _pad(rows: Sequence[RowT], padding: int) -> MicroBatch[RowT]:
    width = max(len(row.token_N) for row in rows)
    token_BT = np.full((len(rows), width), padding, dtype=np.int64)
    mask_BT = np.zeros((len(rows), width), dtype=bool)
    for index, row in enumerate(rows):
        token_BT[index, : len(row.token_N)] = row.token_N
        mask_BT[index, : len(row.mask_N)] = row.mask_N
    row_K, column_K = np.nonzero(mask_BT[:, 1:])
    return MicroBatch(
        rows,
        torch.from_numpy(token_BT),
        torch.from_numpy(row_K),
        torch.from_numpy(column_K),
        torch.from_numpy(token_BT[row_K, column_K + 1]),
    )
