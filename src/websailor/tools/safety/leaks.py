"""The leak guard: pages that hold a benchmark's answers are never shown, and every block is counted.

Enters: URLs, and texts of pages and search results. Leaves: the name of the rule that forbids one, or None. The rules
are a list of their own (`leaks.toml`), to which a config may add: hosts with a path prefix, and canary strings.
"""

import tomllib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit


@cache
def _shipped() -> tuple[tuple[str, ...], tuple[str, ...]]:
    table = tomllib.loads((Path(__file__).parent / "leaks.toml").read_text(encoding="utf-8"))
    return tuple(table["urls"]), tuple(table["canaries"])


class LeakGuard:
    """Counts what it blocks in `blocked` (rule -> times)."""

    def __init__(self, urls: Sequence[str] = (), canaries: Sequence[str] = ()) -> None:
        shipped_urls, shipped_canaries = _shipped()
        self._urls = tuple(_plain(rule) for rule in (*shipped_urls, *urls))
        self._canaries = tuple(canary.casefold() for canary in (*shipped_canaries, *canaries))
        self.blocked: Counter[str] = Counter()

    def url(self, url: str) -> str | None:
        """The rule that forbids a URL. A rule `host/path` covers subdomains of the host and longer paths."""
        plain = _plain(url)
        host, _, path = plain.partition("/")
        for rule in self._urls:
            rule_host, _, rule_path = rule.partition("/")
            if (host == rule_host or host.endswith(f".{rule_host}")) and path.startswith(rule_path):
                self.blocked[rule] += 1
                return rule
        return None

    def text(self, text: str) -> str | None:
        """The canary that a text holds."""
        folded = text.casefold()
        for canary in self._canaries:
            if canary in folded:
                self.blocked[canary] += 1
                return canary
        return None


def _plain(url: str) -> str:
    """host/path in lower case, without scheme, port, `www.`, query and fragment."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    host = (parts.hostname or "").removeprefix("www.")
    path = unquote(parts.path).lower().strip("/")
    return f"{host}/{path}" if path else host
