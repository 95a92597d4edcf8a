"""What a sandbox is, and its settings.

Enters: a program. Leaves: what came of it, as a `ProgramResult`, whatever the program did. The `PythonInterpreter` tool
knows this protocol alone, so that a sandbox can be changed for another.
"""

from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from websailor.records import Record


class ProgramResult(Record):
    """What a program did."""

    status: Literal["ok", "error", "timeout", "killed"]
    """`error`: it ended with an exception or another exit code than 0. `killed`: a limit ended it."""
    stdout: str = ""
    stderr: str = ""
    exit_code: int | None = None
    cut: bool = False
    """More was printed than is kept."""
    seconds: float = 0.0


class SandboxUnavailable(Exception):
    """No isolation can be had here; the message says what to install."""


class Sandbox(Protocol):
    """Runs programs that nobody trusts."""

    async def run(self, code: str, seconds: float | None = None) -> ProgramResult:
        """Run a Python program, each in a fresh process that knows nothing of earlier ones.

        `seconds` is the time it may take (default: the sandbox's own). Raises `SandboxUnavailable` when there is no
        isolation, never runs without it.
        """
        ...

    async def aclose(self) -> None:
        """End all processes."""
        ...


class SandboxConfig(BaseModel):
    """What a program may use."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    kind: Literal["bubblewrap", "remote", "unsafe-subprocess"] = "bubblewrap"
    """`remote`: a SandboxFusion server at `address`. `unsafe-subprocess`: no isolation at all, for a machine that is
    itself a sandbox.
    """
    address: str = "http://127.0.0.1:8080"
    """Of the remote sandbox."""
    workers: int = Field(default=2, ge=1, le=64)
    """Programs that run side by side."""
    seconds: float = Field(default=30, gt=0, le=600)
    """Time for one program."""
    memory_mb: int = Field(default=1024, ge=128, le=1_000_000)
    """Address space of one process, and memory of all processes of a program where control groups can be had."""
    disk_mb: int = Field(default=64, ge=1, le=1_000_000)
    """Size of the only folder that can be written, which is in memory."""
    processes: int = Field(default=32, ge=1, le=4096)
    """Processes and threads of one program."""
    output_kb: int = Field(default=64, ge=1, le=1_000_000)
    """Of stdout and of stderr that is kept."""
    preload: tuple[str, ...] = ("numpy", "sympy", "math", "re", "json", "datetime", "statistics", "itertools")
    """Modules that are imported before the first program."""
