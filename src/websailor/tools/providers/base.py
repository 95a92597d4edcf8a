"""What a provider is, and the ways in which one fails.

A provider turns arguments into one upstream request and the reply into a payload. It knows a wire format and nothing
of limits, retries, caches or other providers: those are the gateway's. Payloads are plain JSON:
`{"hits": [{"title", "url", "snippet", ...}]}` for searches, `{"url", "title", "text"}` for pages.
"""

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, Protocol

from websailor.errors import UserError

ToolName = Literal["search", "visit", "scholar"]
Payload = dict[str, Any]


def is_payload(tool: ToolName, value: Any) -> bool:
    """Whether a stored value has the form of a tool's payload."""
    if not isinstance(value, Mapping):
        return False
    if tool == "visit":
        return all(isinstance(value.get(name), str) for name in ("url", "title", "text"))
    hits = value.get("hits")
    return isinstance(hits, list) and all(
        isinstance(hit, Mapping) and all(isinstance(hit.get(name), str) for name in ("title", "url", "snippet"))
        for hit in hits
    )


class ProviderError(Exception):
    """An upstream call gave no payload. The message holds no credential and no address of the person's network."""


class Unavailable(ProviderError):
    """It may work in a moment: a server error, a lost or slow connection, a reply that broke off or makes no sense."""


class Throttled(Unavailable):
    """The provider asked to slow down."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds to wait, where the provider said so."""


class NoRoom(Throttled):
    """The limit of our own workers left no room, or could not be asked; the provider was not asked either."""


class Refused(ProviderError):
    """This provider will not do it, another one may: no access, not a kind of page that can be read."""


class BadKey(Refused):
    """The provider does not let us in, for want of a right key: nothing will work until a person mends it."""


class NotThere(ProviderError):
    """The page does not exist, for anyone."""


class Provider(Protocol):
    """One upstream service, for one tool."""

    @property
    def name(self) -> str:
        """Unique among all providers."""
        ...

    @property
    def tool(self) -> ToolName:
        """What it can be asked for."""
        ...

    @property
    def per_second(self) -> float:
        """Calls a second that all workers together may make."""
        ...

    def blamed(self, arguments: Mapping[str, Any]) -> str:
        """Whom the failure of such a call speaks against: the provider's own name, or one for each host where a host
        that fails says nothing about the others."""
        ...

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        """One upstream call. Raises `ProviderError`."""
        ...


_SENDING: ContextVar[Callable[[], Awaitable[None]] | None] = ContextVar("sending", default=None)


@contextmanager
def sending(wait: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """Within it, `wait` is awaited before every request, when its connection stands and nothing is left to do but to
    send it: the moment from which a limit counts."""
    token = _SENDING.set(wait)
    try:
        yield
    finally:
        _SENDING.reset(token)


async def trace_sending(event: str, _: Any) -> None:
    """The `trace` extension of a request: see `sending`."""
    wait = _SENDING.get()
    if wait is not None and event.endswith("send_request_headers.started"):
        await wait()


class Secret:
    """A credential that shows itself to nothing but `reveal`: not in a log, a traceback, a record or a pickle."""

    __slots__ = ("_prefix", "_value")

    def __init__(self, value: str, prefix: str = "") -> None:
        self._value = value
        self._prefix = prefix

    def reveal(self) -> str:
        """The credential. Use it in an expression and give it no name: names show in tracebacks."""
        return self._prefix + self._value

    def after(self, prefix: str) -> "Secret":
        """With something before it, such as `Bearer `."""
        return Secret(self._value, prefix)

    def removed(self, content: bytes) -> bytes:
        """Content in which the credential is not repeated, whatever a service echoes."""
        return content.replace(self._value.encode(), b"[key]")

    def __repr__(self) -> str:
        return "[key]"

    def __reduce__(self) -> Any:
        raise TypeError("a credential is not written anywhere")


def key_of(variable: str) -> Secret | None:
    """A credential from the environment; None where it is not set. Raises `UserError` for what no header can hold; the
    message does not repeat it."""
    value = os.environ.get(variable, "").strip()
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise UserError(f"{variable} holds a space or a character that no key has: set it again, without quotes")
    return Secret(value) if value else None
