"""The commands in the documentation are commands: every one parses, and those of the README's tour run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from websailor.cli import make_app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(page: Path) -> list[str]:
    """Lines of shell blocks that call websailor."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("websailor ")]


@pytest.mark.parametrize(
    ("page", "line"),
    [(page, line) for page in PAGES for line in commands(page)],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_a_documented_command_parses(page: Path, line: str) -> None:
    words = shlex.split(line)[1:]
    command, bound, ignored = make_app().parse_args(words, exit_on_error=False, print_error=False)
    assert callable(command)
    assert bound.arguments or len(words) == 1
    assert not ignored


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), f"{page.name}: {target}"


SMALL = {
    "wiki generate": ["--pages", "250"],
    "questions make": ["--count", "12", "--held-out-count", "3", "--pool", "300"],
    "sft": ["--steps", "2", "--copy-steps", "2", "--processes", "1", "--seconds", "0", "--validation", "0"],
    "rl": ["--steps", "1", "--questions", "2", "--rollouts", "2", "--evaluate-every", "0", "--processes", "1"],
    "evaluate": ["--count", "2", "--runs", "1", "--workers", "1"],
}
"""Flags laid over the tour's, so that it takes a minute."""


@pytest.mark.slow
def test_the_tour_of_the_readme_runs(tmp_path: Path) -> None:
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    tour = [line for line in commands(ROOT / "README.md") if "recipes/wikipedia" not in line and " ask " not in line]
    assert len(tour) >= 12
    for line in tour:
        words = shlex.split(line)[1:]
        small = next((flags for name, flags in SMALL.items() if " ".join(words).startswith(f"{name} ")), [])
        # A later flag of the same name would be refused: take the documented one out.
        for flag in set(small[::2]) & set(words):
            position = words.index(flag)
            del words[position : position + 2]
        done = subprocess.run(
            [sys.executable, "-m", "websailor.cli", *words, *small],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        assert done.returncode == 0, f"{line}\n{done.stderr[-3000:]}"
        assert done.stdout.strip(), line
    assert (tmp_path / "trajectories.parquet").stat().st_size > 0
    again = subprocess.run(
        [sys.executable, "-m", "websailor.cli", "questions", "show", "questions", "--count", "1"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert "find  x" in again.stdout
