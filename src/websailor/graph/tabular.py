"""Facts in the tables of a real encyclopedia: rows under a header whose columns have a known meaning.

Enters: a page and its type. Leaves: `Statement`s. Which column is the subject, and what the others state of it, stands
in
`prose.toml`; a table without such a header states nothing. Columns such as "From" and "To" give the tenure.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

from websailor.graph.prose import tables
from websailor.graph.senses import WikipediaSense
from websailor.graph.statements import LONGEST_QUOTE, Statement
from websailor.records import Link, Page
from websailor.wiki.spans import Span, read_span

_ASIDE = re.compile(r"\(s\)|\([^()]*\)|\[[^\[\]]*\]|[*†‡#]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_STILL = re.compile(r"\b(?:present|incumbent|current)\b", re.IGNORECASE)
_CELL = " | "
_SENSE = WikipediaSense()


class Cell(NamedTuple):
    """A cell with its links; `rest` is its text without them and without remarks."""

    text: str
    links: tuple[Link, ...]
    rest: str


@dataclass(frozen=True, slots=True)
class Header:
    """What the columns of a table mean."""

    width: int
    key: int | None
    """Column of the subject; None: the page's entity."""
    kind: str | None
    columns: Mapping[int, str]
    """Column -> relation."""
    start: int | None
    end: int | None
    span: int | None


def table_statements(page: Page, kind: str) -> Iterator[Statement]:
    """What the tables of a page state; `kind` is the type of its entity."""
    links = sorted((link for link in page.links if link.offset >= 0), key=lambda link: link.offset)
    for is_table, group in groupby(_lines(page.text), key=lambda line: _CELL in line[1]):
        if not is_table:
            continue
        (_, top), *rows = group
        header = _header(top.split(_CELL), kind)
        if header is None:
            continue
        for offset, row in rows:
            if len(row) <= LONGEST_QUOTE and row.count(_CELL) == header.width - 1:
                yield from _row(header, _cells(row, offset, links), row)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    offset = 0
    for line in text.split("\n"):
        yield offset, line
        offset += len(line) + 1


def _header(names: list[str], kind: str) -> Header | None:
    known = [_column(name) for name in names]
    dating = _dating()
    start, end, span = (
        next((place for place, name in enumerate(known) if name in dating[what]), None)
        for what in ("start", "end", "span")
    )
    for rule in tables()["table"]:
        key = next((place for name in rule["key"] for place, one in enumerate(known) if one == name), None)
        columns = {place: rule["columns"][name] for place, name in enumerate(known) if name in rule["columns"]}
        if key is not None and columns and key not in columns:
            return Header(len(names), key, rule["kind"], columns, start, end, span)
    for rule in tables()["holders"]:
        columns = {place: rule["columns"][name] for place, name in enumerate(known) if name in rule["columns"]}
        dated = span is not None or (start is not None and end is not None)
        if len(columns) == 1 and dated and kind in rule["kinds"]:
            return Header(len(names), None, None, columns, start, end, span)
    return None


def _column(name: str) -> str:
    """`Art director(s)` -> `art director`."""
    plain = " ".join(_ASIDE.sub(" ", name).lower().split())
    return plain[:-1] if plain.endswith("s") and not plain.endswith(("ss", "us", "years")) else plain


@cache
def _dating() -> dict[str, frozenset[str]]:
    rules: list[dict[str, Any]] = tables()["holders"]
    return {what: frozenset(name for rule in rules for name in rule[what]) for what in ("start", "end", "span")}


def _cells(row: str, offset: int, links: list[Link]) -> list[Cell]:
    cells: list[Cell] = []
    for text in row.split(_CELL):
        here = tuple(link for link in links if offset <= link.offset < offset + len(text))
        rest = text
        for link in here:
            rest = rest.replace(link.anchor, " ", 1)
        cells.append(Cell(text, here, _ASIDE.sub(" ", rest)))
        offset += len(text) + len(_CELL)
    return cells


def _row(header: Header, cells: list[Cell], quote: str) -> Iterator[Statement]:
    subject = None
    if header.key is not None:
        key = cells[header.key]
        if len(key.links) != 1 or _WORD.search(key.rest):
            return
        subject = key.links[0].target
    span = _tenure(header, cells)
    if header.key is None and span is None:
        return
    for place, relation in header.columns.items():
        cell = cells[place]
        # "Dan Hennah and Alan Lee" has a word of its own, "on Pickwick Lake" is no plain value.
        if [word for word in _WORD.findall(cell.rest) if word not in ("and", "with")]:
            continue
        links = cell.links
        if len(links) > 1 and _SENSE.functional(relation, header.kind or ""):
            # "San Diego, CA" is one place; two names without a comma are two.
            alone = cell.text.startswith(links[0].anchor + ", ")
            links = links[:1] if alone else ()
        for link in links:
            yield Statement(
                subject,
                relation,
                "entity",
                link.target,
                quote,
                table=True,
                start=span.start if span else None,
                end=span.end if span else None,
                subject_kind=header.kind,
            )


def _tenure(header: Header, cells: list[Cell]) -> Span | None:
    if header.span is not None:
        return read_span(cells[header.span].text)
    if header.start is None or header.end is None:
        return None
    start, end = (_YEAR.search(cells[place].text) for place in (header.start, header.end))
    if start is None or not (end or not cells[header.end].text.strip() or _STILL.search(cells[header.end].text)):
        return None
    return read_span(f"{start[0]}–{end[0] if end else ''}")
