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
from websailor.records import Compare, Count, Pattern, Rank, Without
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
    company = "This person works for a company founded by [A]"
    return [
        ("comparison", "This person was born earlier than [A].", "direction"),
        ("comparison", "This person was born together with [A].", "direction"),
        ("comparison", "This person was born a decade later than [A].", "unit"),
        ("comparison", "This person was born 3 years later than [A].", "number"),
        ("comparison", "This person was perhaps born later than [A].", "certainty"),
        ("comparison", "This person was hardly born later than [A].", "negation"),
        ("comparison", "This person was born later than [A] and [B].", "slots"),
        ("comparison", "This person was born later than somebody.", "slots"),
        ("comparison", "Velan was no friend of this person, born later than [A].", "name"),
        ("comparison", "[A] was born before the other one.", "subject"),
        ("comparison", "Cette personne est née plus tard que [A].", "subject"),
        ("comparison", "Cette personne vit le jour bien plus tard que [A].", "subject"),
        ("comparison", "Diese Person kam später als [A] zur Welt.", "language"),
        ("comparison", "该人物比[A]出生得晚。", "language"),
        ("comparison", "这位 person was born later than [A].", "language"),
        ("comparison", '{"sentence": "This person was born later than [A]."}', "form"),
        ("comparison", "```This person was born later than [A].```", "form"),
        ("comparison", "- This person was born later than [A].", "form"),
        ("comparison", "Sure: this person was born later than [A].", "form"),
        ("comparison", "Was this person born later than [A]?", "form"),
        ("comparison", "This person was born later than [A]. This person was a painter.", "form"),
        ("comparison", "This person was born later than [A]", "form"),
        ("negation", "This person was married.", "negation"),
        ("negation", "It is not true that this person never married.", "negation"),
        ("negation", "This person never married Velan Torid.", "name"),
        ("negation", "This person was never married in 1950.", "number"),
        ("negation", "Nobody did.", "subject"),
        ("negation", "", "length"),
        ("negation", "This person never married. " * 20, "length"),
        ("rank", "Of all people of whom this is true, this person was the second to be born.", "number"),
        ("rank", "Of all people of whom this is true, this person was the last to be born.", "direction"),
        ("rank", "Of about half the people of whom this is true, this person was the first to be born.", "number"),
        ("fact", company.replace("[A]", "Cy") + ".", "slots"),
        ("fact", company + ", who was a cousin of Bo.", "name"),
        ("fact", company + " in the last century.", "unit"),
        ("fact", "Exactly two companies founded by [A] gave this person work.", "number"),
        (
            "fact",
            company + ", and has a most remarkable house there with a view of the hills and of the sea.",
            "length",
        ),
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


def test_a_quoted_sentence_stands_without_its_quotes() -> None:
    replies = honest()
    replies[0] = f'"{replies[0]}"'
    made = rewritten(replies)
    assert made.refused == {}
    assert '"' not in made.prompt


def test_numbers_keep_what_limits_them() -> None:
    two = with_condition(question(), Count(variable="x0", relation="received", number=2))
    found = slotted_clauses(corpus(), two, "en", random.Random(0))[1]
    clause = next(one for one in found if "count" in one.reading.kinds)
    assert refusal(clause, "Exactly two awards went to this person.", "en") is None
    for limit in ("at least", "about", "more than", "only", "up to"):
        assert refusal(clause, f"This person has received {limit} two awards.", "en") == "number"
    assert refusal(clause, "This person has received exactly three awards.", "en") == "number"
    assert refusal(clause, "This person has received two awards.", "en") == "number"


def test_what_is_counted_ranked_or_denied_is_read_back() -> None:
    """Where there is no slot, statements about something else stand beside the true one."""
    two = with_condition(question(), Count(variable="x0", relation="received", number=2))
    for clause in slotted_clauses(corpus(), two, "en", random.Random(0))[1]:
        if clause.reading.kinds & {"count", "negation", "rank"}:
            assert len(clause.reading.holds) == 1, clause.text
            assert len(clause.links) > 1, clause.text
        if "comparison" in clause.reading.kinds:
            assert len(clause.phrases) > 1, "the other way round is on offer"


def test_swapped_names_read_differently() -> None:
    """A sentence with its slots exchanged passes all checks but the reading."""
    made = pattern("Ada", ["Cy", "Sel"], "Ada employed_by Wok Works", "Wok Works founded_by Cy", "Wok Works hq_in Sel")
    (clause,) = slotted_clauses(corpus(), made, "en", random.Random(0))[1]
    assert set(clause.values) == {"A", "B"}
    swapped = clause.text.replace("[A]", "[-]").replace("[B]", "[A]").replace("[-]", "[B]")
    assert refusal(clause, swapped, "en") is None
    numbers = {letter: sorted(found) for letter, found in clause.reading.slots.items()}
    read = reading(clause, slots={"A": numbers["B"], "B": numbers["A"]})
    model = ScriptedModel([swapped, read])
    found = asyncio.run(rewrite(corpus(), made, lambda: model, "en", random.Random(0)))
    assert found.refused == {"reading": 1}
    assert found.kept == 1


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("该人物晚于[A]出生吗？", "form"),
        ("This person was born later than [A].", "language"),
        ("この人物は[A]より後に生まれた。", "language"),
        ("[A]早早出生。", "subject"),
        ("该人物可能晚于[A]出生。", "certainty"),
        ("该人物晚于[A]三年出生。", "number"),
        ("该人物至少晚于[A]出生。", "number"),
        ("该人物晚于[A]出生。该人物是画家。", "form"),
        ("该人物不晚于[A]出生。", "negation"),
        ("该人物早于[A]出生。", "direction"),
        ("该人物晚于[A]出生，住在Tor。", "name"),
    ],
)
def test_what_changes_a_chinese_clue_is_refused(sentence: str, reason: str) -> None:
    clause = next(clause for clause in clauses("zh") if "comparison" in clause.reading.kinds)
    assert refusal(clause, sentence, "zh") == reason


def test_attacks_over_a_socket() -> None:
    """What a broken endpoint may answer: nothing, pages of it, code, a language nobody asked for."""
    place = next(number for number, clause in enumerate(clauses()) if "comparison" in clause.reading.kinds)
    attacks = {
        "": "slots",
        "This person was born later than [A]. " * 400: "slots",
        "This person was born later than [A]" + " and later" * 400 + ".": "length",
        '{"sentence": "This person was born later than [A]."}': "form",
        "Dieser Mensch wurde nach [A] geboren.": "subject",
        "[A] `later` than this person.": "form",
    }
    for sentence, reason in attacks.items():
        replies = honest()
        replies[2 * place : 2 * place + 2] = [sentence]
        server = EndpointServer(*(says(reply) for reply in replies))
        with server:
            policy = EndpointPolicy(EndpointConfig(base_url=server.url, model="m", protocol="text"))

            async def once(policy: EndpointPolicy = policy) -> Rewriting:
                try:
                    return await rewrite(corpus(), question(), lambda: EndpointModel(policy), "en", random.Random(0))
                finally:
                    await policy.aclose()

            assert asyncio.run(once()).refused == {reason: 1}, sentence[:60]


@pytest.mark.parametrize(
    "changes",
    [
        {"kinds": ["count"]},
        {"directions": ["earlier"]},
        {"negated": True},
        {"slots": {}},
        {"slots": {"A": [99]}},
        {"holds": [99]},
        {"adds": ["and a painter"]},
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
