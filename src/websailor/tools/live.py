"""The live web: search and pages through the gateway.

Enters: a `Gateway`. Leaves: an `AsyncWeb` for the tools. Hits and pages have the form that the simulated web gives, so
that the agent cannot tell which one it is on.
"""

from typing import TYPE_CHECKING

from websailor.records import Hit, Page
from websailor.tools.base import Sourced, Toolbox
from websailor.tools.config import ToolsConfig
from websailor.tools.providers.base import Payload, ToolName
from websailor.tools.simulated import toolbox
from websailor.tools.visit import Reader

if TYPE_CHECKING:
    from websailor.tools.gateway.gateway import Gateway


MOST_TITLE = 300
"""Characters of a title that is shown."""


class LiveWeb:
    """`tool` is what a search asks the gateway for: `search`, or `scholar`."""

    def __init__(self, gateway: "Gateway", tool: ToolName = "search") -> None:
        self._gateway = gateway
        self._tool: ToolName = tool

    async def search(self, query: str, k: int) -> Sourced[list[Hit]]:
        outcome = await self._gateway.call(self._tool, {"query": query})
        hits = [
            Hit(title=row["title"][:MOST_TITLE] or row["url"], url=row["url"], snippet=_snippet(row))
            for row in outcome.payload["hits"]
            if row["url"]
        ]
        return Sourced(hits[:k], outcome.provider, outcome.status == "degraded", outcome.cached)

    async def fetch(self, url: str) -> Sourced[Page]:
        outcome = await self._gateway.call("visit", {"url": url.strip()})
        found = outcome.payload
        title = " ".join(found["title"].split())[:MOST_TITLE] or found["url"]
        page = Page(id=0, title=title, url=found["url"], text=found["text"])
        return Sourced(page, outcome.provider, outcome.status == "degraded", outcome.cached)


def _snippet(row: Payload) -> str:
    """The snippet with what else is known: who, when, how often cited, where the PDF is."""
    cited = f"cited by {row['cited']}" if "cited" in row else None
    known = [str(row[name]) for name in ("date", "source") if name in row]
    extra = ". ".join([*known, *([cited] if cited else []), *([f"PDF: {row['pdf']}"] if "pdf" in row else [])])
    return " ".join(part for part in (row["snippet"], f"({extra})" if extra else "") if part)


def live_toolbox(gateway: "Gateway", config: ToolsConfig, reader: Reader | None = None) -> Toolbox:
    """The configured tools over the live web. Closing them closes the gateway."""
    return toolbox(LiveWeb(gateway), config, LiveWeb(gateway, "scholar"), reader, [gateway.aclose])
