"""A circuit breaker: a provider that keeps failing is left alone for a while.

Closed -> (failures in a row) -> open -> (time passes) -> half open: one call may try -> closed or open again. Many
calls at once fail in whatever order they come back, so a row of failures counts only when it also lasted a while.
"""

import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half-open"]
SPAN = 1.0
"""Seconds that a row of failures must last."""


class Breaker:
    """For one provider in one process. `clock` gives seconds and never goes back."""

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._since = 0.0
        self._opened: float | None = None
        self._trying = False

    @property
    def state(self) -> State:
        if self._opened is None:
            return "closed"
        return "half-open" if self._clock() - self._opened >= self._seconds else "open"

    def admits(self) -> bool:
        """May a call be made now? In the half-open state one caller is admitted, who must report back."""
        if self.state == "closed":
            return True
        if self.state == "open" or self._trying:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """The call worked."""
        self._failures, self._opened, self._trying = 0, None, False

    def failed(self) -> None:
        """The call failed in a way that says something about the provider."""
        now = self._clock()
        if not self._failures:
            self._since = now
        self._failures += 1
        if self._opened is not None or (self._failures >= self._limit and now - self._since >= SPAN):
            self._opened = now
        self._trying = False

    def abandoned(self) -> None:
        """The call ended without telling anything about the provider."""
        self._trying = False
