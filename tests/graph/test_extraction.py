"""Facts of pages: from the infobox and from sentences of known form."""

from encyclopedia import Encyclopedia, entity, page

from websailor.graph.collecting import fact_id
from websailor.graph.extraction import read_page
from websailor.graph.fields import plain_number, relation_name
from websailor.graph.kinds import kind_of_infobox, kind_of_object, kind_of_page
from websailor.records import InfoboxField, Link, Page, Value
from websailor.wiki.titles import plain_name


def stated(subject: Page, *others: Page, query: str | None = None, **redirects: str) -> set[tuple[str, str, str]]:
    reading = read_page(subject, Encyclopedia([subject, *others], redirects), query)
    return {(fact.relation, fact.value_type, fact.object) for fact in reading.facts}


def test_infobox_values_become_typed_facts() -> None:
    ada = page(
        "Ada",
        "person",
        born_in=entity("Torid"),
        born=Value(type="date", text="2 April 1953", date="1953-04-02", number=1953),
        height=Value(type="number", text="1.75 m", number=1.75, unit="m"),
        motto=Value(type="text", text="Onwards"),
    )
    assert stated(ada) == {
        ("born_in", "entity", "Torid"),
        ("born", "date", "1953-04-02"),
        ("height", "number", "1.75"),
    }


def test_every_fact_says_where_it_stands() -> None:
    ada = page("Ada", "person", mentor=[entity("Ben"), entity("Cem", "Mr Cem")])
    reading = read_page(ada, Encyclopedia([ada]), "ada mentor")
    assert {fact.source.quote for fact in reading.facts} == {"mentor: Ben, Mr Cem"}
    first = reading.facts[0]
    assert (first.source.page, first.source.url, first.source.query) == ("Ada", "https://example.org/Ada", "ada mentor")
    assert first.source.kind == "infobox"
    assert first.id == fact_id("Ada", "mentor", "Ben", "entity", None)


def test_targets_are_resolved_and_absent_ones_are_named() -> None:
    ada = page(
        "Ada", "person", born_in=entity("Old Torid"), lives_in=entity("nowhere#top"), mentor=entity("File:Ben.jpg")
    )
    reading = read_page(ada, Encyclopedia([ada, page("Torid")], {"Old Torid": "Torid"}), None)
    assert {(fact.relation, fact.object) for fact in reading.facts} == {("born_in", "Torid"), ("lives_in", "Nowhere")}
    assert reading.absent == ("Nowhere",)


def test_a_page_states_nothing_about_itself_twice() -> None:
    ada = page("Ada", "person", spouse=[entity("Ben"), entity("Ben"), entity("Ada")])
    assert stated(ada, page("Ben")) == {("spouse", "entity", "Ben")}


def test_offices_take_the_name_of_their_title() -> None:
    land = page(
        "Land",
        "country",
        leader_title1=Value(type="text", text="Prime Minister"),
        leader_name1=entity("Ben"),
        leader_title2=entity("King of Land", "King"),
        leader_name2=entity("Cem"),
    )
    assert stated(land) == {("prime_minister", "entity", "Ben"), ("king", "entity", "Cem")}


def test_what_dresses_the_page_is_no_fact() -> None:
    ada = page(
        "Ada", "person", image=entity("Portrait"), image_caption=entity("Torid"), name=entity("Ada L"), map=entity("M")
    )
    assert stated(ada) == set()


def test_sentences_of_the_lexicon_are_facts() -> None:
    text = "Ada Lin works for Melik Works. She was born in Torid. Ada Lin was born in 1953. Torid is near Melik Works."
    ada = page("Ada Lin (writer)", text=text, links=["Melik Works", "Torid"])
    reading = read_page(ada, Encyclopedia([ada, page("Torid"), page("Melik Works")]), None)
    assert {(fact.relation, fact.object, fact.source.quote) for fact in reading.facts} == {
        ("employed_by", "Melik Works", "Ada Lin works for Melik Works."),
        ("born_in", "Torid", "She was born in Torid."),
        ("born", "1953", "Ada Lin was born in 1953."),
    }
    assert {fact.source.kind for fact in reading.facts} == {"sentence"}
    assert reading.linked == ("Melik Works", "Torid")


def text_facts(text: str, kind: str | None, *links: str, title: str = "Ada Lin") -> set[tuple[str, str, str]]:
    offsets = [Link(anchor=name, target=name, offset=text.index(name)) for name in links]
    subject = page(title, kind, text=text).model_copy(update={"links": tuple(offsets)})
    return {
        (fact.subject, fact.relation, fact.object) for fact in read_page(subject, Encyclopedia([subject]), None).facts
    }


def test_a_form_that_several_relations_share_says_nothing() -> None:
    """A settlement is `located_in` a settlement or region, and `part_of` a region or country."""
    assert text_facts("Torid is a settlement in Velan.", "settlement", "Velan", title="Torid") == set()


def test_a_symmetric_relation_is_read_either_way() -> None:
    married = {("Ada Lin", "spouse", "Ben Mar")}
    assert text_facts("Ada Lin married Ben Mar.", "person", "Ben Mar") == married


