"""The faults of the live web, put into any web from a seed.

Enters: a web and how often what goes wrong. Leaves: an `AsyncWeb` that is slow, throttled, broken or changed as often
as that. What happens to a request follows from (seed, episode, request, how often the episode made it), so an episode
that asks the same meets the same faults, whatever else runs beside it. Outside of an episode every request is a first
one. What is said of a fault is what the gateway says of it.
"""

import asyncio
import random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from websailor.records import Hit, Page
from websailor.tools.base import EPISODE, AsyncWeb, Sourced, failed, missing

ASKED = {
    "search": ("wikipedia",),
    "visit": ("direct", "jina"),
    "scholar": ("semantic-scholar", "openalex", "arxiv", "crossref"),
}
"""Who answers on the live web where there is no key: a failure names them."""


class FaultsConfig(BaseModel):
    """Shares of requests, each between 0 and 1; a request meets one fault at most besides its latency."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    seed: int = Field(default=0, ge=0, lt=2**63)
    """Another seed, other faults."""
    latency: float = Field(default=0, ge=0, le=60)
    """Seconds that a request takes on average (exponentially distributed); 0 answers at once."""
    throttled: float = Field(default=0, ge=0, le=1)
    """HTTP 429 after all attempts."""
    broken: float = Field(default=0, ge=0, le=1)
    """HTTP 5xx after all attempts."""
    dead: float = Field(default=0, ge=0, le=1)
    """Pages that are gone, for good: the same address is always gone."""
    truncated: float = Field(default=0, ge=0, le=1)
    """Pages of which only the first half arrives."""
    changed: float = Field(default=0, ge=0, le=1)
    """Search results in another order, with one missing and snippets cut short."""

    @model_validator(mode="after")
    def _fits(self) -> "FaultsConfig":
        if self.throttled + self.broken + max(self.dead + self.truncated, self.changed) > 1:
            raise ValueError("the shares of faults add up to more than 1")
        return self

    @property
    def any(self) -> bool:
        """True when something may go wrong."""
        return any((self.latency, self.throttled, self.broken, self.dead, self.truncated, self.changed))


class FaultyWeb:
    """Serves many episodes, each of which is known by `EPISODE`. `searching` is what a search is called."""

    def __init__(self, web: AsyncWeb, config: FaultsConfig, searching: Literal["search", "scholar"] = "search") -> None:
        self._web = web
        self._config = config
        self._searching = searching

    async def search(self, query: str, k: int) -> Sourced[list[Hit]]:
        dice = await self._dice(self._searching, query)
        share = dice.random()
        self._fail(share, self._searching)
        found = await self._web.search(query, k)
        if share < self._config.throttled + self._config.broken + self._config.changed:
            return found.holding(_shuffled(found.value, dice))
        return found

    async def fetch(self, url: str) -> Sourced[Page]:
        config = self._config
        dice = await self._dice("fetch", url)
        share = dice.random()
        if random.Random(f"{config.seed}/dead/{url}").random() < config.dead:
            raise missing(url)
        self._fail(share, "visit")
        found = await self._web.fetch(url)
        if share < config.throttled + config.broken + config.truncated:
            return found.holding(
                found.value.model_copy(update={"text": found.value.text[: len(found.value.text) // 2]})
            )
        return found

    async def _dice(self, kind: str, request: str) -> random.Random:
        """The chances of this request, after its latency."""
        episode, times = EPISODE.get(), 1
        if episode is not None:
            episode.made[kind, request] += 1
            times = episode.made[kind, request]
        name = "" if episode is None else episode.name
        dice = random.Random("/".join((str(self._config.seed), name, kind, request, str(times))))
        if self._config.latency:
            await asyncio.sleep(dice.expovariate(1 / self._config.latency))
        return dice

    def _fail(self, share: float, tool: str) -> None:
        status = 429 if share < self._config.throttled else 503
        if share < self._config.throttled + self._config.broken:
            raise failed(tool, [f"{provider}: HTTP {status}" for provider in ASKED[tool]])


def _shuffled(hits: list[Hit], dice: random.Random) -> list[Hit]:
    kept = [hit.model_copy(update={"snippet": " ".join(hit.snippet.split()[:8])}) for hit in hits]
    dice.shuffle(kept)
    return kept[:-1] if len(kept) > 1 else kept
