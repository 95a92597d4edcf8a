"""Half-made text with marks -> the text of a page, and its links with the places where they stand in it."""

import re

from pydantic import TypeAdapter

from websailor.records import Link
from websailor.wiki.layout import lay_out
from websailor.wiki.marks import CLOSE, OPEN, mark_index, without_marks

_MARK = re.compile(f"({OPEN[:-1]}{CLOSE}])")
_ANCHOR = re.compile(f"({OPEN})([^{CLOSE}]*){CLOSE}")
_LINKS = TypeAdapter(tuple[Link, ...])


def place_links(
    half_made: str, targets: list[str], infobox_links: list[tuple[int, str]]
) -> tuple[str, tuple[Link, ...]]:
    """Lay marked text out and count where its links stand; those of the infobox (number, anchor) come after them."""
    text, spans = _count_offsets(lay_out(half_made))
    links = [{"anchor": text[start:end], "target": targets[index], "offset": start} for index, start, end in spans]
    seen = {link["target"] for link in links} if infobox_links else set()
    for index, anchor in infobox_links:
        if (target := targets[index]) not in seen:
            seen.add(target)
            links.append({"anchor": anchor, "target": target, "offset": -1})
    return text, _LINKS.validate_python(links)


def marked_links(text: str) -> list[tuple[int, str]]:
    """Number and words of every link in marked text."""
    return [
        (mark_index(match.group(1)), without_marks(match.group(2)).replace("''", "").strip(" '"))
        for match in _ANCHOR.finditer(text)
    ]


def _count_offsets(text: str) -> tuple[str, list[tuple[int, int, int]]]:
    """Take the link marks out: the text, and (link index, start, end) of every anchor in it."""
    spans: list[tuple[int, int, int]] = []
    pieces = _MARK.split(text)
    length = len(pieces[0])
    opened: tuple[int, int] | None = None
    for at in range(1, len(pieces), 2):
        mark = pieces[at]
        if mark != CLOSE:
            opened = (mark_index(mark), length)
        elif opened is not None:
            if length > opened[1]:
                spans.append((*opened, length))
            opened = None
        length += len(pieces[at + 1])
    return "".join(pieces[::2]), spans
