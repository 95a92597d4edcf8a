"""`questions rewrite`: a whole set through a model, scripted and over a real socket."""

import asyncio
import json
import random
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from small_world import small_corpus, small_world

from models.endpoint_server import EndpointServer, completion, fails, http
from websailor import questions
from websailor.cli import execute
from websailor.errors import ConfigChanged, UserError
from websailor.files import read_jsonl
from websailor.models.base import ChatModel, ContextExceeded, Reply, Sampling
from websailor.models.scripted import ScriptedPolicy
from websailor.questions.gates import check_length
from websailor.questions.restating import allows_none
from websailor.questions.seen import Refused
from websailor.questions.verification import verify_file
from websailor.questions.words.fidelity import refusal
from websailor.questions.words.slotted import SlottedClause, slotted_clauses
from websailor.records import Manifest, Message, Question, Reject

CONFIG = {"model": "openai:m@http://localhost:1/v1", "tries": 1, "leak_rank": 1}


@cache
def made() -> Path:
    """Eight questions of level 2 about the small world."""
    place = small_world()
    config = questions.Config(count=8, level=(2,), style="full", pool=300)
    questions.run(config, place.inputs, place.wiki.parent / "questions")
    return place.wiki.parent / "questions"


def originals() -> dict[str, Question]:
    return {question.id: question for question in read_jsonl(made() / "records.jsonl", Question)}


def clauses(question: Question, seed: int = 0) -> list[SlottedClause]:
    rng = random.Random(f"{seed}/{question.id}")
    return slotted_clauses(small_corpus(), question.pattern, question.language, rng)[1]


def reading(clause: SlottedClause) -> str:
    return json.dumps(
        {
            "kinds": sorted(clause.reading.kinds),
            "directions": sorted(clause.reading.directions),
            "negated": clause.reading.negated,
            "slots": {letter: sorted(numbers) for letter, numbers in clause.reading.slots.items()},
            "holds": sorted(clause.reading.holds),
            "adds": [],
        }
    )


def reworded(clause: SlottedClause) -> str:
    """The same in words of its own."""
    return clause.text.rstrip(".") + ", as is known."


def policy(
    say: Callable[[Question, SlottedClause], str] = lambda _, clause: reworded(clause),
    asked: list[str] | None = None,
) -> ScriptedPolicy:
    """Writes what `say` gives for a clause, and reads without a fault what it is given to read."""
    said: dict[str, list[str]] = {}

    def script(question: Question, seed: int) -> Sequence[str | Message]:
        if seed == 0:
            sentences = [(clause, say(question, clause)) for clause in clauses(question)]
            said[question.id] = [
                text
                for clause, sentence in sentences
                for text in ([sentence] if refusal(clause, sentence, "en") else [sentence, reading(clause)])
            ]
            if asked is not None:
                asked.append(question.id)
        return said[question.id][seed : seed + 1]

    return ScriptedPolicy(script)


def rewrite(out: Path, model: Any = None, **settings: Any) -> tuple[Manifest, list[Question], list[Reject]]:
    config = questions.RewritingConfig.model_validate(CONFIG | settings)
    manifest = questions.rewrite(config, {**small_world().inputs, "questions": made()}, out, model or policy())
    return manifest, *kept(out)


def kept(out: Path) -> tuple[list[Question], list[Reject]]:
    return list(read_jsonl(out / "records.jsonl", Question)), list(read_jsonl(out / "rejects.jsonl", Reject))


