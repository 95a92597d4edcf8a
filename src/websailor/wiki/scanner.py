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
from websailor.wiki.marks import BREAK, CLOSE, HOLE, MOST_LINKS, OPEN, mark_index, mark_of, without_marks
from websailor.wiki.names import name_set
from websailor.wiki.tables import flatten_table
from websailor.wiki.templates import Arguments, expand, is_text
from websailor.wiki.titles import CATEGORY_NAMESPACE, FILE_NAMESPACES, Site

MAXIMUM_DEPTH = 40
"""MediaWiki's own limit; deeper constructs are left as text."""

# Links and templates with nothing inside are most of the markup: they are one token each. Group 3 (the letters glued to
# a link) tells a link, groups 4 and 5 tell a template, the other tokens have no groups. Every alternative starts with a
# literal: that lets the pattern skip plain text fast, so where a table starts is looked up afterwards.
_SIMPLE = (
    r"\[\[([^\[\]{}|<>\n:#&_]+)(?:\|([^\[\]{}|<>\n]*))?\]\]([a-zà-öø-ÿ]*)"
    r"|\{\{([^{}\[\]|<>]+)(\|[^{}\[\]<>]*)?\}\}"
)
_OTHER = r"<!--|\{\{|\}\}|\[\[|\]\]|\{\||\|\}(?!\})|</?[a-zA-Z][^<>]*>"
_TEXT_TOKEN = re.compile(f"{_SIMPLE}|{_OTHER}")
_ARGUMENT_TOKEN = re.compile(rf"{_SIMPLE}|{_OTHER}|\|")
_LONGEST_INDENT = 20
_TAG_NAME = re.compile(r"</?([a-zA-Z0-9]+)")
_TRAIL = re.compile(r"[a-zà-öø-ÿ]+")
_OPEN = re.compile(OPEN)
_MARK = re.compile(f"({OPEN[:-1]}{CLOSE}])")
_EXPANDED_LINK = re.compile(r"\[\[([^\[\]|{}\n]+)(?:\|([^\[\]{}\n]*))?\]\]")
_RESERVED = re.compile("[\ue000-\ue00f\U000f0000-\U0010ffff]")
_BAD_TITLE = re.compile("[\\[\\]{}<>|\n\ue000-\ue00f\U000f0000-\U0010ffff]")
_LANGUAGE_CODES = name_set("page", "languages")
_OTHER_WIKIS = name_set("page", "other_wikis")
_DROPPED_TAGS = name_set("tags", "dropped")
_VERBATIM_TAGS = name_set("tags", "verbatim")
_LINE_TAGS = name_set("tags", "line")
_CLOSERS = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in _DROPPED_TAGS | _VERBATIM_TAGS}
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
    scanner = _Scanner(source, site, title)
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
    scanner = _Scanner(source, site, title)
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
        self.source = source if source.isascii() else _RESERVED.sub("", source)
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
        while True:
            position, done = self._read_in_frame(stack[-1], position)
            if done:
                break
        stack[-1].parts[-1].append(source[position:])
        self._collapse(0)
        return "".join(stack[0].parts[0])

    def _read_in_frame(self, frame: _Frame, position: int) -> tuple[int, bool]:
        """Read on until another frame is on top, or to the last token; returns the position and whether that was it."""
        source, stack, add = self.source, self._stack, frame.parts[-1].append
        tokens = _ARGUMENT_TOKEN if frame.kind in ("{{", "[[") else _TEXT_TOKEN
        for match in tokens.finditer(source, position):
            start, end = match.span()
            if start > position:
                add(source[position:start])
            kind = match.lastindex
            if kind == 3:
                add(self._simple_link(*match.group(1, 2, 3)))
            elif kind is not None:
                add(self._simple_template(match, start, end))
            else:
                token = match.group()
                if token == "|":
                    frame.parts.append([])
                    add = frame.parts[-1].append
                else:
                    end_of_token, end = end, self._token(token, start, end)
                    if end != end_of_token or stack[-1] is not frame:
                        return end, False
            position = end
        return position, True

    def _token(self, token: str, start: int, end: int) -> int:
        """Handle one token; returns where scanning goes on."""
        stack = self._stack
        top = stack[-1]
        if token in ("{{", "[[") or (token == "{|" and self._starts_line(start)):
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
        elif token[0] == "<":
            return self._tag(token, end)
        elif token == "|}" and self._starts_line(start):
            self._close_table()
        else:
            top.parts[-1].append(token)
        return end

    def _starts_line(self, start: int) -> bool:
        """True when nothing but spaces and indentation stands before `start` in its line."""
        before = self.source[max(0, start - _LONGEST_INDENT) : start]
        line = before.rpartition("\n")[2]
        return not line.strip(" \t:") and (len(line) < len(before) or start < _LONGEST_INDENT)

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

    def _close_table(self) -> None:
        height = self._nearest("{|", ("{{",))
        if not height:
            self._stack[-1].parts[-1].append("|}")
            return
        self._collapse(height)
        frame = self._stack.pop()
        self._stack[-1].parts[-1].append(flatten_table("".join(frame.parts[0])))

    def _tag(self, token: str, end: int) -> int:
        match = _TAG_NAME.match(token)
        name = match.group(1).lower() if match else ""
        part = self._stack[-1].parts[-1]
        if (close := _CLOSERS.get(name)) is not None:
            if token[1] == "/" or name in self._unclosed_tags:
                return end
            if token[-2] == "/":
                part.append(HOLE)
                return end
            closing = close.search(self.source, end)
            if closing is None:
                self._unclosed_tags.add(name)
                return end
            if name in _VERBATIM_TAGS:
                part.append(self.source[end : closing.start()].replace("\n", " "))
            else:
                part.append(HOLE)
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

    def _simple_link(self, target: str, shown: str | None, trail: str) -> str:
        """`[[target]]` or `[[target|shown]]` without a colon, a section or anything inside."""
        title = target.strip()
        if not title or (shown is not None and not shown.strip()):
            return self._link([target] if shown is None else [target, shown], trail)
        if not title[0].isupper() or "  " in title:
            title = self.site.normalise(title)
        return self._marked(title, (target if shown is None else shown).strip() + trail)

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
        title = self.site.normalise(html.unescape(target).replace(HOLE, ""))
        if outside or not title or _BAD_TITLE.search(title) or not anchor.strip() or _OPEN.search(anchor):
            return anchor
        return self._marked(title, anchor)

    def _marked(self, title: str, anchor: str) -> str:
        if len(self.targets) >= MOST_LINKS:
            return anchor
        self.targets.append(title)
        return mark_of(len(self.targets) - 1) + anchor + CLOSE

    def _simple_template(self, match: re.Match[str], start: int, end: int) -> str:
        name, rest = match.group(4).replace("_", " ").strip().lower(), match.group(5)
        if not is_text(name) and not is_infobox(name):
            self.templates.add(name)
            return HOLE
        parts = [[match.group(4)], *([part] for part in rest[1:].split("|"))] if rest else [[match.group(4)]]
        return self._template(_Frame("{{", start, "{{", parts), end, all(f.kind != "{{" for f in self._stack))

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
        if not is_text(name):
            return HOLE
        text = expand(name, Arguments(frame.parts[1:]), self.title)
        if "[[" in text:
            text = _EXPANDED_LINK.sub(
                lambda link: self._link([part for part in link.groups() if part is not None], ""), text
            )
        return text or HOLE


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
