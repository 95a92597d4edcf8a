"""Where each fact of a world is stated.

What enters: facts in columns. What leaves: for each fact the places of its subject's page (infobox, text, table),
whether the object's page states it too, whether the text contradicts the infobox; and the asides: pages that mention a
fact of a neighbour. Page lengths follow a log-normal law, as in real encyclopedias: the budget of sentences is filled
with the page's own facts first, then with asides, never with padding.
"""

from dataclasses import dataclass
from string import Formatter

import numpy as np
from numpy.typing import NDArray

from websailor.wiki.relations import kinds, relations
from websailor.wiki.world.config import WorldConfig
from websailor.wiki.world.model import DISAGREES, INFOBOX, ON_OBJECT, TABLE, TEXT

MOST_ON_OBJECT = 8
"""Facts about others that one page states at most."""
SHARE_ON_OBJECT = 0.3
MOST_ASIDES = 6
"""Sentences about neighbours for each neighbour, at most."""


@dataclass(frozen=True)
class Columns:
    """What placement needs to know of the facts: F facts sorted by subject, N entities."""

    kinds: tuple[str, ...]
    kind_N: NDArray[np.int64]
    stub_N: NDArray[np.bool_]
    subject_F: NDArray[np.int32]
    relation_F: NDArray[np.uint8]
    object_F: NDArray[np.int64]
    dice_F: NDArray[np.uint32]


@dataclass(frozen=True)
class Placement:
    """Places of every fact, and the asides: page `aside_page_A[i]` states fact `aside_fact_A[i]` of another page."""

    place_F: NDArray[np.uint8]
    aside_page_A: NDArray[np.int64]
    aside_fact_A: NDArray[np.int64]
    disputed_D: NDArray[np.int64]
    said_D: NDArray[np.int64]


def lead_slots(lead: str) -> tuple[str, ...]:
    """Relations that a lead template states, in its order."""
    return tuple(field for _, field, _, _ in Formatter().parse(lead) if field and field != "s")


def place(config: WorldConfig, columns: Columns, random: np.random.Generator) -> Placement:
    """Decide for every fact where it is stated; each is stated at least once."""
    facts = len(columns.subject_F)
    length_N = _lengths(config, columns, random)
    in_lead = leads(columns)
    hidden = (random.random(facts) < config.hidden) & ~in_lead
    place_F = np.full(facts, INFOBOX, np.uint8)
    place_F[in_lead] |= TEXT
    _fill_text(place_F, columns, np.flatnonzero(~in_lead & ~hidden), length_N)
    only = np.array([INFOBOX, TEXT, TABLE], np.uint8)
    place_F[hidden] = only[random.integers(0, 3, int(hidden.sum()))]
    if config.profile == "rich":
        place_F[~hidden & (random.random(facts) < 0.1)] |= TABLE
        place_F[_on_object(columns, hidden, random)] |= ON_OBJECT
    disputed, said = _disagree(config, columns, place_F, random)
    place_F[disputed] |= DISAGREES
    page, fact = _asides(columns, place_F, hidden, length_N, random) if config.spread > 0 else (np.array([], int),) * 2
    return Placement(place_F, page, fact, disputed, said)


def leads(columns: Columns) -> NDArray[np.bool_]:
    """Which facts the first sentence of their page states: the type's fullest lead whose relations the entity has."""
    names = tuple(relations())
    size = len(columns.kind_N)
    chosen = np.zeros(len(columns.subject_F), bool)
    led = np.zeros(size, bool)
    kind_F = columns.kind_N[columns.subject_F]
    for number, kind in enumerate(columns.kinds):
        for slots in (lead_slots(lead) for lead in kinds()[kind].leads):
            wanted = np.isin(columns.relation_F, [names.index(slot) for slot in slots]) & (kind_F == number)
            full = np.bincount(columns.subject_F[wanted], minlength=size) >= max(len(slots), 1)
            take = full & ~led
            chosen |= wanted & take[columns.subject_F]
            led |= take
    return chosen


def _lengths(config: WorldConfig, columns: Columns, random: np.random.Generator) -> NDArray[np.int64]:
    """Sentences each page has room for, its first included."""
    draw = random.standard_normal(len(columns.kind_N))
    length = np.maximum(np.round(config.sentences * np.exp(config.spread * draw)), 1).astype(np.int64)
    return np.where(columns.stub_N, 1, length)


def _fill_text(
    place_F: NDArray[np.uint8], columns: Columns, open_: NDArray[np.int64], length_N: NDArray[np.int64]
) -> None:
    """State the page's own facts in its text, in random order, as far as there is room."""
    subject = columns.subject_F[open_]
    order = np.lexsort((columns.dice_F[open_], subject))
    subject = subject[order]
    rank = np.arange(len(order)) - np.searchsorted(subject, subject)
    place_F[open_[order[rank < length_N[subject] - 1]]] |= TEXT


def entity_relation(columns: Columns) -> NDArray[np.bool_]:
    """Which facts have an entity as object."""
    return np.array([relation.value_type == "entity" for relation in relations().values()])[columns.relation_F]


