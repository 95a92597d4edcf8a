"""Messages, tool calls and episodes of an agent."""

from enum import StrEnum
from typing import Literal

from websailor.records.base import Record


class ToolCall(Record):
    """A call as the model emitted it; malformed ones survive."""

    id: str
    name: str
    arguments: str
    """Raw JSON text."""


class Message(Record):
    """One chat message."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


class Observation(Record):
    """What a tool gave back."""

    content: str
    status: Literal["ok", "error", "degraded"] = "ok"
    provider: str = ""
    cached: bool = False
    seconds: float = 0.0


class Step(Record):
    """One turn: thought, call, observation."""

    thought: str
    call: ToolCall | None
    """None in the last step (the answer) and after a turn that had no usable call."""
    observation: Observation | None


class StopReason(StrEnum):
    """Why an episode ended."""

    ANSWER = "answer"
    TURN_LIMIT = "turn_limit"
    CONTEXT_LIMIT = "context_limit"
    TIME_LIMIT = "time_limit"
    FORMAT_ERROR = "format_error"
    TOOL_FAILURE = "tool_failure"
    INTERRUPTED = "interrupted"
    """A person stopped it, or something outside that broke down."""


class Usage(Record):
    """What an episode cost."""

    prompt_tokens: int = 0
    """Of the last prompt: how long the conversation became."""
    completion_tokens: int = 0
    """Of all turns together."""
    sent_tokens: int = 0
    """Of the prompts of all turns together, as an endpoint charges them."""
    cached_tokens: int = 0
    """Part of `sent_tokens` that the endpoint took from its cache."""
    cost: float | None = None
    """Money for all turns, 0 for a model that runs here; None: not known, because the model has no price or a turn came
    without its tokens."""
    currency: str | None = None
    """Of `cost`, where there is a price."""
    turns: int = 0
    tool_calls: int = 0
    format_errors: int = 0
    """Turns without a usable call or answer."""


class Score(Record):
    """A verdict."""

    value: float
    """1 right, 0 wrong."""
    reason: str
    judge: str
    """Which scorer: `exact`, or the judge model's name."""


class Citation(Record):
    """One claim of an answer, and the sentence that supports it."""

    claim: str
    quote: str
    """The sentence, as cited."""
    url: str
    """Address of the page; empty where the sentence was seen in an observation alone."""
    seen_in: str | None = None
    """Id of the call whose observation showed it."""
    found: bool | None = None
    """Whether the page holds the quote; None: not checked, or the page could not be loaded."""


class Trajectory(Record):
    """One episode of an agent on one question."""

    id: str
    question_id: str
    model: str
    seed: int
    messages: tuple[Message, ...]
    steps: tuple[Step, ...]
    answer: str | None
    stop: StopReason
    error: str | None = None
    usage: Usage = Usage()
    score: Score | None = None
    citations: tuple[Citation, ...] = ()
    """What the answer rests on, where the model or `ask` says so."""
    habit: str | None = None
    """The expert's habit (`careful`, `hasty`); None for a model's own episode."""
