"""How full the conversation is, from what the model reports after every turn.

Enters: `Usage` of each reply. Leaves: whether an observation still fits. No tokenizer is needed: the tokens a character
costs are learned from this very conversation, the dearest rate seen so far counts, and a model that knows better raises
`ContextExceeded`.
"""

from collections.abc import Sequence

from websailor.models.tokens import observation_text, prompt_text
from websailor.records import Message, Usage


class ContextBudget:
    """Keeps room for one more turn and for the last answer."""

    def __init__(self, limit: int, turn: int, last_chance: str) -> None:
        self._limit = limit
        self._turn = turn
        self._last_chance = Message(role="user", content=last_chance)
        self._rate = 0.0
        self._used = 0
        self.prompt_tokens = 0
        """Tokens of the last prompt."""

    def account(self, messages: Sequence[Message], usage: Usage) -> None:
        """Learn from a reply to `messages`."""
        characters = (
            len(prompt_text(messages)) if not self._used else len(observation_text(*_after_last_turn(messages)))
        )
        tokens = usage.prompt_tokens - self._used
        if tokens > 0:
            self._rate = max(self._rate, tokens / characters)
        self.prompt_tokens = usage.prompt_tokens
        self._used = usage.prompt_tokens + usage.completion_tokens

    def estimate(self, observation: Sequence[Message]) -> int:
        """Tokens that `observation` will cost."""
        return round(self._rate * len(observation_text(*observation)))

    def fits(self, observation: Sequence[Message]) -> bool:
        """True if after `observation` a whole turn, the request for the answer and the answer still fit."""
        reserve = 2 * self._turn + self.estimate([self._last_chance])
        return self._used + self.estimate(observation) + reserve <= self._limit


def _after_last_turn(messages: Sequence[Message]) -> list[Message]:
    last = max((index for index, message in enumerate(messages) if message.role == "assistant"), default=-1)
    return list(messages[last + 1 :])
