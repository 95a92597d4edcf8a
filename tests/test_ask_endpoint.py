"""`ask` from outside: an endpoint that streams, a recorded web, the local agent, Ctrl-C, and what is kept of each."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from models.endpoint_server import Answer, EndpointServer, chunk, fails, hangs, streams
from taught_checkpoint import teach
from websailor import wiki
from websailor.cli import execute
from websailor.files import read_jsonl
from websailor.models.protocol import answer_turn, call_turn, prompt
from websailor.records import Message, Page, StopReason, Trajectory
from websailor.tools.gateway import GatewayConfig
from websailor.tools.gateway.opening import open_gateway
from websailor.tools.providers.imitation import ServiceImitation
from websailor.wiki import open_wiki
from websailor.wiki.world import WorldConfig

QUESTION = "Which company is it?"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asked") / "run"
    wiki.run(wiki.Config(world=WorldConfig(pages=120)), {}, folder / "wiki")
    return folder


@pytest.fixture(scope="module")
def page(run: Path) -> Page:
    """A company of the wiki."""
    opened = open_wiki(run / "wiki")
    found = opened.page(opened.search("company head office", 1)[0].title)
    assert found is not None
    return found


def text(turn: str) -> Answer:
    """A turn in the text protocol, seven characters at a time."""
    pieces = [chunk(content=turn[start : start + 7]) for start in range(0, len(turn), 7)]
    return streams(*pieces, chunk("stop", usage={"prompt_tokens": 100, "completion_tokens": 20}))


def script(page: Page) -> list[Answer]:
    quote = page.text.partition(". ")[0] + "."
    sources = [f'- It is one | "{quote}" | {page.url}', f'- It is old | "It was founded in 1066." | {page.url}']
    return [
        text(call_turn("I look for companies first.", "search", {"query": ["company"]})),
        text(call_turn("I open the first.", "visit", {"url": [page.url], "goal": "what it is"})),
        text("<think>Hm.</think><tool_call>{oops</tool_call>"),
        text(answer_turn("The page says so.", "\n".join([page.title, "", "Sources:", *sources]))),
    ]


def asked(server: EndpointServer, run: Path, out: Path, *more: str) -> list[str]:
    model = f"openai:m@{server.url}"
    return ["ask", QUESTION, "--run", str(run), "--model", model, "--out", str(out), *more]


def kept(out: Path) -> list[Trajectory]:
    return list(read_jsonl(out / "records.jsonl", Trajectory))


def test_a_streaming_endpoint(run: Path, page: Page, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with EndpointServer(*script(page)) as server:
        assert execute(asked(server, run, tmp_path)) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    wanted = ["I look for companies first.", "› search  company", "A search for 'company' found 10 results:"]
    wanted += ["I open the first.", f"› visit  {page.url} · what it is", page.title, "Hm.", "The page says so."]
    positions = [0]
    for words in wanted:
        positions.append(next(n for n, line in enumerate(lines) if line == words and n >= positions[-1]))
    assert not any(tag in line for line in lines for tag in ("<think>", "<answer>", '"name": "visit"'))
    sources = lines.index("Sources")
    assert lines[sources - 1] == page.title
    assert lines[sources + 1] == "✓ It is one" and lines[sources + 3] == page.url
    assert lines[sources + 4] == "✗ It is old (the page does not hold this quote)"
    assert lines[-1].startswith("4 turns, 2 calls, 80 tokens written, 400 read, cost unknown")
    (trajectory,) = kept(tmp_path)
    assert trajectory.answer == page.title
    assert [(one.found, one.url) for one in trajectory.citations] == [(True, page.url), (False, page.url)]
    assert server.bodies[0]["stream"] is True


def test_json_is_one_line_and_what_is_kept(
    run: Path, page: Page, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text("[models.m]\ninput = 10.0\noutput = 100.0\n")
    with EndpointServer(*script(page)) as server:
        assert execute(asked(server, run, tmp_path, "--json", "--endpoint.prices", str(prices))) == 0
    (line,) = capsys.readouterr().out.splitlines()
    (trajectory,) = kept(tmp_path)
    assert Trajectory.model_validate_json(line) == trajectory
    assert trajectory.usage.cost == pytest.approx((400 * 10 + 80 * 100) / 1e6)
    assert trajectory.usage.currency == "USD"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_json_is_json_in_every_encoding_and_question_and_answer_are_as_they_were(
    run: Path, tmp_path: Path, encoding: str
) -> None:
    answer = ":smile: Łódź é 日本 😀 \x7f"
    with EndpointServer(text(answer_turn("[red]t[/red]", answer))) as server:
        command = asked(server, run, tmp_path, "--json")
        command[1] = "Où, 日本?"
        words = [sys.executable, "-m", "websailor.cli", *command]
        environment = {**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
        environment |= {"PYTHONUTF8": "0" if encoding != "utf-8" else "1", "COLUMNS": "20"}
        done = subprocess.run(words, capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.decode("utf-8"))
    assert found["answer"] == answer
    assert found["messages"][1]["content"] == "Où, 日本?"
    assert Trajectory.model_validate(found) == kept(tmp_path)[0]


def test_bytes_that_are_no_text_are_no_crash(run: Path, tmp_path: Path) -> None:
    with EndpointServer(text(answer_turn("t", "yes"))) as server:
        command = asked(server, run, tmp_path)
        assert execute([command[0], "caf\udce9 or not?", *command[2:]]) == 0
    assert kept(tmp_path)[0].messages[1].content == "caf\ufffd or not?"


def test_a_place_that_cannot_be_written_is_told_before_anything_is_asked(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    with EndpointServer(text(answer_turn("t", "yes"))) as server:
        assert execute(asked(server, run, tmp_path / "file")) == 2
        assert "file: File exists: name another path" in capsys.readouterr().err
        assert server.asked == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_an_answer_that_cannot_be_kept_is_shown(
    run: Path, tmp_path: Path, more: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "records.jsonl").symlink_to("/dev/full")
    with EndpointServer(text(answer_turn("t", "it is Ada"))) as server:
        assert execute(asked(server, run, tmp_path, *more)) == 2
    captured = capsys.readouterr()
    assert "it is Ada" in captured.out
    assert "the disk is full" in captured.err


def test_native_calls(run: Path, page: Page, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = {"name": "visit", "arguments": json.dumps({"url": [page.url], "goal": "what"})}
    turns = [
        streams(
            chunk(reasoning_content="I look."),
            chunk("tool_calls", tool_calls=[{"index": 0, "id": "a", "function": call}]),
        ),
        streams(chunk(reasoning_content="Found."), chunk("stop", content=page.title)),
    ]
    with EndpointServer(*turns) as server:
        assert execute(asked(server, run, tmp_path, "--endpoint.protocol", "native")) == 0
    assert [tool["function"]["name"] for tool in server.bodies[0]["tools"]][:2] == ["search", "visit"]
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[:2] == ["I look.", f"› visit  {page.url} · what"]
    assert lines[lines.index("Found.") + 1] == page.title
    assert lines[lines.index("Sources") + 1] == f"✓ {page.title}", "a sentence of what was read stands in"
    (trajectory,) = kept(tmp_path)
    assert {one.url for one in trajectory.citations} == {page.url}


def test_an_endpoint_that_dies_leaves_what_happened(
    run: Path, page: Page, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with EndpointServer(script(page)[0], fails(400, "no more")) as server:
        assert execute(asked(server, run, tmp_path)) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert "400: refuses the request: no more" in error and f"what happened so far is in {tmp_path}" in error
    (trajectory,) = kept(tmp_path)
    assert (trajectory.stop, len(trajectory.steps), trajectory.usage.turns) == (StopReason.INTERRUPTED, 1, 1)
    assert "refuses the request" in (trajectory.error or "")


def test_a_recorded_web_and_its_store_is_closed(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "web.sqlite"
    address = "https://pages.example.org/company/0"

    async def record() -> None:
        with ServiceImitation() as services:
            config = GatewayConfig(
                mode="record", store=store, search=("searxng",), visit=("jina",), bases=services.bases()
            )
            gateway = open_gateway(config)
            await gateway.call("search", {"query": "company"})
            await gateway.call("visit", {"url": address})
            await gateway.aclose()

    asyncio.run(record())
    turns = [
        text(call_turn("I look.", "search", {"query": ["company"]})),
        text(call_turn("I read.", "visit", {"url": [address], "goal": "what"})),
        text(call_turn("Another.", "visit", {"url": ["https://pages.example.org/else"], "goal": "what"})),
        text(answer_turn("So.", f'It\nSources:\n- c | "This page is about {address}." | {address}')),
    ]
    with EndpointServer(*turns) as server:
        out = tmp_path / "out"
        assert (
            execute(asked(server, run, out, "--live", "--gateway.mode", "replay", "--gateway.store", str(store))) == 0
        )
    shown = capsys.readouterr().out
    assert "company 0" in shown and "✓ c" in shown
    (trajectory,) = kept(out)
    observations = [step.observation for step in trajectory.steps if step.observation]
    assert [one.status for one in observations] == ["ok", "ok", "error"]
    assert "was not recorded" in observations[2].content
    held = [str(one.resolve()) for one in Path("/proc/self/fd").iterdir()]
    assert not [name for name in held if name.startswith(str(store.with_suffix("")))], "the gateway is closed"


def interrupted(server: EndpointServer, run: Path, out: Path, requests: int, *more: str) -> tuple[int, str, Trajectory]:
    """Exit code, output and what was kept of an `ask` that got Ctrl-C after so many requests."""
    command = [sys.executable, "-m", "websailor.cli", *asked(server, run, out, *more)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while len(server.asked) < requests and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=30)
    assert "Traceback" not in error, error
    (trajectory,) = kept(out)
    return process.returncode, output, trajectory


def test_ctrl_c_while_the_model_thinks(run: Path, page: Page, tmp_path: Path) -> None:
    with EndpointServer(*script(page)[:2], hangs) as server:
        code, output, trajectory = interrupted(server, run, tmp_path, 3)
    assert code == 130
    assert "No answer: interrupted" in output
    assert (trajectory.stop, trajectory.answer, trajectory.usage.turns) == (StopReason.INTERRUPTED, None, 2)
    assert [message.role for message in trajectory.messages] == ["system", "user", *["assistant", "tool"] * 2]
    assert all(step.observation is not None for step in trajectory.steps) and len(trajectory.steps) == 2


def test_ctrl_c_while_a_tool_works(run: Path, tmp_path: Path) -> None:
    marker = tmp_path / "still-there"
    code = f"import time, pathlib\ntime.sleep(6)\npathlib.Path({str(marker)!r}).touch()"
    with EndpointServer(text(call_turn("Wait.", "PythonInterpreter", {"code": code}))) as server:
        code_, output, trajectory = interrupted(server, run, tmp_path / "out", 1, "--unsafe-subprocess", "--json")
    assert code_ == 130
    assert Trajectory.model_validate_json(output) == trajectory
    (step,) = trajectory.steps
    assert step.call is not None and step.call.name == "PythonInterpreter" and step.observation is None
    assert trajectory.messages[-1].role == "assistant"
    time.sleep(6)
    assert not marker.exists(), "the program ended with the episode"


def test_without_anything_configured_the_local_agent_answers_in_the_simulated_web(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "wiki").symlink_to(run / "wiki")
    lesson = [
        Message(role="system", content=prompt("brief")),
        Message(role="user", content="Who?"),
        Message(role="assistant", content=answer_turn("I know.", "Ada")),
    ]
    teach(lesson, home / "sft" / "checkpoint")
    agent = {"prompt": "brief", "max_tokens_per_turn": 40, "context_tokens": 400}
    (home / "config.json").write_text(json.dumps({"evaluation": {"agent": agent, "tools": {"address": "title"}}}))
    command = ["ask", "Who?", "--run", str(home), "--temperature", "0", "--out", str(tmp_path / "out")]
    assert execute(command) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "in the simulated web" in words and "--live" in words and "openai:MODEL@URL" in words
    assert "I know. Ada 1 turn, 0 calls" in words
    assert kept(tmp_path / "out")[0].answer == "Ada"


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ([], "not the directory of a run"),
        ({"evaluation": 3}, "not the directory of a run"),
        ({"evaluation": {"tools": {"top_k": 0}}}, "config.json: tools.top_k: Input should be greater than or equal"),
        ({"evaluation": {"tols": {}}}, "config.json: unknown table 'tols'"),
    ],
)
def test_a_run_that_cannot_be_read_is_one_line(
    recipe: object, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(recipe))
    assert execute(["ask", "Who?", "--run", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert words in line


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "nowhere: no trained checkpoint in it: run `websailor quickstart` first"),
        (["--model", "openai:m@http://127.0.0.1:9/v1"], "nowhere: no wiki in it: run `websailor quickstart` first"),
        (["--model", "openai:m@http://127.0.0.1:9/v1#NO_SUCH_KEY_SET"], "set NO_SUCH_KEY_SET in the environment"),
        (["--model", "openai:m@127.0.0.1"], "the URL needs http:// or https://"),
        (["--gateway.mode", "replay"], "add --live, or leave them out"),
        (["--live", "--gateway.mode", "repaly"], "gateway: mode: Input should be"),
        (["--live", "--wiki", "w"], "on the live web there is no wiki: leave out --wiki, or --live"),
        (["--model", "openai:m@http://127.0.0.1:99999/v1"], "the port in an endpoint's URL is a number"),
        (["--model", "openai:m@http://h\n/v1"], "no spaces or control characters in an endpoint's URL"),
    ],
)
def test_what_is_missing_is_one_line(
    more: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[Any]
) -> None:
    out = tmp_path / "out"
    assert execute(["ask", "Who?", "--run", "nowhere", "--out", str(out), *more]) == 2
    captured = capsys.readouterr()
    (line,) = captured.err.strip().splitlines()
    assert words in line
    assert (captured.out, out.exists()) == ("", False)
