"""Trajectories as Parquet for `datasets` and TRL.

Enters: a file of trajectories. Leaves: one row per trajectory with `messages` (a turn's thought in `reasoning_content`,
its call in `tool_calls`), `tools` (the function schemas as JSON text, which TRL decodes) and columns to filter by.
Trajectories in the text protocol and those with native calls come out alike; a text that broke the format is kept as it
is. The system message is the one the agent saw, and the chat template of our checkpoints renders a row to exactly the
text that was trained on, but for programs: they stand in the arguments, where the text protocol has them in `<code>`.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websailor.files import read_jsonl
from websailor.identity import stage_identity
from websailor.models.protocol import dump_arguments, read_turn
from websailor.records import Message, ToolCall, Trajectory
from websailor.scale.tables import write_parquet
from websailor.tools.base import signature
from websailor.tools.config import ToolsConfig
from websailor.tools.python import PYTHON
from websailor.tools.search import SCHOLAR, SEARCH
from websailor.tools.visit import VISIT

if TYPE_CHECKING:
    import pyarrow

SPECS = {spec.name: spec for spec in (SEARCH, VISIT, SCHOLAR, PYTHON)}


def export_parquet(records: Path, out: Path) -> int:
    """Write `out` (by way of a temporary file) from a JSONL file of trajectories. Returns the number of rows.

    Raises `UserError` when there is no trajectory, or when pyarrow is not installed.
    """
    tools = tool_schemas(records)
    return write_parquet((row(one, tools) for one in read_jsonl(records, Trajectory)), _schema, out, records)


def tool_schemas(records: Path) -> str:
    """The function schemas of the tools that the agent had, as the stage's config beside the records names them."""
    identity = stage_identity(records.parent) or {}
    named = identity.get("config", {}).get("tools", {}).get("tools")
    names = named if isinstance(named, list) else ToolsConfig().tools
    return json.dumps([signature(SPECS[name]) for name in names if name in SPECS])


def row(trajectory: Trajectory, tools: str) -> dict[str, Any]:
    """One row of the table."""
    return {
        "id": trajectory.id,
        "question_id": trajectory.question_id,
        "model": trajectory.model,
        "habit": trajectory.habit,
        "answer": trajectory.answer,
        "stop": trajectory.stop.value,
        "score": None if trajectory.score is None else trajectory.score.value,
        "messages": [chat_message(message) for message in trajectory.messages],
        "tools": tools,
    }


def chat_message(message: Message) -> dict[str, Any]:
    """A message as the chat templates of the field take it."""
    chat = {
        "role": message.role,
        "content": message.content,
        "reasoning_content": None,
        "tool_calls": None,
        "tool_call_id": message.tool_call_id,
    }
    if message.role != "assistant":
        return chat
    turn = read_turn(message)
    if turn.error is None:
        content = "" if turn.answer is None else f"<answer>{turn.answer}</answer>"
        return chat | {
            "content": content,
            "reasoning_content": turn.thought,
            "tool_calls": [_call(call) for call in turn.calls] or None,
        }
    if message.reasoning is None and not message.tool_calls:
        return chat
    calls = [_call(call) for call in message.tool_calls]
    return chat | {"reasoning_content": message.reasoning or "", "tool_calls": calls or None}


def _call(call: ToolCall) -> dict[str, Any]:
    """A call with its arguments as the text protocol writes them."""
    try:
        arguments = dump_arguments(json.loads(call.arguments, strict=False))
    except (ValueError, RecursionError):
        arguments = call.arguments
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _schema() -> "pyarrow.Schema":
    import pyarrow

    text = pyarrow.string()
    call = pyarrow.struct(
        [("id", text), ("type", text), ("function", pyarrow.struct([("name", text), ("arguments", text)]))]
    )
    message = pyarrow.struct(
        [
            *((name, text) for name in ("role", "content", "reasoning_content")),
            ("tool_calls", pyarrow.list_(call)),
            ("tool_call_id", text),
        ]
    )
    columns = [(name, text) for name in ("id", "question_id", "model", "habit", "answer", "stop")]
    return pyarrow.schema(
        [*columns, ("score", pyarrow.float64()), ("messages", pyarrow.list_(message)), ("tools", text)]
    )
