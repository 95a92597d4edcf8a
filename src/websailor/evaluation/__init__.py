"""Stage: how good a policy is on questions with known answers.

Reads: `questions` (a stage directory or a JSONL file), `wiki` unless the web is live, and whatever else identifies the
policy (`checkpoint`). Writes: `records.jsonl` (one scored `Trajectory` per question and run, id `<question id>/<run>`),
`summary.json` (pass@1, pass@k, intervals, the same by level, operator and number of calls, stop reasons, what endpoints
cost), `manifest.json` with the main numbers, `spending.jsonl` with what endpoints were asked for, episode by episode.

An episode that came to nothing because something outside broke down (the endpoint, the judge, a tool) is not scored: it
goes to `rejects.jsonl` with the reason `endpoint`, `judge` or `tool`, the summary counts it as `broken`, and every
number is one over the episodes that came through. Where nothing comes through any more, the run stops with one line,
and the same command goes on.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from websailor.agent.config import AgentConfig
from websailor.models.base import Policy, Sampling
from websailor.models.endpoint.config import EndpointSettings
from websailor.records import Manifest
from websailor.scoring.judge import JudgeConfig
from websailor.tools.environment import EnvironmentConfig

if TYPE_CHECKING:
    from websailor.scoring import Scorer

__all__ = ["Config", "run"]


class Config(EnvironmentConfig):
    """What is asked, how often, and within which limits."""

    split: Literal["held_out", "train", "all"] = "held_out"
    """Which questions: those that share no page with training, those of training, or all."""
    count: int | None = Field(default=None, ge=1, le=10**9)
    """Ask this many, drawn by the seed; None asks all."""
    runs: int = Field(default=3, ge=1, le=10_000)
    """Episodes per question."""
    pass_at: tuple[Annotated[int, Field(ge=1, le=10_000)], ...] = Field(default=(1, 3), min_length=1)
    """Values of k for pass@k; those above `runs` are left out."""
    concurrency: int = Field(default=64, ge=1, le=10_000)
    """Episodes in flight in a process."""
    workers: int = Field(default=1, ge=1, le=1024)
    """Processes; more than one needs a policy that can be opened in each (a factory)."""
    resamples: int = Field(default=2000, ge=100, le=1_000_000)
    """Bootstrap resamples behind every interval."""
    breakdowns: int = Field(default=20, ge=1, le=100_000)
    """Episodes in a row that come to nothing because something outside broke down, after which the run stops."""
    scorer: str = "exact"
    """Who says what is right: `exact` (the answer or an alias of it), or a judge, `openai:MODEL@URL`."""
    judge: JudgeConfig = JudgeConfig()
    """How the judge is asked."""
    endpoint: EndpointSettings = EndpointSettings()
    """How to speak to the policy's endpoint, if it is one."""
    agent: AgentConfig = AgentConfig()
    sampling: Sampling = Sampling()


def run(
    config: Config,
    inputs: Mapping[str, Path],
    out: Path,
    policy: Policy | Callable[[], Policy],
    scorer: "Scorer | None" = None,
) -> Manifest:
    """Evaluate `policy`; a finished directory is left as it is, an interrupted one asks what is still missing.

    `policy` is an open policy, or a picklable function that opens one (`functools.partial(LocalPolicy, folder)`): then
    every worker process opens its own and closes it. `scorer` is the config's unless given; it must be picklable for
    several workers. Raises `UserError` when no question fits, when the directory holds episodes of another policy, or
    when episodes come to nothing one after the other.
    """
    from websailor.evaluation.stage import evaluate

    return evaluate(config, inputs, out, policy, scorer)
