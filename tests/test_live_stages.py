"""The live web as the environment of trajectories and evaluation: recorded once, replayed without a provider."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.endpoint_server import EndpointServer, says
from toy_questions import question
from websailor import evaluation, trajectories
from websailor.cli import execute
from websailor.errors import UserError
from websailor.files import read_jsonl, write_jsonl
from websailor.models.endpoint import EndpointPolicy, parse_endpoint
from websailor.models.endpoint.spending import spent_by_role
from websailor.models.protocol import answer_turn, call_turn
from websailor.records import Trajectory
from websailor.tools.environment import open_toolbox
from websailor.tools.providers.imitation import ServiceImitation

QUESTIONS = [question(f"q{number}", f"Question {number}?", "Ada", split="held_out") for number in range(3)]
PAGE = "https://pages.example.org/{}/0"


class Researcher(EndpointServer):
    """An endpoint that searches for what it was asked, opens the first result and a page that fails, and answers."""

    def __init__(self) -> None:
        super().__init__(self._turn)

    async def _turn(self, writer: Any) -> None:
        messages = self.asked[-1].body["messages"]
        words = messages[1]["content"].removesuffix("?")
        turns = [
            call_turn("I look.", "search", {"query": [words, f"{words} again"]}),
            call_turn("I read.", "visit", {"url": [PAGE.format(words.replace(" ", "-"))], "goal": words}),
            call_turn("Papers.", "google_scholar", {"query": [words]}),
            answer_turn("So.", "Ada"),
        ]
        await says(turns[sum(message["role"] == "assistant" for message in messages)])(writer)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "questions" / "records.jsonl"
    path.parent.mkdir()
    write_jsonl(path, list(QUESTIONS))
    return path


@pytest.fixture
def services() -> Iterator[ServiceImitation]:
    with ServiceImitation() as running:
        yield running


def settings(server: EndpointServer, bases: dict[str, str], store: Path, mode: str, **more: Any) -> dict[str, Any]:
    gateway = {
        "mode": mode,
        "store": store,
        "search": ("searxng",),
        "visit": ("jina",),
        "scholar": ("crossref", "openalex"),
        "bases": bases,
        "per_second": dict.fromkeys(("searxng", "jina", "crossref", "openalex"), 500.0),
        "backoff_seconds": 0.01,
    }
    tools = {"tools": ("search", "visit", "google_scholar")}
    usual = {"web": "live", "gateway": gateway, "tools": tools, "agent": {"date": "2026-01-01"}, "concurrency": 2}
    return {**usual, "endpoint": {"retries": 0}, **more}


def without_times(out: Path) -> dict[str, str]:
    """Each trajectory as JSON, but for how long its tools took."""
    found = {}
    for one in read_jsonl(out / "records.jsonl", Trajectory):
        steps = [
            step.model_copy(
                update={"observation": step.observation and step.observation.model_copy(update={"seconds": 0})}
            )
            for step in one.steps
        ]
        found[one.id] = one.model_copy(update={"steps": tuple(steps)}).model_dump_json()
    return found


def bodies(server: EndpointServer) -> list[str]:
    return sorted(json.dumps(body, sort_keys=True) for body in server.bodies)


def test_a_collection_replayed_is_the_one_recorded(services: ServiceImitation, file: Path, tmp_path: Path) -> None:
    services.script = ["500", "429", None, "cut"]
    bases, store = services.bases(), tmp_path / "web.sqlite"
    said: dict[str, list[str]] = {}
    asked = 0
    for mode in ("record", "replay"):
        with Researcher() as server:
            more = {"expert": f"openai:m@{server.url}", "split": "held_out", "filters": {"early_answers": True}}
            config = trajectories.Config.model_validate(settings(server, bases, store, mode, **more))
            manifest = trajectories.run(config, {"questions": file.parent}, tmp_path / mode)
        said[mode] = bodies(server)
        if mode == "record":
            asked = len(services.asked)
            services.script = ["500"] * 1000
    assert manifest.counts["kept"] == 3
    assert set(manifest.inputs) == {"questions"}, "no wiki"
    assert asked >= 3 * 4 + 3 and len(services.asked) == asked, "a replay asks nobody"
    assert said["record"] == said["replay"], "the model is told the same, byte for byte"
    assert without_times(tmp_path / "record") == without_times(tmp_path / "replay")
    first = next(iter(read_jsonl(tmp_path / "replay" / "records.jsonl", Trajectory)))
    assert {step.observation.provider for step in first.steps if step.observation} == {"searxng", "jina", "crossref"}
    assert (tmp_path / "record" / "config.json").read_text().count(str(store)) == 0, (
        "the place of the store is nobody's"
    )


class PageReader(EndpointServer):
    """An endpoint that says of every page that it read it."""

    def __init__(self) -> None:
        read = {"rational": "It is about it.", "evidence": "What stands there.", "summary": "All is told."}
        super().__init__(says(json.dumps(read)))


def test_a_model_that_reads_the_pages_is_counted_in_both_stages(
    services: ServiceImitation, file: Path, tmp_path: Path
) -> None:
    bases, store = services.bases(), tmp_path / "web.sqlite"
    with Researcher() as server, PageReader() as pages:
        named = {"expert": f"openai:m@{server.url}", "split": "held_out", "filters": {"early_answers": True}}
        more = {**named, "reader": f"openai:r@{pages.url}"}
        config = trajectories.Config.model_validate(settings(server, bases, store, "record", **more))
        manifest = trajectories.run(config, {"questions": file.parent}, tmp_path / "kept")
        more = {"reader": f"openai:r@{pages.url}", "runs": 1, "workers": 1}
        judged = evaluation.Config.model_validate(settings(server, bases, store, "record", **more))
        policy = EndpointPolicy(parse_endpoint(f"openai:m@{server.url}"))
        evaluation.run(judged, {"questions": file.parent / "records.jsonl"}, tmp_path / "scored", policy)
    assert len(pages.asked) == 2 * len(QUESTIONS)
    assert manifest.counts["reader_tokens_out"] > 0
    for out in (tmp_path / "kept", tmp_path / "scored"):
        assert spent_by_role(out)["reader"].replies == len(QUESTIONS)
        one = next(iter(read_jsonl(out / "records.jsonl", Trajectory)))
        seen = [step.observation.content for step in one.steps if step.observation]
        assert any("Evidence: What stands there.\nSummary: All is told." in text for text in seen)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_evaluation_over_a_recording(
    services: ServiceImitation, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], workers: int
) -> None:
    store = tmp_path / "web.sqlite"
    table = tmp_path / "live.toml"
    with Researcher() as server:
        for mode in ("record", "replay"):
            gateway = settings(server, services.bases(), store, mode)["gateway"]
            lines = ['[evaluation]\nweb = "live"\nruns = 1', f"workers = {workers}", "[evaluation.gateway]"]
            lines += [
                f"{name} = {json.dumps(value, default=str)}"
                for name, value in gateway.items()
                if name not in ("bases", "per_second")
            ]
            lines += [
                "[evaluation.gateway.bases]",
                *(f"{name} = {json.dumps(base)}" for name, base in gateway["bases"].items()),
            ]
            table.write_text("\n".join([*lines, '[tools]\ntools = ["search", "visit", "google_scholar"]\n']))
            out = tmp_path / mode
            command = ["evaluate", str(file), "--model", f"openai:m@{server.url}", "--out", str(out)]
            assert execute([*command, "--recipe", str(table)]) == 0, capsys.readouterr().err
    output = " ".join(capsys.readouterr().out.split())
    assert "pass@1 100.0 %" in output
    assert "policy m: 12 replies, 144 tokens in, 60 out, cost unknown" in output
    assert spent_by_role(tmp_path / "replay")["policy"].replies == 12
    summary = json.loads((tmp_path / "replay" / "summary.json").read_text())
    assert summary["spending"]["policy"]["cost"] is None
    assert summary["failed_calls"] == 0
    record, replay = (
        {one.id: one.messages[3].content for one in read_jsonl(tmp_path / mode / "records.jsonl", Trajectory)}
        for mode in ("record", "replay")
    )
    assert record == replay and len(record) == 3


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--web", "live", "--wiki", "w"], "on the live web there is no wiki"),
        ([], "name a wiki with --wiki, or take the real web with --web live"),
        (["--web", "live"], "the embedded expert knows the simulated web alone"),
        (["--web", "live", "--tools.address", "title"], "on the live web it is"),
        (["--web", "alive", "--wiki", "w"], "web: Input should be 'simulated' or 'live'"),
        (["--web", "live", "--gateway.search", "google"], "google is no provider of search"),
    ],
)
@pytest.mark.parametrize("command", ["collect", "evaluate"])
def test_what_does_not_fit_is_one_line(
    command: str, more: list[str], words: str, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    start = ["trajectories", "collect", str(file.parent)] if command == "collect" else ["evaluate", str(file)]
    named = {"collect": ["--expert", "embedded"], "evaluate": ["--model", "expert"]}[command]
    if "--gateway.search" in more:
        named = [named[0], "openai:m@http://127.0.0.1:9/v1"]
    assert execute([*start, *named, "--out", str(out), *more]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert words in line
    assert not out.exists()


def test_a_dial_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="names pages of a wiki"):
        evaluation.Config.model_validate({"web": "live", "tools": {"address": "title"}})
    with pytest.raises(UserError, match="needs a wiki"):
        open_toolbox(evaluation.Config(), None)
