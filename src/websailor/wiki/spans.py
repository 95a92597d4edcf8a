"""Spans of years in words: when something held. `(1950–1962)`, `(since 1950)`, `(m. 1929; div. 1935)`.

Text enters; a `Span` leaves, or None where no span stands. Infobox values, table cells and sentences state tenures in
the same few ways, so they are read in one place.
"""

import re
from typing import NamedTuple

_YEAR = r"(?:\w{3,9}\.? )?(?:\d{1,2},? )?(?:\w{3,9}\.?,? )?(?:c\. ?)?"
_OPEN_END = r"present|now|today|date|incumbent|ongoing|current"
_BETWEEN = (
    rf"(?:m\.|r\.|reigned|ruled|married|in office|from)?\s*{_YEAR}(?P<start>\d{{3,4}})\s*"
    rf"(?:[–—−-]|\bto\b|\buntil\b|[;,]\s*(?:div(?:orced|\.)?|sep(?:arated|\.)?|died?|d\.|ann(?:ulled|\.)?|wid(?:owed|\.)?"
    rf"|(?:his|her) death)(?: in)?)\s*(?:{_YEAR}(?P<end>\d{{2,4}})|(?P<open>{_OPEN_END}))?"
)
_AND = rf"between {_YEAR}(?P<first>\d{{3,4}}) and {_YEAR}(?P<last>\d{{3,4}})"
_SINCE = rf"(?:since|from|as of)\s+{_YEAR}(?P<since>\d{{3,4}})"
_UNTIL = rf"(?:until|till|to)\s+{_YEAR}(?P<until>\d{{3,4}})"
_SPAN = re.compile(
    rf"(?:{_BETWEEN}|{_AND}|{_SINCE}|{_UNTIL})(?:\s*[;,]\s*(?:his|her|their)\s(?:own\s)?death)?", re.IGNORECASE
)
_EARLIEST, _LATEST = 100, 2100


class Span(NamedTuple):
    """Years, both inclusive; None where the text leaves that side open."""

    start: int | None
    end: int | None


def read_span(text: str) -> Span | None:
    """The span that a text is, and nothing but that: `1950–62`, `since 1950`, `1950–present`; None for other text."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        return None
    if match["since"]:
        return _checked(int(match["since"]), None)
    if match["until"]:
        return _checked(None, int(match["until"]))
    if match["first"]:
        return _checked(int(match["first"]), int(match["last"]))
    start = int(match["start"])
    if match["end"] is None:
        return _checked(start, None)
    end = match["end"]
    if len(end) < len(match["start"]):
        # `1929–35`: the century is that of the start.
        end = match["start"][: -len(end)] + end
    return _checked(start, int(end))


def _checked(start: int | None, end: int | None) -> Span | None:
    """None for what cannot be years in that order."""
    years = [year for year in (start, end) if year is not None]
    if any(not _EARLIEST <= year <= _LATEST for year in years) or years != sorted(years):
        return None
    return Span(start, end)
