"""A question and an episode as records, for tests that need one and not what is in it."""

from typing import Any

from websailor.records import Pattern, Question, StopReason, Trajectory, Uncertainty

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
