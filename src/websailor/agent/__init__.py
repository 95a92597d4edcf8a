"""The ReAct loop: there is only one. `run_episode` works a question with a model and a toolbox."""

from typing import TYPE_CHECKING, Any

from websailor.agent.config import AgentConfig

if TYPE_CHECKING:
    from websailor.agent.loop import Episode, run_episode

__all__ = ["AgentConfig", "Episode", "run_episode"]


def __getattr__(name: str) -> Any:
    """The loop is imported when it is first asked for: stages need `AgentConfig` alone to describe their flags."""
    if name in ("Episode", "run_episode"):
        from websailor.agent import loop

        return getattr(loop, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
