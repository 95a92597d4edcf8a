"""Any OpenAI-compatible endpoint as a model: text protocol or native tool calls.

Enters: an `EndpointConfig` (or `openai:MODEL@URL`), conversations. Leaves: replies, deltas while they grow, what it all
cost. Every fault of the endpoint is tried again or ends in one line that says what to do; the key is read from the
environment and stands in no record, log line or exception.
"""

from typing import TYPE_CHECKING, Any

from websailor.models.endpoint.config import EndpointConfig, EndpointSettings, parse_endpoint

if TYPE_CHECKING:
    from websailor.models.endpoint.faults import EndpointError
    from websailor.models.endpoint.policy import EndpointModel, EndpointPolicy
    from websailor.models.endpoint.prices import Prices, Spending
    from websailor.models.endpoint.streaming import Delta

__all__ = [
    "Delta",
    "EndpointConfig",
    "EndpointError",
    "EndpointModel",
    "EndpointPolicy",
    "EndpointSettings",
    "Prices",
    "Spending",
    "parse_endpoint",
]

_HOMES = {
    "Delta": "streaming",
    "EndpointError": "faults",
    "EndpointModel": "policy",
    "EndpointPolicy": "policy",
    "Prices": "prices",
    "Spending": "prices",
}


def __getattr__(name: str) -> Any:
    """The rest is imported when it is first asked for: stages need `EndpointConfig` alone to describe their flags."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
