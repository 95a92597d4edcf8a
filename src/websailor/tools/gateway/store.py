"""The store of results: one SQLite file in WAL mode, safe for many processes.

Enters: tool, provider, arguments and what came of the call. Leaves: the same value again, byte for byte. The key is the
SHA-256 of (tool, provider, canonical arguments); credentials are never part of arguments, so never of a key. The
provider `*` stands for what the gateway made of a call after all providers: that is what a replay gives.
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import zstandard

from websailor.errors import UserError

OUTCOME = "*"
_SCHEMA = """
create table if not exists results (
    key text primary key, tool text not null, provider text not null, arguments text not null,
    value blob not null, stored real not null
) without rowid
"""


def canonical(arguments: Mapping[str, Any]) -> str:
    """JSON that is the same for the same arguments."""
    return json.dumps(arguments, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def key(tool: str, provider: str, arguments: Mapping[str, Any]) -> str:
    """SHA-256 of (tool, provider, canonical arguments), in hexadecimal."""
    return hashlib.sha256("\0".join((tool, provider, canonical(arguments))).encode()).hexdigest()


class Store:
    """Open or create a store. Raises `UserError` when the file is none or cannot be written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=60, check_same_thread=False, isolation_level=None)
            self._connection.execute("pragma journal_mode=wal")
            self._connection.execute("pragma synchronous=normal")
            self._connection.execute(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise UserError(
                f"{path}: cannot be used as the store of web results ({error}): name another file"
            ) from error
        self._pack = zstandard.ZstdCompressor(level=3)
        self._unpack = zstandard.ZstdDecompressor()

    def get(self, tool: str, provider: str, arguments: Mapping[str, Any], age: float | None = None) -> Any:
        """The stored value; None where there is none, or none younger than `age` seconds."""
        row = self._connection.execute(
            "select value, stored from results where key = ?", (key(tool, provider, arguments),)
        ).fetchone()
        if row is None or (age is not None and time.time() - row[1] >= age):
            return None
        return json.loads(self._unpack.decompress(row[0]))

    def put(self, tool: str, provider: str, arguments: Mapping[str, Any], value: Any) -> None:
        """Keep a value; an older one is replaced."""
        blob = self._pack.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
        self._connection.execute(
            "insert or replace into results values (?, ?, ?, ?, ?, ?)",
            (key(tool, provider, arguments), tool, provider, canonical(arguments), blob, time.time()),
        )

    def __len__(self) -> int:
        return self._connection.execute("select count(*) from results").fetchone()[0]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
