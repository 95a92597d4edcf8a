"""Wikitext -> plain text with links, in one pass over the characters.

Wikitext enters; text without markup leaves, with every link's anchor and offset, the categories, the names of the
templates used, and the source of the infobox. Linear in the length of the page: nesting is bounded, nothing is scanned
twice, and any input whatever gives a result (a page that a browser shows is a page, however broken its markup).

While the text is being put together, links and breaks are single private-use characters in it, so that every later
clean-up may move them and offsets are counted once, at the end.
"""

import html
import re
from dataclasses import dataclass, field

from websailor.records import Link
from websailor.wiki.layout import lay_out
from websailor.wiki.marks import BREAK, CLOSE, MOST_LINKS, OPEN, is_open, mark_index, mark_of, without_marks
from websailor.wiki.names import name_set
from websailor.wiki.tables import flatten_table
from websailor.wiki.templates import Arguments, expand
from websailor.wiki.titles import CATEGORY_NAMESPACE, FILE_NAMESPACES, Site

MAXIMUM_DEPTH = 40
"""MediaWiki's own limit; deeper constructs are left as text."""

_TOKEN = re.compile(
    r"<!--|\{\{|\}\}|\[\[|\]\]|^[ \t:]*\{\||^[ \t]*\|\}(?!\})|\||</?[a-zA-Z][^<>]*>",
    re.MULTILINE,
)
_TAG_NAME = re.compile(r"</?([a-zA-Z0-9]+)")
_TRAIL = re.compile(r"[a-zà-öø-ÿ]+")
_EXPANDED_LINK = re.compile(r"\[\[([^\[\]|{}\n]+)(?:\|([^\[\]{}\n]*))?\]\]")
_RESERVED = re.compile("[\ue000-\ue00f\U000f0000-\U0010ffff]")
_BAD_TITLE = re.compile("[\\[\\]{}<>|\n\ue000-\ue00f\U000f0000-\U0010ffff]")
_LANGUAGE_CODES = name_set("page", "languages")
_OTHER_WIKIS = name_set("page", "other_wikis")
_DROPPED_TAGS = name_set("tags", "dropped")
_VERBATIM_TAGS = name_set("tags", "verbatim")
_LINE_TAGS = name_set("tags", "line")
_INFOBOXES = name_set("page", "infoboxes")


@dataclass(frozen=True, slots=True)
class Markup:
    """What a page's wikitext holds."""

    text: str
    links: tuple[Link, ...]
    categories: tuple[str, ...]
    templates: frozenset[str]
    """Lower-case names of all templates used."""
    infobox: str | None
    """Wikitext of the first infobox template, `{{Infobox ...}}`."""


def scan(source: str, site: Site, title: str = "") -> Markup:
    """Read a whole page. `title` is what `{{PAGENAME}}` stands for. Never raises, whatever `source` holds."""
    scanner = _Scanner(_RESERVED.sub("", source), site, title)
    text, spans = _count_offsets(lay_out(html.unescape(scanner.read())))
    links = [Link(anchor=text[start:end], target=scanner.targets[index], offset=start) for index, start, end in spans]
    seen = {link.target for link in links}
    for index, anchor in scanner.infobox_links:
        if (target := scanner.targets[index]) not in seen:
            seen.add(target)
            links.append(Link(anchor=anchor, target=target, offset=-1))
    return Markup(
        text=text,
        links=tuple(links),
        categories=tuple(dict.fromkeys(scanner.categories)),
        templates=frozenset(scanner.templates),
        infobox=scanner.infobox,
    )


def scan_value(source: str, site: Site, title: str = "") -> tuple[str, dict[str, str]]:
    """Read the value of an infobox field: marked text (see `marks`) and link mark -> target.

    Line breaks, list items and `<br>` stay in it as separators; the caller splits and types the values.
    """
    scanner = _Scanner(_RESERVED.sub("", source), site, title)
    text = html.unescape(scanner.read())
    return text, {mark_of(index): target for index, target in enumerate(scanner.targets)}


@dataclass(slots=True)
class _Frame:
    """An open `{{`, `[[` or `{|`; the bottom frame is the page."""

    kind: str
    start: int
    opener: str
    parts: list[list[str]] = field(default_factory=lambda: [[]])

    def literal(self) -> str:
        """What an unclosed construct reads as."""
        return self.opener + "|".join("".join(part) for part in self.parts)


