"""Descriptions without a name: what is told from everything else in the world, and how works go by their titles."""

from collections.abc import Mapping

import pytest

from toy_questions import question
from websailor.questions.corpus import Corpus
from websailor.questions.gates import check_titles
from websailor.questions.lexicon import Lexicon
from websailor.questions.proof.described import described, expected_others
from websailor.questions.proof.engine import proves
from websailor.questions.reach import out_of_reach, undecided, unreachable
from websailor.questions.seen import Refused, Seen
from websailor.questions.structure import told
from websailor.records import Atom, Domain, Entity, Evidence, Fact, Pattern, ValueType
from websailor.records.graph import Source
from websailor.wiki.relations_wikipedia import kinds


def fact(subject: str, relation: str, other: str, kind: ValueType = "entity", page: str = "", table: str = "") -> Fact:
    source = {"page": page or subject, "kind": table or "infobox", "quote": f"{relation}: {other}"}
    return Fact(
        id=f"{subject} {relation} {other}",
        subject=subject,
        relation=relation,
        object=other,
        value_type=kind,
        unit="km2" if relation == "area_km2" else None,
        source=Source.model_validate(source),
    )


BORN = fact("Ada", "birth_date", "1894-07-26", "date")
DIED = fact("Ada", "death_date", "1963-11-22", "date")
WROTE = fact("Red Sea", "author", "Ada", page="Ada", table="table")
YEAR = fact("Red Sea", "publication_date", "1932", "date", page="Ada", table="table")
LATER = fact("Blue Sea", "publication_date", "1936", "date", page="Ada", table="table")
TAUGHT = fact("Cem", "influenced", "Ada")
ALSO = fact("Cem", "influenced", "Ben")
WORKED = fact("Ada", "workplaces", "Melik University")
AREA = fact("Velan", "area_km2", "28748", "number")
PEOPLE = fact("Velan", "population_estimate", "2886026", "number")
CAPITAL = fact("Velan", "capital", "Torid")


def corpus_of(*facts: Fact, pages: tuple[str, ...] = ("Ada", "Cem", "Velan")) -> Corpus:
    types = {
        **dict.fromkeys(("Ada", "Ben", "Cem"), "person"),
        **dict.fromkeys(("Red Sea", "Blue Sea"), "book"),
        **dict.fromkeys(("Velan", "Melik"), "country"),
        "Torid": "settlement",
        "Melik University": "school",
    }
    known = [
        Entity(id=name, name=name, kind=kind, statistics={"has_page": float(name in pages)})
        for name, kind in types.items()
    ]
    return Corpus(known, facts, Lexicon(is_generated=False))


def pattern_of(focus: str, *facts: Fact, named: tuple[str, ...] = (), labels: Mapping[str, str] = {}) -> Pattern:
    """The query of some facts, each literal under the label `lattice:value` of its relation; everything else is told by
    its type.
    """
    types = corpus_of().entity
    ends = [end for one in facts for end in (one.subject, *([one.object] if one.value_type == "entity" else []))]
    literals = {one.object: one for one in facts if one.value_type != "entity"}
    names = tuple(dict.fromkeys((focus, *ends)))
    domains = [
        Domain(variable=name, lattice="entity", value=name)
        if name in named
        else Domain(variable=name, lattice="kind", value=types[name].kind)
        for name in names
    ]
    for one in literals.values():
        lattice, _, value = labels[one.relation].partition(":")
        domains.append(Domain(variable=one.object, lattice=lattice, value=value))
    return Pattern(
        focus=focus,
        variables=(*names, *literals),
        value_types={text: one.value_type for text, one in literals.items()},
        atoms=tuple(Atom(relation=one.relation, subject=one.subject, object=one.object, fact=one.id) for one in facts),
        domains=tuple(domains),
        assignment={name: name for name in (*names, *literals)},
    )


DAYS = {"birth_date": "day:1894-07-26", "death_date": "day:1963-11-22"}


def test_two_days_tell_a_person_from_all_others_and_a_day_with_a_year_does_not() -> None:
    tables = corpus_of(BORN, DIED, WROTE).tables
    exact = pattern_of("Red Sea", WROTE, BORN, DIED, labels=DAYS)
    assert expected_others(exact, exact.atoms, "Ada", "person") == pytest.approx(2e6 * 0.02 / 200 * 0.04 / 200)
    assert described(tables, exact) == {"Ada"}
    assert not described(tables, pattern_of("Red Sea", WROTE, BORN, DIED, labels={**DAYS, "death_date": "year:1963"}))
    assert not described(tables, pattern_of("Red Sea", WROTE, BORN, labels=DAYS))


