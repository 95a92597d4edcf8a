"""Sets of nodes: what the reduction intersects, filters and counts.

Enters: sorted node numbers. Leaves: `Members`, which answers "which of these are in it" by binary search for a few and
by a mask for many; a mask of a large label is kept, so that thousands of proofs share it.
"""

import numpy as np
import numpy.typing as npt

Nodes = npt.NDArray[np.int64]
"""Node numbers; where it stands for a set: sorted, without repeats."""

Mask = npt.NDArray[np.bool_]

FEW = 700
"""Up to so many nodes are looked up one by one."""
DENSE = 32
"""A label keeps its mask if it holds at least one node in so many."""


class Members:
    """A set of nodes below `span`."""

    __slots__ = ("_lasting", "_mask", "_span", "nodes")

    def __init__(self, nodes: Nodes, span: int, lasting: bool = False) -> None:
        self.nodes = nodes
        self._span = span
        self._lasting = lasting
        """It outlives the proof: its mask is kept only where that costs little beside the nodes."""
        self._mask: Mask | None = None

    def __len__(self) -> int:
        return len(self.nodes)

    def has(self, nodes: Nodes) -> Mask:
        """Mask of the nodes that are in the set."""
        if self._mask is not None:
            return self._mask[nodes]
        if len(nodes) <= FEW:
            return is_member(nodes, self.nodes)
        mask = np.zeros(self._span, dtype=np.bool_)
        mask[self.nodes] = True
        if not self._lasting or len(self.nodes) * DENSE >= self._span:
            self._mask = mask
        return mask[nodes]


def is_full(mask: Mask) -> bool:
    """True where nothing is masked out (`mask.all()` costs three times as much on short arrays)."""
    return np.count_nonzero(mask) == len(mask)


def unique(nodes: Nodes) -> Nodes:
    """Sorted, without repeats (`np.unique` costs four times as much on short arrays)."""
    return unique_sorted(np.sort(nodes)) if len(nodes) > 1 else nodes


def unique_sorted(nodes: Nodes) -> Nodes:
    """Without the repeats of what is sorted."""
    if len(nodes) < 2:
        return nodes
    fresh = np.empty(len(nodes), dtype=np.bool_)
    fresh[0] = True
    np.not_equal(nodes[1:], nodes[:-1], out=fresh[1:])
    return nodes if is_full(fresh) else nodes[fresh]


def is_member(nodes: Nodes, of: Nodes) -> Mask:
    """Mask of the nodes that stand in the sorted set `of`."""
    if not len(of):
        return np.zeros(len(nodes), dtype=np.bool_)
    return of.take(np.searchsorted(of, nodes), mode="clip") == nodes
