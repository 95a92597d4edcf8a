"""The relation lexicon: every phrase has its slots, both languages are complete."""

import re

import pytest

from websailor.wiki.relations import Relation, kinds, relation, relations, wording

LITERALS = {"year": "date", "number": "number", "text": "text"}


def slots(phrase: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", phrase))


@pytest.fixture(params=list(relations()), name="one")
def _one(request: pytest.FixtureRequest) -> Relation:
    return relations()[request.param]


def test_types_are_known(one: Relation) -> None:
    assert set(one.subject) <= set(kinds())
    if one.value_type == "entity":
        assert set(one.object) <= set(kinds())
    else:
        assert [LITERALS[kind] for kind in one.object] == [one.value_type]


def test_sentences_state_subject_and_object(one: Relation) -> None:
    assert len(one.sentences) == 3 == len(set(one.sentences))
    for sentence in one.sentences:
        assert slots(sentence) == {"s", "o"}, sentence
        assert sentence.endswith(".")
    assert any(sentence.startswith("{s} ") for sentence in one.sentences)
    for sentence in one.since:
        assert slots(sentence) == {"s", "o", "start"}
    for sentence in one.tenure:
        assert slots(sentence) == {"s", "o", "start", "end"}
    assert bool(one.since) == bool(one.tenure)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_clue_phrases_have_their_slot(one: Relation, language: str) -> None:
    phrases = one if language == "en" else one.chinese
    assert all(slots(phrase) == {"o"} for phrase in phrases.clue)
    assert all(slots(phrase) == {"s"} for phrase in (*phrases.inverse, *phrases.relative))
    assert phrases.clue
    assert phrases.inverse
    assert phrases.relative
    assert phrases.noun
    assert "{" not in phrases.noun + one.query


def test_english_clues_are_verb_phrases_and_chinese_ones_are_chinese(one: Relation) -> None:
    verb = re.compile(r"^(is|was|has|had|\w+s|\w+ed|\w+t|wrote|won|came|made|drew|taught|led|took|became|paid) ")
    for phrase in (*one.clue, *one.inverse):
        assert verb.match(phrase), phrase
    for phrase in (*one.chinese.clue, *one.chinese.inverse, *one.chinese.relative, one.chinese.noun):
        assert re.search(r"[一-鿿]", phrase), phrase
        assert not phrase.startswith("的")


def test_a_clue_tells_its_relation_apart_among_the_same_types() -> None:
    """Two relations between the same types never share a clue phrase, so a question has one reading."""
    seen: dict[tuple[str, str, str, str], str] = {}
    for name, one in relations().items():
        for language, words in (("en", one), ("zh", one.chinese)):
            for subject in one.subject:
                for kind in one.object:
                    for phrase in (*words.clue, *(f"inverse {phrase}" for phrase in words.inverse)):
                        assert seen.setdefault((language, subject, kind, phrase), name) == name, phrase


def test_leads_use_relations_of_their_type() -> None:
    for name, kind in kinds().items():
        assert slots(kind.leads[-1]) == {"s"}
        for lead in kind.leads:
            for slot in slots(lead) - {"s"}:
                assert name in relations()[slot].subject, lead


def test_lookup() -> None:
    born_in = relation("born_in")
    assert born_in is not None
    assert wording("born_in") is born_in
    assert wording("born_in", "zh") is born_in.chinese
    assert relation("invented_by") is None
    assert wording("invented_by", "zh") is None


def test_the_named_relations_are_there() -> None:
    places = "located_in part_of borders capital twinned_with hq_in campus_in based_in site_in"
    people = (
        "born_in died_in lives_in studied_at field mentor employed_by spouse parent member_of influenced_by received"
    )
    groups = "founded_by subsidiary_of led_by teaches_field awarded_by"
    works = "author publisher genre set_in based_on dedicated_to translated_by"
    events = "held_in organiser winner featured_work sponsor designed_by named_after owned_by"
    amounts = "born died founded published held opened population area length capacity pages edition"
    wanted = f"{places} {people} {groups} {works} {events} {amounts}".split()
    assert set(wanted) == set(relations())
