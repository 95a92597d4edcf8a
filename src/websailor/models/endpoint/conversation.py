"""A conversation as the endpoint takes it: `messages` of a request.

Enters: `Message` records. Leaves: dictionaries. `text` folds everything into plain turns, a tool's result into a user
message in `<tool_response>`. `native` keeps tool calls and results in fields of their own and repairs what an endpoint
would refuse: a call without a result, a result without a call, arguments that are not JSON. Text of pages can close no
tag and open no message.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from websailor.models.fences import closed, closed_response
from websailor.models.protocol import render_turn
from websailor.records import Message, ToolCall

SEPARATOR = "\n=======\n"
"""Stands between several results in one message, as between the results of one call."""

DROPPED = "The result was dropped: there is no room for it."
"""Stands for the result of a call that the conversation goes on without."""

_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def text_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The conversation in the text protocol; results that follow one another become one message."""
    sent: list[dict[str, Any]] = []
    results: list[str] = []
    for message in messages:
        if message.role == "tool":
            results.append(closed_response(message.content))
            continue
        if results:
            sent.append(_response(results))
            results = []
        sent.append(_turn_text(message) if message.role == "assistant" else _plain(message))
    return [*sent, _response(results)] if results else sent


def native_messages(messages: Sequence[Message], reasoning_field: str | None) -> list[dict[str, Any]]:
    """The conversation with tool calls in fields of their own.

    `reasoning_field` is where earlier thoughts are given back; None leaves them out. Every call has exactly one result
    right behind it: a missing one is said to be dropped, one without a call becomes a user message.
    """
    sent: list[dict[str, Any]] = []
    waiting: dict[str, None] = {}
    for message in messages:
        if message.role == "tool" and message.tool_call_id in waiting:
            del waiting[message.tool_call_id]
            sent.append(
                {"role": "tool", "tool_call_id": message.tool_call_id, "content": closed_response(message.content)}
            )
            continue
        sent += [{"role": "tool", "tool_call_id": one, "content": DROPPED} for one in waiting]
        waiting = {}
        if message.role == "tool":
            sent.append(_response([closed_response(message.content)]))
        elif message.role == "assistant":
            waiting = {call.id: None for call in message.tool_calls}
            sent.append(_turn_native(message, reasoning_field))
        else:
            sent.append(_plain(message))
    return sent + [{"role": "tool", "tool_call_id": one, "content": DROPPED} for one in waiting]


def _turn_text(message: Message) -> dict[str, Any]:
    return {"role": "assistant", "content": render_turn(message)}


def _turn_native(message: Message, reasoning_field: str | None) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": "assistant", "content": message.content}
    if reasoning_field is not None and message.reasoning:
        turn[reasoning_field] = message.reasoning
    if message.tool_calls:
        turn["tool_calls"] = [_call(call) for call in message.tool_calls]
    return turn


def _call(call: ToolCall) -> dict[str, Any]:
    """A call as servers read it back: their templates parse the arguments and fail on what is not a JSON object."""
    name = call.name if _FUNCTION_NAME.fullmatch(call.name) else "unknown"
    try:
        arguments = call.arguments if isinstance(json.loads(call.arguments), dict) else None
    except (ValueError, RecursionError):
        arguments = None
    if arguments is None:
        arguments = json.dumps({"malformed": call.arguments}, ensure_ascii=False)
    return {"id": call.id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _plain(message: Message) -> dict[str, Any]:
    return {"role": message.role, "content": closed(message.content)}


def _response(results: Sequence[str]) -> dict[str, Any]:
    return {"role": "user", "content": f"<tool_response>\n{SEPARATOR.join(results)}\n</tool_response>"}
