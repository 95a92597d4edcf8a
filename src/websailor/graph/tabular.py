"""Facts in the tables of a real encyclopedia: rows under a header whose columns have a known meaning.

Enters: a page and its type. Leaves: `Statement`s. Which column is the subject, and what the others state of it, stands
in `prose.toml`; a table without such a header states nothing. Columns such as "From" and "To" give the tenure. A line
of one cell, a heading within the table, passes; a blank line ends the table.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from websailor.graph.prose import tables
from websailor.graph.senses import WikipediaSense
from websailor.graph.statements import LONGEST_QUOTE, Statement
from websailor.records import Link, Page
from websailor.wiki.spans import Span, read_span
from websailor.wiki.titles import plain_name

_ASIDE = re.compile(r"\(s\)|\([^()]*\)|\[[^\[\]]*\]|[*†‡#]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
_OF_YEAR = re.compile(r"(\d{4})(?:/(\d{2}))?(?![\d/–-])")
_STILL = re.compile(r"\b(?:present|incumbent|current)\b", re.IGNORECASE)
_NAME = re.compile(r"[A-ZÀ-Ý][\w.'’-]+(?: (?:de|del|der|di|du|la|van|von))*(?: [A-ZÀ-Ý][\w.'’-]*)+")
"""A name of at least two words."""
_CELL = " | "
_SAME_START = 3
"""Letters that the short and the long form of a first name share: "Les", "Leslie"."""
_SENSE = WikipediaSense()


class Cell(NamedTuple):
    """A cell with its links; `rest` is its text without them and without remarks."""

    text: str
    links: tuple[Link, ...]
    rest: str


@dataclass(frozen=True, slots=True)
class Header:
    """What the columns of a table mean."""

    headings: tuple[str, ...]
    """As they stand above the columns, and before the cells of every row."""
    key: int | None
    """Column of the subject; None: the page's entity."""
    kind: str | None
    columns: Mapping[int, str]
    """Column -> relation."""
    years: Mapping[int, str]
    """Column that begins with a year -> relation."""
    names: Mapping[str, str]
    """Name -> link target, where the columns list names of which not each one is linked; else empty."""
    start: int | None
    end: int | None
    span: int | None


def table_statements(page: Page, kind: str) -> Iterator[Statement]:
    """What the tables of a page state; `kind` is the type of its entity."""
    links = sorted((link for link in page.links if link.offset >= 0), key=lambda link: link.offset)
    header, begun = None, False
    for offset, row in _lines(page.text):
        if not row.strip():
            header, begun = None, False
        elif _CELL in row and not begun:
            header, begun = _header(row.split(_CELL), kind, page), True
        elif header is not None and len(row) <= LONGEST_QUOTE and row.count(_CELL) == len(header.headings) - 1:
            yield from _row(header, _cells(row, offset, links, header.headings), row)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    offset = 0
    for line in text.split("\n"):
        yield offset, line
        offset += len(line) + 1


def _header(names: list[str], kind: str, page: Page) -> Header | None:
    headings = tuple(" ".join(name.replace(":", " ").split()) for name in names)
    known = [_column(name) for name in names]
    dating = _dating()
    start, end, span = (
        next((place for place, name in enumerate(known) if name in dating[what]), None)
        for what in ("start", "end", "span")
    )
    for rule in tables()["table"]:
        if re.search(rule.get("pages", ""), page.title) is None:
            continue
        key = next((place for name in rule["key"] for place, one in enumerate(known) if one == name), None)
        columns = {place: rule["columns"][name] for place, name in enumerate(known) if name in rule["columns"]}
        if key is not None and columns and key not in columns:
            years = {place: rule["years"][name] for place, name in enumerate(known) if name in rule.get("years", {})}
            listed = _names(page) if rule.get("lists", False) else {}
            return Header(headings, key, rule["kind"], columns, years, listed, start, end, span)
    for rule in tables()["holders"]:
        columns = {place: rule["columns"][name] for place, name in enumerate(known) if name in rule["columns"]}
        dated = span is not None or (start is not None and end is not None)
        if len(columns) == 1 and dated and kind in rule["kinds"]:
            return Header(headings, None, None, columns, {}, {}, start, end, span)
    return None


