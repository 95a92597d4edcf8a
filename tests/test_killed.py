"""Many questions at once over an endpoint, killed in the middle: the same set comes out, and nothing is asked twice."""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from models.endpoint_server import EndpointServer, says
from toy_questions import question
from websailor import wiki
from websailor.files import write_jsonl
from websailor.models.endpoint.spending import spent_by_role
from websailor.models.protocol import answer_turn, call_turn
from websailor.wiki.world import WorldConfig

COUNT = 20
AT_ONCE = 4


class Working(EndpointServer):
    """Takes its time over three turns; every fourth question it gets wrong."""

    def __init__(self) -> None:
        super().__init__(self._turn)

    async def _turn(self, writer: Any) -> None:
        messages = self.asked[-1].body["messages"]
        number = int(messages[1]["content"].removeprefix("Question ").removesuffix("?"))
        await asyncio.sleep(0.05)
        said = sum(message["role"] == "assistant" for message in messages)
        looks = call_turn(f"Turn {said}.", "search", {"query": [f"words {number} {said}"]})
        answer = answer_turn("So.", f"Answer {number if number % 4 else 'unknown'}")
        await says(looks if said < 2 else answer)(writer)

    def questions(self) -> Counter[str]:
        """How many turns were asked for, by question."""
        return Counter(body["messages"][1]["content"] for body in self.bodies)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    wiki.run(wiki.Config(world=WorldConfig(pages=120)), {}, folder / "wiki")
    (folder / "questions").mkdir()
    asked = [question(f"q{number}", f"Question {number}?", f"Answer {number}") for number in range(COUNT)]
    write_jsonl(folder / "questions" / "records.jsonl", asked)
    return folder


def command(stage: str, inputs: Path, server: EndpointServer, out: Path) -> list[str]:
    model = f"openai:m@{server.url}"
    words = {
        "collect": ["trajectories", "collect", str(inputs / "questions"), "--expert", model],
        "evaluate": ["evaluate", str(inputs / "questions"), "--model", model, "--runs", "1", "--split", "train"],
    }[stage]
    more = [
        "--wiki",
        str(inputs / "wiki"),
        "--out",
        str(out),
        "--concurrency",
        str(AT_ONCE),
        "--agent.date",
        "2026-01-01",
    ]
    early = ["--filters.early-answers"] if stage == "collect" else []
    return [sys.executable, "-m", "websailor.cli", *words, *more, *early]


def lines(out: Path) -> dict[str, str]:
    """Every finished record and reject by its id, but for how long tools took; torn lines are none."""
    found: dict[str, str] = {}
    for name in ("records.jsonl", "rejects.jsonl"):
        for line in (out / name).read_bytes().splitlines(keepends=True) if (out / name).is_file() else ():
            if line.endswith(b"\n"):
                row = json.loads(line)
                for step in row.get("steps", ()):
                    if step["observation"]:
                        step["observation"]["seconds"] = 0
                assert row["id"] not in found, "twice"
                found[row["id"]] = json.dumps(row, sort_keys=True)
    return found


@pytest.mark.parametrize("stage", ["collect", "evaluate"])
def test_killed_in_the_middle_and_started_again(stage: str, inputs: Path, tmp_path: Path) -> None:
    with Working() as server:
        done = subprocess.run(command(stage, inputs, server, tmp_path / "whole"), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        assert set(server.questions().values()) == {3}
        assert server.most_under_way == AT_ONCE, "side by side, and no more than allowed"
    out = tmp_path / "killed"
    with Working() as server:
        process = subprocess.Popen(
            command(stage, inputs, server, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 90
        while len(lines(out)) < COUNT // 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
        process.wait()
        before = lines(out)
        assert COUNT // 2 <= len(before) < COUNT
        time.sleep(0.3)  # what was under way ends
        turns_before = len(server.asked)
        server.asked.clear()
        for name in ("records.jsonl", "spending.jsonl"):
            with (out / name).open("ab") as file:
                file.write(b'{"id": "q1')  # what a kill in the middle of writing leaves
        done = subprocess.run(command(stage, inputs, server, out), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
    after = lines(out)
    assert after.keys() == lines(tmp_path / "whole").keys()
    assert len(after) == COUNT
    assert {name: after[name] for name in before} == before, "what was finished stands"
    again = {f"Question {int(name[1:].split('/')[0])}?" for name in before} & server.questions().keys()
    assert not again, "what was finished is not asked again"
    assert set(server.questions().values()) == {3}
    assert after == lines(tmp_path / "whole"), "the same set"
    role = {"collect": "expert", "evaluate": "policy"}[stage]
    replies = spent_by_role(out)[role].replies
    assert 3 * COUNT - 3 * AT_ONCE <= replies <= turns_before + len(server.asked)
