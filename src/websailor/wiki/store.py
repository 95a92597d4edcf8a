"""The page store: one SQLite file with zstd-compressed pages, redirects, inlink counts and facts about the wiki.

`StoreWriter` fills a new file; `PageStore` reads a finished one. A finished store never changes, so it is opened
immutable (no locks, safe for any number of processes), with one connection per thread.
"""

import json
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import zstandard

from websailor.errors import UserError
from websailor.records import Page
from websailor.wiki import inlinks
from websailor.wiki.batches import Packed, compressor, pack
from websailor.wiki.titles import Site

log = logging.getLogger(__name__)

FILE_NAME = "pages.sqlite"
FORMAT = 4
"""Counts up whenever what an import writes changes its meaning."""
_SCHEMA = """
CREATE TABLE page(pid INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, body BLOB NOT NULL);
CREATE TABLE inlinks(pid INTEGER PRIMARY KEY, pages INTEGER NOT NULL);
CREATE TABLE raw_redirect(title TEXT PRIMARY KEY, target TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE redirect(title TEXT PRIMARY KEY, pid INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""
_TRAINING_PAGES = 2000
_TRAINING_BYTES = 16_000_000
_LONGEST_REDIRECT_CHAIN = 5


@dataclass(slots=True)
class Progress:
    """How far an import has come; kept in the store with what it counts."""

    units: int = 0
    """Units of work (streams of a dump) that are stored."""
    pages: int = 0
    """Pages, duplicates among them, redirects not."""
    size: int = 0
    """Bytes of their JSON."""
    links: int = 0
    """Bytes of the file of link hashes."""
    duplicates: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    """Pages left out, by reason."""


class StoreWriter:
    """Writes a store. Use as a context manager; `finish` resolves redirects and counts inlinks.

    What `commit` has kept survives the death of the process: a writer on the same directory goes on behind it.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._connection = sqlite3.connect(directory / FILE_NAME, isolation_level=None)
        # Not synchronous: what a killed process wrote stays with the system. A machine that fails starts again.
        self._connection.executescript("PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;")
        if not self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            self._connection.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
        meta = dict(self._connection.execute("SELECT key, value FROM meta"))
        self.progress = Progress(**json.loads(meta.get("progress", "{}")))
        """What is stored, on disk or about to be."""
        self.complete: dict[str, float] | None = json.loads(meta["about"])["counts"] if "about" in meta else None
        """The counts of a store that is finished already."""
        self.dictionary: bytes | None = meta.get("dictionary")
        """The compression dictionary: None while too few pages are known to train it, empty when none can be."""
        self._waiting: list[Packed] = []
        self._waiting_bytes = 0
        self._links = (directory / inlinks.FILE_NAME).open("ab")
        self._links.truncate(self.progress.links)
        self._connection.execute("BEGIN")

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._links.close()
        if self.complete is not None:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            # One file without a log: what readers open as immutable.
            self._connection.execute("PRAGMA journal_mode=DELETE")
            (self._directory / inlinks.FILE_NAME).unlink(missing_ok=True)
        self._connection.close()

    def add(self, page: Page) -> None:
        """Keep a page; a redirect only by its name. Of two pages with one title the first stays."""
        self.add_packed(pack(page, self.dictionary), compressed=self.dictionary is not None)

    def add_packed(self, page: Packed, compressed: bool) -> None:
        """Keep a page whose body may have been compressed already, with this store's dictionary."""
        if page.redirect_to is not None:
            self._run("INSERT OR IGNORE INTO raw_redirect VALUES (?, ?)", (page.title, page.redirect_to))
        elif compressed:
            self._insert(page, page.body)
        elif self.dictionary is not None:
            self._insert(page, compressor(self.dictionary).compress(page.body))
        else:
            self._waiting.append(page)
            self._waiting_bytes += page.size
            if len(self._waiting) >= _TRAINING_PAGES or self._waiting_bytes >= _TRAINING_BYTES:
                self._train()

    @property
    def pages(self) -> int:
        """Pages added, redirects not counted."""
        return self.progress.pages + len(self._waiting)

    def skip(self, reason: str) -> None:
        """Count a page that is left out."""
        self.progress.skipped[reason] = self.progress.skipped.get(reason, 0) + 1

    def commit(self) -> None:
        """A unit of work is complete: keep it, unless the dictionary is still to be trained."""
        self.progress.units += 1
        if self.dictionary is not None:
            self._keep()

    def _keep(self) -> None:
        self._links.flush()
        self._run("INSERT OR REPLACE INTO meta VALUES ('progress', ?)", (json.dumps(asdict(self.progress)),))
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")

    def _run(self, sql: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        return self._connection.execute(sql, values)

    def _train(self) -> None:
        """Train the compression dictionary on the first pages, then write them."""
        samples: list[Any] = [page.body for page in self._waiting]
        size = min(112_640, sum(map(len, samples)) // 20)
        self.dictionary = b""
        if len(samples) >= 50 and size >= 1024:
            try:
                self.dictionary = zstandard.train_dictionary(size, samples).as_bytes()
            except zstandard.ZstdError as error:
                log.debug("pages are compressed one by one: %s", error)
        self._run("INSERT INTO meta VALUES ('dictionary', ?)", (self.dictionary,))
        pages, self._waiting = self._waiting, []
        for page in pages:
            self._insert(page, compressor(self.dictionary).compress(page.body))

    def _insert(self, page: Packed, body: bytes) -> None:
        inserted = self._run("INSERT OR IGNORE INTO page(title, body) VALUES (?, ?)", (page.title, body))
        self._links.write(page.links)
        self.progress.pages += 1
        self.progress.size += page.size
        self.progress.links += len(page.links)
        self.progress.duplicates += 1 - inserted.rowcount

    def finish(self, site: Site) -> dict[str, float]:
        """Complete the store.

        Returns counts: pages, redirects, redirects whose page is not in the dump, duplicates, pages left out by reason.
        """
        if self.dictionary is None:
            self._train()
        self._links.flush()
        run = self._run
        run("DELETE FROM raw_redirect WHERE title IN (SELECT title FROM page)")
        run("INSERT INTO redirect SELECT r.title, p.pid FROM raw_redirect r JOIN page p ON p.title = r.target")
        for _ in range(_LONGEST_REDIRECT_CHAIN):
            run(
                "INSERT OR IGNORE INTO redirect "
                "SELECT r.title, q.pid FROM raw_redirect r JOIN redirect q ON q.title = r.target"
            )
        run("CREATE INDEX redirect_pid ON redirect(pid)")
        pages = self._count("page")
        counts: dict[str, float] = {
            "pages": pages,
            "redirects": self._count("redirect"),
            "redirects_without_page": self._count("raw_redirect") - self._count("redirect"),
            "duplicate_titles": self.progress.duplicates,
            **{reason: float(number) for reason, number in sorted(self.progress.skipped.items())},
        }
        links = self._directory / inlinks.FILE_NAME
        titles = run("SELECT title, pid FROM page UNION ALL SELECT title, pid FROM redirect")
        numbers = inlinks.count_inlinks(links, titles, run("SELECT coalesce(max(pid), 0) FROM page").fetchone()[0])
        self._connection.executemany(
            "INSERT INTO inlinks VALUES (?, ?)", ((pid, int(number)) for pid, number in enumerate(numbers, 1) if number)
        )
        about: dict[str, Any] = {
            "name": site.name,
            "language": site.language,
            "url_prefix": site.url_prefix,
            "case": site.case_sensitive,
            "format": FORMAT,
            "pages": pages,
            "mean_size": round(self.progress.size / max(1, self.progress.pages)),
            "counts": counts,
        }
        run("DELETE FROM meta WHERE key = 'progress'")
        run("INSERT INTO meta VALUES ('about', ?)", (json.dumps(about),))
        run("DROP TABLE raw_redirect")
        run("COMMIT")
        self.complete = counts
        return counts

    def _count(self, table: str) -> int:
        return self._run(f"SELECT count(*) FROM {table}").fetchone()[0]


class PageStore:
    """Read access to a finished store; safe in threads and after a fork."""

    def __init__(self, directory: Path) -> None:
        self._file = (directory / FILE_NAME).resolve()
        if not self._file.is_file():
            raise UserError(
                f"{directory}: not a wiki directory (no {FILE_NAME}): make one with `websailor wiki import`"
            )
        self._local = threading.local()
        meta = {}
        try:
            meta = dict(self._run("SELECT key, value FROM meta"))
        except sqlite3.DatabaseError as error:
            raise UserError(f"{self._file}: not a page store ({error}): import the dump again") from error
        about = json.loads(meta.get("about", "{}"))
        if about.get("format") != FORMAT:
            raise UserError(f"{directory}: made by another version of websailor: import the dump again")
        self.site = Site(about["name"], about["language"], about["url_prefix"], about["case"])
        self.pages: int = about["pages"]
        self.mean_size: float = about["mean_size"]
        """Bytes of an average page, uncompressed."""
        dictionary = meta.get("dictionary")
        self._dictionary = zstandard.ZstdCompressionDict(dictionary) if dictionary else None

    def _thread(self) -> Any:
        """This thread's connection and decompressor."""
        local = self._local
        if getattr(local, "process", None) != os.getpid():
            # `?` and `#` in a path would end it inside a URI.
            path = str(self._file).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
            local.connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, isolation_level=None)
            dictionary = getattr(self, "_dictionary", None)
            local.decompressor = (
                zstandard.ZstdDecompressor(dict_data=dictionary) if dictionary else zstandard.ZstdDecompressor()
            )
            local.process = os.getpid() if hasattr(self, "_dictionary") else None
        return local

    def _run(self, sql: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        return self._thread().connection.execute(sql, values)

    def _damaged(self, error: Exception) -> UserError:
        return UserError(f"{self._file}: damaged ({error}): import the dump again")

    def pid(self, title: str) -> int | None:
        """Number of the page under a normalised title, through redirects."""
        row = self._run("SELECT pid FROM page WHERE title = ?", (title,)).fetchone()
        row = row or self._run("SELECT pid FROM redirect WHERE title = ?", (title,)).fetchone()
        return row[0] if row else None

    def title(self, pid: int) -> str:
        """Title of page number `pid`."""
        return self._run("SELECT title FROM page WHERE pid = ?", (pid,)).fetchone()[0]

    def read(self, pid: int) -> Page:
        """Page number `pid`."""
        return Page.model_validate_json(self.body(pid))

    def body(self, pid: int) -> bytes:
        """Page number `pid` as JSON."""
        local = self._thread()
        try:
            body = local.connection.execute("SELECT body FROM page WHERE pid = ?", (pid,)).fetchone()[0]
            return local.decompressor.decompress(body)
        except (sqlite3.DatabaseError, zstandard.ZstdError, TypeError) as error:
            raise self._damaged(error) from error

    def inlinks(self, pid: int) -> int:
        """How many pages link to page `pid`, also through redirects."""
        row = self._run("SELECT pages FROM inlinks WHERE pid = ?", (pid,)).fetchone()
        return row[0] if row else 0

    def redirects(self, pid: int) -> tuple[str, ...]:
        """Titles that redirect to page `pid`, in alphabetical order."""
        return tuple(row[0] for row in self._run("SELECT title FROM redirect WHERE pid = ? ORDER BY title", (pid,)))

    def titles(self) -> Iterator[tuple[int, str]]:
        """Numbers and titles of all pages in the order of the dump."""
        last = 0
        while True:
            try:
                rows = self._run(
                    "SELECT pid, title FROM page WHERE pid > ? ORDER BY pid LIMIT 1000", (last,)
                ).fetchall()
            except sqlite3.DatabaseError as error:
                raise self._damaged(error) from error
            if not rows:
                return
            yield from rows
            last = rows[-1][0]
