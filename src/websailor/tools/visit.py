"""The `visit` tool: pages of any web, read for a goal."""

from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Protocol

from websailor.records import Observation, Page
from websailor.tools.base import AsyncWeb, Sourced, ToolFailure, ToolSpec
from websailor.tools.config import ToolsConfig
from websailor.tools.extract import ReadablePage, extract, readable
from websailor.tools.memory_of_results import Remembered
from websailor.tools.search import side_by_side

DEGRADED = "(The page could not be loaded now; this is an older copy, or what a search showed of it.)"

VISIT = ToolSpec(
    name="visit",
    description="Visit webpage(s) and return the summary of the content.",
    parameters={
        "type": "object",
        "properties": {
            "url": {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 1,
                "description": "The URL(s) of the webpage(s) to visit. Can be a single URL or an array of URLs.",
            },
            "goal": {
                "type": ["string", "array"],
                "items": {"type": "string"},
                "minItems": 1,
                "description": "The specific information goal for visiting webpage(s), or one goal per URL.",
            },
        },
        "required": ["url", "goal"],
    },
)


LONG, LONG_KEPT = 20_000, 64
"""Characters from which a page is long, and how many long pages are kept cut into lines: each takes megabytes."""


class Reader(Protocol):
    """Reads a page for a goal."""

    async def __call__(self, page: Page, goal: str) -> str:
        """What the page says about the goal, with its title."""
        ...


class ExtractiveReader:
    """The infobox lines and sentences that share most with the goal: no model, always the same."""

    def __init__(self, config: ToolsConfig) -> None:
        self._config = config
        self._readable = lru_cache(maxsize=config.cache)(_readable)
        self._long = lru_cache(maxsize=min(config.cache, LONG_KEPT))(_readable)

    async def __call__(self, page: Page, goal: str) -> str:
        prepare = self._readable if len(page.text) < LONG else self._long
        prepared = prepare(_Keyed(page.url or page.title, page.text, page))
        return extract(prepared, goal, self._config.visit_sentences, self._config.visit_fields)


class Visit:
    """`visit{url: [str], goal: str | [str]}`: per page its title, and what a reader finds in it for the goal; pages
    load side by side.

    With `address="title"` the addresses are page titles. One missing page does not spoil the others; only when every
    page is missing is the observation an error.
    """

    def __init__(self, web: AsyncWeb, config: ToolsConfig, reader: Reader | None = None) -> None:
        self._web = web
        self._config = config
        self._reader = reader or ExtractiveReader(config)
        self._results: Remembered[str] = Remembered(config.cache)

    @property
    def spec(self) -> ToolSpec:
        return VISIT

    async def __call__(self, **arguments: Any) -> Observation:
        urls: list[str] = arguments["url"]
        goal: str | list[str] = arguments["goal"]
        goals = [goal] * len(urls) if isinstance(goal, str) else goal * len(urls) if len(goal) == 1 else goal
        if len(urls) > self._config.batch:
            raise ToolFailure(f"{len(urls)} pages in one call: at most {self._config.batch}.")
        if len(goals) != len(urls):
            raise ToolFailure(f"{len(goals)} goals for {len(urls)} pages: give one goal, or one for each page.")
        return await side_by_side(
            "visit",
            [
                self._results.get((url, wanted), partial(self._read, url, wanted))
                for url, wanted in zip(urls, goals, strict=True)
            ],
        )

    async def _read(self, url: str, goal: str) -> Sourced[str]:
        fetched = await self._web.fetch(url)
        text = await self._reader(fetched.value, goal)
        return fetched.holding(f"{DEGRADED}\n{text}" if fetched.degraded else text)


@dataclass(frozen=True, slots=True)
class _Keyed:
    """A page that is told from others by its address and its text."""

    address: str
    text: str
    page: Page = field(compare=False)


def _readable(keyed: _Keyed) -> ReadablePage:
    return readable(keyed.page)
