"""The tables of phrases for operators: both languages say the same, slots are whole, long ends have a place."""

import re

import pytest

from websailor.questions.words.amounts import ChineseAmounts, EnglishAmounts
from websailor.questions.words.plan import NoWording
from websailor.questions.words.sayings import agreeing
from websailor.wiki import relations_wikipedia as wikipedia
from websailor.wiki.derived import rules, spans
from websailor.wiki.relations import Relation, Wording, relations, table

SLOTS: dict[str, tuple[set[str], ...]] = {
    "none": (set(),),
    "none_inverse": (set(),),
    "denied": ({"o"},),
    "denied_inverse": ({"s"},),
    "how_many": ({"n"},),
    "how_many_inverse": ({"n"},),
    "told": ({"o"},),
    "told_inverse": ({"s"},),
    "at": ({"o", "t"},),
    "at_inverse": ({"s", "t"},),
    "ever": ({"o"},),
    "ever_inverse": ({"s"},),
    "less": ({"o"},),
    "more": ({"o"},),
    "less_by": ({"o", "n"},),
    "more_by": ({"o", "n"},),
    "times": ({"o", "times"}, {"o", "times", "about"}),
    "least": ({"rank"}, {"nth"}),
    "most": ({"rank"}, {"nth_last"}),
    "happened": (set(),),
    "event": ({"s"},),
    "shared": (set(),),
    "shared_inverse": (set(),),
    "alike": ({"o"},),
    "alike_inverse": ({"o"},),
    "told_relative": ({"s"},),
}
KNOWN = [*relations().values(), *wikipedia.relations().values()]
ENDS = ("at", "at_inverse", "ever", "ever_inverse", "less", "more", "less_by", "more_by")


def slots(phrase: str) -> set[str]:
    return {slot for slot in re.findall(r"\{([^}]*)\}", phrase) if "|" not in slot}


@pytest.mark.parametrize("relation", KNOWN, ids=lambda one: one.name)
def test_phrases_have_their_slots_in_both_languages(relation: Relation) -> None:
    for field, wanted in SLOTS.items():
        english, chinese = getattr(relation, field), getattr(relation.chinese, field)
        assert bool(english) == bool(chinese), field
        for phrase in (*english, *chinese):
            assert slots(phrase) in wanted, f"{field}: {phrase}"
        assert all(re.search(r"[一-鿿]", phrase) for phrase in chinese)
        assert not any(re.search(r"[一-鿿]", phrase) for phrase in english)


@pytest.mark.parametrize("relation", KNOWN, ids=lambda one: one.name)
def test_a_long_end_can_follow(relation: Relation) -> None:
    """English wants a phrase whose slot comes last, so that a description does not tear the sentence apart."""
    for field in ENDS:
        phrases = getattr(relation, field)
        assert not phrases or any(phrase.endswith(("{s}", "{o}")) for phrase in phrases), f"{relation.name} {field}"


def test_both_directions_of_a_comparison_are_worded() -> None:
    for relation in KNOWN:
        for less, more in (("less", "more"), ("less_by", "more_by"), ("least", "most"), ("happened", "event")):
            assert bool(getattr(relation, less)) == bool(getattr(relation, more)), relation.name
        # The year for which something is listed is no event in its own life.
        if relation.value_type == "date" and not getattr(relation, "listed", False):
            assert relation.happened and relation.less_by, f"{relation.name}: any date can be an event"


def test_tenures_have_words_in_both_directions() -> None:
    assert any(relation.tenure for relation in relations().values())
    for relation in relations().values():
        assert bool(relation.tenure) == bool(relation.at) == bool(relation.at_inverse), relation.name


def test_tables_name_known_relations() -> None:
    assert set(table("operators")["relation"]) <= set(relations())
    assert set(table("wikipedia_operators")["relation"]) <= set(wikipedia.relations())


def test_rules_hang_together() -> None:
    found = rules()
    assert len(found) >= 15
    for rule in found.values():
        assert len(rule.kinds) == len(rule.path) + 1
        for step, here, there in zip(rule.path, rule.kinds[:-1], rule.kinds[1:], strict=True):
            relation = relations()[step.removeprefix("~")]
            subject, object_ = (there, here) if step.startswith("~") else (here, there)
            assert subject in relation.subject and object_ in relation.object, f"{rule.name}: {step}"
        assert all(0 <= one < other < len(rule.kinds) for one, other in rule.distinct)
        for words in (rule, rule.chinese):
            assert all(slots(phrase) == {"o"} for phrase in words.clue)
            assert all(slots(phrase) == {"s"} for phrase in (*words.inverse, *words.relative))
        for phrases in (rule.clue, rule.inverse):
            assert any(phrase.endswith(("{s}", "{o}")) for phrase in phrases), rule.name


def test_spans_name_known_dates() -> None:
    for source, known in (("derived", relations()), ("wikipedia_operators", wikipedia.relations())):
        assert spans(source)
        for later, earlier in spans(source):
            assert known[later].value_type == known[earlier].value_type == "date"


def test_agreement() -> None:
    phrase = "has {n} {child|children}, {s}"
    assert agreeing(phrase, 1) == "has {n} child, {s}"
    assert agreeing(phrase, 3) == "has {n} children, {s}"


@pytest.mark.parametrize(
    ("low", "high", "english", "chinese"),
    [
        (2.5, 3.5, "about three times", "约为三倍"),
        (1.5, 2.5, "about twice", "约为两倍"),
        (1 / 3.5, 1 / 2.5, "about a third", "约为三分之一"),
        (1 / 2.5, 1 / 1.5, "about half", "约为一半"),
        (9.5, 10.5, "about ten times", "约为十倍"),
        (1 / 10.5, 1 / 9.5, "about a tenth", "约为十分之一"),
        (2.0, None, "at least twice", "至少是两倍"),
        (None, 0.5, "at most half", "至多是一半"),
    ],
)
def test_ratios(low: float | None, high: float | None, english: str, chinese: str) -> None:
    assert EnglishAmounts().ratio(low, high)["times"] == english
    said = ChineseAmounts().ratio(low, high)
    assert said["about"] + said["times"] == chinese


def test_ratios_that_nobody_says() -> None:
    for low, high in ((1.0, 9.0), (2.7, None), (None, None), (-1.0, 2.0)):
        with pytest.raises(NoWording):
            EnglishAmounts().ratio(low, high)


def test_ordinals_and_times() -> None:
    english, chinese = EnglishAmounts(), ChineseAmounts()
    assert english.ordinals(1) == {"rank": "", "nth": "first", "nth_last": "last"}
    assert english.ordinals(3) == {"rank": "third ", "nth": "third", "nth_last": "third to last"}
    assert chinese.ordinals(1) == {"rank": "最"}
    assert chinese.ordinals(2) == {"rank": "第二"}
    for amounts in (english, chinese):
        with pytest.raises(NoWording):
            amounts.ordinals(11)
    assert [english.time(label) for label in ("1956", "1950s", "-44")] == ["in 1956", "in the 1950s", "in 44 BC"]
    assert [chinese.time(label) for label in ("1956", "1950s", "-44")] == ["1956年", "20世纪50年代", "公元前44年"]


def test_every_wording_field_has_a_test_here() -> None:
    plain = {"clue", "inverse", "relative", "noun"}
    assert set(Wording.model_fields) == plain | set(SLOTS)
