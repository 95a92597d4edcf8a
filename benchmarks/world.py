"""How fast a world is made. Prints a table: pages, facts, seconds and peak memory of each step.

    python benchmarks/world.py                 10,000 pages of each profile
    python benchmarks/world.py 10000 100000    other sizes

Every row runs in a process of its own, so that peak memory is the row's own. Files go to a temporary directory.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from websailor.wiki.world import WorldConfig


def measure(profile: str, pages: int) -> dict[str, float]:
    """Seconds per step and sizes for one world. `megabytes` is the peak resident memory of this process."""
    from websailor.wiki.world import generate, write_dump, write_truth

    row: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        started = time.perf_counter()
        world = generate(WorldConfig.model_validate({"profile": profile, "pages": pages}))
        row["generate"] = time.perf_counter() - started
        started = time.perf_counter()
        row["dump_pages"] = write_dump(world, folder / "w.xml")
        row["xml"] = time.perf_counter() - started
        started = time.perf_counter()
        write_truth(world, folder)
        row["truth"] = time.perf_counter() - started
        row["size"] = (folder / "w.xml").stat().st_size / 1e6
    row["facts"] = len(world.subject_F)
    # Linux counts kilobytes, macOS bytes.
    row["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="*", type=int, default=[10_000])
    sizes = parser.parse_args().pages
    table = Table(title="Generated worlds (seconds of wall time, one process)")
    columns = ("profile", "pages", "facts", "generate", "xml", "truth", "pages/s", "dump pages", "MB xml", "MB memory")
    for column in columns:
        table.add_column(column, justify="left" if column == "profile" else "right")
    context = multiprocessing.get_context("spawn")
    for profile in ("small", "rich"):
        for pages in sizes:
            with context.Pool(1) as pool:
                row = pool.apply(measure, (profile, pages))
            seconds = row["generate"] + row["xml"] + row["truth"]
            table.add_row(
                profile,
                f"{pages:,}",
                f"{row['facts']:,}",
                *(f"{row[step]:.2f}" for step in ("generate", "xml", "truth")),
                f"{pages / seconds:,.0f}",
                f"{row['dump_pages']:,}",
                f"{row['size']:.1f}",
                f"{row['megabytes']:.0f}",
            )
    Console().print(table)


if __name__ == "__main__":
    main()
