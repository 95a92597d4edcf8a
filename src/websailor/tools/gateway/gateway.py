"""One interface for every real tool: from a call to a result, whatever the providers do meanwhile.

Enters: a tool name and arguments. Leaves: an `Outcome`, or `ToolFailure` with honest words. The order of duties: store
(cache, record, replay) -> breaker -> limit -> attempt with a timeout -> repeat with backoff and jitter, honouring
Retry-After -> next provider -> degrade (an old result, or what searches showed of the page) -> failure. Identical calls
under way at the same time become one.
"""

import asyncio
import contextlib
import logging
import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

from websailor.records import Record
from websailor.tools.arguments import sound
from websailor.tools.base import Missing, ToolFailure, failed, missing
from websailor.tools.gateway.breaker import Admission, Breaker
from websailor.tools.gateway.config import GatewayConfig
from websailor.tools.gateway.limits import LATE, Limits, LimitsLost
from websailor.tools.gateway.metrics import Metrics
from websailor.tools.gateway.store import OUTCOME, Store, canonical
from websailor.tools.providers.base import (
    BadKey,
    NoRoom,
    NotThere,
    Payload,
    Provider,
    ProviderError,
    Refused,
    Throttled,
    ToolName,
    Unavailable,
    is_payload,
    sending,
)
from websailor.tools.safety.leaks import Blocked, LeakGuard

if TYPE_CHECKING:
    from websailor.tools.providers.http import Http

log = logging.getLogger(__name__)

