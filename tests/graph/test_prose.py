"""Prose, tables and lists of a real encyclopedia."""

import pytest
from encyclopedia import Encyclopedia

from websailor.graph.extraction import read_page
from websailor.graph.phrases import mentions
from websailor.records import InfoboxField, Link, Page, Value


def real_page(title: str, kind: str | None, marked: str, *infobox: InfoboxField) -> Page:
    """A page whose text is `marked`, its links written [[target]] or [[target|anchor]]."""
    text, links, position = "", [], 0
    while (start := marked.find("[[", position)) >= 0:
        end = marked.index("]]", start)
        target, _, anchor = marked[start + 2 : end].partition("|")
        text += marked[position:start]
        links.append(Link(anchor=anchor or target, target=target, offset=len(text)))
        text += anchor or target
        position = end + 2
    text += marked[position:]
    return Page(
        id=0, title=title, url="https://x.org", text=text, links=tuple(links), infobox_type=kind, infobox=infobox
    )


def stated(page: Page) -> set[tuple[str, str, str]]:
    facts = read_page(page, Encyclopedia([page], generated=False), None, generated=False).facts
    assert all(fact.source.quote in page.text for fact in facts if fact.source.kind != "infobox")
    return {(fact.subject, fact.relation, fact.object) for fact in facts}


def ada(text: str) -> set[tuple[str, str, str]]:
    return stated(real_page("Ada Lin", "person", f"Ada Lin was a writer. {text}"))


@pytest.mark.parametrize(
    ("text", "relation", "value"),
    [
        ("She was born in [[Torid]].", "birth_place", "Torid"),
        ("Lin was born on 3 May 1911 in the town of [[Torid]].", "birth_place", "Torid"),
        ("In 1931, Lin graduated from [[Melik University]].", "alma_mater", "Melik University"),
        ("Lin attended [[Melik College|the college]] and left it.", "", ""),
        ("Lin married [[Ben Mar]] in 1940.", "spouse", "Ben Mar"),
        ("Lin married the painter [[Ben Mar]].", "spouse", "Ben Mar"),
        ("Lin received the [[Velan Prize]].", "awards", "Velan Prize"),
        ("Lin received [[Ben Mar]] kindly.", "", ""),
        ("Lin was the daughter of [[Cem Lin]] and [[Eve Lin]].", "parents", "Cem Lin"),
        ("Lin died of a stroke in [[Torid]].", "death_place", "Torid"),
        ("Lin was perhaps born in [[Torid]].", "", ""),
        ("Lin was not born in [[Torid]].", "", ""),
        ("Her brother was born in [[Torid]].", "", ""),
        ("He was born in [[Torid]].", "", ""),
        ("Lin Mar was born in [[Torid]].", "", ""),
    ],
)
def test_sentences_about_a_person(text: str, relation: str, value: str) -> None:
    she = "She wrote. She sang. "
    expected = ("Ada Lin", relation, value)
    assert (expected in ada(she + text)) if relation else (ada(she + text) == set())


def test_a_pronoun_counts_while_nobody_else_was_spoken_of() -> None:
    assert ada("Ben Mar was a friend. She was born in [[Torid]].") == set()
    assert ada("Ben Mar was a friend.\n\nShe was born in [[Torid]].") == {("Ada Lin", "birth_place", "Torid")}


def test_dates_of_a_life() -> None:
    lives = real_page("Ada Lin", "person", "Ada Lin (3 May 1911 – 7 June 1980) was a writer.")
    assert stated(lives) == {("Ada Lin", "birth_date", "1911-05-03"), ("Ada Lin", "death_date", "1980-06-07")}
    born = real_page("Ada Lin", "person", "Ada Lin (born 3 May 1911) is a writer.")
    assert stated(born) == {("Ada Lin", "birth_date", "1911-05-03")}
    assert stated(real_page("Ada Line", "company", "Ada Line (1911–1980) was a railway.")) == set()


