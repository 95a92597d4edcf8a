"""A loopback endpoint that misbehaves on command.

Enters: answers in order, each a coroutine that writes what it likes on the connection; the last one is repeated.
Leaves: what was asked, request by request. It is a real server on a real socket, so that the client under test meets
cut bodies and silent peers as they are.
"""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Asked:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float


class EndpointServer:
    """Listens on a free port while it is entered."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self.under_way = 0
        self.most_under_way = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [asked.body for asked in self.asked]

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._talk, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append(Asked(head[0].split()[1], headers, json.loads(body), time.monotonic()))
            answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            try:
                await answer(writer)
                await writer.drain()
            finally:
                self.under_way -= 1
        writer.close()


def http(
    status: int, body: bytes, kind: str = "application/json", headers: Sequence[str] = (), length: int | None = None
) -> bytes:
    """A response; `length` may promise more than there is."""
    lines = [f"HTTP/1.1 {status} Words", f"content-type: {kind}", *headers, "connection: close"]
    lines.append(f"content-length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def sends(data: bytes) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return answer


def gives(body: object, status: int = 200, headers: Sequence[str] = ()) -> Answer:
    """JSON."""
    return sends(http(status, json.dumps(body).encode(), headers=headers))


def completion(content: str | None = "hello", finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    """A whole reply; `more` may hold `message`, `choice` and top-level fields that replace the usual ones."""
    message = {"role": "assistant", "content": content, **more.pop("message", {})}
    choice = {"index": 0, "message": message, "finish_reason": finish, **more.pop("choice", {})}
    usage = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}
    return {"id": "1", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage, **more}


def fails(status: int, message: str = "no", headers: Sequence[str] = (), **error: Any) -> Answer:
    return gives({"error": {"message": message, "type": "some_error", **error}}, status, headers)


def says(content: str, **more: Any) -> Answer:
    return gives(completion(content, **more))


def chunk(finish: str | None = None, usage: dict[str, int] | None = None, **delta: Any) -> dict[str, Any]:
    """One event of a stream."""
    return {"id": "1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": usage}


def streams(*events: object, done: bool = True, pause: float = 0.0, cut: bool = False) -> Answer:
    """Server-sent events, chunk by chunk; `cut` breaks the connection in the middle of the transfer."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        writer.write(head.encode())
        lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
        for line in [*lines, *(["[DONE]"] if done else [])]:
            data = f"data: {line}\n\n".encode()
            writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            await writer.drain()
            await asyncio.sleep(pause)
        if not cut:
            writer.write(b"0\r\n\r\n")

    return answer


async def hangs(writer: asyncio.StreamWriter) -> None:
    """Never says a word."""
    await asyncio.sleep(3600)


async def hangs_up(writer: asyncio.StreamWriter) -> None:
    """Closes the connection without a word."""


def drips(data: bytes, pause: float) -> Answer:
    """One byte at a time."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(pause)

    return answer
