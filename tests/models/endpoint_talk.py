"""What the tests of the endpoint share: one question, one short conversation, one tool, one turn.

Enters: a running `EndpointServer`. Leaves: the reply of a fresh conversation with it.
"""

import asyncio
from typing import Any

from endpoint_server import EndpointServer

from toy_questions import question
from websailor.models.base import Reply, Sampling
from websailor.models.endpoint import Delta, EndpointConfig, EndpointPolicy
from websailor.records import Message, Observation
from websailor.tools.base import ToolSpec

TOOLS = [{"type": "function", "function": {"name": "search", "description": "s", "parameters": {"type": "object"}}}]
TALK = [Message(role="system", content="Be brief."), Message(role="user", content="Who?")]
CALL = '<think>\nLook.\n</think>\n<tool_call>\n{"name": "search", "arguments": {"query": ["a"]}}\n</tool_call>'


def config(url: str, **more: Any) -> EndpointConfig:
    return EndpointConfig(base_url=url, model="m", **{"first_wait": 0.01, "timeout": 5.0, **more})


def take(
    server: EndpointServer, messages: list[Message] | None = None, sampling: Sampling | None = None, **more: Any
) -> Reply:
    """One turn from a fresh conversation."""
    deltas: list[Delta] | None = more.pop("deltas", None)
    policy = EndpointPolicy(config(server.url, **more), listener=None if deltas is None else deltas.append)

    async def once() -> Reply:
        try:
            return await policy.episode(question(), 3).reply(messages or TALK, TOOLS, sampling or Sampling())
        finally:
            await policy.aclose()

    return asyncio.run(once())


class Echo:
    """A tool that gives its query back."""

    spec = ToolSpec(
        name="search",
        description="s",
        parameters={
            "type": "object",
            "properties": {"query": {"type": "array", "items": {"type": "string"}}},
            "required": ["query"],
        },
    )

    async def __call__(self, **arguments: Any) -> Observation:
        return Observation(content=f"found {arguments['query']}", provider="search")
