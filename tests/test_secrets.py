"""Secrets: a key in every variable that the project reads is found in no file of a run, no log line, no output and no
exception, whatever services and endpoints do with it."""

import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.endpoint_server import EndpointServer, fails, says
from toy_questions import question
from websailor import wiki
from websailor.cli import execute
from websailor.files import write_jsonl
from websailor.models.endpoint.config import KEY_VARIABLES
from websailor.models.protocol import answer_turn, call_turn
from websailor.tools.gateway.limits import REDIS
from websailor.tools.gateway.opening import KINDS
from websailor.tools.providers.http import CONTACT
from websailor.tools.providers.imitation import KEY, ServiceImitation
from websailor.wiki.world import WorldConfig

SOURCES = Path(__file__).parents[1] / "src" / "websailor"
OWN = "WEBSAILOR_TEST_ENDPOINT_KEY"
"""The variable of the endpoint's key: any name a person chooses."""
SERVICES = sorted({kind.variable for kind in KINDS.values() if kind.variable})
VARIABLES = sorted({*SERVICES, *KEY_VARIABLES.values(), CONTACT, REDIS, OWN})
CANARY = "canary-5ec2e7"
SCHOLARS = ("serper-scholar", "semantic-scholar", "crossref")
TOOLS = ("search", "visit", "google_scholar")
SEARCHERS = ("serper", "brave", "tavily", "exa")


