"""The private-use characters that stand in half-made text for links, breaks and table rows.

They are taken out of every input before scanning, so whatever of them is found later was put there by the scanner.
"""

import re

BREAK = "\ue001"
"""`<br>`: a space in running text, a separator in an infobox value."""
ITEM = "\ue003"
"""Between the items of a list template: a comma in running text, a separator in an infobox value."""
CLOSE = "\ue002"
"""End of a link's anchor."""
ROW = "\ue004"
"""Start of a table row."""
HOLE = "\ue005"
"""Where something was left out: a reference, a template that is no text."""
OPEN = "[\ue010-\uf8ff\U000f0000-\U0010ffff]"
"""Pattern of the character that starts a link's anchor; the character is the link's number."""
RESERVED = "[\ue000-\uf8ff\U000f0000-\U0010ffff]"
"""Pattern of all characters that may be marks."""

_FIRST, _FIRST_FAR, _FAR = 0xE010, 0xF0000, 0xF900 - 0xE010
MOST_LINKS = _FAR + 0x110000 - _FIRST_FAR
"""Links that one page can have; later ones are plain text."""
_MARKS = re.compile(RESERVED)


def without_reserved(text: str) -> str:
    """The text of an author, who must not use the characters of marks."""
    if text.isascii():
        return text
    # In UTF-8 they start with one of these bytes, and few pages hold any: much faster to see than the characters.
    encoded = text.encode("utf-8", "surrogatepass")
    if any(lead in encoded for lead in (b"\xee", b"\xef", b"\xf3", b"\xf4")):
        return _MARKS.sub("", text)
    return text


def mark_of(index: int) -> str:
    """The character that opens link number `index`, which is below `MOST_LINKS`."""
    # The near ones first: a string takes four bytes a character as soon as one of them is far.
    return chr(_FIRST + index if index < _FAR else _FIRST_FAR - _FAR + index)


NEAR_MARKS = tuple(map(mark_of, range(_FAR)))
"""The first marks, in their order."""


def mark_index(mark: str) -> int:
    """Number of the link that `mark` opens."""
    code = ord(mark)
    return code - _FIRST if code < _FIRST_FAR else code - _FIRST_FAR + _FAR


def without_marks(text: str) -> str:
    """The text as a reader sees it."""
    return _MARKS.sub("", text.replace(BREAK, " ").replace(ITEM, ", "))