class _Scanner:
    def __init__(self, source: str, site: Site, title: str) -> None:
        self.source = source
        self.site = site
        self.title = title
        self.targets: list[str] = []
        self.categories: list[str] = []
        self.templates: set[str] = set()
        self.infobox: str | None = None
        self.infobox_links: list[tuple[int, str]] = []
        self._stack = [_Frame("", 0, "")]
        self._unclosed_tags: set[str] = set()

    def read(self) -> str:
        source, stack = self.source, self._stack
        position = 0
        while match := _TOKEN.search(source, position):
            token = match.group()
            if match.start() > position:
                stack[-1].parts[-1].append(source[position : match.start()])
            position = self._token(token, match.start(), match.end())
        stack[-1].parts[-1].append(source[position:])
        self._collapse(0)
        return "".join(stack[0].parts[0])

    def _token(self, token: str, start: int, end: int) -> int:
        """Handle one token; returns where scanning goes on."""
        stack = self._stack
        top = stack[-1]
        if token == "|":
            if top.kind in ("{{", "[["):
                top.parts.append([])
            else:
                top.parts[-1].append("|")
        elif token in ("{{", "[["):
            if len(stack) <= MAXIMUM_DEPTH:
                stack.append(_Frame(token, start, token))
            else:
                top.parts[-1].append(token)
        elif token == "]]":
            return self._close_link(end)
        elif token == "}}":
            self._close_template(end)
        elif token == "<!--":
            closed = self.source.find("-->", end)
            return closed + 3 if closed >= 0 else len(self.source)
        elif token.startswith("<"):
            return self._tag(token, end)
        elif token.endswith("{|"):
            if len(stack) <= MAXIMUM_DEPTH:
                stack.append(_Frame("{|", start, token))
            else:
                top.parts[-1].append(token)
        else:
            self._close_table(token)
        return end

    def _collapse(self, height: int) -> None:
        """Turn all frames above `height` into text of the frame there: they were never closed."""
        while len(self._stack) > height + 1:
            frame = self._stack.pop()
            # An unclosed table still reads best as a table: many pages leave the last `|}` out.
            text = flatten_table(frame.literal()[len(frame.opener) :]) if frame.kind == "{|" else frame.literal()
            self._stack[-1].parts[-1].append(text)

    def _nearest(self, kind: str, barriers: tuple[str, ...]) -> int:
        """Height of the nearest open frame of that kind, 0 if there is none before a barrier."""
        for height in range(len(self._stack) - 1, 0, -1):
            if self._stack[height].kind == kind:
                return height
            if self._stack[height].kind in barriers:
                return 0
        return 0

    def _close_link(self, end: int) -> int:
        if self._stack[-1].kind != "[[":
            self._stack[-1].parts[-1].append("]]")
            return end
        frame = self._stack.pop()
        trail = _TRAIL.match(self.source, end)
        parts = ["".join(part) for part in frame.parts]
        self._stack[-1].parts[-1].append(self._link(parts, trail.group() if trail else ""))
        return trail.end() if trail else end

    def _close_template(self, end: int) -> None:
        height = self._nearest("{{", ())
        if not height:
            self._stack[-1].parts[-1].append("}}")
            return
        self._collapse(height)
        frame = self._stack.pop()
        text = self._template(frame, end, top_level=all(below.kind != "{{" for below in self._stack))
        self._stack[-1].parts[-1].append(text)

    def _close_table(self, token: str) -> None:
        height = self._nearest("{|", ("{{",))
        if not height:
            self._stack[-1].parts[-1].append(token)
            return
        self._collapse(height)
        frame = self._stack.pop()
        self._stack[-1].parts[-1].append(flatten_table("".join(frame.parts[0])))

    def _tag(self, token: str, end: int) -> int:
        match = _TAG_NAME.match(token)
        name = match.group(1).lower() if match else ""
        part = self._stack[-1].parts[-1]
        if name in _DROPPED_TAGS or name in _VERBATIM_TAGS:
            if token.startswith("</") or token.endswith("/>") or name in self._unclosed_tags:
                return end
            closing = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(self.source, end)
            if closing is None:
                self._unclosed_tags.add(name)
                return end
            if name in _VERBATIM_TAGS:
                part.append(self.source[end : closing.start()].replace("\n", " "))
            return closing.end()
        if name == "br":
            part.append(BREAK)
        elif name in ("sup", "sub") and not token.startswith("</"):
            before = part[-1][-1:] if part else ""
            part.append("^" if name == "sup" and before.isdigit() else "")
        elif name in ("td", "th") and not token.startswith("</"):
            part.append(" | ")
        elif name in _LINE_TAGS:
            part.append("\n")
        return end

    def _link(self, parts: list[str], trail: str) -> str:
        """A closed `[[...]]`: its words, marked when they lead to a page of this wiki."""
        target, shown = parts[0].strip(), "|".join(parts[1:]) if len(parts) > 1 else None
        forced = target.startswith(":")
        target = target.lstrip(":").strip()
        prefix = target.partition(":")[0].strip().lower() if ":" in target else ""
        namespace = self.site.namespace(target) if prefix else 0
        if not forced and prefix:
            if namespace in FILE_NAMESPACES or prefix in _LANGUAGE_CODES:
                return ""
            if namespace == CATEGORY_NAMESPACE:
                if name := self.site.normalise(target.partition(":")[2]):
                    self.categories.append(without_marks(name))
                return ""
        outside = namespace != 0 or prefix in _LANGUAGE_CODES or prefix in _OTHER_WIKIS
        if shown is None:
            anchor = target.partition(":")[2] if prefix in _OTHER_WIKIS else target
        elif shown.strip():
            anchor = shown.strip()
        else:
            # The pipe trick: `[[Anthem (novella)|]]` reads "Anthem".
            anchor = re.sub(r"\s*\([^()]*\)$|,.*$", "", target.partition(":")[2] if prefix else target)
        anchor = " ".join(anchor.split("\n")) + trail
        title = self.site.normalise(html.unescape(target))
        if outside or not title or _BAD_TITLE.search(title) or not anchor.strip() or any(map(is_open, anchor)):
            return anchor
        return self._marked(title, anchor)

    def _marked(self, title: str, anchor: str) -> str:
        if len(self.targets) >= MOST_LINKS:
            return anchor
        self.targets.append(title)
        return mark_of(len(self.targets) - 1) + anchor + CLOSE

    def _template(self, frame: _Frame, end: int, top_level: bool) -> str:
        name = without_marks("".join(frame.parts[0])).replace("_", " ").strip().lower()
        self.templates.add(name)
        if top_level and is_infobox(name):
            if self.infobox is None:
                self.infobox = self.source[frame.start : end]
            for part in frame.parts[1:]:
                text = "".join(part)
                for match in re.finditer(f"({OPEN})([^{CLOSE}]*){CLOSE}", text):
                    anchor = without_marks(match.group(2)).replace("''", "").strip(" '")
                    self.infobox_links.append((mark_index(match.group(1)), anchor))
            return ""
        text = expand(name, Arguments(frame.parts[1:]), self.title)
        if "[[" in text:
            text = _EXPANDED_LINK.sub(
                lambda link: self._link([part for part in link.groups() if part is not None], ""), text
            )
        return text


def is_infobox(name: str) -> bool:
    """True for the (lower-case) name of an infobox template."""
    return (
        name.startswith(("infobox ", "infobox_"))
        or name == "infobox"
        or name.endswith(" infobox")
        or name in _INFOBOXES
    )


def _count_offsets(text: str) -> tuple[str, list[tuple[int, int, int]]]:
    """Take the link marks out: the text, and (link index, start, end) of every anchor in it."""
    pieces: list[str] = []
    spans: list[tuple[int, int, int]] = []
    length = position = 0
    opened: tuple[int, int] | None = None
    for match in re.finditer(f"{OPEN}|{CLOSE}", text):
        piece = text[position : match.start()]
        pieces.append(piece)
        length += len(piece)
        position = match.end()
        if match.group() != CLOSE:
            opened = (mark_index(match.group()), length)
        elif opened is not None:
            if length > opened[1]:
                spans.append((*opened, length))
            opened = None
    pieces.append(text[position:])
    return "".join(pieces), spans
