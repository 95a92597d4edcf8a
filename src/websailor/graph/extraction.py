"""What a page says: typed facts from its infobox, its tables and its sentences, and the pages it leads to.

Enters: a `Page` and the names of the corpus (`Titles`). Leaves: a `Reading`. No model is asked here: an infobox line is
a fact as it stands, and text states one where it has a known form. Text that names no entity, date or number is no
fact.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from websailor.graph.collecting import Collected, Sense, Titles, canonical
from websailor.graph.fields import named_fields, plain_value
from websailor.graph.kinds import kind_of_page
from websailor.graph.listing import work_statements
from websailor.graph.phrases import mentions, statements
from websailor.graph.prose import prose_statements
from websailor.graph.senses import GeneratedSense, WikipediaSense
from websailor.graph.statements import Statement
from websailor.graph.tabular import table_statements
from websailor.records import Fact, InfoboxField, Page, Record, Source, Value
from websailor.wiki.relations import relations
from websailor.wiki.titles import plain_name

_INSIDE = re.compile(r"[a-z],? $")
_FAMILY = (
    "children",
    "child",
    "issue",
    "parents",
    "parent",
    "father",
    "mother",
    "siblings",
    "sibling",
    "brother",
    "sister",
)
_LIFESPAN = frozenset({*_FAMILY, "relatives", "relations", "notable_works", "notableworks", "works", "notable_work"})
"""Keys whose years in parentheses are those of the object's life, not of the fact."""


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
    kinds: tuple[tuple[str, str], ...] = ()
    """Entities, each with the type that the words of a statement give it: "the novel ..."."""
    lines: tuple[tuple[str, str], ...] = ()
    """Relation and line of every infobox field that names something."""
    small: tuple[str, ...] = ()
    """Titles that its links spell with a small first letter: common nouns, such as `metaphysics`."""
    great: tuple[str, ...] = ()
    """Titles that its links spell with a capital inside a sentence."""
    mentions: tuple[tuple[str, str], ...] = ()
    """Entities that its prose links to, each with the first sentence that does; only where asked for."""
    refused: tuple[tuple[str, str], ...] = ()
    """Statements of a model that were not taken, each with the reason."""


def read_page(
    page: Page,
    titles: Titles,
    query: str | None,
    with_mentions: bool = False,
    generated: bool = True,
    rules: bool = True,
    said: Sequence[Statement] = (),
) -> Reading:
    """Facts and links of a page that `query` led to (None: a link did), and what its prose mentions.

    `generated` says whose forms its text has: those of the generated world or those of a real encyclopedia. `said` are
    statements that a model read in the page's text; without `rules` they are the only ones of its text.
    """
    kind = kind_of_page(page)
    sense: Sense = GeneratedSense() if generated else WikipediaSense()
    collected = Collected(page.title, kind, titles, sense)
    kinds: dict[tuple[str, str], None] = {}
    if not page.disambiguation:
        for relation, field, value in _values(page.infobox):
            source = Source(page=page.title, kind="infobox", quote=line_of(field), url=page.url, query=query)
            if (text := plain_value(value, relation)) is not None:
                tenure = (None, None) if relation in _LIFESPAN else (value.start, value.end)
                collected.add(page.title, relation, value.type, text, value.unit, source, tenure)
                if value.type == "entity":
                    name = value.text if (value.start, value.end) == (None, None) else plain_name(value.text)
                    collected.call(text, name)
        collected.settle()
        text_states = _text_states(page, kind, generated) if rules else ()
        for stated in (*text_states, *said):
            where: Literal["table", "sentence"] = "table" if stated.table else "sentence"
            source = Source(page=page.title, kind=where, quote=stated.quote, url=page.url, query=query)
            subject, target = stated.subject or page.title, stated.object or page.title
            tenure = (stated.start, stated.end)
            about = collected.add(subject, stated.relation, stated.value_type, target, stated.unit, source, tenure)
            if about is not None and stated.called is not None:
                collected.call(target, stated.called)
            if about is not None and about != page.title and stated.subject_kind is not None:
                kinds[about, stated.subject_kind] = None
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
        kinds=tuple(kinds),
        lines=() if page.disambiguation else tuple(_lines(page)),
        small=small,
        great=great,
        mentions=tuple(_mentioned(page, titles)) if with_mentions and not page.disambiguation else (),
    )


def _text_states(page: Page, kind: str, generated: bool) -> Iterator[Statement]:
    if not generated:
        yield from prose_statements(page, kind)
        yield from table_statements(page, kind)
        yield from work_statements(page, kind)
        return
    for stated in statements(page, plain_name(page.title), kind):
        yield stated._replace(unit=relations()[stated.relation].unit)


def _values(infobox: tuple[InfoboxField, ...]) -> Iterator[tuple[str, InfoboxField, Value]]:
    """Relation, field and value of every value that can be a fact."""
    for relation, field in named_fields(infobox):
        for value in field.values:
            yield relation, field, value


def line_of(field: InfoboxField) -> str:
    """A field as one line, the quote of its facts."""
    return f"{field.key}: {', '.join(value.text for value in field.values)}"


def _lines(page: Page) -> Iterator[tuple[str, str]]:
    for relation, field in named_fields(page.infobox):
        if any(value.type in ("text", "entity") for value in field.values):
            yield relation, line_of(field)


def spelt(page: Page) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Titles that the prose links to under their own name, by first letter: small, and capital within a sentence."""
    small: dict[str, None] = {}
    great: dict[str, None] = {}
    for link in page.links:
        name = plain_name(link.target)
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
