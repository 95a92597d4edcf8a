"""The expert in the agent loop, over a web of fourteen pages."""

import asyncio
import json
import re

import pytest
from fourteen_pages import PAGES, QUESTIONS, TITLE_TOOLS, URL_TOOLS, question, web_and_tools

from websailor.agent import AgentConfig, run_episode
from websailor.models.base import Sampling
from websailor.models.protocol import read_turn
from websailor.records import StopReason, Trajectory
from websailor.scoring import ExactMatch
from websailor.tools.arguments import checked
from websailor.trajectories.expert import ExpertPolicy
from websailor.trajectories.filters import early_answer

TEMPLATE_WORDS = set(re.findall(r"\w+", "Need Candidates Check Take Yes No Not Search Nothing Read Open Look"))
WRONG_BY_HASTE = {"decade", "same year"}


def episode(asked, careful: float, tools=TITLE_TOOLS, turns: int = 20) -> Trajectory:
    model = ExpertPolicy(careful, tools.address).episode(asked, 0)
    config = AgentConfig(prompt="brief", turns=turns)
    return asyncio.run(run_episode(asked, model, web_and_tools(tools), config, Sampling(), 0, "expert"))


def right(asked, trajectory: Trajectory) -> bool:
    return asyncio.run(ExactMatch()(asked, trajectory)).value == 1


@pytest.mark.parametrize("tools", [TITLE_TOOLS, URL_TOOLS], ids=["title", "url"])
@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: asked.id)
def test_the_careful_expert_finds_every_answer(asked, tools):
    trajectory = episode(asked, 1.0, tools)
    assert trajectory.stop is StopReason.ANSWER
    assert right(asked, trajectory), trajectory.answer


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: asked.id)
def test_the_hasty_expert_is_right_where_the_first_candidate_is(asked):
    hasty, careful = episode(asked, 0.0), episode(asked, 1.0)
    assert right(asked, hasty) == (asked.id not in WRONG_BY_HASTE)
    assert hasty.usage.tool_calls <= careful.usage.tool_calls


@pytest.mark.parametrize("careful", [0.0, 1.0], ids=["hasty", "careful"])
@pytest.mark.parametrize("tools", [TITLE_TOOLS, URL_TOOLS], ids=["title", "url"])
@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: asked.id)
def test_every_turn_follows_from_what_was_seen(asked, tools, careful):
    trajectory = episode(asked, careful, tools)
    schemas = {spec.name: spec.parameters for spec in web_and_tools(tools).specs}
    seen, calls = "", []
    for message in trajectory.messages:
        if message.role != "assistant":
            seen += " " + message.content
            continue
        turn = read_turn(message)
        assert turn.error is None
        assert turn.thought
        known = set(re.findall(r"\w+", seen))
        said = turn.thought + " " + (turn.answer or "").replace("unknown", "")
        for call in turn.calls:
            arguments = json.loads(call.arguments)
            assert checked(arguments, schemas[call.name]) == arguments
            calls.append((call.name, call.arguments))
            if call.name == "visit":
                said += " " + " ".join(address for address in arguments["url"] if not address.startswith("http"))
                assert all(address in seen for address in arguments["url"] if address.startswith("http"))
        assert set(re.findall(r"\b[A-Z]\w+", said)) - TEMPLATE_WORDS <= known
        assert set(re.findall(r"\d{4}", said)) <= set(re.findall(r"\d{4}", seen))
    assert len(calls) == len(set(calls))
    assert early_answer(trajectory.messages, asked) is None


def test_the_habits_part_at_one_word():
    asked = QUESTIONS[1]
    careful, hasty = episode(asked, 1.0), episode(asked, 0.0)
    shared = [message.content for message in hasty.messages[:-1]]
    assert [message.content for message in careful.messages[: len(shared)]] == shared
    assert "Candidates Aren Solak, Baro Kesh, Dovi Marn. Check Aren Solak." in careful.messages[len(shared)].content
    assert "Candidates Aren Solak, Baro Kesh, Dovi Marn. Take Aren Solak." in hasty.messages[len(shared)].content


def test_the_expert_cannot_see_the_answer():
    asked = QUESTIONS[0]
    elsewhere = asked.model_copy(
        update={"answer": "Nobody", "pattern": asked.pattern.model_copy(update={"assignment": {"f": "Nobody"}})}
    )
    assert episode(asked, 1.0).messages == episode(elsewhere, 1.0).messages


def test_habits_are_drawn_once_per_question_and_try_and_in_the_given_share():
    policy = ExpertPolicy(0.35, seed=3)
    habits = [policy.habit(QUESTIONS[0], attempt) for attempt in range(2000)]
    assert habits == [ExpertPolicy(0.35, seed=3).habit(QUESTIONS[0], attempt) for attempt in range(2000)]
    assert 0.31 < habits.count("careful") / len(habits) < 0.39


def test_a_candidate_of_another_kind_is_passed_over():
    """Orvan College was founded too, by nobody; a school is no company."""
    asked = question(
        "kind",
        "Which school was founded in the 1920s?",
        "Orvan College",
        "founded f y",
        "f kind school; y decade 1920s",
    )
    assert episode(asked, 1.0).answer in ("Orvan College", "unknown")


def test_what_cannot_be_found_is_said_so():
    asked = question("none", "Who was taught by Baro Kesh?", "x", "mentor f a", "a entity Baro Kesh")
    trajectory = episode(asked, 1.0)
    assert trajectory.answer == "unknown"
    assert len([step for step in trajectory.steps if step.call is not None]) == 2


def test_a_page_that_is_missing_is_searched_for():
    asked = question("missing", "Where is the head office of Mellik Works?", "x", "hq_in a f", "a entity Mellik Works")
    trajectory = episode(asked, 1.0)
    assert [step.call.name for step in trajectory.steps if step.call is not None] == ["visit", "search"]


def test_a_plea_for_the_answer_gets_one():
    trajectory = episode(QUESTIONS[0], 1.0, turns=2)
    assert trajectory.stop is StopReason.TURN_LIMIT
    config = AgentConfig(prompt="brief", context_tokens=150, max_tokens_per_turn=20)
    model = ExpertPolicy(1.0).episode(QUESTIONS[0], 0)
    cut = asyncio.run(run_episode(QUESTIONS[0], model, web_and_tools(), config, Sampling(), 0, "expert"))
    assert cut.stop is StopReason.CONTEXT_LIMIT
    assert cut.answer == "unknown"


def test_the_web_has_fourteen_pages():
    assert len(PAGES) == 14
