"""Wikitext -> text, links and infobox values: by example, against mwparserfromhell on real pages, and on garbage."""

import re
import time
from pathlib import Path

import mwparserfromhell
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from websailor.records import Page, Value
from websailor.wiki.dates import find_date
from websailor.wiki.dump import DumpReader, RawPage
from websailor.wiki.pages import read_page
from websailor.wiki.scanner import Markup, is_infobox, scan
from websailor.wiki.sentences import first_sentence, sentences
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


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("'''Bold''' and ''italic'' and '''''both'''''", "Bold and italic and both"),
        ("a <!-- hidden [[x]] {{y}} --> b", "a b"),
        ("cut <!-- never closed", "cut"),
        ("fact<ref>{{cite web|title=x}}</ref> and<ref name=a /> more.", "fact and more."),
        ("fact.<ref name=\"a\">x [[y]]</ref> Next", "fact. Next"),
        ("[[File:x.jpg|thumb|A [[caption]] here]]Text", "Text"),
        ("[[:File:x.jpg]] [[wikt:word|a word]] [[de:Seite]]", "File:x.jpg a word"),
        ("see [http://x.org the site] and [https://y.org] now", "see the site and now"),
        ("one<br>two<br />three", "one two three"),
        ("<nowiki>[[no]] {{link}}</nowiki>", "[[no]] {{link}}"),
        ("&amp; &nbsp;&lt;tag&gt; &ndash; &eacute;", "& <tag> – é"),
        ("10<sup>6</sup> m<sup>2</sup>, H<sub>2</sub>O", "10^6 m2, H2O"),
        ("__NOTOC__ text __TOC__", "text"),
        ("== Life ==\nBorn.\n=== Early ===\nYoung.", "Life\n\nBorn.\n\nEarly\n\nYoung."),
        ("Text.\n== References ==\n* a\n== See also ==\n* [[B]]", "Text.\n\nSee also\n\nB"),
        ("one\ntwo\n\nthree", "one two\n\nthree"),
        ("* a\n* b\n** c", "a\nb\nc"),
        ("; term : definition\n: indented", "term : definition\nindented"),
        ("x\n----\ny", "x\n\ny"),
        ("He (born {{circa|1800}}) and (; {{IPA|x}}) and ({{lang-de|Haus}}; {{IPA|x}})",
         "He (born c. 1800) and and (German: Haus)"),
        ("(ANSI, {{IPA|x}} {{respell|y}}) a <ref>z</ref>, b{{cn}}<ref>z</ref> {{cn}}. c", "(ANSI) a, b. c"),
        ("{{unknown|a|b}}left", "left"),
        ("{{unknown|[[File:a|b}} left", "left"),
        ("}} ]] |} stray", "}} ]] |} stray"),
        ("[[never closed and {{never|closed", "[[never closed and {{never|closed"),
        ("{{convert|5|to|10|km|mi}} {{convert|2381741|km2}} {{cvt|5|ft|11|in}}", "5 to 10 km 2,381,741 km2 5 ft 11 in"),
        ("{{lang|fr|mot}} {{nowrap|a b}} {{small|c}} {{abbr|Dr|Doctor}}", "mot a b c Dr"),
        ("{{as of|2010}} and {{as of|2010|5|lc=y}}", "As of 2010 and as of May 2010"),
        ("{{birth date|1947|4|1}} {{Birth date and age|df=yes|1947|04|01}}", "April 1, 1947 1 April 1947"),
        ("{{death date and age|1955|4|18|1879|3|14}}", "April 18, 1955"),
        ("{{start date|1999}} {{start-date|July 16, 1969}}", "1999 July 16, 1969"),
        ("{{OldStyleDate|February 2|1905|January 20}}", "February 2, 1905"),
        ("{{flag|USA}}, {{flagicon|FRA}}{{GER}}", "United States, Germany"),
        ("a{{·}}b {{ndash}} {{nbsp}}c{{'}}s", "a · b – c's"),
        ("{{hlist|a|b}} {{ubl|c|d}}", "a, b c, d"),
        ("{{frac|1|2}} {{frac|3|1|4}} {{val|1.6|e=-19|u=C}}", "1/2 3 1/4 1.6×10^-19 C"),
        ("{{zh|c=中国|p=Zhōngguó}} {{lang-zh|中国}}", "Chinese: 中国; pinyin: Zhōngguó Chinese: 中国"),
        ("{{PAGENAME}} {{formatnum:3003}}", "Here 3003"),
        ("{{USS|Hornet|CV-12|6}}", "USS Hornet"),
        ("{|\n! Name !! Born\n|-\n| [[A]] || 1950\n|-\n| style=\"x\" | B\n| 1960\n|}",
         "Name | Born\nA | 1950\nB | 1960"),
        ("{|\n|+ Caption\n|-\n| rowspan=2 | A || 1\n|-\n| 2\n|}", "Caption\nA | 1\nA | 2"),
        ("{|\n| a\n{|\n| inner\n|}\n|}after", "a inner\n\nafter"),
        ("{|\n| never || closed", "never | closed"),
    ],
)  # fmt: skip
def test_text(source: str, text: str) -> None:
    assert text_of(source) == text


