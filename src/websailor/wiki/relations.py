"""The relation lexicon: how each relation of the generated encyclopedia is worded.

What enters: the tables in `wording/` beside this module (words only). What leaves: `Relation` and `Kind` records,
looked up by name. One lexicon serves three readers, so that they agree on every meaning: the generated world writes its
page sentences from it, the question realiser takes its clue phrases in both directions, the expert its search words.
Relations of real Wikipedia infoboxes live in a module of their own and use the same records.

Slots: `{s}` is the subject, `{o}` the object. Sentences are whole; clue phrases are verb phrases in the third person
singular ("was born in {o}"), so that they follow "which person", "a person who" and "and". What only some questions
say (that there is none, how many, before what) stands in tables of its own, `operators.toml`, with further slots:
`{n}` a number with what limits it ("exactly three", "about 12 years"), `{one|many}` the noun that agrees with it, `{t}`
a time ("in 1956"), `{times}` a ratio ("about three times"; in Chinese with `{about}`), `{rank}` an ordinal before a
superlative (nothing, "second "), `{nth}` an ordinal, `{nth_last}` one counted from the end. `Saying` names the fields;
an operator asks `Lexicon.can_say` before it proposes a clue.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal

from websailor.records import Record, ValueType

Language = Literal["en", "zh"]

Saying = Literal[
    "none",
    "none_inverse",
    "denied",
    "denied_inverse",
    "how_many",
    "how_many_inverse",
    "at",
    "at_inverse",
    "ever",
    "ever_inverse",
    "less",
    "more",
    "less_by",
    "more_by",
    "times",
    "least",
    "most",
    "happened",
    "event",
    "shared",
    "shared_inverse",
]
"""Fields of `Wording` that a relation may lack."""


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
    none: tuple[str, ...] = ()
    """Said of a subject without any object: "has never received an award"."""
    none_inverse: tuple[str, ...] = ()
    """Said of an object without any subject: "employs nobody"."""
    denied: tuple[str, ...] = ()
    """Said of a subject that has not this object: "did not study at {o}"."""
    denied_inverse: tuple[str, ...] = ()
    """Said of an object that has not this subject: "does not employ {s}"."""
    how_many: tuple[str, ...] = ()
    """How many objects a subject has: "has received {n} {award|awards}"."""
    how_many_inverse: tuple[str, ...] = ()
    """How many subjects an object has: "employs {n} {person|people}"."""
    at: tuple[str, ...] = ()
    """A fact with a tenure at a time: "was led {t} by {o}"."""
    at_inverse: tuple[str, ...] = ()
    """The same, said of the object: "led {s} {t}"."""
    ever: tuple[str, ...] = ()
    """Said instead of `clue` where some facts of the relation have ended: "has worked for {o}"."""
    ever_inverse: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    """Said instead of `clue` where a question is to read well; `clue` then has quaint phrases for variety's sake."""
    told_inverse: tuple[str, ...] = ()
    told_relative: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    """The subject's date or number against that of another subject: "was born earlier than {o}"."""
    more: tuple[str, ...] = ()
    """"was born later than {o}"."""
    less_by: tuple[str, ...] = ()
    """By how much: "was born {n} before {o}", "has {n} fewer inhabitants than {o}"."""
    more_by: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    """Ratio: "has {times} as many inhabitants as {o}"."""
    least: tuple[str, ...] = ()
    """First by date, or smallest: "was the {nth} to be born", "has the {rank}smallest population"."""
    most: tuple[str, ...] = ()
    happened: tuple[str, ...] = ()
    """A date's event without the date, said of the subject: "was founded"; "before" or "after" may follow."""
    event: tuple[str, ...] = ()
    """The same as a noun phrase: "the founding of {s}"; in Chinese a clause, "{s}成立"."""
    shared: tuple[str, ...] = ()
    """What two subjects share that have the same object: "birthplace", after "the same" or an article."""
    shared_inverse: tuple[str, ...] = ()
    """What two objects share that have the same subject: "employee"."""
    alike: tuple[str, ...] = ()
    """The same as a verb phrase, where nothing else is shared: "went to the same school as {o}"."""
    alike_inverse: tuple[str, ...] = ()


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
    other_leads: tuple[str, ...] = ()
    """First sentences that say what one of `leads` says in other words; rich worlds use them, too."""
    articled: tuple[str, ...] = ()
    """Last words of names that want an article: "the Velan Prize"."""


TABLES = ("amounts", "people", "organisations", "works", "places")
"""Files of relations, in the order in which pages list facts."""


@cache
def table(name: str) -> dict[str, Any]:
    """A file of `wording/`, read once."""
    return tomllib.loads((Path(__file__).parent / "wording" / f"{name}.toml").read_text(encoding="utf-8"))


def extended(fields: dict[str, Any], further: dict[str, Any]) -> dict[str, Any]:
    """A relation's fields with those of `operators.toml`, in both languages."""
    chinese = {**fields["chinese"], **further.get("chinese", {})}
    return {**fields, **further, "chinese": chinese}


@cache
def relations() -> dict[str, Relation]:
    """All relations of the generated world by name, in the order in which pages list them."""
    further = table("operators")["relation"]
    return {
        name: Relation(name=name, **extended(fields, further.get(name, {})))
        for file in TABLES
        for name, fields in table(file)["relation"].items()
    }


@cache
def kinds() -> dict[str, Kind]:
    """All types of the generated world by name."""
    return {name: Kind(name=name, **fields) for name, fields in table("kinds")["kind"].items()}


def relation(name: str) -> Relation | None:
    """The relation of that name, or None when the generated world has none."""
    return relations().get(name)


def wording(name: str, language: Language = "en") -> Wording | None:
    """The phrases of a relation in a language, or None when the generated world has no such relation."""
    found = relation(name)
    return found.chinese if found is not None and language == "zh" else found
