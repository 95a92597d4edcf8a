"""Infobox fields as facts: which fields count, what their relation is called, what their values are as objects.

Enters: the infobox of a page. Leaves: relation names in snake case with their fields, and objects as `Fact.object`
wants them. What only dresses the page (pictures, captions, footnotes) is left out.
"""

import re
from collections.abc import Iterator

from websailor.records import InfoboxField, Value
from websailor.wiki.relations import relations

_NOT_WORD = re.compile(r"[^a-z0-9]+")
_REPEATED = re.compile(r"(?<![kc]m)(?<!mi)(?<!ft)(?<!_m)_?\d+$")
_TITLED = re.compile(r"^(.*)_title(\d*)$")
_PRESENTATION = re.compile(
    r"(?:^|_)(?:image|img|photo|logo|caption|alt|map|signature|website|url|homepage|coordinates|coord|lat|lon|long|footnotes?|"
    r"note|notes|ref|references|module|flag|flagicon|seal|emblem|coat|icon|width|size|colou?r|style|imdb|isbn|oclc|issn|"
    r"cover|audio|video|rank|map_caption|blank|id|date_format|citation|source)(?:_|$)"
)
_OWN_NAMES = frozenset(
    {"name", "native_name", "birth_name", "title", "full_name", "conventional_long_name", "common_name"}
)


def relation_name(key: str) -> str:
    """Infobox key in snake case, without the number of a repeated one: `Name 2` -> `name` (but `area_km2` stays)."""
    return _REPEATED.sub("", _NOT_WORD.sub("_", key.lower()).strip("_"))


def named_fields(infobox: tuple[InfoboxField, ...]) -> Iterator[tuple[str, InfoboxField]]:
    """Infobox fields that can be facts, with their relation.

    What only dresses the page (pictures, captions, footnotes) is left out. A pair such as `leader_title1 = President`,
    `leader_name1 = ...` becomes the relation `president`.
    """
    offices: dict[str, str] = {}
    for field in infobox:
        titled = _TITLED.match(field.key.lower().replace(" ", "_"))
        if titled and field.values:
            offices[f"{titled[1]}_name{titled[2]}"] = relation_name(field.values[0].text)
    for field in infobox:
        key = field.key.lower().replace(" ", "_")
        relation = offices.get(key) or relation_name(field.key)
        if not relation or relation in _OWN_NAMES or _PRESENTATION.search(relation) or _TITLED.match(key):
            continue
        yield relation, field


def plain_value(value: Value, relation: str) -> str | None:
    """The object of a fact as `Fact.object` wants it; None for what the importer could not read.

    Text is an object only where the relation lexicon says that the relation's objects are text (a genre).
    """
    if value.type == "text":
        return value.text if relation in relations() and relations()[relation].value_type == "text" else None
    if value.type == "entity":
        return value.target
    if value.type == "date":
        if value.date is not None:
            return value.date
        return None if value.number is None else str(int(value.number))
    if value.type == "number" and value.number is not None:
        return plain_number(value.number)
    return None


def plain_number(number: float) -> str:
    """Plain digits, without a fraction where there is none: 12.0 -> `12`."""
    return str(int(number)) if number == int(number) else repr(number)