SNIPPETS = "snippets"
"""Name under which the store keeps what searches showed of a page."""
GRACE = 0.05
"""Seconds by which a provider's time outlasts that of its last attempt, so that the attempt can say what it met."""
MOST_HOSTS = 4096
"""Breakers that are kept: of the providers, and of the hosts that were asked for last."""
UNREADABLE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What a reply in another form than documented raises where it is read."""


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
        self,
        config: GatewayConfig,
        providers: Sequence[Provider],
        store: Store,
        limits: Limits,
        guard: LeakGuard,
        http: "Http | None" = None,
    ) -> None:
        self.config = config
        self.metrics = Metrics()
        self.guard = guard
        self._providers: dict[ToolName, list[Provider]] = {}
        for provider in providers:
            self._providers.setdefault(provider.tool, []).append(provider)
        self._store = store
        self._limits = limits
        self._http = http
        self._breakers: OrderedDict[str, Breaker] = OrderedDict()
        for provider in providers:
            self._breaker(provider.name)
        self._under_way: dict[tuple[str, str], asyncio.Task[Outcome]] = {}

    def states(self) -> dict[str, str]:
        """Provider -> state of its breaker. Where each host has its own, the provider's stays closed."""
        names = [provider.name for providers in self._providers.values() for provider in providers]
        return {name: self._breaker(name).state for name in names}

    def _breaker(self, blamed: str) -> Breaker:
        """Of a provider, or of a host behind it."""
        breaker = self._breakers.pop(blamed, None) or Breaker(self.config.breaker_failures, self.config.breaker_seconds)
        self._breakers[blamed] = breaker
        if len(self._breakers) > MOST_HOSTS:
            self._breakers.popitem(last=False)
        return breaker

    def providers(self, tool: ToolName) -> tuple[str, ...]:
        """Names of a tool's providers in the order of their use."""
        return tuple(provider.name for provider in self._providers.get(tool, ()))

    async def call(self, tool: ToolName, arguments: Mapping[str, Any]) -> Outcome:
        """The result of one call. Raises `ToolFailure` when there is none."""
        arguments = sound(arguments)
        if self.guard.url(str(arguments.get("url", ""))) is not None:
            self.metrics.count(tool, "blocked")
            raise Blocked()
        # What was stored under other rules passes the rules of now.
        outcome = await self._outcome(tool, arguments)
        payload = self._permitted(tool, outcome.payload)
        return outcome if payload is outcome.payload else outcome.model_copy(update={"payload": payload})

    async def aclose(self) -> None:
        """End what is under way, and close connections, store and limits."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()
        self._limits.close()
        self._store.close()
        self.metrics.leave(self.states(), self.config.metrics)

    async def _outcome(self, tool: ToolName, arguments: Mapping[str, Any]) -> Outcome:
        """From the store, or from a call that is made now or under way already."""
        if self.config.mode != "live":
            recorded = self._store.get(tool, OUTCOME, arguments)
            if recorded is not None:
                self.metrics.count(tool, "hits")
                return self._reread(tool, recorded)
            if self.config.mode == "replay":
                raise ToolFailure(f"This {tool} call was not recorded: {canonical(arguments)[:200]}")
        if self.config.mode != "record":
            cached = self._cached(tool, arguments, self.config.fresh_seconds)
            if cached is not None:
                return cached
        key = (tool, canonical(arguments))
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._asked(tool, arguments))
            task.add_done_callback(lambda done: self._finished(key, done))
        else:
            self.metrics.count(tool, "coalesced")
        # A caller that gives up must not take the result from the others.
        return await asyncio.shield(task)

    def _finished(self, key: tuple[str, str], task: "asyncio.Task[Outcome]") -> None:
        self._under_way.pop(key, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("%s: %s", key[0], error)  # whoever still waits gets it, too

    def _cached(self, tool: ToolName, arguments: Mapping[str, Any], age: float | None) -> Outcome | None:
        """The best provider's stored payload, if it is young enough."""
        for provider in self._providers.get(tool, ()):
            payload = self._store.recalled(tool, provider.name, arguments, age)
            if is_payload(tool, payload):
                self.metrics.count(provider.name, "hits")
                return Outcome(payload=payload, provider=provider.name, cached=True)
        return None

    async def _asked(self, tool: ToolName, arguments: Mapping[str, Any]) -> Outcome:
        """Asked of providers. What is recorded stands: the same call has the same outcome in all processes that record,
        as it will have in a replay, failures included."""
        if self.config.mode != "record":
            return await self._first_that_answers(tool, arguments)
        try:
            recorded = (await self._first_that_answers(tool, arguments)).model_dump(mode="json")
        except ToolFailure as failure:
            recorded = {"failure": str(failure), "missing": isinstance(failure, Missing)}
        return self._reread(tool, self._store.settle(tool, OUTCOME, arguments, recorded))

    async def _first_that_answers(self, tool: ToolName, arguments: Mapping[str, Any]) -> Outcome:
        """Provider after provider, then whatever is left. One that is not the last has half of the time that is left,
        so that one that hangs does not use it up."""
        deadline = time.monotonic() + self.config.seconds
        reasons: list[str] = []
        providers = self._providers.get(tool, ())
        for place, provider in enumerate(providers):
            left = deadline - time.monotonic()
            if left <= 0:
                reasons.append(f"{provider.name}: no time left")
                continue
            breaker = self._breaker(provider.blamed(arguments))
            admission = breaker.admit()
            if admission is None:
                reasons.append(f"{provider.name}: left alone after failures")
                continue
            seconds = left if place + 1 == len(providers) else left / 2
            try:
                payload = await self._with_patience(provider, arguments, seconds, breaker, admission)
            except NotThere as error:
                breaker.succeeded()
                raise missing(str(arguments.get("url", ""))) from error
            except BadKey as error:
                breaker.failed(admission)
                reasons.append(f"{provider.name}: its key is not accepted ({error})")
            except Refused as error:
                breaker.succeeded()
                reasons.append(f"{provider.name}: {error}")
            except ProviderError as error:
                reasons.append(f"{provider.name}: {error}")
            else:
                breaker.succeeded()
                return self._kept(tool, provider.name, arguments, payload)
            finally:
                breaker.abandoned(admission)
            self.metrics.count(provider.name, "failovers")
        return self._degraded(tool, arguments, reasons)

    async def _with_patience(
        self,
        provider: Provider,
        arguments: Mapping[str, Any],
        seconds: float,
        breaker: Breaker,
        admission: Admission,
    ) -> Payload:
        """Attempts with pauses between them, in so many seconds. Raises the last attempt's `ProviderError`."""
        import stamina

        deadline = time.monotonic() + seconds
        last: ProviderError | None = None

        def worth_repeating(error: Exception) -> bool | float:
            nonlocal last
            last = error if isinstance(error, ProviderError) else last
            if not isinstance(error, Unavailable) or breaker.state != "closed":
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
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds + GRACE):
                async for attempt in attempts:
                    with attempt:
                        if attempt.num > 1:
                            self.metrics.count(provider.name, "retries")
                            log.debug("%s: attempt %d, after: %s", provider.name, attempt.num, last)
                        return await self._attempt(provider, arguments, deadline, breaker, admission)
        raise last or Unavailable("no time left")

    async def _attempt(
        self,
        provider: Provider,
        arguments: Mapping[str, Any],
        deadline: float,
        breaker: Breaker,
        admission: Admission,
    ) -> Payload:
        """One permitted, timed upstream call."""
        given = await self._permission(provider, deadline)
        seconds = min(self.config.attempt_seconds, max(deadline - time.monotonic(), 0.01))

        async def at_sending() -> None:
            """The connection stands. Each request needs a permission, and one that is not old."""
            nonlocal given
            while time.monotonic() - given > LATE:
                began = time.monotonic()
                given = await self._permission(provider, deadline)
                clock.reschedule((clock.when() or 0.0) + time.monotonic() - began)  # waiting is not the provider's
            given = -math.inf

        async with self._observed(provider.name, breaker, admission):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds) as clock:
                    with sending(at_sending):
                        try:
                            return sound(await provider(arguments))
                        except UNREADABLE as error:
                            log.warning("%s: a reply in another form than documented: %r", provider.name, error)
                            raise Unavailable("the reply has another form than documented") from error
            # Raised out here, it does not carry the stack on which the request and its key are.
            raise Unavailable(f"no reply within {seconds:.3g} s")

    async def _permission(self, provider: Provider, deadline: float) -> float:
        """When the provider's limit permitted a call. Raises `Unavailable`."""
        per_second = self.config.per_second.get(provider.name, provider.per_second)
        try:
            given = await self._limits.acquire(provider.name, per_second, deadline - time.monotonic())
        except LimitsLost as error:
            raise NoRoom(str(error)) from error
        if given is None:
            raise NoRoom("its limit leaves no room within the time of this call")
        return given

    @asynccontextmanager
    async def _observed(self, provider: str, breaker: Breaker, admission: Admission) -> AsyncIterator[None]:
        """Counts, latency and breaker of one upstream call."""
        self.metrics.count(provider, "calls")
        started = time.monotonic()
        try:
            yield
        except NoRoom:
            self.metrics.count(provider, "throttled")
            raise
        except Unavailable as error:
            breaker.failed(admission)
            self.metrics.count(provider, "throttled" if isinstance(error, Throttled) else "failures")
            raise
        finally:
            self.metrics.latency(provider, time.monotonic() - started)

    def _kept(self, tool: ToolName, provider: str, arguments: Mapping[str, Any], payload: Payload) -> Outcome:
        """Without blocked pages, stored, and with the snippets of a search set aside for pages that fail later."""
        payload = self._permitted(tool, payload)
        snippets = [hit for hit in payload.get("hits", ()) if hit.get("snippet")]
        entries = [(SNIPPETS, OUTCOME, {"url": hit["url"]}, hit) for hit in snippets]
        self._store.put([*entries, (tool, provider, arguments, payload)])
        return Outcome(payload=payload, provider=provider)

    def _permitted(self, tool: ToolName, payload: Payload) -> Payload:
        """The payload without blocked hits. Raises `Blocked` for a blocked page."""
        if "hits" not in payload:
            if self._blocks(tool, payload):
                raise Blocked()
            return payload
        hits = [hit for hit in payload["hits"] if not self._blocks(tool, hit)]
        return payload if len(hits) == len(payload["hits"]) else {**payload, "hits": hits}

    def _blocks(self, tool: ToolName, shown: Mapping[str, Any]) -> bool:
        texts = (str(shown.get(field, "")) for field in ("title", "snippet", "text"))
        blocked = self.guard.url(str(shown.get("url", ""))) or self.guard.text("\n".join(texts))
        if blocked is not None:
            self.metrics.count(tool, "blocked")
        return blocked is not None

    def _degraded(self, tool: ToolName, arguments: Mapping[str, Any], reasons: Sequence[str]) -> Outcome:
        """An old result, or what a search showed of the page; else an honest failure."""
        old = self._cached(tool, arguments, None)
        if old is not None:
            self.metrics.count(tool, "degraded")
            return old.model_copy(update={"status": "degraded"})
        shown = self._store.recalled(SNIPPETS, OUTCOME, {"url": str(arguments.get("url", ""))})
        if tool == "visit" and shown is not None and is_payload("search", {"hits": [shown]}):
            self.metrics.count(tool, "degraded")
            text = {"url": shown["url"], "title": shown["title"], "text": shown["snippet"]}
            return Outcome(payload=text, provider=SNIPPETS, status="degraded", cached=True)
        if not reasons:
            raise ToolFailure(f"No provider of {tool} is configured.")
        self.metrics.count(tool, "failed")
        raise failed(tool, reasons)

    def _reread(self, tool: ToolName, recorded: Mapping[str, Any]) -> Outcome:
        """A recorded outcome, or the failure that was recorded."""
        if "failure" in recorded:
            raise (Missing if recorded.get("missing") else ToolFailure)(str(recorded["failure"]))
        try:
            outcome = Outcome.model_validate(recorded)
        except ValueError:
            outcome = None
        if outcome is None or not is_payload(tool, outcome.payload):
            raise self._store.damaged("an outcome in another form")
        return outcome
