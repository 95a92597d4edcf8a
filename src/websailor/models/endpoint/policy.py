"""An endpoint behind the `ChatModel` and `Policy` seams.

Enters: a conversation. Leaves: a `Reply`. What differs between endpoints ends here: every message that leaves is one
that `models.protocol` can read and render again, whatever the endpoint made of tags, thoughts and calls.
"""

import asyncio
import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from websailor.models.base import Reply, Sampling
from websailor.models.endpoint.config import EndpointConfig, read_key
from websailor.models.endpoint.conversation import native_messages, text_messages
from websailor.models.endpoint.faults import EndpointError, Quoting, TooLong
from websailor.models.endpoint.line import Line
from websailor.models.endpoint.prices import Ledger, Spending, load_prices
from websailor.models.endpoint.streaming import Listener, Telling
from websailor.models.endpoint.wire import RawCall, RawTurn
from websailor.models.fences import fenced
from websailor.models.protocol import cut_at_stop, has_tag, render_turn
from websailor.records import Message, Question, ToolCall, Usage

_log = logging.getLogger(__name__)

CUT_OFF = ("length", "max_tokens", "model_length", "model_context_window_exceeded")
"""Finish reasons of a turn that the limit ended."""

SHORTEST_TURN = 256
"""A turn with room for fewer tokens is not worth asking for: the conversation is full."""

CHARACTERS_PER_TOKEN = 3
"""For endpoints that report no usage: dear enough that a conversation is not thought shorter than it is."""


class EndpointPolicy:
    """A model behind an endpoint as a policy; all its conversations share the connections and the limits.

    Raises `UserError` when the key or the table of prices is missing.
    """

    def __init__(
        self,
        config: EndpointConfig,
        name: str | None = None,
        listener: Listener | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.name = name or config.model
        self.config = config
        self.quoting = Quoting(key := read_key(config, environment))
        self.ledger = Ledger(config.model, None if config.prices is None else load_prices(config.prices))
        self._key = key
        self._listener = listener
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, Line] = WeakKeyDictionary()
        self._said_unmetered = False

    def __repr__(self) -> str:
        return f"EndpointPolicy({self.config.model!r} at {self.config.base_url!r})"

    @property
    def spent(self) -> Spending:
        """Tokens and cost of all conversations so far."""
        return self.ledger.spent

    def episode(self, question: Question, seed: int) -> "EndpointModel":
        """A conversation. The endpoint is given a seed; whether it heeds it is its own affair."""
        digest = hashlib.blake2b(f"{seed}/{question.id}".encode(), digest_size=4).digest()
        return EndpointModel(self, int.from_bytes(digest, "big") >> 1, self._listener)

    async def ask(self, body: dict[str, Any], telling: Telling) -> RawTurn:
        """One reply to the body of a request, entered in the ledger."""
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            line = self._lines[loop] = Line(self.config, self._key, self.ledger)
        turn = await line.ask(body, telling)
        self.ledger.book(turn.usage)
        if turn.usage is None and not self._said_unmetered:
            self._said_unmetered = True
            _log.warning("%s reports no usage: lengths are estimated, the cost is not known", self.config.base_url)
        return turn

    def telling(self, listener: Listener | None, stop: Sequence[str]) -> Telling:
        """What turns the pieces of a reply into deltas."""
        return Telling(listener, stop, self._key)

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        line = self._lines.pop(asyncio.get_running_loop(), None)
        if line is not None:
            await line.close()


