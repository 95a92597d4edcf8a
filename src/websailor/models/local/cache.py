"""The KV cache of many conversations, and attention over it.

Enters: packed tokens of any mixture (one new token of a hundred conversations, a whole observation of another), each
with its row and position. Leaves: attention outputs; the cache now holds those tokens too. Decoding and prefilling are
the same operation and rows of any length stand side by side: a kernel reads the keys that a token may see and no more,
where batched matrix products would pay for the longest row of the batch.
"""

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from websailor.models.local.network import Attend, NetworkConfig

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

LENGTH_STEP = 128
"""The cache grows by this many positions at a time (a multiple of `_BLOCK`)."""

_BLOCK = 32
"""Positions the kernel works on at once: whole vectors, no remainder loops."""


class KeyValueCache:
    """Keys and values of up to `rows` conversations; memory is taken as rows and positions come into use.

    Per layer one float32 array [rows, kv_heads, head_dim, positions] each for keys and values: positions last, so that
    both products of attention run along memory.
    """

    def __init__(self, config: NetworkConfig, rows: int, positions: int) -> None:
        self.config = config
        self.rows = rows
        self.positions = positions
        self._keys: list[Floats] = []
        self._values: list[Floats] = []
        self._resize(min(rows, 16), LENGTH_STEP)

    def reserve(self, row: int, length: int) -> None:
        """Make room for `length` positions in `row`."""
        assert 0 <= row < self.rows and length <= self.positions, (row, length)
        rows, _, _, positions = self._keys[0].shape
        if row >= rows or length > positions:
            while rows <= row:
                rows *= 2
            self._resize(min(rows, self.rows), -(-max(length, positions) // LENGTH_STEP) * LENGTH_STEP)

    def copy(self, source: int, target: int, length: int) -> None:
        """Give `target` the first `length` positions of `source` (both reserved)."""
        for array in (*self._keys, *self._values):
            array[target, :, :, :length] = array[source, :, :, :length]

    def at(self, rows_S: Integers, positions_S: Integers) -> Attend:
        """Attention for packed tokens at these rows and positions.

        Tokens of one row stand in the order of their positions and continue what the cache holds of it.
        """

        def attend(layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            mixed = torch.empty_like(query, dtype=torch.float32)
            _attend(
                query.float().numpy(),
                key.float().numpy(),
                value.float().numpy(),
                rows_S,
                positions_S,
                self._keys[layer],
                self._values[layer],
                mixed.numpy(),
            )
            return mixed

        return attend

    def _resize(self, rows: int, positions: int) -> None:
        shape = (rows, self.config.kv_heads, self.config.head_dim, positions)
        for arrays in (self._keys, self._values):
            before = arrays.copy()
            arrays.clear()
            for layer in range(self.config.layers):
                array = np.zeros(shape, dtype=np.float32)  # what was never written is read, with weight 0
                if before:
                    old = before[layer]
                    array[: old.shape[0], :, :, : old.shape[3]] = old
                    before[layer] = array[:0]
                arrays.append(array)


@njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
def _attend(
    query_SHD: Floats,
    key_SGD: Floats,
    value_SGD: Floats,
    row_S: Integers,
    position_S: Integers,
    keys_RGDM: Floats,
    values_RGDM: Floats,
    mixed_SHD: Floats,
) -> None:
    """Write the new keys and values, then softmax(q K / sqrt(D)) V over positions 0 .. position of each token's row."""
    tokens, heads, size = query_SHD.shape
    groups = key_SGD.shape[1]
    repeats = heads // groups
    scale = np.float32(size**-0.5 * 1.4426950408889634)  # log2(e): the exponential below is base 2
    for s in range(tokens):
        for g in range(groups):
            for d in range(size):
                keys_RGDM[row_S[s], g, d, position_S[s]] = key_SGD[s, g, d]
                values_RGDM[row_S[s], g, d, position_S[s]] = value_SGD[s, g, d]
    weight = np.empty(keys_RGDM.shape[3], dtype=np.float32)
    weight_bits = weight.view(np.int32)
    exponent = np.empty(keys_RGDM.shape[3], dtype=np.int32)
    for s in range(tokens):
        length = position_S[s] + 1
        blocks = (length + _BLOCK - 1) // _BLOCK
        for h in range(heads):
            # Two indices into one matrix, never a view of a row: views cost more here than the arithmetic.
            keys, values = keys_RGDM[row_S[s], h // repeats], values_RGDM[row_S[s], h // repeats]
            for m in range(blocks * _BLOCK):
                weight[m] = np.float32(0.0)
            for d in range(0, size, 4):
                q0, q1 = query_SHD[s, h, d] * scale, query_SHD[s, h, d + 1] * scale
                q2, q3 = query_SHD[s, h, d + 2] * scale, query_SHD[s, h, d + 3] * scale
                for m in range(blocks * _BLOCK):
                    weight[m] += q0 * keys[d, m] + q1 * keys[d + 1, m] + q2 * keys[d + 2, m] + q3 * keys[d + 3, m]
            for m in range(length, blocks * _BLOCK):
                weight[m] = np.float32(-1e30)
            highest = weight[0]
            for m in range(blocks * _BLOCK):
                highest = max(highest, weight[m])
            # 2**x for x <= 0, to 2e-7: a polynomial for the fraction, the integer part added to the exponent bits.
            # The library's exp is not vectorised here and would take as long as everything else together.
            for m in range(blocks * _BLOCK):
                x = max(weight[m] - highest, np.float32(-126.0))
                whole = np.floor(x)
                exponent[m] = np.int32(whole)
                f = x - whole
                p = np.float32(0.00133908634) + f * np.float32(0.000154353)
                p = np.float32(0.0555032899) + f * (np.float32(0.0096181725) + f * p)
                weight[m] = np.float32(1.0) + f * (np.float32(0.693147182) + f * (np.float32(0.240226462) + f * p))
            for m in range(blocks * _BLOCK):
                weight_bits[m] += exponent[m] << np.int32(23)
            for m in range(length, blocks * _BLOCK):
                weight[m] = np.float32(0.0)
            total = np.float32(0.0)
            for m in range(blocks * _BLOCK):
                total += weight[m]
            inverse = np.float32(1.0) / total
            for d in range(0, size, 4):
                v0, v1, v2, v3 = np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
                for m in range(blocks * _BLOCK):
                    v0 += weight[m] * values[d, m]
                    v1 += weight[m] * values[d + 1, m]
                    v2 += weight[m] * values[d + 2, m]
                    v3 += weight[m] * values[d + 3, m]
                mixed_SHD[s, h, d], mixed_SHD[s, h, d + 1] = v0 * inverse, v1 * inverse
                mixed_SHD[s, h, d + 2], mixed_SHD[s, h, d + 3] = v2 * inverse, v3 * inverse
