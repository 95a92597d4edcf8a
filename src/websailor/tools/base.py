"""The seams between the agent, its tools, and the web behind them.

Enters: a `ToolCall` as the model wrote it. Leaves: always an `Observation`; a call that cannot be run gets one that
says how to do it right.
"""

import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from websailor.models.fences import fenced
from websailor.models.protocol import stripped
from websailor.records import Hit, Observation, Page, Record, ToolCall
from websailor.tools.arguments import ArgumentError, checked, sound

if TYPE_CHECKING:
    from websailor.models.endpoint import EndpointPolicy

T = TypeVar("T")
U = TypeVar("U")

REFUSED = "toolbox"
"""`Observation.provider` of a call that was never run: malformed, unknown, or with wrong arguments."""


@dataclass(frozen=True, slots=True)
class Asking:
    """An episode as its tools see it."""

    name: str
    made: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(kind, request) -> how often the episode has made it; ends with the episode."""


EPISODE: ContextVar[Asking | None] = ContextVar("episode", default=None)
"""Which episode a call belongs to; the agent's loop sets it."""

SEPARATOR = "\n=======\n"
"""Stands between the results of one call."""


class ToolFailure(Exception):
    """A tool or the web behind it could not do what was asked; the message is for the agent."""


class Missing(ToolFailure):
    """There is nothing there, however often one asks."""


def missing(url: str) -> Missing:
    """What either web says of a page that does not exist."""
    return Missing(f"There is no page {url}.")


def failed(tool: str, reasons: Sequence[str]) -> ToolFailure:
    """What either web says of a call that nobody answered; each reason names who was asked and what they did."""
    return ToolFailure(f"The {tool} call failed: {'; '.join(reasons)}. Try again later, or go another way.")


class Web(Protocol):
    """The web as the tools see it; the agent cannot tell which one it is."""

    def search(self, query: str, k: int) -> list[Hit]:
        """The best `k` pages for `query`, best first. Raises `ToolFailure` when the search itself fails; no result is
        an empty list."""
        ...

    def fetch(self, url: str) -> Page:
        """The page at `url`. Raises `ToolFailure` when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Sourced(Generic[T]):
    """What a web gave, and how it came by it."""

    value: T
    provider: str = ""
    """Who was asked; empty for a web that is its own source."""
    degraded: bool = False
    """Not what was asked for, but the best there was: an old copy, or a search result in place of the page."""
    cached: bool = False

    def holding(self, value: U) -> "Sourced[U]":
        """Something made of the value, from the same source."""
        return Sourced(value, self.provider, self.degraded, self.cached)


class AsyncWeb(Protocol):
    """A web that takes its time: the same as `Web`, awaited, with its sources. `webs` turns either into the other."""

    async def search(self, query: str, k: int) -> Sourced[list[Hit]]:
        """See `Web.search`."""
        ...

    async def fetch(self, url: str) -> Sourced[Page]:
        """See `Web.fetch`."""
        ...


class ToolSpec(Record):
    """What the model is told of a tool."""

    name: str
    description: str
    parameters: dict[str, Any]
    """JSON schema of the arguments."""


def signature(spec: ToolSpec) -> dict[str, Any]:
    """OpenAI-style function schema."""
    function = {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
    return {"type": "function", "function": function}


class Tool(Protocol):
    """Something the agent can call."""

    @property
    def spec(self) -> ToolSpec:
        """Name, description, JSON schema."""
        ...

    async def __call__(self, **arguments: Any) -> Observation:
        """Run with arguments that fit the schema. Raises `ToolFailure` with words for the agent."""
        ...


class Toolbox:
    """The tools of an episode, in the order the model sees them. `endings` are awaited when it is closed; `asked` are
    the models that tools ask, by their role, for whoever counts what they cost.
    """

    def __init__(
        self,
        tools: Sequence[Tool],
        endings: Sequence[Callable[[], Awaitable[None]]] = (),
        asked: Mapping[str, "EndpointPolicy"] | None = None,
    ) -> None:
        self.asked = dict(asked or {})
        self._endings = tuple(endings)
        self._tools = {tool.spec.name: tool for tool in tools}
        if len(self._tools) != len(tools):
            raise ValueError("two tools bear the same name")

    async def aclose(self) -> None:
        """Close what the tools opened: connections, stores, sandboxes."""
        for ending in self._endings:
            await ending()

    @property
    def tools(self) -> tuple[Tool, ...]:
        return tuple(self._tools.values())

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(tool.spec for tool in self._tools.values())

    @property
    def signatures(self) -> list[dict[str, Any]]:
        """OpenAI-style function schemas, as `ChatModel.reply` takes them."""
        return [signature(spec) for spec in self.specs]

    async def call(self, call: ToolCall) -> Observation:
        """Run a call. What is wrong with the call becomes an observation; a defect of a tool raises. What tools give is
        fenced: nothing in it reads as a tag of the protocol."""
        tool = self._tools.get(call.name)
        if tool is None:
            return _refusal(f'There is no tool "{call.name}". Tools: {", ".join(self._tools)}.')
        try:
            arguments = checked(sound(stripped(json.loads(call.arguments, strict=False))), tool.spec.parameters)
        except ArgumentError as error:
            return _refusal(f"{call.name}: {error}. Write {_example(tool.spec)}")
        except (ValueError, RecursionError) as error:  # also a number of thousands of digits
            return _refusal(f"The arguments of {call.name} are not JSON ({error}). Write {_example(tool.spec)}")
        started = time.perf_counter()
        try:
            observation = await tool(**arguments)
        except ToolFailure as failure:
            observation = Observation(content=str(failure), status="error", provider=call.name)
        seconds = time.perf_counter() - started
        return observation.model_copy(update={"content": fenced(observation.content), "seconds": seconds})


def _refusal(text: str) -> Observation:
    return Observation(content=fenced(text), status="error", provider=REFUSED)


def _example(spec: ToolSpec) -> str:
    """A call of the right form, from the schema."""
    arguments = {}
    for name in spec.parameters.get("required") or spec.parameters.get("properties", ()):
        types = spec.parameters["properties"][name].get("type", "string")
        first = types if isinstance(types, str) else types[0]
        arguments[name] = (
            ["..."] if first == "array" else {"integer": 1, "number": 1, "boolean": True}.get(first, "...")
        )
    return json.dumps({"name": spec.name, "arguments": arguments})
