"""No sandbox at all: a subprocess. For a machine that is itself a sandbox, and only where a person asked for it.

Enters: a program. Leaves: its result, with time and output bounded as in a sandbox and an empty
environment; nothing else is kept from it.
"""

import asyncio
import contextlib
import os
import selectors
import subprocess
import sys
import tempfile
import time

from websailor.tools.sandbox.base import ProgramResult, SandboxConfig

PIECE = 65536
"""Bytes that are read at once."""
LOOK = 0.05
"""Seconds between two looks at whether the program has ended."""
LEFT_BEHIND = 0.5
"""Seconds for which output is read after a program has ended: what it left behind may hold its output open."""


class UnsafeSubprocess:
    """Runs programs with the rights of this process; only time and output are bounded, and the environment is empty."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self._room = asyncio.Semaphore(config.workers)

    async def run(self, code: str, seconds: float | None = None) -> ProgramResult:
        allowed = min(seconds or self._config.seconds, self._config.seconds)
        async with self._room:
            with tempfile.TemporaryDirectory(prefix="websailor-", ignore_cleanup_errors=True) as folder:
                process = _started(code, folder)
                try:
                    return await asyncio.to_thread(_watched, process, allowed, self._config.output_kb * 1024)
                finally:  # also when whoever asked gave up: the thread then ends on its own
                    _kill(process)

    async def aclose(self) -> None:
        """Nothing is kept open."""


def _started(code: str, folder: str) -> subprocess.Popen[bytes]:
    with tempfile.TemporaryFile() as program:
        program.write(code.encode("utf-8", "replace"))
        program.seek(0)
        return subprocess.Popen(
            [sys.executable, "-I", "-"],
            stdin=program,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={"PATH": os.defpath, "HOME": folder},
            start_new_session=True,
        )


def _watched(process: subprocess.Popen[bytes], seconds: float, most: int) -> ProgramResult:
    """What the program came to. Of each output the beginning is kept; the rest is read, so that it goes on."""
    started = time.monotonic()
    texts, cut, timeout, ended = [b"", b""], False, False, None
    with selectors.DefaultSelector() as outputs:
        for which, stream in enumerate((process.stdout, process.stderr)):
            assert stream is not None
            outputs.register(stream, selectors.EVENT_READ, which)
        while outputs.get_map() or ended is None:
            for key, _ in outputs.select(LOOK):
                part = os.read(key.fd, PIECE)
                if not part:
                    outputs.unregister(key.fileobj)
                room = most - len(texts[key.data])
                texts[key.data] += part[:room]
                cut = cut or len(part) > room
            now = time.monotonic()
            if ended is None and process.poll() is not None:
                ended = now
            if ended is None and now - started > seconds:
                timeout = True
                _kill(process)
            if ended is not None and now - ended > LEFT_BEHIND:
                break
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream.close()
    returned = process.wait()
    return ProgramResult(
        status="timeout" if timeout else "ok" if returned == 0 else "error" if returned > 0 else "killed",
        exit_code=returned,
        stdout=texts[0].decode("utf-8", "replace"),
        stderr=texts[1].decode("utf-8", "replace"),
        cut=cut,
        seconds=time.monotonic() - started,
    )


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
