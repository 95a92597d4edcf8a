"""What a page says: typed facts from its infobox and from sentences of known form, and the pages it leads to.

Enters: a `Page` and the names of the corpus (`Titles`). Leaves: a `Reading`. No model is asked: an infobox line is a
fact as it stands, and a sentence is one when it has the form in which the relation lexicon words a relation. Text that
names no entity, date or number is no fact.
"""

import re
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from typing import Protocol

from websailor.graph.kinds import kind_of_page
from websailor.records import Fact, InfoboxField, Link, Page, Record, Source, Value, ValueType
from websailor.wiki.relations import kinds, relations
from websailor.wiki.sentences import sentence_spans
from websailor.wiki.titles import Site

_NOT_WORD = re.compile(r"[^a-z0-9]+")
_REPEATED = re.compile(r"(?<![kc]m)(?<!mi)(?<!ft)(?<!_m)_?\d+$")
_PARENTHESIS = re.compile(r"\s*\([^()]*\)$")
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?![\w])")
_SUBJECT_PRONOUN = re.compile(r"^(He|She|It|They)\b")
_SLOT = re.compile(r"\{(\w+)\}")
_TITLED = re.compile(r"^(.*)_title(\d*)$")
_PRESENTATION = re.compile(
    r"(?:^|_)(?:image|img|photo|logo|caption|alt|map|signature|website|url|homepage|coordinates|coord|lat|lon|long|footnotes?|"
    r"note|notes|ref|references|module|flag|flagicon|seal|emblem|coat|icon|width|size|colou?r|style|imdb|isbn|oclc|issn|"
    r"cover|audio|video|rank|map_caption|blank|id|date_format|citation|source)(?:_|$)"
)
_OWN_NAMES = frozenset(
    {"name", "native_name", "birth_name", "title", "full_name", "conventional_long_name", "common_name"}
)
_SITE = Site()


class Titles(Protocol):
    """What the titles of a corpus stand for."""

    def resolve(self, title: str) -> str | None:
        """Canonical title of a page, redirects followed; None when the corpus has no such page."""
        ...

    def url(self, title: str) -> str:
        """Address under which the web serves a title."""
        ...


class Reading(Record):
    """What one page yielded."""

    title: str
    url: str
    kind: str
    disambiguation: bool
    facts: tuple[Fact, ...]
    absent: tuple[str, ...]
    """Objects of its facts that have no page."""
    linked: tuple[str, ...]
    """Canonical titles of existing pages it links to, in order."""


def name_of(title: str) -> str:
    """The title without a disambiguating parenthesis: `Mercury (planet)` -> `Mercury`."""
    return _PARENTHESIS.sub("", title) or title


def relation_name(key: str) -> str:
    """Infobox key in snake case, without the number of a repeated one: `Name 2` -> `name` (but `area_km2` stays)."""
    return _REPEATED.sub("", _NOT_WORD.sub("_", key.lower()).strip("_"))


def fact_id(subject: str, relation: str, value: str, value_type: ValueType, unit: str | None) -> str:
    """The same statement has the same id, whichever page states it."""
    key = "\x1f".join((subject, relation, value, value_type, unit or ""))
    return blake2b(key.encode(), digest_size=8).hexdigest()


def read_page(page: Page, titles: Titles, query: str | None) -> Reading:
    """Facts and links of a page that `query` led to (None: a link did)."""
    found: dict[str, Fact] = {}
    absent: dict[str, None] = {}

    def add(relation: str, value_type: ValueType, value: str, unit: str | None, source: Source) -> None:
        if value_type == "entity":
            linked = canonical(value, titles)
            if linked is None or linked[0] == page.title:
                return
            value = linked[0]
            if not linked[1]:
                absent[value] = None
        key = fact_id(page.title, relation, value, value_type, unit)
        found.setdefault(
            key,
            Fact(
                id=key,
                subject=page.title,
                relation=relation,
                object=value,
                value_type=value_type,
                unit=unit,
                source=source,
            ),
        )

    if not page.disambiguation:
        for relation, field in named_fields(page.infobox):
            quote = f"{field.key}: {', '.join(value.text for value in field.values)}"
            source = Source(page=page.title, kind="infobox", quote=quote, url=page.url, query=query)
            for value in field.values:
                if (text := plain_value(value)) is not None:
                    add(relation, value.type, text, value.unit if value.type == "number" else None, source)
        for relation, value_type, value, sentence in sentence_facts(page):
            source = Source(page=page.title, kind="sentence", quote=sentence, url=page.url, query=query)
            unit = relations()[relation].unit if value_type == "number" else None
            add(relation, value_type, value, unit, source)
    linked = (canonical(link.target, titles) for link in page.links)
    existing = dict.fromkeys(target[0] for target in linked if target is not None and target[1])
    existing.pop(page.title, None)
    return Reading(
        title=page.title,
        url=page.url,
        kind=kind_of_page(page),
        disambiguation=page.disambiguation,
        facts=tuple(found.values()),
        absent=tuple(absent),
        linked=tuple(existing),
    )