def test_the_type_of_the_page_must_fit() -> None:
    assert text_facts("Ada Lin was born in Torid.", "company", "Torid") == set()
    assert text_facts("Ada Lin was born in Torid.", None, "Torid") == {("Ada Lin", "born_in", "Torid")}


def test_inverse_sentences_state_facts_about_the_linked() -> None:
    text = "Melik Works employs Ada Lin, Ben Mar and Cem Sol."
    assert text_facts(text, "company", "Ada Lin", "Ben Mar", "Cem Sol", title="Melik Works") == {
        (name, "employed_by", "Melik Works") for name in ("Ada Lin", "Ben Mar", "Cem Sol")
    }


def test_sentences_about_others_state_facts_about_them() -> None:
    place, year = "Ben Mar was born in Torid.", "Ben Mar was born in 1924."
    assert text_facts(place, "club", "Ben Mar", "Torid", title="Club") == {("Ben Mar", "born_in", "Torid")}
    assert text_facts(year, "club", "Ben Mar", title="Club") == {("Ben Mar", "born", "1924")}
    assert text_facts(year, "club", title="Club") == set()


def test_table_rows_state_facts() -> None:
    text = "Item | Detail\nEmployer | Melik Works (1950–1972)\nBirthplace | Torid\nYear of birth | 1931"
    assert text_facts(text, "person", "Melik Works", "Torid") == {
        ("Ada Lin", "employed_by", "Melik Works"),
        ("Ada Lin", "born_in", "Torid"),
        ("Ada Lin", "born", "1931"),
    }


def test_units_belong_to_the_form() -> None:
    text = "The area of Velan is 9,505 km2 (3,670 sq mi)."
    subject = page("Velan", "region", text=text)
    (fact,) = read_page(subject, Encyclopedia([subject]), None).facts
    assert (fact.relation, fact.object, fact.unit, fact.source.quote) == ("area", "9505", "km2", text)


def test_text_that_contradicts_the_infobox_is_another_fact() -> None:
    ada = page("Ada", "person", text="Ada was born in 1960.", born=Value(type="date", text="1953", date="1953"))
    facts = read_page(ada, Encyclopedia([ada]), None).facts
    assert {(fact.object, fact.source.kind) for fact in facts} == {("1953", "infobox"), ("1960", "sentence")}


def test_text_that_is_less_exact_or_rounded_contradicts_nothing() -> None:
    born = Value(type="date", text="2 April 1953", date="1953-04-02")
    ada = page("Ada", "person", text="Ada was born in 1953.", born=born)
    assert stated(ada) == {("born", "date", "1953-04-02")}
    area = Value(type="number", text="9,505 km2", number=9505, unit="km2")
    velan = page("Velan", "region", text="The area of Velan is 9,500 km2.", area=area)
    assert stated(velan) == {("area", "number", "9505")}


def test_mentions_are_kept_where_asked_for() -> None:
    text = "Ada met Ben. Ben and Cem left.\n\nCell | Dan | Eve"
    ada = page("Ada", text=text, links=["Ben", "Cem", "Dan"])
    titles = Encyclopedia([ada])
    assert read_page(ada, titles, None).mentions == ()
    found = read_page(ada, titles, None, with_mentions=True).mentions
    assert found == (("Ben", "Ada met Ben."), ("Cem", "Ben and Cem left."))


def test_the_infobox_wins_over_the_sentence() -> None:
    ada = page("Ada", "person", text="Ada was born in Torid.", links=["Torid"], born_in=entity("Torid"))
    (fact,) = read_page(ada, Encyclopedia([ada]), None).facts
    assert fact.source.kind == "infobox"


def test_disambiguation_pages_state_nothing() -> None:
    ada = page("Ada", "person", born_in=entity("Torid")).model_copy(update={"disambiguation": True})
    assert stated(ada) == set()


def test_names_relations_numbers() -> None:
    assert [plain_name(title) for title in ("Mercury (planet)", "Ada", "(Ada)")] == ["Mercury", "Ada", "(Ada)"]
    keys = ("Birth place", "leader_name2", "area_km2", "child4", "genre_1", "2")
    assert [relation_name(key) for key in keys] == ["birth_place", "leader_name", "area_km2", "child", "genre", ""]
    assert [plain_number(number) for number in (12.0, 0.5, 1e15, -3.0)] == ["12", "0.5", "1000000000000000", "-3"]


def test_a_date_without_a_reading_is_its_year() -> None:
    field = InfoboxField(
        key="born", values=(Value(type="date", text="c. 1953", number=1953.0), Value(type="date", text="?"))
    )
    ada = page("Ada", "person").model_copy(update={"infobox": (field,)})
    assert stated(ada) == {("born", "date", "1953")}


def test_kinds() -> None:
    assert [kind_of_infobox(name) for name in ("officeholder", "settlement", "martial_art", "u.s._state")] == [
        "person",
        "settlement",
        "martial_art",
        "state",
    ]
    assert kind_of_page(page("Ada").model_copy(update={"categories": ("1953 births",)})) == "person"
    assert kind_of_page(page("Ada")) == "thing"
    assert [kind_of_object(name) for name in ("born_in", "birth_place", "author", "never_heard")] == [
        "settlement",
        "place",
        "person",
        "thing",
    ]
