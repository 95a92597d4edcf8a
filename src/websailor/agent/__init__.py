"""The ReAct loop: there is only one. `run_episode` works a question with a model and a toolbox."""

from websailor.agent.config import AgentConfig
from websailor.agent.loop import run_episode

__all__ = ["AgentConfig", "run_episode"]
