"""What operators add to a question, in words: each form once, both languages, and what cannot be said."""

import random
import re

import pytest
from test_question_words import corpus, pattern, relabelled, said

from websailor.questions.lexicon import Lexicon
from websailor.questions.operators.additions import with_condition, with_domain, with_entity, with_untold
from websailor.questions.words.plan import NoWording, plan
from websailor.questions.words.realise import ordered_clues, realise
from websailor.records import Bears, Compare, Count, Domain, Pattern, Phrase, Rank, Without
from websailor.wiki.relations import Language


def ada() -> Pattern:
    """Ada works for a company that Cy founded."""
    return pattern("Ada", ["Cy"], "Ada employed_by Wok Works", "Wok Works founded_by Cy")


def pupil() -> Pattern:
    """Somebody whom a person taught who works for Wok Works."""
    return pattern("Cy", ["Wok Works"], "Cy mentor Bo", "Bo employed_by Wok Works")


def compared(made: Pattern, left: str, right: str, **bounds: object) -> Pattern:
    """The pattern with a comparison of two births; `left` and `right` are whose."""
    name = {entity: variable for variable, entity in made.assignment.items()}
    made, one = with_untold(made, name[left], corpus().fact[f"{left} born {YEARS[left]}"])
    made, other = with_untold(made, name[right], corpus().fact[f"{right} born {YEARS[right]}"])
    return with_condition(made, Compare.model_validate({"left": one, "right": other, **bounds}))


YEARS = {"Ada": "1953", "Bo": "1921"}


def texts(made: Pattern, language: Language = "en") -> str:
    """All briefs and fulls, joined."""
    return "\n".join(sorted(said(made, "brief", language) | said(made, "full", language)))


def test_negation() -> None:
    never = with_condition(ada(), Without(variable="x0", relation="received"))
    assert re.search(r"has (never received an award|received no award)", texts(never))
    assert re.search(r"从未获奖|没有获得过任何奖项", texts(never, "zh"))
    not_bo = with_condition(ada(), Without(variable="x0", relation="mentor", object="Bo"))
    assert re.search(r"was not taught by Bo|did not have Bo as a mentor", texts(not_bo))
    nobody = with_condition(pupil(), Without(variable="x1", relation="parent", forward=False))
    assert re.search(r"and who (has no children|never had children)", texts(nobody))


def test_count_agrees_with_its_number() -> None:
    one = with_condition(ada(), Count(variable="x0", relation="received", number=1))
    two = with_condition(ada(), Count(variable="x0", relation="received", number=2))
    assert re.search(r"exactly one award\b", texts(one))
    assert re.search(r"exactly two awards\b", texts(two))
    assert "恰好获得过两个奖项" in texts(two, "zh")
    wrote = with_condition(pupil(), Count(variable="x0", relation="author", forward=False, number=14))
    assert re.search(r"exactly 14 works", texts(wrote))
    with pytest.raises(NoWording, match="negation"):
        texts(with_condition(ada(), Count(variable="x0", relation="received", number=0)))


def test_only_what_has_a_short_name_is_compared_with() -> None:
    made = pattern("Ada", ["Wok Works"], "Bo mentor Ada", "Bo employed_by Wok Works")
    with pytest.raises(NoWording, match="no short way"):
        said(compared(made, "Ada", "Bo", low=0.0))


def test_what_is_compared_comes_after_it_is_told() -> None:
    made = compared(pattern("Bo", ["Kal Club"], "Bo mentor Ada", "Ada lives_in Sel"), "Bo", "Ada", high=0.0)
    for prompt in said(made, "full"):
        assert prompt.index("lives in" if "lives in" in prompt else "home") < prompt.index("that mentor")
        assert "1953" not in prompt and "1921" not in prompt, "what is only compared is not told"


def test_comparison_with_a_name() -> None:
    made = compared(pattern("Ada", ["Bo"], "Bo mentor Ada", "Ada lives_in Sel"), "Ada", "Bo", low=0.0)
    assert re.search(r"was born (later than|after) Bo", texts(made))
    assert re.search(r"晚于Bo出生|比Bo出生得晚", texts(made, "zh"))


