"""What a trajectory must be like to be learned from; each refusal has a reason.

Enters: a trajectory and its question. Leaves: None, or the reason with a detail. The checks stand in three groups, so
that nothing is paid for a trajectory that is refused anyway: `unfinished` before it is scored, `unfit` before its
thoughts are rewritten, `unwanted` after that.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from websailor.models.protocol import canonical_call, read_turn
from websailor.models.scripted import count_words
from websailor.records import Message, Question, StopReason, Trajectory
from websailor.scoring.exact import normalise
from websailor.trajectories.config import FilterConfig
from websailor.trajectories.languages import HAN, share
from websailor.trajectories.solver import UNKNOWN

Refusal = tuple[str, str]
"""(reason, detail)."""

AFTER_RIGHT = (
    *("repeated_call", "few_calls", "many_calls", "many_turns", "leak", "too_long", "too_many_tokens", "language"),
    *("thought_leak", "thought_long", "thought_tags", "thought_language", "thought_empty"),
)
"""Reasons for which a right answer is refused."""

_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")


def unfinished(trajectory: Trajectory, filters: FilterConfig) -> Refusal | None:
    """Why there is nothing to score: no answer, or a broken format."""
    if trajectory.stop is not StopReason.ANSWER:
        reason = "format" if trajectory.stop is StopReason.FORMAT_ERROR else str(trajectory.stop)
        return reason, trajectory.error or ""
    if trajectory.usage.format_errors > filters.format_errors:
        return "format", f"{trajectory.usage.format_errors} turns without a usable call"
    if trajectory.answer is None or normalise(trajectory.answer) == normalise(UNKNOWN):
        return "no_answer", ""
    return None


def unfit(trajectory: Trajectory, question: Question, filters: FilterConfig, thoughts: bool = True) -> Refusal | None:
    """Why a scored trajectory is not kept, whatever its thoughts are; with `thoughts` also because of them."""
    if trajectory.score is None or trajectory.score.value < 1:
        return "wrong_answer", trajectory.score.reason if trajectory.score is not None else "not scored"
    calls = Counter(canonical_call(step.call) for step in trajectory.steps if step.call is not None)
    if calls.total() - len(calls) > filters.repeated_calls:
        name, arguments = next(call for call, times in calls.items() if times > 1)
        return "repeated_call", f"{name} {arguments}"
    made = trajectory.usage.tool_calls
    if made < filters.min_calls:
        return "few_calls", f"{made} calls"
    if filters.max_calls is not None and made > filters.max_calls:
        return "many_calls", f"{made} calls"
    if filters.max_turns is not None and trajectory.usage.turns > filters.max_turns:
        return "many_turns", f"{trajectory.usage.turns} turns"
    if not filters.early_answers and (leak := early_answer(trajectory.messages, question, thoughts)):
        return "leak", leak
    return None


def unwanted(
    trajectory: Trajectory, question: Question, filters: FilterConfig, before: Trajectory | None = None
) -> Refusal | None:
    """Why a right trajectory is not kept in its final form. `before` is what it was made from by rewriting."""
    wanted = filters.language_of(question)
    if wanted is not None:
        found = share(" ".join(step.thought for step in trajectory.steps), wanted)
        if found < filters.language_share:
            return "language", f"{found:.0%} of the thoughts are {'Chinese' if wanted == 'zh' else 'in Latin letters'}"
    length = words_of(trajectory.messages)
    if filters.words is not None and length > filters.words:
        return "too_long", f"{length} words"
    tokens = tokens_of(trajectory, before or trajectory)
    if filters.tokens is not None and tokens > filters.tokens:
        return "too_many_tokens", f"about {tokens} tokens"
    return None


# ---------------------------------------------------------------- lengths


def written(message: Message) -> str:
    """All that a message says, in either protocol."""
    if message.reasoning is None and not message.tool_calls:
        return message.content
    return "\n".join(
        [message.reasoning or "", message.content, *(f"{call.name} {call.arguments}" for call in message.tool_calls)]
    )


def words_of(messages: Sequence[Message]) -> int:
    """Words and punctuation marks of all messages."""
    return sum(count_words(written(message)) for message in messages)


def tokens_of(trajectory: Trajectory, counted: Trajectory) -> int:
    """Tokens of a trajectory at the rate of the one whose tokens were counted: `usage.prompt_tokens` are those of all
    messages but the last."""
    known = sum(len(written(message).encode()) for message in counted.messages[:-1])
    rate = counted.usage.prompt_tokens / known if known else 0.0
    return round(rate * sum(len(written(message).encode()) for message in trajectory.messages))


# ---------------------------------------------------------------- the answer before it was seen


def early_answer(messages: Sequence[Message], question: Question, thoughts: bool = True) -> str | None:
    """The first thing the agent says that names the answer before the question or an observation showed it; None if it
    never does. Without `thoughts` its calls alone are looked at."""
    answers = [plain(text) for text in (question.answer, *question.aliases)]
    for message in messages:
        text = message.content
        if message.role == "assistant":
            turn = read_turn(message)
            said = [turn.thought, turn.answer or ""] if thoughts else [turn.answer or ""]
            text = " ".join([*said, *(" ".join(_strings(call.arguments)) for call in turn.calls)])
        if any(answer in plain(text) for answer in answers):
            return text if message.role == "assistant" else None
    return None


def plain(text: str) -> str:
    """Words alone, with a space at both ends, so that a name is found in brackets and addresses too; Chinese characters
    are words."""
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _strings(arguments: str) -> list[str]:
    """All strings of a call's arguments; of arguments that are not JSON, the text."""
    found: list[str] = []
    try:
        pending: list[Any] = [json.loads(arguments, strict=False)]
    except (ValueError, RecursionError):
        return [arguments]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            pending.extend(value.values())
    return found
