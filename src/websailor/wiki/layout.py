"""Lines of half-made text -> paragraphs: what is left when links, templates and tables have been reduced.

Headings, lists and table rows keep lines of their own; wrapped lines of a paragraph are joined; sections that hold only
references are left out, and so are quote marks of emphasis and the holes that dropped templates leave.
"""

import re

from websailor.wiki.marks import BREAK, HOLE, ITEM, ROW, without_marks
from websailor.wiki.names import name_set

_HEADING = re.compile(r"(={1,6})(.+?)(={1,6})\s*$")
_DROPPED_SECTIONS = name_set("page", "dropped_sections")
_EMPHASIS = re.compile(r"''+")
_SWITCH = re.compile(r"__[A-Z]{3,24}__")
_WEB_LINK = re.compile(r"\[(?:https?:|ftp:|mailto:)?//[^\s\[\]]*[ \t]*([^\[\]\n]*)\]")
_HOLES = re.compile(f"{HOLE}(?: *{HOLE})+")
_SPACES = re.compile("  +")
_LOST_AGE = re.compile(r" \((?:years ago|aged?|age|or)\)")


def lay_out(text: str) -> str:
    """Paragraphs separated by blank lines; link marks stay in."""
    if "//" in text:
        text = _WEB_LINK.sub(r"\1", text)
    text = _EMPHASIS.sub("", text).replace(BREAK, " ").replace(ITEM, ", ").replace("\xa0", " ").replace("\u2009", " ")
    if "__" in text:
        text = _SWITCH.sub("", text)
    blocks = _Blocks()
    dropping = 0
    for raw in text.split("\n"):
        line = raw.strip()
        first = line[:1]
        if not line or line.startswith("----"):
            blocks.end()
        elif first == "=" and (heading := _HEADING.match(line)):
            level = min(len(heading.group(1)), len(heading.group(3)))
            name = heading.group(2).strip(" =")
            if not dropping or level <= dropping:
                dropping = level if without_marks(name).strip().lower() in _DROPPED_SECTIONS else 0
            if not dropping:
                blocks.end()
                blocks.add(name, "\n")
                blocks.end()
        elif dropping:
            continue
        elif first in "*#:;":
            blocks.add(line.lstrip("*#:; "), "\n")
        elif first == ROW:
            blocks.add(line[1:].replace(ROW, " "), "\n")
        else:
            blocks.add(line.replace(ROW, " "), " ")
    return _LOST_AGE.sub("", _SPACES.sub(" ", close_holes(blocks.text()).replace("\t", " "))).strip()


def close_holes(text: str) -> str:
    """Mend what surrounds a hole: `(born 1947; HOLE)` -> `(born 1947)`, `word HOLE, word` -> `word, word`."""
    pieces = _HOLES.sub(HOLE, text).split(HOLE)
    done = [pieces[0]]
    for right in pieces[1:]:
        if right[:1].isalnum() and done[-1][-1:] not in "(（ ,;:":
            done.append(right)
            continue
        left, right_words = done[-1], right.lstrip(" ")
        before = left.rstrip(" ,;:")
        following = right_words[:1]
        if before.endswith(("(", "（")):
            right_words = right_words.lstrip(" ,;:")
            if right_words.startswith((")", "）")):
                before, right_words = before[:-1].rstrip(" "), right_words[1:]
            done[-1], right = before, right_words
        elif following and following in ")）":
            done[-1], right = left.rstrip(" ,;"), right_words
        elif following and following in ",;" and left.rstrip(" ")[-1:] in (",", ";"):
            done[-1], right = left.rstrip(" "), right_words[1:]
        elif following and following in ",.;:" and right_words[1:2] in ("", " ", "\n", HOLE):
            done[-1], right = left.rstrip(" "), right_words
        done.append(right)
    return "".join(done)


class _Blocks:
    """Blocks of lines under construction: a run of wrapped lines, or of list lines and table rows."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._lines: list[str] = []
        self._joint = ""

    def add(self, line: str, joint: str) -> None:
        """Add a line; `joint` is what stands between the lines of its kind of block."""
        if joint != self._joint and not (joint == "\n" and self._lines and self._lines[-1].endswith(":")):
            self.end()
        elif joint != self._joint:
            self._lines = [" ".join(self._lines)]
        self._joint = joint
        if line:
            self._lines.append(line)

    def end(self) -> None:
        if self._lines:
            self._done.append(self._joint.join(self._lines))
            self._lines = []

    def text(self) -> str:
        self.end()
        return "\n\n".join(self._done)
