"""What processes share: limits over SQLite and over a real Redis, one store, one recording; and the soak, in small."""

import asyncio
import multiprocessing
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from websailor.errors import UserError
from websailor.tools.gateway.limits import MARGIN, REDIS, LimitsLost, SharedLimits, _redis_bucket, rate_of
from websailor.tools.gateway.store import OUTCOME, Store

ROOT = Path(__file__).parents[2]
SPAWN = multiprocessing.get_context("spawn")


class RedisServer:
    """A redis-server of one's own on a free loopback port."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        last = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < last, "the redis-server did not start"
                time.sleep(0.05)

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed (apt-get install redis-server)")
    pytest.importorskip("redis")
    server = RedisServer(tmp_path)
    os.environ[REDIS] = f"redis://127.0.0.1:{server.port}/0"
    yield server
    del os.environ[REDIS]
    server.stop()


def permitted(path: Path, per_second: float, calls: int, environment: dict[str, str]) -> list[float]:
    """In a process of its own: when permissions were given, in seconds since the epoch."""
    os.environ.update(environment)
    limits = SharedLimits(path)

    async def run() -> list[float]:
        offset = time.time() - time.monotonic()
        given = await asyncio.gather(*(limits.acquire("serper", per_second, 60) for _ in range(calls)))
        return [one + offset for one in given if one is not None]

    try:
        return asyncio.run(run())
    finally:
        limits.close()


def most_within(times: list[float], seconds: float) -> int:
    return max(sum(start <= at < start + seconds for at in times) for start in times)


def from_processes(path: Path, per_second: float, calls: int, processes: int = 3) -> list[float]:
    environment = {REDIS: os.environ[REDIS]} if REDIS in os.environ else {}
    with ProcessPoolExecutor(processes, mp_context=SPAWN) as pool:
        parts = [pool.submit(permitted, path, per_second, calls, environment) for _ in range(processes)]
        return sorted(at for part in parts for at in part.result())


def test_processes_keep_one_limit(tmp_path: Path) -> None:
    times = from_processes(tmp_path / "limits.sqlite", 6, 6)
    assert len(times) == 18
    assert most_within(times, 1) <= 6


def test_processes_keep_one_limit_in_redis(redis: RedisServer, tmp_path: Path) -> None:
    times = from_processes(tmp_path / "never-made.sqlite", 6, 6)
    assert len(times) == 18
    assert most_within(times, 1) <= 6
    assert not (tmp_path / "never-made.sqlite").exists()


@pytest.mark.parametrize("per_second", [1.9, 2.5])
def test_of_a_broken_rate_the_whole_part_counts(per_second: float, tmp_path: Path) -> None:
    times = sorted(permitted(tmp_path / "limits.sqlite", per_second, 4, {}))
    assert most_within(times, 1) <= int(per_second)


def test_a_rate_below_one_spaces_calls(tmp_path: Path) -> None:
    first, second = sorted(permitted(tmp_path / "limits.sqlite", 0.8, 2, {}))
    assert second - first >= 1.25
    assert rate_of(1 / 3).interval == round(3000 + 1000 * MARGIN)


def test_a_limit_outlives_the_process(tmp_path: Path) -> None:
    """What an earlier process used up is not there again because a new one starts, whatever rate it knows."""
    before = permitted(tmp_path / "limits.sqlite", 3, 3, {})
    after = permitted(tmp_path / "limits.sqlite", 4, 2, {})
    assert most_within(sorted([*before, *after]), 1) <= 4


def test_waiting_ends_when_the_time_is_over(tmp_path: Path) -> None:
    async def run() -> tuple[float | None, float | None, float]:
        limits = SharedLimits(tmp_path / "limits.sqlite")
        first = await limits.acquire("arxiv", 0.05, 5)
        started = time.monotonic()
        second = await limits.acquire("arxiv", 0.05, 0.3)
        taken = time.monotonic() - started
        limits.close()
        return first, second, taken

    first, second, taken = asyncio.run(run())
    assert first is not None
    assert second is None
    assert taken < 1.5


def test_old_entries_are_removed(tmp_path: Path) -> None:
    permitted(tmp_path / "limits.sqlite", 1000, 200, {})
    time.sleep(1 + MARGIN)
    permitted(tmp_path / "limits.sqlite", 1000, 70, {})
    rows = sqlite3.connect(tmp_path / "limits.sqlite").execute("select count(*) from limit_serper").fetchone()[0]
    assert rows < 200


def test_limits_that_cannot_be_kept_are_said(tmp_path: Path) -> None:
    (tmp_path / "limits.sqlite").write_bytes(b"no database at all, but some text" * 200)
    with pytest.raises(UserError, match="cannot hold the limits"):
        permitted(tmp_path / "limits.sqlite", 5, 1, {})


def test_a_redis_that_is_not_there_is_said_without_its_password(tmp_path: Path) -> None:
    os.environ[REDIS] = "redis://user:canary-77aa@127.0.0.1:1/0"
    try:
        with pytest.raises(UserError, match="does not answer") as error:
            permitted(tmp_path / "x", 5, 1, {})
        os.environ[REDIS] = "rodis://canary-77aa"
        with pytest.raises(UserError, match="does not answer"):
            permitted(tmp_path / "x", 5, 1, {})
    finally:
        del os.environ[REDIS]
    assert "canary" not in str(error.value)


def test_who_asked_for_the_time_first_and_came_second_counts_the_other(redis: RedisServer) -> None:
    """Between the two questions to Redis, for the time and for a place, another process may have been permitted."""
    from pyrate_limiter import Rate, RateItem

    assert redis.port
    bucket = _redis_bucket("serper", Rate(2, 1000))
    now = bucket.now()
    assert isinstance(now, int)
    assert bucket.put(RateItem("serper", now + 5))
    assert bucket.put(RateItem("serper", now + 9))
    assert not bucket.put(RateItem("serper", now))


def test_a_redis_that_is_lost_permits_nothing_and_may_come_back(redis: RedisServer, tmp_path: Path) -> None:
    limits = SharedLimits(tmp_path / "x")

    async def ask() -> float | None:
        return await limits.acquire("serper", 50, 5)

    assert asyncio.run(ask()) is not None
    redis.stop()
    with pytest.raises(LimitsLost):
        asyncio.run(ask())
    with pytest.raises(LimitsLost):
        asyncio.run(ask())
    redis.start()
    assert asyncio.run(ask()) is not None
    limits.close()


def written(path: Path, number: int) -> list[str]:
    """In a process of its own: opens the store with all others at once, and settles what they settle."""
    store = Store(path)
    stands = []
    for entry in range(40):
        store.put([("search", "serper", {"query": f"{number}-{entry}"}, {"text": "x" * 1000})])
        stands.append(store.settle("search", OUTCOME, {"query": str(entry)}, {"by": number})["by"])
    store.close()
    return stands


def test_many_processes_write_one_store(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "web.sqlite"
    with ProcessPoolExecutor(6, mp_context=SPAWN) as pool:
        stands = list(pool.map(written, [path] * 6, range(6)))
    assert len(Store(path)) == 6 * 40 + 40
    assert all(one == stands[0] for one in stands), "all see the same outcome, whoever was first"


def test_tools_are_imported_without_what_is_heavy() -> None:
    code = (
        "import sys, websailor.cli, websailor.tools.live, websailor.tools.simulated\n"
        "heavy = ('trafilatura', 'pyrate_limiter', 'httpx2', 'openai', 'pypdf', 'redis', 'stamina')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_soak_in_small() -> None:
    """Nothing lost, nothing silent, no window over a limit, the same bytes again: see the benchmark."""
    command = [sys.executable, str(ROOT / "benchmarks" / "gateway.py"), "--calls", "45", "--no-redis", "--no-sandbox"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost 0, silent 0" in done.stdout
    assert "the same bytes" in done.stdout
    assert "stamina" not in done.stderr