@pytest.mark.parametrize(
    ("bounds", "english", "chinese"),
    [
        ({"low": 31.0, "high": 33.0}, r"born about 32 years (later than|after) Bo", "比Bo晚约32年出生"),
        ({"low": 20.0, "high": 60.0}, r"born between 20 and 60 years (later than|after) Bo", "比Bo晚20至60年出生"),
        ({"low": 20.0}, r"born at least 20 years (later than|after) Bo", "比Bo晚至少20年出生"),
        ({"low": 32.0, "high": 32.0}, r"born exactly 32 years (later than|after) Bo", "比Bo晚正好32年出生"),
    ],
)
def test_amounts_of_a_comparison(bounds: dict[str, object], english: str, chinese: str) -> None:
    made = compared(pattern("Ada", ["Bo"], "Bo mentor Ada", "Ada lives_in Sel"), "Ada", "Bo", **bounds)
    assert re.search(english, texts(made))
    assert chinese in texts(made, "zh")


def test_a_difference_either_way_is_not_said() -> None:
    made = pattern("Ada", ["Bo"], "Bo mentor Ada", "Ada lives_in Sel")
    with pytest.raises(NoWording, match="neither less nor more"):
        said(compared(made, "Ada", "Bo", low=-5.0, high=5.0))


def test_rank_is_told_last() -> None:
    second = with_condition(ada(), Rank(relation="born", largest=False, place=2))
    assert all(re.search(r"Which of them was (born second|the second to be born)\?$", one) for one in said(second))
    assert all(re.search(r"(born second|the second to be born)\?$", prompt) for prompt in said(second, "full"))
    last = with_condition(ada(), Rank(relation="born", largest=True, place=3))
    assert "was the third to last to be born" in texts(last)
    assert "出生时间第三晚" in texts(last, "zh")
    clues = ordered_clues(last)
    assert clues[-1].conditions == (0,)
    words = realise(corpus(), last, clues, "brief", "en", random.Random(0))
    assert words.clues[-1] == "Of all the people of whom the rest is true, this one was the third to last to be born."


def test_of_what_is_only_compared_no_more_is_told_than_whose_it_is() -> None:
    """Ada was born at least ten years after a person whom she taught."""
    taught = compared(pattern("Ada", ["Sel"], "Bo mentor Ada", "Ada lives_in Sel"), "Ada", "Bo", low=10.0)
    name = {entity: variable for variable, entity in taught.assignment.items()}["Bo"]
    domains = tuple(one for one in taught.domains if one.variable != name)
    vague = taught.model_copy(update={"domains": (*domains, Domain(variable=name, lattice="kind", value="person"))})
    for style in ("brief", "full"):
        for told in said(vague, style):
            assert re.search(r"born at least 10 years (later than|after) a person whom they taught", told), told
    assert "比一位其指导过的人物晚至少10年出生" in texts(vague, "zh")


def test_tenure() -> None:
    made = ada()
    atoms = (made.atoms[0].model_copy(update={"at": "1956"}), *made.atoms[1:])
    assert re.search(
        r"(worked in 1956 for|was in 1956 in the employ of)", texts(made.model_copy(update={"atoms": atoms}))
    )
    atoms = (made.atoms[0].model_copy(update={"at": "1950s"}), *made.atoms[1:])
    assert "20世纪50年代" in texts(made.model_copy(update={"atoms": atoms}), "zh")
    wrong = (made.atoms[0], made.atoms[1].model_copy(update={"at": "1950s"}))
    with pytest.raises(NoWording, match="no phrase for at"):
        texts(made.model_copy(update={"atoms": wrong}))


def test_homonym() -> None:
    made = relabelled(ada(), "Cy", ("kind", "person"))
    name = next(name for name, entity in made.assignment.items() if entity == "Cy")
    borne = with_condition(made, Bears(variable=name, name="Cy"))
    assert "person called Cy" in texts(borne)
    assert "名叫Cy的人物" in texts(borne, "zh")


def test_another_unit() -> None:
    made = with_domain(ada(), Domain(variable="v0", lattice="converted", value="40..50 sq mi"))
    assert made.domains
    grown, name = with_untold(ada(), "x0", corpus().fact["Ada born 1953"])
    words = with_domain(grown, Domain(variable=name, lattice="converted", value="40..50 sq mi"))
    assert "between 40 and 50 square miles" in texts(words)
    assert "40至50平方英里" in texts(words, "zh")


