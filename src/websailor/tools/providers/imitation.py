"""All services on one loopback port, with their wire formats and every way of misbehaving: the fake of the providers.

Enters: how often what goes wrong. Leaves: addresses for `GatewayConfig.bases`, and what was asked when. It is a real
server on a real socket, so that clients meet cut bodies and silent peers as they are. Results follow from the query, so
the same question has the same answer however often it was refused before.
"""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args
from urllib.parse import parse_qs, unquote, urlsplit

from websailor.tools.providers.loopback import LoopbackServer, Request, http

Fault = Literal[
    "429", "429-retry-after", "500", "503", "hang", "drip", "cut", "wrong-type", "huge", "bad-json", "loop", "hang-up"
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
KEY = "imitated-key"
"""The key that every service accepts; another one gets a 401."""
RETRY_AFTER = 0.2
HITS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    service: str
    subject: str
    """The query or page that was asked for."""
    at: float
    """`time.time()`."""
    fault: Fault | None


class _Call(NamedTuple):
    """A request, taken apart."""

    method: str
    service: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]


class _Refusal(Exception):
    """The request is not what the service documents."""


class ServiceImitation(LoopbackServer):
    """Serves while it is entered. `faults` maps a fault to its share of requests; `script` goes before it, fault by
    fault."""

    def __init__(self, faults: Mapping[Fault, float] | None = None, seed: int = 0, hang_seconds: float = 30.0) -> None:
        super().__init__()
        self.asked: list[Asked] = []
        self.script: list[Fault | None] = []
        self.refusals: dict[str, int] = {}
        """Service -> the status with which it answers whatever it is asked."""
        self.repeats_keys = False
        """Whether the key that came stands in the reply, as with a service that shows what it was sent."""
        self._faults = dict(faults or {})
        self._dice = random.Random(seed)
        self._hang_seconds = hang_seconds

    def bases(self) -> dict[str, str]:
        """Provider -> address."""
        names = ("serper", "brave", "tavily", "exa", "searxng", "wikipedia", "jina", "openalex", "arxiv", "crossref")
        return {name: f"{self.root}/{name}" for name in (*names, "serper-scholar", "semantic-scholar")}

    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        call = _taken_apart(request)
        fault = self._next_fault()
        try:
            _need(call.service not in self.refusals, call.service)
            subject, kind, body = _answer(call)
            status = 200
            if self.repeats_keys:
                body = body.replace(b" is ", f" ({_credentials(call)}) is ".encode())
        except _Refusal as error:
            subject, kind, status = str(error), "application/json", 401 if "key" in str(error) else 400
            status = self.refusals.get(call.service, status)
            body = json.dumps({"message": str(error)}).encode()
        self.asked.append(Asked(call.service, subject, time.time(), fault))
        await self._send(writer, fault if status == 200 else None, status, kind, body)

    def _next_fault(self) -> Fault | None:
        if self.script:
            return self.script.pop(0)
        share = self._dice.random()
        for fault, part in self._faults.items():
            share -= part
            if share < 0:
                return fault
        return None

    async def _send(
        self, writer: asyncio.StreamWriter, fault: Fault | None, status: int, kind: str, body: bytes
    ) -> None:
        match fault:
            case None:
                writer.write(http(status, body, kind))
            case "429":
                writer.write(http(429, b"slow down", "text/plain"))
            case "429-retry-after":
                writer.write(http(429, b"slow down", "text/plain", [f"retry-after: {RETRY_AFTER}"]))
            case "500" | "503":
                writer.write(http(int(fault), b"<h1>Error</h1>", "text/html"))
            case "hang":
                await asyncio.sleep(self._hang_seconds)
            case "drip":
                for byte in http(status, body, kind):
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(self._hang_seconds / 50)
            case "cut":
                writer.write(http(status, body, kind)[: -len(body) // 2 or None])
            case "wrong-type":
                writer.write(http(200, b"\x89PNG\r\n\x1a\n", "image/png"))
            case "huge":
                writer.write(http(200, b"", kind, length=10**9))
                with contextlib.suppress(ConnectionError):
                    for _ in range(4096):
                        writer.write(b"x" * 65536)
                        await writer.drain()
            case "bad-json":
                writer.write(http(200, b'{"organic": [{"title": "x', "application/json"))
            case "loop":
                writer.write(http(302, b"", "text/plain", ["location: ?again"]))
            case "hang-up":
                pass
        with contextlib.suppress(ConnectionError):
            await writer.drain()


def _taken_apart(request: Request) -> _Call:
    parts = urlsplit(request.target)
    service, _, path = parts.path.lstrip("/").partition("/")
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    body = json.loads(request.body) if request.body else {}
    return _Call(request.method, service, f"/{path}", query, request.headers, body)


def _credentials(call: _Call) -> str:
    names = ("x-api-key", "x-subscription-token", "authorization")
    return ", ".join(call.headers[name] for name in names if name in call.headers)


def _need(right: bool, words: str) -> None:
    if not right:
        raise _Refusal(words)


def _answer(request: _Call) -> tuple[str, str, bytes]:
    """Subject, content type and body, as the service documents them; `_Refusal` for what it would refuse."""
    method, service, path, query, headers, body = request
    if service in ("serper", "serper-scholar"):
        _need(method == "POST" and path == ("/search" if service == "serper" else "/scholar"), "no such path")
        _need(headers.get("x-api-key") == KEY, "wrong key")
        _need({"q", "num", "gl", "hl"} <= body.keys(), "missing field")
        extra = {"publicationInfo": "A Author - Journal", "year": 1999, "citedBy": 7} if path == "/scholar" else {}
        rows = [{"title": t, "link": u, "snippet": s, **extra} for t, u, s in _hits(body["q"])]
        return body["q"], "application/json", _json({"organic": rows})
    if service == "brave":
        _need(method == "GET" and path == "/res/v1/web/search", "no such path")
        _need(headers.get("x-subscription-token") == KEY, "wrong key")
        rows = [{"title": t, "url": u, "description": s} for t, u, s in _hits(query["q"])]
        return query["q"], "application/json", _json({"web": {"results": rows}})
    if service in ("tavily", "exa"):
        _need(method == "POST" and path == "/search", "no such path")
        given = (
            headers.get("x-api-key") if service == "exa" else headers.get("authorization", "").removeprefix("Bearer ")
        )
        _need(given == KEY, "wrong key")
        field = "text" if service == "exa" else "content"
        rows = [{"title": t, "url": u, field: s} for t, u, s in _hits(body["query"])]
        return body["query"], "application/json", _json({"results": rows})
    if service == "searxng":
        _need(path == "/search" and query.get("format") == "json", "no such path")
        rows = [{"title": t, "url": u, "content": s, "engine": "x"} for t, u, s in _hits(query["q"])]
        return query["q"], "application/json", _json({"results": rows})
    if service == "wikipedia":
        _need(path == "/w/rest.php/v1/search/page" and bool(headers.get("user-agent")), "no such path")
        rows = [{"title": t, "key": t.replace(" ", "_"), "excerpt": f"<b>{s}</b>"} for t, _, s in _hits(query["q"])]
        return query["q"], "application/json", _json({"pages": rows})
    if service == "jina":
        url = unquote(path[1:])
        return url, "application/json", _json({"data": {"title": url, "url": url, "content": _page_text(url)}})
    if service == "page":
        text = f"<html><head><title>{path}</title></head><body><p>{_page_text(path)}</p></body></html>"
        return path, "text/html; charset=utf-8", text.encode()
    return _scholar(request)


def _scholar(request: _Call) -> tuple[str, str, bytes]:
    _, service, path, query, _, _ = request
    if service == "openalex" and path == "/works":
        asked = query["search"]
        rows = [
            {"display_name": t, "doi": u, "abstract_inverted_index": {"An": [0], s: [1]}, "publication_year": 2001}
            for t, u, s in _hits(asked)
        ]
        return asked, "application/json", _json({"results": rows})
    if service == "semantic-scholar" and path == "/graph/v1/paper/search":
        asked = query["query"]
        rows = [{"title": t, "url": u, "abstract": s, "authors": [{"name": "A"}]} for t, u, s in _hits(asked)]
        return asked, "application/json", _json({"data": rows})
    if service == "crossref" and path == "/works":
        asked = query["query"]
        rows = [{"title": [t], "URL": u, "abstract": s, "issued": {"date-parts": [[1987]]}} for t, u, s in _hits(asked)]
        return asked, "application/json", _json({"message": {"items": rows}})
    if service == "arxiv" and path == "/api/query":
        asked = query["search_query"].removeprefix("all:")
        entries = "".join(
            f"<entry><id>{u}</id><title>{t}</title><summary>{s}</summary><published>2020-01-02T00:00:00Z</published>"
            "<author><name>B Writer</name></author></entry>"
            for t, u, s in _hits(asked)
        )
        feed = f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'
        return asked, "application/atom+xml", feed.encode()
    raise _Refusal(f"no such service or path: {service}{path}")


def _hits(query: str) -> list[tuple[str, str, str]]:
    """(title, URL, snippet) that follow from the query."""
    name = "-".join(query.split())[:40]
    return [
        (f"{query} {n}", f"https://pages.example.org/{name}/{n}", f"What is known of {query}, part {n}.")
        for n in range(HITS)
    ]


def _page_text(address: str) -> str:
    return f"This page is about {address}. It is long enough to be read as the text of a page by any extractor. " * 3


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
