"""Rate limits that all workers share: of one host through a SQLite file, of several hosts through Redis.

Enters: calls a second per provider. Leaves: permission to call, in its turn. The window slides: in no second are there
more calls than allowed. A rate below one a second is one call in a longer window. Between permission and call some
milliseconds pass, more for one call than for another, so the window is a little longer than asked for.
"""

import os
from pathlib import Path
from typing import Protocol

from pyrate_limiter import AbstractBucket, Limiter, Rate, RedisBucket, SQLiteBucket

from websailor.errors import UserError

REDIS = "WEBSAILOR_REDIS_URL"
"""Environment variable with the address of a Redis that several hosts share."""
MARGIN = 1.06
"""Length of the window over the length asked for."""


class Limits(Protocol):
    """Permission to call a provider."""

    async def acquire(self, provider: str, per_second: float, seconds: float) -> bool:
        """Wait for permission, at most so many seconds; False when there was none."""
        ...


def rate_of(per_second: float) -> Rate:
    """A sliding window: n calls in a second, or one call in 1 / per_second seconds."""
    if per_second >= 1:
        return Rate(int(per_second), int(1000 * MARGIN * int(per_second) / per_second))
    return Rate(1, int(1000 * MARGIN / per_second))


class SharedLimits:
    """Limits in a SQLite file beside the store, or in Redis where `REDIS` names one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._redis_url = os.environ.get(REDIS, "").strip()
        self._limiters: dict[tuple[str, float], Limiter] = {}

    async def acquire(self, provider: str, per_second: float, seconds: float) -> bool:
        return await self._limiter(provider, per_second).try_acquire_async(provider, timeout=max(seconds, 0.001))

    def _limiter(self, provider: str, per_second: float) -> Limiter:
        known = self._limiters.get((provider, per_second))
        if known is None:
            known = self._limiters[provider, per_second] = Limiter(self._bucket(provider, rate_of(per_second)))
        return known

    def _bucket(self, provider: str, rate: Rate) -> AbstractBucket:
        table = f"limit_{provider.replace('-', '_')}_{rate.limit}_{rate.interval}"
        if not self._redis_url:
            return SQLiteBucket.init_from_file([rate], table=table, db_path=str(self._path), use_file_lock=True)
        try:
            import redis
        except ImportError as error:
            raise UserError(f"{REDIS} is set, but redis is not installed: pip install 'websailor[scale]'") from error
        try:
            bucket = RedisBucket.init([rate], redis.Redis.from_url(self._redis_url), f"websailor:{table}")
        except (redis.RedisError, ValueError) as error:
            raise UserError(f"the Redis that {REDIS} names does not answer ({type(error).__name__})") from error
        assert isinstance(bucket, RedisBucket)
        return bucket