def test_derived_relation_leaves_its_middle_unsaid() -> None:
    made = pattern("Ada", ["Sel"], "Ada lives_in Sel")
    made, middle = with_entity(made, "x0", corpus().fact["Ada employed_by Wok Works"])
    made, right = with_entity(made, middle, corpus().fact["Bo employed_by Wok Works"])
    made = with_domain(made, Domain(variable=right, lattice="entity", value="Bo"))
    phrase = Phrase(operator="U12", name="colleague", atoms=(1, 2), left="x0", right=right)
    made = made.model_copy(update={"phrases": (phrase,)})
    found = texts(made)
    assert re.search(r"for the same company as Bo|for one of the companies for which Bo has worked", found)
    assert "Wok" not in found and "a company" not in found
    assert "受雇于同一家公司" in texts(made, "zh")


def test_alike_things() -> None:
    made = pattern("Ada", ["Tor"], "Ada born_in Tor")
    made, middle = with_entity(made, "x0", corpus().fact["Ada employed_by Wok Works"])
    made, right = with_entity(made, middle, corpus().fact["Bo employed_by Wok Works"])
    made = with_domain(made, Domain(variable=right, lattice="entity", value="Bo"))
    made = made.model_copy(update={"phrases": (Phrase(operator="U13", name="", atoms=(1, 2), left="x0", right=right),)})
    assert re.search(r"has at one time or another worked for the same company as Bo", texts(made))
    assert "曾与Bo受雇于同一家公司" in texts(made, "zh")


def test_source_that_counts() -> None:
    made = pattern("Ada", ["Sel"], "Ada lives_in Sel", "Ada born 1953")
    atoms = (made.atoms[0], made.atoms[1].model_copy(update={"stated_in": "infobox"}))
    found = texts(made.model_copy(update={"atoms": atoms}))
    assert re.search(
        r"(was born|came into the world) in 1953 \(according to the infobox of the person's own article\)", found
    )


def test_none_is_allowed_in_words() -> None:
    made = ada()
    words = realise(corpus(), made, ordered_clues(made), "brief", "en", random.Random(0), may_be_none=True)
    assert words.prompt.endswith('answer "none".')
    words = realise(corpus(), made, ordered_clues(made), "brief", "zh", random.Random(0), may_be_none=True)
    assert words.prompt.endswith("请回答“没有”。")


def test_a_question_without_a_witness_has_words() -> None:
    made = ada()
    stripped = made.model_copy(
        update={"assignment": {}, "atoms": tuple(atom.model_copy(update={"fact": ""}) for atom in made.atoms)}
    )
    assert said(stripped) == said(made)


def test_what_hangs_on_something_unsaid_is_refused() -> None:
    made = ada()
    middle = made.atoms[0].object
    phrase = Phrase(operator="U12", name="colleague", atoms=(0,), left="x0", right=middle)
    hidden = made.model_copy(update={"phrases": (phrase,)})
    assert plan(hidden, (0, 1)), "the right end of a phrase is told"
    unsaid = hidden.model_copy(update={"phrases": (phrase.model_copy(update={"right": "x0"}),)})
    with pytest.raises(NoWording, match="stays unsaid"):
        plan(unsaid, (0, 1))


def test_operators_can_ask_first() -> None:
    words = Lexicon(is_generated=True)
    assert words.can_say("none", "received", "person")
    assert words.can_say("how_many_inverse", "author", "person")
    assert not words.can_say("how_many", "born_in", "person"), "nobody has two birthplaces"
    assert not words.can_say("none", "no_such_relation", "person")
    assert words.can_compare(("born", "person"), ("born", "person"))
    assert words.can_compare(("died", "person"), ("founded", "company"), bounded=True)
    assert words.can_compare(("population", "settlement"), ("population", "country"), measure="ratio")
    assert not words.can_compare(("population", "settlement"), ("area", "settlement"))
    assert not words.can_compare(("born", "person"), ("population", "settlement"))
    assert words.can_compare(("died", "person"), ("born", "person"), bounded=True, same_thing=True)
    assert not words.can_compare(("died", "person"), ("born", "person"), same_thing=True)
    assert "author" in words.between("work", "person")
    real = Lexicon(is_generated=False)
    assert not real.rules
    assert real.can_compare(("death_date", "person"), ("released", "film"))
    assert real.can_compare(("death_date", "person"), ("birth_date", "person"), bounded=True, same_thing=True)
    assert real.can_say("shared", "birth_place", "person")
    assert not real.can_say("none", "birth_place", "person"), "nobody knows that there is none"
