"""Dates in running text -> ISO 8601 at the precision that is stated."""

import re
from dataclasses import dataclass

from websailor.wiki.templates import MONTHS

_MONTH_NUMBER = {name[:length].lower(): number for number, name in enumerate(MONTHS, 1) for length in (3, len(name))}
_MONTH_NUMBER["sept"] = 9
_MONTH_WORDS = "|".join(sorted({*MONTHS, *(name[:3] for name in MONTHS), "Sept"}, key=len, reverse=True))
_FORMS = (
    r"(?P<year>[12]\d{3})-(?P<number>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12]\d|3[01])(?!\d)",
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?\s+(?P<month>MONTH)\.?,?\s+(?P<year>\d{1,4})(?![\d:])(?P<era>ERA)?",
    r"(?P<month>MONTH)\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{1,4})(?![\d:])(?P<era>ERA)?",
    r"(?P<month>MONTH)\.?,?\s+(?P<year>\d{3,4})(?![\d:,])(?P<era>ERA)?",
    r"(?P<year>\d{1,4})(?P<era>ERA)(?![A-Za-z])",
    r"(?P<year>\d{4})年(?:(?P<number>\d{1,2})月(?:(?P<day>\d{1,2})日)?)?",
    r"(?P<year>1\d{3}|20\d\d)(?![,.]?\d|s\b)",
)


def _numbered(form: str, number: int) -> str:
    """A form with its groups numbered, since names must differ within one pattern."""
    form = form.replace("MONTH", _MONTH_WORDS).replace("ERA", r"\s?(?:BCE?|B\.C\.(?:E\.)?|AD|A\.D\.|CE)")
    return re.sub(r"\(\?P<(\w+)>", rf"(?P<\g<1>{number}>", form)


_DATE = re.compile("|".join(_numbered(form, number) for number, form in enumerate(_FORMS)))


@dataclass(frozen=True, slots=True)
class Date:
    """A date found in a text."""

    iso: str
    """`1953`, `1953-04`, `1953-04-02`; years before the common era are negative: `-0044`."""
    year: int
    start: int
    end: int


def find_date(text: str, start: int = 0) -> Date | None:
    """The first date at or after `start`; a bare number counts only as a year from 1000 to 2099."""
    for match in _DATE.finditer(text, start):
        if match.start() and (text[match.start() - 1].isdigit() or text[match.start() - 1] in ".,$£€#"):
            continue
        form = {key[:-1]: value for key, value in match.groupdict().items() if value is not None}
        year = int(form["year"])
        if form.get("era", "").strip().startswith("B"):
            year = -year
        month = int(form["number"]) if "number" in form else _MONTH_NUMBER.get(form.get("month", "").lower(), 0)
        day = int(form.get("day", 0))
        if month > 12 or day > 31 or not year:
            continue
        iso = f"{year:04d}" if year >= 0 else f"-{-year:04d}"
        if month:
            iso += f"-{month:02d}" + (f"-{day:02d}" if day else "")
        return Date(iso, year, match.start(), match.end())
    return None