def test_links_have_anchor_target_and_offset() -> None:
    markup = scan(
        "'''A''' met [[b c|Bee]]s in [[New York City#Boroughs|the city]], [[Anthem (novella)|]] &amp; [[d]]. "
        "[[#Here|there]] [[Category:People|A]] [[:Category:X]] [[2001: A Space Odyssey]] [[File:x.png]] [[User:X]]",
        SITE,
    )
    assert [(link.anchor, link.target) for link in markup.links] == [
        ("Bees", "B c"),
        ("the city", "New York City"),
        ("Anthem", "Anthem (novella)"),
        ("d", "D"),
        ("2001: A Space Odyssey", "2001: A Space Odyssey"),
    ]
    assert all(markup.text[link.offset :].startswith(link.anchor) for link in markup.links)
    assert markup.categories == ("People",)


def test_links_in_the_infobox_alone_have_no_offset() -> None:
    markup = scan("{{Infobox person|spouse=[[Eve|her]]|home=[[Eden]]}}He lived in [[Eden]].", SITE)
    assert [(link.target, link.offset) for link in markup.links] == [("Eden", 12), ("Eve", -1)]
    assert markup.infobox == "{{Infobox person|spouse=[[Eve|her]]|home=[[Eden]]}}"
    assert markup.text == "He lived in Eden."


def test_redirects_and_disambiguation() -> None:
    assert page_of("'''X''' may be:\n* [[Y]]\n{{Disambig}}").disambiguation
    assert page_of("text", "X (disambiguation)").disambiguation
    assert not page_of("text").disambiguation
    redirect = read_page(RawPage(1, "A", 0, "#REDIRECT [[B]] {{R from x}}", "B"), SITE)
    assert (redirect.redirect_to, redirect.text, redirect.links) == ("B", "", ())


