"""Malformed calls: none runs, each is explained in words that help, and the episode goes on."""

import asyncio

import pytest

from agent.malformed_calls import MALFORMED, Malformed
from toy_questions import question
from websailor.agent import AgentConfig, run_episode
from websailor.models.base import Sampling
from websailor.models.protocol import answer_turn
from websailor.models.scripted import ScriptedModel
from websailor.records import Hit, Page, StopReason
from websailor.tools.base import Toolbox
from websailor.tools.config import ToolsConfig
from websailor.tools.memory import InMemoryWeb
from websailor.tools.python import PythonInterpreter
from websailor.tools.sandbox.base import ProgramResult
from websailor.tools.simulated import web_toolbox


class Touched(InMemoryWeb):
    """A web and a sandbox that remember whether anything reached them."""

    def __init__(self) -> None:
        super().__init__([Page(id=1, title="a", url="u1", text="A page about a.")])
        self.reached: list[str] = []

    def search(self, query: str, k: int) -> list[Hit]:
        self.reached.append(query)
        return super().search(query, k)

    def fetch(self, url: str) -> Page:
        self.reached.append(url)
        return super().fetch(url)

    async def run(self, code: str, seconds: float | None = None) -> ProgramResult:
        self.reached.append(code)
        return ProgramResult(status="ok")

    async def aclose(self) -> None:
        """Nothing to end."""


def test_there_are_more_than_fifty_kinds() -> None:
    assert len(MALFORMED) >= 50
    assert len({one.name for one in MALFORMED}) == len({repr(one.turn) for one in MALFORMED}) == len(MALFORMED)


@pytest.mark.parametrize("one", MALFORMED, ids=lambda one: one.name)
def test_a_malformed_call_is_explained_and_nothing_runs(one: Malformed) -> None:
    web = Touched()
    toolbox = Toolbox([*web_toolbox(web, ToolsConfig()).tools, PythonInterpreter(web)])
    model = ScriptedModel([one.turn, answer_turn("Then I answer.", "a")])
    config = AgentConfig(prompt="brief")
    episode = asyncio.run(run_episode(question("q"), model, toolbox, config, Sampling(), 0, "scripted"))
    assert web.reached == []
    observation = episode.steps[0].observation
    assert observation is not None and observation.status == "error"
    assert one.wrong in observation.content
    assert one.to_do in observation.content
    assert len(observation.content) < 400, "short enough to be read"
    assert episode.usage.format_errors + episode.usage.tool_calls == 1
    assert all(message.content == observation.content for message in episode.messages[3:-1])
    assert (episode.stop, episode.answer) == (StopReason.ANSWER, "a"), "the episode goes on"
