"""Dates in running text -> ISO 8601 at the precision that is stated."""

import re
from dataclasses import dataclass

from websailor.wiki.templates import MONTHS

_MONTH_NUMBER = {name[:length].lower(): number for number, name in enumerate(MONTHS, 1) for length in (3, len(name))}
_MONTH_NUMBER["sept"] = 9
_MONTH = (
    "(?P<month{0}>"
    + "|".join(sorted({*MONTHS, *(name[:3] for name in MONTHS), "Sept"}, key=len, reverse=True))
    + r")\.?"
)
_ERA = r"(?P<era{0}>\s?(?:BCE?|B\.C\.(?:E\.)?|AD|A\.D\.|CE))?"
_YEAR = r"(?P<year{0}>\d{{1,4}})"
_DATE = re.compile(
    "|".join(
        (
            (r"(?P<year0>[12]\d{3})-(?P<number0>0[1-9]|1[0-2])-(?P<day0>0[1-9]|[12]\d|3[01])(?!\d)(?P<era0>(?=x))?(?P<month0>(?=x))?").replace("(?=x)", "(?!)"),
            r"(?P<day1>\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?\s+" + _MONTH.format(1) + r",?\s+" + _YEAR.format(1) + r"(?![\d:])" + _ERA.format(1),
            _MONTH.format(2) + r"\s+(?P<day2>\d{1,2})(?:st|nd|rd|th)?,?\s+" + _YEAR.format(2) + r"(?![\d:])" + _ERA.format(2),
            _MONTH.format(3) + r",?\s+(?P<year3>\d{3,4})(?![\d:,])" + _ERA.format(3),
            r"(?P<year4>\d{1,4})\s?(?P<era4>BCE?|B\.C\.(?:E\.)?|AD|A\.D\.|CE)(?![A-Za-z])",
            r"(?P<year5>\d{4})年(?:(?P<number5>\d{1,2})月(?:(?P<day5>\d{1,2})日)?)?",
            r"(?P<year6>1\d{3}|20\d\d)(?![\d,.]\d|\d)",
        )
    )
)  # fmt: skip


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
        form = {re.sub(r"\d$", "", key): value for key, value in match.groupdict().items() if value is not None}
        year = int(form["year"])
        if form.get("era", "").strip().startswith("B"):
            year = -year
        month = int(form["number"]) if "number" in form else _MONTH_NUMBER.get(form.get("month", "").lower(), 0)
        day = int(form.get("day", 0))
        if month > 12 or day > 31:
            continue
        iso = f"{year:04d}" if year >= 0 else f"-{-year:04d}"
        if month:
            iso += f"-{month:02d}" + (f"-{day:02d}" if day else "")
        return Date(iso, year, match.start(), match.end())
    return None
