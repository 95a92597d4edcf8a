"""How long a run has worked, over all its sessions, and how long it will still take.

Enters: the file to keep the seconds in and what each step is expected to take. Leaves: seconds per step, a bar with the
remaining time. The file is written every other second, so a killed run loses next to nothing of its account.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from rich.progress import BarColumn, Progress, TextColumn

from websailor.files import read_json, write_json
from websailor.progress import stderr

TICK = 2.0
"""Seconds between two writes."""


class Stopwatch:
    """Use as a context manager around a whole run; `step` times one of its parts."""

    def __init__(self, file: Path, expected: Mapping[str, float]) -> None:
        self._file = file
        self._expected = dict(expected)
        self.seconds: dict[str, float] = read_json(file) if file.is_file() else {}
        self._finished: set[str] = set()
        self._running: str | None = None
        self._since = 0.0
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._tick, name="stopwatch", daemon=True)
        self._progress = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(),
            TextColumn("{task.fields[time]}"),
            console=stderr,
            transient=True,
        )
        self._task = self._progress.add_task("the whole run", total=1.0, time="")

    @property
    def total(self) -> float:
        """Seconds of work so far, all sessions together."""
        with self._lock:
            return sum(self.seconds.values()) + (time.monotonic() - self._since if self._running else 0.0)

    @property
    def remaining(self) -> float:
        """Expected seconds to the end: what was foreseen for the open steps, scaled by how the finished ones went."""
        foreseen = sum(self._expected.get(name, 0.0) for name in self._finished)
        spent = sum(self.seconds.get(name, 0.0) for name in self._finished)
        pace = spent / foreseen if foreseen > 20 else 1.0
        left = 0.0
        for name, seconds in self._expected.items():
            if name in self._finished:
                continue
            so_far = self.seconds.get(name, 0.0) + (time.monotonic() - self._since if name == self._running else 0.0)
            left += max(seconds * pace - so_far, 0.0)
        return left

    def skip(self, name: str) -> None:
        """Tell that a step was finished in an earlier session."""
        self._finished.add(name)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step; its seconds add to those of interrupted sessions."""
        with self._lock:
            self._running, self._since = name, time.monotonic()
        try:
            yield
            self._finished.add(name)
        finally:
            self._book()
            with self._lock:
                self._running = None

    def __enter__(self) -> Self:
        if stderr.is_terminal:
            self._progress.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._progress.stop()
        write_json(self._file, self.seconds)

    def _book(self) -> None:
        with self._lock:
            if self._running is not None:
                now = time.monotonic()
                self.seconds[self._running] = round(self.seconds.get(self._running, 0.0) + now - self._since, 3)
                self._since = now

    def _tick(self) -> None:
        while not self._end.wait(TICK):
            self._book()
            if self._file.parent.is_dir():
                write_json(self._file, self.seconds)
            total, left = self.total, self.remaining
            self._progress.update(
                self._task,
                completed=total / max(total + left, 1e-9),
                time=f"{clock(total)} so far, about {clock(left)} left",
            )


class Elapsed:
    """Seconds of work, summed over interruptions: those of earlier sessions and those since it was made."""

    def __init__(self, before: float = 0.0) -> None:
        self._before = before
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        return self._before + time.monotonic() - self._started


def clock(seconds: float) -> str:
    """`0:07`, `12:40`, `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
