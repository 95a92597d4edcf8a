"""How real Wikipedia infobox keys are worded in questions: only keys whose phrase reads well.

Enters: `wording/wikipedia.toml` beside this module, and `wikipedia_operators.toml` with what comparisons and the like
say. Leaves: the same records as `relations`, looked up by infobox key
and, since a key means different things in different infoboxes (the `country` of a film, of a school), by the subject's
type.
"""

from collections.abc import Collection
from functools import cache

from websailor.wiki.relations import Kind, Language, Relation, Wording, extended, table


class InfoboxRelation(Relation):
    """A relation that several infobox keys state."""

    keys: tuple[str, ...]
    """Infobox keys in snake case, without the number of a repeated key."""
    mirror: str | None = None
    """The relation that says the same the other way round: `children` and `parents`."""
    measured: bool = False
    """Its numbers mean nothing without a unit."""
    closed: bool = False
    listed: bool = False
    """Some page lists all there is of it: whatever is not in the list is not so."""
    settled: bool = False
    """Who knows the subject knows its objects, on whichever page they stand: the author of a book."""
    partial: bool = False
    """What a page tells of it is a choice, not all there is."""
    in_works: bool = False
    """A list of works on its object's page states it of them."""
    headings: tuple[str, ...] = ()
    """Headings of the columns of a list that hold its objects, where they are no infobox keys."""
    spread: float | None = None
    """The largest share of all its subjects in the world whose date falls in one year, or whose amount lies within one
    power of ten; None where that does not help to tell one from the others.
    """


class InfoboxKind(Kind):
    """A type of real entities."""

    noun: str
    """The English word: `city` for `settlement`."""
    leads: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    """Narrower types: a city is a place too."""
    world: int | None = None
    """How many there are in the world, at the most, of which something is written; None where nobody could say."""


@cache
def relations() -> dict[str, InfoboxRelation]:
    """All worded relations by name."""
    further = table("wikipedia_operators")["relation"]
    return {
        name: InfoboxRelation(name=name, **extended(fields, further.get(name, {})))
        for name, fields in table("wikipedia")["relation"].items()
    }


@cache
def kinds() -> dict[str, InfoboxKind]:
    """All worded types by name."""
    return {name: InfoboxKind(name=name, **fields) for name, fields in table("wikipedia")["kind"].items()}


@cache
def by_key() -> dict[str, tuple[InfoboxRelation, ...]]:
    """Infobox key -> the relations it can state."""
    found: dict[str, tuple[InfoboxRelation, ...]] = {}
    for one in relations().values():
        for key in one.keys:
            found[key] = (*found.get(key, ()), one)
    return found


def relation(key: str, subject_kind: str | None = None) -> InfoboxRelation | None:
    """What an infobox key states about a subject of a type (any, if none is given); None when it has no words."""
    for one in by_key().get(key, ()):
        if subject_kind is None or is_among(subject_kind, one.subject):
            return one
    return None


def is_among(kind: str, wanted: Collection[str]) -> bool:
    """True when a type, or a wider one that holds it, is among those wanted."""
    return kind in wanted or any(one in kinds() and kind in kinds()[one].holds for one in wanted)


def wording(key: str, language: Language = "en", subject_kind: str | None = None) -> Wording | None:
    """The phrases of an infobox key in a language."""
    found = relation(key, subject_kind)
    return found.chinese if found is not None and language == "zh" else found
