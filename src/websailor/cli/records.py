"""Finding records that a command shows.

Enters: a stage directory or a file, and perhaps an id. Leaves: the first records, or the one asked for.
"""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from websailor.errors import UserError
from websailor.identity import require_whole
from websailor.recipe import existing_file, nearest
from websailor.records import Question, Trajectory

RecordT = TypeVar("RecordT", Question, Trajectory)


def record_file(path: Path) -> Path:
    """`records.jsonl` of a stage directory, or the file itself. Raises `UserError` where a finished directory does not
    hold what it was made with.
    """
    if path.is_dir():
        require_whole(path)
    return existing_file(path / "records.jsonl" if path.is_dir() else path, "file of records")


def pick(records: Iterator[RecordT], wanted: str | None, count: int, where: Path) -> Iterator[RecordT]:
    """The record with the id `wanted`, or the first `count` of them.

    Raises `UserError` with the nearest id, or when there is no record at all.
    """
    if count < 1:
        raise UserError(f"--count {count}: at least 1")
    if wanted is None:
        first = list(islice(records, 1))
        if not first:
            raise UserError(f"{where}: no record in it")
        yield from chain(first, islice(records, count - 1))
        return
    ids: list[str] = []
    for record in records:
        if record.id == wanted:
            yield record
            return
        ids.append(record.id)
    if not ids:
        raise UserError(f"{where}: no record in it")
    raise UserError(f"{where}: no record '{wanted}'{nearest(wanted, ids[:2000])}")
