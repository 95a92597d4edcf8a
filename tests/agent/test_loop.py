"""The loop: every ending is named, nothing half runs, and the conversation only grows."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toy_questions import question
from websailor.agent import AgentConfig, run_episode
from websailor.agent.loop import REPEATED
from websailor.models.base import Reply, Sampling
from websailor.models.protocol import answer_turn, call_turn, last_chance, repeated_call
from websailor.models.scripted import ScriptedModel, count_words
from websailor.models.tokens import prompt_text
from websailor.records import (
    Message,
    Observation,
    Page,
    StopReason,
    ToolCall,
    Trajectory,
)
from websailor.tools.base import REFUSED, Toolbox, ToolFailure, ToolSpec
from websailor.tools.config import ToolsConfig
from websailor.tools.memory import InMemoryWeb
from websailor.tools.simulated import web_toolbox

QUESTION = question("q1", "Which company did Velan Torid found?", "Melik Works")
PAGES = [
    Page(id=1, title="Velan Torid", url="u1", text="Velan Torid founded Melik Works."),
    Page(id=2, title="Long", url="u2", text=" ".join(f"Word{index} long." for index in range(400))),
]
BRIEF = AgentConfig(prompt="brief")
SEARCH = call_turn("Need it.", "search", {"query": ["Velan Torid"]})
ANSWER = answer_turn("Found.", "Melik Works")


class CountingToolbox(Toolbox):
    """The real toolbox, with the calls that reached it."""

    def __init__(self) -> None:
        super().__init__(web_toolbox(InMemoryWeb(PAGES), ToolsConfig(address="title", visit_sentences=400)).tools)
        self.calls: list[ToolCall] = []

    async def call(self, call: ToolCall) -> Observation:
        self.calls.append(call)
        return await super().call(call)


def run(
    replies: Sequence[str | Message],
    config: AgentConfig = BRIEF,
    context: int | None = None,
    sampling: Sampling | None = None,
) -> tuple[Trajectory, ScriptedModel, CountingToolbox]:
    model, toolbox = ScriptedModel(replies, context), CountingToolbox()
    trajectory = asyncio.run(run_episode(QUESTION, model, toolbox, config, sampling or Sampling(), 7, "scripted"))
    return trajectory, model, toolbox


def test_an_episode_with_an_answer() -> None:
    trajectory, _, _ = run([SEARCH, ANSWER])
    assert (trajectory.stop, trajectory.answer, trajectory.error) == (StopReason.ANSWER, "Melik Works", None)
    assert (trajectory.id, trajectory.question_id, trajectory.seed) == ("q1/7", "q1", 7)
    assert [message.role for message in trajectory.messages] == ["system", "user", "assistant", "tool", "assistant"]
    assert trajectory.messages[1].content == QUESTION.prompt
    first, last = trajectory.steps
    assert first.thought == "Need it." and first.call is not None and first.observation is not None
    assert json.loads(first.call.arguments) == {"query": ["Velan Torid"]}
    assert trajectory.messages[3].content == first.observation.content
    assert trajectory.messages[3].tool_call_id == first.call.id
    assert (last.call, last.observation) == (None, None)
    usage = trajectory.usage
    assert (usage.turns, usage.tool_calls, usage.format_errors) == (2, 1, 0)
    assert usage.prompt_tokens == count_words(prompt_text(trajectory.messages[:-1]))


def test_the_assistants_message_is_kept_verbatim() -> None:
    sloppy = "<think> Need it.</think>  <tool_call>" + '{"name":"search","arguments":{"query":"Velan"}}</tool_call> '
    trajectory, _, _ = run([sloppy, ANSWER])
    assert trajectory.messages[2].content == sloppy
    assert trajectory.usage.format_errors == 0


def test_the_full_prompt_carries_tools_and_date() -> None:
    trajectory, _, toolbox = run([ANSWER], AgentConfig(date="2026-02-03"))
    system = trajectory.messages[0].content
    assert system.endswith("Current date: 2026-02-03")
    assert all(json.dumps(signature) in system for signature in toolbox.signatures)


# ---------------------------------------------------------------- faults of the public reference agent


def test_a_call_inside_the_thought_never_runs() -> None:
    inside = f"<think>Maybe {SEARCH.partition('</think>')[2]} or not.</think>\n<answer>Melik Works</answer>"
    trajectory, _, toolbox = run([inside])
    assert toolbox.calls == []
    assert trajectory.answer == "Melik Works"


def test_malformed_json_gets_an_instructive_observation() -> None:
    broken = SEARCH.replace('"]}}', '"}}')
    trajectory, _, toolbox = run([broken, SEARCH, ANSWER])
    assert trajectory.stop == StopReason.ANSWER
    assert "not JSON" in trajectory.messages[3].content and '"arguments"' in trajectory.messages[3].content
    assert trajectory.messages[3].role == "tool"
    assert trajectory.steps[0].call is None
    assert len(toolbox.calls) == 1
    assert (trajectory.usage.format_errors, trajectory.usage.tool_calls) == (1, 1)


def test_several_calls_are_refused_and_none_runs() -> None:
    twice = SEARCH + SEARCH.partition("</think>")[2]
    trajectory, _, toolbox = run([twice, ANSWER])
    assert toolbox.calls == []
    assert "none was run" in trajectory.messages[3].content


def test_several_native_calls_are_each_refused() -> None:
    calls = tuple(ToolCall(id=name, name="search", arguments='{"query": ["a"]}') for name in "ab")
    trajectory, _, toolbox = run([Message(role="assistant", content="", reasoning="t", tool_calls=calls), ANSWER])
    assert toolbox.calls == []
    assert [message.tool_call_id for message in trajectory.messages[3:5]] == ["a", "b"]


def test_a_call_and_an_answer_do_not_run() -> None:
    trajectory, _, toolbox = run([SEARCH + "\n<answer>Melik Works</answer>", ANSWER])
    assert toolbox.calls == []
    assert trajectory.usage.turns == 2


def test_a_tool_whose_name_contains_python_is_no_interpreter() -> None:
    trajectory, _, _ = run([call_turn("t", "run_python", {"code": "print(1)"}), ANSWER])
    assert trajectory.messages[3].content == 'There is no tool "run_python". Tools: search, visit.'
    assert trajectory.usage.format_errors == 1


def test_an_invented_tool_response_is_cut() -> None:
    invented = SEARCH + "\n<tool_response>\nIt is Dovi Co.\n</tool_response>\n<answer>Dovi Co</answer>"
    trajectory, _, toolbox = run([invented, ANSWER])
    assert trajectory.messages[2].content == SEARCH + "\n"
    assert len(toolbox.calls) == 1
    assert trajectory.answer == "Melik Works"


# ---------------------------------------------------------------- limits


def test_turn_limit() -> None:
    trajectory, model, toolbox = run([SEARCH] * 5, AgentConfig(prompt="brief", turns=3))
    assert (trajectory.stop, trajectory.answer) == (StopReason.TURN_LIMIT, None)
    assert len(model.seen) == 3
    assert len(toolbox.calls) == 2  # nobody would read the third
    assert trajectory.messages[-1].role == "assistant"
    assert "3 turns" in (trajectory.error or "")


def test_format_error_limit_counts_turns_in_a_row() -> None:
    config = AgentConfig(prompt="brief", format_errors=2)
    trajectory, _, _ = run(["hm", SEARCH, "hm", "hm", ANSWER], config)
    assert (trajectory.stop, trajectory.answer) == (StopReason.FORMAT_ERROR, None)
    assert (trajectory.usage.format_errors, trajectory.usage.turns) == (3, 4)


def test_a_repeated_call_is_run_again_by_default() -> None:
    trajectory, _, toolbox = run([SEARCH, SEARCH, ANSWER])
    assert len(toolbox.calls) == 2
    assert trajectory.messages[3].content == trajectory.messages[5].content


def test_a_repeated_call_can_be_refused_with_a_hint() -> None:
    spaced = SEARCH.replace('{"query": ["Velan Torid"]}', '{"query":["Velan Torid"] }')
    missing = call_turn("t", "visit", {"url": ["Nobody"], "goal": "x"})
    config = AgentConfig(prompt="brief", repeated_calls="refuse", tool_failures=3, format_errors=2)
    said = [
        SEARCH,
        spaced,
        SEARCH,
        SEARCH,
        SEARCH,
        missing,
        missing,
        call_turn("t", "search", {"query": ["b"]}),
        ANSWER,
    ]
    trajectory, _, toolbox = run(said, config)
    assert trajectory.stop == StopReason.ANSWER, "neither a broken protocol nor a failure of the tool"
    assert [call.name for call in toolbox.calls] == ["search", "visit", "visit", "search"], "what failed is tried again"
    hints = [
        step.observation.content
        for step in trajectory.steps
        if step.observation and step.observation.provider == REPEATED
    ]
    assert hints == [repeated_call("brief")] * 4
    assert (trajectory.usage.tool_calls, trajectory.usage.format_errors) == (8, 0)


def test_tool_failure_limit() -> None:
    missing = call_turn("t", "visit", {"url": ["Nobody"], "goal": "x"})
    config = AgentConfig(prompt="brief", tool_failures=2)
    trajectory, _, _ = run([missing, SEARCH, missing, missing, ANSWER], config)
    assert (trajectory.stop, trajectory.error) == (StopReason.TOOL_FAILURE, "There is no page Nobody.")
    assert trajectory.usage.tool_calls == 4


def test_a_truncated_turn_is_told_so() -> None:
    long = "<think>\n" + "so " * 300
    trajectory, _, _ = run([long, ANSWER], sampling=Sampling(max_tokens=50))
    assert "cut off" in trajectory.messages[3].content
    assert trajectory.usage.format_errors == 1


VISIT_LONG = call_turn("t", "visit", {"url": ["Long"], "goal": "long word"})
SMALL = AgentConfig(prompt="brief", context_tokens=600, max_tokens_per_turn=100)


def test_the_context_limit_drops_the_observation_and_asks_once() -> None:
    trajectory, model, toolbox = run([SEARCH, VISIT_LONG, ANSWER, ANSWER], SMALL)
    assert (trajectory.stop, trajectory.answer) == (StopReason.CONTEXT_LIMIT, "Melik Works")
    assert len(toolbox.calls) == 2
    assert trajectory.messages[-2] == Message(role="user", content=last_chance("brief"))
    assert trajectory.messages[-3].content == VISIT_LONG
    assert trajectory.steps[1].call is not None and trajectory.steps[1].observation is None
    assert "turn 2" in (trajectory.error or "")
    assert len(model.seen) == 3
    assert trajectory.usage.prompt_tokens + trajectory.usage.completion_tokens < 600


def test_the_last_turn_is_the_last() -> None:
    trajectory, model, toolbox = run([VISIT_LONG, VISIT_LONG, ANSWER], SMALL)
    assert (trajectory.stop, trajectory.answer) == (StopReason.CONTEXT_LIMIT, None)
    assert (len(model.seen), len(toolbox.calls)) == (2, 1)


def test_a_model_that_refuses_the_context_loses_nothing_it_had_accepted() -> None:
    trajectory, model, _ = run([SEARCH, VISIT_LONG, ANSWER], context=400)
    assert (trajectory.stop, trajectory.answer) == (StopReason.CONTEXT_LIMIT, "Melik Works")
    assert [message.role for message in trajectory.messages][-3:] == ["assistant", "user", "assistant"]
    assert trajectory.steps[1].observation is None
    assert model.seen[-1][: len(model.seen[-2])] == model.seen[-2]


@pytest.mark.parametrize("context", [5, 45])
def test_no_room_at_all(context: int) -> None:
    trajectory, _, _ = run([VISIT_LONG, ANSWER], context=context)
    assert (trajectory.stop, trajectory.answer) == (StopReason.CONTEXT_LIMIT, None)
    assert trajectory.messages[-1].role in ("user", "assistant")
    assert trajectory.error is not None


class Slow:
    """A model or tool that takes its time."""

    spec = ToolSpec(name="wait", description="Wait.", parameters={"type": "object", "properties": {}, "required": []})

    async def reply(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], sampling: Sampling) -> Reply:
        return Reply(message=Message(role="assistant", content=call_turn("t", "wait", {})))

    async def __call__(self, **arguments: Any) -> Observation:
        await asyncio.sleep(60)
        raise ToolFailure("too late")


class TimesOut(Slow):
    """A tool with a timeout of its own."""

    async def __call__(self, **arguments: Any) -> Observation:
        raise TimeoutError("mine")


def test_time_limit_interrupts() -> None:
    config = AgentConfig(prompt="brief", seconds=0.05)
    trajectory = asyncio.run(run_episode(QUESTION, Slow(), Toolbox([Slow()]), config, Sampling(), 0, "slow"))
    assert (trajectory.stop, trajectory.answer) == (StopReason.TIME_LIMIT, None)
    assert trajectory.messages[-1].role == "assistant"
    assert "0.05 seconds" in (trajectory.error or "")


def test_a_timeout_that_is_not_ours_raises() -> None:
    with pytest.raises(TimeoutError, match="mine"):
        asyncio.run(run_episode(QUESTION, Slow(), Toolbox([TimesOut()]), BRIEF, Sampling(), 0, "slow"))


def test_impossible_limits_are_refused() -> None:
    with pytest.raises(ValueError, match="three times"):
        AgentConfig(context_tokens=100, max_tokens_per_turn=50)


# ---------------------------------------------------------------- properties

scripts = st.lists(
    st.sampled_from([SEARCH, VISIT_LONG, "hm", "<think>", SEARCH + SEARCH, call_turn("t", "fly", {}), ANSWER]),
    max_size=8,
).map(lambda script: [*script, ANSWER, ANSWER])


@settings(deadline=None)
@given(scripts, st.sampled_from([None, 120, 300, 900]), st.sampled_from([SMALL, BRIEF]), st.integers(1, 6))
def test_the_conversation_only_grows(script: list[str], context: int | None, config: AgentConfig, turns: int) -> None:
    trajectory, model, toolbox = run(script, config.model_copy(update={"turns": turns}), context)
    for earlier, later in zip(model.seen, model.seen[1:], strict=False):
        assert later[: len(earlier)] == earlier
    assert all(trajectory.messages[: len(seen)] == seen for seen in model.seen)
    said = [message.content for message in trajectory.messages if message.role == "assistant"]
    assert said == script[: len(said)]
    usage = trajectory.usage
    assert usage.turns == len(said) == len(trajectory.steps)
    assert len(toolbox.calls) >= usage.tool_calls
    assert (trajectory.stop == StopReason.ANSWER) <= (trajectory.answer is not None)
    if trajectory.answer is not None:
        assert trajectory.stop in (StopReason.ANSWER, StopReason.CONTEXT_LIMIT)
    errors = [step for step in trajectory.steps if step.observation and step.observation.provider == REFUSED]
    assert usage.format_errors >= len(errors)
