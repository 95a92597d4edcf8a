"""Which web an agent works in: the one dial, the same for every stage that runs episodes without training on them.

Enters: `EnvironmentConfig`, and the wiki where the web is simulated. Leaves: the toolbox of an episode. Whoever opens
one closes it, in the event loop that used it.
"""

import asyncio
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from websailor.errors import UserError
from websailor.files import StageConfig
from websailor.tools.base import Toolbox
from websailor.tools.config import ToolsConfig
from websailor.tools.gateway.config import GatewayConfig
from websailor.tools.summary import open_reader

WebChoice = Literal["simulated", "live"]


class EnvironmentConfig(StageConfig):
    """Base of the config of a stage whose agent may work in either web."""

    web: WebChoice = "simulated"
    """`simulated`: an offline wiki. `live`: the real web through the gateway; no wiki is needed."""
    tools: ToolsConfig = ToolsConfig()
    """What the agent may call, and how it answers."""
    gateway: GatewayConfig = GatewayConfig()
    """How the live web is reached: live, recorded or replayed."""
    reader: str | None = None
    """A model that reads visited pages for the agent, `openai:MODEL@URL`; None: the best sentences for its goal."""

    @model_validator(mode="after")
    def _pages_have_addresses(self) -> Self:
        if self.web == "live" and self.tools.address == "title":
            raise ValueError('tools.address = "title" names pages of a wiki: on the live web it is "url"')
        return self


def check_environment(config: EnvironmentConfig) -> None:
    """Raise `UserError` for what is wrong with the live web's settings, before a run writes anything."""
    if config.web == "live":
        asyncio.run(open_toolbox(config, None).aclose())


def open_toolbox(config: EnvironmentConfig, wiki: Path | None) -> Toolbox:
    """The configured tools over the configured web. Raises `UserError` when it cannot be opened."""
    reader = open_reader(config.reader, config.tools)
    if config.web == "live":
        from websailor.tools.gateway.opening import open_gateway
        from websailor.tools.live import live_toolbox

        return live_toolbox(open_gateway(config.gateway), config.tools, reader)
    from websailor.tools.simulated import simulated_toolbox
    from websailor.wiki import open_wiki

    if wiki is None:
        raise UserError('the simulated web needs a wiki: name one with --wiki, or set web = "live"')
    return simulated_toolbox(open_wiki(wiki), config.tools, reader)
