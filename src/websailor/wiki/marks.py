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
OPEN = "[\U000f0000-\U0010ffff]"
"""Pattern of the character that starts a link's anchor; the character is the link's number."""

_FIRST = 0xF0000
MOST_LINKS = 0x110000 - _FIRST
"""Links that one page can have; later ones are plain text."""
_MARKS = re.compile("[\ue000-\ue00f\U000f0000-\U0010ffff]")


def mark_of(index: int) -> str:
    """The character that opens link number `index`, which is below `MOST_LINKS`."""
    return chr(_FIRST + index)


def mark_index(mark: str) -> int:
    """Number of the link that `mark` opens."""
    return ord(mark) - _FIRST


def without_marks(text: str) -> str:
    """The text as a reader sees it."""
    return _MARKS.sub("", text.replace(BREAK, " ").replace(ITEM, ", "))
