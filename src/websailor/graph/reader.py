"""The web as the graph builder uses it, with a journal: what was asked once is not asked again, even after a kill.

Enters: a `Web`, the `Titles` of the corpus, the journal file of an earlier attempt. Leaves: readings of pages and
titles of hits, in the order asked. The walk is a function of its configuration and of these answers alone, so an
interrupted run is repeated from the journal and then goes on.
"""

from collections import deque
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from websailor.errors import UserError
from websailor.graph.collecting import Titles
from websailor.graph.extraction import Reading, read_page
from websailor.records import Record
from websailor.tools.base import ToolFailure, Web


class Asked(Record):
    """One line of the journal: a search with its hits, or a page with what it said."""

    search: str | None = None
    hits: tuple[str, ...] = ()
    """Canonical titles, best first."""
    page: str | None = None
    query: str | None = None
    """The search that led to the page."""
    reading: Reading | None = None
    """None when there is no such page."""


class _Remembered:
    """Titles that are looked up once: a popular page is linked to thousands of times."""

    def __init__(self, titles: Titles) -> None:
        self.resolve = lru_cache(maxsize=1 << 18)(titles.resolve)
        self.url = titles.url


class Reader:
    """Searches and reads, each recorded in `journal`. Use as a context manager."""

    def __init__(
        self,
        web: Web,
        titles: Titles,
        search_k: int,
        journal: Path,
        with_mentions: bool = False,
        generated: bool = True,
    ) -> None:
        self._web = web
        self._titles = _Remembered(titles)
        self._search_k = search_k
        self._with_mentions = with_mentions
        self._generated = generated
        self._path = journal
        self._earlier = deque(_recorded(journal))
        self._journal = journal.open("a", encoding="utf-8")

    def search(self, query: str) -> tuple[str, ...]:
        """Canonical titles of the hits, best first. A search that fails raises `ToolFailure`."""
        if (before := self._repeated()) is not None:
            self._check(before.search == query)
            return before.hits
        resolved = (self._titles.resolve(hit.title) or hit.title for hit in self._web.search(query, self._search_k))
        hits = tuple(dict.fromkeys(resolved))
        self._record(Asked(search=query, hits=hits))
        return hits

    def read(self, title: str, query: str | None) -> Reading | None:
        """What the page says; None when the web does not serve it."""
        if (before := self._repeated()) is not None:
            self._check(before.page == title)
            return before.reading
        try:
            page = self._web.fetch(self._titles.url(title))
            reading = read_page(page, self._titles, query, self._with_mentions, self._generated)
        except ToolFailure:
            reading = None
        self._record(Asked(page=title, query=query, reading=reading))
        return reading

    def _repeated(self) -> Asked | None:
        return self._earlier.popleft() if self._earlier else None

    def _check(self, same: bool) -> None:
        if not same:
            raise UserError(
                f"{self._path} is of another version of this program: delete {self._path.parent} and build again"
            )

    def _record(self, asked: Asked) -> None:
        self._journal.write(asked.model_dump_json() + "\n")
        self._journal.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._journal.close()


def _recorded(journal: Path) -> list[Asked]:
    """The complete lines of a journal; a torn last line is cut off the file."""
    if not journal.is_file():
        return []
    data = journal.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with journal.open("rb+") as file:
            file.truncate(len(whole))
    try:
        return [Asked.model_validate_json(line) for line in whole.splitlines()]
    except ValidationError as error:
        raise UserError(f"{journal}: not readable: delete {journal.parent} and build again") from error
