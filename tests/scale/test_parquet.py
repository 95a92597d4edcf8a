"""Exported rows are what datasets and TRL read, and render to exactly the text that is trained on."""

import json
from pathlib import Path

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from websailor.errors import UserError
from websailor.files import write_jsonl
from websailor.models.protocol import answer_turn, call_turn
from websailor.models.tokens import CHAT_TEMPLATE, render
from websailor.records import Message, Score, StopReason, Trajectory
from websailor.scale.parquet import chat_message, export_parquet

MESSAGES = (
    Message(role="system", content="Find the answer."),
    Message(role="user", content='Which "company" did Šolak found?'),
    Message(role="assistant", content=call_turn("Need the company.", "search", {"query": ["founded by Šolak"]})),
    Message(role="tool", content="1. Melik Works: founded by Šolak"),
    Message(role="assistant", content="no call at all"),
    Message(role="user", content="Nothing to do: after the thought write one call."),
    Message(role="assistant", content=call_turn("Check.", "visit", {"url": ["Melik Works"], "goal": "founder"})),
    Message(role="tool", content="founded by: Šolak"),
    Message(role="assistant", content=answer_turn("Yes.", "Melik Works")),
)


def trajectory(number: int) -> Trajectory:
    return Trajectory(
        id=f"q{number}/0",
        question_id=f"q{number}",
        model="expert",
        seed=0,
        messages=MESSAGES,
        steps=(),
        answer="Melik Works",
        stop=StopReason.ANSWER,
        score=Score(value=1.0, reason="match", judge="exact"),
        habit="careful",
    )


def test_datasets_reads_the_file(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    write_jsonl(tmp_path / "records.jsonl", [trajectory(number) for number in range(3)])
    assert export_parquet(tmp_path / "records.jsonl", tmp_path / "out.parquet") == 3
    rows = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "out.parquet"), split="train", cache_dir=str(tmp_path / "cache")
    )
    row = rows[2]
    assert (row["id"], row["score"], row["habit"]) == ("q2/0", 1.0, "careful")
    assert [tool["function"]["name"] for tool in json.loads(row["tools"])] == ["search", "visit"]
    assert row["messages"] == [chat_message(message) for message in MESSAGES]
    assert render_chat(row["messages"]) == render(MESSAGES)


def test_turns_are_structured_and_broken_ones_kept() -> None:
    turn = chat_message(MESSAGES[2])
    assert turn["reasoning_content"] == "Need the company."
    (call,) = turn["tool_calls"]
    assert call["function"]["name"] == "search"
    assert json.loads(call["function"]["arguments"]) == {"query": ["founded by Šolak"]}
    assert chat_message(MESSAGES[4]) == {
        "role": "assistant",
        "content": "no call at all",
        "reasoning_content": None,
        "tool_calls": None,
    }
    assert chat_message(MESSAGES[-1])["content"] == "<answer>Melik Works</answer>"


def test_nothing_to_export(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text("")
    with pytest.raises(UserError, match="no record to export"):
        export_parquet(tmp_path / "records.jsonl", tmp_path / "out.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["records.jsonl"]


def render_chat(messages: list[dict[str, object]]) -> str:
    """The checkpoint's chat template, in the environment that transformers uses, without its generation tags."""
    source = CHAT_TEMPLATE
    for tag in ("{%- generation -%}", "{%- endgeneration -%}"):
        source = source.replace(tag, "")
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(source).render(messages=messages, add_generation_prompt=False)
