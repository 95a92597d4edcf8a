"""Typed JSONL, stage directories, manifests and resume.

A stage writes into one directory: `config.json` (resolved config and input hashes, written first), `records.jsonl` and
`rejects.jsonl` (appended as they finish), `metrics.jsonl`, `manifest.json` (written last: its presence means finished).
A directory of another config or other inputs is refused; an interrupted one resumes by record id.
"""

import hashlib
import json
import os
import platform
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from websailor.errors import ConfigChanged, UserError
from websailor.records import Manifest, Record, Reject

RecordT = TypeVar("RecordT", bound=BaseModel)

RECORDED_VERSIONS = ("websailor", "numpy", "tantivy", "torch", "transformers", "tokenizers")


class StageConfig(BaseModel):
    """Base of every stage's `Config`: immutable, unknown keys refused, fields documented by the string beneath them."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    seed: int = 0
    """Seed of every random choice in the stage."""


def read_jsonl(path: Path, model: type[RecordT]) -> Iterator[RecordT]:
    """Read records in file order. A torn last line (an interrupted append) is skipped; any other bad line raises
    `UserError`."""
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                yield model.model_validate_json(line)
            except ValidationError as error:
                if not line.endswith("\n"):
                    return
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"]) or "line"
                raise UserError(f"{path}:{number}: not a {model.__name__}: {where}: {first['msg']}") from error


def write_jsonl(path: Path, records: Iterator[BaseModel] | list[Any]) -> int:
    """Write records atomically (a temporary file beside it, then a rename). Returns how many."""
    temporary = path.with_name(path.name + ".part")
    count = 0
    with temporary.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(record.model_dump_json() + "\n")
            count += 1
    temporary.replace(path)
    return count


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises `UserError` when it is missing or broken."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not JSON ({error}): delete it and run again") from error


def content_hash(path: Path) -> str:
    """Hash of what a file or directory holds. A stage directory is identified by its config and inputs, not by every
    byte."""
    digest = hashlib.blake2b(digest_size=16)
    if path.is_dir():
        identity = path / "config.json"
        if _is_identity(identity):
            return content_hash(identity)
        for child in sorted(path.rglob("*")):
            if child.is_file():
                digest.update(str(child.relative_to(path)).encode())
                digest.update(content_hash(child).encode())
        return digest.hexdigest()
    if not path.is_file():
        raise UserError(f"{path}: no such file or directory")
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _is_identity(file: Path) -> bool:
    """True for a stage's `config.json`; a model folder has a file of that name too, which says nothing of the
    weights."""
    if not file.is_file():
        return False
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        return False
    return isinstance(found, dict) and {"stage", "config", "inputs"} <= found.keys()


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
    """Raise `UserError` when the disk that holds `path` has less than `needed` bytes free."""
    free = shutil.disk_usage(path).free
    if free < needed:
        raise UserError(
            f"{path}: only {free / 1e6:.0f} MB free, about {needed / 1e6:.0f} MB needed: "
            "free some space and run the same command again"
        )


class StageDirectory:
    """One stage's directory, open for writing. Use as a context manager.

    Opening checks `config.json`: absent, it is written; equal, the stage resumes; different, `ConfigChanged` is
    raised and nothing is touched. `done` holds the ids already in `records.jsonl` and `rejects.jsonl`.
    """

    def __init__(self, out: Path, stage: str, config: StageConfig, inputs: Mapping[str, Path]) -> None:
        self.path = out
        self.stage = stage
        self.config = config
        self.inputs = {name: content_hash(path) for name, path in sorted(inputs.items())}
        self.counts: Counter[str] = Counter()
        self.done: set[str] = set()
        self._started = time.monotonic()
        out.mkdir(parents=True, exist_ok=True)
        self._check_identity()
        for name in ("records.jsonl", "rejects.jsonl", "metrics.jsonl"):
            _drop_torn_line(out / name)
        for name, counter in (("records.jsonl", "records"), ("rejects.jsonl", "rejects")):
            file = out / name
            if file.is_file():
                with file.open(encoding="utf-8") as lines:
                    for line in lines:
                        self.done.add(json.loads(line).get("id", ""))
                        self.counts[counter] += 1
        self._records = (out / "records.jsonl").open("a", encoding="utf-8")
        self._rejects = (out / "rejects.jsonl").open("a", encoding="utf-8")
        self._metrics = (out / "metrics.jsonl").open("a", encoding="utf-8")

    def _check_identity(self) -> None:
        identity = {"stage": self.stage, "config": self.config.model_dump(mode="json"), "inputs": self.inputs}
        file = self.path / "config.json"
        if not file.is_file():
            write_json(file, identity)
            return
        try:
            before = json.loads(file.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise UserError(f"{file}: not JSON ({error}): delete {self.path} or choose another --out") from error
        if before != identity:
            raise ConfigChanged(
                f"{self.path} holds a {before.get('stage')} run of another configuration "
                f"({_difference(before, identity)}): choose another --out (or --name), or delete it"
            )

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

    def metric(self, **values: float | int | str) -> None:
        """Append one row to `metrics.jsonl`."""
        self._metrics.write(json.dumps(values) + "\n")
        self._metrics.flush()

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
        )
        write_json(self.path / "manifest.json", manifest.model_dump(mode="json"))
        return manifest

    def manifest(self) -> Manifest:
        """The manifest of a finished stage."""
        return Manifest.model_validate_json((self.path / "manifest.json").read_text(encoding="utf-8"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self._records, self._rejects, self._metrics):
            file.close()


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
