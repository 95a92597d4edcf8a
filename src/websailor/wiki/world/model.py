"""A generated world in columns: what the generator makes and the page writer reads.

Axes: N entities, F facts, W name words. Everything is a numpy array, so a million pages fit in a few hundred megabytes;
titles are built on demand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from websailor.records import Record, ValueType
from websailor.wiki.relations import relations
from websailor.wiki.world.config import WorldConfig
from websailor.wiki.world.lexicon import lexicon

INFOBOX, TEXT, TABLE = 1, 2, 4
"""Places of the subject's page that state a fact; the bits of `World.place_F`."""
ON_OBJECT = 8
"""Bit of `World.place_F`: the object's page states the fact too."""
DISAGREES = 16
"""Bit of `World.place_F`: the text gives another value (`World.said`) than the infobox; the infobox is right."""


class TrueFact(Record):
    """One line of `facts.jsonl`: a fact of the world and the pages that state it."""

    subject: str
    """Title of the subject's page."""
    relation: str
    object: str
    """Title of the object's page, or the literal in plain digits or text."""
    value_type: ValueType
    unit: str | None = None
    start: int | None = None
    """First year in which it held, where the relation has a tenure."""
    end: int | None = None
    """Last year; None while it lasts."""
    pages: tuple[str, ...]
    """Titles of the pages that state it, the subject's own first where it does."""
    disputed: bool = False
    """The text of the subject's page contradicts its infobox, which is right."""
    said: str | None = None
    """What that text gives as the object, where it is disputed: a title or a literal, as `object`."""


@dataclass(frozen=True)
class World:
    """Entities and facts of a generated encyclopedia; facts are sorted by subject, then by the relation's place."""

    config: WorldConfig
    kinds: tuple[str, ...]
    relations: tuple[str, ...]
    texts: tuple[str, ...]
    """Literals of text relations; `object_F` points here."""
    type_words: tuple[str, ...]
    """Words that may follow a name ("College"); index 0 is empty."""
    kind_N: NDArray[np.uint8]
    community_N: NDArray[np.int32]
    name_N2: NDArray[np.int32]
    """Two word indices each."""
    type_word_N: NDArray[np.uint8]
    homonym_N: NDArray[np.int32]
    """The entity that bears the same name, or -1."""
    alias_N2: NDArray[np.int32]
    """Another name: two word indices, or -1; it redirects to the page."""
    female_N: NDArray[np.bool_]
    dice_N: NDArray[np.uint32]
    """One random number each: wording choices of its page."""
    subject_F: NDArray[np.int32]
    relation_F: NDArray[np.uint8]
    object_F: NDArray[np.int64]
    """Entity, year, amount or index into `texts`, by the relation's value type."""
    start_F: NDArray[np.int16]
    """Year; 0 = not stated."""
    end_F: NDArray[np.int16]
    place_F: NDArray[np.uint8]
    dice_F: NDArray[np.uint32]
    aside_page_A: NDArray[np.int64]
    """Page that mentions the fact `aside_fact_A` of another page; sorted."""
    aside_fact_A: NDArray[np.int64]
    disputed_D: NDArray[np.int64]
    """Facts whose place has `DISAGREES`, ascending."""
    said_D: NDArray[np.int64]
    """What the text gives instead of their object."""

    def __len__(self) -> int:
        return len(self.kind_N)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The name words in use."""
        return lexicon(self.config.lexicon_size)

    @cached_property
    def first_fact_N(self) -> NDArray[np.int64]:
        """Facts of entity i are `first_fact_N[i] : first_fact_N[i + 1]` (length N + 1)."""
        return np.searchsorted(self.subject_F, np.arange(len(self) + 1)).astype(np.int64)

    @cached_property
    def towards_T(self) -> NDArray[np.int64]:
        """Facts that the object's page states too, sorted by object."""
        facts = np.flatnonzero(self.place_F & ON_OBJECT)
        return facts[np.argsort(self.object_F[facts], kind="stable")]

    @cached_property
    def towards_objects_T(self) -> NDArray[np.int64]:
        """The objects of `towards_T`."""
        return self.object_F[self.towards_T]

    @cached_property
    def names(self) -> list[str]:
        """Name of every entity, without a disambiguating parenthesis."""
        words, type_words = self.words, self.type_words
        return [
            f"{words[first]} {words[second]} {type_words[tail]}" if tail else f"{words[first]} {words[second]}"
            for (first, second), tail in zip(self.name_N2.tolist(), self.type_word_N.tolist(), strict=True)
        ]

    @cached_property
    def titles(self) -> list[str]:
        """Page title of every entity; homonyms carry their type, and people who share a name their year of birth."""
        titles = list(self.names)
        years = self.literal_by_subject("born")
        for entity in np.flatnonzero(self.homonym_N >= 0).tolist():
            kind = self.kinds[self.kind_N[entity]]
            same_kind = self.kind_N[entity] == self.kind_N[self.homonym_N[entity]]
            titles[entity] += f" (born {years[entity]})" if same_kind else f" ({kind})"
        return titles

    @cached_property
    def links(self) -> list[str]:
        """Wikitext that links to every entity by its name."""
        return [
            f"[[{name}]]" if name == title else f"[[{title}|{name}]]"
            for name, title in zip(self.names, self.titles, strict=True)
        ]

    @cached_property
    def said(self) -> dict[int, int]:
        """Disputed fact -> what the text gives instead of its object."""
        return dict(zip(self.disputed_D.tolist(), self.said_D.tolist(), strict=True))

    @cached_property
    def aliases(self) -> dict[int, str]:
        """Entity -> its other name."""
        words = self.words
        known = np.flatnonzero(self.alias_N2[:, 0] >= 0)
        return {
            entity: f"{words[first]} {words[second]}"
            for entity, (first, second) in zip(known.tolist(), self.alias_N2[known].tolist(), strict=True)
        }

    def literal_by_subject(self, relation: str) -> Mapping[int, int]:
        """Subject -> literal of one relation."""
        chosen = self.relation_F == self.relations.index(relation)
        return dict(zip(self.subject_F[chosen].tolist(), self.object_F[chosen].tolist(), strict=True))

    def value_types(self) -> list[ValueType]:
        """Value type of every relation, by index."""
        known = relations()
        return [known[name].value_type for name in self.relations]
