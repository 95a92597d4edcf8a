"""Filters after correctness, the languages of thoughts, and thoughts that know too much."""

import json
from typing import Any

import pytest

from toy_questions import question, trajectory
from websailor.models.protocol import answer_turn, call_turn
from websailor.records import Message, Question, Score, Step, StopReason, ToolCall, Trajectory, Usage
from websailor.trajectories.config import FilterConfig
from websailor.trajectories.filters import Refusal, early_answer, tokens_of, unfinished, unfit, unwanted, words_of
from websailor.trajectories.languages import share, words
from websailor.trajectories.leaks import leaked

ASKED = question("q", "Who founded Melik Works?", "Dovi Marn")
FOUND = "1. Melik Works: founded by Dovi Marn"


def searched(*queries: str, thought: str = "I need its founder.", native: bool = False, **usage: int) -> Trajectory:
    """A search for each query and the right answer."""
    messages = [Message(role="system", content="s"), Message(role="user", content=ASKED.prompt)]
    steps: list[Step] = []
    for number, query in enumerate(queries):
        arguments = {"query": [query]}
        call = ToolCall(id=f"c{number}", name="search", arguments=json.dumps(arguments, indent=number))
        if native:
            messages.append(Message(role="assistant", content="", reasoning=thought, tool_calls=(call,)))
        else:
            messages.append(Message(role="assistant", content=call_turn(thought, "search", arguments)))
        messages.append(Message(role="tool", content=FOUND, tool_call_id=call.id))
        steps.append(Step(thought=thought, call=call, observation=None))
    last = Message(role="assistant", content="Dovi Marn", reasoning=thought)
    messages.append(last if native else Message(role="assistant", content=answer_turn(thought, "Dovi Marn")))
    counted = {"turns": len(queries) + 1, "tool_calls": len(queries), "prompt_tokens": 100, **usage}
    return trajectory(
        "Dovi Marn",
        messages=tuple(messages),
        steps=(*steps, Step(thought=thought, call=None, observation=None)),
        usage=Usage.model_validate(counted),
        score=Score(value=1.0, reason="r", judge="exact"),
    )


TWO = ("founder of Melik Works", "Melik Works")


def refuse(attempt: Trajectory, asked: Question, filters: FilterConfig) -> Refusal | None:
    """All filters in the order in which a run without a rewriter asks them."""
    return unfinished(attempt, filters) or unfit(attempt, asked, filters) or unwanted(attempt, asked, filters)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"answer": "Baro Kesh", "score": Score(value=0.0, reason="r", judge="exact")}, "wrong_answer"),
        ({"answer": "unknown", "score": Score(value=0.0, reason="r", judge="exact")}, "no_answer"),
        ({"answer": None, "stop": StopReason.TURN_LIMIT}, "turn_limit"),
        ({"stop": StopReason.CONTEXT_LIMIT}, "context_limit"),
        ({"answer": None, "stop": StopReason.FORMAT_ERROR}, "format"),
    ],
)
def test_only_right_answers_stay(changes: dict[str, Any], reason: str) -> None:
    found = refuse(searched(*TWO).model_copy(update=changes), ASKED, FilterConfig())
    assert found is not None and found[0] == reason


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, None),
        ({"min_calls": 2, "max_calls": 2, "max_turns": 3}, None),
        ({"min_calls": 3}, "few_calls"),
        ({"max_calls": 1}, "many_calls"),
        ({"max_turns": 2}, "many_turns"),
        ({"words": 50}, "too_long"),
        ({"tokens": 90}, "too_many_tokens"),
        ({"tokens": 300}, None),
        ({"language": "en"}, None),
        ({"language": "question"}, None),
        ({"language": "zh"}, "language"),
    ],
)
@pytest.mark.parametrize("native", [False, True])
def test_each_dial_has_its_reason(settings: dict[str, Any], reason: str | None, native: bool) -> None:
    found = refuse(searched(*TWO, native=native), ASKED, FilterConfig.model_validate(settings))
    assert (found and found[0]) == reason


def test_repeated_calls_are_told_by_what_they_say() -> None:
    again = searched("Melik Works", "founder of Melik Works", "Melik Works", native=True)
    assert refuse(again, ASKED, FilterConfig()) == ("repeated_call", 'search {"query": ["Melik Works"]}')
    assert refuse(again, ASKED, FilterConfig(repeated_calls=1)) is None


