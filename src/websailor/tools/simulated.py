"""The simulated web: search and visit over an offline wiki, in process, deterministic.

Enters: an open `Wiki`. Leaves: a `Web`, and the toolbox over it.
"""

from typing import TYPE_CHECKING

from websailor.records import Hit, Page
from websailor.tools.base import Toolbox, ToolFailure, Web
from websailor.tools.config import ToolsConfig
from websailor.tools.search import Search
from websailor.tools.visit import Visit
from websailor.tools.webs import Immediate

if TYPE_CHECKING:
    from websailor.wiki import Wiki


class SimulatedWeb:
    """A wiki as the web. Pages are fetched by URL or by title; redirects are followed."""

    def __init__(self, wiki: "Wiki") -> None:
        self._wiki = wiki

    def search(self, query: str, k: int) -> list[Hit]:
        return self._wiki.search(query, k)

    def fetch(self, url: str) -> Page:
        page = self._wiki.page(self._wiki.title_of(url) or url)
        if page is None:
            raise ToolFailure(f"There is no page {url}.")
        return page


def web_toolbox(web: Web, config: ToolsConfig) -> Toolbox:
    """Search and visit over any web."""
    waited = Immediate(web)
    return Toolbox([Search(waited, config), Visit(waited, config)])


def simulated_toolbox(wiki: "Wiki", config: ToolsConfig) -> Toolbox:
    """Search and visit over an offline wiki."""
    return web_toolbox(SimulatedWeb(wiki), config)
