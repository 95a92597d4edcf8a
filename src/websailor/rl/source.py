"""Where the questions of a batch come from: the seam between training and whatever decides what to train on.

Enters: the number of a batch, and later how the policy did. Leaves: questions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from websailor.records import Question


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What a group of rollouts showed about its question."""

    question_id: str
    step: int
    rewards: tuple[float, ...]
    right: tuple[bool, ...]
    truncated: tuple[bool, ...]


class QuestionSource(Protocol):
    """Gives the next questions and hears how the policy did. Only the first process asks it."""

    def batch(self, draw: int, count: int) -> Sequence[Question]:
        """`count` questions for the `draw`-th batch (from 0; a resumed run goes on with the number it stopped at)."""
        ...

    def learn(self, results: Sequence[GroupResult]) -> None:
        """The results of a step: of every group that was rolled out, those left out of the loss included."""
        ...

    def state(self) -> Mapping[str, Any]:
        """What it has learnt, as a small JSON object; saved with the state of training."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave when the run was last saved."""
        ...


class UniformSource:
    """Every question once, in random order, then again in another order."""

    def __init__(self, questions: Sequence[Question], seed: int) -> None:
        assert questions, "no questions"
        self._questions = list(questions)
        self._seed = seed

    def batch(self, draw: int, count: int) -> Sequence[Question]:
        return [self._question(draw * count + index) for index in range(count)]

    def learn(self, results: Sequence[GroupResult]) -> None:
        """Uniform is uniform, whatever the results."""

    def state(self) -> Mapping[str, Any]:
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        assert not state, "uniform has learnt nothing"

    def _question(self, number: int) -> Question:
        epoch, position = divmod(number, len(self._questions))
        order = np.random.default_rng([self._seed, epoch]).permutation(len(self._questions))
        return self._questions[int(order[position])]
