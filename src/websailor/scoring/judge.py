"""A language model as the judge: does the answer say the same as the known one, in whatever words?

Enters: a question with its answer, and a trajectory; of it the judge sees the answer alone. Leaves: a `Score` with the
judge's reason. A reply that is no verdict is asked for again; a judge that gives none raises, it never scores 0.
"""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from websailor.errors import UserError
from websailor.models.base import Policy, Reply, Sampling
from websailor.records import Message, Question, Score, Trajectory
from websailor.scoring.exact import ExactMatch

REASKS = 3
"""Times that a judge without a verdict is asked again."""
LONGEST_ANSWER = 4000
"""Characters of an answer that the judge sees."""


class JudgeConfig(BaseModel):
    """How the judge is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    exact_first: bool = True
    """What equals the answer letter by letter (up to case, articles, punctuation) is right without asking."""
    max_tokens: int = Field(default=4000, ge=64, le=1_000_000)
    """Tokens of a verdict at most, the judge's own thoughts included."""
    endpoint: dict[str, Any] = Field(default_factory=dict)
    """How to speak to the judge's endpoint: settings as in `EndpointSettings`, for instance `{retries = 2}`."""


class JudgeError(UserError):
    """The judge gave no verdict."""


class _Verdict(BaseModel):
    """What the judge writes."""

    model_config = ConfigDict(extra="ignore")

    correct: bool
    reason: str = ""


class Judge:
    """A `Scorer` over any policy; every verdict is a conversation of its own."""

    def __init__(self, policy: Policy, exact_first: bool = True, max_tokens: int = 4000) -> None:
        self.name = policy.name
        self.policy = policy
        self._exact = ExactMatch() if exact_first else None
        self._sampling = Sampling(temperature=0.0, max_tokens=max_tokens, stop=())

    async def __call__(self, question: Question, trajectory: Trajectory) -> Score:
        """The verdict. No answer is wrong without asking. Raises `JudgeError`, and what the model raises."""
        answer = trajectory.answer
        if answer is None or not answer.strip():
            return Score(value=0.0, reason="no answer", judge=self.name)
        if self._exact is not None and (exact := self._exact.score(question, answer)).value == 1:
            return exact
        problem = ""
        for ask in range(1 + REASKS):
            model = self.policy.episode(question, ask)
            reply = await model.reply(
                [Message(role="user", content=_asked(question, answer, problem))], (), self._sampling
            )
            verdict = _read(reply)
            if isinstance(verdict, _Verdict):
                return Score(value=float(verdict.correct), reason=verdict.reason.strip(), judge=self.name)
            problem = verdict
        raise JudgeError(
            f"the judge {self.name} gave no verdict in {1 + REASKS} tries (the last time: {problem}): "
            "name another as scorer"
        )


def _asked(question: Question, answer: str, problem: str) -> str:
    prompt = _prompt("judge").format(
        question=question.prompt,
        answer=question.answer,
        aliases="; ".join(question.aliases) or "(nothing else)",
        response=json.dumps(answer[:LONGEST_ANSWER], ensure_ascii=False),
    )
    return f"{prompt}\n{_prompt('judge_again').format(problem=problem)}" if problem else prompt


def _read(reply: Reply) -> _Verdict | str:
    """The verdict, or what is wrong with the reply."""
    text = reply.message.content.rpartition("</think>")[2]
    problem = "it was cut off" if reply.truncated else "there is no JSON object in it"
    for found in _objects(text):
        try:
            return _Verdict.model_validate(found)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            problem = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return problem


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text, the last one first: a model that corrects itself does so at the end."""
    decoder = json.JSONDecoder(strict=False)
    found: list[dict[str, Any]] = []
    position = text.find("{")
    while position >= 0:
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            found.append(value)
        position = text.find("{", end)
    return reversed(found)


def _prompt(name: str) -> str:
    return (files("websailor.scoring") / "prompts" / f"{name}.txt").read_text(encoding="utf-8").strip()
