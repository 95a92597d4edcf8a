"""Wikitext -> plain text with links, in one pass over the tokens.

Wikitext enters; text without markup leaves, with every link's anchor and offset, the categories, the names of the
templates used, and the fields of the infobox. Linear in the length of the page: nesting is bounded, nothing is scanned
twice, and any input whatever gives a result (a page that a browser shows is a page, however broken its markup).

While the text is being put together, links and breaks are single private-use characters in it, so that every later
clean-up may move them and offsets are counted once, at the end.
"""

import html
import re
from dataclasses import dataclass, field
from functools import lru_cache

from websailor.records import Link
from websailor.wiki.cleaning import clean
from websailor.wiki.marks import (
    BREAK,
    CLOSE,
    HOLE,
    MOST_LINKS,
    NEAR_MARKS,
    OPEN,
    RESERVED,
    mark_of,
    without_marks,
    without_reserved,
)
from websailor.wiki.names import name_set
from websailor.wiki.placing import marked_links, place_links
from websailor.wiki.tables import flatten_table
from websailor.wiki.templates import Arguments, expand, is_text
from websailor.wiki.titles import CATEGORY_NAMESPACE, FILE_NAMESPACES, Site

MAXIMUM_DEPTH = 40
"""MediaWiki's own limit; deeper constructs are left as text."""

# Links and templates with nothing inside are most of the markup: they are one token each. Group 1 is the token, 2 to 4
# are such a link, 5 and 6 such a template. Every alternative starts with a literal: that lets the pattern skip plain
# text fast, so where a table starts is looked up afterwards.
_TRAIL = "[a-zà-öø-ÿ]*"
_TOKEN = re.compile(
    rf"(\[\[([^\[\]{{}}|<>\n:#&_{HOLE}]+)(?:\|([^\[\]{{}}|<>\n]*))?\]\]({_TRAIL})"
    rf"|\{{\{{([^{{}}\[\]|<>{HOLE}]+)(\|[^{{}}\[\]<>]*)?\}}\}}"
    rf"|\{{\{{|\}}\}}|\[\[|\]\]{_TRAIL}|\{{\||\|\}}(?!\}})|\||</?[a-zA-Z][^<>]*>)"
)
_TAG_NAME = re.compile(r"</?([a-zA-Z0-9]+)")
_OPEN = re.compile(OPEN)
_EXPANDED_LINK = re.compile(r"\[\[([^\[\]|{}\n]+)(?:\|([^\[\]{}\n]*))?\]\]")
_RESERVED = re.compile(RESERVED)
_NUMBERED = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_BAD_TITLE = re.compile(rf"[\[\]{{}}<>|\n]|{RESERVED}")
_LANGUAGE_CODES = name_set("page", "languages")
_OTHER_WIKIS = name_set("page", "other_wikis")
_LINE_TAGS = name_set("tags", "line")
_INFOBOXES = name_set("page", "infoboxes")


@dataclass(frozen=True, slots=True)
class Box:
    """An infobox template."""

    name: str
    """Lower case."""
    fields: tuple[tuple[str, str], ...]
    """Key and value, as written but marked (see `marks`); those of a box inside the box in their place."""


@dataclass(frozen=True, slots=True)
class Markup:
    """What a page's wikitext holds."""

    text: str
    links: tuple[Link, ...]
    categories: tuple[str, ...]
    templates: frozenset[str]
    """Lower-case names of all templates used."""
    infobox: Box | None
    """The first one on the page."""
    marks: dict[str, str]
    """Link marks that may stand in the infobox -> title."""


def scan(source: str, site: Site, title: str = "") -> Markup:
    """Read a whole page. `title` is what `{{PAGENAME}}` stands for. Never raises, whatever `source` holds."""
    scanner = _Scanner(source, site, title)
    text, links = place_links(unescape(scanner.read()), scanner.targets, scanner.infobox_links)
    targets = scanner.targets
    return Markup(
        text=text,
        links=links,
        categories=tuple(dict.fromkeys(scanner.categories)),
        templates=frozenset(scanner.templates),
        infobox=scanner.infobox,
        marks={mark_of(index): target for index, target in enumerate(targets)} if scanner.infobox else {},
    )


