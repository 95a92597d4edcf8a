"""Wikitext for the tests: a page, its text and its infobox values from a few words of markup."""

from websailor.records import Page, Value
from websailor.wiki.dump import RawPage
from websailor.wiki.pages import read_page
from websailor.wiki.scanner import scan
from websailor.wiki.titles import Site

SITE = Site()


def text_of(source: str, title: str = "Here") -> str:
    return scan(source, SITE, title).text


def page_of(source: str, title: str = "Here") -> Page:
    return read_page(RawPage(id=1, title=title, namespace=0, text=source, redirect_to=None), SITE)


def values_of(field: str, key: str = "key", rest: str = "") -> list[Value]:
    page = page_of("{{Infobox thing\n| " + key + " = " + field + "\n}}\n" + rest)
    return [value for found in page.infobox for value in found.values]


def shown(field: str, key: str = "key", rest: str = "") -> list[str]:
    """Values in short: `E:target`, `D:iso`, `N:number unit`, `T:text`."""
    short = []
    for value in values_of(field, key, rest):
        content = {
            "entity": value.target,
            "date": value.date,
            "number": f"{value.number:g} {value.unit or ''}".strip() if value.number is not None else "",
            "text": value.text,
        }[value.type]
        short.append(f"{value.type[0].upper()}:{content}")
    return short
