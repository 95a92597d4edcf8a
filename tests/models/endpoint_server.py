"""A loopback endpoint that misbehaves on command.

Enters: answers in order, each a coroutine that writes what it likes on the connection; the last one is repeated.
Leaves: what was asked, request by request.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from websailor.tools.providers.loopback import LoopbackServer, Request, http

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Asked:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float


class EndpointServer(LoopbackServer):
    """Listens on a free port while it is entered."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self.under_way = 0
        self.most_under_way = 0

    @property
    def url(self) -> str:
        return f"{self.root}/v1"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [asked.body for asked in self.asked]

    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        body = json.loads(request.body) if request.body else {}
        self.asked.append(Asked(request.target, request.headers, body, time.monotonic()))
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await answer(writer)
            await writer.drain()
        finally:
            self.under_way -= 1


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
