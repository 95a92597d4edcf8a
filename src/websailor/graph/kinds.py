"""The type of an entity: from its infobox, its categories, or the relation that points at it.

Enters: a page, or the name of a relation. Leaves: a type name. The generated world's infoboxes are named after its
types; the many infoboxes of Wikipedia are mapped to the same few names by `kinds.toml`, and one that is not listed
becomes a type of its own.
"""

import re
import tomllib
from functools import cache
from importlib.resources import files

from websailor.records import Page
from websailor.wiki.relations import kinds, relation

UNKNOWN = "thing"

_LISTED = re.compile(r" (?:of|in|from|by)\b")
_CATEGORIES = (
    (
        re.compile(r"\b(births|deaths|living people|people from|alumni|writers|politicians|philosophers)\b", re.I),
        "person",
    ),
    (re.compile(r"\b(cities|towns|villages|capitals|municipalities|populated places) (in|of)\b", re.I), "settlement"),
    (re.compile(r"^(countries|member states|island countries|republics)\b", re.I), "country"),
    (re.compile(r"\bfilms\b", re.I), "film"),
    (re.compile(r"\bnovels\b|\bbooks\b", re.I), "book"),
    (re.compile(r"\bcompanies\b", re.I), "company"),
    (re.compile(r"\buniversities\b|\bschools\b|\bcolleges\b", re.I), "school"),
    (re.compile(r"\bislands\b|\bmountains\b|\brivers\b|\blakes\b", re.I), "place"),
    (re.compile(r"\blanguages\b", re.I), "language"),
)


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(files("websailor.graph").joinpath("kinds.toml").read_text(encoding="utf-8"))


@cache
def _plurals() -> dict[str, str]:
    return {kind.plural: kind.name for kind in kinds().values()}


@cache
def _lookup(table: str) -> dict[str, str]:
    return {name: kind for kind, names in _tables()[table].items() for name in names}


def kind_of_infobox(infobox_type: str) -> str:
    """`officeholder` -> `person`; `settlement` -> `settlement`."""
    return _lookup("infobox").get(infobox_type.replace("_", " "), infobox_type.replace(" ", "_"))


def kind_of_page(page: Page) -> str:
    """From the infobox, else from the first category that tells, else `thing`."""
    if page.infobox_type:
        return kind_of_infobox(page.infobox_type)
    for category in page.categories:
        if (plural := _plurals().get(_LISTED.split(category, maxsplit=1)[0].lower())) is not None:
            return plural
        for pattern, kind in _CATEGORIES:
            if pattern.search(category):
                return kind
    return UNKNOWN


@cache
def kind_of_object(relation_name: str) -> str:
    """What a relation's object usually is: `birth_place` -> `place`; `thing` when that says nothing."""
    known = relation(relation_name)
    if known is not None and known.value_type == "entity" and len(known.object) == 1:
        return known.object[0]
    return _lookup("object").get(relation_name, UNKNOWN)
