"""The simulated web: search and visit over an offline wiki, in process, deterministic.

Enters: an open `Wiki`. Leaves: a `Web`, and the toolbox over it.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from websailor.records import Hit, Page
from websailor.tools.base import AsyncWeb, Tool, Toolbox, Web, missing
from websailor.tools.config import ToolChoice, ToolsConfig
from websailor.tools.faults import FaultyWeb
from websailor.tools.python import PythonInterpreter
from websailor.tools.sandbox import open_sandbox
from websailor.tools.search import SCHOLAR, Search
from websailor.tools.summary import SummaryReader
from websailor.tools.visit import Reader, Visit
from websailor.tools.webs import Immediate

if TYPE_CHECKING:
    from websailor.wiki.reader import Wiki


WORKS_AMONG = 5
"""Scholarly search looks for works among so many times the results that are wanted."""
WORK_KEYS = frozenset({"author", "authors", "publisher", "pub_date", "published", "isbn", "doi", "journal"})
"""Infobox keys that only works have."""


class SimulatedWeb:
    """A wiki as the web. Pages are fetched by URL or by title; redirects are followed."""

    def __init__(self, wiki: "Wiki") -> None:
        self._wiki = wiki

    def search(self, query: str, k: int) -> list[Hit]:
        return self._wiki.search(query, k)

    def fetch(self, url: str) -> Page:
        page = self._wiki.page(self._wiki.title_of(url) or url)
        if page is None:
            raise missing(url)
        return page


class SimulatedScholar(SimulatedWeb):
    """Search among the wiki's own works alone: books, articles and whatever else has an author."""

    def search(self, query: str, k: int) -> list[Hit]:
        return [hit for hit in self._wiki.search(query, k * WORKS_AMONG) if self._is_work(hit.title)][:k]

    def _is_work(self, title: str) -> bool:
        page = self._wiki.page(title)
        return page is not None and any(field.key in WORK_KEYS for field in page.infobox)


def web_toolbox(web: Web, config: ToolsConfig, scholar: Web | None = None) -> Toolbox:
    """The configured tools over any web. `scholar` is what scholarly search looks through; by default the same."""
    return toolbox(Immediate(web), config, Immediate(scholar or web))


def simulated_toolbox(wiki: "Wiki", config: ToolsConfig, reader: Reader | None = None) -> Toolbox:
    """The configured tools over an offline wiki."""
    return toolbox(Immediate(SimulatedWeb(wiki)), config, Immediate(SimulatedScholar(wiki)), reader)


def toolbox(
    web: AsyncWeb,
    config: ToolsConfig,
    scholar: AsyncWeb,
    reader: Reader | None = None,
    endings: Sequence[Callable[[], Awaitable[None]]] = (),
) -> Toolbox:
    """The configured tools in their order, with the configured faults. `endings` close what is behind the webs."""
    sandbox = open_sandbox(config.sandbox) if "PythonInterpreter" in config.tools else None
    if config.faults.any:
        web, scholar = FaultyWeb(web, config.faults), FaultyWeb(scholar, config.faults, "scholar")
        config = config.model_copy(update={"cache": 0})  # another episode's results have other faults
    tools: dict[ToolChoice, Callable[[], Tool]] = {
        "search": lambda: Search(web, config),
        "visit": lambda: Visit(web, config, reader),
        "google_scholar": lambda: Search(scholar, config, SCHOLAR),
    }
    if sandbox is not None:
        tools["PythonInterpreter"] = lambda: PythonInterpreter(sandbox)
        endings = (sandbox.aclose, *endings)
    policy = reader.policy if isinstance(reader, SummaryReader) else None
    if policy is None:
        return Toolbox([tools[name]() for name in config.tools], endings)
    return Toolbox([tools[name]() for name in config.tools], (*endings, policy.aclose), {"reader": policy})
