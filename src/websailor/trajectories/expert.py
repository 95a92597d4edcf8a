"""The embedded expert as a policy: driven by the agent loop like any model.

Enters: a question and a seed; then the conversation. Leaves: turns in the text protocol. The expert reads the
question's formal pattern (what a person gets from reading the prompt), never the pattern's witness, the hidden facts or
the answer.
"""

import random
from collections.abc import Generator, Sequence
from typing import Any, Literal

from websailor.models.base import Reply, Sampling
from websailor.models.protocol import answer_turn, call_turn
from websailor.models.scripted import count_words
from websailor.records import Message, Question, Usage
from websailor.trajectories.desk import Turn
from websailor.trajectories.solver import UNKNOWN, Habit, Solver


class ExpertModel:
    """One conversation of the expert."""

    def __init__(self, solver: Solver, habit: Habit) -> None:
        self.habit: Habit = habit
        self._turns: Generator[Turn, str, None] = solver.run()
        self._started = False
        self._counted = 0
        self._words = 0

    async def reply(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], sampling: Sampling) -> Reply:
        """The next turn. Anything but an observation after the question (a plea for the final answer) gets
        `unknown`."""
        del tools, sampling
        prompt_tokens = self._count(messages)
        if not self._started:
            self._started = True
            turn = next(self._turns)
        elif messages[-1].role == "tool":
            turn = self._turns.send(messages[-1].content)
        else:
            turn = Turn("Not found in time.", answer=UNKNOWN)
        text = render(turn)
        usage = Usage(prompt_tokens=prompt_tokens, completion_tokens=count_words(text), cost=0.0, turns=1)
        return Reply(message=Message(role="assistant", content=text), usage=usage)

    def _count(self, messages: Sequence[Message]) -> int:
        """Words of the conversation so far; conversations only grow, so only what is new is counted."""
        self._words += sum(count_words(message.content) for message in messages[self._counted :])
        self._counted = len(messages)
        return self._words


def render(turn: Turn) -> str:
    """A turn in the text protocol."""
    if turn.name is not None:
        return call_turn(turn.thought, turn.name, turn.arguments)
    assert turn.answer is not None
    return answer_turn(turn.thought, turn.answer)


class ExpertPolicy:
    """Solves questions by their formal pattern, through the tools alone.

    `careful` is the share of episodes with the careful habit (the others are hasty), drawn from the question's id and
    the episode's seed: the same question and seed always give the same habit. `address` is how `visit` takes pages
    (`ToolsConfig.address`), `language` that of the pages.
    """

    name = "expert"

    def __init__(
        self,
        careful: float = 1.0,
        address: Literal["title", "url"] = "title",
        seed: int = 0,
        language: str = "en",
        attempts: int = 2,
    ) -> None:
        self._careful = careful
        self._language = language
        self._attempts = attempts
        self._address: Literal["title", "url"] = address
        self._seed = seed

    def habit(self, question: Question, seed: int) -> Habit:
        """The habit of this question's episode."""
        drawn = random.Random(f"{self._seed}/{question.id}/{seed}").random()
        return "careful" if drawn < self._careful else "hasty"

    def episode(self, question: Question, seed: int) -> ExpertModel:
        """A conversation; it never sees `question.answer` or the pattern's assignment."""
        habit = self.habit(question, seed)
        blind = question.pattern.model_copy(update={"assignment": {}})
        return ExpertModel(Solver(question.prompt, blind, habit, self._address, self._language, self._attempts), habit)
