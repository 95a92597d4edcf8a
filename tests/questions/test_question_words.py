"""The realiser: what a careful person would write, in both languages."""

import random
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from websailor.questions.corpus import Corpus
from websailor.questions.lexicon import Lexicon
from websailor.questions.structure import exact_pattern, with_literal
from websailor.questions.words.english_grammar import (
    ordinal,
)
from websailor.questions.words.plan import NoWording
from websailor.questions.words.realise import Style, ordered_clues, realise
from websailor.records import Domain, Entity, Fact, Pattern, Source
from websailor.wiki import relations_wikipedia as wikipedia
from websailor.wiki.english import listed, with_article
from websailor.wiki.relations import Language, kinds, relations

KINDS = {
    "Ada": "person",
    "Bo": "person",
    "Cy": "person",
    "Rum": "region",
    "Sel": "settlement",
    "Tor": "settlement",
    "Wok Works": "company",
    "Vim Works": "company",
    "Kal Club": "club",
}
FACTS = [
    ("Ada", "employed_by", "Wok Works"),
    ("Bo", "employed_by", "Wok Works"),
    ("Ada", "lives_in", "Sel"),
    ("Wok Works", "hq_in", "Sel"),
    ("Ada", "born_in", "Tor"),
    ("Ada", "born", "1953"),
    ("Bo", "born", "1921"),
    ("Wok Works", "founded_by", "Cy"),
    ("Vim Works", "founded_by", "Cy"),
    ("Cy", "mentor", "Bo"),
    ("Cy", "lives_in", "Tor"),
    ("Sel", "part_of", "Rum"),
    ("Bo", "mentor", "Ada"),
    ("Cy", "member_of", "Kal Club"),
]


@cache
def corpus() -> Corpus:
    entities = [Entity(id=name, name=name, kind=kind) for name, kind in KINDS.items()]
    facts = [
        Fact(
            id=f"{subject} {relation} {value}",
            subject=subject,
            relation=relation,
            object=value,
            value_type="entity" if value in KINDS else "date",
            source=Source(page=subject, kind="infobox", quote=f"{relation}: {value}"),
        )
        for subject, relation, value in FACTS
    ]
    return Corpus(entities, facts, Lexicon(is_generated=True))


def pattern(focus: str, named: list[str], *facts: str) -> Pattern:
    """The exact query of some facts, literals last."""
    chosen = [corpus().fact[name] for name in facts]
    made = exact_pattern(corpus(), [fact for fact in chosen if fact.value_type == "entity"], focus, named)
    for fact in chosen:
        if fact.value_type != "entity":
            made = with_literal(made, fact)
    return made


def relabelled(made: Pattern, entity: str, *labels: tuple[str, str]) -> Pattern:
    """Other domains for the variable that stands for an entity or literal."""
    name = next(name for name, value in made.assignment.items() if value == entity)
    others = [domain for domain in made.domains if domain.variable != name]
    new = [Domain(variable=name, lattice=lattice, value=value) for lattice, value in labels]
    return made.model_copy(update={"domains": (*others, *new)})


def said(made: Pattern, style: Style = "brief", language: Language = "en") -> set[str]:
    """All prompts that twenty random states give."""
    clues = ordered_clues(made)
    return {realise(corpus(), made, clues, style, language, random.Random(state)).prompt for state in range(20)}


def test_a_chain_is_a_relative_clause() -> None:
    made = pattern("Ada", ["Cy"], "Ada employed_by Wok Works", "Wok Works founded_by Cy", "Ada born 1953")
    made = relabelled(made, "1953", ("decade", "1950s"))
    form = (
        r"(Which person|Who) (was born in|came into the world in) the 1950s and (works for|is employed by) a company "
        r"(that was )?(founded|set up) by Cy\?"
    )
    prompts = said(made)
    assert len(prompts) > 5
    assert all(re.fullmatch(form, prompt) for prompt in prompts)


def test_the_article_tells_whether_one_thing_fits() -> None:
    by_cy = pattern("Bo", ["Cy"], "Bo employed_by Wok Works", "Wok Works founded_by Cy")
    assert all(" a company " in prompt for prompt in said(by_cy)), "Cy founded two"
    in_sel = pattern("Bo", ["Sel"], "Bo employed_by Wok Works", "Wok Works hq_in Sel")
    assert all(" the company " in prompt for prompt in said(in_sel)), "only one is run from there"


def test_a_cycle_says_the_same() -> None:
    made = pattern("Ada", [], "Ada employed_by Wok Works", "Ada lives_in Sel", "Wok Works hq_in Sel")
    for prompt in said(made) | said(made, "full"):
        assert prompt.count("the same") == 1
        assert "the same settlement" in prompt or "the same company" in prompt
    for prompt in said(made, language="zh"):
        assert "同一" in prompt


