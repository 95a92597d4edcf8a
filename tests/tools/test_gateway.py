"""The gateway over real sockets: wire formats, every fault, modes, limits, breaker, failover, degradation."""

import asyncio
import json
import logging
import os
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websailor.errors import UserError
from websailor.records import ToolCall
from websailor.tools.base import ToolFailure
from websailor.tools.config import ToolsConfig
from websailor.tools.gateway.breaker import SPAN, Admission, Breaker
from websailor.tools.gateway.config import GatewayConfig
from websailor.tools.gateway.gateway import Gateway, Outcome
from websailor.tools.gateway.opening import KINDS, open_gateway, standing
from websailor.tools.gateway.store import Store, canonical, key
from websailor.tools.live import live_toolbox
from websailor.tools.providers.imitation import FAULTS, HITS, KEY, Fault, ServiceImitation

KEYS = ("SERPER_API_KEY", "BRAVE_API_KEY", "TAVILY_API_KEY", "EXA_API_KEY", "JINA_API_KEY")
SEARCHERS = tuple(name for name, kind in KINDS.items() if kind.make.tool == "search")
SCHOLARS = tuple(name for name, kind in KINDS.items() if kind.make.tool == "scholar")
FAST = dict.fromkeys(KINDS, 500.0)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, KEY)


def config(services: ServiceImitation, folder: Path, **settings: Any) -> GatewayConfig:
    usual: dict[str, Any] = {
        "store": folder / "web.sqlite",
        "bases": services.bases(),
        "per_second": FAST,
        "attempt_seconds": 1.0,
        "backoff_seconds": 0.01,
        "seconds": 20,
    }
    return GatewayConfig.model_validate(usual | settings)


