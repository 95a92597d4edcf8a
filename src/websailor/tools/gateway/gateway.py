"""One interface for every real tool: from a call to a result, whatever the providers do meanwhile.

Enters: a tool name and arguments. Leaves: an `Outcome`, or `ToolFailure` with honest words. The order of duties: store
(cache, record, replay) -> breaker -> limit -> attempt with a timeout -> repeat with backoff and jitter, honouring
Retry-After -> next provider -> degrade (an old result, or what searches showed of the page) -> failure. Identical calls
under way at the same time become one.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import stamina

from websailor.records import Record
from websailor.tools.base import ToolFailure
from websailor.tools.gateway.breaker import Breaker
from websailor.tools.gateway.config import GatewayConfig
from websailor.tools.gateway.limits import Limits
from websailor.tools.gateway.metrics import Metrics
from websailor.tools.gateway.store import OUTCOME, Store, canonical
from websailor.tools.providers.base import (
    BadKey,
    NotThere,
    Payload,
    Provider,
    ProviderError,
    Refused,
    Throttled,
    ToolName,
    Unavailable,
)
from websailor.tools.safety.leaks import LeakGuard

SNIPPETS = "snippets"
"""Name under which the store keeps what searches showed of a page."""


class Outcome(Record):
    """What came of a call."""

    payload: dict[str, Any]
    provider: str
    status: Literal["ok", "degraded"] = "ok"
    cached: bool = False
    """Not asked of a provider now. A replayed outcome says what it said when it was recorded."""


class Gateway:
    """All tools over all providers. Safe for many tasks of one event loop; processes share store and limits."""

    def __init__(
        self, config: GatewayConfig, providers: Sequence[Provider], store: Store, limits: Limits, guard: LeakGuard
    ) -> None:
        self.config = config
        self.metrics = Metrics()
        self.guard = guard
        self._providers: dict[ToolName, list[Provider]] = {}
        for provider in providers:
            self._providers.setdefault(provider.tool, []).append(provider)
        self._store = store
        self._limits = limits
        self._breakers = {
            provider.name: Breaker(config.breaker_failures, config.breaker_seconds) for provider in providers
        }
        self._under_way: dict[tuple[str, str], asyncio.Task[Outcome]] = {}

    def states(self) -> dict[str, str]:
        """Provider -> state of its breaker."""
        return {name: breaker.state for name, breaker in self._breakers.items()}

    def providers(self, tool: ToolName) -> tuple[str, ...]:
        """Names of a tool's providers in the order of their use."""
        return tuple(provider.name for provider in self._providers.get(tool, ()))

    async def call(self, tool: ToolName, arguments: Mapping[str, Any]) -> Outcome:
        """The result of one call. Raises `ToolFailure` when there is none."""
        rule = self.guard.url(str(arguments.get("url", "")))
        if rule is not None:
            self.metrics.count(tool, "blocked")
            raise ToolFailure("This page is blocked: it may hold the answers of a benchmark.")
        if self.config.mode in ("replay", "replay-or-live"):
            recorded = self._store.get(tool, OUTCOME, arguments)
            if recorded is not None:
                self.metrics.count(tool, "hits")
                return _reread(recorded)
            if self.config.mode == "replay":
                raise ToolFailure(f"This {tool} call was not recorded: {canonical(arguments)[:200]}")
        elif self.config.mode == "live":
            cached = self._cached(tool, arguments, self.config.fresh_seconds)
            if cached is not None:
                return cached
        key = (tool, canonical(arguments))
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._asked(tool, arguments))
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        else:
            self.metrics.count(tool, "coalesced")
        # A caller that gives up must not take the result from the others.
        return await asyncio.shield(task)

    def _cached(self, tool: ToolName, arguments: Mapping[str, Any], age: float | None) -> Outcome | None:
        """The best provider's stored payload, if it is young enough."""
        for provider in self._providers.get(tool, ()):
            payload = self._store.get(tool, provider.name, arguments, age)
            if payload is not None:
                self.metrics.count(provider.name, "hits")
                return Outcome(payload=payload, provider=provider.name, cached=True)
        return None

    async def _asked(self, tool: ToolName, arguments: Mapping[str, Any]) -> Outcome:
        try:
            outcome = await self._first_that_answers(tool, arguments)
        except ToolFailure as failure:
            if self.config.mode != "live":
                self._store.put(tool, OUTCOME, arguments, {"failure": str(failure)})
            raise
        if self.config.mode != "live":
            self._store.put(tool, OUTCOME, arguments, outcome.model_dump(mode="json"))
        return outcome

    async def _first_that_answers(self, tool: ToolName, arguments: Mapping[str, Any]) -> Outcome:
        """Provider after provider, then whatever is left."""
        deadline = time.monotonic() + self.config.seconds
        reasons: list[str] = []
        for provider in self._providers.get(tool, ()):
            breaker = self._breakers[provider.name]
            if time.monotonic() >= deadline:
                reasons.append(f"{provider.name}: no time left")
                continue
            if not breaker.admits():
                reasons.append(f"{provider.name}: left alone after failures")
                continue
            try:
                payload = await self._with_patience(provider, arguments, deadline)
            except NotThere as error:
                breaker.succeeded()
                raise ToolFailure(f"There is no page {arguments.get('url', '')} ({error}).") from error
            except BadKey as error:
                breaker.failed()
                reasons.append(f"{provider.name}: its key is not accepted ({error})")
            except Refused as error:
                breaker.succeeded()
                reasons.append(f"{provider.name}: {error}")
            except ProviderError as error:
                breaker.abandoned()
                reasons.append(f"{provider.name}: {error}")
            except BaseException:
                breaker.abandoned()
                raise
            else:
                breaker.succeeded()
                return self._kept(tool, provider.name, arguments, payload)
            self.metrics.count(provider.name, "failovers")
        return self._degraded(tool, arguments, reasons)

    async def _with_patience(self, provider: Provider, arguments: Mapping[str, Any], deadline: float) -> Payload:
        """Attempts with pauses between them. Raises the last attempt's `ProviderError`."""

        def worth_repeating(error: Exception) -> bool | float:
            if not isinstance(error, Unavailable) or self._breakers[provider.name].state != "closed":
                return False
            left = deadline - time.monotonic()
            if isinstance(error, Throttled) and error.retry_after is not None:
                return error.retry_after if error.retry_after < left else False
            return left > 0

        attempts = stamina.retry_context(
            on=worth_repeating,
            attempts=self.config.attempts,
            timeout=None,
            wait_initial=self.config.backoff_seconds,
            wait_max=8 * self.config.backoff_seconds,
            wait_jitter=self.config.backoff_seconds,
        )
        async for attempt in attempts:
            with attempt:
                if attempt.num > 1:
                    self.metrics.count(provider.name, "retries")
                return await self._attempt(provider, arguments, deadline)
        raise AssertionError("the retry context ends with a result or an exception")

    async def _attempt(self, provider: Provider, arguments: Mapping[str, Any], deadline: float) -> Payload:
        """One permitted, timed upstream call."""
        per_second = self.config.per_second.get(provider.name, provider.per_second)
        if not await self._limits.acquire(provider.name, per_second, deadline - time.monotonic()):
            raise Throttled("its limit leaves no room within the time of this call")
        async with self._observed(provider.name):
            try:
                async with asyncio.timeout(min(self.config.attempt_seconds, max(deadline - time.monotonic(), 0.01))):
                    return await provider(arguments)
            except TimeoutError as error:
                raise Unavailable(f"no reply within {self.config.attempt_seconds:g} s") from error

    @asynccontextmanager
    async def _observed(self, provider: str) -> AsyncIterator[None]:
        """Counts, latency and breaker of one upstream call."""
        self.metrics.count(provider, "calls")
        started = time.monotonic()
        try:
            yield
        except Unavailable as error:
            self._breakers[provider].failed()
            self.metrics.count(provider, "throttled" if isinstance(error, Throttled) else "failures")
            raise
        finally:
            self.metrics.latency(provider, time.monotonic() - started)

    def _kept(self, tool: ToolName, provider: str, arguments: Mapping[str, Any], payload: Payload) -> Outcome:
        """Without blocked pages, stored, and with the snippets of a search set aside for pages that fail later."""
        if "hits" in payload:
            payload = {**payload, "hits": [hit for hit in payload["hits"] if not self._blocks(tool, hit)]}
            for hit in payload["hits"]:
                if hit.get("snippet"):
                    self._store.put(SNIPPETS, OUTCOME, {"url": hit["url"]}, hit)
        elif self._blocks(tool, payload):
            raise ToolFailure("This page is blocked: it may hold the answers of a benchmark.")
        self._store.put(tool, provider, arguments, payload)
        return Outcome(payload=payload, provider=provider)

    def _blocks(self, tool: ToolName, shown: Mapping[str, Any]) -> bool:
        texts = " ".join(str(shown.get(field, "")) for field in ("title", "snippet", "text"))
        blocked = self.guard.url(str(shown.get("url", ""))) or self.guard.text(texts)
        if blocked is not None:
            self.metrics.count(tool, "blocked")
        return blocked is not None

    def _degraded(self, tool: ToolName, arguments: Mapping[str, Any], reasons: Sequence[str]) -> Outcome:
        """An old result, or what a search showed of the page; else an honest failure."""
        old = self._cached(tool, arguments, None)
        if old is not None:
            self.metrics.count(tool, "degraded")
            return old.model_copy(update={"status": "degraded"})
        shown = self._store.get(SNIPPETS, OUTCOME, {"url": str(arguments.get("url", ""))}) if tool == "visit" else None
        if shown is not None:
            self.metrics.count(tool, "degraded")
            text = {"url": shown["url"], "title": shown["title"], "text": shown["snippet"]}
            return Outcome(payload=text, provider=SNIPPETS, status="degraded", cached=True)
        if not reasons:
            raise ToolFailure(f"No provider of {tool} is configured.")
        raise ToolFailure(f"The {tool} call failed: {'; '.join(reasons)}. Try again later, or go another way.")


def _reread(recorded: Mapping[str, Any]) -> Outcome:
    """A recorded outcome, or the failure that was recorded."""
    if "failure" in recorded:
        raise ToolFailure(str(recorded["failure"]))
    return Outcome.model_validate(recorded)
