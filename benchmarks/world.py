"""How fast a world is made. Prints a table: pages, facts, CPU seconds of each step, all seconds, peak memory.

    python benchmarks/world.py                                        10,000 pages of each profile
    python benchmarks/world.py 10000 100000 1000000 --profile rich    other sizes, one profile

Every row runs in a process of its own, so that peak memory is the row's own; it counts the processes that render, too,
and what they share once. Files go to a temporary directory. Reads memory from /proc: Linux only.
"""

import argparse
import multiprocessing
import os
import re
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path

from rich.console import Console
from rich.table import Table

from websailor.wiki.world import WorldConfig


class PeakMemory:
    """Samples the memory of this process and its children, pages that they share counted once."""

    def __init__(self, every: float = 0.25) -> None:
        self.megabytes = 0.0
        self._every = every
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(self._every):
            self.megabytes = max(self.megabytes, sum(map(proportional_megabytes, family())))


def family() -> list[int]:
    """This process and its children."""
    found = [os.getpid()]
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in parentheses, may hold anything; the parent is the second field behind it.
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == os.getpid():
            found.append(int(status.parent.name))
    return found


def proportional_megabytes(process: int) -> float:
    """Memory of a process, with its part of what it shares; 0 when it has ended."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1000 if found else 0.0


def cpu_seconds() -> float:
    """Of this process and of those that it has waited for."""
    return sum(os.times()[:4])


def measure(profile: str, pages: int) -> dict[str, float]:
    """CPU seconds per step and sizes for one world, and the peak memory of all processes."""
    from websailor.wiki.world import generate, write_dump, write_truth

    row: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as directory, PeakMemory() as memory:
        folder = Path(directory)
        began = time.perf_counter()
        marks = [cpu_seconds()]
        world = generate(WorldConfig.model_validate({"profile": profile, "pages": pages}))
        marks.append(cpu_seconds())
        row["dump_pages"] = write_dump(world, folder / "w.xml")
        marks.append(cpu_seconds())
        write_truth(world, folder)
        marks.append(cpu_seconds())
        row["wall"] = time.perf_counter() - began
        row |= dict(zip(("generate", "xml", "truth"), (b - a for a, b in pairwise(marks)), strict=True))
        row["size"] = (folder / "w.xml").stat().st_size / 1e6
    row["facts"] = len(world.subject_F)
    row["megabytes"] = memory.megabytes
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=int, default=[10_000])
    parser.add_argument("--profile", choices=("small", "rich"), action="append")
    arguments = parser.parse_args()
    table = Table(title=f"Generated worlds (CPU seconds of each step; all: wall time on {os.cpu_count()} cores)")
    columns = (
        "profile",
        "pages",
        "facts",
        "generate",
        "xml",
        "truth",
        "all",
        "pages/CPU s",
        "dump pages",
        "MB xml",
        "MB memory",
    )
    for column in columns:
        table.add_column(column, justify="left" if column == "profile" else "right")
    context = multiprocessing.get_context("spawn")
    for profile in arguments.profile or ("small", "rich"):
        for pages in arguments.pages:
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                row = pool.submit(measure, profile, pages).result()
            seconds = row["generate"] + row["xml"] + row["truth"]
            table.add_row(
                profile,
                f"{pages:,}",
                f"{row['facts']:,}",
                *(f"{row[step]:.2f}" for step in ("generate", "xml", "truth", "wall")),
                f"{pages / seconds:,.0f}",
                f"{row['dump_pages']:,}",
                f"{row['size']:.1f}",
                f"{row['megabytes']:.0f}",
            )
    Console().print(table)


if __name__ == "__main__":
    main()
