"""The `visit` tool: pages of any `Web`, read for a goal."""

from functools import lru_cache
from typing import Any

from websailor.records import Observation
from websailor.tools.base import SEPARATOR, ToolFailure, ToolSpec, Web
from websailor.tools.config import ToolsConfig
from websailor.tools.extract import ReadablePage, extract, readable

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


class Visit:
    """`visit{url: [str], goal: str | [str]}`: per page its title, and the infobox lines and sentences that serve the
    goal.

    With `address="title"` the addresses are page titles. One missing page does not spoil the others; only when every
    page is missing is the observation an error.
    """

    def __init__(self, web: Web, config: ToolsConfig) -> None:
        self._web = web
        self._config = config
        self._page = lru_cache(maxsize=config.cache)(self._readable)
        self._extract = lru_cache(maxsize=config.cache)(self._text)

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
        texts, missing = [], 0
        for url, wanted in zip(urls, goals, strict=True):
            try:
                texts.append(self._extract(url, wanted))
            except ToolFailure as failure:
                texts.append(str(failure))
                missing += 1
        status = "error" if missing == len(urls) else "ok"
        return Observation(content=SEPARATOR.join(texts), status=status, provider="visit")

    def _readable(self, url: str) -> ReadablePage:
        return readable(self._web.fetch(url))

    def _text(self, url: str, goal: str) -> str:
        return extract(self._page(url), goal, self._config.visit_sentences, self._config.visit_fields)
