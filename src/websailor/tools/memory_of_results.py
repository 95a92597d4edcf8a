"""Results that are asked for again and again: the rollouts of a group ask alike.

Enters: awaited work by key. Leaves: its result, remembered while it is among the last used. Only what is whole is
remembered: a failure or a degraded result is tried again.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from websailor.tools.base import Sourced

T = TypeVar("T")


class Remembered(Generic[T]):
    """At most `size` results; 0 remembers nothing."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[Hashable, Sourced[T]] = OrderedDict()

    async def get(self, key: Hashable, work: Callable[[], Awaitable[Sourced[T]]]) -> Sourced[T]:
        """The remembered result of `key`, or that of `work`."""
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        result = await work()
        if self._size and not result.degraded:
            self._known[key] = result
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return result
