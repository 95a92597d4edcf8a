"""A sandbox for the tests, with the event loop that it lives in."""

import asyncio
import shutil

import pytest

from websailor.tools.sandbox import ProgramResult, SandboxConfig
from websailor.tools.sandbox.bubblewrap import BubblewrapSandbox

CONFIG = SandboxConfig(workers=1, seconds=4, memory_mb=512, disk_mb=16, output_kb=16)
CANARY = "canary-7f3a9c"
"""Stands in the environment of whoever opened the sandbox, and in files beside it."""
needs_bubblewrap = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="bubblewrap is not installed (apt-get install bubblewrap)"
)


class Running:
    """Runs one program after the other."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.sandbox = BubblewrapSandbox(CONFIG)

    def run(self, code: str, seconds: float | None = None) -> ProgramResult:
        return self.runner.run(self.sandbox.run(code, seconds))

    def close(self) -> None:
        self.runner.run(self.sandbox.aclose())
        self.runner.close()
