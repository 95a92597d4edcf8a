"""One line of an infobox field -> typed values: entities, ISO dates, numbers with units, texts.

Enters: the field's key and the line as the scanner marks it (see `marks`). Leaves: `Value` records. A line is a number
when it says nothing but an amount and its unit, a date when its key or its form says so, entities where it links, text
otherwise.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from websailor.records import Value
from websailor.wiki.dates import Date, find_date
from websailor.wiki.marks import CLOSE, OPEN, without_marks
from websailor.wiki.names import NAMES
from websailor.wiki.spans import Span, read_span

_LINK = re.compile(f"({OPEN})([^{CLOSE}]*){CLOSE}")
_LINK_OR_REMARK = re.compile(f"({_LINK.pattern})|\\s*\\((?:{_LINK.pattern}|(?!{OPEN})[^()])*\\)")
_LINK_OR_PARENTHESIS = re.compile(f"{_LINK.pattern}|\\(")
_FOLLOWING_REMARK = re.compile(r"[\"'”’]*\s*\(([^()]*)\)")
_NUMBER_KEY = re.compile("|".join(NAMES["infobox"]["number_keys"]))
_DATE_KEY = re.compile("|".join(NAMES["infobox"]["date_keys"]))
_TEXT_KEY = re.compile("|".join(NAMES["infobox"]["text_keys"]))
_YEAR_KEY = re.compile(r"year\d*$")
_KEY_UNIT = re.compile(r"_(km2|sq_?mi|ha|acres?|m|ft|km|mi|kg|lb|cm|in|mph)\d*$")
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "mn": 1e6, "bn": 1e9}
_NUMBER = re.compile(
    r"(?:(?:c\.|ca\.|circa|about|approx(?:\.|imately)?|around|over|~|≈|est\.|more than|nearly|almost"
    r"|(?P<rank>No\.|\#))\s*)?"
    r"(?P<currency>(?:US|A|C|NZ|HK|R)?\$|[£€¥₹₽]|USD|EUR|GBP)?\s*"
    r"(?P<amount>[-−+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?![\d.,]*\d)"
    r"(?:\s*(?P<scale>thousand|million|billion|trillion|mn|bn)\b)?"
    r"(?:\s*(?P<unit>%|°[CF]?|[^\W\d_][\w²³]*(?:/[\w²³]+)?(?: (?:mi|ft|in|km|m|yd)[23²³]?\b)?))?"
    r"\s*[.,;]?\s*(?P<rest>[(\[].*)?$",
    re.DOTALL,
)
_UNITS_IN_CAPITALS = re.compile(r"(?:[kMGT]?(?:W|Wh|Hz|V|J|Pa|N|A|B|bit/s|B/s)|K|C|F|AU|AD|US|EUR|USD)$")
_UNIT_WORDS = {"km²": "km2", "m²": "m2", "kilometres": "km", "kilometers": "km", "metres": "m", "meters": "m"}
_AREA_WORDS = ((re.compile(r"square kilomet(?:re|er)s?"), "km2"), (re.compile(r"square miles?"), "sq mi"))
_YEAR_RANGE = re.compile(
    r"(?:c\. ?)?\d{3,4}\w?\s*(?:[–—-]|\bto\b)\s*(?:(?:c\. ?)?\d{2,4}\b|present|now|\?|$)", re.IGNORECASE
)
_CLOCK = re.compile(r"^[\s,;.]*(?:at\s)?[\d:]*\s*(?:UTC|GMT|am|pm|a\.m\.|p\.m\.|[A-Z]{3,4})?[\s,.]*$")
_DELIMITER = re.compile(r"\s*(?:[,;/]|\band\b|&)\s*")


@dataclass(frozen=True, slots=True)
class Linked:
    """Where links lead."""

    marks: Mapping[str, str]
    """Link mark -> title, for links in the field itself."""
    anchors: Mapping[str, str]
    """Words that are a link elsewhere on the page -> title: an encyclopedia links a name only once."""


def read_line(key: str, line: str, linked: Linked, first: bool) -> list[Value]:
    """Values of one line or list item; `first` is false for lines after the first of their field."""
    shown = without_marks(line).strip(" ,;:")
    if not any(map(str.isalnum, shown)) or shown.startswith(("http:", "https:", "www.")):
        return []
    if shown.startswith("(") and shown.endswith(")") and not first:
        # A remark on the line before: `(1834–1854)`.
        return []
    if _TEXT_KEY.search(key):
        return [Value(type="text", text=shown)]
    head = _without_remarks(line)
    if not _YEAR_KEY.search(key) and (number := _number(key, shown)) is not None:
        return [number]
    plain = without_marks(head)
    if _YEAR_RANGE.match(plain) and not _LINK.search(head):
        return [Value(type="text", text=shown)]
    if dates := _dates(key, plain):
        outside = _LINK.finditer(head[dates[-1].end :]) if _LINK.search(head) else ()
        found = [Value(type="date", text=plain[d.start : d.end].strip(), number=d.year, date=d.iso) for d in dates]
        return found + [_entity(match, linked) for match in outside]
    values = _split(head, linked) if _LINK.search(head) else _texts(plain.strip(" ,;"), shown, linked)
    return (
        [_with_span(value, shown) if value.type == "entity" else value for value in values] if "(" in line else values
    )


def _with_span(value: Value, shown: str) -> Value:
    """The value with the years that stand in parentheses behind its name."""
    place = shown.find(value.text)
    while place >= 0:
        remark = _FOLLOWING_REMARK.match(shown, place + len(value.text))
        span = read_span(remark[1]) if remark else None
        if span is not None:
            years = _years(span)
            return value.model_copy(update={"text": f"{value.text} ({years})", "start": span.start, "end": span.end})
        place = shown.find(value.text, place + 1)
    return value


def _years(span: Span) -> str:
    if span.start is None:
        return f"until {span.end}"
    return f"since {span.start}" if span.end is None else f"{span.start}–{span.end}"


def _dates(key: str, plain: str) -> list[Date]:
    """Dates of a line: those a date's key announces, or one that is all the line says."""
    date = find_date(plain)
    if date is None:
        return []
    if not _DATE_KEY.search(key):
        alone = not plain[: date.start].strip(" ,") and _CLOCK.match(plain[date.end :])
        return [date] if alone else []
    if len(plain[: date.start].split()) > 3:
        return []
    second = find_date(plain, date.end)
    between = plain[date.end : second.start].strip() if second else ""
    return [date, second] if second and between in ("–", "-", "—", "to", "until") else [date]


