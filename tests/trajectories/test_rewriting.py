"""Thoughts written anew: what the rewriter sees, what is refused, and that actions and observations stay."""

import asyncio
from collections.abc import Sequence

import pytest
from test_filters import ASKED, FOUND, TWO, searched

from toy_policy import OneReplyEach
from websailor.models.protocol import read_turn
from websailor.records import Message, Trajectory
from websailor.trajectories.config import RewritingConfig
from websailor.trajectories.rewriting import Rewriter, Rewritten

GOOD = ("First I want to know who founded Melik Works.", "I check its own page too.", "Both say the same.")


def rewritten(trajectory: Trajectory, *replies: str, **settings: int) -> tuple[Rewritten, OneReplyEach]:
    model = OneReplyEach(*replies)
    rewriter = Rewriter(model, RewritingConfig.model_validate(settings))
    return asyncio.run(rewriter(trajectory, ASKED, "en")), model


def thoughts(messages: Sequence[Message]) -> list[str]:
    return [read_turn(message).thought for message in messages if message.role == "assistant"]


@pytest.mark.parametrize("native", [False, True])
def test_only_thoughts_change(native: bool) -> None:
    before = searched(*TWO, native=native)
    found, _ = rewritten(before, *GOOD)
    assert found.trajectory is not None and (found.rewritten, found.left, found.refused) == (3, 0, {})
    after = found.trajectory
    assert thoughts(after.messages) == list(GOOD)
    assert [step.thought for step in after.steps] == list(GOOD)
    assert [step.call for step in after.steps] == [step.call for step in before.steps]
    for one, other in zip(before.messages, after.messages, strict=True):
        if one.role != "assistant":
            assert one == other
            continue
        was, now = read_turn(one), read_turn(other)
        assert (was.answer, [(c.name, c.arguments) for c in was.calls]) == (
            now.answer,
            [(c.name, c.arguments) for c in now.calls],
        )
        assert (other.reasoning is not None) is native
    assert after.model_copy(update={"messages": before.messages, "steps": before.steps}) == before


def test_it_sees_the_past_and_the_action_alone() -> None:
    _, model = rewritten(searched(*TWO), *GOOD)
    first, second, last = model.prompts
    assert (
        ASKED.prompt in first and "(nothing yet)" in first and 'search {"query": ["founder of Melik Works"]}' in first
    )
    assert "Dovi Marn" not in first
    assert f"Thought: {GOOD[0]}" in second and f"Result: {FOUND}" in second
    assert "answer: Dovi Marn" in last
    assert "one to four sentences" in first and "at most 100 words" in first and "in English" in first


def test_long_results_are_shortened_for_it() -> None:
    long = searched(*TWO)
    messages = [m.model_copy(update={"content": "x" * 500}) if m.role == "tool" else m for m in long.messages]
    _, model = rewritten(long.model_copy(update={"messages": tuple(messages)}), *GOOD, observation=100)
    assert f"Result: {'x' * 100} [shortened]" in model.prompts[1]


@pytest.mark.parametrize(
    ("bad", "reason", "told"),
    [
        ("", "thought_empty", "there was no thought in it"),
        ("<think>I plan.</think>", "thought_empty", "there was no thought"),
        ("<b>I look.</b>", "thought_tags", "tags or code (<b>)"),
        ('{"name": "search", "arguments": {}}', "thought_tags", "tags or code"),
        ("I look and look and look and look and look and look and look.", "thought_long", "14 words, at most 12"),
        ("我先查创办人。", "thought_language", "0% English"),
        ("I think it was Dovi Marn.", "thought_leak", "(Dovi Marn)"),
    ],
)
def test_a_bad_thought_is_asked_for_again(bad: str, reason: str, told: str) -> None:
    found, model = rewritten(searched(*TWO), bad, bad, bad, *GOOD, words=12)
    assert found.trajectory is not None and thoughts(found.trajectory.messages) == list(GOOD)
    assert found.refused == {reason: 3}
    assert told in model.prompts[1]


def test_words_around_a_thought_are_no_part_of_it() -> None:
    said = (f"<think>hm</think>\n**Thought:** {GOOD[0]}", f"Thought: {GOOD[1]}", GOOD[2])
    found, _ = rewritten(searched(*TWO), *said)
    assert found.trajectory is not None and thoughts(found.trajectory.messages) == list(GOOD)


def test_the_experts_own_thought_stays_where_it_is_short_and_clean() -> None:
    found, model = rewritten(searched(*TWO), *["Dovi Marn!"] * 4, *GOOD[1:])
    assert found.trajectory is not None and (found.rewritten, found.left) == (2, 1)
    assert thoughts(found.trajectory.messages) == ["I need its founder.", *GOOD[1:]]
    assert len(model.opened) == 6


@pytest.mark.parametrize(
    ("own", "reason"),
    [("Surely Dovi Marn.", "thought_leak"), ("So " * 200, "thought_long"), ("我先查。", "thought_language")],
)
def test_without_any_thought_that_stands_the_trajectory_is_refused(own: str, reason: str) -> None:
    found, _ = rewritten(searched(*TWO, thought=own), *[""] * 4)
    assert found.trajectory is None and found.refusal is not None
    assert found.refusal[0] == reason and found.refusal[1].startswith("turn 1: ")


def test_turns_that_broke_the_format_stay() -> None:
    before = searched(*TWO)
    broken = (Message(role="assistant", content="hm"), Message(role="user", content="Nothing to do."))
    found, model = rewritten(
        before.model_copy(
            update={
                "messages": (*before.messages[:2], *broken, *before.messages[2:]),
                "steps": (before.steps[0].model_copy(update={"thought": "hm", "call": None}), *before.steps),
            }
        ),
        *GOOD,
    )
    assert found.trajectory is not None
    assert found.trajectory.messages[2:4] == broken
    assert [step.thought for step in found.trajectory.steps] == ["hm", *GOOD]
    assert "Action: none that could be read" in model.prompts[0]
