"""Infobox wikitext -> typed fields: entities with the page they link to, ISO dates, numbers with units, texts.

mwparserfromhell splits the template into its fields; the scanner reads every value, so that lists, line breaks and inline
templates mean the same here as in the text.
"""

import logging
import re
from collections.abc import Iterator

import mwparserfromhell
from mwparserfromhell.nodes import Template

from websailor.records import InfoboxField, Value
from websailor.wiki.dates import find_date
from websailor.wiki.marks import BREAK, CLOSE, ITEM, OPEN, ROW, without_marks
from websailor.wiki.scanner import is_infobox, scan_value
from websailor.wiki.titles import Site

log = logging.getLogger(__name__)

_SKIPPED_KEY = re.compile(
    r"image|^img|photo|caption|^alt$|_alt$|^(?:logo|flag|seal|coat|map|signature|cover|insignia|emblem|shield|crest|arms)(?:_|$|[ds]?[12]?$)"
    r"|_(?:size|width|alt|map|link|style|color|colour|format|url|ref|footnotes?|border|upright|type_link)\d*$"
    r"|^(?:lat|long)(?:[dmsNSEW]*|_.*|itude)$|coord|website|^url$|homepage|^footnotes?$|pushpin|^module\d*$|bgcolor|background"
    r"|colou?r$|width$|^align$|^style$|class$|^child$|^embed|^subbox|magnitude|hashtag|^ref$|_ref$|^name$|iso_?code|^isbn|^oclc"
    r"|^dewey|^congress|^issn|^image|flaglink|^text$|^size$|signature|_upright$|^show|^hide|^nrhp|osm|mapframe|zoom",
    re.IGNORECASE,
)
_NUMBER_KEY = re.compile(
    r"popul|area|elev|height|length|width|depth|pages|capacity|density|mass|weight|number|total|count|size|rank|runtime|duration"
    r"|budget|gross|revenue|income|employees|students|staff|members|titles|wins|goals|caps|episodes|seats|gdp|gini|hdi|percent"
    r"|speed|volume|altitude|distance|_km2?$|_mi$|_sq_mi$|_m$|_ft$|_kg$|households|edition|floors|attendance|matches|points|score",
    re.IGNORECASE,
)
_NOT_DATE_KEY = re.compile(r"postal|code|phone|area_?code|_id$|^id$|model|designation|catalog|number", re.IGNORECASE)
_SEPARATOR = re.compile(f"[{BREAK}{ITEM}{ROW}\n]+|(?:^|(?<=\n))[*#:;]+|[ \xa0][·•][ \xa0]")
_LINK = re.compile(f"({OPEN})([^{CLOSE}]*){CLOSE}")
_MULTIPLIERS = {
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
    "mn": 1e6,
    "bn": 1e9,
    "m": 1e6,
    "b": 1e9,
}
_NUMBER = re.compile(
    r"(?P<about>(?:c\.|ca\.|circa|about|approx(?:\.|imately)?|around|over|~|≈|est\.|more than|nearly|almost|No\.)\s*)?"
    r"(?P<currency>US\$|A\$|C\$|NZ\$|HK\$|R\$|\$|£|€|¥|₹|₽|USD|EUR|GBP)?\s*"
    r"(?P<amount>[-−+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
    r"(?:\s*(?P<scale>thousand|million|billion|trillion|mn|bn)\b)?"
    r"(?P<rest>.*)$",
    re.DOTALL,
)
_UNIT = re.compile(
    r"\s*(?P<unit>%|°[CF]?|[A-Za-zµ²³/]+[²³23]?(?:\s(?:mi|ft|in|km|m|yd)[23]?\b)?)?\s*(?P<after>.*)$", re.DOTALL
)
_UNIT_WORDS = {
    "square kilometres": "km2",
    "square kilometers": "km2",
    "square miles": "sq mi",
    "km²": "km2",
    "m²": "m2",
}
_KEY_UNIT = re.compile(r"_(km2|sq_mi|sqmi|ha|acres?|m|ft|km|mi|kg|lb|cm|in|ppl|percent|ms|mph)$")
_DELIMITER = re.compile(r"\s*(?:[,;/]|\band\b|&)\s*")


def read_infobox(source: str, site: Site, title: str = "") -> tuple[str | None, tuple[InfoboxField, ...]]:
    """Type and fields of the infobox whose wikitext is `source`. A box that cannot be parsed is logged and gives no fields."""
    try:
        nodes = mwparserfromhell.parse(source, skip_style_tags=True).filter_templates(recursive=False)
    except mwparserfromhell.parser.ParserError as error:
        log.warning("%s: unreadable infobox: %s", title, error)
        return None, ()
    if not nodes:
        return None, ()
    fields: dict[str, list[Value]] = {}
    for key, raw in _parameters(nodes[0], depth=0):
        if values := read_values(key, raw, site, title):
            known = fields.setdefault(key, [])
            known += [value for value in values if value not in known]
    return infobox_type(str(nodes[0].name)), tuple(InfoboxField(key=key, values=tuple(v)) for key, v in fields.items())


def infobox_type(name: str) -> str:
    """`Infobox U.S. state` -> `u.s. state`; `Taxobox` -> `taxobox`."""
    name = re.sub(r"<!--.*?-->", "", name, flags=re.DOTALL).replace("_", " ").strip().lower()
    return " ".join(re.sub(r"^infobox\b|\binfobox$", "", name).split()) or "thing"