def test_two_narrow_ranges_tell_a_country_from_all_others_and_wide_ones_do_not() -> None:
    tables = corpus_of(AREA, PEOPLE, CAPITAL).tables
    narrow = {"area_km2": "range:28000..29000", "population_estimate": "range:2800000..2900000"}
    assert described(tables, pattern_of("Torid", CAPITAL, AREA, PEOPLE, labels=narrow)) == {"Velan"}
    wide = {"area_km2": "range:20000..30000", "population_estimate": "range:2000000..3000000"}
    assert not described(tables, pattern_of("Torid", CAPITAL, AREA, PEOPLE, labels=wide))


def test_what_is_described_is_reached_and_rules_out_those_of_whom_nothing_is_stated() -> None:
    """Ben's days are not stated; no two people share both."""
    corpus = corpus_of(BORN, DIED, WROTE, YEAR, fact("Blue Sea", "author", "Ben", page="Ada", table="table"), LATER)
    exact = pattern_of("Red Sea", WROTE, BORN, DIED, labels=DAYS)
    assert unreachable(corpus, exact) == []
    assert proves(corpus.tables, exact)
    vague = pattern_of("Red Sea", WROTE, BORN, DIED, labels={"birth_date": "year:1894", "death_date": "year:1963"})
    assert unreachable(corpus, vague) == ["Red Sea", "Ada"]
    assert not proves(corpus.tables, vague)


def test_a_clue_that_cannot_be_checked_on_another_candidate_decides_nothing() -> None:
    """Nobody knows here where Ben worked, until his page is there."""
    pattern = pattern_of("Ada", TAUGHT, WORKED, named=("Cem", "Melik University"))
    assert undecided(corpus_of(TAUGHT, ALSO, WORKED), pattern) == ["workplaces"]
    assert undecided(corpus_of(TAUGHT, ALSO, WORKED, pages=("Ada", "Ben", "Cem")), pattern) == []
    assert undecided(corpus_of(TAUGHT, WORKED), pattern) == []


def test_a_clue_decides_nothing_where_a_candidate_is_not_even_stated() -> None:
    """Who wrote the other book is nowhere said: a colleague, perhaps."""
    pattern = pattern_of("Ada", WROTE, WORKED, named=("Melik University",))
    assert undecided(corpus_of(WROTE, YEAR, LATER, WORKED), pattern) == ["workplaces"]
    assert undecided(corpus_of(WROTE, YEAR, WORKED), pattern) == ["workplaces"]
    assert out_of_reach(corpus_of(WROTE, YEAR, WORKED), pattern) == [
        "nothing leads a reader to Ada",
        "nothing leads a reader to Red Sea",
        "nobody can check workplaces on all that fits the rest",
    ]
    both = (WROTE, fact("Blue Sea", "author", "Ada", page="Ada", table="table"), WORKED)
    assert undecided(corpus_of(*both), pattern) == []


def test_a_work_without_a_page_goes_by_its_year() -> None:
    undated = fact("Blue Sea", "author", "Ada", page="Ada", table="table")
    corpus = corpus_of(WROTE, YEAR, undated)
    assert corpus.mention(corpus.entity["Red Sea"]) == "Red Sea (1932)"
    assert corpus.mention(corpus.entity["Ada"]) == "Ada"
    check_titles(corpus, pattern_of("Ada", WROTE, named=("Red Sea",)))
    with pytest.raises(Refused, match="ambiguous_title"):
        check_titles(corpus, pattern_of("Ada", undated, named=("Blue Sea",)))


def test_the_same_words_about_other_things_are_told_apart_from_other_words() -> None:
    one = pattern_of("Ada", WROTE, YEAR, labels={"publication_date": "decade:1930s"})
    again = pattern_of("Ada", fact("Blue Sea", "author", "Ada"), LATER, labels={"publication_date": "decade:1930s"})
    other = pattern_of("Ada", WROTE, YEAR, labels={"publication_date": "year:1932"})
    assert told(one) == told(again) != told(other)


def test_every_type_that_can_be_described_has_a_number() -> None:
    worlds = {name: kind.world for name, kind in kinds().items() if kind.world is not None}
    assert worlds.keys() >= {"person", "country", "state", "province"}
    assert min(worlds.values()) > 100


def test_a_page_is_asked_about_so_often_and_no_more() -> None:
    """A question counts for the page that most of its evidence stands on."""
    seen = Seen(per_page=2)
    pages = ("Ada", "Ada", "Cem")
    evidence = [Evidence(clue=0, fact="", page=page, quote="", url="") for page in pages]
    for number in range(2):
        seen.check_page(pages)
        assert not seen.is_used_up(["Ada"])
        seen.add(question(f"q{number}", f"{number}?", evidence=evidence))
    assert seen.is_used_up(["Cem", "Ada", "Ada"])
    seen.check_page(["Cem", "Cem", "Ada"])
    with pytest.raises(Refused, match="page_used_up"):
        seen.check_page(pages)
    assert not Seen(per_page=0).is_used_up(pages)
