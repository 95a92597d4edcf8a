"""A circuit breaker: a provider that keeps failing is left alone for a while.

Closed -> (failures in a row) -> open -> (time passes) -> half open: one call may try -> closed or open again. Many
calls at once fail in whatever order they come back, so a row of failures counts only when it also lasted a while. What
calls from before say while the breaker is open is old news and changes nothing, unless it is good.
"""

import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half-open"]
SPAN = 1.0
"""Seconds that a row of failures must last."""


class Admission:
    """The right to call, to be handed back with what came of it."""

    __slots__ = ()


class Breaker:
    """For one provider in one process. `clock` gives seconds and never goes back."""

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._since = 0.0
        self._opened: float | None = None
        self._trial: Admission | None = None

    @property
    def state(self) -> State:
        if self._opened is None:
            return "closed"
        return "half-open" if self._clock() - self._opened >= self._seconds else "open"

    def admit(self) -> Admission | None:
        """May a call be made now? In the half-open state one caller is admitted until it reports back."""
        state = self.state
        if state == "open" or (state == "half-open" and self._trial is not None):
            return None
        admission = Admission()
        if state == "half-open":
            self._trial = admission
        return admission

    def succeeded(self) -> None:
        """A call worked."""
        self._failures, self._opened, self._trial = 0, None, None

    def failed(self, admission: Admission) -> None:
        """A call failed in a way that says something about the provider."""
        now = self._clock()
        if self._opened is not None:
            if admission is self._trial:
                self._opened, self._trial = now, None
            return
        if not self._failures:
            self._since = now
        self._failures += 1
        if self._failures >= self._limit and now - self._since >= SPAN:
            self._opened = now

    def abandoned(self, admission: Admission) -> None:
        """A call ended without telling anything about the provider."""
        if admission is self._trial:
            self._trial = None
