"""What a knowledge graph costs, and what densification does. Prints two tables.

    python benchmarks/graph.py                     a rich world of 3,000 entities
    python benchmarks/graph.py 30000 --edges 40000

First: the whole corpus in one pass (pages, facts, CPU seconds, peak memory, agreement with the world's truth). Second:
a walk within a budget of edges, beside a plain expansion from the same seeds with the same budget. Every graph is made
by a process of its own, so that peak memory is its own. Files go to a temporary directory.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from websailor import graph
from websailor.wiki import Config as WikiConfig
from websailor.wiki import open_wiki
from websailor.wiki import run as run_wiki


def build(settings: dict[str, Any], wiki: Path, out: Path) -> tuple[float, float]:
    """CPU seconds and peak megabytes of one graph."""
    started = time.process_time()
    graph.run(graph.Config.model_validate(settings), {"wiki": wiki}, out)
    return time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(settings: dict[str, Any], wiki: Path, out: Path) -> tuple[float, float]:
    """The same in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(build, settings, wiki, out).result()


def statements(path: Path) -> set[tuple[Any, ...]]:
    """Facts with their tenures."""
    fields = ("subject", "relation", "object", "start", "end")
    with path.open(encoding="utf-8") as lines:
        return {tuple(row.get(field) for field in fields) for row in map(json.loads, lines)}


def main() -> None:
    """Make the world, build both graphs, print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("entities", type=int, nargs="*", default=[3000])
    parser.add_argument("--edges", type=int, help="budget of the walk; by default 1.3 edges an entity")
    parser.add_argument("--densify", type=float, default=graph.Config().densify)
    arguments = parser.parse_args()
    console = Console()
    whole = Table("entities", "pages", "facts", "CPU s", "pages/s", "peak MB", "missed", "beyond the truth")
    for entities in arguments.entities:
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            world = {"profile": "rich", "pages": entities}
            run_wiki(WikiConfig.model_validate({"world": world}), {}, place / "wiki")
            pages = len(open_wiki(place / "wiki"))
            seconds, megabytes = apart({"whole": True, "title_ranks": False}, place / "wiki", place / "whole")
            truth, found = statements(place / "wiki" / "facts.jsonl"), statements(place / "whole" / "facts.jsonl")
            missed, beyond = len(truth - found), len(found - truth)
            whole.add_row(
                f"{entities:,}",
                f"{pages:,}",
                f"{len(found):,}",
                f"{seconds:.1f}",
                f"{pages / seconds:,.0f}",
                f"{megabytes:.0f}",
                str(missed),
                str(beyond),
            )
            edges = arguments.edges or round(1.3 * entities)
            walk = {"edges": edges, "densify": arguments.densify, "compare": True, "title_ranks": False}
            apart(walk, place / "wiki", place / "walk")
            console.print(graph.summary(place / "walk"))
    console.print(whole)


if __name__ == "__main__":
    main()
