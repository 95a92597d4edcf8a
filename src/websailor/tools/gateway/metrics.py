"""What the gateway did, per provider.

Enters: calls as they happen. Leaves: counts and latency quantiles, as a table for people and as Prometheus text for
machines: both when the gateway is closed.
"""

import logging
import os
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from websailor.files import replacing

log = logging.getLogger(__name__)

COUNTS = (
    "calls",
    "hits",
    "coalesced",
    "retries",
    "throttled",
    "failures",
    "failovers",
    "degraded",
    "failed",
    "blocked",
)
"""What is counted: upstream calls, answers from the store, calls that joined one under way, repeated attempts, attempts
that were asked to slow down, attempts that failed, calls passed to the next provider, degraded answers, calls
without an answer, blocked pages.
"""
QUANTILES = (0.5, 0.9, 0.99)
KEPT = 4096
"""Latencies kept for the quantiles: the latest."""


@dataclass(slots=True)
class _Row:
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))


class Metrics:
    """Of one gateway."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = defaultdict(_Row)

    def count(self, provider: str, what: str) -> None:
        """One more of `COUNTS`."""
        self._rows[provider].counts[what] += 1

    def latency(self, provider: str, seconds: float) -> None:
        """An upstream call took so long, whatever came of it."""
        self._rows[provider].seconds.append(seconds)

    def counts(self, provider: str) -> Mapping[str, int]:
        """All counts of one provider."""
        return dict(self._rows[provider].counts)

    def quantiles(self, provider: str) -> tuple[float, ...]:
        """Seconds at `QUANTILES`; empty where nothing was called."""
        import numpy as np

        seconds = self._rows[provider].seconds
        return tuple(float(value) for value in np.quantile(np.fromiter(seconds, float), QUANTILES)) if seconds else ()

    def table(self, states: Mapping[str, str]) -> list[dict[str, str]]:
        """One row for every provider, `states` being those of the breakers."""
        return [
            {
                "provider": name,
                **{what: str(count) for what, count in row.counts.items()},
                "breaker": states.get(name, ""),
                **{
                    f"p{round(100 * q)} s": f"{value:.3f}"
                    for q, value in zip(QUANTILES, self.quantiles(name), strict=False)
                },
            }
            for name, row in sorted(self._rows.items())
        ]

    def in_words(self, states: Mapping[str, str]) -> list[str]:
        """The table without what did not happen, a line for every provider."""
        lines: list[str] = []
        for row in self.table(states):
            name = row.pop("provider")
            said = [f"{what} {value}" for what, value in row.items() if value and value != "0"]
            lines.append(f"{name}: {', '.join(said)}")
        return lines

    def leave(self, states: Mapping[str, str], folder: Path | None) -> None:
        """Log the table, and write the Prometheus text where a directory is given. One that cannot be written is said,
        and costs nothing else."""
        for line in self.in_words(states):
            log.info("%s", line)
        if folder is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with replacing(folder / f"gateway-{os.getpid()}.prom") as file:
                file.write_text(self.prometheus(states), encoding="utf-8")
        except OSError as error:
            log.warning("%s: the numbers of the gateway are not kept (%s)", folder, error)

    def prometheus(self, states: Mapping[str, str]) -> str:
        """The text format of Prometheus, version 0.0.4."""
        lines: list[str] = []
        for what in COUNTS:
            lines.append(f"# TYPE websailor_gateway_{what}_total counter")
            lines += [
                f'websailor_gateway_{what}_total{{provider="{name}"}} {row.counts[what]}'
                for name, row in sorted(self._rows.items())
            ]
        lines.append("# TYPE websailor_gateway_breaker_open gauge")
        lines += [
            f'websailor_gateway_breaker_open{{provider="{name}"}} {int(state != "closed")}'
            for name, state in sorted(states.items())
        ]
        lines.append("# TYPE websailor_gateway_seconds summary")
        for name in sorted(self._rows):
            lines += [
                f'websailor_gateway_seconds{{provider="{name}",quantile="{q}"}} {value:.6f}'
                for q, value in zip(QUANTILES, self.quantiles(name), strict=False)
            ]
        return "\n".join(lines) + "\n"
