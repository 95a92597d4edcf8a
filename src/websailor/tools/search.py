"""The `search` tool, and `google_scholar`, which is the same over scholarly works.

Enters: queries, one or several at once, over any web. Leaves: one observation with the results of each, in order. A
query that fails takes its place among them and costs the others nothing.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any

from websailor.records import Hit, Observation
from websailor.tools.base import SEPARATOR, AsyncWeb, Sourced, ToolFailure, ToolSpec
from websailor.tools.config import ToolsConfig
from websailor.tools.memory_of_results import Remembered

SEARCH = ToolSpec(
    name="search",
    description="Perform web searches then returns a string of the top search results. Accepts multiple queries.",
    parameters={
        "type": "object",
        "properties": {
            "query": {
                "type": "array",
                "items": {"type": "string", "description": "The search query."},
                "minItems": 1,
                "description": "The list of search queries.",
            }
        },
        "required": ["query"],
    },
)


SCHOLAR = ToolSpec(
    name="google_scholar",
    description="Search scholarly works; returns the top results of each query. Accepts multiple queries.",
    parameters=SEARCH.parameters,
)


OLDER = "(The search does not answer now; these are older results.)"


class Search:
    """`search{query: [str]}`: per query the best pages with a snippet, as text; queries run side by side.

    `address="url"` prints `1. [Title](URL)` and the snippet beneath it, `address="title"` one line `1. Title: snippet`.
    One failing query does not spoil the others; only when every query fails is the observation an error.
    """

    def __init__(self, web: AsyncWeb, config: ToolsConfig, spec: ToolSpec = SEARCH) -> None:
        self._web = web
        self._config = config
        self._spec = spec
        self._results: Remembered[str] = Remembered(config.cache)

    @property
    def spec(self) -> ToolSpec:
        return self._spec

    async def __call__(self, **arguments: Any) -> Observation:
        queries: list[str] = arguments["query"]
        if len(queries) > self._config.batch:
            raise ToolFailure(f"{len(queries)} queries in one call: at most {self._config.batch}.")
        return await side_by_side(
            self._spec.name, [self._results.get(query, partial(self._text, query)) for query in queries]
        )

    async def _text(self, query: str) -> Sourced[str]:
        found = await self._web.search(query, self._config.top_k)
        text = self._written(query, found.value[: self._config.top_k])
        return found.holding(f"{OLDER}\n{text}" if found.degraded else text)

    def _written(self, query: str, hits: Sequence[Hit]) -> str:
        short = self._config.address == "title"
        if not hits:
            return "No results." if short else f"No results for '{query}'. Try fewer or other words."
        snippets = [clipped(hit.snippet, self._config.snippet_words) for hit in hits]
        if short:
            return "\n".join(
                f"{rank}. {hit.title}: {text}" for rank, (hit, text) in enumerate(zip(hits, snippets, strict=True), 1)
            )
        lines = [
            f"{rank}. [{hit.title}]({hit.url})\n{text}"
            for rank, (hit, text) in enumerate(zip(hits, snippets, strict=True), 1)
        ]
        return f"A search for '{query}' found {len(hits)} results:\n\n" + "\n\n".join(lines)


async def side_by_side(tool: str, work: Sequence[Awaitable[Sourced[str]]]) -> Observation:
    """Several results as one observation, in order. A failure takes its place among them; a defect raises."""
    done = await asyncio.gather(*work, return_exceptions=True)
    texts: list[str] = []
    sources: list[Sourced[str]] = []
    for one in done:
        if isinstance(one, ToolFailure):
            texts.append(str(one))
        elif isinstance(one, BaseException):
            raise one
        else:
            texts.append(one.value)
            sources.append(one)
    degraded = any(one.degraded for one in sources)
    return Observation(
        content=SEPARATOR.join(_one(text) for text in texts),
        status="error" if not sources else "degraded" if degraded else "ok",
        provider=", ".join(dict.fromkeys(one.provider for one in sources if one.provider)) or tool,
        cached=bool(sources) and all(one.cached for one in sources),
    )


def _one(text: str) -> str:
    """A result that cannot pass for two: a page may hold the line that stands between results."""
    return text.replace(SEPARATOR.strip(), "= = = =")


def clipped(text: str, words: int) -> str:
    """On one line, at most `words` words; a cut is shown by an ellipsis."""
    parts = text.split()
    return " ".join(parts) if len(parts) <= words else " ".join(parts[:words]) + " ..."
