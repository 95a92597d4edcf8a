"""`websailor report` and `websailor export`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from websailor.cli.flags import AsGiven, RecipeFile, stage_config
from websailor.cli.output import print_line
from websailor.errors import UserError
from websailor.report import Config, run

Flags = Annotated[Config, Parameter(name="*"), AsGiven()]
NO_FLAGS = Config.model_construct()


def report_(
    run_directory: Path, /, *, out: Path | None = None, recipe: RecipeFile = None, flags: Flags = NO_FLAGS
) -> None:
    """Write the report page of a run, as far as the run got. The page needs no network and no server.

    Parameters
    ----------
    run_directory
        A run: runs/<name>.
    out
        Directory of the page; default: report/ in the run.
    """
    target = out or run_directory / "report"
    run(stage_config(Config, flags, recipe, "report"), {"run": run_directory}, target)
    print_line(str(target / "index.html"))


def export_(directory: Path, /, *, out: Path) -> None:
    """Write trajectories as Parquet with the `messages` and `tools` columns that datasets and TRL read.

    Parameters
    ----------
    directory
        A directory with trajectories (of `trajectories collect` or of an evaluation), or its records.jsonl.
    out
        FILE.parquet.
    """
    from websailor.cli.records import record_file
    from websailor.scale.parquet import export_parquet

    if out.suffix != ".parquet":
        raise UserError(f"--out {out}: the file ends in .parquet")
    rows = export_parquet(record_file(directory), out)
    print_line(f"{out}: {rows} rows")
