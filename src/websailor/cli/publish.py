"""`websailor report` and `websailor export`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from websailor.cli.flags import AsGiven, RecipeFile, settings_command, stage_config
from websailor.cli.output import print_line
from websailor.errors import UserError
from websailor.report import Config, run

Flags = Annotated[Config, Parameter(name="*"), AsGiven()]
NO_FLAGS = Config.model_construct()


@settings_command("report")
def report_(
    run_directory: Path, /, *, out: Path | None = None, recipe: RecipeFile = None, flags: Flags = NO_FLAGS
) -> None:
    """Write the report page of a run, as far as the run got. The page needs no network and no server.

    Parameters
    ----------
    run_directory
        A run, such as runs/quickstart.
    out
        Directory of the page; default: report/ in the run.
    """
    target = out or run_directory / "report"
    run(stage_config(Config, flags, recipe, "report"), {"run": run_directory}, target)
    print_line(str(target / "index.html"))


def export_(directory: Path, /, *, out: Path) -> None:
    """Write trajectories or questions as Parquet that datasets loads; trajectories have the `messages` and `tools`
    columns that TRL trains on.

    Parameters
    ----------
    directory
        A directory with trajectories (of `trajectories collect` or of an evaluation) or questions, or its
        records.jsonl.
    out
        FILE.parquet.
    """
    from websailor.cli.records import record_file
    from websailor.scale.parquet import export_parquet
    from websailor.scale.questions import export_questions

    if out.suffix != ".parquet":
        raise UserError(f"--out {out}: the file ends in .parquet")
    records = record_file(directory)
    rows = (export_questions if holds_questions(records) else export_parquet)(records, out)
    print_line(f"{out}: {rows} rows")


def holds_questions(records: Path) -> bool:
    """Told by the first record: a question has clues."""
    with records.open("rb") as file:
        first = file.readline()
    return b'"clues":' in first and b'"prompt":' in first
