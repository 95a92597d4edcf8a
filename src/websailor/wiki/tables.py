"""Wiki tables -> lines: the inside of `{| ... |}` enters, one line `cell | cell` per row leaves.

Links and templates inside have been reduced before, so that every `|` left belongs to the table. Cells that span rows
are repeated in each row they cover, and in a table of three or more columns every cell bears its column's heading
(`Film: Marty`): a row is then a statement that can be read alone, wherever it is quoted. In a table of two columns the
first says what the second is.
"""

import re

from websailor.wiki.marks import BREAK, CLOSE, OPEN, ROW, without_marks

_ROWSPAN = re.compile(r"rowspan\s*=\s*[\"']?\s*(\d{1,3})", re.IGNORECASE)
_CELL = re.compile(r"\|\||!!")
_BROKEN = re.compile(
    rf"(?<![a-z]{{3}}[.!?])(?<=[^\s{BREAK},;:(/–—-])\s*{BREAK}+\s*(?!{OPEN}*[a-z(\[,;)/–—-]|{CLOSE}|\s|$)"
)
"""A line break between two things that nothing else divides."""
_LONGEST_REPEATED = 80
_LONGEST_HEADING = 40
_HEADED = 3
"""Columns from which on cells bear their headings."""

Row = list[tuple[str, int]]
"""Cells with the number of rows that each one spans."""


def flatten_table(inside: str) -> str:
    """Rows of a table as marked lines; the empty string for a table without words."""
    rows: list[Row] = [[]]
    headings: set[int] = set()
    spans = "rowspan" in inside.lower()
    for line in inside.split("\n")[1:]:
        stripped = line.strip()
        first = stripped[:1]
        if stripped.startswith("|-"):
            rows.append([])
        elif stripped.startswith("|+"):
            rows.append([(_content(stripped[2:]), 1)])
            rows.append([])
        elif first in ("|", "!"):
            if first == "!" and not rows[-1]:
                headings.add(len(rows) - 1)
            elif first == "|":
                headings.discard(len(rows) - 1)
            separator = "!!" if first == "!" and "!!" in stripped else "||"
            for cell in _CELL.split(stripped[1:]) if separator == "!!" else stripped[1:].split("||"):
                span = _ROWSPAN.search(cell.partition("|")[0]) if spans else None
                rows[-1].append((_content(cell, first == "!"), int(span.group(1)) if span else 1))
        elif stripped and rows[-1]:
            text, span = rows[-1][-1]
            rows[-1][-1] = (f"{text} {stripped.removeprefix(ROW)}".strip(), span)
    lines = [" | ".join(cells) for cells in _headed(_spread(rows, headings)) if any(cells)]
    return "\n" + "".join(f"{ROW}{line}\n" for line in lines)


def _content(cell: str, is_heading: bool = False) -> str:
    """A cell without its attributes (everything before a single `|`); its lines, but for a heading's, are divided by
    commas.
    """
    attributes, bar, content = cell.partition("|")
    text = content if bar else attributes
    return (text if is_heading else _BROKEN.sub(", ", text)).replace(BREAK, " ").strip()


def _headed(rows: list[tuple[list[str], bool]]) -> list[list[str]]:
    """Cells with the headings of their columns, where a row has as many as the row of headings above it."""
    headings: list[str] = []
    told: list[list[str]] = []
    for cells, is_heading in rows:
        if is_heading and len(cells) >= _HEADED:
            headings = [" ".join(without_marks(cell).replace(":", " ").split()) for cell in cells]
            told.append(cells)
        elif len(cells) == len(headings):
            told.append([_under(heading, cell) for heading, cell in zip(headings, cells, strict=True)])
        else:
            told.append(cells)
    return told


def _under(heading: str, cell: str) -> str:
    return f"{heading}: {cell}" if cell and 0 < len(heading) <= _LONGEST_HEADING else cell


def _spread(rows: list[Row], headings: set[int]) -> list[tuple[list[str], bool]]:
    """Repeat cells that span several rows; says of each row whether it holds headings alone."""
    open_spans: dict[int, tuple[str, int]] = {}
    spread: list[tuple[list[str], bool]] = []
    for number, row in enumerate(rows):
        if not row:
            continue
        cells: list[str] = []
        waiting = iter(row)
        cell = next(waiting, None)
        while cell is not None or len(cells) in open_spans:
            column = len(cells)
            if column in open_spans:
                text, left = open_spans.pop(column)
                if left > 1:
                    open_spans[column] = (text, left - 1)
                cells.append(text)
                continue
            assert cell is not None
            text, span = cell
            if span > 1 and len(text) <= _LONGEST_REPEATED:
                open_spans[column] = (text, span - 1)
            cells.append(text)
            cell = next(waiting, None)
        spread.append((cells, number in headings))
    return spread


def read_row(line: str) -> list[tuple[str, str]]:
    """Heading and content of every cell of a row of three or more columns; empty for any other line."""
    cells = [cell.partition(": ") for cell in line.split(" | ")]
    if len(cells) < _HEADED or sum(bool(colon) for _, colon, _ in cells) < _HEADED - 1:
        return []
    return [(heading, content) if colon else ("", heading) for heading, colon, content in cells]
