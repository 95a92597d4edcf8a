"""An article in HTML (as ZIM files hold them) -> what the scanner finds in wikitext: text, links, infobox.

The elements are walked once and turned into the same half-made text with marks that wikitext becomes, so that layout,
offsets, tables and typed infobox values are those of every other page.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree, html  # pyright: ignore[reportAttributeAccessIssue] -- built from Cython, without stubs

from websailor.wiki.marks import BREAK, CLOSE, HOLE, ITEM, MOST_LINKS, ROW, mark_of, without_reserved
from websailor.wiki.names import name_set
from websailor.wiki.placing import marked_links, place_links
from websailor.wiki.scanner import Box, Markup

_DROPPED = name_set("html", "dropped")
_DROPPED_CLASSES = name_set("html", "dropped_classes")
_PLAIN_CLASSES = name_set("html", "plain_box_classes")
_BLOCKS = name_set("tags", "line") | {"section", "article", "main", "figure", "header", "footer", "details", "summary"}
_HEADING = re.compile(r"h([1-6])$")

Titles = Callable[[str], str | None]
"""The title of the page to which an `href` of this page leads; None for one that leads elsewhere."""


def scan_html(source: str, titles: Titles) -> Markup:
    """Read an article. Never raises, whatever `source` holds."""
    reader = _Reader(titles)
    try:
        root = html.document_fromstring(without_reserved(source).replace("\x00", ""))
    except (etree.ParserError, ValueError):
        # Nothing but white space, or a declaration of an encoding that is not there.
        return Markup("", (), (), frozenset(), None, {})
    body = root.find("body")
    half_made = reader.read(root if body is None else body)
    text, links = place_links(half_made, reader.targets, reader.infobox_links)
    marks = {mark_of(index): target for index, target in enumerate(reader.targets)} if reader.infobox else {}
    return Markup(text, links, (), frozenset(), reader.infobox, marks)


class _Reader:
    def __init__(self, titles: Titles) -> None:
        self._titles = titles
        self.targets: list[str] = []
        self.infobox: Box | None = None
        self.infobox_links: list[tuple[int, str]] = []

    def read(self, root: Any) -> str:
        """The half-made text of an element."""
        parts: list[str] = []
        walker = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
        for event, element in walker:
            if event == "start":
                if element is not root and self._skipped(element):
                    walker.skip_subtree()
                else:
                    opening = "" if element is root else self._opening(element, parts)
                    parts.append(opening + _words(element.text))
            elif event == "end":
                # The end of a skipped element comes too.
                if element is not root and not self._skipped(element):
                    parts.append(self._closing(element))
                elif element is not root:
                    parts.append(self._instead(element))
                if element is not root:
                    parts.append(_words(element.tail))
            elif element is not root:
                parts.append(_words(element.tail))
        return "".join(parts)

    def _skipped(self, element: Any) -> bool:
        classes = _classes(element)
        return element.tag in _DROPPED or bool(_DROPPED_CLASSES & classes) or "infobox" in classes

    def _instead(self, element: Any) -> str:
        """What stands for an element that is not walked."""
        if "infobox" in _classes(element):
            self._read_box(element)
            return "\n"
        if element.tag == "math":
            return f" {element.get('alttext') or ''} "
        return HOLE if element.tag == "sup" else ""

    def _opening(self, element: Any, before: list[str]) -> str:
        tag = element.tag
        if tag == "br":
            return BREAK
        if tag == "a" and (target := self._target(element)) is not None:
            self.targets.append(target)
            return mark_of(len(self.targets) - 1)
        if heading := _HEADING.match(tag):
            return "\n\n" + "=" * int(heading[1]) + " "
        if tag == "li":
            if not _in_cell(element):
                return "\n* "
            return "" if element.getprevious() is None else ITEM
        if tag == "tr":
            return f"\n{ROW}"
        if tag in ("td", "th"):
            return "" if element.getprevious() is None else " | "
        if tag == "p":
            return " " if _in_cell(element) else "\n\n"
        if tag == "sup":
            return "^" if before and before[-1][-1:].isdigit() else ""
        return "\n" if tag in _BLOCKS and not _in_cell(element) else ""

    def _closing(self, element: Any) -> str:
        tag = element.tag
        if tag == "a" and element.get("href") and self._target(element) is not None:
            return CLOSE
        if heading := _HEADING.match(tag):
            return " " + "=" * int(heading[1]) + "\n\n"
        return "\n" if tag in _BLOCKS and tag not in ("li", "tr") and not _in_cell(element) else ""

    def _target(self, element: Any) -> str | None:
        href = element.get("href")
        if not href or href.startswith("#") or len(self.targets) >= MOST_LINKS:
            return None
        return self._titles(href) if "".join(element.itertext()).strip() else None

    def _read_box(self, table: Any) -> None:
        if self.infobox is not None:
            return
        fields = [(_line(header), self._value(cell)) for header, cell in _rows(table)]
        kinds = [name for name in (table.get("class") or "").split() if name not in _PLAIN_CLASSES]
        self.infobox = Box(f"infobox {kinds[0].replace('-', ' ')}" if kinds else "infobox", tuple(fields))

    def _value(self, cell: Any) -> str:
        text = self.read(cell)
        self.infobox_links += marked_links(text)
        return text


def _rows(table: Any) -> Iterator[tuple[Any, Any]]:
    """Header and cell of every row that has one of each."""
    for row in table.iter("tr"):
        headers, cells = row.findall("th"), row.findall("td")
        if len(headers) == 1 and len(cells) == 1:
            yield headers[0], cells[0]


def _in_cell(element: Any) -> bool:
    """Blocks in a cell do not end its row."""
    return any(True for _ in element.iterancestors("td", "th"))


def _classes(element: Any) -> frozenset[str]:
    return frozenset((element.get("class") or "").split())


def _words(text: str | None) -> str:
    """Text of an element; its line breaks mean nothing."""
    return re.sub(r"\s*\n\s*", " ", text) if text else ""


def _line(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())
