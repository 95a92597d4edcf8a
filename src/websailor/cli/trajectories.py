"""`websailor trajectories collect | show`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from websailor.cli.flags import AsGiven, RecipeFile, settings_command, stage_config, web_inputs
from websailor.cli.output import print_line, show_counts, show_spending, usage_in_words
from websailor.cli.records import pick, record_file
from websailor.files import read_jsonl
from websailor.models.protocol import render_turn
from websailor.records import Message, Trajectory
from websailor.trajectories import Config, run

Flags = Annotated[Config, Parameter(name="*"), AsGiven()]
NO_FLAGS = Config.model_construct()


@settings_command("collect")
def collect_(
    questions: Path,
    /,
    *,
    wiki: Path | None = None,
    out: Path,
    recipe: RecipeFile = None,
    flags: Flags = NO_FLAGS,
) -> None:
    """Let the expert work the questions with the tools, and keep what is right.

    The expert is the embedded one, or any endpoint: --expert openai:MODEL@URL --tries 4. A judge decides with --scorer
    openai:MODEL@URL, and --rewrite openai:MODEL@URL has the thoughts written anew, short and from what is known so far.

    Parameters
    ----------
    questions
        A questions directory.
    wiki
        A wiki directory; with --web live there is none.
    out
        The directory to make.
    """
    config = stage_config(Config, flags, recipe, "trajectories")
    manifest = run(config, web_inputs(config.web, wiki) | {"questions": questions}, out)
    show_counts(str(out), manifest.counts)
    show_spending(out)


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
        ending = trajectory.stop.value.replace("_", " ")
        print_line(f"{trajectory.id} · {trajectory.model}{verdict} · {ending} · {usage_in_words(trajectory.usage)}")
        for message in trajectory.messages:
            print_line(f"[{message.role}]")
            print_line(turn_as_text(message))
        print_line("")


def turn_as_text(message: Message) -> str:
    """What a message says; a turn with native calls in the text protocol."""
    if message.role != "assistant":
        return message.content
    try:
        return render_turn(message)
    except ValueError:  # an answer with tags in it
        return message.content