def test_a_set_is_told_in_other_words_and_proves_as_before(tmp_path: Path) -> None:
    manifest, found, rejects = rewrite(tmp_path / "q")
    before = originals()
    assert {question.id for question in found} == before.keys()
    assert not rejects
    for question in found:
        old = before[question.id]
        assert question.prompt.count(", as is known.") == len(clauses(old))
        assert question.prompt != old.prompt
        same = {"prompt", "clues"}
        assert question.model_dump(exclude=same) == old.model_dump(exclude=same)
        for clue, former in zip(question.clues, old.clues, strict=True):
            assert clue.model_dump(exclude={"text"}) == former.model_dump(exclude={"text"})
            assert clue.text == former.text or clue.text in question.prompt
    assert any(clue.text.endswith(", as is known.") for question in found for clue in question.clues)
    place = small_world()
    assert verify_file(tmp_path / "q" / "records.jsonl", place.wiki, place.graph) == []
    counts = manifest.counts
    assert manifest.stage == "questions", "every later stage reads it"
    assert counts["records"] == counts["questions_reworded"] == 8
    assert counts["clauses"] == counts["clauses_reworded"] == sum(len(clauses(old)) for old in before.values())
    assert counts["prompt_tokens"] > 0 and counts["completion_tokens"] > 0


def test_what_is_refused_keeps_its_words_and_is_counted(tmp_path: Path) -> None:
    first = min(originals())

    def say(question: Question, clause: SlottedClause) -> str:
        return clause.text.replace(".", " and Velan Torid.") if question.id == first else reworded(clause)

    manifest, found, rejects = rewrite(tmp_path / "q", policy(say))
    by_id = {question.id: question for question in found}
    assert by_id[first] == originals()[first]
    told = [reject for reject in rejects if reject.id.startswith(f"{first}/")]
    assert {reject.reason for reject in told} == {"name"}
    assert [reject.id for reject in told] == [f"{first}/{number}" for number in range(len(told))]
    assert all("Velan Torid" in reject.detail for reject in told)
    assert manifest.counts["reject_name"] == len(told) == len(clauses(originals()[first]))
    assert manifest.counts["questions_reworded"] == 7
    assert sum(value for name, value in manifest.counts.items() if name.startswith("reject_")) == len(rejects)


@pytest.mark.parametrize(("settings", "reason"), [({"max_words": 3}, "too_long"), ({"leak_rank": 400}, "leak")])
def test_the_gates_are_passed_again(tmp_path: Path, settings: dict[str, int], reason: str) -> None:
    """New words that are too long, or that lead to the answer, are not taken; here the dials make them so."""
    manifest, found, rejects = rewrite(tmp_path / "q", **settings)
    assert {reject.reason for reject in rejects} == {reason}
    refused = {reject.id.rpartition("/")[0] for reject in rejects}
    assert refused
    assert all(question == originals()[question.id] for question in found if question.id in refused)
    assert manifest.counts["questions_reworded"] == 8 - len(refused)
    assert manifest.counts[f"reject_{reason}"] == len(refused)


def test_length_is_counted_in_words_and_in_characters() -> None:
    check_length("one two three", "en", 3)
    with pytest.raises(Refused):
        check_length("有一座城", "zh", 3)


class _Dying:
    """A policy whose endpoint is gone after so many conversations, as a killed run would see it."""

    name = "dying"

    def __init__(self, lives: int, inner: ScriptedPolicy, error: Exception) -> None:
        self.lives = lives
        self.inner = inner
        self.error = error

    def episode(self, question: Question, seed: int) -> ChatModel:
        self.lives -= 1
        return self.inner.episode(question, seed) if self.lives >= 0 else _Gone(self.error)


class _Gone:
    def __init__(self, error: Exception) -> None:
        self.error = error

    async def reply(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], sampling: Sampling) -> Reply:
        raise self.error


def test_an_interrupted_run_asks_only_for_what_is_missing(tmp_path: Path) -> None:
    out = tmp_path / "q"
    with pytest.raises(ExceptionGroup):
        rewrite(out, _Dying(20, policy(), RuntimeError("a defect")), concurrency=1)
    before = kept(out)[0]
    assert 0 < len(before) < 8
    with (out / "records.jsonl").open("a") as file:
        file.write('{"id": "torn')
    asked: list[str] = []
    manifest, found, _ = rewrite(out, policy(asked=asked), concurrency=1)
    assert found[: len(before)] == before
    assert set(asked) == originals().keys() - {question.id for question in before}
    whole, straight, _ = rewrite(tmp_path / "straight", concurrency=1)
    assert found == straight
    assert manifest.counts == whole.counts


