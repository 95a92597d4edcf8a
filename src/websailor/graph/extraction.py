"""What a page says: typed facts from its infobox and from sentences of known form, and the pages it leads to.

Enters: a `Page` and the names of the corpus (`Titles`). Leaves: a `Reading`. No model is asked: an infobox line is a
fact as it stands, and a sentence is one when it has the form in which the relation lexicon words a relation. Text that
names no entity, date or number is no fact.
"""

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Literal, Protocol

from websailor.graph.kinds import kind_of_page
from websailor.graph.phrases import mentions, statements
from websailor.records import Fact, InfoboxField, Page, Record, Source, Value, ValueType
from websailor.wiki.relations import relations
from websailor.wiki.titles import Site

_NOT_WORD = re.compile(r"[^a-z0-9]+")
_REPEATED = re.compile(r"(?<![kc]m)(?<!mi)(?<!ft)(?<!_m)_?\d+$")
_PARENTHESIS = re.compile(r"\s*\([^()]*\)$")
_TITLED = re.compile(r"^(.*)_title(\d*)$")
_PRESENTATION = re.compile(
    r"(?:^|_)(?:image|img|photo|logo|caption|alt|map|signature|website|url|homepage|coordinates|coord|lat|lon|long|footnotes?|"
    r"note|notes|ref|references|module|flag|flagicon|seal|emblem|coat|icon|width|size|colou?r|style|imdb|isbn|oclc|issn|"
    r"cover|audio|video|rank|map_caption|blank|id|date_format|citation|source)(?:_|$)"
)
_INSIDE = re.compile(r"[a-z],? $")
_NAME = re.compile(r"[^\W\d_][^,;()]{2,60}")
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
    """Entities of its facts that have no page."""
    linked: tuple[str, ...]
    """Canonical titles of existing pages it links to, in order."""
    called: tuple[tuple[str, str], ...] = ()
    """Entities of its infobox facts, each with a name that the infobox calls it by, where that is another."""
    lines: tuple[tuple[str, str], ...] = ()
    """Relation and line of every infobox field that names something."""
    small: tuple[str, ...] = ()
    """Titles that its links spell with a small first letter: common nouns, such as `metaphysics`."""
    great: tuple[str, ...] = ()
    """Titles that its links spell with a capital inside a sentence."""
    mentions: tuple[tuple[str, str], ...] = ()
    """Entities that its prose links to, each with the first sentence that does; only where asked for."""


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


def read_page(page: Page, titles: Titles, query: str | None, with_mentions: bool = False) -> Reading:
    """Facts and links of a page that `query` led to (None: a link did), and what its prose mentions."""
    collected = _Collected(page, titles)
    kind = kind_of_page(page)
    if not page.disambiguation:
        for relation, field in named_fields(page.infobox):
            quote = f"{field.key}: {', '.join(value.text for value in field.values)}"
            source = Source(page=page.title, kind="infobox", quote=quote, url=page.url, query=query)
            for value in field.values:
                if (text := plain_value(value, relation)) is not None:
                    collected.add(page.title, relation, value.type, text, value.unit, source)
                    if value.type == "entity":
                        collected.call(text, value.text)
        collected.settle()
        for stated in statements(page, name_of(page.title), kind):
            where: Literal["table", "sentence"] = "table" if stated.table else "sentence"
            source = Source(page=page.title, kind=where, quote=stated.quote, url=page.url, query=query)
            subject, target = stated.subject or page.title, stated.object or page.title
            collected.add(
                subject, stated.relation, stated.value_type, target, relations()[stated.relation].unit, source
            )
    linked = (canonical(link.target, titles) for link in page.links)
    existing = dict.fromkeys(target[0] for target in linked if target is not None and target[1])
    existing.pop(page.title, None)
    small, great = spelt(page)
    return Reading(
        title=page.title,
        url=page.url,
        kind=kind,
        disambiguation=page.disambiguation,
        facts=tuple(collected.facts.values()),
        absent=tuple(collected.absent),
        linked=tuple(existing),
        called=tuple(collected.called),
        lines=() if page.disambiguation else tuple(_lines(page)),
        small=small,
        great=great,
        mentions=tuple(_mentioned(page, titles)) if with_mentions and not page.disambiguation else (),
    )


def _lines(page: Page) -> Iterator[tuple[str, str]]:
    for relation, field in named_fields(page.infobox):
        if any(value.type in ("text", "entity") for value in field.values):
            yield relation, f"{field.key}: {', '.join(value.text for value in field.values)}"


def spelt(page: Page) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Titles that the prose links to under their own name, by first letter: small, and capital within a sentence."""
    small: dict[str, None] = {}
    great: dict[str, None] = {}
    for link in page.links:
        name = name_of(link.target)
        if name[:1].lower() == name[:1] or link.anchor[1:] != name[1:] or link.offset < 0:
            continue
        if link.anchor[:1] == name[:1].lower():
            small[link.target] = None
        elif link.anchor[:1] == name[:1] and _INSIDE.search(page.text[max(0, link.offset - 3) : link.offset]):
            great[link.target] = None
    return tuple(small), tuple(great)


def _mentioned(page: Page, titles: Titles) -> Iterator[tuple[str, str]]:
    seen = {page.title}
    for target, sentence in mentions(page):
        found = canonical(target, titles)
        if found is not None and found[0] not in seen:
            seen.add(found[0])
            yield found[0], sentence


class _Collected:
    """The facts of one page. The infobox wins: a functional relation that it states is not stated again by the text."""

    def __init__(self, page: Page, titles: Titles) -> None:
        self._titles = titles
        self._canonical: dict[str, tuple[str, bool] | None] = {page.title: (page.title, True)}
        self._settled: set[tuple[str, str]] = set()
        self.facts: dict[str, Fact] = {}
        self.absent: dict[str, None] = {}
        self.called: dict[tuple[str, str], None] = {}

    def settle(self) -> None:
        """What has been collected so far stands against what comes."""
        self._settled = {
            (fact.subject, fact.relation)
            for fact in self.facts.values()
            if fact.relation in relations() and relations()[fact.relation].functional
        }

    def add(
        self, subject: str, relation: str, value_type: ValueType, value: str, unit: str | None, source: Source
    ) -> None:
        """Keep a fact, unless it speaks of no article, of an entity and itself, or against what is settled."""
        about = self._entity(subject)
        if about is None or (about, relation) in self._settled:
            return
        if value_type == "entity":
            target = self._entity(value)
            if target is None or target == about:
                return
            value = target
        unit = unit if value_type == "number" else None
        key = fact_id(about, relation, value, value_type, unit)
        if key not in self.facts:
            self.facts[key] = Fact(
                id=key,
                subject=about,
                relation=relation,
                object=value,
                value_type=value_type,
                unit=unit,
                source=source,
            )

    def call(self, title: str, name: str) -> None:
        """Remember how a page names an entity: `Danzig` for `Gdańsk`. Only what can be a name of its own counts."""
        about = self._entity(title)
        if about is not None and _NAME.fullmatch(name) and name not in (about, name_of(about)):
            self.called[about, name] = None

    def _entity(self, title: str) -> str | None:
        if title not in self._canonical:
            self._canonical[title] = canonical(title, self._titles)
        found = self._canonical[title]
        if found is None:
            return None
        if not found[1]:
            self.absent[found[0]] = None
        return found[0]


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
