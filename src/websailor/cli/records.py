"""Finding records that a command shows."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

from websailor.errors import UserError
from websailor.recipe import existing_file, nearest
from websailor.records import Question, Trajectory

RecordT = TypeVar("RecordT", Question, Trajectory)


def record_file(path: Path) -> Path:
    """`records.jsonl` of a stage directory, or the file itself."""
    return existing_file(path / "records.jsonl" if path.is_dir() else path, "file of records")


def pick(records: Iterable[RecordT], wanted: str | None, count: int, where: Path) -> Iterator[RecordT]:
    """The record with the id `wanted`, or the first `count` of them. Raises `UserError` with the nearest id."""
    if wanted is None:
        yield from islice(records, count)
        return
    ids: list[str] = []
    for record in records:
        if record.id == wanted:
            yield record
            return
        ids.append(record.id)
    raise UserError(f"{where}: no record '{wanted}'{nearest(wanted, ids[:2000])}" if ids else f"{where}: no records")
