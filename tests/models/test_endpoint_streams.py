"""A reply piece by piece."""

import asyncio
from typing import Any

import pytest
from endpoint_server import EndpointServer, chunk, says, streams
from endpoint_talk import TALK, config, take

from toy_questions import question
from websailor.models.base import Sampling
from websailor.models.endpoint import Delta, EndpointPolicy


def test_a_stream_is_told_and_gathered() -> None:
    deltas: list[Delta] = []
    events = [
        chunk(role="assistant", content=""),
        chunk(reasoning_content="Lo"),
        chunk(reasoning_content="ok."),
        chunk(content="<answer>A"),
        chunk(content="da</answer>"),
        chunk(finish="stop"),
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
    ]
    with EndpointServer(streams(*events)) as server:
        reply = take(server, deltas=deltas)
    assert server.bodies[0]["stream_options"] == {"include_usage": True}
    assert reply.message.content == "<think>\nLook.\n</think>\n<answer>Ada</answer>"
    assert reply.usage.completion_tokens == 4
    said = [(delta.kind, delta.text) for delta in deltas]
    assert said == [("thought", "Lo"), ("thought", "ok."), ("text", "<answer>A"), ("text", "da</answer>")]


def test_a_stream_of_calls() -> None:
    def piece(**fields: Any) -> dict[str, Any]:
        return chunk(tool_calls=[fields])

    events = [
        piece(index=0, id="a", type="function", function={"name": "search", "arguments": ""}),
        piece(index=0, function={"arguments": '{"query": '}),
        piece(index=0, function={"arguments": '["a"]}'}),
        piece(index=0, id="b", type="function", function={"name": "visit", "arguments": "{}"}),
        chunk(finish="tool_calls"),
    ]
    deltas: list[Delta] = []
    with EndpointServer(streams(*events)) as server:
        said = take(server, protocol="native", deltas=deltas).message
    assert [(call.id, call.name, call.arguments) for call in said.tool_calls] == [
        ("a", "search", '{"query": ["a"]}'),
        ("b", "visit", "{}"),
    ]
    assert [delta.text for delta in deltas if delta.kind == "call"] == ["search", "visit"]
    assert "".join(delta.text for delta in deltas if delta.call == 0) == 'search{"query": ["a"]}'


def test_a_listener_never_sees_beyond_the_stop_string() -> None:
    deltas: list[Delta] = []
    events = [chunk(content=piece) for piece in ("<answer>1 < 2</answer>", "<tool", "_respon", "se>\nmade up", "more")]
    with EndpointServer(streams(*events, pause=0.01)) as server:
        reply = take(server, deltas=deltas)
    assert "".join(delta.text for delta in deltas) == "<answer>1 < 2</answer>"
    assert reply.message.content == "<answer>1 < 2</answer>"
    assert not reply.truncated


def test_halves_of_characters_are_put_together() -> None:
    deltas: list[Delta] = []
    events = [chunk(content=piece) for piece in ("a\ud83d", "\ude00b", "\ud83dc", "d\ude00", "\ud83d")]
    with EndpointServer(streams(*events, chunk(finish="stop"))) as server:
        reply = take(server, deltas=deltas)
    assert reply.message.content == "a\U0001f600b\ufffdcd\ufffd\ufffd"
    assert "".join(delta.text for delta in deltas) == reply.message.content


def test_a_server_that_does_not_stream() -> None:
    deltas: list[Delta] = []
    with EndpointServer(says("hello")) as server:
        assert take(server, deltas=deltas).message.content == "hello"
    assert [delta.text for delta in deltas] == ["hello"]


def test_what_a_listener_raises_is_not_taken_for_a_fault_of_the_endpoint() -> None:
    def listener(delta: Delta) -> None:
        raise ValueError("my own")

    with EndpointServer(streams(chunk(content="a", finish="stop"))) as server:
        policy = EndpointPolicy(config(server.url), listener=listener)

        async def once() -> None:
            await policy.episode(question(), 1).reply(TALK, [], Sampling())

        with pytest.raises(ValueError, match="my own"):
            asyncio.run(once())
    assert len(server.asked) == 1
