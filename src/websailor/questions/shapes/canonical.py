"""The exact form of a small directed graph: Weisfeiler-Leman hash, canonical form, automorphism orbits.

Enters: a graph of at most `MAX_NODES` nodes as bit masks (bit u of `out_N[v]` is set for an edge v -> u), and perhaps a
colour per node. Leaves: `Form`. Two graphs have equal `class_id` exactly when they are isomorphic; the id depends on
nothing but the graph, so it is the same in every run and on every machine.

Refinement (Weisfeiler & Leman 1968): a node's next colour is the rank of (own colour, how many out-neighbours of each
colour, how many in-neighbours of each colour). With at most 12 nodes the counts fit into two 64-bit words: nothing is
hashed before the very end, and no two signatures can collide. The canonical form and the orbits come from one search by
individualisation and refinement (McKay & Piperno, "Practical graph isomorphism II", 2014, section 2): of all discrete
colourings reached, the one with the smallest adjacency matrix; leaves that tie are automorphisms.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numba import njit

MAX_NODES = 12
WL_ROUNDS = 3

Masks = npt.NDArray[np.uint16]
Words = npt.NDArray[np.uint64]
Colours = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Form:
    """What is known of a small graph once its names are taken away."""

    wl_hash: str
    """Hash of three refinement rounds from one colour: 16 hexadecimal digits."""
    class_id: str
    """The isomorphism class: the hash, and a suffix where refinement alone does not settle the class."""
    orbits: tuple[tuple[int, ...], ...]
    """Automorphism orbits as node positions, ascending; orbits in the order of the class' canonical form."""


@njit(cache=True)
def _refine(size: int, out_N: Masks, in_N: Masks, colour_N: Colours, words: Words) -> int:
    """One round in place; `words` (N, 2) receives the sorted signatures. Returns the number of colours."""
    order = np.empty(MAX_NODES, np.int64)
    own = np.empty((MAX_NODES, 2), np.uint64)
    for node in range(size):
        out_counts = np.uint64(colour_N[node]) << np.uint64(48)
        in_counts = np.uint64(0)
        for other in range(size):
            one = np.uint64(1) << np.uint64(4 * colour_N[other])
            if (out_N[node] >> other) & 1:
                out_counts += one
            if (in_N[node] >> other) & 1:
                in_counts += one
        own[node, 0], own[node, 1] = out_counts, in_counts
        place = node
        while place > 0:
            before = order[place - 1]
            if own[before, 0] < out_counts or (own[before, 0] == out_counts and own[before, 1] <= in_counts):
                break
            order[place] = before
            place -= 1
        order[place] = node
    colours = 0
    for place in range(size):
        node = order[place]
        words[place, 0], words[place, 1] = own[node, 0], own[node, 1]
        if place > 0 and (words[place, 0] != words[place - 1, 0] or words[place, 1] != words[place - 1, 1]):
            colours += 1
        colour_N[node] = colours
    return colours + 1


@njit(cache=True)
def _transpose(size: int, out_N: Masks, in_N: Masks) -> None:
    in_N[:] = 0
    for node in range(size):
        for other in range(size):
            if (out_N[node] >> other) & 1:
                in_N[other] |= np.uint16(1 << node)


@njit(cache=True)
def weisfeiler_leman(size_B: npt.NDArray[np.int64], out_BN: Masks) -> tuple[Words, npt.NDArray[np.bool_]]:
    """Sorted signatures of every round, (B, rounds, N, 2), and whether the colours were all different a round before
    the last: then the last round spells the adjacency matrix, and equal words mean isomorphic graphs."""
    count = len(size_B)
    words = np.zeros((count, WL_ROUNDS, MAX_NODES, 2), np.uint64)
    settled_B = np.zeros(count, np.bool_)
    in_N = np.zeros(MAX_NODES, np.uint16)
    colour_N = np.zeros(MAX_NODES, np.int64)
    for row in range(count):
        size = size_B[row]
        _transpose(size, out_BN[row], in_N)
        colour_N[:] = 0
        for round_number in range(WL_ROUNDS):
            colours = _refine(size, out_BN[row], in_N, colour_N, words[row, round_number])
            if round_number == WL_ROUNDS - 2:
                settled_B[row] = colours == size
    return words, settled_B


@njit(cache=True)
def _root(parent_N: Colours, node: int) -> int:
    while parent_N[node] != node:
        node = parent_N[node]
    return node


