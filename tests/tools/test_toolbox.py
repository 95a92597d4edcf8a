"""The toolbox: whatever the model writes, it gets an observation that helps."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websailor.records import Observation, ToolCall
from websailor.tools.arguments import ArgumentError, checked
from websailor.tools.base import REFUSED, Toolbox, ToolFailure, ToolSpec, signature

SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "times": {"type": "integer"},
        "how": {"type": "string", "enum": ["loud", "low"]},
        "who": {"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1},
    },
    "required": ["text"],
}


class Echo:
    """Says the text again; fails when asked to."""

    spec = ToolSpec(name="echo", description="Say it again.", parameters=SCHEMA)

    async def __call__(self, **arguments: Any) -> Observation:
        if arguments["text"] == "fail":
            raise ToolFailure("There is no echo here.")
        if arguments["text"] == "defect":
            raise ZeroDivisionError
        return Observation(content=json.dumps(arguments), provider="echo")


def call(arguments: str, name: str = "echo") -> Observation:
    return asyncio.run(Toolbox([Echo()]).call(ToolCall(id="1", name=name, arguments=arguments)))


def test_runs_a_call_and_strips_its_strings() -> None:
    observation = call('{"text": " hi ", "times": 2}')
    assert json.loads(observation.content) == {"text": "hi", "times": 2}
    assert (observation.status, observation.provider) == ("ok", "echo")
    assert observation.seconds > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ('{"text": "hi"', "are not JSON"),
        ("", "are not JSON"),
        ("[" * 100_000, "are not JSON"),
        ('["hi"]', "must be a JSON object"),
        ("{}", '"text" is missing'),
        ('{"text": 5}', '"text" must be a string'),
        ('{"text": null}', '"text" must be a string'),
        ('{"text": " "}', '"text" is empty'),
        ('{"text": "hi", "times": true}', '"times" must be an integer'),
        ('{"text": "hi", "times": 1.5}', '"times" must be an integer'),
        ('{"text": "hi", "how": "so"}', '"how" must be one of loud, low'),
        ('{"text": "hi", "who": []}', '"who" is empty'),
        ('{"text": "hi", "who": ["a", 1]}', '"who[1]" must be a string'),
        ('{"text": "hi", "what": 1}', 'no argument "what"'),
    ],
)
def test_wrong_arguments_are_explained(arguments: str, words: str) -> None:
    observation = call(arguments)
    assert words in observation.content
    assert '{"name": "echo", "arguments": {"text": "..."}}' in observation.content
    assert (observation.status, observation.provider) == ("error", REFUSED)


@pytest.mark.parametrize("name", ["python", "Echo", "", "echo python"])
def test_an_unknown_tool_is_refused_with_the_names_of_the_known(name: str) -> None:
    observation = call('{"text": "hi"}', name)
    assert observation.content.endswith("Tools: echo.")
    assert observation.provider == REFUSED


def test_a_failure_is_an_observation_and_a_defect_raises() -> None:
    failed = call('{"text": "fail"}')
    assert (failed.content, failed.status, failed.provider) == ("There is no echo here.", "error", "echo")
    with pytest.raises(ZeroDivisionError):
        call('{"text": "defect"}')


@given(st.text())
def test_any_arguments_give_an_observation(text: str) -> None:
    assert call(text).provider in (REFUSED, "echo")


def test_a_lone_value_becomes_a_list() -> None:
    schema = {"properties": {"query": {"type": "array", "items": {"type": "string"}}}, "required": ["query"]}
    assert checked({"query": "a"}, schema) == {"query": ["a"]}
    with pytest.raises(ArgumentError, match="string"):
        checked({"query": 1}, schema)


def test_names_are_unique_and_signatures_are_openai_style() -> None:
    with pytest.raises(ValueError, match="same name"):
        Toolbox([Echo(), Echo()])
    (made,) = Toolbox([Echo()]).signatures
    assert made == signature(Echo.spec)
    assert made["function"]["parameters"] == SCHEMA
