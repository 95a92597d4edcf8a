"""`websailor quickstart` and `websailor run`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from websailor.cli.output import print_line, stdout
from websailor.pipeline import Recipe, load_recipe, run_recipe
from websailor.recipe import existing_file, parse_settings
from websailor.report.results import NAMES

Settings = Annotated[str, Parameter(allow_leading_hyphen=True, show=False, negative="")]

SHIPPED = Path(__file__).parents[3] / "recipes"


def quickstart_(*settings: Settings, runs: Path = Path("runs")) -> None:
    """The whole way on a small generated world: at most 15 minutes on two cores.

    Parameters
    ----------
    runs
        Directory of all runs.
    """
    run_(shipped_recipe("quickstart"), *settings, runs=runs)


def run_(recipe: Path, /, *settings: Settings, runs: Path = Path("runs")) -> None:
    """Run a recipe from its first table to its last. Started again, it goes on where it stopped.

    Parameters
    ----------
    recipe
        A TOML file with a table per stage.
    runs
        Directory of all runs; this one is in its subdirectory --name.
    """
    resolved = load_recipe(existing_file(recipe, "recipe"), parse_settings(settings, Recipe))
    summary = run_recipe(resolved, runs)
    directory = runs / resolved.name
    stdout.print(results_table(summary))
    print_line(f"report:  {directory / 'report' / 'index.html'}")
    print_line(f"summary: {directory / 'summary.json'}")


def shipped_recipe(name: str) -> Path:
    """A recipe that comes with the package: beside the sources, or installed with them."""
    beside = SHIPPED / f"{name}.toml"
    return beside if beside.is_file() else Path(__file__).parents[1] / "recipes" / f"{name}.toml"


def results_table(summary: Mapping[str, Any]) -> Table:
    """The table a run ends with."""
    minutes = summary["seconds"] / 60
    table = Table(title=f"Held-out questions · {minutes:.1f} minutes in all", title_justify="left")
    table.add_column("")
    for column in ("pass@1", "95 % interval", "pass@3", "format errors", "tool calls"):
        table.add_column(column, justify="right")
    for system, name in NAMES.items():
        row = summary.get(system)
        if row is None:
            continue
        table.add_row(
            name,
            f"[bold]{100 * row['pass_at_1']:.1f} %[/bold]",
            f"{100 * row['pass_at_1_low']:.1f} – {100 * row['pass_at_1_high']:.1f}",
            "–" if row["pass_at_3"] is None else f"{100 * row['pass_at_3']:.1f} %",
            f"{100 * row['format_errors']:.1f} %",
            f"{row['tool_calls']:.2f}",
        )
    return table
