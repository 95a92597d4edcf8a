"""Verdicts on an episode: a `Scorer` takes a question and a trajectory and gives a `Score`."""

from typing import Protocol

from websailor.errors import UserError
from websailor.records import Question, Score, Trajectory
from websailor.scoring.exact import ExactMatch, matches, normalise
from websailor.scoring.judge import Judge, JudgeConfig, JudgeError

__all__ = ["ExactMatch", "Judge", "JudgeConfig", "JudgeError", "Scorer", "matches", "normalise", "open_scorer"]


class Scorer(Protocol):
    """Judges one episode. A judge that cannot judge raises; it never scores 0 for its own failure."""

    async def __call__(self, question: Question, trajectory: Trajectory) -> Score: ...


def open_scorer(scorer: str, judge: JudgeConfig) -> ExactMatch | Judge:
    """The scorer that a config names: `exact`, or the judge `openai:MODEL@URL`. Raises `UserError`."""
    if scorer == "exact":
        return ExactMatch()
    if not scorer.startswith("openai:"):
        raise UserError(f"scorer = {scorer}: write exact, or a judge as openai:MODEL@URL")
    from websailor.models.endpoint import EndpointPolicy, parse_endpoint

    config = parse_endpoint(scorer, **judge.endpoint)
    return Judge(EndpointPolicy(config), judge.exact_first, judge.max_tokens)