@pytest.fixture(params=["right", "wrong"])
def keys(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """What must be found nowhere; every variable holds one. Right keys are all the same: the one that the services
    know."""
    before = {name: os.environ.get(name) for name in VARIABLES}
    values = {name: f"{CANARY}-{number}" for number, name in enumerate(VARIABLES)}
    if request.param == "right":
        values |= dict.fromkeys(SERVICES, KEY)
    os.environ.update(values)
    del os.environ[REDIS]  # it holds an address: see the test of its own
    yield sorted({*values.values()})
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def test_the_variables_are_all_that_the_sources_name() -> None:
    named: set[str] = set()
    for source in SOURCES.rglob("*.py"):
        named |= set(re.findall(r"[\"']([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)[\"']", source.read_text(encoding="utf-8")))
    secret = {name for name in named if re.search(r"_KEY$|_TOKEN$|SECRET|PASSWORD|_URL$|CONTACT", name)}
    assert secret - {OWN} == set(VARIABLES) - {OWN}


class Echoing(EndpointServer):
    """An endpoint that repeats the key it was sent in all that it says, works a question on the web, and breaks down on
    every third."""

    def __init__(self) -> None:
        super().__init__(self._turn)

    async def _turn(self, writer: Any) -> None:
        asked = self.asked[-1]
        messages, key = asked.body["messages"], asked.headers.get("authorization", "")
        words = next(message["content"] for message in messages if message["content"].startswith("Question"))
        if words.startswith("Question 2"):
            await fails(400, f"no model for {key}")(writer)
            return
        url = f"https://pages.example.org/{'-'.join(words.split())}/0"
        turns = [
            call_turn(f"My key is {key}.", "search", {"query": [words, f"key {key}"]}),
            call_turn("I read.", "visit", {"url": [url, f"https://pages.example.org/{key}"], "goal": f"my key {key}"}),
            call_turn("Papers.", "google_scholar", {"query": [words]}),
            call_turn("Code.", "no_such_tool", {"key": key}),
            answer_turn(f"It is {key}.", "Ada"),
        ]
        await says(turns[min(sum(message["role"] == "assistant" for message in messages), 4)])(writer)


def searched(folder: Path, output: pytest.CaptureFixture[str], log: pytest.LogCaptureFixture) -> dict[str, bytes]:
    """All that a person or a program could find afterwards."""
    out, err = output.readouterr()
    records = "".join(f"{record.getMessage()} {record.__dict__}" for record in log.records)
    files = {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    return {**files, "stdout": out.encode(), "stderr": err.encode(), "log": records.encode()}


def assert_nowhere(keys: list[str], found: dict[str, bytes]) -> None:
    for where, content in found.items():
        for key in keys:
            assert key.encode() not in content, f"{key} stands in {where}"


def recipe(folder: Path, services: ServiceImitation, expert: str, mode: str) -> list[str]:
    """A command that collects trajectories over the services, and its recipe in a file."""
    lines = ["[trajectories]", 'web = "live"', 'split = "held_out"', "concurrency = 2", f'expert = "{expert}"']
    lines += ["[trajectories.tools]", f"tools = {json.dumps(TOOLS)}", "[trajectories.endpoint]", "retries = 0"]
    lines += ["[trajectories.filters]", "early_answers = true", "[trajectories.gateway]", f'mode = "{mode}"']
    lines += [f'store = "{folder / "web.sqlite"}"', "attempts = 1", "backoff_seconds = 0.01", 'visit = ["jina"]']
    lines += [f"search = {json.dumps(SEARCHERS)}", f"scholar = {json.dumps(SCHOLARS)}", "[trajectories.gateway.bases]"]
    lines += [f'{name} = "{base}"' for name, base in services.bases().items()]
    lines += ["[trajectories.gateway.per_second]", *(f"{name} = 500" for name in KINDS)]
    (folder / "recipe.toml").write_text("\n".join(lines))
    (folder / "questions").mkdir()
    questions = [question(f"q{number}", f"Question {number}?", "Ada", split="held_out") for number in range(4)]
    write_jsonl(folder / "questions" / "records.jsonl", questions)
    command = ["trajectories", "collect", str(folder / "questions"), "--out", str(folder / "collected")]
    return [*command, "--recipe", str(folder / "recipe.toml")]


def test_a_whole_run_with_every_key(
    keys: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Trajectories from an endpoint over the live web on loopback, recorded; then `ask` over the recording and over a
    wiki, and `doctor`."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpcore2")  # as `progress.configure_logging` has it: it traces bytes
    wiki.run(wiki.Config(world=WorldConfig(pages=60)), {}, tmp_path / "run" / "wiki")
    store = tmp_path / "web.sqlite"
    with ServiceImitation() as services, Echoing() as server:
        services.repeats_keys = True
        model = f"openai:m@{server.url}#{OWN}"
        assert execute(recipe(tmp_path, services, model, "record")) == 0
        assert {one.service for one in services.asked} >= {"serper", "jina", "serper-scholar"}
        web = [
            "--live",
            "--gateway.mode",
            "live",
            "--gateway.store",
            str(tmp_path / "another.sqlite"),
            "--gateway.attempts",
            "1",
        ]
        for name, base in services.bases().items():
            web += [f"--gateway.bases.{name}", base, f"--gateway.per-second.{name}", "500"]
        for tool, names in (("search", SEARCHERS), ("visit", ("jina",)), ("scholar", SCHOLARS)):
            web += [part for name in names for part in (f"--gateway.{tool}", name)]
        replayed = ["--live", "--gateway.mode", "replay", "--gateway.store", str(store)]
        simulated = ["--run", str(tmp_path / "run")]
        for number, more in enumerate((web, [*replayed, "--json"], simulated, [*simulated, "--reader", model])):
            command = ["ask", "Question 1?", "--model", model, "--out", str(tmp_path / f"asked{number}"), *more]
            assert execute(command) in (0, 1)
        assert execute(["ask", "Question 2?", "--model", model, "--out", str(tmp_path / "broken"), *simulated]) == 2
        assert execute(["doctor", "--offline", "--model", model, "--run", str(tmp_path / "run")]) in (0, 1)
        assert all(one.headers["authorization"] == f"Bearer {os.environ[OWN]}" for one in server.asked)
    found = searched(tmp_path, capsys, caplog)
    names = {Path(name).name for name in found}
    assert names >= {
        "records.jsonl",
        "rejects.jsonl",
        "manifest.json",
        "config.json",
        "web.sqlite",
        "stdout",
    }
    assert OWN.encode() in found["stdout"], "doctor names the variable"
    assert_nowhere(keys, found)


def test_missing_and_odd_keys_are_named_and_not_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    wiki.run(wiki.Config(world=WorldConfig(pages=60)), {}, tmp_path / "run" / "wiki")
    base = ["ask", "Question 1?", "--run", str(tmp_path / "run"), "--out", str(tmp_path / "asked")]
    for value in (f"{CANARY}\nX-More: 1", f"{CANARY} two", f"{CANARY}é", None):
        if value is None:
            os.environ.pop(OWN, None)
        else:
            os.environ[OWN] = value
        try:
            with EndpointServer(says("x")) as server:
                assert execute([*base, "--model", f"openai:m@{server.url}#{OWN}"]) == 2
        finally:
            os.environ.pop(OWN, None)
        found = searched(tmp_path, capsys, caplog)
        assert OWN.encode() in found["stderr"]
        assert_nowhere([CANARY], found)


def test_a_password_in_the_address_of_redis_is_not_repeated(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SERPER_API_KEY", KEY)
    os.environ[REDIS] = f"redis://user:{CANARY}@127.0.0.1:1/0"
    try:
        turn = call_turn("I.", "search", {"query": ["x"]})
        with ServiceImitation() as services, EndpointServer(says(turn)) as server:
            code = execute(recipe(tmp_path, services, f"openai:m@{server.url}", "live"))
            execute(["doctor", "--offline", "--run", str(tmp_path / "none")])
    finally:
        del os.environ[REDIS]
    found = searched(tmp_path, capsys, caplog)
    assert code == 2
    assert b"does not answer" in found["stderr"]
    assert REDIS.encode() in found["stdout"]
    assert_nowhere([CANARY], found)
