"""The line to an endpoint: one request as a whole reply, tried again where that may help.

Enters: the body of a request. Leaves: a `RawTurn`, or the fault as an exception. One line
serves all conversations of an event loop: it holds the connections, the limit on requests under way, and the pause that
an endpoint asked for. The key is put on a request as it leaves and is known to nothing else.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from websailor.models.endpoint.config import EndpointConfig
from websailor.models.endpoint.faults import EndpointError, Quoting, Transient, sort_event, sort_status
from websailor.models.endpoint.prices import Ledger
from websailor.models.endpoint.streaming import Telling
from websailor.models.endpoint.wire import RawTurn, Unreadable, add_chunk, read_completion, whole

if TYPE_CHECKING:
    import httpx2
    import openai

_log = logging.getLogger(__name__)

_PATH = "/chat/completions"

_SENT_HEADERS = ("host", "accept", "content-type", "content-length", "transfer-encoding", "connection", "user-agent")
"""Headers that leave; whatever the client library adds from the environment (organisation, project, further keys) or
about this machine stays here."""


class _BodyRefused(Exception):
    """A body is not read to its end, for the reason given."""


class Line:
    """Connections to one endpoint from one event loop."""

    def __init__(self, config: EndpointConfig, key: str | None, ledger: Ledger) -> None:
        self._config = config
        self._ledger = ledger
        self._quoting = Quoting(key)
        self._slots = asyncio.Semaphore(config.concurrency)
        self._paused_until = 0.0
        self._client = _client(config, key)

    async def close(self) -> None:
        await self._client.close()

    async def ask(self, body: dict[str, Any], telling: Telling) -> RawTurn:
        """One reply. Raises `EndpointError`, `TooLong`, or what the listener raised."""
        import stamina

        logging.getLogger("stamina").setLevel(logging.ERROR)  # retries are counted here; its words do not say of what
        config = self._config
        tried = 0
        try:
            async for attempt in stamina.retry_context(
                on=_worth_another,
                attempts=config.retries + 1,
                timeout=None,
                wait_initial=config.first_wait,
                wait_max=config.longest_wait,
                wait_jitter=config.first_wait,
            ):
                with attempt:
                    tried = attempt.num
                    return await self._attempt(body, telling, tried)
        except Transient as fault:
            tries = "1 attempt" if tried == 1 else f"{tried} attempts"
            raise EndpointError(
                f"{config.base_url} ({config.model}): no reply after {tries}: {fault.reason}: "
                "check that the endpoint runs and is reachable, or raise retries and timeout"
            ) from None
        raise AssertionError("a retry context ends with a return or an exception")

    async def _attempt(self, body: dict[str, Any], telling: Telling, number: int) -> RawTurn:
        async with self._slots:
            await self._pause()
            try:
                return await self._once(body, telling)
            except Transient as fault:
                if fault.wait:
                    loop = asyncio.get_running_loop()
                    self._paused_until = max(self._paused_until, loop.time() + fault.wait)
                if number <= self._config.retries:
                    self._ledger.book_retry()
                    telling.restart(fault.reason)
                    _log.info("%s: %s; trying again", self._config.base_url, fault.reason)
                raise

    async def _pause(self) -> None:
        """Wait as long as the endpoint asked any of the conversations to."""
        while (left := self._paused_until - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(left)

    async def _once(self, body: dict[str, Any], telling: Telling) -> RawTurn:
        """One attempt. Every fault leaves as `Transient`, `TooLong` or `EndpointError`, without the library's own
        exception behind it: that one holds the request."""
        import openai

        clock = asyncio.timeout(self._config.timeout)
        try:
            async with clock:
                return await (self._stream(body, telling) if body.get("stream") else self._whole(body))
        except TimeoutError:
            if not clock.expired():
                raise
            problem: Exception = Transient(f"no whole reply within {self._config.timeout:g} seconds")
        except openai.APIStatusError as error:
            problem = sort_status(
                error.status_code, _body(error.response), error.response.headers, self._config, self._quoting
            )
        except openai.APITimeoutError:
            problem = Transient("the connection timed out")
        except openai.APIConnectionError as error:
            problem = self._lost(error)
        except openai.APIError as error:
            problem = sort_event(error.body if error.body is not None else error.message, self._config, self._quoting)
        except (_BodyRefused, *_httpx_errors()) as error:
            problem = self._lost(error)
        except Unreadable as error:
            problem = Transient(f"a reply that cannot be read: {self._quoting.quote(str(error))}")
        raise problem from None

    async def _whole(self, body: dict[str, Any]) -> RawTurn:
        import httpx2

        response = await self._client.post(_PATH, cast_to=httpx2.Response, body=body)
        return self._read(response.content)

    def _read(self, content: bytes) -> RawTurn:
        """A reply that came at once; some servers send their errors with status 200."""
        decoded = _decoded(content)
        if isinstance(decoded, Mapping) and decoded.get("error"):
            raise sort_event(decoded, self._config, self._quoting)
        return read_completion(decoded)

    async def _stream(self, body: dict[str, Any], telling: Telling) -> RawTurn:
        import openai

        stream = await self._client.post(
            _PATH, cast_to=object, body=body, stream=True, stream_cls=openai.AsyncStream[object]
        )
        turn = RawTurn()
        async with stream:
            if "json" in stream.response.headers.get("content-type", ""):  # a server that does not stream
                turn = self._read(await stream.response.aread())
                telling.add(whole(turn))
            else:
                async for chunk in _chunks(stream):
                    telling.add(add_chunk(turn, chunk))
                    if telling.stopped:
                        turn.finish_reason = turn.finish_reason or "stop"
                        break
        if turn.finish_reason is None:
            raise Unreadable("the stream ended in the middle of the turn" if turn.has_choice() else "an empty stream")
        telling.finish()
        return turn

    def _lost(self, error: Exception) -> Exception:
        """The fault behind a connection error: what lies at its bottom."""
        bottom: BaseException = error
        while bottom.__cause__ is not None:
            bottom = bottom.__cause__
        if isinstance(bottom, _BodyRefused):
            return EndpointError(f"{self._config.base_url} ({self._config.model}): {bottom}")
        return Transient(f"the connection failed: {self._quoting.quote(str(bottom)) or type(bottom).__name__}")


def _worth_another(error: Exception) -> bool | float:
    """Whether to try again; a number is the wait that the endpoint asked for. One that asks for none gets the usual."""
    return isinstance(error, Transient) and (error.wait or True)


async def _chunks(stream: "openai.AsyncStream[object]") -> AsyncIterator[object]:
    """The events of a stream, decoded."""
    events = aiter(stream)
    while True:
        try:
            chunk = await anext(events)
        except StopAsyncIteration:
            return
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"an event of the stream is not JSON ({type(error).__name__})") from None
        yield chunk


def _body(response: "httpx2.Response") -> object:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        kind = response.headers.get("content-type", "")
        return "" if "html" in kind else response.text  # an error page of a proxy says nothing in one line


def _decoded(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise Unreadable(f"no JSON in {len(content)} bytes") from None


def _httpx_errors() -> tuple[type[Exception], ...]:
    import httpx2

    return (httpx2.HTTPError, httpx2.StreamError)


def _client(config: EndpointConfig, key: str | None) -> "openai.AsyncOpenAI":
    import httpx2
    import openai

    class Bounded(httpx2.AsyncByteStream):
        """A body that ends in an error when it grows over the limit."""

        def __init__(self, stream: httpx2.AsyncByteStream) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for chunk in self._stream:
                size += len(chunk)
                if size > config.max_reply_bytes:
                    raise _BodyRefused(f"the reply is longer than max_reply_bytes ({config.max_reply_bytes}): raise it")
                yield chunk

        async def aclose(self) -> None:
            await self._stream.aclose()

    async def clean(request: httpx2.Request) -> None:
        kept = [(name, value) for name, value in request.headers.multi_items() if name.lower() in _SENT_HEADERS]
        request.headers = httpx2.Headers([*kept, ("accept-encoding", "identity")])
        if key is not None:
            request.headers["authorization"] = f"Bearer {key}"

    async def bound(response: httpx2.Response) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise _BodyRefused("packs its replies although it was asked not to: switch its compression off")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = Bounded(response.stream)

    http = httpx2.AsyncClient(
        follow_redirects=False,
        trust_env=not config.is_local,
        timeout=httpx2.Timeout(config.timeout, connect=config.connect_timeout),
        limits=httpx2.Limits(max_connections=config.concurrency),
        event_hooks={"request": [clean], "response": [bound]},
    )
    return openai.AsyncOpenAI(api_key="unused", base_url=config.base_url, max_retries=0, http_client=http)