@pytest.mark.parametrize(
    ("field", "key", "values"),
    [
        ("{{birth date and age|1947|4|1}}", "birth_date", ["D:1947-04-01"]),
        ("{{Birth date|df=yes|1879|3|14}}", "birth_date", ["D:1879-03-14"]),
        ("14 March 1879, [[Ulm]]", "born", ["D:1879-03-14", "E:Ulm"]),
        ("384 BC", "birth_date", ["D:-0384"]),
        ("c. 1340s", "birth_date", ["T:c. 1340s"]),
        ("April 19, 1775 – September 3, 1783", "date", ["D:1775-04-19", "D:1783-09-03"]),
        ("17 August 1945 ([[Secker and Warburg]], London)", "published", ["D:1945-08-17"]),
        ("1986", "turnedpro", ["D:1986"]),
        ("1953", "born", ["D:1953"]),
        ("1953", "population", ["N:1953"]),
        ("1953", "population_year", ["D:1953"]),
        ("1911–1961", "years_active", ["T:1911–1961"]),
        ("[[Ulm]], [[Kingdom of Württemberg]], [[German Empire]]", "birth_place",
         ["E:Ulm", "E:Kingdom of Württemberg", "E:German Empire"]),
        ("[[Saint Petersburg|St. Petersburg]], Russia", "birth_place", ["E:Saint Petersburg", "T:Russia"]),
        ("{{nowrap|[[Princeton, New Jersey]], U.S.}}", "death_place", ["E:Princeton, New Jersey", "T:U.S."]),
        ("{{Plainlist|\n* [[A]] (1902–1909)\n* [[B]] (Ph.D., 1905)<ref>x</ref>\n}}", "workplaces", ["E:A", "E:B"]),
        ("{{plainlist}}\n* [[A]]\n* [[B]]\n{{endplainlist}}", "workplaces", ["E:A", "E:B"]),
        ("{{ubl|[[A]]|B|{{flag|France}}}}", "members", ["E:A", "T:B", "E:France"]),
        ("{{hlist |[[Arabic]]<ref name=x/> |[[Berber languages|Berber]]}}", "languages", ["E:Arabic",
         "E:Berber languages"]),
        ("[[A]]<br />[[B]]<br>C", "parents", ["E:A", "E:B", "T:C"]),
        ("[[A]], [[B]] and [[C]]", "children", ["E:A", "E:B", "E:C"]),
        ("{{marriage|[[Mary Todd Lincoln|Mary Todd]]|1842|1865|reason=his death}}", "spouse", ["E:Mary Todd Lincoln"]),
        ("{{marriage|Frank O'Connor|1929|1979|end=w.}}", "spouse", ["T:Frank O'Connor"]),
        ("[[Mileva Marić]]&nbsp;(1903–1919)<br />{{nowrap|[[Elsa Löwenthal]]&nbsp;(1919–1936)}}", "spouse",
         ["E:Mileva Marić", "E:Elsa Löwenthal"]),
        ("A (today: [[B]]), C", "residence", ["T:A (today: B), C"]),
        ("40,400,000<ref name=\"ONS\">{{cite web|title=x}}</ref>", "population", ["N:4.04e+07"]),
        ("2381741", "area_km2", ["N:2.38174e+06 km2"]),
        ("15.9", "population_density_km2", ["N:15.9 /km2"]),
        ("{{convert|100756|lb|kg}}", "launch_mass", ["N:100756 lb"]),
        ("100 minutes", "runtime", ["N:100 minutes"]),
        ("$599.83 billion <ref>IMF</ref>", "gdp", ["N:5.9983e+11 $"]),
        ("[[United States dollar|US$]] 31,152,975", "prize_money", ["N:3.1153e+07 US$"]),
        ("112 (paperback)", "pages", ["N:112"]),
        ("44,579,000 square kilometres", "area", ["N:4.4579e+07 km2"]),
        ("No. '''1''' (April 10, 1995)", "ranking", ["N:1"]),
        ("12,000 French", "strength", ["T:12,000 French"]),
        ("870–274", "record", ["T:870–274"]),
        ("http://example.org", "links", []),
        ("<!-- nothing -->", "director", []),
        ("x.jpg", "image", []),
        ("''[[The Fountainhead]]''<br /> ''[[Atlas Shrugged]]''", "notableworks", ["E:The Fountainhead",
         "E:Atlas Shrugged"]),
    ],
)  # fmt: skip
def test_infobox_values(field: str, key: str, values: list[str]) -> None:
    assert shown(field, key) == values


def test_a_name_that_the_page_links_elsewhere_is_an_entity() -> None:
    assert shown("Ventura Pons", "producer", "Directed by [[Ventura Pons]].") == ["E:Ventura Pons"]
    assert shown("Paris, France", "death_place", "He died in [[Paris]].") == ["E:Paris", "T:France"]
    assert shown("Ada", "producer", "[[Ada (city)|Ada]] and [[Ada (name)|Ada]].") == ["T:Ada"]
    assert shown("Here", "producer", "[[Here]].") == ["T:Here"]


def test_fields_stand_under_the_label_that_the_box_shows() -> None:
    box = (
        "{{Infobox country|capital=[[Algiers]]|largest_city=capital|leader_title1=[[President of Algeria|President]]"
        "|leader_name1=[[Abdelaziz Bouteflika]]|established_event1=Recognised|established_date1=5 July 1962"
        "|established_event2=[[Aragon]]|established_date2=1278}}"
    )
    page = page_of(box)
    assert page.infobox_type == "country"
    assert {field.key: field.values[0].text for field in page.infobox} == {
        "capital": "Algiers",
        "largest_city": "Algiers",
        "president": "Abdelaziz Bouteflika",
        "recognised": "5 July 1962",
        "established_event2": "Aragon",
        "established_date2": "1278",
    }


