"""Any input gives a page, in time that grows with its length."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toy_wikitext import SITE, page_of
from websailor.records import Page
from websailor.wiki.scanner import Markup, scan

FRAGMENTS = st.sampled_from(
    ["{{", "}}", "[[", "]]", "{|", "|}", "|-", "|", "||", "!!", "\n", "\n{|", "\n|}", "\n|", "=", "==", "'''",
    "<ref>", "</ref>",
     "<!--", "-->", "<nowiki>", "</nowiki>", "<br>", "<math>", "{{Infobox x|a=", "[[File:", "[[Category:",
     "{{convert|", "{{ubl|",
     "http://", "[http://a b]", "&nbsp;", "&#x110000;", "&#xe001;", "&#xe010;", "&#57360",
     "&#xF0000;", "&#x00f0001;", "&#983040;", "\ue010", "\uf8ff", "\ue002", "\U000f0001", "\U0010ffff", "{{flag|",
     "rowspan=999", "1", "a",
     "{{birth date|", "9999", "-", "²", "٣", "é", "中", "{{{", "}}}", "\x00", "<", ">", "*", "#", ":", ";", "(", ")",
     ",", " "]
)  # fmt: skip


def check_markup(markup: Markup) -> None:
    for link in markup.links:
        assert link.target
        assert link.offset == -1 or markup.text[link.offset :].startswith(link.anchor)
    assert not re.search("[\ue000-\uf8ff\U000f0000-\U0010ffff]", markup.text)


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
