"""The web as the graph builder uses it, with a journal: what was asked once is not asked again, even after a kill.

Enters: a `Web`, the `Catalogue` of the corpus, the journal file of an earlier attempt. Leaves: readings of pages and
titles of hits, in the order asked. The walk is a function of its configuration and of these answers alone, so an
interrupted run is repeated from the journal and then goes on. A web that fails now and then costs what it did not say;
one that only fails ends the run, and is asked again when that is resumed. That a page does not exist is an answer.
"""

from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from websailor.errors import UserError
from websailor.graph.catalogue import Catalogue
from websailor.graph.extraction import Reading
from websailor.records import Hit, Page, Record
from websailor.tools.base import Missing, ToolFailure, Web

FAILURES_IN_A_ROW = 20
"""Searches and pages that fail one after the other before the web counts as down."""
_REDIRECTS = 3


class Asked(Record):
    """One line of the journal: a search with its hits, or a page with what it said."""

    search: str | None = None
    hits: tuple[tuple[str, str], ...] = ()
    """Canonical titles with their addresses, best first; an address that follows from the title is left out."""
    page: str | None = None
    query: str | None = None
    """The search that led to the page."""
    reading: Reading | None = None
    """None when there is no such page."""
    failure: str | None = None
    """What the web said instead of an answer."""
    missing: bool = False
    """The failure is that there is no such page."""

    @property
    def is_silent(self) -> bool:
        """True where the web did not answer."""
        return self.failure is not None and not self.missing


ReadPage = Callable[[Page, str | None], Reading]
"""A page, and the query that led to it (None: a link did), to what it says."""


class Reader:
    """Searches and reads, each recorded in `journal`. Use as a context manager."""

    def __init__(self, web: Web, catalogue: Catalogue, read_page: ReadPage, search_k: int, journal: Path) -> None:
        self._web = web
        self._catalogue = catalogue
        self._read_page = read_page
        self._search_k = search_k
        self._path = journal
        self._earlier = deque(_recorded(journal))
        self._journal = journal.open("a", encoding="utf-8")
        self._waiting: list[Asked] = []
        self._addresses: dict[str, str] = {}
        self.failures: Counter[str] = Counter()
        """`search` and `page`: how often the web did not answer."""
        self.unread: dict[str, str] = {}
        """Titles that could not be read, with what the web said."""
        self.last_silence: str | None = None
        """What the web said last where it did not answer."""

    def search(self, query: str) -> tuple[str, ...]:
        """Canonical titles of the hits, best first; none where the search failed.

        Raises `UserError` after `FAILURES_IN_A_ROW` calls that failed.
        """
        asked = self._repeated()
        if asked is None:
            try:
                hits = self._named(self._web.search(query, self._search_k))
                asked = Asked(search=query, hits=hits)
            except ToolFailure as failure:
                asked = Asked(search=query, failure=str(failure))
            self._record(asked)
        self._check(asked.search == query)
        if asked.failure is not None:
            self.failures["search"] += 1
        for title, address in asked.hits:
            if address:
                self._addresses[title] = address
        return tuple(title for title, _ in asked.hits)

    def read(self, title: str, query: str | None) -> Reading | None:
        """What the page says; None when the web does not serve it. Raises `UserError` like `search`."""
        asked = self._repeated()
        if asked is None:
            try:
                asked = Asked(page=title, query=query, reading=self._read_page(self._fetch(title), query))
            except ToolFailure as failure:
                gone = isinstance(failure, Missing)
                asked = Asked(page=title, query=query, failure=str(failure), missing=gone)
            self._record(asked)
        self._check(asked.page == title)
        if asked.reading is not None:
            self._catalogue.learn(title, asked.reading)
        else:
            self.failures["page"] += 1
            self.unread[title] = asked.failure or ""
        return asked.reading

    def _named(self, hits: list[Hit]) -> tuple[tuple[str, str], ...]:
        """Hits by title; on a site of the corpus the address tells it, elsewhere the page does."""
        found: dict[str, str] = {}
        for hit in hits:
            told = self._catalogue.title_of(hit.url) if hit.url else None
            title = self._catalogue.resolve(told or hit.title) or hit.title.strip()
            if title and title not in found:
                found[title] = "" if not hit.url or hit.url == self._catalogue.url(title) else hit.url
        return tuple(found.items())

    def _fetch(self, title: str) -> Page:
        """The page, redirects followed, under some title. Raises `ToolFailure`."""
        page = self._web.fetch(self._addresses.get(title) or self._catalogue.url(title))
        for _ in range(_REDIRECTS):
            if page.redirect_to is None:
                break
            page = self._web.fetch(self._catalogue.url(page.redirect_to))
        else:
            raise Missing(f"{title} redirects without end.")
        return page if page.title.strip() else page.model_copy(update={"title": title})

    def _repeated(self) -> Asked | None:
        return self._earlier.popleft() if self._earlier else None

    def _check(self, same: bool) -> None:
        if not same:
            raise UserError(
                f"{self._path} is of another version of this program: delete {self._path.parent} and build again"
            )

    def _record(self, asked: Asked) -> None:
        """What failed is written once the web has answered again: what was asked of a dead one is asked anew."""
        self._waiting.append(asked)
        if not asked.is_silent:
            self._write()
            return
        self.last_silence = asked.failure
        if len(self._waiting) >= FAILURES_IN_A_ROW:
            raise UserError(
                f"the web does not answer ({len(self._waiting)} calls failed, the last with: {asked.failure}): "
                "build again when it does, the graph goes on where it stopped"
            )

    def _write(self) -> None:
        for asked in self._waiting:
            self._journal.write(asked.model_dump_json(exclude_defaults=True) + "\n")
        self._waiting.clear()
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
