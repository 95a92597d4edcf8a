"""Soak of the gateway: many calls from several processes against services that fail, limit and lie.

    python benchmarks/gateway.py [--calls 1000] [--processes 3] [--faults 0.3] [--no-redis]

All services are imitated on loopback with their wire formats. The processes share one store and one set of limits:
first through SQLite, then (where a redis-server is installed) through Redis. Shown are: calls without a result and
calls whose result is neither right nor an honest failure (both must be 0); for each provider the most calls that
arrived within one second, measured by the service, beside its limit; whether a second run in replay mode, without any
service, gives the same bytes; the median time of a call that is in the store. Ends with exit code 1 when one of this
does not hold. Then the start of the sandbox, where bubblewrap is installed.
"""

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websailor.tools.base import ToolFailure
from websailor.tools.gateway.config import GatewayConfig
from websailor.tools.gateway.limits import REDIS
from websailor.tools.gateway.opening import open_gateway
from websailor.tools.providers.base import ToolName
from websailor.tools.providers.imitation import FAULTS, HITS, KEY, Asked, ServiceImitation
from websailor.tools.sandbox import SandboxConfig, SandboxUnavailable, open_sandbox

KEYS = ("SERPER_API_KEY", "BRAVE_API_KEY", "JINA_API_KEY")
LIMITS = {"serper": 20.0, "brave": 15.0, "jina": 15.0, "crossref": 10.0, "openalex": 10.5}
SIDE_BY_SIDE = 24
Job = tuple[ToolName, dict[str, str]]


def jobs(calls: int) -> list[Job]:
    """Searches, pages and scholarly searches; one in ten was asked before, perhaps by another process."""
    made: list[Job] = []
    for number in range(calls):
        name = f"Question {number % (calls * 9 // 10)}"
        kind = number % 9 % 5
        if kind < 3:
            made.append(("search", {"query": name}))
        elif kind == 3:
            made.append(("visit", {"url": f"https://pages.example.org/{name.replace(' ', '-')}"}))
        else:
            made.append(("scholar", {"query": name}))
    return made


def work(settings: dict[str, Any], mine: Sequence[Job]) -> tuple[list[str], dict[str, dict[str, int]]]:
    """In a process of its own: what every call came to, and the counts."""
    gateway = open_gateway(GatewayConfig.model_validate(settings))

    async def one(room: asyncio.Semaphore, job: Job) -> str:
        async with room:
            try:
                return (await gateway.call(*job)).model_dump_json()
            except ToolFailure as failure:
                return f"failure: {failure}"

    async def run() -> list[str]:
        room = asyncio.Semaphore(SIDE_BY_SIDE)
        try:
            return await asyncio.gather(*(one(room, job) for job in mine))
        finally:
            await gateway.aclose()

    told = asyncio.run(run())
    return told, {name: dict(gateway.metrics.counts(name)) for name in (*LIMITS, "search", "visit", "scholar")}


def spread(
    settings: dict[str, Any], wanted: Sequence[Job], processes: int
) -> tuple[list[str], dict[str, dict[str, int]]]:
    """All calls, in order, through so many processes; the counts of all of them."""
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        parts = list(pool.map(work, [settings] * processes, [wanted[number::processes] for number in range(processes)]))
    told = [""] * len(wanted)
    for number, (texts, _) in enumerate(parts):
        told[number::processes] = texts
    names = parts[0][1]
    return told, {
        name: {what: sum(part[name][what] for _, part in parts) for what in counts} for name, counts in names.items()
    }


def is_honest(job: Job, told: str) -> bool:
    """A right result, or a failure that says which provider failed and why."""
    if told.startswith("failure: "):
        return "call failed: " in told and any(f"{name}: " in told for name in LIMITS)
    found = json.loads(told)
    if "hits" in found["payload"]:
        hits = found["payload"]["hits"]
        return len(hits) == HITS and all(job[1]["query"] in hit["title"] for hit in hits)
    return job[1].get("url", "") == found["payload"]["url"] and bool(found["payload"]["text"])


def busiest(asked: Sequence[Asked], service: str) -> int:
    """The most requests that reached a service within one second."""
    times = sorted(one.at for one in asked if one.service == service)
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1:
            first += 1
        most = max(most, last + 1 - first)
    return most


