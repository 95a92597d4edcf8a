"""An endpoint as the policy: what it is told, and that an episode which broke down is counted and not scored."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from test_evaluation import CONFIG, QUESTIONS
from test_evaluation import inputs as inputs

from models.endpoint_server import EndpointServer, fails, gives, says
from websailor import evaluation
from websailor.cli import execute
from websailor.errors import UserError
from websailor.files import read_jsonl
from websailor.models.endpoint import EndpointPolicy, parse_endpoint
from websailor.models.protocol import answer_turn, call_turn
from websailor.models.scripted import ScriptedPolicy
from websailor.records import Question, Reject, Score, Trajectory
from websailor.scoring import JudgeError

ONE = CONFIG.model_copy(update={"runs": 1, "concurrency": 1})


def opened(server: EndpointServer, **more: Any) -> partial[EndpointPolicy]:
    return partial(EndpointPolicy, parse_endpoint(f"openai:m@{server.url}", retries=0, **more))


def test_a_text_endpoint_and_a_native_one(inputs: dict[str, Path], tmp_path: Path) -> None:
    with EndpointServer(
        says(call_turn("Look.", "search", {"query": ["x"]})), says(answer_turn("So.", "Answer 0"))
    ) as server:
        evaluation.run(ONE, inputs, tmp_path / "text", opened(server))
    assert "tools" not in server.bodies[0]
    first, *_ = read_jsonl(tmp_path / "text" / "records.jsonl", Trajectory)
    assert first.score is not None and first.score.value == 1 and first.usage.tool_calls == 1

    call = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"query": ["x"]}'}}
    looks = gives(
        {
            "choices": [
                {
                    "message": {"role": "assistant", "content": "", "tool_calls": [call], "reasoning_content": "Look."},
                    "finish_reason": "tool_calls",
                }
            ]
        }
    )
    with EndpointServer(looks, says("<answer>Answer 0</answer>")) as server:
        evaluation.run(ONE, inputs, tmp_path / "native", opened(server, protocol="native"))
    assert [tool["function"]["name"] for tool in server.bodies[0]["tools"]] == ["search", "visit"]
    assert server.bodies[0]["messages"][0]["content"].startswith("You are a deep research assistant.")
    first, *_ = read_jsonl(tmp_path / "native" / "records.jsonl", Trajectory)
    assert first.score is not None and first.score.value == 1
    assert first.messages[2].reasoning == "Look." and first.messages[2].tool_calls[0].id == "c1"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_episode_that_broke_down_is_counted_and_not_scored(
    inputs: dict[str, Path], tmp_path: Path, workers: int
) -> None:
    config = ONE.model_copy(update={"runs": 2, "workers": workers})
    with EndpointServer(says("<answer>Answer 0</answer>"), fails(400), says("<answer>no</answer>")) as server:
        manifest = evaluation.run(config, inputs, tmp_path / "out", opened(server))
    (reject,) = read_jsonl(tmp_path / "out" / "rejects.jsonl", Reject)
    assert (reject.reason, (reject.record or {})["model"]) == ("endpoint", "m")
    assert "400: refuses the request" in reject.detail
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["broken"], summary["broken_by_reason"], summary["episodes"]) == (1, {"endpoint": 1}, 5)
    assert (manifest.counts["broken"], manifest.counts["questions"]) == (1, 3)
    assert summary["pass_at_1"]["questions"] == 3
    if workers == 1:
        assert summary["pass_at_1"]["value"] == pytest.approx(1 / 3, abs=1e-5), "q0 is right in its one episode"
        assert evaluation.run(config, inputs, tmp_path / "out", opened(server)) == manifest


def test_a_dead_endpoint_ends_in_one_line_and_the_run_goes_on(
    inputs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with EndpointServer(fails(401)) as server:
        command = ["evaluate", str(inputs["questions"]), "--wiki", str(inputs["wiki"]), "--out", str(tmp_path / "out")]
        command += ["--model", f"openai:m@{server.url}", "--runs", "2", "--breakdowns", "3", "--endpoint.retries", "0"]
        assert execute(command) == 2
        error = " ".join(capsys.readouterr().err.split())
        assert "401: wants a key" in error and "3 episodes in a row" in error
        assert not (tmp_path / "out" / "rejects.jsonl").read_text()
        assert not (tmp_path / "out" / "manifest.json").exists()
        server.answers[:] = [says("<answer>Answer 1</answer>")]
        assert execute(command) == 0
    output = capsys.readouterr().out
    assert "pass@1  33.3 %" in output
    assert "broke down" not in output


class Fussy:
    """A judge that cannot judge one question."""

    async def __call__(self, question: Question, trajectory: Trajectory) -> Score:
        if question.id == "q1":
            raise JudgeError("no verdict")
        return Score(value=1.0, reason="", judge="fussy")


def test_an_episode_without_a_verdict_is_kept_beside_the_numbers(inputs: dict[str, Path], tmp_path: Path) -> None:
    policy = ScriptedPolicy(lambda one, seed: [answer_turn("t", one.id)])
    manifest = evaluation.run(ONE, inputs, tmp_path / "out", policy, Fussy())
    (reject,) = read_jsonl(tmp_path / "out" / "rejects.jsonl", Reject)
    assert (reject.id, reject.reason) == ("q1/0", "judge")
    kept = Trajectory.model_validate((reject.record or {})["trajectory"])
    assert kept.answer == "q1" and kept.score is None
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["questions"], summary["questions_left_out"]) == (2, ["q1"])
    assert manifest.counts["pass_at_1"] == 1.0


def test_a_judge_of_the_config(inputs: dict[str, Path], tmp_path: Path) -> None:
    policy = ScriptedPolicy(lambda one, seed: [answer_turn("t", f"surely {one.answer}")])
    with EndpointServer(says('{"reason": "same", "correct": true}')) as server:
        config = ONE.model_copy(update={"scorer": f"openai:judge@{server.url}"})
        manifest = evaluation.run(config, inputs, tmp_path / "out", policy)
    assert manifest.counts["pass_at_1"] == 1.0
    scores = [one.score for one in read_jsonl(tmp_path / "out" / "records.jsonl", Trajectory)]
    assert {score.judge for score in scores if score} == {"judge"}
    assert len(server.asked) == len(QUESTIONS) - 1


def test_a_scorer_without_its_key_is_told_before_anything_is_written(inputs: dict[str, Path], tmp_path: Path) -> None:
    config = ONE.model_copy(update={"scorer": "openai:judge@http://localhost:1/v1#NO_SUCH_KEY_SET"})
    with pytest.raises(UserError, match="set NO_SUCH_KEY_SET"):
        evaluation.run(config, inputs, tmp_path / "out", ScriptedPolicy(lambda one, seed: []))
    assert not (tmp_path / "out").exists()


def test_an_endpoint_is_not_cut_to_the_size_of_the_run_s_own_agent(inputs: dict[str, Path], tmp_path: Path) -> None:
    home = tmp_path / "run"
    home.mkdir()
    for name, path in inputs.items():
        (home / name).symlink_to(path)
    small = {"agent": {"prompt": "brief", "max_tokens_per_turn": 80, "context_tokens": 1400}, "runs": 1}
    (home / "config.json").write_text(json.dumps({"evaluation": {**small, "tools": {"address": "title"}, "count": 2}}))
    with EndpointServer(says("<answer>Answer 0</answer>")) as server:
        command = [
            "evaluate",
            str(home / "questions"),
            "--model",
            f"openai:m@{server.url}",
            "--out",
            str(tmp_path / "o"),
        ]
        assert execute(command) == 0
    assert len(server.bodies) == 2, "number and runs are those of the run"
    body = server.bodies[0]
    assert "<tools>" in body["messages"][0]["content"] and body["max_tokens"] == 10_000
