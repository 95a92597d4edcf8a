"""What an input is: hashes of bytes, so that nothing goes on from other data than it began with.

Enters: files and directories. Leaves: their content hashes. A stage directory is its resolved config and the data that
later stages read of it, byte by byte; its logs, metrics and times say nothing about what it is.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from websailor.errors import ConfigChanged, UserError
from websailor.records import Manifest, Output

DATA = {
    "wiki": ("pages.sqlite", "world.json", "facts.jsonl"),
    "graph": ("entities.jsonl", "facts.jsonl"),
    "questions": ("records.jsonl",),
    "trajectories": ("records.jsonl",),
    "evaluation": ("records.jsonl",),
    "sft": ("checkpoint",),
    "rl": ("checkpoint",),
}
"""What later stages read of a stage's directory, the most telling first."""
BESIDE = {"wiki": ("index",), "graph": ("possible.jsonl", "statistics.json")}
"""What follows from the data and is read with it."""
MADE_BY = {
    "wiki": "websailor wiki import",
    "graph": "websailor graph build",
    "questions": "websailor questions make",
    "trajectories": "websailor trajectories collect",
}
"""Input directories and the command that makes one."""

_UNTOUCHED_SECONDS = 2.0
"""A file written more recently may change again without its size and time telling so."""


def content_hash(path: Path) -> str:
    """Hash of what a file or directory holds. Files that lie untouched are read once in a process.

    Raises `UserError` when there is nothing at `path`.
    """
    if path.is_dir():
        return _directory_hash(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file or directory")
    found = path.stat()
    if time.time() - found.st_mtime < _UNTOUCHED_SECONDS:
        return _read_hash(path)
    return _remembered_hash(path.resolve(), found.st_size, found.st_mtime_ns, found.st_ino)


def stage_identity(directory: Path) -> dict[str, Any] | None:
    """What a stage directory's `config.json` says; None for a model folder, whose file of that name is another."""
    file = directory / "config.json"
    if not file.is_file():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return found if isinstance(found, dict) and {"stage", "config", "inputs"} <= found.keys() else None


def require_unchanged(directory: Path, inputs: Mapping[str, Path]) -> None:
    """Raise `ConfigChanged` when an input is no longer what the stage directory was made from; one that is gone is
    missed only where it is read."""
    before = stage_identity(directory)
    for name, digest in ({} if before is None else before["inputs"]).items():
        if name in inputs and inputs[name].exists() and content_hash(inputs[name]) != digest:
            raise ConfigChanged(changed_input(directory, name, inputs[name]))


def changed_input(directory: Path, name: str, path: Path) -> str:
    """The words for an input that is another now."""
    return (
        f"{directory} was made from another {name} than {path} holds now: put the former back, "
        f"choose another --out (or --name), or delete {directory} and what was made from it"
    )


def outputs_of(directory: Path, stage: str) -> dict[str, Output]:
    """What a stage left in its directory, checkpoints aside: their own format tells when they are damaged."""
    names = (name for name in (*DATA.get(stage, ()), *BESIDE.get(stage, ())) if name != "checkpoint")
    return {
        name: Output(size=_size(path), digest=content_hash(path))
        for name in names
        if (path := directory / name).exists()
    }


def require_whole(directory: Path, by_size: bool = False) -> None:
    """Raise `UserError` when what a finished stage left is not what its manifest says: cut off, changed, or gone.

    `by_size` looks at sizes alone, which takes no time. An unfinished stage, and one whose manifest says nothing of its
    data, passes.
    """
    file = directory / "manifest.json"
    if not file.is_file():
        return
    identity = stage_identity(directory)
    again = MADE_BY.get(identity["stage"] if identity else "", "the command that made it")
    try:
        manifest = Manifest.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise UserError(f"{file}: damaged: delete {directory} and run `{again}` again") from error
    if identity is None and (directory / "config.json").is_file():
        raise UserError(f"{directory / 'config.json'}: damaged: delete {directory} and run `{again}` again")
    for name, output in manifest.outputs.items():
        path = directory / name
        if not path.exists():
            fault = "is missing"
        elif (size := _size(path)) != output.size:
            fault = f"has {size:,} bytes instead of {output.size:,}"
        elif not by_size and content_hash(path) != output.digest:
            fault = "was changed"
        else:
            continue
        raise UserError(
            f"{path} {fault} since it was made: put the former back, or delete {directory} and run `{again}` again"
        )


def _size(path: Path) -> int:
    """Bytes of a file, or of all files of a directory."""
    return (
        path.stat().st_size
        if path.is_file()
        else sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    )


def _directory_hash(directory: Path) -> str:
    identity = stage_identity(directory)
    if identity is None:
        files = [child for child in sorted(directory.rglob("*")) if child.is_file()]
    else:
        named = (directory / name for name in ("config.json", *DATA.get(identity["stage"], ())))
        files = [path for path in named if path.exists()]
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        digest.update(str(file.relative_to(directory)).encode("utf-8", "surrogateescape"))
        digest.update(content_hash(file).encode())
    return digest.hexdigest()


@lru_cache(maxsize=4096)
def _remembered_hash(path: Path, size: int, modified: int, inode: int) -> str:
    del size, modified, inode  # the file that was read
    return _read_hash(path)


def _read_hash(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
