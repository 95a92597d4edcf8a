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

from websailor.errors import ConfigChanged, UserError

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
