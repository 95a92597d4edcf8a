"""Exported rows are what datasets and TRL read, and render to exactly the text that is trained on."""

import json
from pathlib import Path

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from websailor.errors import UserError
from websailor.files import StageDirectory, write_jsonl
from websailor.models.protocol import answer_turn, call_turn
from websailor.models.tokens import CHAT_TEMPLATE, render
from websailor.records import Message, Score, StopReason, ToolCall, Trajectory
from websailor.scale.parquet import chat_message, export_parquet
from websailor.trajectories import Config

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
        "tool_call_id": None,
    }
    assert chat_message(MESSAGES[-1])["content"] == "<answer>Melik Works</answer>"


def native(arguments: str, name: str = "search", id: str = "call_1") -> Message:
    call = ToolCall(id=id, name=name, arguments=arguments)
    return Message(role="assistant", content="", reasoning="Need the company.", tool_calls=(call,))


NATIVE = (
    *MESSAGES[:2],
    native('{"query":["founded by \\u0160olak"]}'),
    Message(role="tool", content="1. Melik Works: founded by Šolak", tool_call_id="call_1"),
    native('{"query": ["founded', id="call_2"),
    Message(role="tool", content="The arguments are not JSON.", tool_call_id="call_2"),
    Message(role="assistant", content="Melik Works", reasoning="Yes."),
)


def test_native_calls_come_out_like_those_in_the_text() -> None:
    rows = [chat_message(message) for message in NATIVE]
    assert render_chat(rows) == render(NATIVE)
    (call,) = rows[2]["tool_calls"]
    assert (call["id"], rows[3]["tool_call_id"]) == ("call_1", "call_1")
    assert call["function"]["arguments"] == '{"query": ["founded by Šolak"]}'
    assert rows[2]["reasoning_content"] == "Need the company."
    in_text = chat_message(MESSAGES[2])
    assert {**rows[2], "tool_calls": None} == {**in_text, "tool_calls": None}
    assert call["function"] == in_text["tool_calls"][0]["function"]


def test_a_native_turn_that_broke_the_format_keeps_its_calls() -> None:
    calls = tuple(ToolCall(id=str(number), name="search", arguments="{}") for number in range(2))
    broken = Message(role="assistant", content="", reasoning="Both.", tool_calls=calls)
    row = chat_message(broken)
    assert (row["reasoning_content"], [call["id"] for call in row["tool_calls"]]) == ("Both.", ["0", "1"])
    assert render_chat([row]) == render([broken])


def test_the_tools_are_those_of_the_stage(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet")
    config = Config.model_validate({"tools": {"tools": ("search", "google_scholar", "PythonInterpreter")}})
    with StageDirectory(tmp_path / "out", "trajectories", config, {}) as directory:
        directory.append(trajectory(0))
    export_parquet(tmp_path / "out" / "records.jsonl", tmp_path / "out.parquet")
    (row,) = pyarrow.read_table(tmp_path / "out.parquet").to_pylist()
    names = [tool["function"]["name"] for tool in json.loads(row["tools"])]
    assert names == ["search", "google_scholar", "PythonInterpreter"]


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
