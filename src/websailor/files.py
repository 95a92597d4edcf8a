"""Typed JSONL, stage directories, manifests and resume.

A stage writes into one directory: `config.json` (resolved config and input hashes, written first), `records.jsonl` and
`rejects.jsonl` (appended as they finish), `metrics.jsonl`, `manifest.json` (written last: its presence means finished).
A directory of another config or other inputs is refused; an interrupted one resumes by record id. One process at a time
works in a directory.
"""

import fcntl
import json
import os
import platform
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from websailor.errors import ConfigChanged, NoSpace, UserError
from websailor.identity import (
    DATA,
    MADE_BY,
    content_hash,
    outputs_of,
    require_unchanged,
    require_whole,
    stage_identity,
)
from websailor.records import Manifest, Record, Reject

RecordT = TypeVar("RecordT", bound=BaseModel)

RECORDED_VERSIONS = ("websailor", "numpy", "tantivy", "torch", "transformers", "tokenizers")


BEGINNINGS = ("config.json", "log.txt", "records.jsonl", "rejects.jsonl", "metrics.jsonl")
"""What a stage directory holds before any work is done, the last three empty."""


class StageConfig(BaseModel):
    """Base of every stage's `Config`: immutable, unknown keys refused, fields documented by the string beneath them."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of every random choice in the stage."""


def read_jsonl(path: Path, model: type[RecordT]) -> Iterator[RecordT]:
    """Read records in file order. A torn last line (an interrupted append) is skipped; any other bad line raises
    `UserError`."""
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield model.model_validate_json(line)
            except ValidationError as error:
                if not line.endswith(b"\n"):
                    return
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"]) or "line"
                raise UserError(
                    f"{path}:{number}: not a {model.__name__}: {where}: {first['msg']}: correct or delete that line"
                ) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write meanwhile; at the end it takes the place of `path`, and when writing fails nothing of it stays."""
    temporary = path.with_name(path.name + ".part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_jsonl(path: Path, records: Iterator[BaseModel] | list[Any]) -> int:
    """Write records atomically. Returns how many."""
    count = 0
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(record.model_dump_json() + "\n")
            count += 1
    return count


def append_json(path: Path, row: Mapping[str, Any]) -> None:
    """Append one row to a JSONL file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def trim_jsonl(path: Path, keep: Callable[[dict[str, Any]], bool]) -> None:
    """Drop the rows that are not to be kept, and a torn last line; atomic. A missing file stays missing."""
    if not path.is_file():
        return
    with replacing(path) as temporary, path.open("rb") as before, temporary.open("wb") as after:
        for number, line in enumerate(before, 1):
            if line.endswith(b"\n") and keep(_row(path, number, line)):
                after.write(line)


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises `UserError` when it is missing or broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not JSON ({error}): delete it and run again") from error


def installed_versions() -> dict[str, str]:
    """Versions of the packages that decide results, and of Python."""
    found = {"python": platform.python_version()}
    for name in RECORDED_VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def require_space(path: Path, needed: int) -> None:
    """Raise `NoSpace` when the disk that holds `path` has less than `needed` bytes free."""
    free = shutil.disk_usage(path).free
    if free < needed:
        raise NoSpace(
            f"{path}: only {free / 1e6:.1f} MB free, about {needed / 1e6:.1f} MB needed: "
            "free some space and run the same command again"
        )


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Work in a directory alone. Raises `UserError` when another process does; what a killed process held is free."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                f"{directory}: another process is working here: wait for its end, or choose another --out (or --name)"
            ) from error
        yield
    finally:
        os.close(handle)


def holds_work(directory: Path) -> bool:
    """False for a stage directory that is absent, or whose run stopped before its first record, as at a wrong input."""
    return directory.is_dir() and any(
        file.is_dir() or file.name not in BEGINNINGS or (file.suffix == ".jsonl" and file.stat().st_size > 0)
        for file in directory.iterdir()
    )


