"""How many pages link to each page: the targets of all links as 64-bit hashes in a flat file, counted at the end.

A full Wikipedia has hundreds of millions of links; their hashes are appended as they come (eight bytes each) and
counted in slices of the hash range, so that memory stays flat however many there are. That any two titles of the
largest wiki there is share a hash has a probability of about one in ten thousand.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

FILE_NAME = "links.u64"
SLICE_BYTES = 256_000_000
"""Hashes counted at once."""


def title_hash(title: str) -> bytes:
    """Eight bytes that stand for a title."""
    return hashlib.blake2b(title.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def count_inlinks(
    file: Path, titles: Iterable[tuple[str, int]], pages: int, slice_bytes: int = SLICE_BYTES
) -> np.ndarray:
    """Links that lead to each page: `count[pid - 1]` for pids 1 to `pages`.

    `file` holds the hash of every link's target, each once per linking page; `titles` are all titles with the number of
    the page they lead to, redirects included.
    """
    hashes, pids = bytearray(), []
    for title, pid in titles:
        hashes += title_hash(title)
        pids.append(pid)
    title_T, pid_T = np.frombuffer(bytes(hashes), np.uint64), np.array(pids, np.int64)
    count_P = np.zeros(pages, np.int64)
    size = file.stat().st_size
    if not size or not len(title_T):
        return count_P
    link_L = np.memmap(file, np.uint64, mode="r")
    slices = -(-size // slice_bytes)
    for number in range(slices):
        wanted_T = slice(None) if slices == 1 else title_T % slices == number
        found_U, times_U = np.unique(_slice(link_L, slices, number), return_counts=True)
        if not len(found_U):
            continue
        place_T = np.searchsorted(found_U, title_T[wanted_T]).clip(max=len(found_U) - 1)
        times_T = np.where(found_U[place_T] == title_T[wanted_T], times_U[place_T], 0)
        np.add.at(count_P, pid_T[wanted_T] - 1, times_T)
    return count_P


def _slice(link_L: np.ndarray, slices: int, number: int, block: int = 1 << 22) -> np.ndarray:
    """The hashes whose remainder is `number`, gathered block by block."""
    if slices == 1:
        return np.asarray(link_L)
    blocks = (np.asarray(link_L[start : start + block]) for start in range(0, len(link_L), block))
    return np.concatenate([part[part % slices == number] for part in blocks])