class EndpointModel:
    """One conversation with an endpoint."""

    def __init__(self, policy: EndpointPolicy, seed: int | None = None, listener: Listener | None = None) -> None:
        self._policy = policy
        self._config = policy.config
        self._seed = seed
        self._listener = listener
        self._reasoning_field = "reasoning_content"

    async def reply(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], sampling: Sampling) -> Reply:
        """Take one turn. Raises `ContextExceeded`, or `EndpointError` when there is no reply to be had.

        Where prompt and turn together are too long for the endpoint but the prompt is not, the turn gets what room
        there is.
        """
        body = self._body(messages, tools, sampling)
        room = sampling.max_tokens
        telling = self._policy.telling(self._listener, sampling.stop)
        while True:
            try:
                turn = await self._policy.ask(self._within(body, room), telling)
            except TooLong as fault:
                room = 0 if self._config.max_tokens_field in self._config.omit else _smaller(room, fault)
                if room < SHORTEST_TURN:
                    raise fault.for_agent(_estimate(body)) from None
            else:
                return self._reply(turn, body, sampling)

    def _body(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], sampling: Sampling) -> dict[str, Any]:
        config = self._config
        body: dict[str, Any] = {
            "model": config.model,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
        }
        if config.protocol == "text":
            body["messages"] = text_messages(messages)
        else:
            field = self._reasoning_field if config.resend_reasoning else None
            body["messages"] = native_messages(messages, field)
            if tools:
                body["tools"] = list(tools)
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if self._seed is not None:
            body["seed"] = self._seed
        if config.logprobs:
            body["logprobs"] = True
        if config.stream or self._listener is not None:
            body["stream"] = True
            body["stream_options"] = {"include_usage": True}
        body |= config.extra_body
        return {name: value for name, value in body.items() if name not in config.omit}

    def _within(self, body: dict[str, Any], room: int) -> dict[str, Any]:
        limit = self._config.max_tokens_field
        return body if limit in self._config.omit else {**body, limit: room}

    def _reply(self, turn: RawTurn, body: dict[str, Any], sampling: Sampling) -> Reply:
        if turn.finish_reason == "content_filter" and not turn.content and not turn.calls:
            raise EndpointError(
                f"{self._config.base_url} ({self._config.model}): its content filter ended the turn: "
                "leave this question out, or ask another model"
            )
        self._reasoning_field = turn.reasoning_field or self._reasoning_field
        message = self._message(turn, sampling)
        usage, price = turn.usage, self._policy.ledger
        aligned = turn.token_ids is not None and turn.logprobs is not None
        aligned = aligned and len(turn.token_ids or ()) == len(turn.logprobs or ())
        return Reply(
            message=message,
            usage=Usage(
                prompt_tokens=_estimate(body) if usage is None else usage.prompt_tokens,
                completion_tokens=_tokens(render_turn(message)) if usage is None else usage.completion_tokens,
                cached_tokens=0 if usage is None else usage.cached_tokens,
                cost=price.cost(usage),
                currency=price.currency,
                turns=1,
            ),
            token_ids=turn.token_ids if aligned else None,
            logprobs=turn.logprobs,
            truncated=turn.finish_reason in CUT_OFF,
        )

    def _message(self, turn: RawTurn, sampling: Sampling) -> Message:
        """The turn as a record. No thought in a field of its own holds a protocol tag."""
        hide = self._policy.quoting.hide
        content = hide(cut_at_stop(turn.content, sampling.stop))
        reasoning = None if turn.reasoning is None else fenced(hide(turn.reasoning)).strip()
        calls = _calls(turn.calls, hide)
        if self._config.protocol == "text":
            if calls:  # the server took the calls out of the text: they go back where the protocol has them
                thought = fenced(_thought(content)) if reasoning is None else reasoning
                written = Message(role="assistant", content="", reasoning=thought, tool_calls=calls)
                return Message(role="assistant", content=render_turn(written))
            return Message(role="assistant", content=_folded(reasoning, content))
        if reasoning is None and "</think>" in content:  # a server that leaves the thought in the text
            thought, _, content = content.partition("</think>")
            reasoning, content = fenced(_thought(thought)), content.strip()
        if calls:
            return Message(role="assistant", content=content, reasoning=reasoning, tool_calls=calls)
        if has_tag(content):
            return Message(role="assistant", content=_folded(reasoning, content))
        return Message(role="assistant", content=content, reasoning=reasoning or "")


def _thought(text: str) -> str:
    return text.replace("<think>", "").replace("</think>", "").strip()


def _folded(reasoning: str | None, content: str) -> str:
    """A turn of the text protocol; content that holds its thought already is left alone."""
    if not reasoning or "</think>" in content:
        return content
    return f"<think>\n{reasoning}\n</think>\n{content.strip()}"


def _calls(raw: Sequence[RawCall], hide: Any) -> tuple[ToolCall, ...]:
    """The calls as they came, each with an id of its own."""
    calls: list[ToolCall] = []
    taken: set[str] = set()
    for number, call in enumerate(raw):
        one = call.id if call.id and call.id not in taken else f"call_{number}"
        while one in taken:
            one += "_"
        taken.add(one)
        calls.append(ToolCall(id=hide(one), name=hide(call.name), arguments=hide(call.arguments)))
    return tuple(calls)


def _smaller(room: int, fault: TooLong) -> int:
    """Room for a turn after `room` was too much. Endpoints that name a lower bound of the prompt only are approached in
    quarters."""
    if fault.limit is None or fault.prompt_tokens is None or fault.prompt_tokens >= fault.limit:
        return 0
    return min(fault.limit - fault.prompt_tokens, room // 4 if fault.limit - fault.prompt_tokens >= room - 1 else room)


def _estimate(body: dict[str, Any]) -> int:
    return _tokens(json.dumps([body["messages"], body.get("tools", [])], ensure_ascii=False))


def _tokens(text: str) -> int:
    """Tokens of a text, when nobody counts them."""
    return -(-len(text.encode()) // CHARACTERS_PER_TOKEN)
