"""Read a run directory as far as it got.

Enters: `runs/<name>`. Leaves: typed records per stage; what is missing stays empty.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from websailor.errors import UserError
from websailor.files import read_json, read_jsonl
from websailor.records import Entity, Fact, Manifest, Question, Trajectory

RecordT = TypeVar("RecordT", bound=BaseModel)

STAGES = ("wiki", "graph", "questions", "trajectories", "sft", "control", "rl")
SYSTEMS = ("expert", "untrained", "sft", "control", "rl")
"""Order in tables and charts."""

MOST_READ = 100_000
"""Records read of one file at most: a page shows samples, counts come from the manifests."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run directory holds."""

    path: Path
    config: dict[str, Any]
    manifests: dict[str, Manifest]
    """Stage, or `evaluation/<system>`, -> manifest of the finished ones."""
    entities: dict[str, Entity] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    rejects: dict[str, Counter[str]] = field(default_factory=dict)
    """Stage -> reason -> count."""
    expert: list[Trajectory] = field(default_factory=list)
    """The trajectories the cold start learns from."""
    episodes: dict[str, list[Trajectory]] = field(default_factory=dict)
    """System -> its evaluated episodes."""
    metrics: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Stage -> rows of its metrics file."""


def read_manifests(path: Path) -> dict[str, Manifest]:
    """Stage, or `evaluation/<system>`, -> manifest of every finished one."""
    manifests: dict[str, Manifest] = {}
    for name in (*STAGES, *(f"evaluation/{system}" for system in SYSTEMS)):
        file = path / name / "manifest.json"
        if file.is_file():
            manifests[name] = Manifest.model_validate_json(file.read_text(encoding="utf-8"))
    return manifests


def read_run(path: Path) -> Run:
    """Read what is there. Raises `UserError` when `path` is no run directory at all."""
    if not path.is_dir():
        raise UserError(f"{path}: no such run directory: make one with `websailor run RECIPE`")
    manifests = read_manifests(path)
    if not any((path / stage).is_dir() for stage in (*STAGES, "evaluation")):
        raise UserError(f"{path}: holds no stage of a run (expected one of {', '.join(STAGES)})")
    return Run(
        path=path,
        config=read_json(path / "config.json") if (path / "config.json").is_file() else {},
        manifests=manifests,
        entities={entity.id: entity for entity in _records(path / "graph" / "entities.jsonl", Entity)},
        facts=list(_records(path / "graph" / "facts.jsonl", Fact)),
        questions=list(_records(path / "questions" / "records.jsonl", Question)),
        rejects={
            stage: counts
            for stage in STAGES
            if (counts := _reasons(path / stage / "rejects.jsonl", manifests.get(stage)))
        },
        expert=list(_records(path / "trajectories" / "records.jsonl", Trajectory)),
        episodes={
            system: episodes
            for system in SYSTEMS
            if (episodes := list(_records(path / "evaluation" / system / "records.jsonl", Trajectory)))
        },
        metrics={stage: rows for stage in STAGES if (rows := list(_rows(path / stage / "metrics.jsonl")))},
    )


def _records(path: Path, model: type[RecordT]) -> Iterable[RecordT]:
    return islice(read_jsonl(path, model), MOST_READ) if path.is_file() else ()


def _reasons(path: Path, manifest: Manifest | None) -> Counter[str]:
    """Rejects by reason: from the manifest where the stage finished, else from the file."""
    if manifest is not None:
        counted = {
            key.removeprefix("reject_"): int(value)
            for key, value in manifest.counts.items()
            if key.startswith("reject_")
        }
        if counted:
            return Counter(counted)
    return Counter(str(row.get("reason", "unknown")) for row in _rows(path))


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    """Rows of a JSONL file; a torn last line is left out."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n") and line.strip():
                yield json.loads(line)
