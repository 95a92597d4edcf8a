"""Wikitext -> text, links, dates and sentences, by example."""

import pytest

from toy_wikitext import SITE, page_of, text_of
from websailor.wiki.dates import find_date
from websailor.wiki.dump import RawPage
from websailor.wiki.marks import without_marks
from websailor.wiki.pages import read_page
from websailor.wiki.scanner import scan
from websailor.wiki.sentences import first_sentence, sentences


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
        ("{|\n! Year !! By !! Film\n|-\n| rowspan=2 | 1950<br>(1st) || [[A]]<br>[[B]] || [[C]]\n|-\n"
         "| D<br>or E || F\n|-\n| X || G\n|}",
         "Year | By | Film\nYear: 1950 (1st) | By: A, B | Film: C\nYear: 1950 (1st) | By: D or E | Film: F\nX | G"),
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
    assert markup.infobox is not None and markup.infobox.name == "infobox person"
    assert [(key, without_marks(value)) for key, value in markup.infobox.fields] == [
        ("spouse", "her"),
        ("home", "Eden"),
    ]
    assert markup.text == "He lived in Eden."


def test_redirects_and_disambiguation() -> None:
    assert page_of("'''X''' may be:\n* [[Y]]\n{{Disambig}}").disambiguation
    assert page_of("text", "X (disambiguation)").disambiguation
    assert not page_of("text").disambiguation
    redirect = read_page(RawPage(1, "A", 0, "#REDIRECT [[B]] {{R from x}}", "B"), SITE)
    assert (redirect.redirect_to, redirect.text, redirect.links) == ("B", "", ())


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
