"""The key goes to its endpoint and nowhere else."""

import asyncio
import logging
import traceback
from pathlib import Path

import pytest
from endpoint_server import (
    Answer,
    EndpointServer,
    chunk,
    completion,
    fails,
    gives,
    hangs_up,
    http,
    says,
    sends,
    streams,
)
from endpoint_talk import TALK, TOOLS, config

from toy_questions import question
from websailor.models.base import ContextExceeded, Reply, Sampling
from websailor.models.endpoint import Delta, EndpointError, EndpointPolicy

CANARY = "canary-4f1d9c-key"
FOREIGN = {
    "OPENAI_API_KEY": "foreign-canary-1",
    "OPENAI_ADMIN_KEY": "foreign-canary-2",
    "OPENAI_ORG_ID": "foreign-canary-3",
    "OPENAI_PROJECT_ID": "foreign-canary-4",
    "OPENAI_WEBHOOK_SECRET": "foreign-canary-5",
    "OPENAI_CUSTOM_HEADERS": "X-Secret: foreign-canary-6",
}
"""Variables that the client library reads on its own account."""


def call(arguments: str) -> dict[str, object]:
    return {"id": "c", "type": "function", "function": {"name": "search", "arguments": arguments}}


ECHOES: dict[str, Answer] = {
    "a reply": says(f"your key is {CANARY}, {CANARY}"),
    "a thought": gives(completion("x", message={"reasoning_content": f"the key {CANARY}"})),
    "arguments": gives(completion(None, message={"tool_calls": [call(f'{{"query": ["{CANARY}"]}}')]})),
    "a stream": streams(
        chunk(reasoning_content=f"hm {CANARY[:5]}"),
        chunk(reasoning_content=CANARY[5:]),
        *(chunk(content=letter) for letter in f"key: {CANARY}!"),
        chunk(tool_calls=[{"index": 0, **call(f'{{"query": "{CANARY}')}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '"}'}}]),
        chunk(finish="stop"),
    ),
    "400": fails(400, f"bad request with key {CANARY}"),
    "a long 400": fails(400, "x" * 290 + CANARY),
    "401": fails(401, f"Incorrect API key provided: {CANARY}"),
    "404": fails(404, f"no model for {CANARY}"),
    "429": fails(429, f"limit of {CANARY} reached"),
    "500": fails(500, f"crash: Authorization: Bearer {CANARY}"),
    "a context error": fails(400, f"context length exceeded for {CANARY}"),
    "an error event": streams(chunk(content="a"), {"error": {"message": f"lost {CANARY}"}}),
    "no HTTP": sends(f"{CANARY}\r\n\r\n".encode()),
    "no JSON": sends(f"HTTP/1.1 200 OK\r\ncontent-length: {len(CANARY)}\r\n\r\n{CANARY}".encode()),
    "a header": sends(http(200, b"{}", headers=[f"x-request-id: {CANARY}"])),
    "a lost connection": hangs_up,
}


def locals_of(error: BaseException) -> list[str]:
    """What a traceback with local variables shows, without the test's own."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [frame for frame in told.stack if not frame.filename.startswith(str(Path(__file__).parent))]
    assert any("endpoint" in frame.filename for frame in frames)
    return [str(frame.locals) for frame in frames]


@pytest.mark.parametrize("protocol", ["text", "native"])
@pytest.mark.parametrize("name", ECHOES)
def test_a_key_that_is_given_back_is_hidden(
    name: str, protocol: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in FOREIGN.items():
        monkeypatch.setenv(variable, value)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpcore2")  # as `progress.configure_logging` has it: it traces bytes
    deltas: list[Delta] = []
    seen: list[str] = []
    with EndpointServer(ECHOES[name]) as server:
        settings = config(server.url, api_key_env="THE_KEY", protocol=protocol, retries=1)
        listener = deltas.append if name in ("a stream", "an error event") else None
        policy = EndpointPolicy(settings, listener=listener, environment={"THE_KEY": f" {CANARY}\n"})
        model = policy.episode(question(), 1)

        async def once() -> Reply:
            try:
                return await model.reply(TALK, TOOLS, Sampling())
            finally:
                seen.append(repr(policy._lines[asyncio.get_running_loop()]._client))
                await policy.aclose()

        try:
            seen.append(asyncio.run(once()).model_dump_json())
        except (EndpointError, ContextExceeded) as error:
            seen += [str(error), repr(error), "".join(traceback.format_exception(error)), *locals_of(error)]
    seen += [repr(thing) for thing in (policy, model, settings, policy.quoting, policy.ledger.spent)]
    seen += [settings.model_dump_json(), str(vars(settings)), *(delta.text for delta in deltas)]
    seen.append("".join(delta.text for delta in deltas))
    seen += [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    for text in seen:
        assert CANARY not in text
        assert "foreign-canary" not in text
    assert server.asked
    for asked in server.asked:
        assert asked.headers["authorization"] == f"Bearer {CANARY}"
        sent = str({key: value for key, value in asked.headers.items() if key != "authorization"}) + str(asked.body)
        assert CANARY not in sent
        assert "foreign-canary" not in sent
        assert "x-stainless-os" not in asked.headers


def test_without_a_variable_no_key_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    with EndpointServer(says("x")) as server:
        policy = EndpointPolicy(config(server.url))
        asyncio.run(policy.episode(question(), 1).reply(TALK, [], Sampling()))
    assert "authorization" not in server.asked[0].headers


def test_a_key_is_not_carried_to_where_a_redirect_leads() -> None:
    with EndpointServer(says("x")) as elsewhere:
        head = f"HTTP/1.1 307 Go\r\nlocation: {elsewhere.url}/chat/completions\r\ncontent-length: 0\r\n\r\n"
        with EndpointServer(sends(head.encode())) as server:
            policy = EndpointPolicy(config(server.url, api_key_env="THE_KEY"), environment={"THE_KEY": CANARY})
            with pytest.raises(ValueError, match="redirects elsewhere"):
                asyncio.run(policy.episode(question(), 1).reply(TALK, [], Sampling()))
    assert not elsewhere.asked


def test_a_proxy_of_the_environment_is_not_asked_about_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with EndpointServer(says("proxy")) as proxy, EndpointServer(says("direct")) as server:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, proxy.url.removesuffix("/v1"))
        policy = EndpointPolicy(config(server.url))
        reply = asyncio.run(policy.episode(question(), 1).reply(TALK, [], Sampling()))
    assert reply.message.content == "direct"
    assert not proxy.asked
