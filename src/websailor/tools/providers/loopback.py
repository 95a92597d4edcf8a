"""A server on a loopback port for fakes of services: what a fake says, and how badly, is its own.

Enters: connections. Leaves: each request read whole, for `answer` to reply to as it likes. It is a real server on a
real socket in a thread of its own, so that the client under test meets cut bodies and silent peers as they are.
"""

import asyncio
import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, Self


class Request(NamedTuple):
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


class LoopbackServer(ABC):
    """Listens on a free port while it is entered; one request a connection."""

    root: str
    """`http://127.0.0.1:PORT`, once it is entered."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=type(self).__name__, daemon=True)

    @abstractmethod
    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """Reply, or misbehave. The connection is closed afterwards."""

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError(f"{type(self).__name__} did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._talk, "127.0.0.1", 0))
        self.root = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self.answer(await _read(reader), writer)
            await writer.drain()
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    method, target, _ = head[0].split(" ", 2)
    return Request(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


def http(
    status: int, body: bytes, kind: str = "application/json", headers: Sequence[str] = (), length: int | None = None
) -> bytes:
    """A response; `length` may promise more than there is."""
    lines = [f"HTTP/1.1 {status} Words", f"content-type: {kind}", *headers, "connection: close"]
    lines.append(f"content-length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
