"""Observations become statements; nothing else does."""

import pytest

from websailor.records import Domain
from websailor.trajectories.reading import Notes, mentions, read_search, read_visit
from websailor.trajectories.words import fits, kind_in
from websailor.wiki.titles import plain_name

BY_TITLE = """1. Melik Works: founded by: Velan Torid
2. Aren Solak: She is employed by Melik Works.
3. Baro Kesh: Baro Kesh was born in 1944 in Tesk Olin."""

BY_URL = """A search for 'x' found 2 results:

1. [Melik Works (company)](https://wiki.example/Melik_Works)
It was set up by Velan Torid.

2. [Tesk: A Life](https://wiki.example/Tesk)
Tesk: A Life is a written work by Aren Solak."""


def test_hits_in_both_forms():
    assert [(hit.title, hit.url) for hit in read_search(BY_TITLE)] == [
        ("Melik Works", None),
        ("Aren Solak", None),
        ("Baro Kesh", None),
    ]
    first, second = read_search(BY_URL)
    assert (first.title, first.url) == ("Melik Works (company)", "https://wiki.example/Melik_Works")
    assert (second.title, second.snippet) == ("Tesk: A Life", "Tesk: A Life is a written work by Aren Solak.")
    assert read_search("No results.") == []


def test_statements_from_lines_sentences_and_pronouns():
    notes = Notes(["founded_by", "employed_by", "born", "born_in"])
    notes.add_search(BY_TITLE)
    assert notes.objects("Melik Works", "founded_by") == ("Velan Torid",)
    assert notes.subjects("employed_by", "melik works") == ("Aren Solak",)
    assert notes.objects("Baro Kesh", "born") == ("1944",)
    assert notes.objects("Baro Kesh", "born_in") == ("Tesk Olin",)


def test_a_year_is_no_birthplace_and_a_place_no_year():
    notes = Notes(["born", "born_in"])
    notes.add_search("1. Aren Solak: She was born in 1962.\n2. Baro Kesh: He was born in Tesk Olin.")
    assert notes.objects("Aren Solak", "born_in") == ()
    assert notes.objects("Baro Kesh", "born") == ()
    assert notes.objects("Baro Kesh", "born_in") == ("Tesk Olin",)


def test_a_page_and_a_missing_page():
    notes = Notes(["hq_in"])
    (view,) = notes.add_visit("Melik Works\nhq_in: Kelu Baro\nMelik Works is a company.", "Melik Works")
    assert view.fields == (("hq_in", "Kelu Baro"),)
    assert notes.objects("Melik Works", "hq_in") == ("Kelu Baro",)
    assert notes.kind("Melik Works") == "company"
    assert read_visit("There is no page Nowhere.")[0].fields == ()


def test_a_redirect_makes_two_names_one():
    notes = Notes(["hq_in"])
    notes.add_visit("United Kelu\nfounded: 1900", "Kelu Union")
    assert notes.key("Kelu Union") == notes.key("United Kelu")


def test_namesakes_are_kept_apart():
    notes = Notes(["born"])
    notes.add_search("1. Aren Solak: born: 1962\n2. Aren Solak (1901): born: 1901")
    assert notes.objects("Aren Solak", "born") == ("1962",)
    assert notes.objects("Aren Solak (1901)", "born") == ("1901",)
    assert plain_name("Aren Solak (1901)") == "Aren Solak"


def test_mentions_are_whole_words():
    assert mentions("He works for Melik Works.", "Melik Works")
    assert not mentions("He works for Melik Worksop.", "Melik Works")


@pytest.mark.parametrize(
    ("lattice", "value", "inside", "outside"),
    [
        ("decade", "1950s", "2 April 1953", "1962"),
        ("half_century", "1900-1949", "1949", "1950"),
        ("century", "20", "1987", "1822"),
        ("year", "1953", "1953-04-02", "1954"),
        ("range", "100..200", "150 km2", "2,000"),
        ("range", "1900..1910", "1905", "1911"),
        ("value", "1200", "1,200", "12000"),
        ("initial", "V", "Velan Torid", "Torid Velan"),
    ],
)
def test_labels(lattice, value, inside, outside):
    domain = Domain(variable="x", lattice=lattice, value=value)
    assert fits(domain, inside)
    assert not fits(domain, outside)


def test_tables_tenures_and_inverse_sentences():
    notes = Notes(["campus_in", "led_by", "born_in"])
    notes.add_visit("Orvan College\nRecord Item | Detail Campus | Kelu Baro", "Orvan College")
    assert notes.objects("Orvan College", "campus_in") == ("Kelu Baro",)
    notes.add_search("1. Tesk Olin: Melik Bank has been led by Velan Torid since 1934.")
    assert notes.objects("Melik Bank", "led_by") == ("Velan Torid",)
    notes.add_search("1. Kelu Baro: Kelu Baro is the birthplace of Aren Solak, Ilva Ruun and Velan Torid.")
    assert notes.subjects("born_in", "Kelu Baro") == ("Aren Solak", "Ilva Ruun", "Velan Torid")


def test_infobox_keys_of_real_pages():
    notes = Notes(["doctoral_advisor", "children"])
    notes.add_visit("Alfred Kleiner\ndoctoral students: Albert Einstein, Paul Gruner\nchild2: Emil", "Alfred Kleiner")
    assert notes.subjects("doctoral_advisor", "Alfred Kleiner") == ("Albert Einstein", "Paul Gruner")
    assert notes.objects("Alfred Kleiner", "children") == ("Emil",)


def test_shortened_names_count_only_where_pages_word_a_relation_freely():
    notes = Notes(["influenced", "founded_by"])
    assert notes.alike("influenced", "Einstein", "Albert Einstein")
    assert notes.alike("influenced", "Berber", "Berber languages")
    assert not notes.alike("influenced", "Alfred Einstein", "Albert Einstein")
    assert not notes.alike("founded_by", "Torid", "Velan Torid")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Orvan College is a school in Kelu Baro.", "school"),
        ("Under Rain is a written work by Aren Solak.", "work"),
        ("Velan Torid was born in 1931.", None),
    ],
)
def test_the_kind_a_sentence_states(text, kind):
    assert kind_in(text) == kind
