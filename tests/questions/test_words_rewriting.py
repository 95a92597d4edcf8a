"""Rewriting by a language model: what holds is taken, what does not is refused, and the embedded words stay."""

import asyncio
import json
import random
from functools import cache

import pytest
from test_question_words import corpus, pattern

from models.endpoint_server import EndpointServer, says
from websailor.models.base import ContextExceeded
from websailor.models.endpoint import EndpointConfig, EndpointModel, EndpointPolicy
from websailor.models.scripted import ScriptedModel
from websailor.questions.operators.additions import with_condition, with_untold
from websailor.questions.words.fidelity import refusal
from websailor.questions.words.rewriting import Rewriting, rewrite
from websailor.questions.words.slotted import SlottedClause, slotted_clauses
from websailor.records import Compare, Pattern, Rank, Without
from websailor.wiki.relations import Language


@cache
def question() -> Pattern:
    """Ada works for a company founded by Cy, was born earlier than Bo, her mentor's pupil, and never married."""
    made = pattern("Ada", ["Cy", "Bo"], "Ada employed_by Wok Works", "Wok Works founded_by Cy", "Bo mentor Ada")
    made, left = with_untold(made, "x0", corpus().fact["Ada born 1953"])
    bo = next(name for name, entity in made.assignment.items() if entity == "Bo")
    made, right = with_untold(made, bo, corpus().fact["Bo born 1921"])
    made = with_condition(made, Compare(left=left, right=right, low=0.0))
    made = with_condition(made, Without(variable="x0", relation="spouse"))
    return with_condition(made, Rank(relation="born", largest=False))


def clauses(language: Language = "en") -> list[SlottedClause]:
    return slotted_clauses(corpus(), question(), language, random.Random(0))[1]


def reading(clause: SlottedClause, **changes: object) -> str:
    """What a careful reader would answer."""
    kept = {
        "kinds": sorted(clause.reading.kinds),
        "directions": sorted(clause.reading.directions),
        "negated": clause.reading.negated,
        "slots": {letter: sorted(numbers) for letter, numbers in clause.reading.slots.items()},
        "holds": sorted(clause.reading.holds),
        "adds": [],
    }
    return f"Here it is:\n{json.dumps({**kept, **changes})}"


def rewritten(replies: list[str], language: Language = "en", tries: int = 1) -> Rewriting:
    model = ScriptedModel(replies)
    found = asyncio.run(rewrite(corpus(), question(), lambda: model, language, random.Random(0), tries=tries))
    assert len(model.seen) == len(replies), "every reply was asked for"
    return found


def honest(language: Language = "en") -> list[str]:
    return [reply for clause in clauses(language) for reply in (clause.text, reading(clause))]