def unescape(text: str) -> str:
    """Character references as characters; none of them makes a mark."""
    if "&" not in text:
        return text
    if "&#" in text:
        text = _NUMBERED.sub(_unless_mark, text)
    return html.unescape(text.replace("&nbsp;", "\xa0").replace("&ndash;", "–"))


def _unless_mark(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2][:10])
    return "" if number < 0x110000 and _RESERVED.match(chr(number)) else match[0]


@dataclass(slots=True)
class _Frame:
    """An open `{{`, `[[` or `{|`; the bottom frame is the page."""

    kind: str
    parts: list[list[str]] = field(default_factory=lambda: [[]])
    inner: dict[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Number of a part -> fields of the infobox in it."""

    def literal(self) -> str:
        """What an unclosed construct reads as."""
        return self.kind + "|".join("".join(part) for part in self.parts)


class _Scanner:
    def __init__(self, source: str, site: Site, title: str) -> None:
        source = without_reserved(source)
        self.source = clean(source) if "<" in source else source
        self.site = site
        self.title = title
        self.targets: list[str] = []
        self.categories: list[str] = []
        self.templates: set[str] = set()
        self.infobox: Box | None = None
        self.infobox_links: list[tuple[int, str]] = []
        self._stack = [_Frame("")]

    def read(self) -> str:
        """The page as half-made text."""
        pieces = _TOKEN.split(self.source)
        stack, targets, templates, capitals = self._stack, self.targets, self.templates, not self.site.case_sensitive
        frame = stack[-1]
        add = frame.parts[-1].append
        tokens = iter(pieces)
        for text, token, target, shown, trail, name, rest in zip(*[tokens] * 7, strict=False):
            if text:
                add(text)
            if target is not None:
                title = target.strip()
                anchor = title if shown is None else shown.strip()
                if not (title and anchor):
                    add(self._link([target] if shown is None else [target, shown], trail))
                    continue
                first = title[0]
                if "  " in title or not title.isprintable():
                    title = self.site.normalise(title)
                elif capitals and not first.isupper():
                    title = first.upper() + title[1:] if first.isascii() else self.site.normalise(title)
                number = len(targets)
                if number < MOST_LINKS:
                    mark = NEAR_MARKS[number] if number < len(NEAR_MARKS) else mark_of(number)
                    add(f"{mark}{anchor}{trail}{CLOSE}")
                    targets.append(title)
                else:
                    add(anchor + trail)
            elif name is not None:
                known, shows = _template_name(name)
                if shows:
                    parts = [[name], *([part] for part in rest[1:].split("|"))] if rest else [[name]]
                    add(self._template(_Frame("{{", parts)))
                else:
                    templates.add(known)
                    add(HOLE)
            elif token == "|":
                if frame.kind in ("{{", "[["):
                    frame.parts.append([])
                    add = frame.parts[-1].append
                else:
                    add("|")
            elif token[0] == "<":
                if shown := _tag(token, frame.parts[-1]):
                    add(shown)
            else:
                self._bracket(token, text)
                frame = stack[-1]
                add = frame.parts[-1].append
        add(pieces[-1])
        self._collapse(0)
        return "".join(stack[0].parts[0])

    def _bracket(self, token: str, before: str) -> None:
        """Handle a token that opens or closes something; `before` is the plain text in front of it."""
        stack = self._stack
        if token in ("{{", "[[") or (token == "{|" and self._starts_line(before)):
            if len(stack) <= MAXIMUM_DEPTH:
                stack.append(_Frame(token))
            else:
                stack[-1].parts[-1].append(token)
        elif token == "}}":
            self._close_template()
        elif token.startswith("]]"):
            self._close_link(token)
        elif token == "|}" and self._starts_line(before):
            self._close_table()
        else:
            stack[-1].parts[-1].append(token)

    def _starts_line(self, before: str) -> bool:
        """True when nothing but spaces and indentation stands in the line before a token."""
        _, newline, line = before.rpartition("\n")
        if line.strip(" \t:"):
            return False
        # The text before may have been put into the page already; then nothing else has.
        return bool(newline) or self._stack[0].parts == [[before] if before else []]

    def _collapse(self, height: int) -> None:
        """Turn all frames above `height` into text of the frame there: they were never closed."""
        while len(self._stack) > height + 1:
            frame = self._stack.pop()
            # An unclosed table still reads best as a table: many pages leave the last `|}` out.
            text = flatten_table(frame.literal()[2:]) if frame.kind == "{|" else frame.literal()
            self._stack[-1].parts[-1].append(text)

    def _nearest(self, kind: str, barriers: tuple[str, ...]) -> int:
        """Height of the nearest open frame of that kind, 0 if there is none before a barrier."""
        for height in range(len(self._stack) - 1, 0, -1):
            if self._stack[height].kind == kind:
                return height
            if self._stack[height].kind in barriers:
                return 0
        return 0

    def _close_link(self, token: str) -> None:
        if self._stack[-1].kind != "[[":
            self._stack[-1].parts[-1].append(token)
            return
        frame = self._stack.pop()
        self._stack[-1].parts[-1].append(self._link(["".join(part) for part in frame.parts], token[2:]))

    def _close_template(self) -> None:
        height = self._nearest("{{", ())
        if not height:
            self._stack[-1].parts[-1].append("}}")
            return
        self._collapse(height)
        text = self._template(self._stack.pop())
        self._stack[-1].parts[-1].append(text)

    def _close_table(self) -> None:
        height = self._nearest("{|", ("{{",))
        if not height:
            self._stack[-1].parts[-1].append("|}")
            return
        self._collapse(height)
        frame = self._stack.pop()
        self._stack[-1].parts[-1].append(flatten_table("".join(frame.parts[0])))

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

    def _template(self, frame: _Frame) -> str:
        name = without_marks("".join(frame.parts[0])).replace("_", " ").strip().lower()
        self.templates.add(name)
        if is_infobox(name):
            return self._box(name, frame)
        if not is_text(name):
            return HOLE
        text = expand(name, Arguments(frame.parts[1:]), self.title)
        if "[[" in text:
            text = _EXPANDED_LINK.sub(
                lambda link: self._link([part for part in link.groups() if part is not None], ""), text
            )
        return text or HOLE

    def _box(self, name: str, frame: _Frame) -> str:
        """Keep an infobox, or its fields for the one around it."""
        fields: list[tuple[str, str]] = []
        top = all(below.kind != "{{" for below in self._stack)
        for number, part in enumerate(frame.parts[1:], 1):
            if number in frame.inner:
                fields += frame.inner[number]
            elif part and "=" in part[0]:
                text = "".join(part)
                key, _, value = text.partition("=")
                fields.append((key.replace(HOLE, ""), value))
            if top:
                self.infobox_links += marked_links("".join(part))
        if not top:
            around = self._stack[-1]
            if around.kind == "{{":
                around.inner[len(around.parts) - 1] = (*around.inner.get(len(around.parts) - 1, ()), *fields)
            return HOLE
        if self.infobox is None:
            self.infobox = Box(name, tuple(fields))
        return ""


@lru_cache(maxsize=1 << 14)
def _template_name(raw: str) -> tuple[str, bool]:
    """The name of a template as it is known by, and whether it shows anything."""
    name = raw.replace("_", " ").strip().lower()
    return name, is_text(name) or is_infobox(name)


def _tag(token: str, part: list[str]) -> str:
    """What stands for a tag behind `part`."""
    match = _TAG_NAME.match(token)
    name = match.group(1).lower() if match else ""
    if name == "br":
        return BREAK
    if name in ("sup", "sub") and not token.startswith("</"):
        return "^" if name == "sup" and part and part[-1][-1:].isdigit() else ""
    if name in ("td", "th") and not token.startswith("</"):
        return " | "
    return "\n" if name in _LINE_TAGS else ""


def is_infobox(name: str) -> bool:
    """True for the (lower-case) name of an infobox template."""
    return (
        name.startswith(("infobox ", "infobox_"))
        or name == "infobox"
        or name.endswith(" infobox")
        or name in _INFOBOXES
    )
