"""`Wiki`: read access to an imported encyclopedia, the ground everything else stands on.

Enters: a wiki directory; titles, addresses, queries. Leaves: pages, hits, passages, and how many pages link where.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from websailor.errors import UserError
from websailor.files import read_json
from websailor.identity import require_whole
from websailor.records import Hit, Page
from websailor.wiki.index import DIRECTORY_NAME, Scored, SearchIndex
from websailor.wiki.snippets import Candidates, Face, Wanted, best_line, page_candidates, passage, shorten
from websailor.wiki.store import PageStore

WORLD_FILE = "world.json"
LINE_WEIGHT = 10.0
"""Weight of a page's best line in its score: words that stand together say more than words that are far apart."""
SMALL_PAGE = 4096
"""Mean size of page, in bytes, up to which more pages than asked for are looked into line by line."""
_RESULTS_KEPT = 1 << 15
_PASSAGES_KEPT = 1 << 13
_PAGES_KEPT = 1 << 11
_CANDIDATES_KEPT = 1 << 13
_CANDIDATES_BYTES = 1 << 24
"""Pages kept prepared, by the size of their JSON; prepared they hold about five times that."""


class Wiki:
    """An imported encyclopedia. Read-only, thread-safe, and pickled as its path."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        require_whole(self.path, by_size=True)
        self._store = PageStore(self.path)
        if not (self.path / DIRECTORY_NAME / "meta.json").is_file():
            raise UserError(f"{self.path}: the search index is missing: import the dump again")
        try:
            self._index = SearchIndex(self.path)
        except ValueError as error:
            raise UserError(f"{self.path}: the search index is damaged: import the dump again") from error
        self.site = self._store.site
        self.language = self._store.site.language
        world = self.path / WORLD_FILE
        self.lexicon: tuple[str, ...] = tuple(read_json(world).get("lexicon", ())) if world.is_file() else ()
        """Name words of a generated world; empty for any other wiki."""
        self._depth = 2 if self._store.mean_size <= SMALL_PAGE else 1
        self._read = lru_cache(maxsize=_PAGES_KEPT)(self._store.read)
        kept = min(_CANDIDATES_KEPT, int(_CANDIDATES_BYTES / max(1, self._store.mean_size)) + 1)
        self._candidates = lru_cache(maxsize=kept)(self._read_candidates)
        self._results = lru_cache(maxsize=_RESULTS_KEPT)(self._search)
        self._passages = lru_cache(maxsize=_PASSAGES_KEPT)(self._search_passages)

    def __reduce__(self) -> tuple[type["Wiki"], tuple[Path]]:
        return (Wiki, (self.path,))

    def __len__(self) -> int:
        return self._store.pages

    def __repr__(self) -> str:
        return f"Wiki({str(self.path)!r}, {len(self)} pages)"

    def _pid(self, title: str) -> int | None:
        normalised = self.site.normalise(title)
        return self._store.pid(normalised) if normalised else None

    def resolve(self, title: str) -> str | None:
        """Title of the page to which a link `[[title]]` leads (first letter, underscores, section, redirects)."""
        pid = self._pid(title)
        return None if pid is None else self._store.title(pid)

    def page(self, title: str) -> Page | None:
        """The page that `title` leads to."""
        pid = self._pid(title)
        return None if pid is None else self._read(pid)

    def titles(self) -> Iterator[str]:
        """Titles of all pages, redirects left out, in the order of the dump."""
        return (title for _, title in self._store.titles())

    def pages(self) -> Iterator[Page]:
        """All pages in the order of the dump."""
        return (self._store.read(pid) for pid, _ in self._store.titles())

    def inlinks(self, title: str) -> int:
        """How many pages link to this one, also through redirects; 0 for an unknown title."""
        pid = self._pid(title)
        return 0 if pid is None else self._store.inlinks(pid)

    def redirects_to(self, title: str) -> tuple[str, ...]:
        """Other titles of the page."""
        pid = self._pid(title)
        return () if pid is None else self._store.redirects(pid)

    def url(self, title: str) -> str:
        """Address of a title."""
        return self.site.url(self.site.normalise(title))

    def title_of(self, url: str) -> str | None:
        """Title that an address of this wiki names (the page need not exist); None for an address elsewhere."""
        return self.site.title_of(url)

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """The `k` best pages for a query in plain words, best first; a query that is a title finds that page first.

        Any text is a valid query. Results are deterministic and cached.
        """
        return list(self._results(" ".join(query.split()), k))

    def passages(self, query: str, k: int = 10) -> list[Hit]:
        """The same pages, but each with a passage: the line that answers best and what stands around it."""
        return list(self._passages(" ".join(query.split()), k))

    def finds(self, query: str, title: str, k: int = 10) -> bool:
        """True when the page that `title` leads to is among the hits of `search(query, k)`.

        Cheaper than asking for them: no page is read where the index does not offer this one.
        """
        pid, words = self._pid(title), " ".join(query.split())
        if pid is None:
            return False
        offered = self._offered(words, k)
        if all(scored.pid != pid for scored in offered[0]):
            return False
        return any(number == pid for number, _, _ in self._ordered(words, k, *offered)[0])

    def _search(self, query: str, k: int) -> tuple[Hit, ...]:
        ranked, weights = self._ranked(query, k)
        return tuple(self._hit(*found, weights) for found in ranked)

    def _search_passages(self, query: str, k: int) -> tuple[Hit, ...]:
        hits = []
        for pid, score, line in self._ranked(query, k)[0]:
            page = self._candidates(pid)
            hits.append(Hit(title=page.title, url=page.url, snippet=passage(page, line), score=round(score, 4)))
        return tuple(hits)

    def _ranked(self, query: str, k: int) -> tuple[list[tuple[int, float, str]], dict[str, float]]:
        """(page number, score, best line) of the `k` best pages, and the weights of the query's terms."""
        return self._ordered(query, k, *self._offered(query, k))

    def _ordered(
        self, query: str, k: int, found: list[Scored], exact: int | None
    ) -> tuple[list[tuple[int, float, str]], dict[str, float]]:
        """The same of the pages that were found; the one whose title the query is comes first."""
        if not found:
            return [], {}
        wanted = Wanted(query, self._index)
        ranked = []
        for pid, score in found:
            line, line_score = best_line(self._candidates(pid), wanted, self._index)
            ranked.append((pid != exact, -score - LINE_WEIGHT * line_score, pid, line))
        ranked.sort()
        return [(pid, -score, line) for _, score, pid, line in ranked[:k]], wanted.weights

    def _offered(self, query: str, k: int) -> tuple[list[Scored], int | None]:
        """The pages that may be among the `k` best, and the one whose title the query is."""
        if k <= 0 or not query:
            return [], None
        found = self._index.search(query, k * self._depth)
        exact = self._pid(query)
        if exact is not None and all(scored.pid != exact for scored in found):
            found.append(Scored(exact, 0.0))
        return found, exact

    def _hit(self, pid: int, score: float, line: str, weights: dict[str, float]) -> Hit:
        page = self._candidates(pid)
        snippet = shorten(line, self._index, weights)
        return Hit(title=page.title, url=page.url, snippet=snippet, score=round(score, 4))

    def _read_candidates(self, pid: int) -> Candidates:
        return page_candidates(Face.model_validate_json(self._store.body(pid)), self._index)


def open_wiki(path: Path) -> Wiki:
    """Open a wiki directory. `UserError` when it is not one."""
    return Wiki(path)
