"""From a config and the environment to a gateway with the providers that can be used.

A provider that needs a key which is not set, or an address which is not configured, is passed over; `standing` says so
for every provider without ever holding a credential.
"""

import logging
from pathlib import Path
from typing import NamedTuple

import httpx2

from websailor.errors import UserError
from websailor.tools.gateway.config import GatewayConfig
from websailor.tools.gateway.gateway import Gateway
from websailor.tools.gateway.limits import SharedLimits
from websailor.tools.gateway.store import Store
from websailor.tools.providers.base import Provider, ToolName, key_of
from websailor.tools.providers.http import Http, Service
from websailor.tools.providers.page_readers import DirectHttp, JinaReader
from websailor.tools.providers.scholars import Arxiv, Crossref, OpenAlex, SemanticScholar
from websailor.tools.providers.search_engines import Brave, Exa, SearXNG, Serper, SerperScholar, Tavily, Wikipedia
from websailor.tools.safety.leaks import LeakGuard


class Kind(NamedTuple):
    """How a provider is made."""

    make: type[Service]
    variable: str | None = None
    """Environment variable of its key."""
    needs_key: bool = False


KINDS: dict[str, Kind] = {
    "serper": Kind(Serper, "SERPER_API_KEY", True),
    "brave": Kind(Brave, "BRAVE_API_KEY", True),
    "tavily": Kind(Tavily, "TAVILY_API_KEY", True),
    "exa": Kind(Exa, "EXA_API_KEY", True),
    "searxng": Kind(SearXNG),
    "wikipedia": Kind(Wikipedia),
    "direct": Kind(DirectHttp),
    "jina": Kind(JinaReader, "JINA_API_KEY"),
    "serper-scholar": Kind(SerperScholar, "SERPER_API_KEY", True),
    "semantic-scholar": Kind(SemanticScholar, "SEMANTIC_SCHOLAR_API_KEY"),
    "openalex": Kind(OpenAlex),
    "arxiv": Kind(Arxiv),
    "crossref": Kind(Crossref),
}


class Standing(NamedTuple):
    """Whether a provider can be used."""

    provider: str
    tool: ToolName
    usable: bool
    why: str
    """What is set or missing; names of variables, never their values."""


def standing(config: GatewayConfig) -> list[Standing]:
    """Of all providers that the config names. Raises `UserError` for an unknown one, and for what is no address."""
    unknown = sorted({*config.bases, *config.per_second} - KINDS.keys())
    if unknown:
        raise UserError(f"{unknown[0]} is no provider: choose from {', '.join(KINDS)}")
    for name, base in config.bases.items():
        _check_base(name, base)
    found: list[Standing] = []
    lists: tuple[tuple[ToolName, tuple[str, ...]], ...] = (
        ("search", config.search),
        ("visit", config.visit),
        ("scholar", config.scholar),
    )
    for tool, names in lists:
        for name in names:
            kind = KINDS.get(name)
            if kind is None or kind.make.tool != tool:
                known = ", ".join(other for other, one in KINDS.items() if one.make.tool == tool)
                raise UserError(f"{name} is no provider of {tool}: choose from {known}")
            try:
                key = key_of(kind.variable) if kind.variable else None
            except UserError as error:
                found.append(Standing(name, tool, False, str(error)))
                continue
            if name == SearXNG.name and name not in config.bases:
                found.append(Standing(name, tool, False, "no address: set bases.searxng"))
            elif kind.needs_key and not key:
                found.append(Standing(name, tool, False, f"no key: set {kind.variable}"))
            else:
                why = f"{kind.variable} is set" if key else "works without a key"
                found.append(Standing(name, tool, True, why))
    return found


def open_gateway(config: GatewayConfig, page_transport: httpx2.AsyncBaseTransport | None = None) -> Gateway:
    """A gateway over the usable providers. Raises `UserError` for unknown providers and unusable stores."""
    logging.getLogger("stamina").setLevel(logging.ERROR)  # the gateway counts and says itself what it tries again
    usable = [one for one in standing(config) if one.usable]
    guard = LeakGuard(config.blocked_urls, config.canaries)
    http = Http(config.attempt_seconds, page_transport, guard, tuple(host.lower() for host in config.allowed_hosts))
    providers: list[Provider] = []
    for one in usable:
        kind = KINDS[one.provider]
        key = key_of(kind.variable) if kind.variable else None
        providers.append(kind.make(http, key=key, base=config.bases.get(one.provider)))
    path = store_file(config)
    store = Store(path, written=config.mode != "replay")
    return Gateway(config, providers, store, SharedLimits(path.with_suffix(".limits.sqlite")), guard, http)


def store_file(config: GatewayConfig) -> Path:
    """Where results are kept."""
    return (config.store or Path("~/.cache/websailor/web.sqlite")).expanduser()


def _check_base(name: str, base: str) -> None:
    try:
        url = httpx2.URL(base.replace("{language}", "en"))
    except (httpx2.InvalidURL, ValueError):
        url = None
    if url is None or url.scheme not in ("http", "https") or not url.host or url.userinfo or (url.port or 0) > 65535:
        raise UserError(f"bases.{name}: not an address such as https://host/path (keys belong into the environment)")
