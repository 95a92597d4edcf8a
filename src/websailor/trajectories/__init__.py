"""Stage: expert trajectories, the data of the cold start.

Reads: a wiki directory and a questions directory (`records.jsonl`). Writes: `records.jsonl` with the correct
trajectories (scored, with the expert's habit), `rejects.jsonl` with the others and the reason (`wrong_answer`,
`no_answer`, `turn_limit`, `too_long`, `repeated_call`, `format`, `leak`, or the episode's other stop reason), and the
manifest's counts: kept, rejected by reason, share of careful ones among the kept, tool calls, the expert's accuracy by
habit.

Hasty episodes that end wrong are refused like all wrong ones, so the kept hasty ones are those where the shortcut
worked: the data mix both habits, and what follows can learn when the careful one is needed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from websailor.agent import AgentConfig
from websailor.files import StageConfig
from websailor.records import Manifest
from websailor.tools.config import ToolsConfig

__all__ = ["Config", "run"]


class Config(StageConfig):
    """What the expert does, and what is kept of it."""

    careful: float = Field(default=0.35, ge=0, le=1)
    """Share of episodes with the careful habit (check every clue); the others are hasty (take the first candidate that
    fits the relation). The share among the kept is higher, because careful ones are right more often."""
    tries: int = Field(default=1, ge=1, le=1000)
    """Draws of a habit per question. The expert is deterministic, so a habit that a question has had already is not run
    again."""
    attempts: int = Field(default=2, ge=1, le=3)
    """Ways of looking for the candidates of one step: a search, a search in other words, the known one's page."""
    split: Literal["train", "held_out", "all"] = "train"
    """Which questions are worked on."""
    limit: int | None = Field(default=None, ge=1, le=10**9)
    """At most this many questions, from the first on; None takes all."""
    words: int | None = Field(default=None, ge=50, le=10**9)
    """Longest trajectory that is kept, in words and punctuation marks of all messages; a longer one is refused as
    `too_long`."""
    store_rejected: bool = False
    """Keep the messages of refused trajectories in `rejects.jsonl` too, not only the answer and the reason."""
    concurrency: int = Field(default=32, ge=1, le=10_000)
    """Episodes in flight at once; matters where tools wait for a network."""
    tools: ToolsConfig = ToolsConfig()
    """The simulated web's tools."""
    agent: AgentConfig = AgentConfig()
    """The agent loop: system prompt and limits."""


def run(config: Config, inputs: Mapping[str, Path], out: Path) -> Manifest:
    """Work every question and keep what is right. `inputs`: `wiki`, `questions`. A finished directory returns its
    manifest at once.

    Raises `UserError` when the questions are missing or none is in the split.
    """
    from websailor.trajectories.collect import collect

    return collect(config, inputs, out)