def during(gateway: Gateway, work: Callable[[Gateway], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        return await work(gateway)

    return asyncio.run(run())


def search(gateway: Gateway, query: str = "Velan Torid") -> Outcome:
    return during(gateway, lambda it: it.call("search", {"query": query}))


@pytest.mark.parametrize("name", [*SEARCHERS, *SCHOLARS])
def test_every_service_is_asked_in_its_own_form(name: str, tmp_path: Path) -> None:
    tool = KINDS[name].make.tool
    with ServiceImitation() as services:
        gateway = open_gateway(config(services, tmp_path, **{tool: (name,)}))
        outcome = during(gateway, lambda it: it.call(tool, {"query": "Velan Torid"}))
    hits = outcome.payload["hits"]
    assert (outcome.provider, outcome.status, outcome.cached, len(hits)) == (name, "ok", False, HITS)
    assert hits[0]["title"] == "Velan Torid 0"
    assert hits[0]["url"].startswith("http")
    assert "What is known of Velan Torid, part 0." in hits[0]["snippet"]
    assert [one.subject for one in services.asked] == ["Velan Torid"]


def test_chinese_queries_ask_the_chinese_edition(tmp_path: Path) -> None:
    with ServiceImitation() as services:
        gateway = open_gateway(config(services, tmp_path, search=("serper",)))
        assert search(gateway, "北京的大学").payload["hits"][0]["title"] == "北京的大学 0"


def test_pages_through_the_reader_service(tmp_path: Path) -> None:
    with ServiceImitation() as services:
        gateway = open_gateway(config(services, tmp_path, visit=("jina",)))
        outcome = during(gateway, lambda it: it.call("visit", {"url": "https://pages.example.org/a"}))
    assert "This page is about https://pages.example.org/a." in outcome.payload["text"]


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_is_outlived(fault: Fault, tmp_path: Path) -> None:
    with ServiceImitation(hang_seconds=3.0) as services:
        services.script = [fault]
        gateway = open_gateway(config(services, tmp_path, search=("serper", "brave"), attempt_seconds=0.4))
        outcome = search(gateway)
    assert outcome.status == "ok"
    assert len(outcome.payload["hits"]) == HITS
    assert len(services.asked) == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_a_service_that_keeps_failing_is_passed_over(fault: Fault, tmp_path: Path) -> None:
    with ServiceImitation(hang_seconds=3.0) as services:
        settings = config(services, tmp_path, search=("serper", "brave"), attempt_seconds=0.3, attempts=2)
        services.script = [fault] * (1 if fault == "huge" else 2)  # what is too large is not asked for again
        gateway = open_gateway(settings)
        outcome = search(gateway)
    assert (outcome.status, outcome.provider) == ("ok", "brave")
    assert {one.service for one in services.asked} == {"serper", "brave"}
    assert len(outcome.payload["hits"]) == HITS


def test_retry_after_is_honoured(tmp_path: Path) -> None:
    with ServiceImitation() as services:
        services.script = ["429-retry-after"]
        search(open_gateway(config(services, tmp_path, search=("serper",))))
    assert services.asked[1].at - services.asked[0].at >= 0.19


def test_when_all_fail_an_old_result_stands_in_and_says_so(tmp_path: Path) -> None:
    with ServiceImitation() as services:
        settings = config(services, tmp_path, search=("serper",), fresh_seconds=0, attempts=1)
        gateway = open_gateway(settings)
        assert search(gateway).status == "ok"
        services.script = ["500"]
        outcome = search(gateway)
    assert (outcome.status, outcome.cached, len(outcome.payload["hits"])) == ("degraded", True, HITS)


def test_a_page_that_fails_is_shown_as_the_search_showed_it(tmp_path: Path) -> None:
    with ServiceImitation() as services:
        gateway = open_gateway(config(services, tmp_path, search=("serper",), visit=("jina",), attempts=1))
        url = search(gateway).payload["hits"][0]["url"]
        services.script = ["500"]
        box = live_toolbox(gateway, ToolsConfig(tools=("search", "visit", "google_scholar")))
        call = ToolCall(id="1", name="visit", arguments=json.dumps({"url": [url], "goal": "Velan"}))
        seen = asyncio.run(box.call(call))
    assert seen.status == "degraded"
    assert "could not be loaded" in seen.content
    assert "What is known of Velan Torid, part 0." in seen.content


def test_when_nothing_is_left_the_failure_is_honest(tmp_path: Path) -> None:
    with ServiceImitation(faults={"503": 1.0}) as services:
        gateway = open_gateway(config(services, tmp_path, search=("serper", "brave"), attempts=2))
        with pytest.raises(ToolFailure, match=r"serper: HTTP 503; brave: HTTP 503"):
            search(gateway)
    assert gateway.metrics.counts("serper")["failures"] == 2


def test_fresh_results_are_not_asked_again(tmp_path: Path) -> None:
    with ServiceImitation() as services:
        gateway = open_gateway(config(services, tmp_path, search=("serper",)))
        first, second = search(gateway), search(gateway)
        other = search(open_gateway(config(services, tmp_path, search=("serper",))))
    assert (first.cached, second.cached, other.cached) == (False, True, True)
    assert first.payload == second.payload == other.payload
    assert len(services.asked) == 1


def test_identical_calls_become_one(tmp_path: Path) -> None:
    async def many(gateway: Gateway) -> list[Outcome]:
        return await asyncio.gather(*(gateway.call("search", {"query": "same"}) for _ in range(20)))

    with ServiceImitation() as services:
        gateway = open_gateway(config(services, tmp_path, search=("serper",)))
        outcomes = during(gateway, many)
    assert len(services.asked) == 1
    assert len({canonical(one.payload) for one in outcomes}) == 1
    assert gateway.metrics.counts("search")["coalesced"] == 19


def test_a_caller_that_gives_up_takes_nothing_from_the_others(tmp_path: Path) -> None:
    async def two(gateway: Gateway) -> Outcome:
        first = asyncio.create_task(gateway.call("search", {"query": "same"}))
        await asyncio.sleep(0)
        second = asyncio.create_task(gateway.call("search", {"query": "same"}))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    with ServiceImitation() as services:
        assert during(open_gateway(config(services, tmp_path, search=("serper",))), two).status == "ok"


def test_what_was_recorded_is_replayed_byte_for_byte_failures_too(tmp_path: Path) -> None:
    async def all_of(gateway: Gateway) -> list[str]:
        told: list[str] = []
        for number in range(12):
            try:
                told.append((await gateway.call("search", {"query": f"q{number}"})).model_dump_json())
            except ToolFailure as failure:
                told.append(str(failure))
        return told

    with ServiceImitation(faults={"500": 0.5}, seed=3) as services:
        settings = config(services, tmp_path, search=("serper",), attempts=1, mode="record", breaker_failures=1000)
        recorded = during(open_gateway(settings), all_of)
        asked = len(services.asked)
        replay = open_gateway(settings.model_copy(update={"mode": "replay"}))
        replayed = during(replay, all_of)
        with pytest.raises(ToolFailure, match="was not recorded"):
            search(replay, "never asked")
        assert len(services.asked) == asked
        either = open_gateway(settings.model_copy(update={"mode": "replay-or-live"}))
        search(either, "never asked before")
    assert replayed == recorded
    assert any("HTTP 500" in text for text in recorded)
    assert any('"ok"' in text for text in recorded)


def test_a_wrong_key_is_said_and_the_next_service_is_asked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.environ["SERPER_API_KEY"] = "canary-b51e"
    with ServiceImitation() as services, caplog.at_level(logging.DEBUG):
        gateway = open_gateway(config(services, tmp_path, search=("serper", "brave")))
        assert search(gateway).provider == "brave"
        alone = open_gateway(config(services, tmp_path / "2", search=("serper",)))
        with pytest.raises(ToolFailure, match="its key is not accepted") as failure:
            search(alone)
    assert "canary" not in str(failure.value)
    assert "canary" not in caplog.text
    assert "canary" not in gateway.metrics.prometheus(gateway.states())
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"canary-b51e" not in file.read_bytes()


def test_services_without_key_or_address_are_passed_over(tmp_path: Path) -> None:
    for name in KEYS:
        os.environ[name] = ""
    usable = [one.provider for one in standing(GatewayConfig()) if one.usable]
    assert usable == ["wikipedia", "direct", "jina", "semantic-scholar", "openalex", "arxiv", "crossref"]
    assert all("API_KEY" in one.why or "address" in one.why for one in standing(GatewayConfig()) if not one.usable)
    gateway = open_gateway(GatewayConfig(store=tmp_path / "s.sqlite", search=("serper",)))
    with pytest.raises(ToolFailure, match="No provider of search"):
        search(gateway)


@pytest.mark.parametrize(
    "settings", [{"search": ("google",)}, {"visit": ("serper",)}, {"per_second": {"bing": 1.0}}, {"bases": {"x": "y"}}]
)
def test_unknown_providers_are_named(settings: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="choose from"):
        open_gateway(GatewayConfig.model_validate({"store": tmp_path / "s.sqlite", **settings}))


def test_a_store_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "web.sqlite"
    file.write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(UserError, match="name another file"):
        Store(file)


def test_blocked_pages_are_neither_fetched_nor_shown(tmp_path: Path) -> None:
    with ServiceImitation() as services:
        settings = config(services, tmp_path, search=("serper",), blocked_urls=("pages.example.org/secret",))
        gateway = open_gateway(settings.model_copy(update={"canaries": ("part 1.",)}))
        assert [hit["title"] for hit in search(gateway, "open").payload["hits"]] == ["open 0", "open 2"]
        assert search(gateway, "secret").payload["hits"] == []
        with pytest.raises(ToolFailure, match="blocked"):
            during(gateway, lambda it: it.call("visit", {"url": "https://pages.example.org/secret/0"}))
    assert gateway.guard.blocked["pages.example.org/secret"] >= 3


def test_a_hostile_page_is_refused_before_anything_else(tmp_path: Path) -> None:
    with ServiceImitation() as services:
        gateway = open_gateway(config(services, tmp_path, visit=("direct", "jina")))
        with pytest.raises(ToolFailure, match="public"):
            during(gateway, lambda it: it.call("visit", {"url": f"{services.root}/page/x"}))
    assert services.asked == []


def test_limits_hold_in_every_window(tmp_path: Path) -> None:
    async def burst(gateway: Gateway) -> None:
        await asyncio.gather(*(gateway.call("search", {"query": str(number)}) for number in range(24)))

    with ServiceImitation() as services:
        settings = config(
            services, tmp_path, search=("serper",), per_second={"serper": 8.0}, attempt_seconds=20.0, seconds=60
        )
        during(open_gateway(settings), burst)
    times = sorted(one.at for one in services.asked)
    assert len(times) == 24
    assert max(sum(start <= at < start + 1 for at in times) for start in times) <= 8


def admitted(breaker: Breaker) -> Admission:
    admission = breaker.admit()
    assert admission is not None
    return admission


def test_the_breaker_opens_waits_and_tries_once() -> None:
    now = [0.0]
    breaker = Breaker(3, 10, lambda: now[0])
    for _ in range(3):
        breaker.failed(admitted(breaker))
    assert breaker.state == "closed", "a burst that fails at once is no row of failures"
    now[0] = SPAN
    breaker.failed(admitted(breaker))
    assert (breaker.state, breaker.admit()) == ("open", None)
    now[0] += 10
    trial = admitted(breaker)
    assert breaker.admit() is None, "one caller tries"
    breaker.failed(trial)
    assert breaker.state == "open"
    now[0] += 10
    assert breaker.admit()
    breaker.succeeded()
    assert breaker.state == "closed"
    assert breaker.admit()


def test_late_news_do_not_disturb_the_trial() -> None:
    now = [0.0]
    breaker = Breaker(1, 10, lambda: now[0])
    early = [admitted(breaker) for _ in range(4)]
    breaker.failed(early[0])
    now[0] = SPAN
    breaker.failed(early[1])
    now[0] += 10
    trial = admitted(breaker)
    breaker.abandoned(early[2])
    breaker.failed(early[3])
    assert breaker.state == "half-open", "a call from before the trial does not open it again"
    assert breaker.admit() is None, "nor does it let a second caller in"
    breaker.abandoned(trial)
    assert breaker.admit() is not None, "a trial that told nothing makes room for another"


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()), st.text(max_size=5))
def test_keys_do_not_depend_on_order(arguments: dict[str, Any], tool: str) -> None:
    turned = dict(reversed(arguments.items()))
    assert key(tool, "p", arguments) == key(tool, "p", turned)
    assert key(tool, "p", arguments) != key(tool, "q", arguments)


