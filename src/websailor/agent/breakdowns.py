"""Episodes that came to nothing because something outside broke down: an endpoint, a judge, a tool.

Enters: what an episode raised. Leaves: a `Reject` with the reason, so that one question never costs a run; or, where
nothing works any more, one line that says so. Refusals of a dead endpoint are not kept: whoever starts the run again
gets these episodes.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from websailor.errors import UserError
from websailor.models.base import ContextExceeded
from websailor.records import Observation, Reject, ToolCall
from websailor.tools.base import Toolbox

log = logging.getLogger(__name__)

BREAKDOWNS = ("endpoint", "judge", "rewriter", "tool")
"""Reasons of rejects that say nothing about the agent."""


class Breakdown(Exception):
    """An episode could not be finished; `reason` is one of `BREAKDOWNS`, `str()` one line."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@contextmanager
def breaking_down(reason: str) -> Iterator[None]:
    """What is outside our hands and fails inside is a `Breakdown` with that reason; defects pass."""
    try:
        yield
    except (UserError, ContextExceeded) as error:
        raise Breakdown(reason, str(error)) from error


class GuardedToolbox(Toolbox):
    """A toolbox whose defects end an episode and not the run: for episodes that are dear."""

    def __init__(self, toolbox: Toolbox) -> None:
        super().__init__(toolbox.tools)

    async def call(self, call: ToolCall) -> Observation:
        try:
            return await super().call(call)
        except Exception as error:
            log.warning("the tool %s broke down", call.name, exc_info=True)
            raise Breakdown("tool", f"{call.name}: {type(error).__name__}: {error}") from error


class Breakdowns:
    """Tells an episode that broke down on its own account from an endpoint that is gone.

    `keep` takes a reject once another episode has come through; `most` breakdowns in a row end the run. `what` is what
    its line calls an episode.
    """

    def __init__(self, most: int, keep: Callable[[Reject], None], what: str = "episode") -> None:
        self._most = most
        self._keep = keep
        self._what = what
        self._waiting: list[Reject] = []
        self._worked = False

    def broke(self, reject: Reject) -> None:
        """Another episode came to nothing. Raises `UserError` when it is one too many."""
        self._waiting.append(reject)
        if len(self._waiting) >= self._most:
            self._give_up()

    def worked(self) -> None:
        """An episode came through."""
        self._worked = True
        self._flush()

    def end(self) -> None:
        """No episode is left. Raises `UserError` when not one of this sitting came through."""
        if self._waiting and not self._worked:
            self._give_up()
        self._flush()

    def _flush(self) -> None:
        for reject in self._waiting:
            self._keep(reject)
        self._waiting.clear()

    def _give_up(self) -> None:
        last, number = self._waiting[-1], len(self._waiting)
        episodes = f"the only {self._what}" if number == 1 else f"{number} {self._what}s in a row"
        raise UserError(f"{last.detail} ({episodes} came to nothing; the same command goes on where it stopped)")
