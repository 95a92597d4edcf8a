"""A stage directory: what it refuses, what it forgives, who may work in it."""

import json
import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from pydantic import ValidationError

from websailor.errors import ConfigChanged, UserError
from websailor.files import (
    StageConfig,
    StageDirectory,
    append_json,
    exclusive,
    read_jsonl,
    replacing,
    trim_jsonl,
    write_json,
)
from websailor.identity import content_hash, require_whole
from websailor.records import Reject

A, B = Reject(id="a", reason="r", detail="1"), Reject(id="b", reason="r", detail="2")


class Config(StageConfig):
    rate: float = 0.5


def finished(path: Path, stage: str, inputs: dict[str, Path] | None = None, seed: int = 0) -> Path:
    with StageDirectory(path, stage, Config(seed=seed), inputs or {}) as directory:
        directory.finish()
    return path


@pytest.mark.parametrize("settings", [{"rate": "nan"}, {"rate": "inf"}, {"seed": -1}, {"seed": 2**40}])
def test_numbers_that_no_stage_can_use_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate(settings)


@pytest.mark.parametrize(
    "line",
    [b'{"id": "x"}\n', b"\n", b"\x00\xff\xfe garbage\n", b"[1]\n", b'"text"\n', b'{"id": "x", "reason'],
    ids=repr,
)
def test_a_bad_line_is_named_and_a_torn_last_one_skipped(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "records.jsonl"
    good = A.model_dump_json().encode() + b"\n"
    file.write_bytes(good + line.removesuffix(b"\n"))
    assert list(read_jsonl(file, Reject)) == [A]
    file.write_bytes(good + line.removesuffix(b"\n") + b"\n" + good)
    with pytest.raises(UserError, match=r"records\.jsonl:2: not a Reject: .*: correct or delete that line"):
        list(read_jsonl(file, Reject))


@pytest.mark.parametrize("line", [b"{", b"\xff\xfe", b"[1]", b"3"], ids=repr)
def test_a_damaged_line_stops_a_resume_and_nothing_is_lost(tmp_path: Path, line: bytes) -> None:
    with StageDirectory(tmp_path, "graph", Config(), {}) as directory:
        directory.append(A)
    file = tmp_path / "records.jsonl"
    file.write_bytes(line + b"\n" + file.read_bytes())
    before = file.read_bytes()
    with pytest.raises(UserError, match=r"records\.jsonl:1: damaged.*: delete that line and run"):
        StageDirectory(tmp_path, "graph", Config(), {})
    assert file.read_bytes() == before


def test_a_torn_last_line_goes_and_its_record_comes_again(tmp_path: Path) -> None:
    with StageDirectory(tmp_path, "graph", Config(), {}) as directory:
        directory.append(A)
    with (tmp_path / "records.jsonl").open("ab") as file:
        file.write(B.model_dump_json().encode()[:9])
    with StageDirectory(tmp_path, "graph", Config(), {}) as directory:
        assert directory.done == {"a"}
        directory.append(B)
    assert list(read_jsonl(tmp_path / "records.jsonl", Reject)) == [A, B]


def test_refusals_are_counted_over_all_sittings(tmp_path: Path) -> None:
    with StageDirectory(tmp_path, "graph", Config(), {}) as directory:
        directory.reject(A)
        directory.append(Reject(id="c", reason="no", detail=""))
    with StageDirectory(tmp_path, "graph", Config(), {}) as directory:
        directory.reject(B)
        directory.reject(Reject(id="d", reason="other", detail=""))
        counts = directory.finish().counts
    assert counts == {"records": 1, "rejects": 3, "reject_r": 2, "reject_other": 1}


def test_a_directory_without_work_takes_another_config_and_one_with_work_does_not(tmp_path: Path) -> None:
    with StageDirectory(tmp_path, "graph", Config(seed=1), {}):
        pass
    with StageDirectory(tmp_path, "graph", Config(seed=2), {}) as directory:
        directory.reject(A)
    with pytest.raises(ConfigChanged, match="config seed: 2, now 3"):
        StageDirectory(tmp_path, "graph", Config(seed=3), {})


def test_files_of_someone_else_are_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text("mine, without a newline")
    with pytest.raises(UserError, match="holds something else than a graph run: choose another --out"):
        StageDirectory(tmp_path, "graph", Config(), {})
    assert (tmp_path / "records.jsonl").read_text() == "mine, without a newline"


def test_wrong_inputs_are_refused_before_the_directory_is_made(tmp_path: Path) -> None:
    wiki, other = finished(tmp_path / "wiki", "wiki"), finished(tmp_path / "other", "wiki", seed=1)
    graph = finished(tmp_path / "graph", "graph", {"wiki": wiki})
    with StageDirectory(tmp_path / "half", "graph", Config(), {"wiki": wiki}):
        pass
    (tmp_path / "empty").mkdir()
    for given, message in (
        ({"wiki": wiki, "graph": wiki}, r"wiki: not a graph directory .*`websailor graph build`"),
        ({"wiki": wiki, "graph": tmp_path / "empty"}, r"empty: not a graph directory .*`websailor graph build`"),
        ({"wiki": wiki, "graph": tmp_path / "half"}, r"half: not finished: run `websailor graph build` as before"),
        ({"wiki": other, "graph": graph}, r"graph was made from another wiki than .*other: give that one"),
    ):
        with pytest.raises(UserError, match=message):
            StageDirectory(tmp_path / "out", "questions", Config(), given)
    assert not (tmp_path / "out").exists()
    finished(tmp_path / "out", "questions", {"wiki": wiki, "graph": graph})


def made(path: Path, record: Reject) -> Path:
    """A finished questions directory of one record."""
    with StageDirectory(path, "questions", Config(), {}) as directory:
        directory.append(record)
        directory.finish()
    return path


def test_a_run_does_not_go_on_from_changed_inputs(tmp_path: Path) -> None:
    questions, again = made(tmp_path / "questions", A), made(tmp_path / "again", B)
    with StageDirectory(tmp_path / "out", "trajectories", Config(), {"questions": questions}) as directory:
        directory.append(A)
    with pytest.raises(ConfigChanged, match=r"out was made from another questions than .*again holds now"):
        StageDirectory(tmp_path / "out", "trajectories", Config(), {"questions": again})
    for file, text in (("log.txt", "seen"), ("metrics.jsonl", "{}"), ("rejects.jsonl", "{}")):
        (questions / file).write_text(text)
    manifest = questions / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "seconds": 7.5}))
    with StageDirectory(tmp_path / "out", "trajectories", Config(), {"questions": questions}) as directory:
        assert directory.done == {"a"}


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("records.jsonl", lambda text: text[: len(text) // 2], r"records.jsonl has 25 bytes instead of 51 since it"),
        ("records.jsonl", lambda text: text.replace("1", "2"), r"records.jsonl was changed since it was made"),
        ("records.jsonl", None, r"records.jsonl is missing since it was made"),
        ("manifest.json", lambda text: text[: len(text) // 2], r"manifest.json: damaged: delete .* and run `websailor"),
        ("config.json", lambda text: text[: len(text) // 2], r"config.json: damaged: delete .* and run"),
    ],
)
def test_a_damaged_stage_is_refused(tmp_path: Path, file: str, change: Callable[[str], str] | None, words: str) -> None:
    """By whoever reads it, and by the command that made it, which else would take it for finished."""
    questions = made(tmp_path / "questions", A)
    damaged = questions / file
    text = damaged.read_text()
    damaged.unlink()
    if change is not None:
        damaged.write_text(change(text))
    with pytest.raises(UserError, match=words):
        StageDirectory(tmp_path / "out", "trajectories", Config(), {"questions": questions})
    if file != "config.json":
        with pytest.raises(UserError, match=words):
            StageDirectory(questions, "questions", Config(), {})
    damaged.write_text(text)
    with StageDirectory(questions, "questions", Config(), {}) as directory:
        assert directory.finished and directory.done == {"a"}


def test_sizes_tell_of_a_cut_and_not_of_a_change(tmp_path: Path) -> None:
    questions = made(tmp_path / "questions", A)
    records = questions / "records.jsonl"
    records.write_text(records.read_text().replace("1", "2"))
    require_whole(questions, by_size=True)
    with pytest.raises(UserError, match="was changed"):
        require_whole(questions)
    records.write_text("")
    with pytest.raises(UserError, match="has 0 bytes"):
        require_whole(questions, by_size=True)


def test_an_untouched_file_is_read_once_and_a_changed_one_again(tmp_path: Path) -> None:
    file, other = tmp_path / "model.safetensors", tmp_path / "other"
    file.write_bytes(b"one")
    first = content_hash(file)
    file.write_bytes(b"two")
    assert content_hash(file) != first, "written a moment ago: size and time may be the same"
    os.utime(file, (1e9, 1e9))
    second = content_hash(file)
    file.write_bytes(b"six")
    os.utime(file, (1e9, 1e9))
    assert content_hash(file) == second, "nothing tells that it has changed: it is not read again"
    os.utime(file, (1e9, 1e9 + 1))
    assert content_hash(file) not in (first, second)
    other.mkdir()
    file.rename(other / "model.safetensors")
    assert content_hash(other) != content_hash(other / "model.safetensors")


def hold(path: Path, connection: Connection) -> None:
    with exclusive(path):
        connection.send("held")
        connection.recv()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=hold, args=(tmp_path, there))
    process.start()
    assert here.recv() == "held"
    with pytest.raises(UserError, match="another process is working here"):
        StageDirectory(tmp_path, "graph", Config(), {})
    assert not list(tmp_path.iterdir())
    process.kill()
    process.join()
    with StageDirectory(tmp_path, "graph", Config(), {}) as directory:
        directory.append(A)
    assert json.loads((tmp_path / "records.jsonl").read_text())["id"] == "a"


def test_trimming_keeps_what_is_to_be_kept_and_drops_a_torn_line(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    trim_jsonl(file, lambda _: True)
    assert not file.exists()
    for step in (1, 2, 3):
        append_json(file, {"step": step})
    with file.open("a", encoding="utf-8") as handle:
        handle.write('{"step": 4')
    trim_jsonl(file, lambda row: row["step"] <= 2)
    assert [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] == [{"step": 1}, {"step": 2}]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_json(file, 1)
    with pytest.raises(TypeError):
        write_json(file, {"x": object()})
    with pytest.raises(KeyboardInterrupt), replacing(file) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert file.read_text() == "1\n"


def test_trimming_keeps_all_when_a_line_is_damaged(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    file.write_bytes(b'{"step": 1}\n{"step": 2}\n{"st')
    trim_jsonl(file, lambda row: row["step"] < 2)
    assert file.read_bytes() == b'{"step": 1}\n'
    file.write_bytes(before := b'{"step": 1}\n\xff\n{"step": 2}\n')
    with pytest.raises(UserError, match=r"metrics\.jsonl:2: damaged"):
        trim_jsonl(file, lambda row: row["step"] < 2)
    assert file.read_bytes() == before
