"""The relation lexicon: how each relation of the generated encyclopedia is worded.

What enters: the tables in `wording/` beside this module (words only). What leaves: `Relation` and `Kind` records,
looked up by name. One lexicon serves three readers, so that they agree on every meaning: the generated world writes its
page sentences from it, the question realiser takes its clue phrases in both directions, the expert its search words.
Relations of real Wikipedia infoboxes live in a module of their own and use the same records.

Slots: `{s}` is the subject, `{o}` the object. Sentences are whole; clue phrases are verb phrases in the third person
singular ("was born in {o}"), so that they follow "which person", "a person who" and "and".
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

from websailor.records import Record, ValueType

Language = Literal["en", "zh"]


class Wording(Record):
    """The phrases of one relation in one language."""

    clue: tuple[str, ...]
    """Said of the subject: "was born in {o}". The first is the plainest."""
    inverse: tuple[str, ...]
    """Said of the object: "is the birthplace of {s}"."""
    relative: tuple[str, ...]
    """Relative clause on the object: "where {s} was born" (after the noun), in Chinese "{s}出生的" (before it)."""
    noun: str
    """What the object is to the subject: "birthplace"."""


class Relation(Wording):
    """A relation with its English wording; `chinese` holds the other."""

    name: str
    """Snake case; also the infobox key on generated pages."""
    subject: tuple[str, ...]
    """Types whose entities can be the subject."""
    object: tuple[str, ...]
    """Types of the object; `year`, `number` or `text` when it is a literal."""
    value_type: ValueType = "entity"
    unit: str | None = None
    """Unit of a number, as pages write it."""
    functional: bool = True
    """A subject has at most one object."""
    inverse_functional: bool = False
    """An object has at most one subject."""
    symmetric: bool = False
    """Holds in both directions, and both pages state it."""
    closed: bool = True
    """The corpus is complete for it: what is not stated is false."""
    sentences: tuple[str, ...] = ()
    """Page sentences. One that begins with `{s}` also reads well with a pronoun there."""
    since: tuple[str, ...] = ()
    """Page sentences for a fact that holds since `{start}`."""
    tenure: tuple[str, ...] = ()
    """Page sentences for a fact that held from `{start}` to `{end}`."""
    query: str
    """Search words that, before the object's name, find the subjects: "born in"."""
    chinese: Wording


class Kind(Record):
    """A type of entity."""

    name: str
    plural: str
    chinese: str
    pronoun: Literal["who", "that"]
    """Relative pronoun of English clauses about it."""
    leads: tuple[str, ...]
    """First sentences of its pages, fullest first; slots are `{s}` and relation names, the last has `{s}` alone."""


TABLES = ("amounts", "people", "organisations", "works", "places")
"""Files of relations, in the order in which pages list facts."""


@cache
def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "wording" / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def relations() -> dict[str, Relation]:
    """All relations of the generated world by name, in the order in which pages list them."""
    return {
        name: Relation(name=name, **fields) for table in TABLES for name, fields in _table(table)["relation"].items()
    }


@cache
def kinds() -> dict[str, Kind]:
    """All types of the generated world by name."""
    return {name: Kind(name=name, **fields) for name, fields in _table("kinds")["kind"].items()}


def relation(name: str) -> Relation | None:
    """The relation of that name, or None when the generated world has none."""
    return relations().get(name)


def wording(name: str, language: Language = "en") -> Wording | None:
    """The phrases of a relation in a language, or None when the generated world has no such relation."""
    found = relation(name)
    return found.chinese if found is not None and language == "zh" else found
