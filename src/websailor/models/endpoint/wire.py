"""What an endpoint sends, read with care: whole replies and the pieces of a stream.

Enters: decoded JSON. Leaves: a `RawTurn`. Fields that servers spell differently are brought together here
(`reasoning_content`, `reasoning`; arguments as text or as an object; content as text or in parts), and what is of the
wrong form raises `Unreadable`: a reply that cannot be read is a fault of the endpoint, not of the agent.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from websailor.models.endpoint.prices import Metered


class Unreadable(Exception):
    """A reply is not of the form that it should have."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, allow_inf_nan=False)


class _Function(_Wire):
    name: str | None = None
    arguments: Any = None


class _Call(_Wire):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Said(_Wire):
    content: str | list[Any] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _TokenLogprob(_Wire):
    token: str | None = None
    logprob: float


class _Logprobs(_Wire):
    content: list[_TokenLogprob] | None = None


class _Choice(_Wire):
    index: int | None = None
    message: _Said | None = None
    delta: _Said | None = None
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None
    token_ids: list[int] | None = None


class _PromptDetails(_Wire):
    cached_tokens: int | None = None


class _CompletionDetails(_Wire):
    reasoning_tokens: int | None = None


class _Usage(_Wire):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    prompt_cache_hit_tokens: int | None = None


class _Body(_Wire):
    choices: list[_Choice] | None = None
    usage: _Usage | None = None


@dataclass
class RawCall:
    """A tool call as it came, still growing in a stream."""

    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass
class RawTurn:
    """A turn as it came."""

    content: str = ""
    reasoning: str | None = None
    reasoning_field: str | None = None
    """In which field thoughts came."""
    calls: list[RawCall] = field(default_factory=list)
    finish_reason: str | None = None
    usage: Metered | None = None
    logprobs: list[float] | None = None
    token_ids: list[int] | None = None

    def has_choice(self) -> bool:
        """True when anything of a choice came."""
        return self.finish_reason is not None or bool(self.content or self.reasoning or self.calls)


@dataclass(frozen=True)
class Piece:
    """What one event of a stream added."""

    thought: str = ""
    text: str = ""
    calls: tuple[tuple[int, str, str], ...] = ()
    """(number of the call, what was added to its name, to its arguments)."""


def whole_characters(text: str) -> str:
    """Halves of a character, as JSON's `\\ud83d` can bring them, put together where both are there and replaced where
    they are not: nothing else can be written as UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def whole(turn: RawTurn) -> Piece:
    """A turn that came at once, as the one piece of a stream."""
    calls = tuple((number, call.name, call.arguments) for number, call in enumerate(turn.calls))
    return Piece(thought=turn.reasoning or "", text=turn.content, calls=calls)


def read_completion(body: object) -> RawTurn:
    """Read a whole reply. Raises `Unreadable` when it holds no choice or is not of the form."""
    turn = RawTurn()
    parsed = _parse(body)
    choice = _first(parsed.choices)
    if choice is None or choice.message is None:
        raise Unreadable("a reply without a choice")
    _take(turn, choice, choice.message)
    _take_usage(turn, parsed.usage)
    turn.finish_reason = turn.finish_reason or "stop"
    return turn


def add_chunk(turn: RawTurn, body: object) -> Piece:
    """Add one event of a stream to `turn`. Raises `Unreadable` when it is not of the form."""
    parsed = _parse(body)
    _take_usage(turn, parsed.usage)
    choice = _first(parsed.choices)
    return Piece() if choice is None else _take(turn, choice, choice.delta or choice.message or _Said())


def _parse(body: object) -> _Body:
    if not isinstance(body, dict):
        raise Unreadable("a reply that is not a JSON object")
    try:
        return _Body.model_validate(body)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise Unreadable(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None


def _first(choices: Iterable[_Choice] | None) -> _Choice | None:
    """The choice with index 0; servers that number nothing send one."""
    return next((choice for choice in choices or () if not choice.index), None)


def _take(turn: RawTurn, choice: _Choice, said: _Said) -> Piece:
    text = _text(said.content) or (said.refusal or "")
    thought = said.reasoning_content if said.reasoning_content is not None else said.reasoning
    turn.content += text
    if thought is not None:
        turn.reasoning = (turn.reasoning or "") + thought
        turn.reasoning_field = "reasoning_content" if said.reasoning_content is not None else "reasoning"
    added = tuple(_take_call(turn.calls, call) for call in said.tool_calls or ())
    turn.finish_reason = choice.finish_reason or turn.finish_reason
    if turn.finish_reason == "error":
        raise Unreadable("the endpoint ended the turn with an error of its own")
    if choice.logprobs is not None and choice.logprobs.content:
        turn.logprobs = [*(turn.logprobs or ()), *(token.logprob for token in choice.logprobs.content)]
    if choice.token_ids:
        turn.token_ids = [*(turn.token_ids or ()), *choice.token_ids]
    return Piece(thought=thought or "", text=text, calls=added)


def _take_call(calls: list[RawCall], piece: _Call) -> tuple[int, str, str]:
    """Add a whole call or a fragment of one; fragments belong together by index, or by coming after one another."""
    known = {call.id: number for number, call in enumerate(calls) if call.id}
    if piece.id and piece.id in known:
        number = known[piece.id]
    elif piece.id and (piece.index is None or (piece.index < len(calls) and calls[piece.index].id)):
        number = len(calls)  # a new call under an old index: some servers number every call 0
    elif piece.index is not None:
        number = min(piece.index, len(calls))
    else:
        number = len(calls) - 1 if calls and not (piece.function and piece.function.name) else len(calls)
    if number == len(calls):
        calls.append(RawCall())
    call = calls[number]
    call.id = call.id or (piece.id or "")
    function = piece.function or _Function()
    name = "" if function.name is None or function.name == call.name else function.name
    call.name += name
    given = function.arguments
    arguments = given if isinstance(given, str) else "" if given is None else json.dumps(given, ensure_ascii=False)
    call.arguments += arguments
    return number, name, arguments


def _text(content: str | list[Any] | None) -> str:
    if isinstance(content, list):
        parts = (part.get("text") if isinstance(part, dict) else part for part in content)
        return "".join(part for part in parts if isinstance(part, str))
    return content or ""


def _take_usage(turn: RawTurn, usage: _Usage | None) -> None:
    if usage is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        return
    prompt, completion = usage.prompt_tokens, usage.completion_tokens
    if prompt < 0 or completion < 0:
        raise Unreadable("a negative number of tokens")
    details, output = usage.prompt_tokens_details, usage.completion_tokens_details
    cached = (details.cached_tokens if details else None) or usage.prompt_cache_hit_tokens or 0
    turn.usage = Metered(
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=min(max(cached, 0), prompt),
        reasoning_tokens=(output.reasoning_tokens if output else None) or 0,
    )
