"""From knobs to a world: community sizes, names, relations, and where each fact will be stated.

O(pages) in time and memory, and deterministic: one numpy generator, seeded by the configuration, used in a fixed order.
"""

from string import Formatter

import numpy as np
from numpy.typing import NDArray

from websailor.wiki.relations import kinds, relations
from websailor.wiki.world import small
from websailor.wiki.world.builder import Builder, Ints
from websailor.wiki.world.config import WorldConfig
from websailor.wiki.world.model import INFOBOX, TABLE, TEXT, World


def generate(config: WorldConfig) -> World:
    """Make the world that the knobs describe."""
    profile = small
    random = np.random.default_rng([config.seed, 20_250_913])
    builder = Builder(config, tuple(profile.SHARES), _population(config, profile.SHARES, random), random)
    profile.relate(builder)
    subject, relation, objects = _columns(builder)
    size = builder.size
    names, homonym = _names(builder)
    tails = ("", *(word for words in profile.TYPE_WORDS.values() for word in words))
    dice_F = random.integers(0, 2**32, size=len(subject), dtype=np.uint32)
    return World(
        config=config,
        kinds=builder.kinds,
        relations=tuple(relations()),
        texts=(),
        type_words=tails,
        kind_N=builder.kind_N.astype(np.uint8),
        community_N=builder.community_N.astype(np.int32),
        name_N2=names,
        type_word_N=_type_words(builder, profile.TYPE_WORDS, tails),
        homonym_N=homonym,
        female_N=random.random(size) < 0.5,
        dice_N=random.integers(0, 2**32, size=size, dtype=np.uint32),
        subject_F=subject,
        relation_F=relation,
        object_F=objects,
        start_F=np.zeros(len(subject), np.int16),
        end_F=np.zeros(len(subject), np.int16),
        place_F=_places(builder, subject, relation, dice_F),
        dice_F=dice_F,
    )


def _population(config: WorldConfig, shares: dict[str, float], random: np.random.Generator) -> Ints:
    """How many entities of each type every community has; at least one of each. Sums to `pages`."""
    communities = config.community_count
    least = len(shares)
    weight_C = random.uniform(0.9, 1.1, communities)
    bound_C = np.floor(np.cumsum(weight_C) / weight_C.sum() * (config.pages - least * communities) + 0.5).astype(
        np.int64
    )
    bound_C[-1] = config.pages - least * communities
    spare_C = np.diff(bound_C, prepend=0)
    extra_K = np.array(list(shares.values())) * config.pages / communities - 1
    extra_K = np.maximum(extra_K, 0)
    cumulative_K = np.cumsum(extra_K) / extra_K.sum()
    edges = np.floor(spare_C[:, None] * cumulative_K[None, :] + 1e-9).astype(np.int64)
    return np.diff(edges, axis=1, prepend=0) + 1


def _names(builder: Builder) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Two word indices for every entity, no two entities with the same pair of words but for the homonyms."""
    random, size = builder.random, builder.size
    words = builder.config.lexicon_size
    pair = random.choice(words * (words - 1) // 2, size=size, replace=False, shuffle=True)
    high = ((1 + np.sqrt(1 + 8.0 * pair)) / 2).astype(np.int64)
    high += (high + 1) * high // 2 <= pair
    high -= high * (high - 1) // 2 > pair
    low = pair - high * (high - 1) // 2
    swap = random.random(size) < 0.5
    names = np.stack([np.where(swap, low, high), np.where(swap, high, low)], axis=1).astype(np.int32)
    homonym = np.full(size, -1, np.int32)
    wanted = int(builder.config.homonyms * size / 2)
    partners = random.permutation(size)[: 2 * wanted]
    left, right = partners[:wanted], partners[wanted:]
    born = builder.years["born"]
    apart = (builder.kind_N[left] != builder.kind_N[right]) | (born[left] != born[right])
    left, right = left[apart], right[apart]
    names[right] = names[left]
    homonym[left], homonym[right] = right, left
    return names, homonym


def _type_words(builder: Builder, of_kind: dict[str, tuple[str, ...]], tails: tuple[str, ...]) -> NDArray[np.uint8]:
    """Index of the word that follows each name, 0 for none."""
    chosen = np.zeros(builder.size, np.uint8)
    for kind, words in of_kind.items():
        members = builder.of_kind(kind)
        indices = np.array([tails.index(word) for word in words], np.uint8)
        chosen[members] = indices[builder.random.integers(len(words), size=len(members))]
    return chosen


def _columns(builder: Builder) -> tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.int64]]:
    """All facts as columns, sorted by subject and relation."""
    index = {name: number for number, name in enumerate(relations())}
    parts = [(subjects, index[name], objects) for name, (subjects, objects) in builder.pairs.items()]
    for name, year_N in builder.years.items():
        subjects = np.flatnonzero(year_N)
        parts.append((subjects, index[name], year_N[subjects]))
    subject = np.concatenate([part[0] for part in parts])
    relation = np.concatenate([np.full(len(part[0]), part[1]) for part in parts])
    objects = np.concatenate([part[2] for part in parts])
    order = np.lexsort((objects, relation, subject))
    return subject[order].astype(np.int32), relation[order].astype(np.uint8), objects[order]


def _places(
    builder: Builder, subject: NDArray[np.int32], relation: NDArray[np.uint8], dice: NDArray[np.uint32]
) -> NDArray[np.uint8]:
    """Where each fact stands on its subject's page.

    The first sentence states the relations of the type's lead; then as many sentences follow as the page has room for.
    """
    place = np.full(len(subject), INFOBOX, np.uint8)
    in_lead = _in_lead(builder, subject, relation)
    rest = np.flatnonzero(~in_lead)
    order = rest[np.lexsort((dice[rest], subject[rest]))]
    first = np.searchsorted(subject[order], subject[order])
    rank = np.arange(len(order)) - first
    place[order[rank < builder.config.sentences - 1]] |= TEXT
    place[in_lead] |= TEXT
    return place


def _in_lead(builder: Builder, subject: NDArray[np.int32], relation: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which facts the first sentence of their page states: the fullest lead of the type whose relations the entity has."""
    names = tuple(relations())
    chosen = np.zeros(len(subject), bool)
    led = np.zeros(builder.size, bool)
    kind_F = builder.kind_N[subject]
    for number, kind in enumerate(builder.kinds):
        for slots in (lead_slots(lead) for lead in kinds()[kind].leads):
            wanted = np.isin(relation, [names.index(slot) for slot in slots]) & (kind_F == number)
            full = np.bincount(subject[wanted], minlength=builder.size) >= max(len(slots), 1)
            take = full & ~led
            chosen |= wanted & take[subject]
            led |= take
    return chosen


def lead_slots(lead: str) -> tuple[str, ...]:
    """Relations that a lead template states, in its order."""
    return tuple(field for _, field, _, _ in Formatter().parse(lead) if field and field != "s")
