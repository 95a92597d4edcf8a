"""The page store: one SQLite file with zstd-compressed pages, redirects, inlink counts and facts about the wiki.

`StoreWriter` fills a new file; `PageStore` reads a finished one. A finished store never changes, so it is opened
immutable (no locks, safe for any number of processes), with one connection per thread.
"""

import json
import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import zstandard

from websailor.errors import UserError
from websailor.records import Page
from websailor.wiki.titles import Site

FILE_NAME = "pages.sqlite"
FORMAT = 3
"""Counts up whenever what an import writes changes its meaning."""
_SCHEMA = """
CREATE TABLE page(
  pid INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, inlinks INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL);
CREATE TABLE raw_redirect(title TEXT PRIMARY KEY, target TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE redirect(title TEXT PRIMARY KEY, pid INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE link_count(title TEXT PRIMARY KEY, pages INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""
_TRAINING_PAGES = 2000
_LINKS_IN_MEMORY = 500_000
_LONGEST_REDIRECT_CHAIN = 5


class StoreWriter:
    """Writes a store. Use as a context manager; `finish` resolves redirects and counts inlinks."""

    def __init__(self, directory: Path) -> None:
        self._connection = sqlite3.connect(directory / FILE_NAME)
        self._connection.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=8192;" + _SCHEMA
        )
        self._waiting: list[Page] | None = []
        self._compressor = zstandard.ZstdCompressor(level=6)
        self._links: Counter[str] = Counter()
        self.duplicates = 0
        self._stored = self._bytes = 0

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def add(self, page: Page) -> None:
        """Keep a page; a redirect only by its name. Of two pages with one title the first stays."""
        if page.redirect_to is not None:
            self._connection.execute("INSERT OR IGNORE INTO raw_redirect VALUES (?, ?)", (page.title, page.redirect_to))
            return
        self._links.update({link.target for link in page.links})
        if len(self._links) > _LINKS_IN_MEMORY:
            self._flush_links()
        if self._waiting is None:
            self._insert([page])
            return
        self._waiting.append(page)
        if len(self._waiting) >= _TRAINING_PAGES:
            self._train()

    def _train(self) -> None:
        """Train the compression dictionary on the first pages, then write them."""
        pages, self._waiting = self._waiting or [], None
        samples: list[Any] = [_encode(page) for page in pages]
        size = min(112_640, sum(map(len, samples)) // 20)
        if len(samples) >= 50 and size >= 1024:
            try:
                dictionary = zstandard.train_dictionary(size, samples)
            except zstandard.ZstdError:
                # Too few or too unlike samples; pages are then compressed one by one.
                dictionary = None
            if dictionary is not None:
                self._connection.execute("INSERT INTO meta VALUES ('dictionary', ?)", (dictionary.as_bytes(),))
                self._compressor = zstandard.ZstdCompressor(level=6, dict_data=dictionary)
        self._insert(pages)

    def _insert(self, pages: Iterable[Page]) -> None:
        for page in pages:
            body = _encode(page)
            inserted = self._connection.execute(
                "INSERT OR IGNORE INTO page(title, body) VALUES (?, ?)", (page.title, self._compressor.compress(body))
            )
            self._stored += 1
            self._bytes += len(body)
            self.duplicates += 1 - inserted.rowcount

    def _flush_links(self) -> None:
        self._connection.executemany(
            "INSERT INTO link_count VALUES (?, ?) ON CONFLICT(title) DO UPDATE SET pages = pages + excluded.pages",
            self._links.items(),
        )
        self._links.clear()

    def finish(self, site: Site) -> dict[str, float]:
        """Complete the store. Returns counts: pages, redirects, redirects whose page is not in the dump, duplicates."""
        if self._waiting is not None:
            self._train()
        self._flush_links()
        run = self._connection.execute
        run("DELETE FROM raw_redirect WHERE title IN (SELECT title FROM page)")
        run("INSERT INTO redirect SELECT r.title, p.pid FROM raw_redirect r JOIN page p ON p.title = r.target")
        for _ in range(_LONGEST_REDIRECT_CHAIN):
            run(
                "INSERT OR IGNORE INTO redirect "
                "SELECT r.title, q.pid FROM raw_redirect r JOIN redirect q ON q.title = r.target"
            )
        run("CREATE INDEX redirect_pid ON redirect(pid)")
        run(
            "UPDATE page SET inlinks = "
            "coalesce((SELECT pages FROM link_count c WHERE c.title = page.title), 0) + coalesce("
            "(SELECT sum(c.pages) FROM redirect r JOIN link_count c ON c.title = r.title WHERE r.pid = page.pid), 0)"
        )
        counts: dict[str, float] = {
            "pages": self._count("page"),
            "redirects": self._count("redirect"),
            "redirects_without_page": self._count("raw_redirect") - self._count("redirect"),
            "duplicate_titles": self.duplicates,
        }
        about: dict[str, Any] = {
            "name": site.name,
            "language": site.language,
            "url_prefix": site.url_prefix,
            "case": site.case_sensitive,
        }
        about |= {"format": FORMAT, "pages": counts["pages"], "mean_size": round(self._bytes / max(1, self._stored))}
        run("INSERT INTO meta VALUES ('about', ?)", (json.dumps(about),))
        run("DROP TABLE raw_redirect")
        run("DROP TABLE link_count")
        self._connection.commit()
        run("VACUUM")
        return counts

    def _count(self, table: str) -> int:
        return self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


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
        self._dictionary = zstandard.ZstdCompressionDict(meta["dictionary"]) if "dictionary" in meta else None

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
        local = self._thread()
        body = local.connection.execute("SELECT body FROM page WHERE pid = ?", (pid,)).fetchone()[0]
        return Page.model_validate_json(local.decompressor.decompress(body))

    def inlinks(self, pid: int) -> int:
        """How many pages link to page `pid`, also through redirects."""
        return self._run("SELECT inlinks FROM page WHERE pid = ?", (pid,)).fetchone()[0]

    def redirects(self, pid: int) -> tuple[str, ...]:
        """Titles that redirect to page `pid`, in alphabetical order."""
        return tuple(row[0] for row in self._run("SELECT title FROM redirect WHERE pid = ? ORDER BY title", (pid,)))

    def titles(self) -> Iterator[tuple[int, str]]:
        """Numbers and titles of all pages in the order of the dump."""
        last = 0
        while rows := self._run(
            "SELECT pid, title FROM page WHERE pid > ? ORDER BY pid LIMIT 1000", (last,)
        ).fetchall():
            yield from rows
            last = rows[-1][0]


def _encode(page: Page) -> bytes:
    return page.model_dump_json(exclude_defaults=True).encode()
