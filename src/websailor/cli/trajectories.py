"""`websailor trajectories collect | show`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from websailor.cli.flags import AsGiven, RecipeFile, stage_config
from websailor.cli.output import print_line, show_counts
from websailor.cli.records import pick, record_file
from websailor.files import read_jsonl
from websailor.records import Trajectory
from websailor.trajectories import Config, run

Flags = Annotated[Config, Parameter(name="*"), AsGiven()]
NO_FLAGS = Config.model_construct()


def collect_(questions: Path, /, *, wiki: Path, out: Path, recipe: RecipeFile = None, flags: Flags = NO_FLAGS) -> None:
    """Let the expert work the questions with the tools, and keep what is right.

    Parameters
    ----------
    questions
        A questions directory.
    wiki
        A wiki directory.
    out
        The directory to make.
    """
    manifest = run(stage_config(Config, flags, recipe, "trajectories"), {"wiki": wiki, "questions": questions}, out)
    show_counts(str(out), manifest.counts)


def show_(file: Path, id: str | None = None, /, *, count: int = 1) -> None:
    """Print episodes step by step.

    Parameters
    ----------
    file
        A directory with trajectories (also of an evaluation) or its records.jsonl.
    id
        One trajectory; default: the first ones.
    count
        How many.
    """
    for trajectory in pick(read_jsonl(record_file(file), Trajectory), id, count, file):
        verdict = "" if trajectory.score is None else " · right" if trajectory.score.value >= 0.5 else " · wrong"
        print_line(f"{trajectory.id} · {trajectory.model}{verdict} · {trajectory.stop.value.replace('_', ' ')}")
        for message in trajectory.messages:
            print_line(f"[{message.role}]")
            print_line(message.content)
        print_line("")
