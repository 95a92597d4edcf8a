"""Web search: one class per service, its request and its reply as the service documents them.

Enters: `{"query"}`. Leaves: `{"hits": [...]}`, as `base` has it.
"""

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from websailor.tools.providers.base import Payload, Unavailable
from websailor.tools.providers.http import Service

RESULTS = 10
MOST_ROWS = 100
"""Results that are taken from one reply, whatever was asked for."""
MOST_TEXT, MOST_ADDRESS = 2000, 4096
"""Characters of a title or snippet, and of an address."""
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_MARKUP = re.compile(r"<[^<>]*>")
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Serper(Service):
    """google.serper.dev: Google's results. Chinese queries are asked in China's edition."""

    name = "serper"
    tool = "search"
    base = "https://google.serper.dev"
    path: ClassVar[str] = "/search"

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        query = str(arguments["query"])
        edition = {"gl": "cn", "hl": "zh-cn", "location": "China"} if _CJK.search(query) else {"gl": "us", "hl": "en"}
        body = await self._http.api(
            "POST",
            self._base + self.path,
            json={"q": query, "num": RESULTS, **edition},
            headers={"X-API-KEY": self._key or ""},
        )
        return {"hits": [self._hit(row) for row in rows(body.json(), "organic", sign="searchParameters")]}

    def _hit(self, row: Mapping[str, Any]) -> Payload:
        return hit(row.get("title"), row.get("link"), row.get("snippet"), date=row.get("date"))


class SerperScholar(Serper):
    """google.serper.dev: Google Scholar."""

    name = "serper-scholar"
    tool = "scholar"
    path: ClassVar[str] = "/scholar"

    def _hit(self, row: Mapping[str, Any]) -> Payload:
        return hit(
            row.get("title"),
            row.get("link") or row.get("pdfUrl"),
            row.get("snippet"),
            date=row.get("year"),
            source=row.get("publicationInfo"),
            cited=row.get("citedBy"),
            pdf=row.get("pdfUrl"),
        )


class Brave(Service):
    """api.search.brave.com."""

    name = "brave"
    tool = "search"
    base = "https://api.search.brave.com"
    per_second = 1.0

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        body = await self._http.api(
            "GET",
            f"{self._base}/res/v1/web/search",
            params={"q": str(arguments["query"]), "count": RESULTS},
            headers={"X-Subscription-Token": self._key or "", "Accept": "application/json"},
        )
        found = rows(body.json(), "web", "results", sign="query")
        return {
            "hits": [
                hit(row.get("title"), row.get("url"), row.get("description"), date=row.get("age")) for row in found
            ]
        }


class Tavily(Service):
    """api.tavily.com."""

    name = "tavily"
    tool = "search"
    base = "https://api.tavily.com"

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        body = await self._http.api(
            "POST",
            f"{self._base}/search",
            json={"query": str(arguments["query"]), "max_results": RESULTS, "search_depth": "basic"},
            headers={"Authorization": self._key.after("Bearer ")} if self._key else None,
        )
        return {
            "hits": [hit(row.get("title"), row.get("url"), row.get("content")) for row in rows(body.json(), "results")]
        }


class Exa(Service):
    """api.exa.ai."""

    name = "exa"
    tool = "search"
    base = "https://api.exa.ai"

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        body = await self._http.api(
            "POST",
            f"{self._base}/search",
            json={
                "query": str(arguments["query"]),
                "numResults": RESULTS,
                "contents": {"text": {"maxCharacters": 400}},
            },
            headers={"x-api-key": self._key or ""},
        )
        found = rows(body.json(), "results")
        return {
            "hits": [
                hit(row.get("title"), row.get("url"), row.get("text"), date=row.get("publishedDate")) for row in found
            ]
        }


class SearXNG(Service):
    """An instance of one's own; `base` is its address."""

    name = "searxng"
    tool = "search"
    base = "http://127.0.0.1:8080"

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        body = await self._http.api(
            "GET", f"{self._base}/search", params={"q": str(arguments["query"]), "format": "json"}
        )
        found = rows(body.json(), "results")[:RESULTS]
        return {"hits": [hit(row.get("title"), row.get("url"), row.get("content")) for row in found]}


class Wikipedia(Service):
    """The MediaWiki REST search of the Wikipedia in the query's language. No key."""

    name = "wikipedia"
    tool = "search"
    base = "https://{language}.wikipedia.org"

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        query = str(arguments["query"])
        host = self._base.format(language="zh" if _CJK.search(query) else "en")
        body = await self._http.api(
            "GET", f"{host}/w/rest.php/v1/search/page", params={"q": query[:300], "limit": RESULTS}
        )
        return {
            "hits": [
                hit(
                    row.get("title"),
                    f"{host}/wiki/{quote(str(row['key']), safe='/:(),!')}",
                    row.get("excerpt") or row.get("description"),
                )
                for row in rows(body.json(), "pages")
            ]
        }


def rows(reply: Any, *path: str, sign: str = "") -> Sequence[Mapping[str, Any]]:
    """The list at a path of a JSON reply. Raises `Unavailable` for another form: an error that comes as a success must
    not pass for a search without results. A service that leaves the list out where there are none is known by the field
    `sign`."""
    whole = reply
    for name in path:
        reply = reply.get(name) if isinstance(reply, Mapping) else None
    if reply is None and sign and isinstance(whole, Mapping) and sign in whole:
        return ()
    if not isinstance(reply, list) or not all(isinstance(row, Mapping) for row in reply):
        raise Unavailable("the reply has another form than documented")
    return reply[:MOST_ROWS]


def hit(title: Any, url: Any, snippet: Any, **more: Any) -> Payload:
    """One search result, without markup; of `more` what is known: numbers, and texts on one line."""
    texts = {"title": clean(title), "url": address(url), "snippet": clean(snippet)}
    known = {name: value if isinstance(value, int) else clean(value) for name, value in more.items()}
    return {**texts, **{name: value for name, value in known.items() if value != ""}}


def clean(text: Any) -> str:
    """Plain text on one line, of bounded length; nothing for what is neither text nor a number."""
    if not isinstance(text, str | int | float):
        return ""
    text = html.unescape(_MARKUP.sub("", str(text)[: 4 * MOST_TEXT]))
    return " ".join(_UNPRINTED.sub(" ", text).split())[:MOST_TEXT]


def address(url: Any) -> str:
    """An address on one line, in which nothing can pass for the next result; nothing for what is none."""
    if not isinstance(url, str) or len(url) > MOST_ADDRESS:
        return ""
    return "%20".join(_UNPRINTED.sub("", url).split())


def joined(parts: Iterable[Any]) -> str:
    """What is known of some texts, by commas."""
    return ", ".join(str(part) for part in parts if part)