def test_one_question_without_a_reply_keeps_its_words(tmp_path: Path) -> None:
    wanted = max(originals())

    class Picky(ScriptedPolicy):
        def episode(self, question: Question, seed: int) -> ChatModel:
            if question.id == wanted:
                return _Gone(ContextExceeded(9, 5))
            return super().episode(question, seed)

    inner = policy()
    _, found, rejects = rewrite(tmp_path / "q", Picky(inner._script))
    assert [(reject.id, reject.reason) for reject in rejects] == [(f"{wanted}/0", "endpoint")]
    assert {question.id: question for question in found}[wanted] == originals()[wanted]
    assert len(found) == 8


def test_a_model_that_never_replies_ends_the_run_and_nothing_is_kept(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"8 questions in a row came to nothing; the same command goes on"):
        rewrite(tmp_path / "q", _Dying(0, policy(), UserError("nobody there")))
    assert kept(tmp_path / "q") == ([], [])
    assert rewrite(tmp_path / "q")[0].counts["questions_reworded"] == 8


def test_other_settings_and_finished_runs(tmp_path: Path) -> None:
    out = tmp_path / "q"
    first, found, _ = rewrite(out)
    assert rewrite(out, _Dying(0, policy(), UserError("is not asked")))[:2] == (first, found)
    with pytest.raises(ConfigChanged, match="tries"):
        rewrite(out, tries=3)


def command(url: str, out: Path, *more: str) -> int:
    place = small_world()
    flags = ["--wiki", str(place.wiki), "--graph", str(place.graph), "--out", str(out)]
    quick = ["--endpoint.retries", "0", "--tries", "1", "--leak-rank", "1"]
    return execute(["questions", "rewrite", str(made()), *flags, "--model", f"openai:m@{url}", *quick, *more])


def test_the_command_over_a_socket(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that finds the clause it is asked about in the request and says it in other words."""
    known = {one.text: one for question in originals().values() for one in clauses(question)}

    async def answer(writer: asyncio.StreamWriter) -> None:
        request = server.bodies[-1]["messages"][-1]["content"]
        text = max((text for text in known if text.rstrip(".") in request), key=len)
        said = reading(known[text]) if ", as is known." in request else reworded(known[text])
        body = json.dumps(completion(said, finish="stop")).encode()
        writer.write(http(200, body))

    server = EndpointServer(answer)
    with server:
        assert command(server.url, tmp_path / "q", "--concurrency", "1") == 0
    found, _ = kept(tmp_path / "q")
    assert len(found) == 8
    assert any(", as is known." in question.prompt for question in found)
    assert re.search(r"clauses reworded\s+[1-9]", capsys.readouterr().out)
    names = {name for question in originals().values() for name in (question.answer, *question.aliases)}
    sent = " ".join(body["messages"][-1]["content"] for body in server.bodies)
    assert not any(name in sent for name in names), "the model sees no name"


def test_an_endpoint_that_fails_ends_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with EndpointServer(fails(500)) as server:
        assert command(server.url, tmp_path / "q") == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert len(lines) == 1
    assert "came to nothing" in lines[0] and server.url in lines[0]


@pytest.mark.parametrize(
    ("model", "words"), [(["--model", "gpt"], "not an endpoint"), ([], "model"), (["--model", ""], "model")]
)
def test_no_model_is_one_line(tmp_path: Path, model: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = small_world()
    flags = ["--wiki", str(place.wiki), "--graph", str(place.graph), "--out", str(tmp_path / "q")]
    assert execute(["questions", "rewrite", str(made()), *flags, *model]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "q").exists()


def test_questions_that_may_have_no_answer_are_known() -> None:
    question = next(iter(originals().values()))
    assert not allows_none(question)
    assert allows_none(question.model_copy(update={"prompt": 'Who? If there is no such person, answer "none".'}))
    chinese = {"prompt": "有一个人。如果没有这样的人，请回答“没有”。", "language": "zh"}
    assert allows_none(question.model_copy(update=chinese))
