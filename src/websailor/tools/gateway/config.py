"""The settings of the gateway. Credentials come from the environment alone and are never part of them."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Mode = Literal["live", "record", "replay", "replay-or-live"]


MOST_FRESH = 100 * 366 * 86400
"""A century, in seconds."""


class GatewayConfig(BaseModel):
    """How real tools are reached."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    mode: Mode = "live"
    """`live`: cached results while they are fresh, else the provider. `record`: what was not recorded yet is asked of a
    provider and kept, failures too; what was recorded stands, so all who record into one store see what a replay shows.
    `replay`: what was recorded, and nothing else. `replay-or-live`: what was recorded, else as in `live`; the recording
    stays as it is.
    """
    store: Path | None = Field(default=None, exclude=True)
    """SQLite file of results, shared by processes; None: `~/.cache/websailor/web.sqlite`."""
    metrics: Path | None = Field(default=None, exclude=True)
    """Directory in which each process leaves its numbers when it ends, as Prometheus text (`gateway-PID.prom`)."""
    fresh_seconds: float = Field(default=7 * 86400, ge=0, le=MOST_FRESH)
    """In `live` mode, results younger than this are taken from the store; older ones only when all providers fail."""
    search: tuple[str, ...] = ("serper", "brave", "tavily", "exa", "searxng", "wikipedia")
    """Providers of web search in the order of their use; those without their key or address are passed over."""
    visit: tuple[str, ...] = ("direct", "jina")
    """Providers of pages."""
    scholar: tuple[str, ...] = ("serper-scholar", "semantic-scholar", "openalex", "arxiv", "crossref")
    """Providers of scholarly search."""
    bases: dict[str, str] = Field(default_factory=dict)
    """Provider -> base address, for an instance of one's own."""
    per_second: dict[str, Annotated[float, Field(gt=0, le=10_000)]] = Field(default_factory=dict)
    """Provider -> calls a second of all workers together, where it differs from the provider's usual limit. Of a rate
    above one the whole part counts.
    """
    attempt_seconds: float = Field(default=20, gt=0, le=3600)
    """Time for one upstream call."""
    attempts: int = Field(default=3, ge=1, le=10)
    """Calls to one provider before the next one is asked."""
    seconds: float = Field(default=60, gt=0, le=86400)
    """Time for one tool call over all attempts and providers."""
    backoff_seconds: float = Field(default=0.5, ge=0, le=3600)
    """First pause between attempts; it doubles, with jitter."""
    breaker_failures: int = Field(default=5, ge=1, le=10**6)
    """Failures in a row after which a provider is left alone."""
    breaker_seconds: float = Field(default=30, gt=0, le=86400)
    """How long it is left alone before one call tries it again."""
    allowed_hosts: tuple[str, ...] = ()
    """Hosts (`name` or `name:port`) that may be visited though they are not on the public web."""
    blocked_urls: tuple[str, ...] = ()
    """Further `host/path` rules of the leak guard."""
    canaries: tuple[str, ...] = ()
    """Further strings that mark a benchmark's pages."""
