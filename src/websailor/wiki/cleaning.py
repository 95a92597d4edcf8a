"""Wikitext -> wikitext without comments and without elements that are no wikitext.

What a reference or a gallery holds is left out, what `<math>` or `<nowiki>` hold is made harmless; the scanner then
meets nothing but links, templates, tables and plain tags. Linear: an element that is never closed is looked for once.
"""

import re

from websailor.wiki.marks import HOLE
from websailor.wiki.names import name_set

_VERBATIM = name_set("tags", "verbatim")
_NAMES = name_set("tags", "dropped") | _VERBATIM
_START = re.compile(rf"<!--|<(/?)({'|'.join(sorted(_NAMES))})\b[^<>]*>", re.IGNORECASE)
_CLOSERS = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in _NAMES}
_HARMLESS = str.maketrans({sign: f"&#{ord(sign)};" for sign in "[]{}|<="} | {"\n": " "})


def clean(source: str) -> str:
    """The same page; a hole is left where something stood that is not shown."""
    parts: list[str] = []
    unclosed: set[str] = set()
    position = 0
    while (match := _START.search(source, position)) is not None:
        parts.append(source[position : match.start()])
        position = match.end()
        name = match[2]
        if name is None:
            end = source.find("-->", position)
            if end < 0:
                return "".join(parts)
            position = end + 3
            continue
        name = name.lower()
        if match[1] or name in unclosed:
            continue
        if source[position - 2] == "/":
            parts.append(HOLE)
        elif (closing := _CLOSERS[name].search(source, position)) is None:
            unclosed.add(name)
        else:
            inside = source[position : closing.start()]
            parts.append(inside.translate(_HARMLESS) if name in _VERBATIM else HOLE)
            position = closing.end()
    if not parts:
        return source
    parts.append(source[position:])
    return "".join(parts)
