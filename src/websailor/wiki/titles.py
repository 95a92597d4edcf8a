"""Page titles and addresses: what MediaWiki does to a title before it looks it up, and the way from a title to its URL.

Pure functions; `Site` holds the few facts about a wiki that they depend on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

_SPACES = re.compile(r"[\s_\u00a0\u200e\u200f]+")

# Canonical English names; every MediaWiki accepts them besides its own.
NAMESPACES: dict[str, int] = {
    "media": -2,
    "special": -1,
    "talk": 1,
    "user": 2,
    "user talk": 3,
    "wikipedia": 4,
    "project": 4,
    "wp": 4,
    "wikipedia talk": 5,
    "file": 6,
    "image": 6,
    "file talk": 7,
    "mediawiki": 8,
    "mediawiki talk": 9,
    "template": 10,
    "template talk": 11,
    "help": 12,
    "help talk": 13,
    "category": 14,
    "category talk": 15,
    "portal": 100,
    "portal talk": 101,
    "book": 108,
    "draft": 118,
    "timedtext": 710,
    "module": 828,
    "module talk": 829,
}
FILE_NAMESPACES = frozenset({-2, 6})
CATEGORY_NAMESPACE = 14


@dataclass(frozen=True, slots=True)
class Site:
    """What a dump's header says about its wiki."""

    name: str = "Wikipedia"
    language: str = "en"
    url_prefix: str = "https://en.wikipedia.org/wiki/"
    case_sensitive: bool = False
    """True where `iPod` and `IPod` are different pages (Wiktionary); Wikipedia capitalises the first letter."""
    namespaces: Mapping[str, int] = field(default_factory=lambda: NAMESPACES)
    """Lower-case name -> number, the main namespace left out."""

    def namespace(self, title: str) -> int:
        """Namespace number of a title by its prefix; 0 for a plain page, also for `2001: A Space Odyssey`."""
        head, colon, _ = title.partition(":")
        return self.namespaces.get(_SPACES.sub(" ", head).strip().lower(), 0) if colon else 0

    def normalise(self, title: str) -> str:
        """The title under which MediaWiki looks a link up: no section, single spaces, first letter upper case.

        `" albert_Einstein#Life"` -> `"Albert Einstein"`; an empty result means that there is nothing to look up.
        """
        title = _SPACES.sub(" ", title.partition("#")[0]).strip().lstrip(":").strip()
        if title and not self.case_sensitive and not title[0].isupper():
            # `ß` has no single capital letter; MediaWiki keeps it.
            upper = title[0].upper()
            title = (upper if len(upper) == 1 else title[0]) + title[1:]
        return title

    def url(self, title: str) -> str:
        """Address of a page."""
        return self.url_prefix + quote(title.replace(" ", "_"), safe="/:@!$*,;()'~")

    def title_of(self, url: str) -> str | None:
        """Title that an address of this wiki names; None for an address elsewhere.

        Scheme, letter case of the host, a mobile host, query and fragment are ignored.
        """
        wanted = urlsplit(self.url_prefix)
        try:
            given = urlsplit(_schemed(url.strip()))
        except ValueError:
            # No address at all: `http://[`.
            return None
        if _host(given.netloc) != _host(wanted.netloc) or not given.path.startswith(wanted.path):
            return None
        return self.normalise(unquote(given.path[len(wanted.path) :])) or None


def _schemed(url: str) -> str:
    return url if "://" in url else "https://" + url.lstrip("/")


def _host(host: str) -> str:
    return host.lower().replace(".m.", ".", 1).removeprefix("www.")


def plain_name(title: str) -> str:
    """The title without a disambiguating parenthesis: `Anthem (novella)` -> `Anthem`."""
    return re.sub(r"\s*[(（][^()（）]*[)）]$", "", title) or title