@njit(cache=True)
def _twins(out_N: Masks, in_N: Masks, first: int, second: int) -> bool:
    """True if swapping two nodes leaves the graph as it is."""
    others = np.uint16(0xFFFF ^ ((1 << first) | (1 << second)))
    return (
        (out_N[first] & others) == (out_N[second] & others)
        and (in_N[first] & others) == (in_N[second] & others)
        and ((out_N[first] >> second) & 1) == ((out_N[second] >> first) & 1)
        and ((out_N[first] >> first) & 1) == ((out_N[second] >> second) & 1)
    )


@njit(cache=True)
def _equitable(size: int, out_N: Masks, in_N: Masks, colour_N: Colours, words: Words) -> int:
    colours = _refine(size, out_N, in_N, colour_N, words)
    while colours < size:
        more = _refine(size, out_N, in_N, colour_N, words)
        if more == colours:
            break
        colours = more
    return colours


@njit(cache=True)
def _target(size: int, colour_N: Colours) -> int:
    """The first smallest colour that several nodes share."""
    count = np.zeros(MAX_NODES, np.int64)
    for node in range(size):
        count[colour_N[node]] += 1
    best = -1
    for colour in range(size):
        if count[colour] > 1 and (best < 0 or count[colour] < count[best]):
            best = colour
    return best


@njit(cache=True)
def _leaf(size: int, out_N: Masks, colour_N: Colours, seen: bool, best_N: Masks, place_N: Colours) -> int:
    """Compare the matrix of a discrete colouring with the best one: 1 smaller (and kept), 0 equal, -1 larger."""
    matrix_N = np.zeros(MAX_NODES, np.uint16)
    for node in range(size):
        for other in range(size):
            if (out_N[node] >> other) & 1:
                matrix_N[colour_N[node]] |= np.uint16(1 << colour_N[other])
    if seen:
        for row in range(size):
            if matrix_N[row] > best_N[row]:
                return -1
            if matrix_N[row] < best_N[row]:
                break
            if row == size - 1:
                return 0
    best_N[:] = matrix_N
    for node in range(size):
        place_N[colour_N[node]] = node
    return 1


@njit(cache=True)
def canonicalise(
    size: int, out_N: Masks, initial_N: Colours, best_N: Masks, place_N: Colours, parent_N: Colours
) -> None:
    """Search for the canonical form.

    `initial_N` holds the given colours as dense ranks (all zero: unlabelled). Filled in place: `best_N`, the adjacency
    masks of the canonical form; `place_N`, the node at each of its positions; `parent_N`, a union-find forest whose
    trees are the orbits. Two prunings keep symmetric graphs cheap and lose nothing, for what they skip is the image of
    what was searched under an automorphism already counted: a twin of a tried node, and at the root a node in the orbit
    of a tried one.
    """
    in_N = np.zeros(MAX_NODES, np.uint16)
    _transpose(size, out_N, in_N)
    words = np.empty((MAX_NODES, 2), np.uint64)
    colour_DN = np.zeros((MAX_NODES + 1, MAX_NODES), np.int64)
    target_D = np.zeros(MAX_NODES + 1, np.int64)
    tried_D = np.zeros(MAX_NODES + 1, np.int64)
    next_D = np.zeros(MAX_NODES + 1, np.int64)
    parent_N[:] = np.arange(MAX_NODES)
    colour_DN[0] = initial_N
    seen = False
    depth = 0
    entering = True
    while depth >= 0:
        colour_N = colour_DN[depth]
        if entering:
            if _equitable(size, out_N, in_N, colour_N, words) == size:
                verdict = _leaf(size, out_N, colour_N, seen, best_N, place_N)
                if verdict == 0:
                    for node in range(size):
                        one, other = _root(parent_N, node), _root(parent_N, int(place_N[colour_N[node]]))
                        parent_N[max(one, other)] = min(one, other)
                seen = True
                depth -= 1
                entering = False
                continue
            target_D[depth], tried_D[depth], next_D[depth] = _target(size, colour_N), 0, 0
        chosen = -1
        while next_D[depth] < size and chosen < 0:
            node = next_D[depth]
            next_D[depth] += 1
            if colour_N[node] != target_D[depth]:
                continue
            chosen = node
            for before in range(node):
                if not (tried_D[depth] >> before) & 1:
                    continue
                if _twins(out_N, in_N, before, node):
                    one, other = _root(parent_N, node), _root(parent_N, before)
                    parent_N[max(one, other)] = min(one, other)
                    chosen = -1
                    break
                if depth == 0 and _root(parent_N, node) == _root(parent_N, before):
                    chosen = -1
                    break
        if chosen < 0:
            depth -= 1
            entering = False
            continue
        tried_D[depth] |= 1 << chosen
        for node in range(size):
            later = colour_N[node] > target_D[depth] or (colour_N[node] == target_D[depth] and node != chosen)
            colour_DN[depth + 1, node] = colour_N[node] + (1 if later else 0)
        depth += 1
        entering = True


