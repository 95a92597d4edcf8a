"""An endpoint as the expert: what is kept, what a breakdown costs, resume, judge and rewriter, from end to end."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.endpoint_server import Answer, EndpointServer, completion, fails, gives, says
from toy_questions import question, wiki_and_questions
from websailor.agent import AgentConfig
from websailor.cli import execute
from websailor.errors import UserError
from websailor.files import read_jsonl
from websailor.models.endpoint.spending import spent_by_role
from websailor.models.protocol import answer_turn, call_turn
from websailor.models.scripted import ScriptedPolicy
from websailor.records import Message, Question, Reject, Trajectory
from websailor.scale.parquet import chat_message
from websailor.trajectories import Config, run

QUESTIONS = [question(f"q{number}", f"Question {number}?", f"Answer {number}") for number in range(4)]
LOOK = call_turn("I look.", "search", {"query": ["x"]})


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return wiki_and_questions(tmp_path_factory.mktemp("collect"), QUESTIONS)


def config(**more: Any) -> Config:
    base = {"concurrency": 1, "agent": AgentConfig(turns=4, date="2026-01-01"), "filters": {"early_answers": True}}
    return Config.model_validate({**base, **more})


def remote(server: EndpointServer, **more: Any) -> dict[str, Any]:
    return {"expert": f"openai:m@{server.url}", "endpoint": {"retries": 0, **more}}


def kept(out: Path) -> list[Trajectory]:
    return list(read_jsonl(out / "records.jsonl", Trajectory))


def refused(out: Path) -> dict[str, str]:
    return {one.id: one.reason for one in read_jsonl(out / "rejects.jsonl", Reject)}


class Knowing(EndpointServer):
    """An endpoint that looks once and then knows the answer of the question it was asked; `wrong` ones it does not."""

    def __init__(self, *wrong: str, native: bool = False) -> None:
        super().__init__(self._answer)
        self._wrong = wrong
        self._native = native

    async def _answer(self, writer: Any) -> None:
        messages = self.asked[-1].body["messages"]
        asked = next(message["content"] for message in messages if message["content"].startswith("Question"))
        number = asked.removeprefix("Question ").removesuffix("?")
        looked = any(message["role"] == "assistant" for message in messages)
        answer = "nothing" if f"q{number}" in self._wrong else f"Answer {number}"
        await self._said(looked, answer)(writer)

    def _said(self, looked: bool, answer: str) -> Answer:
        if not self._native:
            return says(answer_turn("So.", answer) if looked else LOOK)
        if looked:
            return gives(completion(f"<answer>{answer}</answer>", message={"reasoning_content": "So."}))
        call = {
            "id": "c1",
            "type": "function",
            "function": {"name": "search", "arguments": '{"query":["\\u0160olak"]}'},
        }
        return gives(completion("", "tool_calls", message={"reasoning_content": "I look.", "tool_calls": [call]}))


def test_right_ones_are_kept_and_the_others_have_their_reason(inputs: dict[str, Path], tmp_path: Path) -> None:
    with Knowing("q1") as server:
        manifest = run(config(**remote(server), tries=2), inputs, tmp_path / "out")
    assert [one.id for one in kept(tmp_path / "out")] == ["q0/0", "q0/1", "q2/0", "q2/1", "q3/0", "q3/1"]
    assert refused(tmp_path / "out") == {"q1/0": "wrong_answer", "q1/1": "wrong_answer"}
    counts = manifest.counts
    assert (counts["attempts"], counts["accuracy"], counts["kept"]) == (8, 0.75, 6)
    assert {one.model for one in kept(tmp_path / "out")} == {"m"}
    assert len({body["seed"] for body in server.bodies}) == 8, "every try has a seed of its own"
    assert "<tools>" in server.bodies[0]["messages"][0]["content"]
    assert spent_by_role(tmp_path / "out")["expert"].replies == 16
    assert (counts["expert_tokens_in"], counts["expert_tokens_out"]) == (16 * 12, 16 * 5)
    assert "expert_cost" not in counts, "a price that is not known is not 0"
    usage = kept(tmp_path / "out")[0].usage
    assert (usage.prompt_tokens, usage.sent_tokens, usage.completion_tokens, usage.cost) == (12, 24, 10, None)


def test_native_calls_go_with_the_native_prompt_and_export_right(inputs: dict[str, Path], tmp_path: Path) -> None:
    with Knowing(native=True) as server:
        run(config(**remote(server, protocol="native")), inputs, tmp_path / "out")
    assert [tool["function"]["name"] for tool in server.bodies[0]["tools"]] == ["search", "visit"]
    assert "<tool_call>" not in server.bodies[0]["messages"][0]["content"]
    first = kept(tmp_path / "out")[0]
    assert first.messages[2].tool_calls[0].name == "search"
    assert first.steps[0].thought == "I look."
    rows = [chat_message(message) for message in first.messages]
    assert rows[2]["reasoning_content"] == "I look."
    assert rows[2]["tool_calls"][0]["id"] == rows[3]["tool_call_id"] == "c1"
    assert rows[-1]["content"] == "<answer>Answer 0</answer>"


def test_enough_is_enough(inputs: dict[str, Path], tmp_path: Path) -> None:
    with Knowing("q3") as server:
        manifest = run(config(**remote(server), tries=5, most_kept=1), inputs, tmp_path / "out")
    assert (manifest.counts["kept"], manifest.counts["reject_wrong_answer"]) == (3, 5)


def test_an_endpoint_that_fails_once_costs_one_episode(inputs: dict[str, Path], tmp_path: Path) -> None:
    with EndpointServer(
        says(answer_turn("t", "Answer 0")), fails(400, "no such thing"), says(answer_turn("t", "Answer 2"))
    ) as server:
        manifest = run(config(**remote(server)), inputs, tmp_path / "out")
    assert refused(tmp_path / "out") == {"q1/0": "endpoint", "q3/0": "wrong_answer"}
    assert "no such thing" in next(read_jsonl(tmp_path / "out" / "rejects.jsonl", Reject)).detail
    assert (manifest.counts["attempts"], manifest.counts["reject_endpoint"]) == (3, 1)


def test_a_dead_endpoint_ends_in_one_line_and_the_run_goes_on(
    inputs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Knowing() as server:
        alive = server.answers[:]
        server.answers[:] = [fails(500)]
        command = ["trajectories", "collect", str(inputs["questions"]), "--wiki", str(inputs["wiki"])]
        command += ["--out", str(tmp_path / "out"), "--expert", f"openai:m@{server.url}", "--endpoint.retries", "0"]
        command += ["--filters.early-answers"]
        assert execute(command) == 2
        error = " ".join(capsys.readouterr().err.split())
        assert "4 episodes in a row came to nothing; the same command goes on where it stopped" in error
        assert not refused(tmp_path / "out") and not (tmp_path / "out" / "manifest.json").exists()
        server.answers[:] = alive
        assert execute(command) == 0
    assert len(kept(tmp_path / "out")) == 4
    assert execute(["trajectories", "show", str(tmp_path / "out")]) == 0
    assert '"name": "search"' in capsys.readouterr().out


def test_several_in_a_row_stop_a_run_that_worked_before(inputs: dict[str, Path], tmp_path: Path) -> None:
    with EndpointServer(says(answer_turn("t", "Answer 0")), fails(500)) as server:
        with pytest.raises(UserError, match="3 episodes in a row"):
            run(config(**remote(server), breakdowns=3), inputs, tmp_path / "out")
        assert [one.id for one in kept(tmp_path / "out")] == ["q0/0"] and not refused(tmp_path / "out")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"expert": "embeded"}, "expert = embeded: write embedded, or an endpoint as openai:MODEL@URL"),
        ({"expert": "openai:m@http://localhost:1/v1#NO_SUCH_KEY_SET"}, "set NO_SUCH_KEY_SET"),
        ({"rewrite": "me"}, "rewrite = me: leave it out"),
        ({"scorer": "openai:"}, "model"),
    ],
)
def test_wrong_settings_are_told_before_anything_is_written(
    inputs: dict[str, Path], tmp_path: Path, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        run(config(**settings), inputs, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_questions_are_worked_side_by_side_within_the_limit(inputs: dict[str, Path], tmp_path: Path) -> None:
    with Knowing() as server:
        run(config(**remote(server, concurrency=2), concurrency=4), inputs, tmp_path / "out")
    assert server.most_under_way <= 2
    assert len(kept(tmp_path / "out")) == 4


def scripted(script: Callable[[Question, int], list[str | Message]] | None = None) -> ScriptedPolicy:
    return ScriptedPolicy(script or (lambda one, seed: [LOOK, answer_turn("So it is.", one.answer)]))


def test_a_judge_of_the_config(inputs: dict[str, Path], tmp_path: Path) -> None:
    expert = scripted(lambda one, seed: [LOOK, answer_turn("So.", f"Surely {one.answer}, I think")])
    with EndpointServer(says('{"correct": true}'), says("hm")) as server:
        endpoint = {"endpoint": {"retries": 0}}
        settings = config(scorer=f"openai:judge@{server.url}", judge=endpoint)
        run(settings, inputs, tmp_path / "out", expert)
    assert [one.score and one.score.judge for one in kept(tmp_path / "out")] == ["judge"]
    assert refused(tmp_path / "out") == {f"q{number}/0": "judge" for number in (1, 2, 3)}
    lost = [one.record or {} for one in read_jsonl(tmp_path / "out" / "rejects.jsonl", Reject)]
    assert next(Trajectory.model_validate(one["trajectory"]).answer for one in lost) == "Surely Answer 1, I think"


def test_thoughts_are_rewritten_and_counted(inputs: dict[str, Path], tmp_path: Path) -> None:
    with EndpointServer(says("I want to find it."), says("Answer 0 it is."), says("Now I know.")) as server:
        settings = config(rewrite=f"openai:w@{server.url}", filters={"early_answers": True, "language": "question"})
        manifest = run(settings, inputs, tmp_path / "out", scripted())
    assert len(kept(tmp_path / "out")) == 4
    assert [step.thought for step in kept(tmp_path / "out")[1].steps] == ["Now I know."] * 2
    assert manifest.counts["thoughts_rewritten"] == 8
    assert not (tmp_path / "out" / "drafts.jsonl").exists()


def test_an_episode_is_not_worked_twice_when_the_rewriter_dies(inputs: dict[str, Path], tmp_path: Path) -> None:
    worked: list[str] = []

    def script(one: Question, seed: int) -> list[str | Message]:
        worked.append(one.id)
        return [LOOK, answer_turn("So.", one.answer)]

    with EndpointServer(fails(500)) as server:
        settings = config(rewrite=f"openai:w@{server.url}", rewriting={"endpoint": {"retries": 0}})
        with pytest.raises(UserError, match="4 episodes in a row"):
            run(settings, inputs, tmp_path / "out", scripted(script))
        with (tmp_path / "out" / "drafts.jsonl").open("a") as file:
            file.write('{"id": "torn')
        server.answers[:] = [says("Now I know.")]
        run(settings, inputs, tmp_path / "out", scripted(script))
    assert worked == ["q0", "q1", "q2", "q3"]
    assert {one.steps[0].thought for one in kept(tmp_path / "out")} == {"Now I know."}


def test_a_thought_that_cannot_be_rewritten_refuses_the_trajectory(inputs: dict[str, Path], tmp_path: Path) -> None:
    expert = scripted(
        lambda one, seed: [call_turn("word " * 200, "search", {"query": ["x"]}), answer_turn("So.", one.answer)]
    )
    with EndpointServer(says("<b>no</b>")) as server:
        manifest = run(config(rewrite=f"openai:w@{server.url}", limit=1), inputs, tmp_path / "out", expert)
    assert refused(tmp_path / "out") == {"q0/0": "thought_long"}
    assert manifest.counts["accuracy"] == 1.0
    (row,) = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    assert row == {"id": "q0/0", "rewritten": 0, "left": 0, "refused": {"thought_tags": 4}}
