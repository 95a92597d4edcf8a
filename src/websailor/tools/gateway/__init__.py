"""The gateway between the agent's tools and every real service. See `gateway.Gateway`.

Reads credentials from the environment. Writes one store of results and one file of limits, both shared by processes.
"""

from websailor.tools.gateway.config import GatewayConfig, Mode

__all__ = ["GatewayConfig", "Mode"]