def soak(calls: int, processes: int, share: float, folder: Path) -> bool:
    """One soak with the limits that the environment asks for; True when all of it holds."""
    wanted = jobs(calls)
    with ServiceImitation({fault: share / len(FAULTS) for fault in FAULTS}, seed=1, hang_seconds=2.0) as services:
        settings: dict[str, Any] = {
            "mode": "record",
            "store": folder / "web.sqlite",
            "bases": services.bases(),
            "per_second": LIMITS,
            "search": ("serper", "brave"),
            "visit": ("jina",),
            "scholar": ("crossref", "openalex"),
            "attempt_seconds": 0.5,
            "backoff_seconds": 0.05,
            "breaker_seconds": 1.0,
            "seconds": 120,
        }
        started = time.perf_counter()
        told, counts = spread(settings, wanted, processes)
        seconds = time.perf_counter() - started
        asked = list(services.asked)
    replayed, _ = spread({**settings, "mode": "replay"}, wanted, processes)
    lost = sum(not text for text in told)
    silent = sum(not is_honest(job, text) for job, text in zip(wanted, told, strict=True) if text)
    same = digest(told) == digest(replayed)
    failed = sum(text.startswith("failure: ") for text in told)
    print(f"\n{'Redis' if os.environ.get(REDIS) else 'SQLite'}: {calls} calls, {processes} processes, {seconds:.1f} s")
    print(f"lost {lost}, silent {silent}, honest failures {failed}, requests {len(asked)}", end=", ")
    print(f"of them faulty {sum(one.fault is not None for one in asked) / max(len(asked), 1):.0%}")
    print(f"replay without services: {'the same bytes' if same else 'ANOTHER RESULT'} ({digest(told)[:16]})")
    print(f"{'provider':<10} {'limit/s':>8} {'most in 1 s':>12} {'calls':>6} {'retries':>8} {'failovers':>10}")
    held = True
    for name, limit in LIMITS.items():
        most, count = busiest(asked, name), counts[name]
        held = held and most <= limit
        print(f"{name:<10} {limit:>8g} {most:>12} {count['calls']:>6} {count['retries']:>8} {count['failovers']:>10}")
    return lost == 0 and silent == 0 and same and held


def digest(told: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


def overhead(folder: Path, times: int = 3000) -> float:
    """Median milliseconds of a call whose result is in the store."""

    async def run() -> list[float]:
        with ServiceImitation() as services:
            settings = {"store": folder / "cached.sqlite", "bases": services.bases(), "search": ("serper", "brave")}
            gateway = open_gateway(GatewayConfig.model_validate(settings))
            await gateway.call("search", {"query": "once"})
        taken = []
        for _ in range(times):
            started = time.perf_counter()
            outcome = await gateway.call("search", {"query": "once"})
            taken.append(1000 * (time.perf_counter() - started))
            assert outcome.cached
        await gateway.aclose()
        return taken

    return statistics.median(asyncio.run(run()))


def sandbox_starts(times: int = 30) -> tuple[float, float]:
    """Milliseconds of the first program and, in the median, of one after it. Raises `SandboxUnavailable`."""

    async def run() -> list[float]:
        sandbox = open_sandbox(SandboxConfig(workers=1))
        try:
            taken = []
            for _ in range(1 + times):
                started = time.perf_counter()
                result = await sandbox.run("import numpy, sympy\nprint(1)")
                taken.append(1000 * (time.perf_counter() - started))
                assert result.status == "ok", result
            return taken
        finally:
            await sandbox.aclose()

    taken = asyncio.run(run())
    return taken[0], statistics.median(taken[1:])


@contextmanager
def own_redis(folder: Path) -> Iterator[None]:
    """A Redis on a free loopback port, named in the environment while it runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    server = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    try:
        last = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > last or server.poll() is not None:
                    raise
                time.sleep(0.05)
        os.environ[REDIS] = f"redis://127.0.0.1:{port}/0"
        yield
    finally:
        os.environ.pop(REDIS, None)
        server.terminate()
        server.wait(10)


def main() -> int:
    """Everything; the exit code says whether it held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--faults", type=float, default=0.3)
    parser.add_argument("--no-redis", action="store_true")
    parser.add_argument("--no-sandbox", action="store_true")
    options = parser.parse_args()
    os.environ.update(dict.fromkeys(KEYS, KEY))
    os.environ.pop(REDIS, None)
    held = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        held = soak(options.calls, options.processes, options.faults, folder / "sqlite") and held
        if options.no_redis or shutil.which("redis-server") is None:
            print("\nRedis: not measured (no redis-server, or not wanted)")
        else:
            with own_redis(folder):
                held = soak(options.calls, options.processes, options.faults, folder / "redis") and held
        print(f"\na call that is in the store: {overhead(folder):.3f} ms")
    if not options.no_sandbox:
        try:
            cold, warm = sandbox_starts()
            print(f"sandbox with numpy and sympy: first program {cold:.0f} ms, later ones {warm:.0f} ms")
        except SandboxUnavailable as error:
            print(f"sandbox: not measured ({error})")
    print("\nall of it holds" if held else "\nNOT ALL OF IT HOLDS")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
