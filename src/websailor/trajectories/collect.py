"""Rejection sampling: the expert works the questions, the correct trajectories stay, each other one keeps its reason.

Enters: questions, a wiki behind simulated tools, the stage's config. Leaves: `records.jsonl`, `rejects.jsonl`, the
manifest. An attempt's id is `<question id>/<try>`; an interrupted run goes on with the attempts that have left no line
yet.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from websailor.agent import run_episode
from websailor.errors import UserError
from websailor.files import StageDirectory, read_jsonl
from websailor.models.base import Sampling
from websailor.models.protocol import read_turn
from websailor.models.scripted import count_words
from websailor.progress import Bar, progress_bar
from websailor.records import Manifest, Message, Question, Reject, StopReason, Trajectory
from websailor.scoring import ExactMatch, normalise
from websailor.tools.base import Toolbox
from websailor.tools.simulated import simulated_toolbox
from websailor.trajectories import Config
from websailor.trajectories.expert import ExpertPolicy
from websailor.trajectories.solver import UNKNOWN
from websailor.wiki import open_wiki

_WORD = re.compile(r"[^\W_]+")


def collect(config: Config, inputs: Mapping[str, Path], out: Path) -> Manifest:
    """Run the stage; see the front door."""
    with StageDirectory(out, "trajectories", config, inputs) as directory:
        if directory.finished:
            return directory.manifest()
        questions = _questions(config, inputs["questions"])
        wiki = open_wiki(inputs["wiki"])
        toolbox = simulated_toolbox(wiki, config.tools)
        policy = ExpertPolicy(config.careful, config.tools.address, config.seed, wiki.language, config.attempts)
        with progress_bar("trajectories", len(questions)) as bar:
            asyncio.run(_all(config, questions, policy, toolbox, directory, bar))
        return directory.finish(**summary(out))


def _questions(config: Config, directory: Path) -> list[Question]:
    found = [q for q in read_jsonl(directory / "records.jsonl", Question) if config.split in ("all", q.split)]
    if not found:
        raise UserError(
            f"{directory}: no question of the {config.split} split: make more with `websailor questions make`"
        )
    return found[: config.limit]


async def _all(
    config: Config,
    questions: Sequence[Question],
    policy: ExpertPolicy,
    toolbox: Toolbox,
    directory: StageDirectory,
    bar: Bar,
) -> None:
    waiting = iter(questions)

    async def worker() -> None:
        for question in waiting:
            habits: set[str] = set()
            for attempt in range(config.tries):
                habit = policy.habit(question, attempt)
                identity = f"{question.id}/{attempt}"
                if habit in habits or identity in directory.done:
                    habits.add(habit)
                    continue
                habits.add(habit)
                trajectory = await attempt_question(question, attempt, policy, toolbox, config)
                _keep_or_reject(trajectory.model_copy(update={"id": identity}), question, config, directory)
            bar.advance()

    async with asyncio.TaskGroup() as group:
        for _ in range(min(config.concurrency, len(questions))):
            group.create_task(worker())


async def attempt_question(
    question: Question, attempt: int, policy: ExpertPolicy, toolbox: Toolbox, config: Config
) -> Trajectory:
    """One scored episode of the expert."""
    model = policy.episode(question, attempt)
    trajectory = await run_episode(
        question, model, toolbox, config.agent, Sampling(), seed=attempt, model_name=policy.name
    )
    score = await ExactMatch()(question, trajectory)
    return trajectory.model_copy(update={"score": score, "habit": model.habit})


def _keep_or_reject(trajectory: Trajectory, question: Question, config: Config, directory: StageDirectory) -> None:
    refusal = refuse(trajectory, question, config.words)
    if refusal is None:
        directory.append(trajectory)
        return
    reason, detail = refusal
    record: dict[str, Any] = {
        "question_id": question.id,
        "habit": trajectory.habit,
        "answer": trajectory.answer,
        "tool_calls": trajectory.usage.tool_calls,
    }
    if config.store_rejected:
        record["messages"] = [message.model_dump(mode="json") for message in trajectory.messages]
    directory.reject(Reject(id=trajectory.id, reason=reason, detail=detail, record=record))


# ---------------------------------------------------------------- what is refused, and why


def refuse(trajectory: Trajectory, question: Question, words: int | None = None) -> tuple[str, str] | None:
    """The reason (and a detail) not to keep a scored trajectory; None if it is fit to learn from."""
    if trajectory.stop is not StopReason.ANSWER:
        reason = "format" if trajectory.stop is StopReason.FORMAT_ERROR else str(trajectory.stop)
        return reason, trajectory.error or ""
    if trajectory.usage.format_errors:
        return "format", f"{trajectory.usage.format_errors} turns without a usable call"
    if trajectory.answer is None or normalise(trajectory.answer) == normalise(UNKNOWN):
        return "no_answer", ""
    if trajectory.score is None or trajectory.score.value < 1:
        return "wrong_answer", trajectory.score.reason if trajectory.score is not None else "not scored"
    calls = Counter((step.call.name, step.call.arguments) for step in trajectory.steps if step.call is not None)
    if repeated := next((call for call, times in calls.items() if times > 1), None):
        return "repeated_call", f"{repeated[0]} {repeated[1]}"
    if leak := early_answer(trajectory.messages, question):
        return "leak", leak
    length = sum(count_words(message.content) for message in trajectory.messages)
    if words is not None and length > words:
        return "too_long", f"{length} words"
    return None


def early_answer(messages: Sequence[Message], question: Question) -> str | None:
    """The first thing the agent says that names the answer before the question or an observation showed it; None if it
    never does."""
    answers = [_plain(text) for text in (question.answer, *question.aliases)]
    for message in messages:
        text = message.content
        if message.role == "assistant":
            turn = read_turn(message)
            text = " ".join(
                [turn.thought, turn.answer or "", *(" ".join(_strings(call.arguments)) for call in turn.calls)]
            )
        if any(answer in _plain(text) for answer in answers):
            return text if message.role == "assistant" else None
    return None


def _plain(text: str) -> str:
    """Words alone, with a space at both ends, so that a name is found in brackets and addresses too."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _strings(arguments: str) -> list[str]:
    """All strings of a call's arguments."""
    found: list[str] = []
    pending: list[Any] = [json.loads(arguments)]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            pending.extend(value.values())
    return found


