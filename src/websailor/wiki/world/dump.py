"""Writes a world as a MediaWiki XML dump (export schema 0.11), and its truth beside it.

What enters: a `World`. What leaves: `FILE.xml` or `FILE.xml.bz2`, written as a stream and renamed into place when
complete; `world.json` (knobs, lexicon, counts) and `facts.jsonl` (every fact with the pages that state it).
"""

import bz2
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast
from xml.sax.saxutils import escape

import numpy as np

from websailor.files import replacing, write_json
from websailor.wiki.relations import relations
from websailor.wiki.world.lists import YEARS, Lists, WikiPage, redirects_and_disambiguations
from websailor.wiki.world.model import DISAGREES, INFOBOX, ON_OBJECT, TABLE, TEXT, TrueFact, World
from websailor.wiki.world.pages import PageWriter

NAMESPACES = {-1: "Special", 0: "", 1: "Talk", 4: "Project", 6: "File", 10: "Template", 12: "Help", 14: "Category"}
TIMESTAMP = "2025-01-01T00:00:00Z"


def base_url(world: World) -> str:
    """Address of the encyclopedia's main page; `.example` is reserved, so no such site can exist."""
    return f"https://{world.config.profile}-{world.config.seed}.world.example/wiki/Main_Page"


def write_dump(world: World, path: Path) -> int:
    """Write the dump, compressed if the name ends in `.bz2`; a failure leaves nothing. Returns how many pages."""
    count = 0
    with replacing(path) as temporary, _open(temporary, compressed=path.suffix == ".bz2") as file:
        file.write(_siteinfo(world))
        for count, page in enumerate(all_pages(world), 1):
            file.write(_page(count, page))
        file.write("</mediawiki>\n")
    return count


def all_pages(world: World) -> Iterator[WikiPage]:
    """Every page in page id order: entities first, then redirects, disambiguation, lists, categories."""
    writer = PageWriter(world)
    lists = Lists(writer)
    years = _years_stated(world) if world.config.lists else {}
    for entity, title in enumerate(writer.titles):
        yield WikiPage(title, writer.wikitext(entity, lists.categories(entity, years.get(entity, {}))))
    yield from redirects_and_disambiguations(writer)
    if world.config.lists:
        yield from lists.pages()


def _years_stated(world: World) -> dict[int, dict[str, int]]:
    """Entity -> year relation -> year, for the categories by year."""
    found: dict[int, dict[str, int]] = {}
    for name in YEARS:
        for entity, year in world.literal_by_subject(name).items():
            found.setdefault(entity, {})[name] = year
    return found


def write_truth(world: World, directory: Path, prefix: str = "") -> None:
    """Write `<prefix>world.json` and `<prefix>facts.jsonl` into a directory."""
    facts = directory / f"{prefix}facts.jsonl"
    with replacing(facts) as temporary, temporary.open("w", encoding="utf-8") as file:
        for fact in true_facts(world):
            file.write(fact.model_dump_json(exclude_none=True) + "\n")
    write_json(
        directory / f"{prefix}world.json",
        {
            "config": world.config.model_dump(mode="json"),
            "seed": world.config.seed,
            "language": "en",
            "lexicon": list(world.words),
            "entities": len(world),
            "facts": len(world.subject_F),
            "kinds": {kind: int((world.kind_N == number).sum()) for number, kind in enumerate(world.kinds)},
        },
    )


def true_facts(world: World) -> Iterator[TrueFact]:
    """Every fact of the world, in column order, with the titles of the pages that state it."""
    titles, types = world.titles, world.value_types()
    units = [known.unit for known in relations().values()]
    lists = Lists(PageWriter(world)) if world.config.lists else None
    order = np.argsort(world.aside_fact_A, kind="stable")
    aside_page = world.aside_page_A[order].tolist()
    first_aside = np.searchsorted(world.aside_fact_A[order], np.arange(len(world.subject_F) + 1)).tolist()
    columns = (world.subject_F, world.relation_F, world.object_F, world.start_F, world.end_F, world.place_F)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for fact, (subject, relation, value, start, end, place) in enumerate(rows):
        entity = types[relation] == "entity"
        pages = [titles[subject]] if place & (INFOBOX | TEXT | TABLE) else []
        if place & ON_OBJECT:
            pages.append(titles[value])
        pages.extend(titles[page] for page in aside_page[first_aside[fact] : first_aside[fact + 1]])
        if lists is not None and (title := lists.list_title(fact)) is not None:
            pages.append(title)
        literal = world.texts[value] if types[relation] == "text" else str(value)
        yield TrueFact(
            subject=titles[subject],
            relation=world.relations[relation],
            object=titles[value] if entity else literal,
            value_type=types[relation],
            unit=units[relation],
            start=start or None,
            end=end or None,
            pages=tuple(dict.fromkeys(pages)),
            disputed=bool(place & DISAGREES),
        )


def _open(path: Path, compressed: bool) -> IO[str]:
    if compressed:
        return cast(IO[str], bz2.open(path, "wt", compresslevel=5, encoding="utf-8", newline="\n"))
    return path.open("w", encoding="utf-8", newline="\n")


def _siteinfo(world: World) -> str:
    rows = "\n".join(
        f'      <namespace key="{key}" case="first-letter"' + (f">{name}</namespace>" if name else " />")
        for key, name in NAMESPACES.items()
    )
    return (
        '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">\n'
        "  <siteinfo>\n"
        f"    <sitename>World {world.config.seed}</sitename>\n"
        f"    <dbname>world{world.config.seed}</dbname>\n"
        f"    <base>{base_url(world)}</base>\n"
        "    <generator>websailor</generator>\n"
        "    <case>first-letter</case>\n"
        f"    <namespaces>\n{rows}\n    </namespaces>\n"
        "  </siteinfo>\n"
    )


def _page(number: int, page: WikiPage) -> str:
    target = escape(page.redirect or "", {'"': "&quot;"})
    pointer = f'    <redirect title="{target}" />\n' if page.redirect else ""
    return (
        f"  <page>\n    <title>{escape(page.title)}</title>\n    <ns>{page.namespace}</ns>\n    <id>{number}</id>\n"
        f"{pointer}"
        f"    <revision>\n      <id>{number}</id>\n      <timestamp>{TIMESTAMP}</timestamp>\n"
        "      <model>wikitext</model>\n      <format>text/x-wiki</format>\n"
        f'      <text bytes="{len(page.text.encode())}" xml:space="preserve">{escape(page.text)}</text>\n'
        "    </revision>\n  </page>\n"
    )