def test_the_store_gives_back_what_was_put(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.sqlite")
    value = {"text": "北京 \u2028 \x00", "hits": [1, None, 2.5]}
    store.put([("visit", "p", {"url": "u"}, value)])
    assert store.get("visit", "p", {"url": "u"}) == value
    assert store.get("visit", "p", {"url": "u"}, age=0) is None
    assert store.get("visit", "q", {"url": "u"}) is None
    assert len(store) == 1
    store.close()
    assert sqlite3.connect(tmp_path / "s.sqlite").execute("pragma journal_mode").fetchone() == ("wal",)


def test_batches_run_side_by_side_and_look_like_the_simulated_web(tmp_path: Path) -> None:
    with ServiceImitation() as services:
        gateway = open_gateway(config(services, tmp_path, search=("serper",), scholar=("crossref",)))
        box = live_toolbox(gateway, ToolsConfig(top_k=2, tools=("search", "google_scholar")))
        started = time.monotonic()
        call = ToolCall(id="1", name="search", arguments='{"query": ["one", "two", "three"]}')
        seen = asyncio.run(box.call(call))
        assert time.monotonic() - started < 5
    parts = seen.content.split("\n=======\n")
    assert [part.splitlines()[0] for part in parts] == [
        f"A search for '{query}' found 2 results:" for query in ("one", "two", "three")
    ]
    assert (seen.status, seen.provider) == ("ok", "serper")


def test_metrics_are_counted_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with ServiceImitation() as services:
        services.script = ["500"]
        gateway = open_gateway(config(services, tmp_path, search=("serper",), metrics=tmp_path / "numbers"))
        search(gateway)
        search(gateway)
        asyncio.run(gateway.aclose())
    counts = gateway.metrics.counts("serper")
    assert (counts["calls"], counts["retries"], counts["failures"], counts["hits"]) == (2, 1, 1, 1)
    (text,) = (path.read_text() for path in (tmp_path / "numbers").glob("gateway-*.prom"))
    assert text == gateway.metrics.prometheus(gateway.states())
    told = [record.message for record in caplog.records if record.name.endswith("metrics")]
    assert any(
        re.fullmatch(r"serper: calls 2, hits 1, retries 1, failures 1, breaker closed, p50 s .*", t) for t in told
    )
    assert 'websailor_gateway_calls_total{provider="serper"} 2' in text
    assert 'websailor_gateway_breaker_open{provider="serper"} 0' in text
    assert gateway.metrics.table(gateway.states())[-1]["breaker"] in ("closed", "")
