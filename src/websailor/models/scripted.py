"""A model that says what it was told to say: the fake of `ChatModel`, for tests, demonstrations and replays.

Enters: the replies in order. Leaves: each as a `Reply`, with token counts estimated as words. It can have a context of
its own.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from websailor.models.base import ChatModel, ContextExceeded, Reply, Sampling
from websailor.models.protocol import cut_at_stop, render_turn
from websailor.models.tokens import prompt_text, turn_text
from websailor.records import Message, Question, Usage

_WORD = re.compile(r"\w+|[^\w\s]")


def count_words(text: str) -> int:
    """Words and punctuation marks: the scripted model's idea of tokens."""
    return len(_WORD.findall(text))


class ScriptedModel:
    """Gives `replies` one after the other (text, or a whole assistant `Message`); asking for one more raises
    `IndexError`."""

    def __init__(self, replies: Sequence[str | Message], context: int | None = None) -> None:
        self._replies = list(replies)
        self._context = context
        self._next = 0
        self.seen: list[tuple[Message, ...]] = []
        """The conversation as it stood at each reply."""

    async def reply(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], sampling: Sampling) -> Reply:  # noqa: ARG002
        prompt_tokens = count_words(prompt_text(messages))
        if self._context is not None and prompt_tokens > self._context:
            raise ContextExceeded(prompt_tokens, self._context)
        self.seen.append(tuple(messages))
        said = self._replies[self._next]
        self._next += 1
        message = (
            said if isinstance(said, Message) else Message(role="assistant", content=cut_at_stop(said, sampling.stop))
        )
        truncated = count_words(render_turn(message)) > sampling.max_tokens
        if truncated:
            cut = list(_WORD.finditer(render_turn(message)))[sampling.max_tokens].start()
            message = Message(role="assistant", content=render_turn(message)[:cut])
        tokens = count_words(turn_text(message))
        return Reply(
            message=message,
            usage=Usage(prompt_tokens=prompt_tokens, completion_tokens=tokens, cost=0.0, turns=1),
            truncated=truncated,
        )


class ScriptedPolicy:
    """A policy whose every episode is scripted: `script(question, seed)` gives the replies."""

    def __init__(self, script: Callable[[Question, int], Sequence[str | Message]], name: str = "scripted") -> None:
        self.name = name
        self._script = script

    def episode(self, question: Question, seed: int) -> ChatModel:
        return ScriptedModel(self._script(question, seed))
