"""Reading in a process of its own, which can be ended.

Enters: fetched bodies. Leaves: their title and text, or `Refused`. A hostile page can keep a parser busy for minutes,
take all memory or crash it; a thread could not be ended, would hold up the event loop and would take the agent with
it. The process knows no environment, is bounded in memory, and is replaced when a page takes too long.
"""

import asyncio
import json
import os
import selectors
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from websailor.tools.providers.base import Refused
from websailor.tools.providers.bodies import Body
from websailor.tools.providers.reading import framed

SECONDS = 12.0
"""Time to read one page."""
START_SECONDS = 60.0
"""Time in which the process must have imported its parsers."""
SIDE_BY_SIDE = 2
PIECE = 65536
MOST_REPLY = 16 * 2**20
"""Bytes; the text is bounded, so more is no honest reply."""


class Lost(Exception):
    """The process gave no reply."""


class ReadingProcess:
    """Starts when the first page comes. Safe for many tasks, also of several event loops."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._idle: list[subprocess.Popen[bytes]] = []
        self._threads = ThreadPoolExecutor(max_workers=SIDE_BY_SIDE, thread_name_prefix="reading")
        self._closed = False

    async def read(self, body: Body) -> tuple[str, str]:
        """Title and text. Raises `Refused`."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, body)

    def _read(self, body: Body) -> tuple[str, str]:
        described = {"url": body.url, "content_type": body.content_type, "charset": body.charset}
        request = framed(json.dumps(described).encode()) + framed(body.content)
        process = None
        try:
            process = self._waiting() or _started()
            reply = _exchanged(process, request, time.monotonic() + self._seconds)
        except Lost as error:
            if process is not None:
                _end(process)
            raise Refused(f"the page cannot be read ({error})") from error
        if self._closed:
            _end(process)
        else:
            self._idle.append(process)
        if "refused" in reply:
            raise Refused(str(reply["refused"]))
        return str(reply["title"]), str(reply["text"])

    def _waiting(self) -> subprocess.Popen[bytes] | None:
        """A process that waits for a page, if there is one that lives."""
        while True:
            try:
                process = self._idle.pop()
            except IndexError:
                return None
            if process.poll() is None:
                return process
            _end(process)

    def close(self) -> None:
        """End the processes; one that is at work ends with its page."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        while self._idle:
            _end(self._idle.pop())


def _started() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "websailor.tools.providers.reading"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LANG": "C.UTF-8"},
        bufsize=0,
    )
    try:
        _exchanged(process, b"", time.monotonic() + START_SECONDS)
    except Lost:
        _end(process)
        raise
    return process


def _exchanged(process: subprocess.Popen[bytes], request: bytes, deadline: float) -> dict[str, Any]:
    """Send a request and read the reply. Raises `Lost`."""
    sending, receiving = _pipes(process)
    left, got, size = memoryview(request), bytearray(), -1
    os.set_blocking(sending.fileno(), False)
    with selectors.DefaultSelector() as ready:
        ready.register(receiving, selectors.EVENT_READ)
        if left:
            ready.register(sending, selectors.EVENT_WRITE)
        while size < 0 or len(got) < 4 + size:
            found = ready.select(max(0.0, deadline - time.monotonic()))
            if not found:
                raise Lost("it takes too long")
            for key, _ in found:
                try:
                    if key.fileobj is sending:
                        left = left[os.write(sending.fileno(), left[:PIECE]) :]
                        if not left:
                            ready.unregister(sending)
                    elif part := os.read(receiving.fileno(), PIECE):
                        got += part
                    else:
                        raise Lost("its reader broke down")
                except OSError as error:
                    raise Lost("its reader broke down") from error
            if size < 0 and len(got) >= 4:
                size = int.from_bytes(got[:4], "big")
                if size > MOST_REPLY:
                    raise Lost("it is too long")
    try:
        reply = json.loads(bytes(got[4 : 4 + size]))
    except ValueError as error:
        raise Lost("its reader broke down") from error
    return reply


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in _pipes(process):
        pipe.close()
