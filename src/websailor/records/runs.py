"""What a stage refuses, and what a finished one was made of."""

from typing import Any

from pydantic import Field

from websailor.records.base import Record


class Reject(Record):
    """Something a stage refused to keep, with the reason."""

    id: str
    reason: str
    """A short stable name for counting: `not_unique`."""
    detail: str = ""
    record: dict[str, Any] | None = None


class Output(Record):
    """What a finished stage left under one name, so that whoever reads it later sees whether all of it is there."""

    size: int
    """Bytes; of a directory those of all its files."""
    digest: str
    """Content hash."""


class Manifest(Record):
    """What a finished stage was made of; enough to repeat it."""

    stage: str
    config: dict[str, Any]
    inputs: dict[str, str]
    """Name -> content hash."""
    versions: dict[str, str]
    seed: int
    counts: dict[str, float]
    seconds: float
    outputs: dict[str, Output] = Field(default_factory=dict)
    """Name -> the data that later stages read."""
