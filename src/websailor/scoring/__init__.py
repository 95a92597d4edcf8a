"""Verdicts on an episode: a `Scorer` takes a question and a trajectory and gives a `Score`."""

from typing import Protocol

from websailor.records import Question, Score, Trajectory
from websailor.scoring.exact import ExactMatch, matches, normalise

__all__ = ["ExactMatch", "Scorer", "matches", "normalise"]


class Scorer(Protocol):
    """Judges one episode. A judge that cannot judge raises; it never scores 0 for its own failure."""

    async def __call__(self, question: Question, trajectory: Trajectory) -> Score: ...
