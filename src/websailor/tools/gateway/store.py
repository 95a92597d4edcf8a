"""The store of results: one SQLite file in WAL mode, safe for many processes.

Enters: tool, provider, arguments and what came of the call. Leaves: the same value again, byte for byte. The key is the
SHA-256 of (tool, provider, canonical arguments); credentials are never part of arguments, so never of a key. The
provider `*` stands for what the gateway made of a call after all providers: that is what a replay gives.
"""

import hashlib
import json
import logging
import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import zstandard

from websailor.errors import UserError

log = logging.getLogger(__name__)

OUTCOME = "*"
BUSY_SECONDS = 20.0
"""How long another process may keep the file."""
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
    """Open or create a store; with `written=False` one that is there and stays as it is: it may lie where nothing
    can be written. Raises `UserError` when the file is none or cannot be used so."""

    def __init__(self, path: Path, written: bool = True) -> None:
        self.path = path
        self._full = self._broken = False
        try:
            if written:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._connection = _connected(path)
                _in_wal_mode(self._connection)
                self._connection.execute("pragma synchronous=normal")
                self._connection.execute(_SCHEMA)
            elif not path.is_file():
                raise UserError(f"{path}: there is no recording: make one with mode record, or name another file")
            else:
                self._connection = _connected_to_read(path)
        except (sqlite3.Error, OSError) as error:
            raise UserError(
                f"{path}: cannot be used as the store of web results ({error}): name another file"
            ) from error
        self._pack = zstandard.ZstdCompressor(level=3)
        self._unpack = zstandard.ZstdDecompressor()

    def get(self, tool: str, provider: str, arguments: Mapping[str, Any], age: float | None = None) -> Any:
        """The stored value, an object; None where there is none, or none younger than `age` seconds. Raises
        `UserError` where it is damaged."""
        try:
            row = self._connection.execute(
                "select value, stored from results where key = ?", (key(tool, provider, arguments),)
            ).fetchone()
            if row is None or (age is not None and time.time() - row[1] >= age):
                return None
            value = json.loads(self._unpack.decompress(row[0]))
        except (sqlite3.Error, zstandard.ZstdError, ValueError, TypeError, MemoryError, RecursionError) as error:
            raise self.damaged(str(error)) from error
        if not isinstance(value, dict):
            raise self.damaged("an entry in another form")
        return value

    def recalled(self, tool: str, provider: str, arguments: Mapping[str, Any], age: float | None = None) -> Any:
        """As `get`, from what is a cache only: a damaged one is said once and holds nothing."""
        try:
            return self.get(tool, provider, arguments, age)
        except UserError as error:
            if not self._broken:
                log.warning("%s", error)
            self._broken = True
            return None

    def damaged(self, why: str) -> UserError:
        """What is said of a store that cannot be read."""
        return UserError(f"{self.path}: the store of web results is damaged ({why}): name another file")

    def put(self, entries: Iterable[tuple[str, str, Mapping[str, Any], Any]]) -> None:
        """Keep values, given as (tool, provider, arguments, value); older ones are replaced. A cache that cannot be
        written is said once and costs no result."""
        try:
            self._write("insert or replace", entries)
            self._full = False
        except sqlite3.Error as error:
            if not self._full:
                log.warning("%s: web results are not kept (%s)", self.path, error)
            self._full = True

    def settle(self, tool: str, provider: str, arguments: Mapping[str, Any], value: Any) -> Any:
        """Keep a value unless there is one; the one that stands, as all processes see it. Raises `UserError`."""
        try:
            self._write("insert or ignore", [(tool, provider, arguments, value)])
        except sqlite3.Error as error:
            raise UserError(f"{self.path}: cannot be recorded into ({error})") from error
        return self.get(tool, provider, arguments)

    def _write(self, how: str, entries: Iterable[tuple[str, str, Mapping[str, Any], Any]]) -> None:
        now = time.time()
        rows = [
            (key(tool, provider, arguments), tool, provider, canonical(arguments), self._packed(value), now)
            for tool, provider, arguments, value in entries
        ]
        self._connection.execute("begin immediate")
        try:
            self._connection.executemany(f"{how} into results values (?, ?, ?, ?, ?, ?)", rows)
            self._connection.execute("commit")
        except BaseException:
            if self._connection.in_transaction:  # a full disk may have ended it already
                self._connection.execute("rollback")
            raise

    def _packed(self, value: Any) -> bytes:
        return self._pack.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

    def __len__(self) -> int:
        return self._connection.execute("select count(*) from results").fetchone()[0]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)


def _connected_to_read(path: Path) -> sqlite3.Connection:
    """Read-only; where not even the files beside it can be made that processes share, as a file that nobody changes."""
    for how in ("mode=ro", "mode=ro&immutable=1"):
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?{how}",
            uri=True,
            timeout=BUSY_SECONDS,
            check_same_thread=False,
            isolation_level=None,
        )
        try:
            connection.execute("select key from results limit 1").fetchone()
            return connection
        except sqlite3.Error:
            connection.close()
            if how.endswith("immutable=1"):
                raise
    raise AssertionError("one of the two ways ends the loop")


def _in_wal_mode(connection: sqlite3.Connection) -> None:
    """Another process may be doing the same; SQLite does not wait for this one thing."""
    last = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("pragma journal_mode=wal")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > last:
                raise
            time.sleep(0.02)