def test_format_errors_can_be_allowed() -> None:
    assert refuse(searched(*TWO, format_errors=1), ASKED, FilterConfig()) == ("format", "1 turns without a usable call")
    assert refuse(searched(*TWO, format_errors=1), ASKED, FilterConfig(format_errors=1)) is None


def test_an_answer_known_by_heart() -> None:
    guessed = searched(*TWO, thought="Surely Dovi Marn.", native=True)
    assert refuse(guessed, ASKED, FilterConfig()) == ("leak", "Surely Dovi Marn.  founder of Melik Works")
    assert refuse(guessed, ASKED, FilterConfig(early_answers=True)) is None
    assert unfit(guessed, ASKED, FilterConfig(), thoughts=False) is None, "its thoughts may be written anew"
    asked = searched("works of Dovi Marn", native=True)
    assert unfit(asked, ASKED, FilterConfig(), thoughts=False) == ("leak", " works of Dovi Marn")


def test_an_early_answer_in_chinese_and_in_a_call_that_is_no_json() -> None:
    chinese = question("z", "谁创办了这家公司？", "王小明")
    call = ToolCall(id="c", name="search", arguments='{"query": ["王小明')
    said = Message(role="assistant", content="", reasoning="查一下。", tool_calls=(call,))
    assert early_answer([Message(role="user", content="谁？"), said], chinese)
    shown = Message(role="tool", content="公司由王小明创办。")
    assert early_answer([Message(role="user", content="谁？"), shown, said], chinese) is None


def test_thoughts_and_calls_in_fields_of_their_own_count_too() -> None:
    native = searched(*TWO, native=True)
    call = native.messages[2]
    spoken = [call.model_copy(update={"reasoning": "", "content": text}) for text in ("", "I need its founder.")]
    assert words_of([call]) == words_of(spoken[:1]) + 5 == words_of(spoken[1:])
    assert words_of([call]) > words_of([call.model_copy(update={"tool_calls": ()})])
    shorter = native.model_copy(update={"messages": (*native.messages[:2], *native.messages[4:])})
    assert 100 <= tokens_of(native, native) < 140
    assert tokens_of(shorter, native) < tokens_of(native, native)


@pytest.mark.parametrize(
    ("text", "chinese", "latin"),
    [
        ("I need the founder of Šolak Works, born 1953.", 0.0, 1.0),
        ("我需要知道谁创办了这家公司。", 1.0, 0.0),
        ("Search for 王小明 first", 0.5, 0.5),
        ("1953", 1.0, 1.0),
        ("", 1.0, 1.0),
        ("нужен основатель", 0.0, 0.0),
    ],
)
def test_shares(text: str, chinese: float, latin: float) -> None:
    assert (share(text, "zh"), share(text, "en")) == (pytest.approx(chinese), pytest.approx(latin))


def test_a_chinese_character_is_a_word() -> None:
    assert words("王小明's twin-city, 1953") == ["王", "小", "明", "s", "twin-city", "1953"]


EARLIER = "Who founded the company of Torid that opened in the 1950s?\nNeed it.\nsearch companies of Torid"
LATER = (
    "1. [Velan](u/velan)\nVelan Works was opened in 1953 by Dovi Marn. However, records are few.\n"
    "founder: Marn\n本公司由【王小明】于1953年创办。"
)


@pytest.mark.parametrize(
    ("thought", "leak"),
    [
        ("I look for companies of Torid that opened in the 1950s.", None),
        ("However, I must first find the company.", None),
        ("Dovi may know.", "Dovi"),
        ("Maybe the founder is Marn.", "Marn"),
        ("Velan fits.", "Velan"),
        ("It opened in 1953, I think.", "1953"),
        ("It has 2 founders.", None),
        ("Perhaps Kasto opened it.", None),
        ("先查王小明。", "王小明"),
        ("先查这家公司的创办人。", None),
        ("the answer is dovi marn", "Dovi Marn"),
    ],
)
def test_leaks(thought: str, leak: str | None) -> None:
    assert leaked(thought, EARLIER, LATER, ["Dovi Marn"]) == leak


def test_what_was_read_or_asked_is_no_leak() -> None:
    assert leaked("Velan was opened in 1953 by Dovi Marn.", EARLIER + LATER, LATER, ["Dovi Marn"]) is None
