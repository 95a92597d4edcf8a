"""Questions and episodes as records, for tests that need some and not what is in them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from websailor import wiki
from websailor.files import write_jsonl
from websailor.records import Pattern, Question, StopReason, Trajectory, Uncertainty
from websailor.wiki.world import WorldConfig

NOTHING_MEASURED = Uncertainty(initial=1, after=(), best_single=0, frontier=0, necessity=0, cycle_rank=0, oracle_cost=1)


def question(id: str = "q", prompt: str = "?", answer: str = "x", **fields: Any) -> Question:
    """A question without a formal query; `fields` are those of `Question`."""
    return Question.model_validate(
        {
            "pattern": Pattern(focus="x", variables=("x",), atoms=()),
            "clues": (),
            "level": 1,
            "uncertainty": NOTHING_MEASURED,
            "evidence": (),
            "shape": "s",
            "focus_orbit": 0,
            "seed": 0,
            **fields,
            "id": id,
            "prompt": prompt,
            "answer": answer,
        }
    )


def trajectory(answer: str | None = "x", **fields: Any) -> Trajectory:
    """An episode of no turns that ended with an answer, or at the limit without one; `fields` are those of
    `Trajectory`.
    """
    return Trajectory.model_validate(
        {
            "id": "q/0",
            "question_id": "q",
            "model": "m",
            "seed": 0,
            "messages": (),
            "steps": (),
            "stop": StopReason.TURN_LIMIT if answer is None else StopReason.ANSWER,
            **fields,
            "answer": answer,
        }
    )


def wiki_and_questions(folder: Path, questions: Iterable[Question]) -> dict[str, Path]:
    """The inputs of a stage that works questions: a small generated wiki that need not hold their answers."""
    inputs = {"wiki": folder / "wiki", "questions": folder / "questions"}
    wiki.run(wiki.Config(world=WorldConfig(pages=120)), {}, inputs["wiki"])
    inputs["questions"].mkdir()
    write_jsonl(inputs["questions"] / "records.jsonl", list(questions))
    return inputs
