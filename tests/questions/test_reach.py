"""Reach: what a question about a real encyclopedia may leave open is what a reader of its pages can enumerate."""

import pytest

from websailor.questions.corpus import Corpus
from websailor.questions.lexicon import Lexicon
from websailor.questions.reach import unreachable
from websailor.records import Atom, Domain, Entity, Fact, Pattern
from websailor.records.graph import Source

PEOPLE = ("Ada", "Ben", "Cleo")
TOWN, FILM, OTHER = "Toronto", "First Film", "Second Film"


def fact(subject: str, relation: str, other: str, page: str, kind: str = "infobox", quote: str = "") -> Fact:
    return Fact(
        id=f"{subject} {relation} {other}",
        subject=subject,
        relation=relation,
        object=other,
        value_type="entity",
        source=Source.model_validate({"page": page, "kind": kind, "quote": quote or f"{relation}: {other}"}),
    )


BORN = fact("Ada", "birth_place", TOWN, "Ada")
SPOUSE = fact("Ada", "spouse", "Ben", "Ada")
SPOUSES = fact("Ada", "spouse", "Ben", "Ada", quote="spouse: Ben, Dora")
ELSEWHERE = fact("Ada", "spouse", "Ben", "Cleo", kind="sentence", quote="Ada married Ben.")
NOMINATED = fact(FILM, "nominated_art_director", "Ada", "Award", kind="table", quote=f"1950 | Ada | {FILM}")
AGAIN = fact(OTHER, "nominated_art_director", "Ada", "Award", kind="table", quote=f"1951 | Ada | {OTHER}")


def corpus_of(*facts: Fact, generated: bool = False) -> Corpus:
    kinds = {**dict.fromkeys(PEOPLE, "person"), TOWN: "settlement", FILM: "film", OTHER: "film"}
    entities = [Entity(id=name, name=name, kind=kind) for name, kind in kinds.items()]
    return Corpus(entities, facts, Lexicon(generated))


def pattern_of(*facts: Fact, focus: str, named: tuple[str, ...]) -> Pattern:
    """The query of some facts; variables are called like the entities that they stand for."""
    names = tuple(dict.fromkeys((focus, *(end for one in facts for end in (one.subject, one.object)))))
    return Pattern(
        focus=focus,
        variables=names,
        atoms=tuple(Atom(relation=one.relation, subject=one.subject, object=one.object, fact=one.id) for one in facts),
        domains=tuple(Domain(variable=name, lattice="entity", value=name) for name in named),
        assignment={name: name for name in names},
    )


def test_nobody_enumerates_who_was_born_in_a_town() -> None:
    assert unreachable(corpus_of(BORN), pattern_of(BORN, focus="Ada", named=(TOWN,))) == ["Ada"]


def test_a_page_tells_where_its_own_person_was_born() -> None:
    assert unreachable(corpus_of(BORN), pattern_of(BORN, focus=TOWN, named=("Ada",))) == []


def test_an_infobox_line_with_more_values_than_facts_is_not_all_there_is() -> None:
    assert unreachable(corpus_of(SPOUSE), pattern_of(SPOUSE, focus="Ben", named=("Ada",))) == []
    assert unreachable(corpus_of(SPOUSES), pattern_of(SPOUSES, focus="Ben", named=("Ada",))) == ["Ben"]


def test_what_another_page_says_in_passing_is_not_all_there_is() -> None:
    assert unreachable(corpus_of(ELSEWHERE), pattern_of(ELSEWHERE, focus="Ben", named=("Ada",))) == ["Ben"]


@pytest.mark.parametrize("named", [(), (FILM,), (OTHER,)])
def test_a_list_of_everything_tells_both_ends_without_any_name(named: tuple[str, ...]) -> None:
    corpus = corpus_of(NOMINATED, AGAIN)
    assert unreachable(corpus, pattern_of(NOMINATED, AGAIN, focus="Ada", named=named)) == []


def test_what_is_reached_leads_on() -> None:
    """From a film to its nominee, and from her own page to the town."""
    corpus = corpus_of(NOMINATED, BORN)
    assert unreachable(corpus, pattern_of(NOMINATED, BORN, focus=TOWN, named=())) == []


def test_a_generated_world_is_closed() -> None:
    corpus = corpus_of(BORN, generated=True)
    assert unreachable(corpus, pattern_of(BORN, focus="Ada", named=(TOWN,))) == []
