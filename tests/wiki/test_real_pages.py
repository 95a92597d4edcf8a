"""Pages of the English Wikipedia, against mwparserfromhell and against what a reader sees."""

import re
from pathlib import Path

import mwparserfromhell
import pytest

from toy_wikitext import SITE
from websailor.wiki.dump import DumpReader, RawPage
from websailor.wiki.infobox import field_key
from websailor.wiki.pages import read_page
from websailor.wiki.scanner import is_infobox, scan


@pytest.fixture(scope="module")
def real_pages(sample_dump: Path) -> list[RawPage]:
    return [page for page in DumpReader(sample_dump) if page.redirect_to is None and page.namespace == 0]


def test_links_of_real_pages_against_mwparserfromhell(real_pages: list[RawPage]) -> None:
    """Of the links that stand in the prose, nearly all are found, and none is invented."""
    wanted = found = invented = total = 0
    for raw in real_pages[::6]:
        source = re.split(r"\n==\s*(?:References|External links|Notes|Further reading)", raw.text)[0]
        expected = set()
        for node in mwparserfromhell.parse(source, skip_style_tags=True).ifilter_wikilinks(recursive=False):
            title = str(node.title)
            if ":" not in title and title.strip() and not title.startswith("#") and "{" not in title:
                expected.add(SITE.normalise(title))
        everything = {
            SITE.normalise(str(node.title))
            for node in mwparserfromhell.parse(raw.text, skip_style_tags=True).ifilter_wikilinks()
        }
        ours = {link.target for link in scan(source, SITE, raw.title).links}
        wanted += len(expected)
        found += len(expected & ours)
        total += len(ours)
        invented += sum(not re.search(re.escape(target[1:20]), raw.text) for target in ours - everything)
    assert wanted > 1000
    assert found / wanted > 0.99, (found, wanted)
    assert invented / total < 0.01, (invented, total)


def test_infobox_keys_of_real_pages_against_mwparserfromhell(real_pages: list[RawPage]) -> None:
    """Every page with an infobox gets it, whole."""
    boxes = 0
    for raw in real_pages:
        if "infobox" not in raw.text.lower():
            continue
        nodes = mwparserfromhell.parse(raw.text, skip_style_tags=True).filter_templates(recursive=False)
        names = [(str(node.name).strip().lower().replace("_", " "), node) for node in nodes]
        expected = next((node for name, node in names if is_infobox(name)), None)
        box = scan(raw.text, SITE, raw.title).infobox
        assert (expected is None) == (box is None), raw.title
        if expected is not None:
            boxes += 1
            assert box is not None
            assert box.name == str(expected.name.strip_code()).strip().lower(), raw.title
            if not any("{{infobox" in str(field.value).lower() for field in expected.params):
                fields = [field for field in expected.params if field.showkey]
                assert [field_key(key) for key, _ in box.fields] == [field_key(str(field.name)) for field in fields]
                for (_, value), field in zip(box.fields, fields, strict=True):
                    assert value == str(field.value) or re.search(r"[\[{<&]", str(field.value)), (raw.title, field)
    assert boxes > 35


def test_real_pages_read_clean(real_pages: list[RawPage]) -> None:
    """No markup is left in text, values, anchors or categories (but in formulas); first sentences are sentences."""
    markup = re.compile(
        r"\{\{|\}\}|\[\[|\]\]|</?(?:ref|br|small|div|span)\b|'''|\[https?:|style=|\{\||\|\}|&(?:nbsp|ndash|amp);"
    )
    started, dirty = 0, []
    for raw in real_pages:
        page = read_page(raw, SITE)
        text = re.sub(r"[^\n]*\\[a-z]+[^\n]*|[^\n]*\{\{?\[?[A-Z][^\n]*", "", page.text)
        parts = [text, *page.categories, *(link.anchor for link in page.links)]
        parts += [value.text for field in page.infobox for value in field.values]
        dirty += [(raw.title, match.group()) for part in parts for match in markup.finditer(part)]
        for link in page.links:
            assert link.offset == -1 or page.text[link.offset :].startswith(link.anchor)
        head = re.sub(r" \(.*", "", raw.title).split()[0].lower()
        started += head[:5] in page.first_sentence.lower() or page.disambiguation
    assert dirty == []
    assert started > 0.85 * len(real_pages), started


FACTS = {
    ("Ayn Rand", "birth_date"): "D:1905-02-02",
    ("Ayn Rand", "birth_place"): "E:Saint Petersburg",
    ("Ayn Rand", "spouse"): "T:Frank O'Connor",
    ("Albert Einstein", "death_date"): "D:1955-04-18",
    ("Albert Einstein", "doctoral_advisor"): "E:Alfred Kleiner",
    ("Albert Einstein", "spouse"): "E:Mileva Marić",
    ("Algeria", "capital"): "E:Algiers",
    ("Algeria", "area_km2"): "N:2.38174e+06 km2",
    ("Algeria", "president"): "E:Abdelaziz Bouteflika",
    ("Algeria", "population_estimate"): "N:4.04e+07",
    ("Animal Farm", "author"): "E:George Orwell",
    ("Animal Farm", "published"): "D:1945-08-17",
    ("Apollo 11", "crew_members"): "E:Neil Armstrong",
    ("Apollo 11", "launch_date"): "D:1969-07-16",
    ("Apollo 11", "recovery_by"): "E:USS Hornet (CV-12)",
    ("Andre Agassi", "country"): "E:United States",
    ("Andre Agassi", "birth_date"): "D:1970-04-29",
    ("Actrius", "director"): "E:Ventura Pons",
    ("Actrius", "released"): "D:1997-01-17",
    ("Actrius", "runtime"): "N:100 minutes",
    ("Alaska", "capital"): "E:Juneau, Alaska",
    ("Alain Connes", "alma_mater"): "E:École Normale Supérieure",
    ("Abraham Lincoln", "spouse"): "E:Mary Todd Lincoln",
    ("Abraham Lincoln", "birth_date"): "D:1809-02-12",
    ("Aldous Huxley", "notableworks"): "E:Brave New World",
    ("Aristotle", "birth_date"): "D:-0384",
    ("Andorra", "prime_minister"): "E:Antoni Martí",
    ("Alberta", "premier"): "E:Rachel Notley",
    ("America the Beautiful", "composer"): "E:Samuel A. Ward",
    ("Aikido", "creator"): "E:Morihei Ueshiba",
}


def test_facts_of_real_pages(real_pages: list[RawPage]) -> None:
    pages = {raw.title: read_page(raw, SITE) for raw in real_pages if raw.title in {title for title, _ in FACTS}}
    short = {"entity": "target", "date": "date", "text": "text"}
    for (title, key), expected in FACTS.items():
        value = next(field for field in pages[title].infobox if field.key == key).values[0]
        if value.type == "number":
            found = f"N:{value.number:g} {value.unit or ''}".strip()
        else:
            found = f"{value.type[0].upper()}:{getattr(value, short[value.type])}"
        assert found == expected, (title, key)
