"""Wiki tables -> lines: the inside of `{| ... |}` enters, one line `cell | cell` per row leaves.

Links and templates inside have been reduced before, so that every `|` left belongs to the table. Cells that span rows
are repeated in each row they cover: a row is then a statement that can be read alone.
"""

import re

from websailor.wiki.marks import BREAK, ROW

_ROWSPAN = re.compile(r"rowspan\s*=\s*[\"']?\s*(\d{1,3})", re.IGNORECASE)
_CELL = re.compile(r"\|\||!!")
_LONGEST_REPEATED = 80


def flatten_table(inside: str) -> str:
    """Rows of a table as marked lines; the empty string for a table without words."""
    rows: list[list[tuple[str, int]]] = [[]]
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
            separator = "!!" if first == "!" and "!!" in stripped else "||"
            for cell in _CELL.split(stripped[1:]) if separator == "!!" else stripped[1:].split("||"):
                span = _ROWSPAN.search(cell.partition("|")[0]) if spans else None
                rows[-1].append((_content(cell), int(span.group(1)) if span else 1))
        elif stripped and rows[-1]:
            text, span = rows[-1][-1]
            rows[-1][-1] = (f"{text} {stripped.removeprefix(ROW)}".strip(), span)
    lines = [" | ".join(cells) for cells in _spread(rows) if any(cells)]
    return "\n" + "".join(f"{ROW}{line}\n" for line in lines)


def _content(cell: str) -> str:
    """A cell without its attributes (everything before a single `|`)."""
    attributes, bar, content = cell.partition("|")
    return (content if bar else attributes).replace(BREAK, " ").strip()


def _spread(rows: list[list[tuple[str, int]]]) -> list[list[str]]:
    """Repeat cells that span several rows."""
    open_spans: dict[int, tuple[str, int]] = {}
    spread: list[list[str]] = []
    for row in rows:
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
        spread.append(cells)
    return spread