def _number(key: str, shown: str) -> Value | None:
    """`2,381,741`, `US$64,333`, `100 minutes`, `112 (paperback)`; None when more is said."""
    text = shown
    for words, unit in _AREA_WORDS:
        text = words.sub(unit, text)
    match = _NUMBER.match(text)
    if match is None:
        return None
    amount, unit = match["amount"], match["unit"]
    bare = unit is None and not match["scale"] and not match["currency"]
    if bare and not _NUMBER_KEY.search(key) and re.fullmatch(r"1\d{3}|20\d\d", amount):
        # A year, unless the key counts something.
        return None
    if unit in ("st", "nd", "rd", "th"):
        unit = None
    elif unit and (
        unit in ("BC", "BCE", "AD", "CE", "s")
        or not (unit[0].islower() or unit[0] in "%°" or _UNITS_IN_CAPITALS.match(unit))
        or (_DATE_KEY.search(key) and find_date(text) is not None)
    ):
        return None
    value = float(amount.replace(",", "").replace("−", "-")) * _SCALES.get(match["scale"] or "", 1)
    unit = _UNIT_WORDS.get(unit, unit) if unit else match["currency"]
    if unit is None and match["rank"] is None and (by_key := _KEY_UNIT.search(key)):
        unit = by_key[1].replace("_", " ").replace("sqmi", "sq mi")
        if "density" in key:
            unit = "/" + unit
    return Value(type="number", text=shown, number=value, unit=unit)


def _split(head: str, linked: Linked) -> list[Value]:
    """Links of a line as entities; words that stand alone between commas as texts: `[[Moscow]], Russia`."""
    values: list[Value] = []
    hidden = _LINK.sub(lambda match: match.group(1) + CLOSE, head)
    links = {match.group(1): match for match in _LINK.finditer(head)}
    for part in _DELIMITER.split(hidden):
        marks = re.findall(OPEN, part)
        values += [_entity(links[mark], linked) for mark in marks if mark in links]
        words = without_marks(part).strip(" ")
        # Halves of a broken remark and other leftovers are not values.
        if not marks and len(words) > 1 and words[0].isupper() and words.count("(") == words.count(")"):
            values.append(_named(words, linked))
    return values


def _texts(head: str, shown: str, linked: Linked) -> list[Value]:
    """A line without links: a name that the page links elsewhere, a list of such names, or text."""
    if head in linked.anchors:
        return [_named(head, linked)]
    parts = [part.strip() for part in _DELIMITER.split(head)]
    if len(parts) > 1 and any(part in linked.anchors for part in parts) and all(_is_name(part) for part in parts):
        return [_named(part, linked) for part in parts]
    remark = shown[len(head) :]
    # Years behind a name are a remark: `Frank O'Connor (1929–1979)`.
    only_name = len(head) > 3 and shown.startswith(head) and remark.endswith(")") and any(map(str.isdigit, remark))
    return [Value(type="text", text=head if only_name else shown)]


def _is_name(words: str) -> bool:
    return words[:1].isupper() and words.count(" ") < 5


def _named(words: str, linked: Linked) -> Value:
    target = linked.anchors.get(words)
    return Value(type="entity", text=words, target=target) if target else Value(type="text", text=words)


def _entity(match: re.Match[str], linked: Linked) -> Value:
    return Value(type="entity", text=without_marks(match.group(2)).strip(), target=linked.marks[match.group(1)])


def _without_remarks(line: str) -> str:
    """The line without its parentheses (those in a link's words stay); a line that is one is what it holds."""
    if line.startswith("(") and line.endswith(")") and line.count("(") == 1:
        return line[1:-1].strip()
    head = _LINK_OR_REMARK.sub(lambda match: match.group() if match.group(1) else "", line)
    for match in _LINK_OR_PARENTHESIS.finditer(head):
        if match.group() == "(":
            # Never closed: the rest is the remark.
            head = head[: match.start()]
            break
    return head.strip(" ,;")
