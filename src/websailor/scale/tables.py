"""Rows to a Parquet file, group by group.

Enters: rows as dictionaries and a schema. Leaves: the file, by way of a temporary one, so that what is there is whole.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websailor.errors import UserError
from websailor.files import replacing

if TYPE_CHECKING:
    import pyarrow

ROWS_PER_GROUP = 1000


def write_parquet(
    rows: Iterable[dict[str, Any]], schema: "Callable[[], pyarrow.Schema]", out: Path, records: Path
) -> int:
    """Write rows to `out`. Returns their number.

    `schema` is called once pyarrow is known to be there; `records` is named when there is no row. Raises `UserError`.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UserError("export needs pyarrow: pip install 'websailor[train]'") from error
    columns = schema()
    out.parent.mkdir(parents=True, exist_ok=True)
    left = iter(rows)
    written = 0
    # Opened here: pyarrow's own errors name no file.
    with replacing(out) as temporary, temporary.open("wb") as file, parquet.ParquetWriter(file, columns) as writer:
        while group := list(islice(left, ROWS_PER_GROUP)):
            writer.write_table(pyarrow.Table.from_pylist(group, schema=columns))
            written += len(group)
        if not written:
            raise UserError(f"{records}: no record to export")
    return written
