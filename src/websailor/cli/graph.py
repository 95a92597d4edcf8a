"""`websailor graph build`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from websailor.cli.flags import AsGiven, RecipeFile, stage_config
from websailor.cli.output import show_counts
from websailor.graph import Config, run

Flags = Annotated[Config, Parameter(name="*"), AsGiven()]
NO_FLAGS = Config.model_construct()


def build_(*, wiki: Path, out: Path, recipe: RecipeFile = None, flags: Flags = NO_FLAGS) -> None:
    """Grow the knowledge graph of a wiki; prints its density, clustering and cycle rank.

    Parameters
    ----------
    wiki
        A wiki directory.
    out
        The graph directory to make.
    """
    manifest = run(stage_config(Config, flags, recipe, "graph"), {"wiki": wiki}, out)
    show_counts(str(out), manifest.counts)