def test_clauses_hide_names_and_say_what_they_state() -> None:
    found = clauses()
    assert all(name not in clause.text for clause in found for name in ("Cy", "Bo", "Wok", "1953"))
    by_kind = {kind: clause for clause in found for kind in clause.reading.kinds}
    assert by_kind["comparison"].reading.directions == {"later"}
    assert by_kind["negation"].reading.negated
    assert by_kind["rank"].reading.directions == {"first"}
    employed = next(clause for clause in found if "Cy" in clause.values.values())
    assert employed.values == {"A": "Cy"}
    assert [employed.phrases[number - 1] for number in employed.reading.slots["A"]] == ["company 1 was founded by ___"]
    assert [employed.links[number - 1] for number in employed.reading.holds] == ["this person works for company 1"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_honest_model_says_all_of_it(language: Language) -> None:
    found = rewritten(honest(language), language)
    assert found.refused == {}
    assert found.kept == 0
    assert found.clauses == len(clauses(language))
    assert "Cy" in found.prompt
    assert "[" not in found.prompt
    assert found.usage.turns == 2 * found.clauses


def test_other_words_are_taken() -> None:
    replies = honest()
    place = next(number for number, clause in enumerate(clauses()) if "negation" in clause.reading.kinds)
    replies[2 * place] = "At no time was this person married."
    assert "At no time was this person married." in rewritten(replies).prompt


def lies() -> list[tuple[str, str, str]]:
    """(kind of the clause, what the model says instead, why it is refused)."""
    return [
        ("comparison", "This person was born earlier than [A].", "direction"),
        ("comparison", "This person was born together with [A].", "direction"),
        ("comparison", "This person was born later than [A] and [B].", "slots"),
        ("comparison", "This person was born later than somebody.", "slots"),
        ("negation", "This person was married.", "negation"),
        ("negation", "This person never married Velan Torid.", "name"),
        ("negation", "This person was never married in 1950.", "number"),
        ("negation", "Nobody did.", "subject"),
        ("negation", "", "length"),
        ("negation", "This person never married. " * 20, "length"),
        ("rank", "Of all people of whom this is true, this person was the second to be born.", "number"),
        ("rank", "Of all people of whom this is true, this person was the last to be born.", "direction"),
    ]


@pytest.mark.parametrize(("kind", "sentence", "reason"), lies())
def test_what_changes_the_clue_is_refused(kind: str, sentence: str, reason: str) -> None:
    found = clauses()
    place = next(number for number, clause in enumerate(found) if kind in clause.reading.kinds)
    replies = honest()
    replies[2 * place : 2 * place + 2] = [sentence]
    made = rewritten(replies)
    assert made.refused == {reason: 1}
    assert made.kept == 1
    assert found[place].fill(found[place].text) in made.prompt


@pytest.mark.parametrize(
    "changes",
    [
        {"kinds": ["count"]},
        {"directions": ["earlier"]},
        {"negated": True},
        {"slots": {}},
        {"slots": {"A": [99]}},
        {"holds": [99]},
    ],
)
def test_what_reads_differently_is_refused(changes: dict[str, object]) -> None:
    replies = honest()
    replies[1] = reading(clauses()[0], **changes)
    assert rewritten(replies).refused == {"reading": 1}


def test_swapped_ends_of_a_link_are_seen() -> None:
    """ "was the mentor of" instead of "was taught by" has the same slots; only the reading can tell."""
    clause = next(clause for clause in clauses() if "Bo" in clause.values.values())
    numbers = clause.reading.slots["A"]
    others = set(range(1, len(clause.phrases) + 1)) - numbers
    assert others, "something else is on offer"


def test_no_json_is_unreadable_and_a_second_try_counts() -> None:
    replies = honest()
    replies[1:2] = ["I cannot say.", replies[0], replies[1]]
    made = rewritten(replies, tries=2)
    assert made.refused == {"unreadable": 1}
    assert made.kept == 0


def test_a_turn_that_was_cut_off_is_refused() -> None:
    replies = honest()
    replies[:2] = ["this person " * 1500]
    assert rewritten(replies).refused == {"cut_off": 1}


def test_what_the_model_raises_comes_through() -> None:
    model = ScriptedModel(honest(), context=5)
    with pytest.raises(ContextExceeded):
        asyncio.run(rewrite(corpus(), question(), lambda: model, "en", random.Random(0)))


def test_embedded_sentences_pass_their_own_checks() -> None:
    for language in ("en", "zh"):
        assert len(clauses(language)) > 1
        for clause in clauses(language):
            assert refusal(clause, clause.text, language) is None, clause.text


def test_chinese_checks() -> None:
    clause = next(clause for clause in clauses("zh") if "comparison" in clause.reading.kinds)
    assert refusal(clause, clause.text.replace("晚", "早"), "zh") == "direction"
    assert refusal(clause, clause.text.replace("出生", "并非出生"), "zh") == "negation"
    assert refusal(clause, clause.text.replace("[A]", "[A]Velan"), "zh") == "name"
    assert refusal(clause, clause.text.replace("。", "三年。"), "zh") == "number"


def test_through_an_endpoint() -> None:
    """The same over a real socket, thoughts and all."""
    server = EndpointServer(*(says(f"<think>hm</think>\n{reply}") for reply in honest()))
    with server:
        policy = EndpointPolicy(EndpointConfig(base_url=server.url, model="m", protocol="text"))

        async def once() -> Rewriting:
            try:
                return await rewrite(corpus(), question(), lambda: EndpointModel(policy), "en", random.Random(0))
            finally:
                await policy.aclose()

        found = asyncio.run(once())
    assert found.refused == {}
    assert len(server.asked) == 2 * found.clauses == found.usage.turns
    sent = [body["messages"][-1]["content"] for body in server.bodies]
    assert not any(name in text for text in sent for name in ("Cy", "Wok")), "the model never sees a name"