def canonical(target: str, titles: Titles) -> tuple[str, bool] | None:
    """Entity id of a link target and whether it has a page; None when it is no article (a file, a category)."""
    page = titles.resolve(target)
    if page is not None:
        return page, True
    normal = _SITE.normalise(target)
    if not normal or _SITE.namespace(normal) != 0:
        return None
    return normal, False


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


def plain_value(value: Value) -> str | None:
    """The object of a fact as `Fact.object` wants it; None for text and for what the importer could not read."""
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


@cache
def _forms() -> dict[str, tuple[str, ...]]:
    """Sentence with its slots emptied (see `_emptied`) -> the relations that fill them, in order."""
    forms: dict[str, tuple[str, ...]] = {}
    known = relations()

    def add(form: str, slots: tuple[str, ...]) -> None:
        if all(slot in known and known[slot].value_type != "text" for slot in slots):
            forms.setdefault(form, slots)

    for relation in known.values():
        for sentence in relation.sentences:
            add(sentence.replace("{o}", _slot(relation.name)), (relation.name,))
    for kind in kinds().values():
        for lead in kind.leads:
            slots = tuple(slot for slot in _SLOT.findall(lead) if slot != "s")
            add(_SLOT.sub(lambda slot: "{s}" if slot[1] == "s" else _slot(slot[1]), lead), slots)
    return forms


def _slot(relation: str) -> str:
    """`{o}` where a relation points at a link, `{n}` where at digits: "was born in {o}" is told from "in {n}"."""
    known = relations().get(relation)
    return "{o}" if known is None or known.value_type == "entity" else "{n}"


def sentence_facts(page: Page) -> Iterator[tuple[str, ValueType, str, str]]:
    """(relation, type, object, sentence) of every sentence that has a form of the relation lexicon."""
    forms, known = _forms(), relations()
    links = sorted((link for link in page.links if link.offset >= 0), key=lambda link: link.offset)
    first = 0
    for start, end in sentence_spans(page.text):
        while first < len(links) and links[first].offset < start:
            first += 1
        last = first
        while last < len(links) and links[last].offset < end:
            last += 1
        sentence = page.text[start:end]
        form, objects = _emptied(sentence, start, name_of(page.title), links[first:last])
        names = forms.get(form)
        if names is None or len(names) != len(objects):
            continue
        for relation, value in zip(names, objects, strict=True):
            yield relation, known[relation].value_type, value, sentence


def _emptied(sentence: str, start: int, name: str, links: list[Link]) -> tuple[str, list[str]]:
    """The sentence with `{s}` for its subject, `{o}` for links and `{n}` for numbers; and these targets and digits."""
    parts: list[str] = []
    objects: list[str] = []

    def plain(text: str) -> None:
        position = 0
        for number in _NUMBER.finditer(text):
            parts.extend((text[position : number.start()], "{n}"))
            objects.append(number[0].replace(",", ""))
            position = number.end()
        parts.append(text[position:])

    position = 0
    for link in links:
        offset = link.offset - start
        if offset < position or sentence[offset : offset + len(link.anchor)] != link.anchor:
            continue
        plain(sentence[position:offset])
        parts.append("{o}")
        objects.append(link.target)
        position = offset + len(link.anchor)
    plain(sentence[position:])
    form = "".join(parts)
    spoken = _SUBJECT_PRONOUN.sub("{s}", form)
    return (spoken if spoken != form else form.replace(name, "{s}", 1)), objects