def _names(page: Page) -> dict[str, str]:
    """What the names that a page links mean.

    Links of one name lead to one thing, and so do those of a name with and without its middle ("Joseph C. Wright",
    "Joseph Wright (art director)"): it goes by the title that is linked most.
    """
    often = Counter(link.target for link in page.links)
    by_name: dict[str, set[str]] = {}
    alike: dict[tuple[str, str], list[str]] = {}
    for link in page.links:
        by_name.setdefault(link.anchor, set()).add(link.target)
    for target in sorted(often, key=lambda one: (-often[one], one)):
        words = _name_words(target)
        alike.setdefault((words[0][:_SAME_START], words[-1]) if len(words) > 1 else ("", target), []).append(target)
    same: dict[str, str] = {}
    for group in alike.values():
        for number, target in enumerate(group):
            kept = (one for one in group[:number] if same[one] == one and _same_middle(one, target))
            same[target] = next(kept, target)
    return {name: same[max(ones, key=lambda one: (often[one], one))] for name, ones in by_name.items()}


def _name_words(title: str) -> list[str]:
    return plain_name(title).replace(",", "").lower().split() or [title]


def _same_middle(one: str, other: str) -> bool:
    """True where two names that begin and end alike do not contradict each other between."""
    first, second = ([word[0] for word in _name_words(title)[1:-1]] for title in (one, other))
    return not first or not second or first == second


def _column(name: str) -> str:
    """`Art director(s)` -> `art director`."""
    plain = " ".join(_ASIDE.sub(" ", name).lower().split())
    return plain[:-1] if plain.endswith("s") and not plain.endswith(("ss", "us", "years")) else plain


@cache
def _dating() -> dict[str, frozenset[str]]:
    rules: list[dict[str, Any]] = tables()["holders"]
    return {what: frozenset(name for rule in rules for name in rule[what]) for what in ("start", "end", "span")}


def _cells(row: str, offset: int, links: list[Link], headings: Sequence[str]) -> list[Cell]:
    cells: list[Cell] = []
    for heading, whole in zip(headings, row.split(_CELL), strict=True):
        text = whole.removeprefix(f"{heading}: ") if heading else whole
        offset += len(whole) - len(text)
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
    for place, relation in header.years.items():
        if (found := _OF_YEAR.match(cells[place].text)) is not None:
            # "1929/30" is a season: it is of both years.
            for year in [found[1]] + ([found[1][:2] + found[2]] if found[2] else []):
                yield Statement(subject, relation, "date", year, quote, table=True, subject_kind=header.kind)
    for place, relation in header.columns.items():
        cell = cells[place]
        if header.names:
            for name, target in _listed(cell, header.names):
                yield Statement(
                    subject, relation, "entity", target, quote, table=True, subject_kind=header.kind, called=name
                )
            continue
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


def _listed(cell: Cell, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Everything that a cell names: name and link target, or the name again where no link on the page has it."""
    parts = [part.strip() for part in re.split(r" and |, | / ", cell.rest)]
    called = (part for part in parts if part in names or _NAME.fullmatch(part))
    for name in dict.fromkeys((*(link.anchor for link in cell.links), *called)):
        yield name, names.get(name, name)


def _tenure(header: Header, cells: list[Cell]) -> Span | None:
    if header.span is not None:
        return read_span(cells[header.span].text)
    if header.start is None or header.end is None:
        return None
    start, end = (_YEAR.search(cells[place].text) for place in (header.start, header.end))
    if start is None or not (end or not cells[header.end].text.strip() or _STILL.search(cells[header.end].text)):
        return None
    return read_span(f"{start[0]}–{end[0] if end else ''}")
