"""What is made of the replies of an endpoint: both protocols, usage and costs, the context."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from endpoint_server import EndpointServer, completion, fails, gives, says
from endpoint_talk import CALL, TALK, Echo, config, take

from toy_questions import question
from websailor.errors import UserError
from websailor.models.base import ContextExceeded, Reply, Sampling
from websailor.models.endpoint import EndpointPolicy
from websailor.models.protocol import call_turn, read_turn, render_turn
from websailor.records import Message, ToolCall
from websailor.tools.base import Toolbox

# ---------------------------------------------------------------- what comes back


def test_the_stop_string_is_cut_even_if_the_endpoint_does_not() -> None:
    with EndpointServer(says(CALL + "\n<tool_response>\nI make this up")) as server:
        assert take(server).message.content == CALL + "\n"


@pytest.mark.parametrize("reason", ["length", "max_tokens", "model_context_window_exceeded"])
def test_a_turn_that_was_cut_off(reason: str) -> None:
    with EndpointServer(says("<think>so lo", finish=reason)) as server:
        assert take(server).truncated


def test_a_call_inside_a_separate_thought_does_not_run_and_can_be_rendered() -> None:
    thought = f"I could write {CALL} but not yet."
    for protocol in ("text", "native"):
        message = {"reasoning_content": thought}
        with EndpointServer(gives(completion("<answer>Ada</answer>", message=message))) as server:
            said = take(server, protocol=protocol).message
        turn = read_turn(said)
        assert turn.answer == "Ada"
        assert not turn.calls
        assert "‹tool_call›" in turn.thought
        assert read_turn(Message(role="assistant", content=render_turn(said))).answer == "Ada"


def test_a_thought_that_comes_twice_is_kept_once() -> None:
    with EndpointServer(gives(completion(CALL, message={"reasoning_content": "Look."}))) as server:
        assert take(server).message.content == CALL


def test_a_call_that_speaks_of_python_stays_the_call_it_is() -> None:
    arguments = {"query": ["PythonInterpreter <code>print(1)</code> python"]}
    call = {"id": "c", "type": "function", "function": {"name": "search", "arguments": json.dumps(arguments)}}
    native = completion(None, message={"tool_calls": [call], "reasoning_content": "With python."})
    text = completion(call_turn("With python.", "search", arguments))
    for protocol, reply in (("native", native), ("text", text)):
        with EndpointServer(gives(reply)) as server:
            [asked] = read_turn(take(server, protocol=protocol).message).calls
        assert (asked.name, json.loads(asked.arguments)) == ("search", arguments)


def test_separate_thoughts_in_the_text_protocol_become_text() -> None:
    action = CALL.partition("</think>\n")[2]
    with EndpointServer(gives(completion(action, message={"reasoning_content": "Look."}))) as server:
        said = take(server).message
    assert said == Message(role="assistant", content=CALL)


def test_calls_that_the_server_took_out_of_the_text_go_back() -> None:
    call = {"id": "x", "type": "function", "function": {"name": "search", "arguments": '{"query": ["a"]}'}}
    reply = completion("<think>\nLook.\n</think>", finish="tool_calls", message={"tool_calls": [call]})
    with EndpointServer(gives(reply)) as server:
        assert take(server).message == Message(role="assistant", content=CALL)


def test_native_calls_with_thoughts() -> None:
    calls = [{"id": "", "type": "function", "function": {"name": "search", "arguments": '{"query": ["a"]}'}}]
    reply = completion(None, finish="tool_calls", message={"tool_calls": calls, "reasoning_content": "Look."})
    with EndpointServer(gives(reply)) as server:
        said = take(server, protocol="native").message
    assert said.reasoning == "Look."
    assert said.tool_calls == (ToolCall(id="call_0", name="search", arguments='{"query": ["a"]}'),)
    assert read_turn(said).calls == said.tool_calls
    assert render_turn(said) == CALL


def test_malformed_native_arguments_survive_and_get_an_instructive_observation() -> None:
    def call(arguments: object, name: str | None = "search") -> dict[str, Any]:
        return {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}

    given = ['{"query": ["a"', "", None, {"query": ["a"]}, "not json", "[]"]
    kept = ['{"query": ["a"', "", "", '{"query": ["a"]}', "not json", "[]"]
    for arguments, raw in zip(given, kept, strict=True):
        with EndpointServer(gives(completion(None, message={"tool_calls": [call(arguments)]}))) as server:
            said = take(server, protocol="native").message
        assert said.tool_calls[0].arguments == raw
        observation = asyncio.run(Toolbox([Echo()]).call(said.tool_calls[0]))
        assert (observation.status == "ok") == (raw == '{"query": ["a"]}')
        assert observation.status == "ok" or "Write" in observation.content
    with EndpointServer(gives(completion(None, message={"tool_calls": [call("{}", None)]}))) as server:
        unnamed = take(server, protocol="native").message.tool_calls[0]
    assert "There is no tool" in asyncio.run(Toolbox([Echo()]).call(unnamed)).content


def test_native_calls_of_one_turn_have_ids_of_their_own() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "search", "arguments": "{}"}}
    with EndpointServer(gives(completion(None, message={"tool_calls": [call, call, call | {"id": None}]}))) as server:
        said = take(server, protocol="native").message
    assert read_turn(said).error == f"{len(said.tool_calls)} calls in one turn: none was run. Make one call a turn."


def test_native_answers_with_and_without_tags() -> None:
    for content, answer in [
        ("Ada", "Ada"),
        ("<answer>Ada</answer>", "Ada"),
        ("<think>It is her.</think>\n<answer>Ada</answer>", "Ada"),
        ("It is her.</think>Ada", "Ada"),
    ]:
        with EndpointServer(says(content)) as server:
            said = take(server, protocol="native").message
        assert read_turn(said).answer == answer
        assert read_turn(Message(role="assistant", content=render_turn(said))).answer == answer


def test_a_native_endpoint_that_writes_calls_as_text() -> None:
    with EndpointServer(says(CALL)) as server:
        said = take(server, protocol="native").message
    assert read_turn(said).calls[0].name == "search"
    assert render_turn(said) == CALL


def test_content_in_parts_and_usage_in_detail() -> None:
    parts = [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}, {"type": "image"}]
    with EndpointServer(gives(completion(None, message={"content": parts}))) as server:
        assert take(server).message.content == "Hello"


def test_missing_usage_is_estimated_for_the_limits_and_never_costs(tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('[models."m"]\ninput = 1.0\noutput = 2.0\n', encoding="utf-8")
    with EndpointServer(says("x" * 30, usage=None), says("hello")) as server:
        policy = EndpointPolicy(config(server.url, prices=prices))

        async def twice() -> list[Reply]:
            model = policy.episode(question(), 1)
            replies = [await model.reply(TALK, [], Sampling()) for _ in range(2)]
            await policy.aclose()
            return replies

        first, _ = asyncio.run(twice())
    assert first.usage.completion_tokens == 10
    assert first.usage.prompt_tokens > 10
    assert policy.spent.unmetered == 1
    assert (policy.spent.replies, policy.spent.prompt_tokens, policy.spent.completion_tokens) == (2, 12, 5)
    assert policy.spent.cost == pytest.approx((12 * 1.0 + 5 * 2.0) / 1e6)


def test_costs(tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text(
        'currency = "CNY"\n[models."m"]\ninput = 1.0\ncached_input = 0.1\noutput = 2.0\n', encoding="utf-8"
    )
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 500,
        "prompt_tokens_details": {"cached_tokens": 400},
        "completion_tokens_details": {"reasoning_tokens": 300},
    }

    async def spend(policy: EndpointPolicy) -> None:
        await policy.episode(question(), 1).reply(TALK, [], Sampling())
        await policy.aclose()

    with EndpointServer(says("x", usage=usage)) as server:
        known = EndpointPolicy(config(server.url, prices=prices))
        unknown = EndpointPolicy(config(server.url, prices=prices, omit=()).model_copy(update={"model": "other"}))
        for policy in (known, unknown):
            asyncio.run(spend(policy))
    assert known.spent.cost == pytest.approx((600 * 1.0 + 400 * 0.1 + 500 * 2.0) / 1e6)
    assert known.spent.currency == "CNY"
    assert (known.spent.cached_tokens, known.spent.reasoning_tokens) == (400, 300)
    assert unknown.spent.cost is None
    assert unknown.spent.prompt_tokens == 1000


def test_a_broken_table_of_prices_is_named(tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('[models."m"]\ninput = -1.0\noutput = 2.0\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"models\.m\.input"):
        EndpointPolicy(config("http://localhost:1/v1", prices=prices))


def test_log_probabilities_where_given() -> None:
    content = [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1.5}]
    choice = {"logprobs": {"content": content}, "token_ids": [7, 8]}
    with EndpointServer(gives(completion("ab", choice=choice)), gives(completion("ab"))) as server:
        reply = take(server, logprobs=True)
        assert server.bodies[0]["logprobs"] is True
        assert (reply.token_ids, reply.logprobs) == ([7, 8], [-0.5, -1.5])
        assert take(server, logprobs=True).logprobs is None


# ---------------------------------------------------------------- the context


@pytest.mark.parametrize(
    ("message", "prompt", "limit"),
    [
        (
            "This model's maximum context length is 4096 tokens. However, you requested 14500 tokens (4500 in the "
            "messages, 10000 in the completion).",
            4500,
            4096,
        ),
        ("The input (61709 tokens) is longer than the model's context length (40960 tokens).", 61709, 40960),
        (
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
            9000,
            8192,
        ),
        (
            "This endpoint's maximum context length is 16384 tokens. However, you requested about 94307 tokens "
            "(94307 of text input).",
            94307,
            16384,
        ),
        ("prompt is too long: 210000 tokens > 200000 maximum", 210000, 200000),
        ("the request exceeds the available context size, try increasing it", 5000, 4096),
    ],
)
def test_a_conversation_that_is_too_long(message: str, prompt: int, limit: int) -> None:
    with EndpointServer(fails(400, message, n_prompt_tokens=prompt, n_ctx=limit)) as server:
        with pytest.raises(ContextExceeded) as raised:
            take(server)
        assert (raised.value.prompt_tokens, raised.value.limit) == (prompt, limit)
    with EndpointServer(fails(400, message)) as server, pytest.raises(ContextExceeded) as raised:
        take(server)
    if "try increasing" in message:
        assert "the endpoint says" in str(raised.value)
    else:
        assert (raised.value.prompt_tokens, raised.value.limit) == (prompt, limit)
    assert len(server.asked) == 1


def test_a_turn_gets_the_room_there_is() -> None:
    refusal = (
        "This model's maximum context length is 4096 tokens. However, you requested 13000 tokens (3000 in the "
        "messages, 10000 in the completion)."
    )
    with EndpointServer(fails(400, refusal), says("x", finish="length")) as server:
        assert take(server).truncated
    assert [body["max_tokens"] for body in server.bodies] == [10_000, 1096]


def test_a_conversation_without_a_limit_of_turns_is_asked_once() -> None:
    refusal = "maximum context length is 12000 tokens (3000 in the messages)"
    with EndpointServer(fails(400, refusal)) as server, pytest.raises(ContextExceeded):
        take(server, omit=("max_tokens",))
    assert len(server.asked) == 1


def test_an_endpoint_that_names_a_lower_bound_is_approached() -> None:
    def refusal(prompt: int) -> str:
        return f"maximum context length is 12000 tokens and your prompt contains at least {prompt} input tokens"

    answers = [fails(400, refusal(2001)), fails(400, refusal(9501)), says("x")]
    with EndpointServer(*answers) as server:
        take(server)
    assert [body["max_tokens"] for body in server.bodies] == [10_000, 2500, 625]
