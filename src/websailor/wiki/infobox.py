"""Infobox wikitext -> typed fields: what the box shows, without pictures, captions and other presentation.

mwparserfromhell splits the template into its fields; the scanner reads every value, so that lists, line breaks and
inline templates mean the same here as in the text.
"""

import logging
import re
from collections.abc import Iterator, Mapping

import mwparserfromhell
from mwparserfromhell.nodes import Template

from websailor.records import InfoboxField, Value
from websailor.wiki.marks import BREAK, ITEM, ROW
from websailor.wiki.names import NAMES
from websailor.wiki.scanner import is_infobox, scan_value
from websailor.wiki.titles import Site
from websailor.wiki.values import Linked, read_line

log = logging.getLogger(__name__)

_SKIPPED_KEY = re.compile("|".join(NAMES["infobox"]["skipped_keys"]))
_LABELS: dict[str, str] = NAMES["infobox"]["labels"]
_LABEL_KEY = re.compile(f"({'|'.join(_LABELS)})(\\d*)$")
_SEPARATOR = re.compile(f"[{BREAK}{ITEM}{ROW}\n]+|[ \xa0][·•][ \xa0]")
_WEB_LINK = re.compile(r"\[(?:https?:|ftp:)?//[^\s\[\]]*[ \t]*([^\[\]\n]*)\]")
_DEEPEST_BOX = 3


def read_infobox(
    source: str, site: Site, title: str, anchors: Mapping[str, str]
) -> tuple[str | None, tuple[InfoboxField, ...]]:
    """Type and fields of the infobox whose wikitext is `source`.

    `anchors`: words that are a link elsewhere on the page -> title. A box that cannot be parsed is logged and has
    no fields.
    """
    try:
        nodes = mwparserfromhell.parse(source, skip_style_tags=True).filter_templates(recursive=False)
    except mwparserfromhell.parser.ParserError as error:
        log.warning("%s: unreadable infobox: %s", title, error)
        return None, ()
    if not nodes:
        return None, ()
    others = {words: target for words, target in anchors.items() if target != title}
    fields: dict[str, list[Value]] = {}
    for key, raw in _parameters(nodes[0], depth=0):
        known = fields.setdefault(key, [])
        known += [value for value in _values(key, raw, site, title, others) if value not in known]
    filled = _under_labels({key: values for key, values in fields.items() if values})
    for key in ("largest_city", "largest_settlement"):
        # The country and state boxes show the capital here.
        if (values := filled.get(key)) and values[0].text.lower() == "capital" and "capital" in filled:
            filled[key] = filled["capital"]
    return infobox_type(str(nodes[0].name)), tuple(InfoboxField(key=key, values=tuple(v)) for key, v in filled.items())


def infobox_type(name: str) -> str:
    """`Infobox U.S. state` -> `u.s. state`; `Taxobox` -> `taxobox`."""
    name = re.sub(r"<!--.*?-->", "", name, flags=re.DOTALL).replace("_", " ").strip().lower()
    return " ".join(re.sub(r"^infobox\b|\binfobox$", "", name).split()) or "thing"


def field_key(name: str) -> str:
    """`Largest city` -> `largest_city`."""
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def _parameters(template: Template, depth: int) -> Iterator[tuple[str, str]]:
    """Keys and raw values, those of boxes inside a box in their place."""
    for parameter in template.params:
        if not parameter.showkey:
            continue
        key, raw = field_key(str(parameter.name)), str(parameter.value)
        if depth < _DEEPEST_BOX and "infobox" in raw.lower():
            inner = [node for node in parameter.value.filter_templates(recursive=False) if is_infobox(_name(node))]
            for node in inner:
                yield from _parameters(node, depth + 1)
            if inner:
                continue
        if raw.strip() and not _SKIPPED_KEY.search(key):
            yield key, raw


def _name(template: Template) -> str:
    return str(template.name).replace("_", " ").strip().lower()


def _values(key: str, raw: str, site: Site, title: str, anchors: Mapping[str, str]) -> list[Value]:
    """All values of one field, in order, without duplicates."""
    text, marks = scan_value(raw, site, title)
    text = _WEB_LINK.sub(r"\1", text).replace("'''", "").replace("''", "")
    linked = Linked(marks, anchors)
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
