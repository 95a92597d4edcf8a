"""`websailor graph build`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from websailor.cli.flags import AsGiven, RecipeFile, settings_command, stage_config, web_inputs
from websailor.cli.output import show_counts, stdout
from websailor.graph import Config, run, summary

Flags = Annotated[Config, Parameter(name="*"), AsGiven()]
NO_FLAGS = Config.model_construct()


@settings_command("build")
def build_(*, out: Path, wiki: Path | None = None, recipe: RecipeFile = None, flags: Flags = NO_FLAGS) -> None:
    """Grow the knowledge graph of a wiki, or of the live web; prints what densification did.

    Parameters
    ----------
    out
        The graph directory to make.
    wiki
        A wiki directory; none where --web is live.
    """
    config = stage_config(Config, flags, recipe, "graph")
    manifest = run(config, web_inputs(config.web, wiki), out)
    made = ("records", "rejects", "entities", "searches_failed")
    show_counts(str(out), {name: manifest.counts[name] for name in made if name in manifest.counts})
    stdout.print(summary(out))