# ---------------------------------------------------------------- counts


def summary(out: Path) -> dict[str, float]:
    """Counts of a stage directory for its manifest, over all sittings of an interrupted run.

    `kept`, `careful_share` (of the kept), `tool_calls` and `words` (means over the kept), `attempts_<habit>`,
    `accuracy_<habit>` (right answers among attempts), `rejected_<reason>`.
    """
    attempts: Counter[str] = Counter()
    right: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    calls = words = 0
    for trajectory in read_jsonl(out / "records.jsonl", Trajectory):
        habit = trajectory.habit or ""
        kept[habit] += 1
        calls += trajectory.usage.tool_calls
        words += sum(count_words(message.content) for message in trajectory.messages)
    for reject in read_jsonl(out / "rejects.jsonl", Reject):
        habit = (reject.record or {}).get("habit", "")
        attempts[habit] += 1
        rejected[reject.reason] += 1
        right[habit] += reject.reason in ("repeated_call", "leak", "too_long")
    total = kept.total()
    counts: dict[str, float] = {
        "kept": total,
        **{f"rejected_{reason}": number for reason, number in sorted(rejected.items())},
    }
    if total:
        counts |= {"careful_share": kept["careful"] / total, "tool_calls": calls / total, "words": words / total}
    for habit in ("careful", "hasty"):
        tried = attempts[habit] + kept[habit]
        if tried:
            counts[f"attempts_{habit}"] = tried
            counts[f"accuracy_{habit}"] = (right[habit] + kept[habit]) / tried
    return {name: round(value, 4) for name, value in counts.items()}
