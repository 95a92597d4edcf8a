"""Rate limits that all workers share: of one host through a SQLite file, of several hosts through Redis.

Enters: calls a second per provider. Leaves: permission to call, in its turn. The window slides and outlives processes:
in no second are there more calls than allowed. A rate below one a second is one call in a longer window; of a rate such
as 2.5 a second the whole part counts. Between permission and arrival some milliseconds pass, more for one call than for
another: the window is a little longer than asked for, and a permission that is `LATE` when the request could go out at
last (a new connection takes its time) is left unused for another one.
"""

import asyncio
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from websailor.errors import UserError

if TYPE_CHECKING:
    from pyrate_limiter import AbstractBucket, Rate, SQLiteBucket

REDIS = "WEBSAILOR_REDIS_URL"
"""Environment variable with the address of a Redis that several hosts share."""
MARGIN = 0.2
"""Seconds by which the window is longer than asked for: so much later than another call may one arrive, on a machine
that has more to do than it can."""
LATE = 0.03
"""Seconds after which a permission is too old to be used: the call would fall into another window."""
LOCK_SECONDS = 10.0
"""Time in which the file lock, or Redis, must answer."""
TIDY = 64
"""Permissions after which old entries are removed."""


class LimitsLost(Exception):
    """What the workers share cannot be reached; nobody may call."""


class Limits(Protocol):
    """Permission to call a provider."""

    async def acquire(self, provider: str, per_second: float, seconds: float) -> float | None:
        """Wait for permission, at most so many seconds: when it was given, in seconds of `time.monotonic`, or None when
        there was none. Raises `LimitsLost`."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


def rate_of(per_second: float) -> "Rate":
    """A sliding window: n calls in a second, or one call in 1 / per_second seconds."""
    from pyrate_limiter import Rate

    if per_second >= 1:
        return Rate(int(per_second), round(1000 * (1 + MARGIN)))
    return Rate(1, round(1000 * (1 / per_second + MARGIN)))


class SharedLimits:
    """Limits in a SQLite file beside the store, or in Redis where `REDIS` names one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open = _redis_bucket if os.environ.get(REDIS, "").strip() else self._sqlite_bucket
        self._buckets: dict[tuple[str, float], AbstractBucket] = {}
        self._given = 0
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="limits")
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()

    async def acquire(self, provider: str, per_second: float, seconds: float) -> float | None:
        loop = asyncio.get_running_loop()
        turn = self._turns.setdefault(loop, {}).setdefault(provider, asyncio.Lock())
        try:
            # One waits for the bucket, the others for their turn.
            async with asyncio.timeout(max(seconds, 0.001)), turn:
                while True:
                    wait, given = await loop.run_in_executor(self._threads, self._ask, provider, per_second)
                    if wait is None:
                        return given
                    await asyncio.sleep(wait)
        except TimeoutError:
            return None

    def _ask(self, provider: str, per_second: float) -> tuple[float | None, float]:
        """Seconds to wait, or None for permission; and when it was given."""
        try:
            bucket = self._buckets.get((provider, per_second))
            if bucket is None:
                bucket = self._buckets[provider, per_second] = self._opened(provider, per_second)
            lock = bucket.limiter_lock()
            if lock is None:
                return self._put(bucket, provider)
            assert isinstance(lock, AbstractContextManager)
            with lock:  # what time it is, is asked while nobody else may write
                return self._put(bucket, provider)
        except (UserError, LimitsLost):
            raise
        except (OSError, sqlite3.Error) as error:
            reason = type(error).__name__
        except Exception as error:
            if not _is_redis(error):
                raise
            self._buckets.pop((provider, per_second), None)  # a Redis that was started again has forgotten the script
            reason = type(error).__name__
        raise LimitsLost(f"the limits that all workers share cannot be reached ({reason})")

    def _opened(self, provider: str, per_second: float) -> "AbstractBucket":
        """What cannot be reached from the start is a person's mistake; what was reached before is lost."""
        try:
            return self._open(provider, rate_of(per_second))
        except UserError as error:
            if not self._given:
                raise
            raise LimitsLost(str(error)) from error

    def _put(self, bucket: "AbstractBucket", provider: str) -> tuple[float | None, float]:
        from pyrate_limiter import RateItem, SQLiteBucket

        now = bucket.now()
        assert isinstance(now, int), "both buckets answer at once"
        if isinstance(bucket, SQLiteBucket):
            _without_future(bucket, now)
        given, item = time.monotonic(), RateItem(provider, now)
        self._given += 1
        if self._given % TIDY == 0:
            bucket.leak(item.timestamp)
        if bucket.put(item):
            return None, given
        waiting = bucket.waiting(item)
        assert isinstance(waiting, int), "both buckets answer at once"
        return max(waiting, 1) / 1000, given

    def _sqlite_bucket(self, provider: str, rate: "Rate") -> "AbstractBucket":
        from filelock import FileLock
        from pyrate_limiter import SQLiteBucket

        try:
            bucket = SQLiteBucket.init_from_file(
                [rate], table=_table(provider), db_path=str(self._path), use_file_lock=True
            )
        except (sqlite3.Error, OSError) as error:
            raise UserError(
                f"{self._path}: cannot hold the limits of providers ({error}): name another store"
            ) from error
        assert isinstance(bucket.lock, FileLock)
        bucket.lock.timeout = LOCK_SECONDS
        return bucket

    def close(self) -> None:
        """Close what is open."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for bucket in self._buckets.values():
            bucket.close()
        self._buckets.clear()


def _without_future(bucket: "SQLiteBucket", now: int) -> None:
    """After the clock was set back, permissions of the time before would stand in the way until it has caught up: they
    count as given now. The bucket's lock is held, so nobody is ahead otherwise."""
    latest = bucket.conn.execute(f"select max(item_timestamp) from {bucket.table}").fetchone()[0]
    if latest is not None and latest > now:
        bucket.conn.execute(f"update {bucket.table} set item_timestamp = ? where item_timestamp > ?", (now, now))
        bucket.conn.commit()


def _table(provider: str) -> str:
    return f"limit_{provider.replace('-', '_')}"


def _is_redis(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] == "redis"


def _redis_bucket(provider: str, rate: "Rate") -> "AbstractBucket":
    try:
        import redis
        from pyrate_limiter import RedisBucket
        from pyrate_limiter.buckets.redis_bucket import LuaScript
    except ImportError as error:
        raise UserError(f"{REDIS} is set, but redis is not installed: pip install 'websailor[scale]'") from error

    class ServerTime(RedisBucket):
        """The server's clock is the one that all hosts share."""

        def now(self) -> int:
            seconds, microseconds = client.time()
            return seconds * 1000 + microseconds // 1000

    try:
        client = redis.Redis.from_url(
            os.environ[REDIS].strip(), socket_timeout=LOCK_SECONDS, socket_connect_timeout=LOCK_SECONDS
        )
        bucket = ServerTime.init([rate], client, f"websailor:{_table(provider)}")
        assert isinstance(bucket, ServerTime)
        counting = LuaScript.PUT_ITEM.replace("window_start, now)", "window_start, '+inf')")
        assert counting != LuaScript.PUT_ITEM, "the library counts in another way"
        # Another worker may have asked for the time later and be permitted sooner: its permission counts, too.
        bucket.script_hash = str(client.script_load(counting))
        return bucket
    except (redis.RedisError, ValueError, OSError) as error:
        reason = type(error).__name__
    raise UserError(f"the Redis that {REDIS} names does not answer ({reason})")  # the address may hold a password
