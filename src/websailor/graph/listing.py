"""Facts in the lists of works that a real encyclopedia's page about a person holds.

Enters: a page and its type. Leaves: `Statement`s: who made the work, and its year. Which heading means what stands in
`prose.toml`; a line counts when it is a title with a year and nothing else of weight. A title without a link has no
page and goes by its type besides: "Proper Studies (book)". What a list calls itself a part of ("Selected works") states
what it states as a sentence does, and is no table of all there is.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from websailor.graph.prose import tables
from websailor.graph.statements import Statement
from websailor.records import Link, Page
from websailor.wiki.works import read_work

_PARTIAL = re.compile(r"(?:partial|selected|notable|major)\b", re.IGNORECASE)
"""Begins the heading of a list that leaves things out; what follows on the page may stand under it."""
_LEAD = 400
"""Characters in which a page says what its person is."""
_HEADING = re.compile(r"[^\d.|,]{3,40}$")
_BEFORE = re.compile(r"(?P<year>\d{4})?[ –:.-]*$")
_AFTER = re.compile(r"(?: \((?P<year>\d{4})\))?(?: also (?:associate )?(?:producer|screenwriter|writer))?$")


class Works(NamedTuple):
    """One `[[works]]` table."""

    heading: re.Pattern[str]
    lead: re.Pattern[str]
    unless: re.Pattern[str]
    relation: str
    year: str
    kind: str


@cache
def _works() -> tuple[Works, ...]:
    return tuple(
        Works(
            re.compile(table["heading"], re.IGNORECASE),
            re.compile(table["lead"]),
            re.compile(table["unless"]),
            table["relation"],
            table["year"],
            table["kind"],
        )
        for table in tables()["works"]
    )


def work_statements(page: Page, kind: str) -> Iterator[Statement]:
    """What the lists of works on a person's page state."""
    lead = page.text[:_LEAD]
    fitting = [works for works in _works() if works.lead.search(lead) and not works.unless.search(lead)]
    if kind != "person" or not fitting:
        return
    links = {link.offset: link for link in page.links if link.offset >= 0}
    offset, under, whole = 0, None, True
    for line in page.text.split("\n"):
        here = [link for place, link in links.items() if offset <= place < offset + len(line)]
        if not here and _HEADING.match(line):
            under = next((works for works in fitting if works.heading.fullmatch(line.strip(" :"))), None)
            whole = whole and not (under is not None and _PARTIAL.match(line))
        elif under is not None and len(here) == 1:
            yield from _work(under, line, here[0], here[0].offset - offset, whole)
        elif under is not None and not here and (unlinked := read_work(line)) is not None:
            title, year = unlinked
            yield from _stated(under, f"{title} ({under.kind})", year, line, whole)
        offset += len(line) + 1


def _work(works: Works, line: str, link: Link, place: int, whole: bool) -> Iterator[Statement]:
    before = _BEFORE.match(line[:place])
    after = _AFTER.match(line[place + len(link.anchor) :])
    if before is None or after is None or bool(before["year"]) == bool(after["year"]):
        return
    year = before["year"] or after["year"]
    yield from _stated(works, link.target, year, line, whole)


def _stated(works: Works, work: str, year: str, line: str, whole: bool) -> Iterator[Statement]:
    yield Statement(work, works.relation, "entity", None, line, table=whole, subject_kind=works.kind)
    yield Statement(work, works.year, "date", year, line, table=whole, subject_kind=works.kind)
