"""The seam between the agent and whatever speaks for it.

Enters: a conversation (`Message` list), the tools as OpenAI-style function schemas, sampling settings. Leaves: one
`Reply`. The loop only ever appends to a conversation and hands over the whole list, so a backend may keep token-level
state per conversation.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from pydantic import ConfigDict, Field

from websailor.records import Message, Question, Record, Usage

STOP_STRINGS = ("<tool_response>",)
"""Generation ends here: only the environment writes tool responses."""


class Sampling(Record):
    """How to sample one turn."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    temperature: float = Field(default=1.0, ge=0, le=100, allow_inf_nan=False)
    """0 is greedy."""
    top_p: float = Field(default=1.0, gt=0, le=1, allow_inf_nan=False)
    """Share of the probability that is sampled from, the likeliest tokens first; 1 is all."""
    max_tokens: int = Field(default=10_000, ge=1, le=10_000_000)
    """Tokens of one turn at most; a turn cut off there has `Reply.truncated`."""
    stop: tuple[str, ...] = STOP_STRINGS
    """Text that ends a turn; it is cut from the reply."""


class Reply(Record):
    """One turn of a model."""

    message: Message
    """Role `assistant`: the turn's text in `content`, or `reasoning` and `tool_calls` from an endpoint with native
    function calling."""
    usage: Usage = Usage()
    """`prompt_tokens`: the whole conversation before this turn; `completion_tokens` and `cost`: this turn."""
    token_ids: list[int] | None = None
    """The sampled tokens, including the closing `<|im_end|>`, where the backend has them."""
    logprobs: list[float] | None = None
    """Natural log-probability of each token in `token_ids` under the sampling distribution."""
    truncated: bool = False
    """True if `max_tokens` or the model's own context ended the turn."""


class ContextExceeded(Exception):
    """The conversation does not fit the model. Raised before anything is sampled; the conversation's state is as it was
    before the call."""

    def __init__(self, prompt_tokens: int, limit: int) -> None:
        super().__init__(f"conversation of {prompt_tokens} tokens exceeds the model's context of {limit}")
        self.prompt_tokens = prompt_tokens
        self.limit = limit


class ChatModel(Protocol):
    """Anything that can take the next turn. Whoever opened a conversation calls its `close()` at the end, if it has
    one."""

    async def reply(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], sampling: Sampling) -> Reply:
        """Take one turn. Raises `ContextExceeded` when `messages` do not fit."""
        ...


class Policy(Protocol):
    """A source of conversations: an expert, a local checkpoint, an endpoint. It may have a `close()`, too."""

    name: str

    def episode(self, question: Question, seed: int) -> ChatModel:
        """A model for one conversation. The same question and seed give the same conversation where the backend allows
        it."""
        ...
