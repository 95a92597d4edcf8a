"""Sets of nodes: what the reduction intersects, filters and counts.

Enters: sorted node numbers. Leaves: `Members`, which answers "which of these are in it" by binary search for a few and
by a mask for many; a mask of a large label is kept, so that thousands of proofs share it.
"""

import numpy as np

from websailor.questions.proof.kernels import (
    ANYTHING,
    EVERYTHING,
    MASKED,
    SEARCHED,
    Mask,
    Nodes,
    member_mask,
    without_repeats,
)

__all__ = ["Mask", "Members", "Nodes", "is_full", "is_member", "unique", "unique_sorted"]

FEW = 700
"""Up to so many nodes are looked up one by one."""
DENSE = 32
"""A label keeps its mask if it holds at least one node in so many."""


ROW_LIMIT = 20_000_000


class ProofTooLarge(Exception):
    """A table of the proof grew beyond `ROW_LIMIT` rows: nobody could answer such a question either."""


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
        mask, among, way = self.lookup(len(nodes))
        return mask[nodes] if way == MASKED else member_mask(nodes, among)

    def lookup(self, count: float) -> tuple[Mask, Nodes, int]:
        """What `kernels.edges` wants to look about so many nodes up."""
        if self._mask is not None:
            return self._mask, ANYTHING, MASKED
        if count <= FEW:
            return EVERYTHING, self.nodes, SEARCHED
        mask = np.zeros(self._span, dtype=np.bool_)
        mask[self.nodes] = True
        if not self._lasting or len(self.nodes) * DENSE >= self._span:
            self._mask = mask
        return mask, ANYTHING, MASKED


def is_full(mask: Mask) -> bool:
    """True where nothing is masked out (`mask.all()` costs three times as much on short arrays)."""
    return np.count_nonzero(mask) == len(mask)


def unique(nodes: Nodes) -> Nodes:
    """Sorted, without repeats (`np.unique` costs four times as much on short arrays)."""
    return unique_sorted(np.sort(nodes)) if len(nodes) > 1 else nodes


def unique_sorted(nodes: Nodes) -> Nodes:
    """Without the repeats of what is sorted."""
    return without_repeats(nodes) if len(nodes) > 1 else nodes


def is_member(nodes: Nodes, of: Nodes) -> Mask:
    """Mask of the nodes that stand in the sorted set `of`."""
    return member_mask(nodes, of)
