"""Fields of an infobox as the scanner found them -> typed fields: what the box shows, without pictures, captions and
other presentation.
"""

import re
from collections.abc import Mapping

from websailor.records import InfoboxField, Value
from websailor.wiki.marks import BREAK, ITEM, ROW
from websailor.wiki.names import NAMES
from websailor.wiki.scanner import Box, unescape
from websailor.wiki.values import Linked, read_line

_SKIPPED_KEY = re.compile("|".join(NAMES["infobox"]["skipped_keys"]))
_LABELS: dict[str, str] = NAMES["infobox"]["labels"]
_LABEL_KEY = re.compile(f"({'|'.join(_LABELS)})(\\d*)$")
_SEPARATOR = re.compile(f"[{BREAK}{ITEM}{ROW}\n]+|[ \xa0][·•][ \xa0]")
_WEB_LINK = re.compile(r"\[(?:https?:|ftp:)?//[^\s\[\]]*[ \t]*([^\[\]\n]*)\]")


def read_infobox(
    box: Box, marks: Mapping[str, str], title: str, anchors: Mapping[str, str]
) -> tuple[str, tuple[InfoboxField, ...]]:
    """Type and fields of an infobox on the page `title`.

    `marks`: link marks in the box -> title; `anchors`: words that are a link elsewhere on the page -> title.
    """
    linked = Linked(marks, {words: target for words, target in anchors.items() if target != title})
    fields: dict[str, list[Value]] = {}
    for name, raw in box.fields:
        key = field_key(name)
        if raw.strip() and not skipped_key(key):
            known = fields.setdefault(key, [])
            known += [value for value in _values(key, raw, linked) if value not in known]
    filled = _under_labels({key: values for key, values in fields.items() if values})
    for key in ("largest_city", "largest_settlement"):
        # The country and state boxes show the capital here.
        if (values := filled.get(key)) and values[0].text.lower() == "capital" and "capital" in filled:
            filled[key] = filled["capital"]
    return infobox_type(box.name), tuple(InfoboxField(key=key, values=tuple(v)) for key, v in filled.items())


def infobox_type(name: str) -> str:
    """`infobox u.s. state` -> `u.s. state`; `taxobox` -> `taxobox`."""
    return " ".join(re.sub(r"^infobox\b|\binfobox$", "", name).split()) or "thing"


def skipped_key(key: str) -> bool:
    """True for presentation and identifiers, nothing that a reader learns from."""
    return _SKIPPED_KEY.search(key) is not None


def field_key(name: str) -> str:
    """`Largest city` -> `largest_city`."""
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def _values(key: str, raw: str, linked: Linked) -> list[Value]:
    """All values of one field, in order, without duplicates."""
    text = _WEB_LINK.sub(r"\1", unescape(raw)).replace("'''", "").replace("''", "")
    values: list[Value] = []
    for line in _SEPARATOR.split(text):
        line = " ".join(line.split()).lstrip("*#:; ")
        for value in read_line(key, line, linked, first=not values):
            if value not in values:
                values.append(value)
    return values


def _under_labels(fields: dict[str, list[Value]]) -> dict[str, list[Value]]:
    """Fields whose label another field gives, under that label, as the box shows them.

    `leader_title1 = President`, `leader_name1 = ...` -> `president = ...`.
    """
    renamed: dict[str, str] = {}
    for key, values in fields.items():
        if (match := _LABEL_KEY.match(key)) and len(values) == 1:
            if match[1].startswith("established") and values[0].type != "text":
                # `established_event1 = [[Aragon]]`: independence from Aragon, no label.
                continue
            shown, label = _LABELS[match[1]] + match[2], field_key(values[0].text.partition("(")[0])
            if shown in fields and re.fullmatch(r"[a-z][a-z_']{2,40}", label) and label.count("_") < 4:
                renamed[shown] = label
                renamed[key] = ""
    result: dict[str, list[Value]] = {}
    for key, values in fields.items():
        if name := renamed.get(key, key):
            known = result.setdefault(name, [])
            known += [value for value in values if value not in known]
    return result
