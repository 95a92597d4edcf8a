"""The leak guard: pages that hold a benchmark's answers are never shown, and every block is counted.

Enters: URLs, and texts of pages and search results. Leaves: the name of the rule that forbids one, or None. The rules
are a list of their own (`leaks.toml`), to which a config may add: hosts with a path prefix, names of data sets that are
blocked wherever they stand in an address (on a mirror, in an archive, behind a proxy), and canary strings. A URL is
looked at as a server would read it in the end: decoded, in lower case, without the dots and slashes that mean nothing.
"""

import posixpath
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from websailor.tools.base import ToolFailure

_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:/*|^//")
_TRANSLATED = ".translate.goog"
_MEMORY = 65536
"""Verdicts on addresses that are remembered: the same hits are shown again and again."""


class Blocked(ToolFailure):
    """A page that must not be seen."""

    def __init__(self) -> None:
        super().__init__("This page is blocked: it may hold the answers of a benchmark.")


class _Rules(NamedTuple):
    urls: tuple[str, ...]
    names: tuple[str, ...]
    canaries: tuple[str, ...]


@cache
def _shipped() -> _Rules:
    table = tomllib.loads((Path(__file__).parent / "leaks.toml").read_text(encoding="utf-8"))
    return _Rules(tuple(table["urls"]), tuple(table["names"]), tuple(table["canaries"]))


class LeakGuard:
    """Counts what it blocks in `blocked` (rule -> times)."""

    def __init__(self, urls: Sequence[str] = (), canaries: Sequence[str] = ()) -> None:
        shipped = _shipped()
        self._urls = tuple(filter(None, (plain(rule) for rule in (*shipped.urls, *urls))))
        self._names = tuple((name, re.compile(rf"(?<![a-z0-9_-]){re.escape(name)}")) for name in shipped.names)
        self._canaries = tuple(filter(None, (_folded(canary) for canary in (*shipped.canaries, *canaries))))
        self._verdict = lru_cache(maxsize=_MEMORY)(self._rule)
        self.blocked: Counter[str] = Counter()

    def url(self, url: str) -> str | None:
        """The rule that forbids a URL. A rule `host/path` covers subdomains of the host and longer paths, and addresses
        that hold such an address within them."""
        rule = self._verdict(url)
        if rule is not None:
            self.blocked[rule] += 1
        return rule

    def _rule(self, url: str) -> str | None:
        whole = plain(url)
        host, _, path = whole.partition("/")
        for rule in self._urls:
            rule_host, _, rule_path = rule.partition("/")
            if (host == rule_host or host.endswith(f".{rule_host}")) and path.startswith(rule_path):
                return rule
            if rule_path and rule in path:
                return rule
        return next((name for name, pattern in self._names if pattern.search(path)), None)

    def text(self, text: str) -> str | None:
        """The canary that a text holds."""
        folded = _folded(text)
        for canary in self._canaries:
            if canary in folded:
                self.blocked[canary] += 1
                return canary
        return None


def _folded(text: str) -> str:
    """Without case, and with one space where a page broke its lines."""
    return " ".join(text.casefold().split())


def plain(url: str) -> str:
    """host/path?query as it is read in the end: without scheme, user, port, `www.` and fragment. Any text is taken."""
    text = unicodedata.normalize("NFKC", url.partition("#")[0]).strip()
    for _ in range(4):  # encoded again and again; nobody decodes more often
        if (decoded := unquote(text)) == text:
            break
        text = decoded
    text = _SCHEME.sub("", text.lower().replace("\\", "/").replace("\u3002", ".").replace("\t", ""))
    authority, _, rest = text.partition("/")
    authority, mark, asked = authority.partition("?")
    host = authority.rpartition("@")[2].partition(":")[0].strip(".").removeprefix("www.")
    if host.endswith(_TRANSLATED):
        host = host.removesuffix(_TRANSLATED).replace("--", "\0").replace("-", ".").replace("\0", "-")
        host = host.removeprefix("www.")
    path, more, query = rest.partition("?")
    path = posixpath.normpath(f"/{path}").strip("/") if path else ""
    tail = "?" + (asked if mark else query) if (mark or more) else ""
    return f"{host}/{path}{tail}" if path or tail else host
