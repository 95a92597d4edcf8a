"""A real endpoint: `transformers serve` with a tiny checkpoint that was taught one conversation."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from endpoint_talk import TOOLS, Echo

from taught_checkpoint import teach
from toy_questions import question
from websailor.agent import AgentConfig, run_episode
from websailor.models.base import Policy, Reply, Sampling
from websailor.models.endpoint import Delta, EndpointConfig, EndpointError, EndpointPolicy, parse_endpoint
from websailor.models.local.policy import LocalPolicy
from websailor.models.protocol import answer_turn, call_turn, prompt
from websailor.records import Message, StopReason, Trajectory
from websailor.tools.base import Toolbox

SERVE = shutil.which("transformers", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        SERVE is None or find_spec("uvicorn") is None or find_spec("fastapi") is None,
        reason="transformers serve is not there: pip install 'transformers[serving]'",
    ),
]

LESSON = [
    Message(role="system", content=prompt("brief")),
    Message(role="user", content="Who?"),
    Message(role="assistant", content=call_turn("Look.", "search", {"query": ["a"]})),
    Message(role="tool", content="found ['a']"),
    Message(role="assistant", content=answer_turn("It is her.", "Ada")),
]
SETTINGS = AgentConfig(prompt="brief", max_tokens_per_turn=60, context_tokens=400)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of two layers that knows the lesson by heart, in a Hugging Face folder."""
    folder = tmp_path_factory.mktemp("served") / "tiny"
    teach(LESSON, folder)
    return folder


@pytest.fixture(scope="module")
def url(checkpoint: Path) -> Iterator[str]:
    """The endpoint, on a free port of this machine, without any network."""
    assert SERVE is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    cache = checkpoint.parent / "cache"
    (cache / "hub").mkdir(parents=True)  # `/v1/models` lists it and fails where it is missing
    environment = {**os.environ, "HF_HOME": str(cache), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    command = [SERVE, "serve", str(checkpoint), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    log = checkpoint.parent / "serve.log"
    with log.open("wb") as handle:
        process = subprocess.Popen(command, env=environment, stdout=handle, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 150
        while not _answers(f"http://127.0.0.1:{port}/health"):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"transformers serve did not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.3)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _answers(url: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def work(policy: Policy, sampling: Sampling) -> Trajectory:
    async def once() -> Trajectory:
        model = policy.episode(question(), 1)
        return await run_episode(question(), model, Toolbox([Echo()]), SETTINGS, sampling, 1, policy.name)

    return asyncio.run(once())


def test_an_episode_over_the_wire_is_the_one_of_the_local_engine(url: str, checkpoint: Path) -> None:
    deltas: list[Delta] = []
    greedy = Sampling(temperature=0.0)
    over_the_wire = EndpointPolicy(parse_endpoint(f"openai:{checkpoint}@{url}"))
    streamed = EndpointPolicy(parse_endpoint(f"openai:{checkpoint}@{url}"), listener=deltas.append)
    episodes = [work(policy, greedy) for policy in (over_the_wire, streamed, LocalPolicy(checkpoint, greedy=True))]
    for episode in episodes:
        assert (episode.stop, episode.answer) == (StopReason.ANSWER, "Ada")
        assert [step.call and step.call.name for step in episode.steps] == ["search", None]
    remote, again, local = episodes
    assert remote.messages == again.messages
    assert remote.usage == again.usage
    assert remote.usage.completion_tokens == local.usage.completion_tokens
    assert [(step.thought, step.call) for step in remote.steps] == [(step.thought, step.call) for step in local.steps]
    thoughts = "".join(delta.text for delta in deltas if delta.kind == "thought")  # the server takes them apart
    assert [thought in thoughts for thought in ("Look.", "It is her.")] == [True, True]
    assert "<answer>" in "".join(delta.text for delta in deltas if delta.kind == "text")
    assert over_the_wire.spent.prompt_tokens > 0
    assert over_the_wire.spent.cost is None


def test_native_calls_over_the_wire(url: str, checkpoint: Path) -> None:
    policy = EndpointPolicy(parse_endpoint(f"openai:{checkpoint}@{url}", protocol="native"))
    episode = work(policy, Sampling(temperature=0.0))
    assert (episode.stop, episode.answer) == (StopReason.ANSWER, "Ada")
    said = episode.messages[2]
    assert (said.reasoning, said.content) == ("Look.", "")
    assert [call.name for call in said.tool_calls] == ["search"]
    assert episode.messages[3].tool_call_id == said.tool_calls[0].id


def test_a_turn_that_is_cut_off(url: str, checkpoint: Path) -> None:
    for stream in (False, True):
        reply = one(EndpointConfig(base_url=url, model=str(checkpoint), stream=stream), Sampling(max_tokens=3))
        assert reply.truncated
        assert reply.usage.completion_tokens == 3


def test_a_field_that_it_does_not_know_is_named(url: str, checkpoint: Path) -> None:
    config = EndpointConfig(base_url=url, model=str(checkpoint), extra_body={"top_k_unheard_of": 3})
    with pytest.raises(EndpointError, match=r"422.*top_k_unheard_of.*omit"):
        one(config, Sampling())


def one(config: EndpointConfig, sampling: Sampling) -> Reply:
    return asyncio.run(EndpointPolicy(config).episode(question(), 1).reply(LESSON[:2], TOOLS, sampling))
