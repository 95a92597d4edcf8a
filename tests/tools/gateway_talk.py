"""What the tests of the gateway share: two services of each tool at a fast pace, and one call.

Enters: the imitated services and a folder. Leaves: a configuration, and what a call came to.
"""

import asyncio
from pathlib import Path
from typing import Any

from websailor.tools.gateway.config import GatewayConfig
from websailor.tools.gateway.gateway import Gateway, Outcome
from websailor.tools.gateway.opening import KINDS
from websailor.tools.providers.imitation import ServiceImitation

VARIABLES = tuple(sorted({kind.variable for kind in KINDS.values() if kind.variable}))


def config(services: ServiceImitation, folder: Path, **changes: Any) -> GatewayConfig:
    usual: dict[str, Any] = {
        "store": folder / "web.sqlite",
        "bases": services.bases(),
        "per_second": dict.fromkeys(KINDS, 500.0),
        "attempt_seconds": 5.0,
        "backoff_seconds": 0.01,
        "attempts": 2,
        "seconds": 20,
        "search": ("serper", "brave"),
        "visit": ("jina",),
        "scholar": ("crossref",),
    }
    return GatewayConfig.model_validate(usual | changes)


def called(gateway: Gateway, tool: Any = "search", **arguments: str) -> Outcome:
    return asyncio.run(gateway.call(tool, arguments or {"query": "Velan Torid"}))
