"""`websailor graph build`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from websailor.cli.flags import AsGiven, RecipeFile, settings_command, stage_config
from websailor.cli.output import show_counts, stdout
from websailor.graph import Config, run, summary

Flags = Annotated[Config, Parameter(name="*"), AsGiven()]
NO_FLAGS = Config.model_construct()


@settings_command("build")
def build_(*, wiki: Path, out: Path, recipe: RecipeFile = None, flags: Flags = NO_FLAGS) -> None:
    """Grow the knowledge graph of a wiki; prints what densification did.

    Parameters
    ----------
    wiki
        A wiki directory.
    out
        The graph directory to make.
    """
    manifest = run(stage_config(Config, flags, recipe, "graph"), {"wiki": wiki}, out)
    made = ("records", "rejects", "entities", "searches_failed")
    show_counts(str(out), {name: manifest.counts[name] for name in made if name in manifest.counts})
    stdout.print(summary(out))