def test_what_must_differ_is_another() -> None:
    made = pattern("Ada", ["Cy"], "Ada employed_by Wok Works", "Bo employed_by Wok Works", "Cy mentor Bo")
    assert made.distinct
    assert all("another person" in prompt for prompt in said(made))
    made = pattern("Ada", ["Bo"], "Ada employed_by Wok Works", "Bo employed_by Wok Works")
    assert all(prompt.startswith("Which other person") for prompt in said(made))
    assert all(" other than Bo" in prompt for prompt in said(made, "full"))


def test_two_of_a_kind_are_never_the_same_one() -> None:
    made = pattern(
        "Ada", [], "Ada lives_in Sel", "Ada born_in Tor", "Ada employed_by Wok Works", "Wok Works hq_in Sel",
        "Wok Works founded_by Cy", "Cy lives_in Tor",
    )  # fmt: skip
    with pytest.raises(NoWording, match="two things of type settlement"):
        said(made)


def test_time_and_place_share_their_verb() -> None:
    made = relabelled(
        pattern("Ada", ["Tor"], "Ada born_in Tor", "Ada born 1953"), "1953", ("half_century", "1950-1999")
    )
    prompts = said(made)
    assert "Which person was born in Tor between 1950 and 1999?" in prompts
    assert not any("in between" in prompt or prompt.count("was born") > 1 for prompt in prompts)


def test_labels_in_words() -> None:
    made = pattern("Ada", ["Tor"], "Ada born_in Tor", "Ada born 1953")
    assert any("in the 20th century" in prompt for prompt in said(relabelled(made, "1953", ("century", "20"))))
    assert any(
        "20世纪50年代" in prompt for prompt in said(relabelled(made, "1953", ("decade", "1950s")), "brief", "zh")
    )
    assert any("1953年" in prompt for prompt in said(made, "brief", "zh"))
    vague = relabelled(made, "Tor", ("kind", "settlement"), ("initial", "T"))
    assert all("a settlement whose name begins with T" in prompt for prompt in said(vague))
    assert all("名称以T开头的城镇" in prompt for prompt in said(vague, "brief", "zh"))


def test_a_clue_is_a_sentence_of_its_own() -> None:
    made = pattern("Ada", ["Cy"], "Ada employed_by Wok Works", "Wok Works founded_by Cy", "Ada born 1953")
    words = realise(corpus(), made, ordered_clues(made), "brief", "en", random.Random(0))
    assert all(text.startswith("The person ") and text.endswith(".") for text in words.clues)
    assert "1953" in words.clues[0]
    assert "Cy" in words.clues[1]
    assert len(words.clues) == 2


def test_small_words() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "13th",
        "21st",
        "22nd",
    ]
    assert with_article("organisation") == "an organisation"
    assert with_article("university") == "a university"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_every_relation_has_whole_phrases() -> None:
    for relation in [*relations().values(), *wikipedia.relations().values()]:
        for words in (relation, relation.chinese):
            assert words.clue
            assert words.inverse
            assert words.relative
            for phrase in words.clue:
                assert phrase.count("{o}") == 1 and "{s}" not in phrase, f"{relation.name}: {phrase}"
            for phrase in (*words.inverse, *words.relative):
                assert phrase.count("{s}") == 1 and "{o}" not in phrase, f"{relation.name}: {phrase}"


def test_wikipedia_wording_hangs_together() -> None:
    groups = wikipedia.relations()
    assert len(groups) >= 120
    assert len(wikipedia.by_key()) >= 250
    worded = set(wikipedia.kinds())
    for relation in groups.values():
        assert relation.mirror is None or relation.mirror in groups
        assert set(relation.subject) <= worded, f"{relation.name}: a subject without a word"
        assert set(relation.object) <= worded | {"year", "number", "text"}, f"{relation.name}: an object without a word"
        assert (relation.value_type == "entity") == (not {"year", "number", "text"} & set(relation.object))
        assert not relation.closed
    assert {"birth_place", "author", "director", "capital", "spouse", "alma_mater", "population", "publisher"} <= set(
        wikipedia.by_key()
    )
    assert wikipedia.relation("country", "film") != wikipedia.relation("country", "school")
    assert wikipedia.relation("no_such_key") is None
    file = Path(wikipedia.__file__).parent / "wording" / "wikipedia.toml"
    assert set(tomllib.loads(file.read_text(encoding="utf-8"))) == {"kind", "relation"}
    assert all(kinds()[name].pronoun in ("who", "that") for name in kinds())