class StageDirectory:
    """One stage's directory, open for writing. Use as a context manager.

    Opening checks the inputs, then `config.json`: absent, it is written; equal, the stage resumes; different,
    `ConfigChanged` is raised and nothing is touched, unless no work is in the directory yet. `done` holds the ids
    already in `records.jsonl` and `rejects.jsonl`, `counts` what all sittings together have written there:
    `records`, `rejects`, `reject_<reason>`.
    """

    def __init__(self, out: Path, stage: str, config: StageConfig, inputs: Mapping[str, Path]) -> None:
        self.path = out
        self.stage = stage
        self.config = config
        self.inputs = {name: content_hash(path) for name, path in sorted(inputs.items())}
        self._input_paths = dict(inputs)
        self._check_inputs(inputs)
        self.counts: Counter[str] = Counter()
        self.done: set[str] = set()
        self._started = time.monotonic()
        out.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opened:
            opened.enter_context(exclusive(out))
            self._check_identity()
            require_whole(out)
            _drop_torn_line(out / "metrics.jsonl")
            for name, counter in (("records.jsonl", "records"), ("rejects.jsonl", "rejects")):
                _drop_torn_line(out / name)
                if (out / name).is_file():
                    for row in _rows(out / name):
                        self.done.add(row.get("id", ""))
                        self.counts[counter] += 1
                        if counter == "rejects":
                            self.counts[f"reject_{row.get('reason')}"] += 1
            self._records, self._rejects = (
                opened.enter_context((out / name).open("a", encoding="utf-8"))
                for name in ("records.jsonl", "rejects.jsonl")
            )
            self._opened = opened.pop_all()

    def _check_inputs(self, inputs: Mapping[str, Path]) -> None:
        """Refuse an input of another stage, an unfinished one, and one that was made from other inputs than these."""
        for name, path in inputs.items():
            if name not in MADE_BY or not path.is_dir():
                if name in DATA and path.name == DATA[name][0]:
                    self._check_origin(path, stage_identity(path.parent), name, inputs)
                continue
            require_whole(path)
            file, command = DATA[name][0], MADE_BY[name]
            identity = stage_identity(path)
            if identity is None and (path / file).is_file():
                continue
            if identity is None or identity["stage"] != name:
                what = f"no {file}" if identity is None else f"but one of {identity['stage']}"
                raise UserError(f"{path}: not a {name} directory ({what}): make one with `{command}`")
            if not (path / "manifest.json").is_file():
                raise UserError(f"{path}: not finished: run `{command}` as before, it goes on where it stopped")
            self._check_origin(path, identity, name, inputs)

    def _check_origin(
        self, path: Path, identity: Mapping[str, Any] | None, name: str, inputs: Mapping[str, Path]
    ) -> None:
        """Refuse what was made from another wiki or graph than is given beside it."""
        for source, digest in {} if identity is None else identity["inputs"].items():
            if source in MADE_BY and source != name and self.inputs.get(source, digest) != digest:
                raise UserError(f"{path} was made from another {source} than {inputs[source]}: give that one")

    def _check_identity(self) -> None:
        identity = {"stage": self.stage, "config": self.config.model_dump(mode="json"), "inputs": self.inputs}
        file = self.path / "config.json"
        before = stage_identity(self.path)
        if before == identity:
            return
        if before is None and any((self.path / name).exists() for name in (*BEGINNINGS, "manifest.json")):
            raise UserError(f"{self.path}: holds something else than a {self.stage} run: choose another --out")
        if before is not None and holds_work(self.path):
            if (before["stage"], before["config"]) == (identity["stage"], identity["config"]):
                require_unchanged(self.path, self._input_paths)
            difference = _difference(before, identity)
            raise ConfigChanged(
                f"{self.path} holds a {before['stage']} run of another configuration ({difference}): "
                "choose another --out (or --name), or delete it"
            )
        write_json(file, identity)

    @property
    def finished(self) -> bool:
        """True when an earlier run with this very config completed."""
        return (self.path / "manifest.json").is_file()

    def append(self, record: Record) -> None:
        """Keep a record; it is on disk when this returns."""
        self._write(self._records, record)
        self.counts["records"] += 1

    def reject(self, reject: Reject) -> None:
        """Keep a refusal with its reason."""
        self._write(self._rejects, reject)
        self.counts["rejects"] += 1
        self.counts[f"reject_{reject.reason}"] += 1

    def _write(self, file: Any, record: Record) -> None:
        file.write(record.model_dump_json() + "\n")
        file.flush()
        self.done.add(getattr(record, "id", ""))

    def finish(self, **counts: float) -> Manifest:
        """Write the manifest: the stage is complete."""
        manifest = Manifest(
            stage=self.stage,
            config=self.config.model_dump(mode="json"),
            inputs=self.inputs,
            versions=installed_versions(),
            seed=self.config.seed,
            counts={**self.counts, **counts},
            seconds=round(time.monotonic() - self._started, 3),
            outputs=outputs_of(self.path, self.stage),
        )
        write_json(self.path / "manifest.json", manifest.model_dump(mode="json"))
        return manifest

    def manifest(self) -> Manifest:
        """The manifest of a finished stage."""
        return Manifest.model_validate_json((self.path / "manifest.json").read_text(encoding="utf-8"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    """Every line of a stage's records."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            yield _row(file, number, line)


def _row(file: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise UserError(f"{file}:{number}: damaged: delete that line and run the same command again") from error
    if not isinstance(found, dict):
        raise UserError(f"{file}:{number}: damaged (no record): delete that line and run the same command again")
    return found


def _drop_torn_line(file: Path) -> None:
    """Cut an unfinished last line that a killed run left."""
    if not file.is_file() or file.stat().st_size == 0:
        return
    with file.open("rb+") as handle:
        handle.seek(-1, os.SEEK_END)
        if handle.read(1) == b"\n":
            return
        position = handle.tell()
        while position > 0:
            step = min(4096, position)
            handle.seek(position - step)
            newline = handle.read(step).rfind(b"\n")
            if newline >= 0:
                handle.truncate(position - step + newline + 1)
                return
            position -= step
        handle.truncate(0)


def _difference(before: dict[str, Any], after: dict[str, Any]) -> str:
    for part in ("stage", "config", "inputs"):
        old, new = before.get(part), after[part]
        if old == new:
            continue
        if not isinstance(old, dict) or not isinstance(new, dict):
            return f"{part} {old!r}, now {new!r}"
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                return f"{part[:-1] if part == 'inputs' else part} {key}: {old.get(key)!r}, now {new.get(key)!r}"
    return "unknown difference"
