"""Webs that answer at once and webs that take their time, each as the other.

The tools await an `AsyncWeb`, so that many pages load side by side; the graph's growth reads one page after the other
and takes a `Web`.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from websailor.records import Hit, Page
from websailor.tools.base import AsyncWeb, Sourced, Web

T = TypeVar("T")


class Immediate:
    """A `Web` as an `AsyncWeb`."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def search(self, query: str, k: int) -> Sourced[list[Hit]]:
        return Sourced(self._web.search(query, k))

    async def fetch(self, url: str) -> Sourced[Page]:
        return Sourced(self._web.fetch(url))


class Blocking:
    """An `AsyncWeb` as a `Web`: runs it on an event loop of its own. Close it, or use it in a `with` statement;
    `closed` is awaited on that loop before it ends.
    """

    def __init__(self, web: AsyncWeb, closed: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        self._web = web
        self._closed = closed
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="web", daemon=True)
        self._thread.start()

    def search(self, query: str, k: int) -> list[Hit]:
        return self._wait(self._web.search(query, k)).value

    def fetch(self, url: str) -> Page:
        return self._wait(self._web.fetch(url)).value

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Close the web, then the loop."""
        if self._closed is not None:
            self._wait(self._closed())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