def _digest(data: bytes, size: int) -> str:
    return hashlib.blake2b(data, digest_size=size).hexdigest()


def masks_of(size: int, edges: Sequence[tuple[int, int]]) -> Masks:
    """Bit masks (MAX_NODES,) of a graph given as (from, to) pairs of node positions."""
    if not 1 <= size <= MAX_NODES:
        raise ValueError(f"a shape has 1 to {MAX_NODES} nodes, not {size}")
    out_N = np.zeros(MAX_NODES, np.uint16)
    for source, target in edges:
        if not (0 <= source < size and 0 <= target < size):
            raise ValueError(f"edge ({source}, {target}) leaves the {size} nodes of the shape")
        out_N[source] |= np.uint16(1 << target)
    return out_N


def wl_hash(size: int, edges: Sequence[tuple[int, int]]) -> str:
    """Weisfeiler-Leman hash of an unlabelled directed graph: three rounds, in- and out-edges apart."""
    words, _ = weisfeiler_leman(np.array([size]), masks_of(size, edges)[None])
    return hash_of_words(size, words[0].tobytes())


@lru_cache(maxsize=1 << 16)
def hash_of_words(size: int, words: bytes) -> str:
    """The hash of one graph's refinement words."""
    little = np.frombuffer(words, np.uint64).reshape(WL_ROUNDS, MAX_NODES, 2)[:, :size].astype("<u8")
    return _digest(bytes([size]) + little.tobytes(), 8)


def form_of(size: int, out_N: Masks, words: bytes, settled: bool) -> Form:
    """Form of a graph whose refinement words are known (one row of `weisfeiler_leman`)."""
    best_N, place_N, parent_N = (
        np.zeros(MAX_NODES, np.uint16),
        np.zeros(MAX_NODES, np.int64),
        np.zeros(MAX_NODES, np.int64),
    )
    canonicalise(size, out_N, np.zeros(MAX_NODES, np.int64), best_N, place_N, parent_N)
    short = hash_of_words(size, words)
    class_id = short if settled else f"{short}-{_digest(best_N[:size].astype('<u2').tobytes(), 4)}"
    return Form(short, class_id, _orbits(size, place_N, parent_N))


def shape_of(size: int, edges: Sequence[tuple[int, int]]) -> Form:
    """Hash, class and orbits of an unlabelled directed graph of at most `MAX_NODES` nodes."""
    out_N = masks_of(size, edges)
    words, settled_B = weisfeiler_leman(np.array([size]), out_N[None])
    return form_of(size, out_N, words[0].tobytes(), bool(settled_B[0]))


def orbits(
    size: int, edges: Sequence[tuple[int, int]], labels: Sequence[str] | None = None
) -> tuple[tuple[int, ...], ...]:
    """Automorphism orbits; with `labels` (a type per node) only automorphisms that keep the labels count."""
    initial_N = np.zeros(MAX_NODES, np.int64)
    if labels is not None:
        if len(labels) != size:
            raise ValueError(f"{len(labels)} labels for {size} nodes")
        rank = {label: number for number, label in enumerate(sorted(set(labels)))}
        initial_N[:size] = [rank[label] for label in labels]
    best_N, place_N, parent_N = (
        np.zeros(MAX_NODES, np.uint16),
        np.zeros(MAX_NODES, np.int64),
        np.zeros(MAX_NODES, np.int64),
    )
    canonicalise(size, masks_of(size, edges), initial_N, best_N, place_N, parent_N)
    return _orbits(size, place_N, parent_N)


def _orbits(size: int, place_N: Colours, parent_N: Colours) -> tuple[tuple[int, ...], ...]:
    members: dict[int, list[int]] = {}
    for place in range(size):
        node = int(place_N[place])
        members.setdefault(int(_root.py_func(parent_N, node)), []).append(node)
    return tuple(tuple(sorted(group)) for group in members.values())
