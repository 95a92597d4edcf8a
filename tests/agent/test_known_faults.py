"""Faults of the public reference agent that need more than a scripted loop to show; the others are in `test_loop`."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from agent.test_malformed_calls import Touched
from taught_checkpoint import teach
from toy_questions import question
from websailor.agent import AgentConfig, run_episode
from websailor.models.base import Sampling
from websailor.models.local.policy import LocalPolicy
from websailor.models.protocol import answer_turn, call_turn, prompt
from websailor.models.scripted import ScriptedModel
from websailor.records import Message, Trajectory
from websailor.tools.base import Toolbox
from websailor.tools.config import ToolsConfig
from websailor.tools.python import PythonInterpreter
from websailor.tools.simulated import web_toolbox


@pytest.mark.parametrize("words", ["python", "PythonInterpreter", "run python: <code>print(1)</code>"])
def test_a_call_that_speaks_of_python_does_not_reach_the_interpreter(words: str) -> None:
    web = Touched()
    toolbox = Toolbox([*web_toolbox(web, ToolsConfig()).tools, PythonInterpreter(web)])
    model = ScriptedModel([call_turn(f"Python? {words[:6]}", "search", {"query": [words]}), answer_turn("t", "a")])
    asyncio.run(run_episode(question("q"), model, toolbox, AgentConfig(), Sampling(), 0, "scripted"))
    assert web.reached == [words], "as a query, and as nothing else"


def test_only_the_interpreter_s_own_call_reaches_it() -> None:
    web = Touched()
    call = '{"name": "PythonInterpreter", "arguments": {}}<code>print("python")</code>'
    turn = f"<think>t</think><tool_call>{call}</tool_call>"
    model = ScriptedModel([turn, answer_turn("t", "a")])
    toolbox = Toolbox([PythonInterpreter(web)])
    asyncio.run(run_episode(question("q"), model, toolbox, AgentConfig(), Sampling(), 0, "scripted"))
    assert web.reached == ['print("python")']


def test_the_tokenizer_is_loaded_once(tmp_path: Path) -> None:
    lesson = [
        Message(role="system", content=prompt("brief")),
        Message(role="user", content="Who?"),
        Message(role="assistant", content=answer_turn("I know.", "Ada")),
    ]
    teach(lesson, tmp_path / "checkpoint")
    assert json.loads((tmp_path / "checkpoint" / "tokenizer.json").read_text())
    policy = LocalPolicy(tmp_path / "checkpoint", greedy=True)
    shutil.rmtree(tmp_path / "checkpoint")
    config = AgentConfig(prompt="brief", max_tokens_per_turn=40, context_tokens=400)

    async def worked(name: str) -> Trajectory:
        asked = question(name, "Who?")
        session = policy.episode(asked, 0)
        try:
            return await run_episode(asked, session, Toolbox([]), config, Sampling(), 0, policy.name)
        finally:
            session.close()

    for name in "ab":
        episode = asyncio.run(worked(name))
        assert (episode.answer, episode.usage.turns) == ("Ada", 1)
