"""From knobs to a world: community sizes, names, relations, and where each fact will be stated.

Linear in pages but for sorting, in memory too, and deterministic: one numpy generator, seeded by the configuration,
used in a fixed order.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from websailor.wiki.relations import relations
from websailor.wiki.world import placement, rich, small
from websailor.wiki.world.builder import Builder, Ints
from websailor.wiki.world.config import Profile, WorldConfig
from websailor.wiki.world.model import World


@dataclass(frozen=True)
class Scheme:
    """What makes a profile: shares of types, words after names, literals of text relations, and its relations."""

    shares: dict[str, float]
    type_words: dict[str, tuple[str, ...]]
    texts: tuple[str, ...]
    relate: Callable[[Builder], None]


SCHEMES: dict[Profile, Scheme] = {
    "small": Scheme(small.SHARES, small.TYPE_WORDS, (), small.relate),
    "rich": Scheme(rich.SHARES, rich.TYPE_WORDS, rich.TEXTS, rich.relate),
}


def generate(config: WorldConfig) -> World:
    """Make the world that the knobs describe."""
    scheme = SCHEMES[config.profile]
    random = np.random.default_rng([config.seed, 20_250_913])
    builder = Builder(config, tuple(scheme.shares), _population(config, scheme.shares, random), random)
    scheme.relate(builder)
    size = builder.size
    names, aliases, homonym = _names(builder)
    tails = ("", *(word for words in scheme.type_words.values() for word in words))
    type_word = _type_words(builder, scheme.type_words, tails)
    type_word[homonym >= 0] = 0
    stub = random.random(size) < config.stubs
    columns, start, end = _columns(builder, stub)
    placed = placement.place(config, columns, random)
    return World(
        config=config,
        kinds=builder.kinds,
        relations=tuple(relations()),
        texts=scheme.texts,
        type_words=tails,
        kind_N=builder.kind_N.astype(np.uint8),
        community_N=builder.community_N.astype(np.int32),
        name_N2=names,
        type_word_N=type_word,
        homonym_N=homonym,
        alias_N2=aliases,
        female_N=random.random(size) < 0.5,
        dice_N=random.integers(0, 2**32, size=size, dtype=np.uint32),
        subject_F=columns.subject_F,
        relation_F=columns.relation_F,
        object_F=columns.object_F,
        start_F=start,
        end_F=end,
        place_F=placed.place_F,
        dice_F=columns.dice_F,
        aside_page_A=placed.aside_page_A,
        aside_fact_A=placed.aside_fact_A,
        disputed_D=placed.disputed_D,
        said_D=placed.said_D,
    )


def _population(config: WorldConfig, shares: dict[str, float], random: np.random.Generator) -> Ints:
    """How many entities of each type every community has, at least one of each; sums to `pages`."""
    communities = config.community_count
    spare = config.pages - len(shares) * communities
    weight_C = random.uniform(0.9, 1.1, communities)
    bound_C = np.floor(np.cumsum(weight_C) / weight_C.sum() * spare + 0.5).astype(np.int64)
    bound_C[-1] = spare
    spare_C = np.diff(bound_C, prepend=0)
    extra_K = np.maximum(np.array(list(shares.values())) * config.pages / communities - 1, 0)
    cumulative_K = np.cumsum(extra_K) / extra_K.sum()
    edges = np.floor(spare_C[:, None] * cumulative_K[None, :] + 1e-9).astype(np.int64)
    edges[:, -1] = spare_C
    return np.diff(edges, axis=1, prepend=0) + 1


def _names(builder: Builder) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Names, aliases (two word indices each, -1 for none) and homonyms (the other bearer, -1 for none).

    No two names or aliases hold the same two words, in any order, but for the homonyms.
    """
    random, size, config = builder.random, builder.size, builder.config
    words = config.lexicon_size
    renamed = np.flatnonzero(random.random(size) < config.redirects)
    pair = random.choice(words * (words - 1) // 2, size=size + len(renamed), replace=False, shuffle=True)
    high = ((1 + np.sqrt(1 + 8.0 * pair)) / 2).astype(np.int64)
    high += (high + 1) * high // 2 <= pair
    high -= high * (high - 1) // 2 > pair
    low = pair - high * (high - 1) // 2
    swap = random.random(len(pair)) < 0.5
    both = np.stack([np.where(swap, low, high), np.where(swap, high, low)], axis=1).astype(np.int32)
    names = both[:size]
    aliases = np.full((size, 2), -1, np.int32)
    aliases[renamed] = both[size:]

    homonym = np.full(size, -1, np.int32)
    wanted = int(config.homonyms * size / 2)
    partners = random.permutation(size)[: 2 * wanted]
    left, right = partners[:wanted], partners[wanted:]
    born = builder.literals["born"]
    apart = (builder.kind_N[left] != builder.kind_N[right]) | (born[left] != born[right])
    left, right = left[apart], right[apart]
    names[right] = names[left]
    homonym[left], homonym[right] = right, left
    return names, aliases, homonym


def _type_words(builder: Builder, of_kind: dict[str, tuple[str, ...]], tails: tuple[str, ...]) -> NDArray[np.uint8]:
    """Index of the word that follows each name, 0 for none."""
    chosen = np.zeros(builder.size, np.uint8)
    for kind, words in of_kind.items():
        members = builder.of_kind(kind)
        indices = np.array([tails.index(word) for word in words], np.uint8)
        chosen[members] = indices[builder.random.integers(len(words), size=len(members))]
    return chosen


def _columns(
    builder: Builder, stub: NDArray[np.bool_]
) -> tuple[placement.Columns, NDArray[np.int16], NDArray[np.int16]]:
    """All facts sorted by subject and relation, with first and last years. Stubs keep those of their first sentence."""
    index = {name: number for number, name in enumerate(relations())}
    parts = []
    for name, (subjects, objects) in builder.pairs.items():
        none = np.zeros(len(subjects), np.int64)
        start, end = builder.tenures.get(name, (none, none))
        parts.append((subjects, np.full(len(subjects), index[name]), objects, start, end))
    for name, literal_N in builder.literals.items():
        subjects = np.flatnonzero(literal_N)
        none = np.zeros(len(subjects), np.int64)
        parts.append((subjects, np.full(len(subjects), index[name]), literal_N[subjects], none, none))
    subject, relation, objects, start, end = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((objects, start, relation, subject))

    def facts(rows: Ints) -> placement.Columns:
        return placement.Columns(
            kinds=builder.kinds,
            kind_N=builder.kind_N,
            stub_N=stub,
            subject_F=subject[rows].astype(np.int32),
            relation_F=relation[rows].astype(np.uint8),
            object_F=objects[rows],
            dice_F=dice[rows],
        )

    dice = builder.random.integers(0, 2**32, size=len(subject), dtype=np.uint32)
    if stub.any():
        symmetric = np.array([known.symmetric for known in relations().values()])[relation[order]]
        order = order[~stub[subject[order]] | symmetric | placement.leads(facts(order))]
    return facts(order), start[order].astype(np.int16), end[order].astype(np.int16)
