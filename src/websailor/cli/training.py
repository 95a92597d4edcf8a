"""`websailor sft` and `websailor rl`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from websailor import rl, sft
from websailor.cli.flags import AsGiven, RecipeFile, settings_command, stage_config
from websailor.cli.output import show_counts

SftFlags = Annotated[sft.Config, Parameter(name="*"), AsGiven()]
RlFlags = Annotated[rl.Config, Parameter(name="*"), AsGiven()]
NO_SFT_FLAGS = sft.Config.model_construct()
NO_RL_FLAGS = rl.Config.model_construct()


@settings_command("sft")
def sft_(
    trajectories: Path, /, *, wiki: Path, out: Path, recipe: RecipeFile = None, flags: SftFlags = NO_SFT_FLAGS
) -> None:
    """Cold start: train a checkpoint on trajectories, with the loss on the agent's own tokens only.

    Parameters
    ----------
    trajectories
        A trajectories directory.
    wiki
        A wiki directory.
    out
        The directory to make; the weights are in its checkpoint/.
    """
    config = stage_config(sft.Config, flags, recipe, "sft")
    manifest = sft.run(config, {"wiki": wiki, "trajectories": trajectories}, out)
    show_counts(str(out), manifest.counts)


@settings_command("rl")
def rl_(
    questions: Path,
    /,
    *,
    wiki: Path,
    checkpoint: Path,
    out: Path,
    recipe: RecipeFile = None,
    flags: RlFlags = NO_RL_FLAGS,
) -> None:
    """Reinforcement learning: rollouts in the simulated web, reward, leave-one-out advantage, token-level loss.

    Parameters
    ----------
    questions
        A questions directory.
    wiki
        A wiki directory.
    checkpoint
        The checkpoint folder to start from (of `sft`: its checkpoint/).
    out
        The directory to make; the weights are in its checkpoint/.
    """
    config = stage_config(rl.Config, flags, recipe, "rl")
    manifest = rl.run(config, {"wiki": wiki, "questions": questions, "checkpoint": checkpoint}, out)
    show_counts(str(out), manifest.counts)