def _on_object(columns: Columns, hidden: NDArray[np.bool_], random: np.random.Generator) -> NDArray[np.int64]:
    """Facts that the object's page states too: a few per page, none of the hidden, none that it states anyway."""
    symmetric = np.array([relation.symmetric for relation in relations().values()])[columns.relation_F]
    wanted = entity_relation(columns) & ~symmetric & ~hidden
    wanted &= random.random(len(hidden)) < SHARE_ON_OBJECT
    rows = np.flatnonzero(wanted)
    rows = rows[~columns.stub_N[columns.object_F[rows]]]
    rows = rows[np.lexsort((columns.dice_F[rows], columns.object_F[rows]))]
    objects = columns.object_F[rows]
    rank = np.arange(len(rows)) - np.searchsorted(objects, objects)
    return rows[rank < MOST_ON_OBJECT]


def _disagree(
    config: WorldConfig, columns: Columns, place_F: NDArray[np.uint8], random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Facts in which infobox and text of a page disagree, one a page at most, and what the text says instead.

    Years and amounts are some way off; a place or field is another of its community, so that no year is contradicted.
    """
    none = np.zeros(0, np.int64)
    if config.disagreeing == 0:
        return none, none
    known = list(relations().values())
    literal = np.array([relation.value_type in ("date", "number") for relation in known])[columns.relation_F]
    confusable = [relation.functional and set(relation.object) <= {"settlement", "field"} for relation in known]
    both = (place_F & (INFOBOX | TEXT)) == (INFOBOX | TEXT)
    rows = np.flatnonzero(both & (literal | np.array(confusable)[columns.relation_F]))
    dice = columns.dice_F[rows].astype(np.int64)
    said = columns.object_F[rows].copy()
    dates = np.array([relation.value_type == "date" for relation in known])[columns.relation_F[rows]]
    shift = (2 + dice % 10) * np.where(dates, 1, np.maximum(1, said // 10))
    said[literal[rows]] += shift[literal[rows]]
    others = ~literal[rows]
    said[others] = _another(columns.kind_N, said[others], dice[others])
    differs = (said != columns.object_F[rows]) & (literal[rows] | (said != columns.subject_F[rows]))
    rows, said, dice = rows[differs], said[differs], dice[differs]
    order = np.lexsort((dice, columns.subject_F[rows]))
    _, first = np.unique(columns.subject_F[rows][order], return_index=True)
    chosen = order[first]
    # Only pages with such a fact can disagree; the share is of all pages.
    share = config.disagreeing * len(columns.kind_N) / max(len(chosen), 1)
    chosen = np.sort(chosen[random.random(len(chosen)) < share])
    return rows[chosen], said[chosen]


def _another(kind_N: NDArray[np.int64], entities: NDArray[np.int64], dice: NDArray[np.int64]) -> NDArray[np.int64]:
    """Another entity of the same type and community, the same one where there is none other.

    Those of one type and community stand in one block.
    """
    first_B = np.concatenate([[0], np.flatnonzero(np.diff(kind_N)) + 1, [len(kind_N)]])
    block = np.searchsorted(first_B, entities, side="right") - 1
    first, size = first_B[block], first_B[block + 1] - first_B[block]
    step = 1 + dice % np.maximum(size - 1, 1)
    return first + (entities - first + step) % size


def _asides(
    columns: Columns,
    place_F: NDArray[np.uint8],
    hidden: NDArray[np.bool_],
    length_N: NDArray[np.int64],
    random: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Fill what room is left with facts of the page's neighbours: (page, fact) sorted by page."""
    size = len(columns.kind_N)
    first_N = np.searchsorted(columns.subject_F, np.arange(size + 1))
    count_N = np.diff(first_N)
    towards = np.flatnonzero(entity_relation(columns))
    first_towards_N = np.searchsorted(columns.subject_F[towards], np.arange(size + 1))
    neighbours_N = np.diff(first_towards_N)
    told_N = np.bincount(columns.subject_F, weights=(place_F & TEXT) > 0, minlength=size).astype(np.int64)
    room_N = np.where(columns.stub_N, 0, np.clip(length_N - told_N, 0, MOST_ASIDES * neighbours_N))
    page = np.repeat(np.arange(size), room_N)
    step = first_towards_N[page] + (random.random(len(page)) * neighbours_N[page]).astype(np.int64)
    neighbour = columns.object_F[towards[step]]
    known = count_N[neighbour] > 0
    page, neighbour = page[known], neighbour[known]
    fact = first_N[neighbour] + (random.random(len(page)) * count_N[neighbour]).astype(np.int64)
    back = entity_relation(columns)[fact] & (columns.object_F[fact] == page)
    contradicted = (place_F[fact] & DISAGREES) > 0
    good = ~hidden[fact] & ~back & ~contradicted
    page, fact = page[good], fact[good]
    _, unique = np.unique(page * len(hidden) + fact, return_index=True)
    return page[unique], fact[unique]
