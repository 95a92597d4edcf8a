"""The gateway in bad hands and in bad luck: keys, time, recordings, replies in no documented form."""

import asyncio
import gc
import json
import logging
import os
import pickle
import sqlite3
import time
import traceback
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from gateway_talk import VARIABLES, called, config
from hypothesis import given, settings
from hypothesis import strategies as st

from websailor.errors import UserError
from websailor.records import ToolCall
from websailor.tools.base import ToolFailure
from websailor.tools.config import ToolsConfig
from websailor.tools.gateway.config import GatewayConfig
from websailor.tools.gateway.gateway import UNREADABLE, Gateway, Outcome
from websailor.tools.gateway.opening import KINDS, open_gateway, standing
from websailor.tools.gateway.store import Store
from websailor.tools.live import live_toolbox
from websailor.tools.providers.base import ProviderError, Secret, ToolName, Unavailable, key_of
from websailor.tools.providers.bodies import Body
from websailor.tools.providers.http import Http, Service
from websailor.tools.providers.imitation import FAULTS, KEY, ServiceImitation
from websailor.tools.safety.leaks import Blocked

CANARY = "canary-4d1f9e"


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, KEY)


# ---------------------------------------------------------------- credentials


@pytest.mark.parametrize("key", [KEY, CANARY])
def test_a_key_is_found_nowhere(key: str, keys: None, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Right or wrong, it is in no file, log, metric, message or local variable on the stack of an exception, whatever
    the service does."""
    os.environ.update(dict.fromkeys(VARIABLES, key))
    told: list[str] = []

    async def ask(gateway: Gateway, services: ServiceImitation) -> None:
        for number, fault in enumerate((None, *FAULTS)):
            for tool, providers in gateway._providers.items():
                asked = {"url": f"https://a.example.org/{number}"} if tool == "visit" else {"query": f"{number}"}
                for call in (*providers, partial(gateway.call, tool)):
                    services.script = [fault] * len(providers)
                    try:
                        async with asyncio.timeout(0.2 if isinstance(call, Service) else None):
                            told.append(repr(await call(asked)))
                    except (ProviderError, ToolFailure) as error:
                        told.append(shown(error))
                    except TimeoutError as error:
                        told.append(str(error))
        await gateway.aclose()

    with ServiceImitation(hang_seconds=0.5) as services, caplog.at_level(logging.DEBUG):
        names = {
            "search": ("serper", "brave", "tavily", "exa"),
            "scholar": ("serper-scholar", "semantic-scholar"),
            "visit": ("jina",),
        }
        gateway = open_gateway(config(services, tmp_path, mode="record", attempts=1, attempt_seconds=0.2, **names))
        asyncio.run(ask(gateway, services))
    told += [repr(gateway.config), gateway.metrics.prometheus(gateway.states()), repr(standing(gateway.config))]
    assert len(told) > 100
    assert not any(key in text for text in told)
    assert key not in caplog.text
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    assert not any(key.encode() in file.read_bytes() for file in files)


def shown(error: BaseException) -> str:
    """Everything that can be told of an exception: its message, what caused it, the locals of all frames."""
    text = ""
    seen: BaseException | None = error
    while seen is not None:
        text += f"{seen!r} {vars(seen)!r}\n"
        for frame, _ in traceback.walk_tb(seen.__traceback__):
            if "/tests/" not in frame.f_code.co_filename:
                text += f"{frame.f_code.co_qualname} {frame.f_locals!r}\n"[:100_000]
        seen = seen.__cause__ or seen.__context__
    return text


def test_a_credential_shows_itself_to_nothing() -> None:
    secret = Secret(CANARY).after("Bearer ")
    assert secret.reveal() == f"Bearer {CANARY}"
    assert CANARY not in f"{secret} {secret!r} {[secret]} {secret!s:>40}"
    assert secret.removed(f"you sent {CANARY}!".encode()) == b"you sent [key]!"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)


@pytest.mark.parametrize("value", [f"{CANARY}\nX-Other: 1", f"{CANARY} x", f"{CANARY}é", "ключ"])
def test_a_key_that_no_header_can_hold_is_said_without_it(value: str, keys: None, tmp_path: Path) -> None:
    os.environ["SERPER_API_KEY"] = value
    with pytest.raises(UserError) as error:
        key_of("SERPER_API_KEY")
    assert "SERPER_API_KEY" in str(error.value)
    assert CANARY not in str(error.value)
    row = next(one for one in standing(GatewayConfig()) if one.provider == "serper")
    assert not row.usable
    assert CANARY not in row.why


@pytest.mark.parametrize("base", ["ftp://x.org", "https://", "x", "https://user:secret@x.org", "http://[::1"])
def test_a_base_that_is_no_address(base: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"bases\.brave") as error:
        open_gateway(GatewayConfig(store=tmp_path / "s", bases={"brave": base}))
    assert "secret" not in str(error.value)


# ---------------------------------------------------------------- time


def test_one_that_hangs_leaves_time_for_the_next(keys: None, tmp_path: Path) -> None:
    with ServiceImitation(hang_seconds=30) as services:
        services.script = ["hang"]
        started = time.monotonic()
        outcome = called(open_gateway(config(services, tmp_path, seconds=8, attempt_seconds=60)))
    assert outcome.provider == "brave"
    assert 3.9 < time.monotonic() - started < 7.9


def test_a_call_takes_no_longer_than_it_may(keys: None, tmp_path: Path) -> None:
    with ServiceImitation({"hang": 1.0}, hang_seconds=30) as services:
        settings_ = config(services, tmp_path, seconds=1, attempt_seconds=60, attempts=10, backoff_seconds=5)
        gateway = open_gateway(settings_)
        started = time.monotonic()
        with pytest.raises(ToolFailure, match="no reply within"):
            called(gateway)
        taken = time.monotonic() - started
    assert 0.9 < taken < 4


def test_a_long_wait_is_not_begun(keys: None, tmp_path: Path) -> None:
    """A pause between attempts, or a service's Retry-After, that reaches beyond the call's time."""
    with ServiceImitation({"429": 1.0}) as services:
        gateway = open_gateway(config(services, tmp_path, seconds=3, attempts=10, backoff_seconds=30))
        started = time.monotonic()
        with pytest.raises(ToolFailure, match="HTTP 429"):
            called(gateway)
    assert time.monotonic() - started < 8


def test_a_limit_without_room_is_the_next_provider_s_chance(keys: None, tmp_path: Path) -> None:
    async def two(gateway: Gateway) -> list[Outcome]:
        return [await gateway.call("search", {"query": query}) for query in ("a", "b")]

    with ServiceImitation() as services:
        limits = {"serper": 0.01, "brave": 100.0}
        gateway = open_gateway(config(services, tmp_path, per_second=limits, seconds=2))
        first, second = asyncio.run(two(gateway))
    assert (first.provider, second.provider) == ("serper", "brave")
    assert gateway.states()["serper"] == "closed", "our own limit says nothing about the provider"


def test_nobody_waits_for_a_failure_and_it_stays_quiet(
    keys: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def give_up(gateway: Gateway) -> None:
        for _ in range(3):
            task = asyncio.create_task(gateway.call("search", {"query": "x"}))
            await asyncio.sleep(0.02)
            task.cancel()
        await asyncio.sleep(1.5)

    with ServiceImitation({"500": 1.0}) as services:
        asyncio.run(give_up(open_gateway(config(services, tmp_path))))
        assert {one.service for one in services.asked} == {"serper", "brave"}
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_closing_ends_what_is_under_way(keys: None, tmp_path: Path) -> None:
    async def run(gateway: Gateway) -> float:
        task = asyncio.create_task(gateway.call("search", {"query": "x"}))
        await asyncio.sleep(0.2)
        started = time.monotonic()
        await gateway.aclose()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - started

    with ServiceImitation({"hang": 1.0}, hang_seconds=30) as services:
        assert asyncio.run(run(open_gateway(config(services, tmp_path, attempt_seconds=30)))) < 2


# ---------------------------------------------------------------- records


def test_what_was_recorded_stands(keys: None, tmp_path: Path) -> None:
    """The same call again, in the same recording, has the outcome that a replay will show: also when it failed."""
    with ServiceImitation() as services:
        recording = config(services, tmp_path, mode="record", attempts=1, search=("serper",))
        services.script = ["500"]
        for _ in range(2):
            with pytest.raises(ToolFailure, match="HTTP 500"):
                called(open_gateway(recording))
        assert len(services.asked) == 1
        elsewhere = open_gateway(recording.model_copy(update={"mode": "replay-or-live"}))
        assert called(elsewhere, query="new").status == "ok"
        with pytest.raises(ToolFailure, match="not recorded"):
            called(open_gateway(recording.model_copy(update={"mode": "replay"})), query="new")


def test_rules_hold_for_what_was_stored_before_them(keys: None, tmp_path: Path) -> None:
    with ServiceImitation() as services:
        called(open_gateway(config(services, tmp_path)))
        called(open_gateway(config(services, tmp_path)), "visit", url="https://a.example.org/1")
        strict = open_gateway(config(services, tmp_path, canaries=("Velan Torid, PART 1", "this  page is\nabout")))
        again = called(strict)
        assert (again.cached, len(again.payload["hits"])) == (True, 2)
        with pytest.raises(Blocked):
            called(strict, "visit", url="https://a.example.org/1")


def test_a_cache_that_cannot_be_written_costs_no_result(
    keys: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path / "s.sqlite")
    with sqlite3.connect(tmp_path / "s.sqlite") as other:
        other.execute("drop table results")
    for _ in range(3):
        store.put([("search", "p", {}, {"hits": []})])
    assert caplog.text.count("are not kept") == 1
    with pytest.raises(UserError, match="cannot be recorded"):
        store.settle("search", "p", {}, {})
    with pytest.raises(UserError, match="damaged"):
        store.get("search", "p", {})


def test_half_characters_do_no_harm(keys: None, tmp_path: Path) -> None:
    with ServiceImitation() as services:
        box = live_toolbox(open_gateway(config(services, tmp_path)), ToolsConfig())
        call = ToolCall(id="1", name="search", arguments='{"query": ["half \\ud800 a character"]}')
        seen = asyncio.run(box.call(call))
    assert seen.status == "ok"
    assert seen.model_dump_json()


# ---------------------------------------------------------------- replies in no documented form


class Canned(Http):
    """Services that answer everything with one JSON value."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self._value = value

    async def api(self, *_: Any, **__: Any) -> Body:
        return Body("https://x.example", "application/json", None, json.dumps(self._value).encode())


FIELDS = (
    *("organic", "web", "results", "pages", "data", "message", "items", "content", "title", "link", "url", "snippet"),
    *("authors", "author", "authorships", "abstract_inverted_index", "issued", "date-parts", "key", "name", "location"),
    *("open_access", "primary_location", "openAccessPdf", "container-title", "abstract", "description", "display_name"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(JSON, st.sampled_from([name for name, kind in KINDS.items() if name != "direct"]))
def test_any_reply_is_a_payload_or_a_failure(value: Any, name: str) -> None:
    kind = KINDS[name]
    asked = {"url": "https://a.example.org/"} if kind.make.tool == "visit" else {"query": "q"}
    try:
        payload = asyncio.run(kind.make(CANNED_CLIENT.of(value))(asked))
    except (ProviderError, *UNREADABLE):
        return
    assert json.dumps(payload)


class _Shared:
    """Opening a client reads certificates: once is enough."""

    def __init__(self) -> None:
        self._client = Canned(None)

    def of(self, value: Any) -> Canned:
        self._client._value = value
        return self._client


CANNED_CLIENT = _Shared()


def test_an_undocumented_reply_is_said_and_the_next_provider_asked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, keys: None
) -> None:
    with ServiceImitation() as services:
        gateway = open_gateway(config(services, tmp_path, search=("serper", "brave"), attempts=1))
        odd = KINDS["wikipedia"].make(Canned({"pages": [{"title": {"no": "text"}}, 3]}))
        gateway._providers["search"][0] = Broken()
        assert called(gateway).provider == "brave"
        with pytest.raises(Unavailable):
            asyncio.run(odd({"query": "q"}))
    assert "another form than documented" in caplog.text


class Broken:
    """A provider whose service changed its format."""

    name = "serper"
    tool: ToolName = "search"
    per_second = 100.0

    def blamed(self, arguments: Any) -> str:
        return self.name

    async def __call__(self, arguments: Any) -> dict[str, Any]:
        return {"hits": [row["link"] for row in [{}]]}
