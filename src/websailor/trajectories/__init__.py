"""Stage: expert trajectories, the data of the cold start.

Reads: a questions directory (`records.jsonl`), and a wiki directory where the web is simulated. Writes:
`records.jsonl` with the right trajectories (scored), `rejects.jsonl` with the others and the reason: `wrong_answer`,
`no_answer`, `turn_limit` or the episode's other stop reason, `format`; what the filters refuse (`FilterConfig` names
each reason with its setting); `thought_leak` and its like where a thought could not be rewritten; `endpoint`, `judge`,
`rewriter` or `tool` where something outside broke down. The manifest counts what was kept and refused, and how often
the expert was right. `metrics.jsonl` has a row for every trajectory whose thoughts were rewritten, `spending.jsonl`
what the endpoints were asked for, episode by episode.

The expert is the embedded one or any endpoint. The embedded one has two habits; hasty episodes that end wrong are
refused like all wrong ones, so the kept hasty ones are those where the shortcut worked: the data mix both habits, and
what follows can learn when the careful one is needed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from websailor.agent import AgentConfig
from websailor.models.base import Sampling
from websailor.models.endpoint.config import EndpointSettings
from websailor.records import Manifest
from websailor.scoring.judge import JudgeConfig
from websailor.tools.environment import EnvironmentConfig
from websailor.trajectories.config import FilterConfig, RewritingConfig

if TYPE_CHECKING:
    from websailor.models.base import Policy
    from websailor.scoring import Scorer

__all__ = ["Config", "run"]


class Config(EnvironmentConfig):
    """What the expert does, and what is kept of it."""

    expert: str = "embedded"
    """Who works the questions: `embedded`, or an endpoint, `openai:MODEL@URL`."""
    careful: float = Field(default=0.35, ge=0, le=1)
    """Embedded: share of episodes with the careful habit (check every clue); the others are hasty (take the first
    candidate that fits the relation). The share among the kept is higher, because careful ones are right more often."""
    tries: int = Field(default=1, ge=1, le=1000)
    """Episodes per question. The embedded expert is deterministic: a habit that a question has had already is not run
    again."""
    most_kept: int | None = Field(default=None, ge=1, le=1000)
    """Trajectories kept per question at most; once there, no further try is made. None keeps all."""
    attempts: int = Field(default=2, ge=1, le=3)
    """Embedded: ways of looking for the candidates of one step: a search, a search in other words, the known one's
    page."""
    split: Literal["train", "held_out", "all"] = "train"
    """Which questions are worked on."""
    limit: int | None = Field(default=None, ge=1, le=10**9)
    """At most this many questions, from the first on; None takes all."""
    filters: FilterConfig = FilterConfig()
    """What is kept of the right ones."""
    scorer: str = "exact"
    """Who says what is right: `exact` (the answer or an alias of it), or a judge, `openai:MODEL@URL`."""
    judge: JudgeConfig = JudgeConfig()
    """How the judge is asked."""
    rewrite: str = ""
    """Who writes the thoughts anew, `openai:MODEL@URL`; empty leaves them as the expert wrote them."""
    rewriting: RewritingConfig = RewritingConfig()
    """How thoughts are rewritten."""
    store_rejected: bool = False
    """Keep the messages of refused trajectories in `rejects.jsonl` too, not only the answer and the reason."""
    concurrency: int = Field(default=32, ge=1, le=10_000)
    """Episodes in flight at once; matters where tools wait for a network."""
    breakdowns: int = Field(default=20, ge=1, le=100_000)
    """Episodes in a row that come to nothing because something outside broke down, after which the run stops."""
    endpoint: EndpointSettings = EndpointSettings()
    """How to speak to the expert's endpoint."""
    sampling: Sampling = Sampling()
    """How an endpoint samples."""
    agent: AgentConfig = AgentConfig()
    """The agent loop: system prompt and limits."""


def run(
    config: Config,
    inputs: Mapping[str, Path],
    out: Path,
    expert: "Policy | None" = None,
    scorer: "Scorer | None" = None,
    rewriter: "Policy | None" = None,
) -> Manifest:
    """Work every question and keep what is right. `inputs`: `questions`, and `wiki` unless the web is live. A finished
    directory returns its manifest at once.

    `expert`, `scorer` and `rewriter` are the config's unless given. Raises `UserError` when the questions are missing
    or none is in the split, or when episodes come to nothing one after the other.
    """
    from websailor.trajectories.collect import collect

    return collect(config, inputs, out, expert, scorer, rewriter)