def test_boxes_inside_boxes() -> None:
    page = page_of("{{Infobox a|x=[[X]]|module={{Infobox b|y=[[Y]]}}}}text{{Infobox c|z=1}}")
    assert (page.infobox_type, [field.key for field in page.infobox]) == ("a", ["x", "y"])


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("1 April 1947", "1947-04-01"), ("April 1, 1947", "1947-04-01"), ("Apr. 1947", "1947-04"), ("1947", "1947"),
        ("the 3rd of May, 1999", "1999-05-03"), ("2001-09-30", "2001-09-30"), ("44 BC", "-0044"), ("AD 79", None),
        ("79 AD", "0079"), ("1949年10月1日", "1949-10-01"), ("1,947", None), ("$1947", None), ("12345", None),
        ("31 Foo 12", None), ("July 16, 13:32", None), ("15 March 44 BC", "-0044-03-15"), ("", None),
    ],
)  # fmt: skip
def test_dates(text: str, iso: str | None) -> None:
    found = find_date(text)
    assert (found.iso if found else None) == iso


def test_sentences() -> None:
    text = 'Dr. A. B. Smith met J. R. R. Tolkien in St. Ives. He said "Yes." Then c. 1900 it ended! Why?'
    text += "\nA line\n\n他出生。他死了。"
    assert sentences(text) == [
        "Dr. A. B. Smith met J. R. R. Tolkien in St. Ives.", 'He said "Yes."', "Then c. 1900 it ended!", "Why?",
        "A line",
        "他出生。", "他死了。",
    ]  # fmt: skip
    assert (
        first_sentence("Heading\n\nIt is a town in the U.S. state of Ohio. More.")
        == "It is a town in the U.S. state of Ohio."
    )
    assert first_sentence("") == ""


# ---------------------------------------------------------------- any input

FRAGMENTS = st.sampled_from(
    ["{{", "}}", "[[", "]]", "{|", "|}", "|-", "|", "||", "!!", "\n", "\n{|", "\n|}", "\n|", "=", "==", "'''",
    "<ref>", "</ref>",
     "<!--", "-->", "<nowiki>", "</nowiki>", "<br>", "<math>", "{{Infobox x|a=", "[[File:", "[[Category:",
     "{{convert|", "{{ubl|",
     "http://", "[http://a b]", "&nbsp;", "&#x110000;", "&#xe001;", "\ue002", "\U000f0001", "\U0010ffff", "{{flag|",
     "rowspan=999", "1", "a",
     "{{birth date|", "9999", "-", "²", "٣", "é", "中", "{{{", "}}}", "\x00", "<", ">", "*", "#", ":", ";", "(", ")",
     ",", " "]
)  # fmt: skip


def check_markup(markup: Markup) -> None:
    for link in markup.links:
        assert link.target
        assert link.offset == -1 or markup.text[link.offset :].startswith(link.anchor)
    assert not re.search("[\ue001-\ue004\U000f0000-\U0010ffff]", markup.text)


@settings(max_examples=400, deadline=2000)
@given(st.lists(FRAGMENTS, max_size=60).map("".join))
@example("{{Infobox x|a=²}}")
@example("{{convert|²|km}}{{birth date|²|²|²}}{{ordinal|²}}")
@example("{{Infobox x|a=&#x110000;[[b|c]]\ue002}}")
def test_broken_wikitext_always_gives_a_page(source: str) -> None:
    check_markup(scan(source, SITE, "Title"))
    page = page_of(source)
    assert Page.model_validate_json(page.model_dump_json()) == page


@settings(max_examples=150, deadline=2000)
@given(st.text(max_size=300))
def test_any_text_always_gives_a_page(source: str) -> None:
    check_markup(scan(source, SITE))
    page_of("{{Infobox x|a=" + source + "|birth_date=" + source + "}}")


@pytest.mark.parametrize(
    "unit",
    ["{{", "[[", "{|\n", "\n{|", "{{a|", "[[a|", "<ref>", "<nowiki>", "<!--", "<a", "[http://a ", "'", "''", "(",
    "( ", " ,", "}}", "|",
     "\n|-\n|", "\n| rowspan=9 | a", "&", "{{ubl|", "{{Infobox a|b=", "=", "\n==", "[[File:", "{{convert|1|", "  ",
     "\u00a0 ", ".", "A. ", "a\n",
     "{{Infobox a|b=[[c]](", "1,", "1 ", "April 1, ", "[[a]]", "[[a]] (", "(("],
)  # fmt: skip
def test_time_is_linear_in_the_length(unit: str) -> None:
    """40 thousand repetitions of anything take seconds at most: nothing is scanned again and again."""
    source = unit * (40_000 // len(unit) + 1)
    started = time.process_time()
    check_markup(scan(source, SITE))
    page_of("{{Infobox a|key=" + source[:8_000] + "}}")
    assert time.process_time() - started < 8


# ---------------------------------------------------------------- real pages


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
            assert box == str(expected), raw.title
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
