"""Every way an endpoint misbehaves: tried again where that helps, one clear line where it does not."""

import asyncio
import itertools
import json
import random
import socket
import time
from typing import Any

import pytest
from endpoint_server import (
    Answer,
    EndpointServer,
    chunk,
    completion,
    drips,
    fails,
    gives,
    hangs,
    hangs_up,
    http,
    says,
    sends,
    streams,
)
from endpoint_talk import TALK, config, take

from toy_questions import question
from websailor.errors import UserError
from websailor.models.base import ContextExceeded, Reply, Sampling
from websailor.models.endpoint import Delta, EndpointConfig, EndpointError, EndpointPolicy
from websailor.recipe import make_config

CUT = http(200, json.dumps(completion("hello")).encode()[:40], length=4000)

PASSING: dict[str, Answer] = {
    "429": fails(429, "slow down"),
    "429 with words for seconds": fails(429, headers=["retry-after: soon"]),
    "408": fails(408),
    "500": fails(500),
    "502 with a page": sends(http(502, b"<html>bad gateway</html>", "text/html")),
    "503": fails(503),
    "529": fails(529, "overloaded"),
    "a hang": hangs,
    "no reply": hangs_up,
    "a cut body": sends(CUT),
    "half a header": sends(b"HTTP/1.1 200 O"),
    "no HTTP": sends(b"\x00\x01\x02 what?\r\n\r\n"),
    "a slow drip": drips(http(200, json.dumps(completion()).encode()), 0.05),
    "a page instead of JSON": sends(http(200, b"<html>welcome</html>", "text/html")),
    "bad JSON": sends(http(200, b'{"choices": [')),
    "deep JSON": sends(http(200, b"[" * 100_000)),
    "bytes that are no text": sends(http(200, b'{"choices": "\xff\xfe"}')),
    "a list": gives([]),
    "null": gives(None),
    "no choices": gives({"id": "1"}),
    "empty choices": gives(completion() | {"choices": []}),
    "a choice without a message": gives({"choices": [{"index": 0, "finish_reason": "stop"}]}),
    "content of the wrong kind": gives({"choices": [{"index": 0, "message": {"content": 7}}]}),
    "calls of the wrong kind": gives({"choices": [{"index": 0, "message": {"tool_calls": "search"}}]}),
    "negative usage": says("x", usage={"prompt_tokens": -1, "completion_tokens": 2}),
    "an error with status 200": gives({"error": {"message": "provider is down", "code": 502}}),
    "a turn that ended in an error": says("x", finish="error"),
    "a log-probability that is no number": says("x", choice={"logprobs": {"content": [{"logprob": float("nan")}]}}),
    "an error in words": gives({"error": "provider is down"}),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_tried_again(name: str) -> None:
    with EndpointServer(PASSING[name], says("hello")) as server:
        reply = take(server, timeout=0.5)
    assert reply.message.content == "hello"
    assert len(server.asked) == 2


@pytest.mark.parametrize("name", PASSING)
def test_what_does_not_pass_ends_in_one_line(name: str) -> None:
    with EndpointServer(PASSING[name]) as server, pytest.raises(EndpointError) as raised:
        take(server, timeout=0.3, retries=1)
    assert len(server.asked) == 2
    line = str(raised.value)
    assert server.url in line
    assert "after 2 attempts" in line
    assert "check that the endpoint runs" in line
    assert "\n" not in line
    assert len(line) < 600
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


STREAMED: dict[str, Answer] = {
    "cut in the middle of the transfer": streams(chunk(content="hel"), done=False, cut=True),
    "ended in the middle of the turn": streams(chunk(content="hel"), done=False),
    "done without a finish": streams(chunk(content="hel")),
    "an event that is not JSON": streams(chunk(content="hel"), '{"choices": [', done=False),
    "an event too deep": streams(chunk(content="hel"), "[" * 100_000),
    "an event of the wrong kind": streams(chunk(content="hel"), {"choices": [{"delta": {"content": 7}}]}),
    "an error in the middle": streams(chunk(content="hel"), {"error": {"message": "engine died", "code": 500}}),
    "silence in the middle": streams(chunk(content="hel"), chunk(content="lo"), pause=0.7),
    "a page": sends(http(200, b"<html>welcome</html>", "text/html")),
    "nothing": streams(done=False),
    "429": fails(429),
}


@pytest.mark.parametrize("name", STREAMED)
def test_a_stream_that_breaks_begins_again(name: str) -> None:
    deltas: list[Delta] = []
    with EndpointServer(STREAMED[name], streams(chunk(content="hello", finish="stop"))) as server:
        reply = take(server, timeout=0.5, deltas=deltas)
    assert reply.message.content == "hello"
    told = [(delta.kind, delta.text) for delta in deltas]
    assert told[-1] == ("text", "hello")
    if len(told) > 1:
        assert told[0] == ("text", "hel")
        assert told[-2][0] == "restart"


FINAL: dict[str, tuple[Answer, str]] = {
    "400": (fails(400, "unknown field: seed"), "unknown field: seed.*omit"),
    "400 that wants another field": (
        fails(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        'set max_tokens_field = "max_completion_tokens"',
    ),
    "401": (fails(401, "bad key"), "wants a key: name the environment variable"),
    "402": (fails(402), "no credit"),
    "403": (fails(403), "wants a key"),
    "404": (fails(404, "The model `m` does not exist"), "does not exist: check base_url and model"),
    "409": (fails(409, "conflict"), "conflict"),
    "422": (fails(422, "Unexpected fields in the request: {'top_k'}"), "top_k.*omit"),
    "429 without credit": (fails(429, "quota", code="insufficient_quota"), "no credit"),
    "429 that lasts": (fails(429, headers=["retry-after: 3600"]), "asks to wait 3600 seconds"),
    "501": (fails(501, "not implemented"), "not implemented"),
    "a redirect": (sends(http(307, b"", headers=["location: http://127.0.0.1:1/v1"])), "redirects elsewhere"),
    "too long": (sends(http(200, b" " * 70_000)), "longer than max_reply_bytes"),
    "endless": (sends(http(200, b" " * 70_000, length=10**12)), "longer than max_reply_bytes"),
    "packed": (sends(http(200, b"\x1f\x8b", headers=["content-encoding: gzip"])), "packs its replies"),
    "filtered": (says("", finish="content_filter"), "content filter"),
    "an error with status 200": (gives({"error": {"message": "no such model", "code": 404}}), "no such model"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", FINAL)
def test_what_stays_is_not_tried_again(name: str, stream: bool) -> None:
    answer, words = FINAL[name]
    with EndpointServer(answer) as server, pytest.raises(EndpointError, match=words) as raised:
        take(server, max_reply_bytes=65_536, stream=stream)
    assert len(server.asked) == 1
    assert "\n" not in str(raised.value)


def test_a_context_error_in_the_middle_of_a_stream() -> None:
    error = {"error": {"message": "maximum context length is 10 tokens, 12 input tokens", "code": 400}}
    with EndpointServer(streams(error)) as server, pytest.raises(ContextExceeded, match="12 tokens"):
        take(server, stream=True)


def test_an_error_page_is_not_quoted_at_length() -> None:
    with EndpointServer(fails(400, "word " * 10_000)) as server, pytest.raises(EndpointError) as raised:
        take(server)
    assert len(str(raised.value)) < 600


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    policy = EndpointPolicy(config(url, retries=1))
    with pytest.raises(EndpointError, match=r"after 2 attempts: the connection failed: .+"):
        asyncio.run(policy.episode(question(), 1).reply(TALK, [], Sampling()))
    assert policy.spent.retries == 1


def test_a_host_that_does_not_exist() -> None:
    policy = EndpointPolicy(config("http://no-such-host.invalid/v1", retries=0))
    with pytest.raises(EndpointError, match="after 1 attempt: the connection failed"):
        asyncio.run(policy.episode(question(), 1).reply(TALK, [], Sampling()))


def test_a_mix_of_faults_loses_no_reply() -> None:
    rng = random.Random(7)
    bad = [PASSING[name] for name in ("429", "500", "no reply", "a cut body", "bad JSON", "empty choices")]
    answers = [rng.choice(bad) if rng.random() < 0.3 else says("hello") for _ in range(600)]
    with EndpointServer(*answers, says("hello")) as server:
        policy = EndpointPolicy(config(server.url, retries=12))

        async def many() -> list[Reply]:
            conversations = (policy.episode(question(), seed) for seed in range(200))
            replies = await asyncio.gather(*(model.reply(TALK, [], Sampling()) for model in conversations))
            await policy.aclose()
            return replies

        replies = asyncio.run(many())
    assert [reply.message.content for reply in replies] == ["hello"] * 200
    assert policy.spent.replies == 200
    assert policy.spent.replies + policy.spent.retries == len(server.asked)


# ---------------------------------------------------------------- waiting


def test_retry_after_is_honoured() -> None:
    for header in ("retry-after: 0.4", "retry-after-ms: 400"):
        with EndpointServer(fails(429, headers=[header]), says("hello")) as server:
            take(server)
        assert 0.4 <= server.asked[1].at - server.asked[0].at < 2.0


def test_an_endpoint_that_asks_for_a_pause_gets_it_from_all_conversations() -> None:
    with EndpointServer(fails(429, headers=["retry-after: 0.5"]), says("hello")) as server:
        policy = EndpointPolicy(config(server.url))

        async def two() -> None:
            async def late() -> None:
                await asyncio.sleep(0.1)
                await policy.episode(question(), 2).reply(TALK, [], Sampling())

            await asyncio.gather(policy.episode(question(), 1).reply(TALK, [], Sampling()), late())
            await policy.aclose()

        asyncio.run(two())
    first, *others = (asked.at for asked in server.asked)
    assert len(others) == 2
    assert min(others) - first >= 0.5


@pytest.mark.parametrize("headers", [[], ["retry-after: 0"], ["retry-after: Wed, 21 Oct 2015 07:28:00 GMT"]])
def test_waits_grow(headers: list[str]) -> None:
    again = fails(503, headers=headers)
    with EndpointServer(again, again, again, says("hello")) as server:
        take(server, first_wait=0.1)
    at = [asked.at for asked in server.asked]
    waits = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert all(wait >= floor for wait, floor in zip(waits, (0.1, 0.2, 0.4), strict=True))


def test_no_more_requests_under_way_than_allowed() -> None:
    async def slow(writer: Any) -> None:
        await asyncio.sleep(0.05)
        writer.write(http(200, json.dumps(completion()).encode()))

    with EndpointServer(slow) as server:
        policy = EndpointPolicy(config(server.url, concurrency=3))

        async def many() -> None:
            await asyncio.gather(*(policy.episode(question(), seed).reply(TALK, [], Sampling()) for seed in range(12)))
            await policy.aclose()

        asyncio.run(many())
    assert server.most_under_way == 3
    assert policy.spent.replies == 12


def test_a_wait_for_another_attempt_holds_no_slot() -> None:
    with EndpointServer(fails(500), says("hello")) as server:
        policy = EndpointPolicy(config(server.url, concurrency=1, first_wait=0.6))

        async def two() -> float:
            waiting = asyncio.create_task(policy.episode(question(), 1).reply(TALK, [], Sampling()))
            await asyncio.sleep(0.1)
            started = time.monotonic()
            await policy.episode(question(), 2).reply(TALK, [], Sampling())
            took = time.monotonic() - started
            await waiting
            await policy.aclose()
            return took

        assert asyncio.run(two()) < 0.4


def test_a_limit_from_outside_ends_a_turn_at_once() -> None:
    with EndpointServer(hangs) as server:
        policy = EndpointPolicy(config(server.url))

        async def once() -> None:
            async with asyncio.timeout(0.2):
                await policy.episode(question(), 1).reply(TALK, [], Sampling())

        with pytest.raises(TimeoutError):
            asyncio.run(once())
    assert len(server.asked) == 1


# ---------------------------------------------------------------- the config


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"api_key_env": "sk-live-12345"}, "not the key itself"),
        ({"api_key": "sk-live-12345"}, "api_key"),
        ({"extra_body": {"messages": []}}, "extra_body cannot set messages"),
        ({"base_url": "ftp://host/v1"}, "http://"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_settings_that_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as raised:
        EndpointConfig.model_validate({"model": "m", **settings})
    assert "sk-live" not in str(raised.value)


@pytest.mark.parametrize("settings", [{"api_key_env": "sk-live-1"}, {"base_url": "http://me:sk-live-1@host/v1"}])
def test_a_key_in_the_wrong_place_of_a_recipe_is_not_repeated(settings: dict[str, Any]) -> None:
    with pytest.raises(UserError) as raised:
        make_config(EndpointConfig, {"model": "m", **settings}, "recipe.toml")
    assert next(iter(settings)) in str(raised.value)
    assert "sk-live" not in str(raised.value)


@pytest.mark.parametrize("value", [None, "", "  ", "two words", "käy", "line\nbreak"])
def test_keys_that_are_none(value: str | None) -> None:
    environment = {} if value is None else {"A_KEY": value}
    with pytest.raises(UserError, match="A_KEY") as raised:
        EndpointPolicy(config("http://localhost:1/v1", api_key_env="A_KEY"), environment=environment)
    assert value is None or not value.strip() or value not in str(raised.value)