def test_the_infobox_is_not_repeated_and_can_be_contradicted() -> None:
    box = InfoboxField(key="birth_date", values=(Value(type="date", text="1911", date="1911", number=1911),))
    agrees = real_page("Ada Lin", "person", "Ada Lin (3 May 1911 – 1980) was a writer.", box)
    assert stated(agrees) == {("Ada Lin", "birth_date", "1911"), ("Ada Lin", "death_date", "1980")}
    differs = real_page("Ada Lin", "person", "Ada Lin (born 1912) is a writer.", box)
    facts = read_page(differs, Encyclopedia([differs]), None, generated=False).facts
    assert {(fact.object, fact.source.kind) for fact in facts} == {("1911", "infobox"), ("1912", "sentence")}


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("It tells of [[Ben Mar]]'s 1936 novel [[Red Sea]].", {("Red Sea", "author", "Ben Mar")}),
        ("He read the novel [[Red Sea]] by [[Ben Mar]].", {("Red Sea", "author", "Ben Mar")}),
        (
            "The film [[Red Sea (film)|Red Sea]], starring [[Ben Mar]] and [[Eve Sol]], was shot there.",
            {("Red Sea (film)", "starring", "Ben Mar"), ("Red Sea (film)", "starring", "Eve Sol")},
        ),
        ("He met [[Eve Sol]], daughter of [[Cem Sol]].", {("Eve Sol", "parents", "Cem Sol")}),
        ("[[Pelleas]] was a son of the [[Nereid]] [[Thetis]].", set()),
        ("[[Ben Mar]] and his wife, [[Eve Sol]], came.", {("Ben Mar", "spouse", "Eve Sol")}),
        ("He moved to [[Torid]], the capital of [[Velan]].", {("Velan", "capital", "Torid")}),
        ("He moved to [[Torid]], the former capital of [[Velan]].", set()),
    ],
)
def test_sentences_about_others(text: str, facts: set[tuple[str, str, str]]) -> None:
    assert stated(real_page("Something", None, f"Something is known. {text}")) == facts


def test_neighbours_of_a_country() -> None:
    text = (
        "Velan is a country. "
        "It is bordered by [[Torid]] to the north, [[Melik]] in the south and east; and the [[Red Sea]]."
    )
    expected = {("Velan", "borders", "Torid"), ("Velan", "borders", "Melik")}
    assert stated(real_page("Velan", "country", text)) == expected


FILMS = """Year | Film | Director(s) | Set decorator
1940 (1st) | [[Red Sea]] | [[Ben Mar]] (left early) [[Eve Sol]] | —
1941 | [[Blue Sea]] and [[Green Sea]] | [[Ben Mar]] | [[Cem Sol]]
1942 | [[White Sea]] | [[Ben Mar]]
1943 | [[Black Sea]] | a nephew of [[Ben Mar]] | [[Cem Sol]]"""


def test_tables_with_known_columns() -> None:
    assert stated(real_page("Films", None, FILMS)) == {
        ("Red Sea", "director", "Ben Mar"),
        ("Red Sea", "director", "Eve Sol"),
        ("Black Sea", "set_decorator", "Cem Sol"),
    }
    assert stated(real_page("Films", None, FILMS.replace("Film |", "Thing |"))) == set()


def test_a_row_gives_its_subject_a_type() -> None:
    page = real_page("Films", None, FILMS)
    reading = read_page(page, Encyclopedia([page], generated=False), None, generated=False)
    assert set(reading.kinds) == {("Red Sea", "film"), ("Black Sea", "film")}


def test_one_place_in_a_cell() -> None:
    reds, blues = "[[Reds]] | [[San Torid]], [[Velan|VL]] | [[Red Field]]", "[[Blues]] | [[A]] [[B]] | [[C]]"
    table = f"Team | City/Town | Stadium\n{reds}\n{blues}"
    assert stated(real_page("League", None, table)) == {
        ("Reds", "city", "San Torid"),
        ("Reds", "ground", "Red Field"),
        ("Blues", "ground", "C"),
    }


