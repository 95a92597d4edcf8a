"""The simulated and the live web give the same words for the same pages, character by character: an agent cannot tell
them apart."""

import asyncio
import html
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from websailor.records import Page, ToolCall
from websailor.tools.base import Toolbox
from websailor.tools.config import ToolsConfig
from websailor.tools.faults import ASKED, FaultsConfig
from websailor.tools.gateway.config import GatewayConfig
from websailor.tools.gateway.gateway import Gateway
from websailor.tools.gateway.limits import SharedLimits
from websailor.tools.gateway.opening import KINDS, open_gateway
from websailor.tools.gateway.store import Store
from websailor.tools.live import live_toolbox
from websailor.tools.memory import InMemoryWeb
from websailor.tools.providers.base import ToolName
from websailor.tools.providers.http import Http
from websailor.tools.providers.imitation import ServiceImitation
from websailor.tools.providers.page_readers import DirectHttp
from websailor.tools.providers.search_engines import hit
from websailor.tools.safety.leaks import LeakGuard
from websailor.tools.simulated import web_toolbox

PAGES = [
    Page(
        id=number,
        title=title,
        url=f"https://w.example.org/{title.replace(' ', '_')}",
        text="\n\n".join(
            [
                f"{title} is a company that was founded by Velan Torid in 19{number}1, they say. It makes lamps.",
                f"The head office of {title} stands in Torid Vel, where it employs about two hundred people.",
            ]
        ),
    )
    for number, title in enumerate(("Melik Works", "Dovi & Sons", "Zürich 東京 Lamps"), 1)
]
NAMES = ("search", "visit", "google_scholar")


class Known:
    """A search service that finds what the in-memory web finds."""

    per_second = 1000.0

    def __init__(self, tool: ToolName) -> None:
        self.name: str = f"known-{tool}"
        self.tool: ToolName = tool

    def blamed(self, arguments: Mapping[str, Any]) -> str:
        return self.name

    async def __call__(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        found = InMemoryWeb(PAGES).search(arguments["query"], 10)
        return {"hits": [hit(one.title, one.url, one.snippet) for one in found]}


class Served(httpx2.AsyncBaseTransport):
    """The same pages as HTML."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        page = next((page for page in PAGES if httpx2.URL(page.url) == request.url), None)
        if page is None:
            return httpx2.Response(404)
        paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in page.text.split("\n\n"))
        text = f"<!doctype html><title>{html.escape(page.title)}</title><body><article>{paragraphs}</article></body>"
        return httpx2.Response(200, headers={"content-type": "text/html; charset=utf-8"}, content=text.encode())


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Toolbox]:
    http = Http(page_transport=Served())
    config = GatewayConfig(backoff_seconds=0)
    limits = SharedLimits(tmp_path / "limits.sqlite")
    providers = [Known("search"), Known("scholar"), DirectHttp(http)]
    gateway = Gateway(config, providers, Store(tmp_path / "s.sqlite"), limits, LeakGuard(), http)
    box = live_toolbox(gateway, ToolsConfig(tools=NAMES))
    yield box
    asyncio.run(box.aclose())


CALLS: list[tuple[str, str]] = [
    ("search", '{"query": ["Melik Works"]}'),
    ("search", '{"query": ["founded by Velan Torid", "東京", "zzz"]}'),
    ("search", '{"query": "nothing of the kind"}'),
    ("search", json.dumps({"query": ["x"] * 11})),
    ("search", '{"q": "x"}'),
    ("google_scholar", '{"query": ["lamps"]}'),
    ("visit", json.dumps({"url": [PAGES[0].url], "goal": "who founded it"})),
    ("visit", json.dumps({"url": [page.url for page in PAGES], "goal": ["founder", "head office", "zzz"]})),
    ("visit", json.dumps({"url": ["https://w.example.org/none"], "goal": "x"})),
    ("visit", json.dumps({"url": [PAGES[1].url, "https://w.example.org/none"], "goal": "employs"})),
    ("visit", json.dumps({"url": PAGES[2].url, "goal": ["a", "b"]})),
    ("visit", '{"url": []}'),
    ("visit", "no JSON"),
    ("wander", "{}"),
]


def told(box: Toolbox, name: str, arguments: str) -> tuple[str, str]:
    seen = asyncio.run(box.call(ToolCall(id="1", name=name, arguments=arguments)))
    return seen.content, seen.status


@pytest.mark.parametrize(("name", "arguments"), CALLS)
def test_both_webs_say_the_same(name: str, arguments: str, live: Toolbox) -> None:
    simulated = web_toolbox(InMemoryWeb(PAGES), ToolsConfig(tools=NAMES))
    assert live.signatures == simulated.signatures
    assert told(live, name, arguments) == told(simulated, name, arguments)


FAILING: list[tuple[str, dict[str, Any]]] = [
    ("search", {"query": ["a", "b"]}),
    ("google_scholar", {"query": ["a"]}),
    ("visit", {"url": ["https://w.example.org/a"], "goal": "x"}),
]


@pytest.mark.parametrize(("name", "arguments"), FAILING)
@pytest.mark.parametrize(("fault", "status"), [("429", 429), ("503", 503)])
def test_both_webs_fail_in_the_same_words(
    name: str, arguments: dict[str, Any], fault: Any, status: int, tmp_path: Path
) -> None:
    """With the providers that need no key, as the simulated faults name them."""

    class Failing(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(status)

    share = "throttled" if fault == "429" else "broken"
    config = ToolsConfig(tools=NAMES, faults=FaultsConfig.model_validate({share: 1.0}))
    keys = {kind.variable for kind in KINDS.values() if kind.variable}
    before = {name: os.environ.pop(name) for name in keys if name in os.environ}
    try:
        with ServiceImitation({fault: 1.0}) as services:
            settings = GatewayConfig(
                store=tmp_path / "s.sqlite",
                bases={name: base for name, base in services.bases().items() if name != "searxng"},
                per_second=dict.fromkeys(KINDS, 500.0),
                attempts=1,
            )
            gateway = open_gateway(settings, page_transport=Failing())
            tools: dict[str, ToolName] = {"search": "search", "visit": "visit", "google_scholar": "scholar"}
            assert gateway.providers(tools[name]) == ASKED[tools[name]]
            live = live_toolbox(gateway, ToolsConfig(tools=NAMES))
            simulated = web_toolbox(InMemoryWeb(PAGES), config)
            assert told(live, name, json.dumps(arguments)) == told(simulated, name, json.dumps(arguments))
    finally:
        os.environ.update(before)
