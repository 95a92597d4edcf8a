"""The `PythonInterpreter` tool: programs in a sandbox.

The text protocol puts the program between `<code>` tags after the JSON of the call; the protocol hands it over as the
argument `code`, which native calls write themselves.
"""

from typing import Any

from websailor.records import Observation
from websailor.tools.base import ToolFailure, ToolSpec
from websailor.tools.sandbox.base import ProgramResult, Sandbox, SandboxUnavailable

PYTHON = ToolSpec(
    name="PythonInterpreter",
    description=(
        "Executes Python code in a sandboxed environment. To use this tool, you must follow this format: 1. The "
        "'arguments' JSON object must be empty: {}. 2. The Python code to be executed must be placed immediately after "
        "the JSON block, enclosed within <code> and </code> tags. Any output you want to see MUST be printed to "
        "standard output using the print() function."
    ),
    parameters={
        "type": "object",
        "properties": {"code": {"type": "string", "description": "The program, where it is not given in <code> tags."}},
        "required": [],
    },
)

NO_PROGRAM = (
    "There is no program. Put it in a code block after the JSON of the call, or write "
    '{"name": "PythonInterpreter", "arguments": {"code": "print(...)"}}'
)
"""Names no tag: what a tool says comes with its tags made visible, and would teach the wrong ones."""


class PythonInterpreter:
    """Each program runs in a fresh process; nothing is remembered between calls."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @property
    def spec(self) -> ToolSpec:
        return PYTHON

    async def __call__(self, **arguments: Any) -> Observation:
        code = str(arguments.get("code", ""))
        if not code.strip():
            raise ToolFailure(NO_PROGRAM)
        try:
            result = await self._sandbox.run(code)
        except SandboxUnavailable as error:
            raise ToolFailure(f"The Python interpreter cannot be used here: {error}") from error
        status = "ok" if result.status == "ok" else "error"
        return Observation(content=told(result), status=status, provider="PythonInterpreter")


def told(result: ProgramResult) -> str:
    """What a program printed, and how it ended where it did not end well."""
    parts: list[str] = []
    if result.stdout.strip():
        parts.append(f"stdout:\n{result.stdout.rstrip()}")
    if result.stderr.strip():
        parts.append(f"stderr:\n{result.stderr.rstrip()}")
    if result.cut:
        parts.append("[The output was longer; the rest is left out.]")
    if result.status == "timeout":
        parts.append(f"[Stopped after {result.seconds:.0f} s: the program took too long.]")
    elif result.status == "killed":
        parts.append("[The program was killed: it used too much memory, time or too many processes.]")
    elif not parts:
        parts.append(
            "Finished execution without output." if result.status == "ok" else f"Exit code {result.exit_code}."
        )
    return "\n".join(parts)