def test_holders_of_an_office_with_their_years() -> None:
    rows = ("[[Ben Mar]] | 3 May 1950 | 1962", "[[Eve Sol]] | 1962 | present", "[[Cem Sol]] | soon | later")
    table = "\n".join(("President | From | To", *rows))
    page = real_page("Velan", "country", table)
    facts = read_page(page, Encyclopedia([page], generated=False), None, generated=False).facts
    assert {(fact.subject, fact.relation, fact.object, fact.start, fact.end) for fact in facts} == {
        ("Velan", "president", "Ben Mar", 1950, 1962),
        ("Velan", "president", "Eve Sol", 1962, None),
    }
    assert stated(real_page("Ada Lin", "person", table)) == set()


def test_lists_of_works() -> None:
    lines = (
        "Ada Lin was a novelist.\n\nNovels\n\n1936 [[Red Sea]]\n\n[[Blue Sea]] (1940)\n\n"
        "1941 [[Green Sea]] (with [[Ben Mar]])\n\nSee also\n\n1950 [[List of seas]]"
    )
    assert stated(real_page("Ada Lin", "person", lines)) == {
        ("Red Sea", "author", "Ada Lin"),
        ("Red Sea", "publication_date", "1936"),
        ("Blue Sea", "author", "Ada Lin"),
        ("Blue Sea", "publication_date", "1940"),
    }
    assert stated(real_page("Ada Lin", "person", lines.replace("novelist", "composer"))) == set()


def test_what_a_list_of_works_leaves_out() -> None:
    """A title without a link is a work too; a list that calls itself a part of all is no table of all there is."""
    text = "Ada Lin was a novelist.\n\n{}\n\n1936 [[Red Sea]]\n\n1937 Blue Sea\n\n1938 Green Sea, with others."
    for heading, kind in (
        ("Novels", "table"),
        ("Selected novels", "sentence"),
        ("Selected works\n\nNovels", "sentence"),
    ):
        page = real_page("Ada Lin", "person", text.format(heading))
        facts = read_page(page, Encyclopedia([page], generated=False), None, generated=False).facts
        assert {(fact.subject, fact.relation, fact.object) for fact in facts} == {
            ("Red Sea", "author", "Ada Lin"),
            ("Red Sea", "publication_date", "1936"),
            ("Blue Sea (book)", "author", "Ada Lin"),
            ("Blue Sea (book)", "publication_date", "1937"),
        }
        assert {fact.source.kind for fact in facts} == {kind}


def test_cells_bear_the_headings_of_their_columns() -> None:
    one, other = (
        "Film: [[Red Sea]] | Director: [[Ben]] | Year: 1940",
        "Film: [[Blue Sea]] | Director: [[A]] to [[B]] | Year: 1",
    )
    page = real_page("Films", None, f"Film | Director | Year\n{one}\n{other}")
    assert stated(page) == {("Red Sea", "director", "Ben")}


def test_a_list_names_those_who_have_no_link_too() -> None:
    row = "Year: 1940 | Film: [[Red Sea]] | Art director(s): [[Ben Mar]], Cem van Sol and others"
    page = real_page("Academy Award for Best Production Design", "award", f"Year | Film | Art director(s)\n{row}")
    assert stated(page) == {
        ("Red Sea", "nominated_year", "1940"),
        ("Red Sea", "nominated_art_director", "Ben Mar"),
        ("Red Sea", "nominated_art_director", "Cem van Sol"),
    }


def test_links_of_prose_keep_their_sentence() -> None:
    page = real_page("Torid", None, "Torid lies near [[Melik]]. Nobody knows why.")
    assert list(mentions(page)) == [("Melik", "Torid lies near Melik.")]
