"""Questions as Parquet: every row loads back, and the query in it is the query."""

import json
from pathlib import Path

import pytest

from toy_questions import question
from websailor.cli.publish import holds_questions
from websailor.errors import UserError
from websailor.files import write_jsonl
from websailor.records import Pattern
from websailor.scale.questions import export_questions


def test_datasets_loads_what_was_exported(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    asked = [question(f"q{number}") for number in range(3)]
    write_jsonl(tmp_path / "records.jsonl", asked)
    assert holds_questions(tmp_path / "records.jsonl")
    assert export_questions(tmp_path / "records.jsonl", tmp_path / "q.parquet") == 3
    rows = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "q.parquet"), split="train", cache_dir=str(tmp_path)
    )
    assert [row["id"] for row in rows] == [one.id for one in asked]
    first, record = rows[0], asked[0]
    assert Pattern.model_validate(json.loads(first["pattern"])) == record.pattern
    assert first["frontier"] == record.uncertainty.frontier
    assert [clue["text"] for clue in first["clues"]] == [clue.text for clue in record.clues]


def test_nothing_to_export(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="no record"):
        export_questions(tmp_path / "records.jsonl", tmp_path / "q.parquet")
    assert not (tmp_path / "q.parquet").exists()
