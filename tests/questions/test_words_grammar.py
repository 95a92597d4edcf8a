"""Pieces of grammar that questions are made of, one by one; and what a paragraph does with them."""

import random

import pytest
from test_question_words import corpus, pattern
from word_patterns import rich_corpus

from websailor.questions.words.english_grammar import (
    STUTTER,
    also,
    excepting,
    plain_time,
    repeats,
    told_alike,
    within,
)
from websailor.questions.words.english_question import English
from websailor.questions.words.plan import NoWording
from websailor.questions.words.realise import definite_variables, whole
from websailor.questions.words.speaker import parted
from websailor.records import Pattern


@pytest.mark.parametrize(
    ("verb", "again"),
    [
        ("was given to X", "was also given to X"),
        ("is the birthplace of X", "is also the birthplace of X"),
        ("has employed X", "has also employed X"),
        ("has been led by X", "has also been led by X"),
        ("has a twinning agreement with X", "also has a twinning agreement with X"),
        ("received X", "also received X"),
    ],
)
def test_also_stands_where_it_belongs(verb: str, again: str) -> None:
    assert also(verb) == again


def test_titles_are_parted() -> None:
    assert parted("Velan Torid (company)") == ("Velan Torid", "company")
    assert parted("Velan Torid") == ("Velan Torid", None)
    assert parted("Velan (old) Torid") == ("Velan (old) Torid", None)


def test_small_frames() -> None:
    assert excepting("person", ["Ada", "Bo"], followed=True) == "person, other than Ada or Bo,"
    assert excepting("person", ["Ada"], followed=False) == "person other than Ada"
    assert within("0", "100") == "up to 100"
    assert within("100", "200") == "between 100 and 200"
    assert plain_time("was born in between 1950 and 1999") == "was born between 1950 and 1999"
    assert plain_time("dates from between 1950 and 1999") == "dates from between 1950 and 1999"
    assert plain_time("has an area of between 40 and 50") == "has an area of between 40 and 50"


def test_repeated_verbs_and_stems_are_seen() -> None:
    assert repeats(["died at the age of 46", "died in X"])
    assert repeats(["was born in 1950", "was born in X"])
    assert not repeats(["was born in 1950", "was taught by X"])
    assert STUTTER.search("in the field that is the field of X")
    assert STUTTER.search("before the founding of a company that they founded")


def test_a_phrase_for_long_ends_gives_way_to_its_plain_order() -> None:
    both = ["has {s} within its borders", "has within its borders {s}"]
    assert [told_alike(one, both) for one in both] == [False, True]
    assert not told_alike("has within its borders {s}", both[1:])


def speaker(made: Pattern, seed: int = 0) -> English:
    root = whole(made)
    return English(corpus(), made, root, definite_variables(corpus(), made, root), random.Random(seed))


def test_titles_of_the_generated_world_become_words() -> None:
    told = speaker(pattern("Ada", ["Cy"], "Ada employed_by Wok Works", "Wok Works founded_by Cy"))
    assert told.fictional("Velan Torid (company)", "company") == "the company Velan Torid"
    assert told.fictional("Velan Torid (person)", "person") == "Velan Torid (the person)"
    assert told.fictional("Velan Torid (born 1950)", "person") == "Velan Torid (born 1950)"
    assert told.fictional("Velan Torid Prize", "award") == "the Velan Torid Prize"
    assert told.fictional("Velan Torid Works", "company") == "Velan Torid Works"
    assert rich_corpus().lexicon.kind("award").articled  # pyright: ignore[reportOptionalMemberAccess]


def test_what_the_same_thing_has_one_of_is_definite() -> None:
    """Of a company there is one head office: "the settlement where the same company has its head office"."""
    made = pattern("Ada", [], "Ada employed_by Wok Works", "Ada lives_in Sel", "Wok Works hq_in Sel")
    texts: list[str] = []
    for seed in range(20):
        try:
            texts.append(speaker(made, seed).full())
        except NoWording:
            continue
    assert texts
    assert not any("a settlement where the same company" in text for text in texts), texts
