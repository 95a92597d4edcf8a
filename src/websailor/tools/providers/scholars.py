"""Scholarly search: one class per service.

Enters: `{"query"}`. Leaves: `{"hits": [...]}`, as `base` has it. All work without a key; with one, Semantic Scholar
allows more.
"""

from collections.abc import Mapping
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] -- built from Cython, without stubs

from websailor.tools.providers.base import Payload, Unavailable
from websailor.tools.providers.http import Service
from websailor.tools.providers.search_engines import RESULTS, hit, joined, rows

_ATOM = {"a": "http://www.w3.org/2005/Atom"}


class OpenAlex(Service):
    """api.openalex.org."""

    name = "openalex"
    tool = "scholar"
    base = "https://api.openalex.org"

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        body = await self._http.api(
            "GET", f"{self._base}/works", params={"search": str(arguments["query"]), "per-page": RESULTS}
        )
        return {"hits": [_openalex(row) for row in rows(body.json(), "results")]}


def _openalex(row: Mapping[str, Any]) -> Payload:
    names = [_get(one, "author", "display_name") for one in row.get("authorships") or ()]
    return hit(
        row.get("display_name"),
        row.get("doi") or _get(row, "primary_location", "landing_page_url") or row.get("id"),
        _uninverted(row.get("abstract_inverted_index") or {}),
        date=row.get("publication_year"),
        source=joined([_some(names), _get(row, "primary_location", "source", "display_name")]),
        cited=row.get("cited_by_count"),
        pdf=_get(row, "open_access", "oa_url"),
    )


def _uninverted(index: Mapping[str, Any]) -> str:
    """OpenAlex gives abstracts as word -> positions; the first 60 words in order."""
    placed = [(place, word) for word, places in index.items() if isinstance(places, list) for place in places]
    return " ".join(word for _, word in sorted(placed)[:60])


class SemanticScholar(Service):
    """api.semanticscholar.org."""

    name = "semantic-scholar"
    tool = "scholar"
    base = "https://api.semanticscholar.org"
    per_second = 1.0

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        body = await self._http.api(
            "GET",
            f"{self._base}/graph/v1/paper/search",
            params={
                "query": str(arguments["query"]),
                "limit": RESULTS,
                "fields": "title,abstract,year,venue,authors,url,citationCount,openAccessPdf",
            },
            headers={"x-api-key": self._key} if self._key else None,
        )
        return {
            "hits": [
                hit(
                    row.get("title"),
                    row.get("url"),
                    row.get("abstract"),
                    date=row.get("year"),
                    source=joined([_some([one.get("name") for one in row.get("authors") or ()]), row.get("venue")]),
                    cited=row.get("citationCount"),
                    pdf=_get(row, "openAccessPdf", "url"),
                )
                for row in rows(body.json(), "data", sign="total")
            ]
        }


class Crossref(Service):
    """api.crossref.org."""

    name = "crossref"
    tool = "scholar"
    base = "https://api.crossref.org"

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        body = await self._http.api(
            "GET", f"{self._base}/works", params={"query": str(arguments["query"]), "rows": RESULTS}
        )
        return {
            "hits": [
                hit(
                    joined(row.get("title") or ()),
                    row.get("URL"),
                    row.get("abstract"),
                    date=_year(row),
                    source=joined(
                        [
                            _some([joined_name(one) for one in row.get("author") or ()]),
                            joined(row.get("container-title") or ()),
                        ]
                    ),
                    cited=row.get("is-referenced-by-count"),
                )
                for row in rows(body.json(), "message", "items")
            ]
        }


class Arxiv(Service):
    """export.arxiv.org, an Atom feed; one call in three seconds."""

    name = "arxiv"
    tool = "scholar"
    base = "https://export.arxiv.org"
    per_second = 1 / 3

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        body = await self._http.api(
            "GET",
            f"{self._base}/api/query",
            params={"search_query": f"all:{arguments['query']}", "max_results": RESULTS},
        )
        try:
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            feed = etree.fromstring(body.content, parser)
        except etree.XMLSyntaxError as error:
            raise Unavailable("the reply is no Atom feed") from error
        if feed.tag != f"{{{_ATOM['a']}}}feed":
            raise Unavailable("the reply is no Atom feed")
        return {
            "hits": [
                hit(
                    entry.findtext("a:title", namespaces=_ATOM),
                    entry.findtext("a:id", namespaces=_ATOM),
                    entry.findtext("a:summary", namespaces=_ATOM),
                    date=(entry.findtext("a:published", namespaces=_ATOM) or "")[:4],
                    source=_some([one.text for one in entry.findall("a:author/a:name", namespaces=_ATOM)]),
                )
                for entry in feed.findall("a:entry", namespaces=_ATOM)
            ]
        }


def joined_name(author: Mapping[str, Any]) -> str:
    """Given and family name, whichever are there."""
    return " ".join(str(author[part]) for part in ("given", "family") if author.get(part))


def _year(row: Mapping[str, Any]) -> Any:
    parts = _get(row, "issued", "date-parts")
    return parts[0][0] if isinstance(parts, list) and parts and parts[0] else None


def _some(names: list[Any]) -> str:
    """The first three names, and that there are more."""
    known = [str(name) for name in names if name]
    return ", ".join(known[:3]) + (" et al." if len(known) > 3 else "")


def _get(row: Any, *path: str) -> Any:
    for name in path:
        row = row.get(name) if isinstance(row, Mapping) else None
    return row