def field_key(name: str) -> str:
    """`Largest city` -> `largest_city`."""
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def _parameters(template: Template, depth: int) -> Iterator[tuple[str, str]]:
    """Keys and raw values, those of nested infoboxes after them."""
    for parameter in template.params:
        if not parameter.showkey:
            continue
        key, raw = field_key(str(parameter.name)), str(parameter.value)
        if depth < 3 and "infobox" in raw.lower():
            inner = [node for node in parameter.value.filter_templates(recursive=False) if is_infobox(_name(node))]
            if inner:
                for node in inner:
                    yield from _parameters(node, depth + 1)
                continue
        if raw.strip() and not _SKIPPED_KEY.search(key):
            yield key, raw


def _name(template: Template) -> str:
    return str(template.name).replace("_", " ").strip().lower()


def read_values(key: str, raw: str, site: Site, title: str = "") -> list[Value]:
    """All values of one field, in order, without duplicates."""
    text, targets = scan_value(raw, site, title)
    values: list[Value] = []
    for piece in _SEPARATOR.split(text.replace("'''", "").replace("''", "")):
        for value in _read_piece(key, " ".join(piece.split()), targets):
            if value not in values:
                values.append(value)
    return values


def _read_piece(key: str, piece: str, targets: dict[str, str]) -> list[Value]:
    """Values of one line or list item."""
    shown = without_marks(piece).strip(" ,;")
    if not any(character.isalnum() for character in shown):
        return []
    if (value := _as_number(key, shown)) is not None and (value.unit or not _is_year(key, shown)):
        return [value]
    head, parenthesis = _before_parenthesis(piece)
    if not without_marks(head).strip():
        head = parenthesis
    date = find_date(without_marks(head)) if not _NOT_DATE_KEY.search(key) else None
    if date is not None and not _LINK.search(head[: date.start]):
        plain = without_marks(head)
        if len(plain[: date.start].split()) <= 3:
            found = [Value(type="date", text=plain[date.start : date.end].strip(), number=date.year, date=date.iso)]
            return found + [_entity(match, targets) for match in _LINK.finditer(piece)]
    if not _LINK.search(head):
        return [Value(type="text", text=shown)]
    return _split_entities(head, targets)


def _split_entities(head: str, targets: dict[str, str]) -> list[Value]:
    """Links of a line as entities; words that stand alone between commas as texts: `[[Moscow]], Russia`."""
    values: list[Value] = []
    hidden = _LINK.sub(lambda match: match.group(1) + CLOSE, head)
    links = {match.group(1): match for match in _LINK.finditer(head)}
    for part in _DELIMITER.split(hidden):
        marks = re.findall(OPEN, part)
        values += [_entity(links[mark], targets) for mark in marks if mark in links]
        words = without_marks(part).strip(" .")
        if not marks and len(words) > 1 and any(character.isalpha() for character in words):
            values.append(Value(type="text", text=words))
    return values


def _entity(match: re.Match[str], targets: dict[str, str]) -> Value:
    return Value(type="entity", text=without_marks(match.group(2)).strip(), target=targets[match.group(1)])


def _before_parenthesis(piece: str) -> tuple[str, str]:
    """The part before the first parenthesis and what is inside it."""
    head, parenthesis, rest = piece.partition("(")
    # A link whose own anchor holds the parenthesis stays whole.
    if parenthesis and len(re.findall(OPEN, head)) != head.count(CLOSE):
        return piece, ""
    return head.strip(" ,;"), rest.partition(")")[0] if parenthesis else ""


def _is_year(key: str, shown: str) -> bool:
    return re.fullmatch(r"(?:c\. ?)?(?:1\d{3}|20\d\d)", shown) is not None and not _NUMBER_KEY.search(key)


def _as_number(key: str, shown: str) -> Value | None:
    """`2,381,741`, `US$64,333`, `100 minutes`, `112 (paperback)`; None when more than an amount with its unit is said."""
    match = _NUMBER.match(shown)
    if match is None:
        return None
    rest = match["rest"]
    if find_date(shown) is not None and find_date(shown).start == 0 and not _NUMBER_KEY.search(key):  # type: ignore[union-attr]
        return None
    rest = re.sub(r"\s*[(\[].*$", "", rest, flags=re.DOTALL)
    for words, unit in _UNIT_WORDS.items():
        rest = rest.replace(words, unit)
    tail = _UNIT.match(rest)
    assert tail is not None
    unit = tail["unit"]
    if tail["after"].strip(" .,;") or (unit and rest[:1] not in " %°" and not rest[0].isalpha()):
        return None
    if unit in ("st", "nd", "rd", "th") or (match["about"] or "").startswith("No"):
        unit = None
    number = float(match["amount"].replace(",", "").replace("−", "-")) * _MULTIPLIERS.get(match["scale"] or "", 1)
    if unit is None and match["currency"]:
        unit = match["currency"]
    if unit is None and (by_key := _KEY_UNIT.search(key)):
        unit = by_key[1].replace("_", " ").replace("sqmi", "sq mi")
    return Value(type="number", text=shown, number=number, unit=unit)
