"""What is known of a corpus besides its pages: which title means which page, who links to it, under which names it
goes.

Leaves: a `Catalogue`, of an imported wiki or of a web of which nothing is known but what it answers. On such a web
every linked title counts as a page until it turns out to be none, and a redirect is learnt when it is followed.
"""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

from websailor.graph.collecting import Titles
from websailor.graph.extraction import Reading
from websailor.wiki.reader import Wiki
from websailor.wiki.titles import Site

_SITE = Site()


class Catalogue(Titles, Protocol):
    """Titles of a corpus, and what it tells about them."""

    generated: bool
    """True for a generated encyclopedia, whose text has the forms of the relation lexicon."""

    def title_of(self, url: str) -> str | None:
        """Title that an address names; None where it names none."""
        ...

    def titles(self) -> Iterable[str]:
        """Titles of all pages known of."""
        ...

    def inlinks(self, title: str) -> int:
        """How many pages are known to link to it."""
        ...

    def aliases(self, title: str) -> tuple[str, ...]:
        """Other titles that lead to it."""
        ...

    def learn(self, asked: str, reading: Reading) -> None:
        """A page was read under the title `asked`."""
        ...


class WikiCatalogue:
    """Of an imported wiki everything is known."""

    def __init__(self, wiki: Wiki) -> None:
        self.generated = bool(wiki.lexicon)
        # A popular page is linked to thousands of times.
        self.resolve = lru_cache(maxsize=1 << 18)(wiki.resolve)
        self.url = wiki.url
        self.title_of = wiki.title_of
        self.titles = wiki.titles
        self.inlinks = wiki.inlinks
        self.aliases = wiki.redirects_to

    def learn(self, asked: str, reading: Reading) -> None:
        """Nothing new can be learnt."""


class WebCatalogue:
    """Of a web that only answers, what its answers have told so far."""

    generated = False

    def __init__(self, site: Site = _SITE) -> None:
        self._site = site
        self._leads_to: dict[str, str] = {}
        self._linking: Counter[str] = Counter()
        self._read: dict[str, None] = {}

    def resolve(self, title: str) -> str | None:
        normal = self._site.normalise(title)
        if not normal or self._site.namespace(normal) != 0:
            return None
        return self._leads_to.get(normal, normal)

    def url(self, title: str) -> str:
        return self._site.url(title)

    def title_of(self, url: str) -> str | None:
        return self._site.title_of(url)

    def titles(self) -> Iterable[str]:
        return tuple(self._read)

    def inlinks(self, title: str) -> int:
        return self._linking[title]

    def aliases(self, title: str) -> tuple[str, ...]:
        return tuple(sorted(asked for asked, found in self._leads_to.items() if found == title))

    def learn(self, asked: str, reading: Reading) -> None:
        if reading.title != asked:
            self._leads_to[asked] = reading.title
        if reading.title not in self._read:
            self._read[reading.title] = None
            self._linking.update(reading.linked)
