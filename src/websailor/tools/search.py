"""The `search` tool: batched queries over any `Web`."""

from functools import lru_cache
from typing import Any

from websailor.records import Observation
from websailor.tools.base import SEPARATOR, ToolFailure, ToolSpec, Web
from websailor.tools.config import ToolsConfig

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


class Search:
    """`search{query: [str]}`: per query the best pages with a snippet, as text.

    `address="url"` prints `1. [Title](URL)` and the snippet beneath it, `address="title"` one line `1. Title: snippet`.
    """

    def __init__(self, web: Web, config: ToolsConfig) -> None:
        self._web = web
        self._config = config
        self._results = lru_cache(maxsize=config.cache)(self._text)

    @property
    def spec(self) -> ToolSpec:
        return SEARCH

    async def __call__(self, **arguments: Any) -> Observation:
        queries: list[str] = arguments["query"]
        if len(queries) > self._config.batch:
            raise ToolFailure(f"{len(queries)} queries in one call: at most {self._config.batch}.")
        return Observation(content=SEPARATOR.join(map(self._results, queries)), provider="search")

    def _text(self, query: str) -> str:
        hits = self._web.search(query, self._config.top_k)
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


def clipped(text: str, words: int) -> str:
    """On one line, at most `words` words; a cut is shown by an ellipsis."""
    parts = text.split()
    return " ".join(parts) if len(parts) <= words else " ".join(parts[:words]) + " ..."
