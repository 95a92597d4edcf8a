"""Trajectories as Parquet for `datasets` and TRL.

Enters: a file of trajectories. Leaves: one row per trajectory with `messages` (a turn's thought in `reasoning_content`,
its call in `tool_calls`), `tools` (the function schemas as JSON text, which TRL decodes) and columns to filter by. A
turn that broke the format keeps its raw text. The system message is the one the agent saw, and the chat template of our
checkpoints renders a row to exactly the text that was trained on.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websailor.files import read_jsonl
from websailor.models.protocol import read_turn
from websailor.records import Message, Trajectory
from websailor.scale.tables import write_parquet
from websailor.tools.search import SEARCH
from websailor.tools.visit import VISIT

if TYPE_CHECKING:
    import pyarrow


def export_parquet(records: Path, out: Path) -> int:
    """Write `out` (by way of a temporary file) from a JSONL file of trajectories. Returns the number of rows.

    Raises `UserError` when there is no trajectory, or when pyarrow is not installed.
    """
    return write_parquet((row(one) for one in read_jsonl(records, Trajectory)), _schema, out, records)


def row(trajectory: Trajectory) -> dict[str, Any]:
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
        "tools": json.dumps([_function(spec.name, spec.description, spec.parameters) for spec in (SEARCH, VISIT)]),
    }


def chat_message(message: Message) -> dict[str, Any]:
    """A message as the chat templates of the field take it."""
    plain = {"role": message.role, "content": message.content, "reasoning_content": None, "tool_calls": None}
    if message.role != "assistant":
        return plain
    turn = read_turn(message)
    if turn.error is not None:
        return plain
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in turn.calls
    ]
    content = "" if turn.answer is None else f"<answer>{turn.answer}</answer>"
    return {"role": "assistant", "content": content, "reasoning_content": turn.thought, "tool_calls": calls or None}


def _function(name: str, description: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def _schema() -> "pyarrow.Schema":
    import pyarrow

    text = pyarrow.string()
    call = pyarrow.struct(
        [("id", text), ("type", text), ("function", pyarrow.struct([("name", text), ("arguments", text)]))]
    )
    message = pyarrow.struct(
        [("role", text), ("content", text), ("reasoning_content", text), ("tool_calls", pyarrow.list_(call))]
    )
    columns = [(name, text) for name in ("id", "question_id", "model", "habit", "answer", "stop")]
    return pyarrow.schema(
        [*columns, ("score", pyarrow.float64()), ("messages", pyarrow.list_(message)), ("tools", text)]
    )
