"""Logging and progress for people: everything here goes to stderr, results alone go to stdout."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

stderr = Console(stderr=True, emoji=False)


def configure_logging(file: Path | None = None, verbose: bool = False) -> None:
    """Send the log to stderr and, if given, to `file`."""
    handlers: list[logging.Handler] = [RichHandler(console=stderr, show_path=False, log_time_format="[%X]")]
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        to_file = logging.FileHandler(file, encoding="utf-8")
        to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        handlers.append(to_file)
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format="%(message)s", handlers=handlers, force=True
    )
    for noisy in ("filelock", "urllib3", "numba", "asyncio", "openai", "httpx2", "httpcore2", "torch"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Processes started inside never see Ctrl-C (not even while they import); it reaches this process at the end."""
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # started later it would unblock what is blocked here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Bar:
    """A progress bar: `advance` moves it, `note` shows a few words behind it."""

    def __init__(self, progress: Progress, description: str, total: float | None) -> None:
        self._progress = progress
        self._task = progress.add_task(description, total=total, note="")

    def advance(self, amount: float = 1) -> None:
        self._progress.advance(self._task, amount)

    def note(self, text: str) -> None:
        self._progress.update(self._task, note=text)

    def total(self, total: float) -> None:
        self._progress.update(self._task, total=total)


@contextmanager
def progress_bar(description: str, total: float | None = None, shown: bool = True) -> Iterator[Bar]:
    """A bar with the expected remaining time, on stderr; without a terminal only its last state is printed.

    Of several processes that work together only one has its bar `shown`.
    """
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=stderr, transient=False, refresh_per_second=4, disable=not shown) as progress:
        yield Bar(progress, description, total)
