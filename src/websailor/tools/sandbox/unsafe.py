"""No sandbox at all: a subprocess. For a machine that is itself a sandbox, and only where a person asked for it."""

import asyncio
import contextlib
import os
import sys
import tempfile
import time

from websailor.tools.sandbox.base import ProgramResult, SandboxConfig


class UnsafeSubprocess:
    """Runs programs with the rights of this process; only time and output are bounded, and the environment is empty."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self._room = asyncio.Semaphore(config.workers)

    async def run(self, code: str, seconds: float | None = None) -> ProgramResult:
        allowed = min(seconds or self._config.seconds, self._config.seconds)
        started = time.monotonic()
        async with self._room:
            with tempfile.TemporaryDirectory(prefix="websailor-") as folder:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-I",
                    "-",
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    cwd=folder,
                    env={"PATH": os.defpath, "HOME": folder},
                    start_new_session=True,
                )
                status = None
                try:
                    out, error = await asyncio.wait_for(process.communicate(code.encode()), allowed)
                except TimeoutError:
                    out, error, status = b"", b"", "timeout"
                finally:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, 9)
                    await process.wait()
        most, returned = self._config.output_kb * 1024, process.returncode
        assert returned is not None
        return ProgramResult(
            status=status or ("ok" if returned == 0 else "error" if returned > 0 else "killed"),
            exit_code=returned,
            stdout=out[:most].decode("utf-8", "replace"),
            stderr=error[:most].decode("utf-8", "replace"),
            cut=len(out) > most or len(error) > most,
            seconds=time.monotonic() - started,
        )

    async def aclose(self) -> None:
        """Nothing is kept open."""
