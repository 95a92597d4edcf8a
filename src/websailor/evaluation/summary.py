"""From scored episodes to the summary: overall, by kind of question, by length of the episode.

Enters: the questions that were asked and all their episodes. Leaves: nested plain numbers for `summary.json`, and the
main ones flat for the manifest. Everything is a share (0 to 1) or a mean per episode; nothing here is random but the
bootstrap, which has its own seed.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from websailor.evaluation.metrics import Estimate, best_run, estimate, pass_at_k_Q
from websailor.records import Question, Trajectory
from websailor.tools.base import REFUSED

CALL_BUCKETS = ((0, "0"), (1, "1"), (2, "2"), (3, "3"), (4, "4"), (6, "5-6"), (9, "7-9"), (19, "10-19"))
"""(highest number of calls, label); above the last it is `20+`."""


def summarise(
    questions: Sequence[Question],
    episodes: Iterable[Trajectory],
    pass_at: Sequence[int],
    resamples: int,
    seed: int,
    broken: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """The summary of a complete evaluation.

    Every question has the same number of scored episodes, but for those that broke down (`broken`, by reason). A
    question with fewer than k episodes is not in pass@k, and the summary says how many questions each number is over.
    """
    runs: dict[str, list[Trajectory]] = defaultdict(list)
    for episode in episodes:
        runs[episode.question_id].append(episode)
    left_out = [question.id for question in questions if question.id not in runs]
    questions = [question for question in questions if question.id in runs]
    ordered = [sorted(runs[question.id], key=_run_number) for question in questions]
    width = 1 + max(_run_number(one[-1]) for one in ordered)
    correct_QN = np.zeros((len(ordered), width), dtype=bool)
    there_QN = np.zeros_like(correct_QN)
    for row, one in enumerate(ordered):
        for episode in one:
            correct_QN[row, _run_number(episode)] = is_correct(episode)
            there_QN[row, _run_number(episode)] = True
    flat = [episode for one in ordered for episode in one]
    ks = [k for k in pass_at if k <= there_QN.sum(axis=1).max()]

    def shares(rows: NDArray[np.intp]) -> dict[str, Any]:
        rng = np.random.default_rng(seed)
        found = {k: pass_at_k_Q(correct_QN[rows], k, there_QN[rows]) for k in ks}
        return {
            f"pass_at_{k}": _rounded(estimate(value_Q, rng, resamples)) for k, value_Q in found.items() if len(value_Q)
        }

    def grouped(keys: Callable[[Question], Iterable[str]]) -> dict[str, Any]:
        return {name: shares(rows) for name, rows in _groups(questions, keys)}

    return {
        "questions": len(questions),
        "runs": width,
        "episodes": len(flat),
        **({"broken": sum(broken.values()), "broken_by_reason": dict(broken)} if broken else {}),
        **({"questions_left_out": left_out} if left_out else {}),
        **shares(np.arange(len(questions))),
        "best_run": {
            "value": round(best_run(correct_QN, there_QN), 6),
            "note": "share correct in the best single run; not pass@1",
        },
        "by_level": grouped(lambda question: [str(question.level)]),
        "by_operator": grouped(lambda question: sorted({clue.operator for clue in question.clues})),
        "by_tool_calls": _by_calls(flat),
        "stop": _shares(Counter(str(episode.stop) for episode in flat)),
        "answered": _mean(episode.answer is not None for episode in flat),
        "format_errors": _ratio(flat, lambda episode: episode.usage.format_errors, lambda episode: episode.usage.turns),
        "format_error_episodes": _mean(episode.usage.format_errors > 0 for episode in flat),
        "tool_calls": _mean(episode.usage.tool_calls for episode in flat),
        "tools": _tool_means(flat),
        "failed_calls": _mean(_failed(episode) for episode in flat),
        "turns": _mean(episode.usage.turns for episode in flat),
        "completion_tokens": _mean(episode.usage.completion_tokens for episode in flat),
        "context_tokens": _mean(episode.usage.prompt_tokens for episode in flat),
    }


def flat_counts(summary: Mapping[str, Any]) -> dict[str, float]:
    """The main numbers for the manifest: `pass_at_1`, `pass_at_1_low`, `pass_at_1_high`, ..., `stop_answer`."""
    counts: dict[str, float] = {}
    for name, value in summary.items():
        if name.startswith("pass_at_"):
            counts |= {name: value["value"], f"{name}_low": value["low"], f"{name}_high": value["high"]}
        elif isinstance(value, int | float):
            counts[name] = value
    counts["best_run"] = summary["best_run"]["value"]
    return counts | {f"stop_{reason}": row["share"] for reason, row in summary["stop"].items()}


def is_correct(episode: Trajectory) -> bool:
    """Verdict on an episode. An unscored one is a defect of the caller."""
    assert episode.score is not None, f"{episode.id} has no score"
    return episode.score.value >= 1


def _run_number(episode: Trajectory) -> int:
    return int(episode.id.rpartition("/")[2])


def _groups(
    questions: Sequence[Question], keys: Callable[[Question], Iterable[str]]
) -> list[tuple[str, NDArray[np.intp]]]:
    """(group, rows of its questions); a question may be in several groups."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, question in enumerate(questions):
        for key in keys(question):
            rows[key].append(row)
    return [(key, np.array(rows[key])) for key in sorted(rows, key=_natural)]


def _natural(key: str) -> tuple[str, int]:
    letters = key.rstrip("0123456789")
    return letters, int(key[len(letters) :] or -1)


def _by_calls(episodes: Sequence[Trajectory]) -> dict[str, Any]:
    """Share correct by the number of calls the episode made; a share over episodes, since the policy chose the
    number."""
    verdicts: dict[str, list[bool]] = defaultdict(list)
    for episode in episodes:
        calls = episode.usage.tool_calls
        label = next((name for most, name in CALL_BUCKETS if calls <= most), "20+")
        verdicts[label].append(is_correct(episode))
    labels = [*(name for _, name in CALL_BUCKETS), "20+"]
    return {
        label: {"episodes": len(verdicts[label]), "correct": _mean(verdicts[label])}
        for label in labels
        if label in verdicts
    }


def _tool_means(episodes: Sequence[Trajectory]) -> dict[str, float]:
    """Calls per episode for every tool name that was called, known or not."""
    names = Counter(step.call.name for episode in episodes for step in episode.steps if step.call is not None)
    return {name: round(count / len(episodes), 4) for name, count in names.most_common(20)}


def _failed(episode: Trajectory) -> int:
    """Calls that were made and failed: a refused one is a turn that broke the format."""
    seen = (step.observation for step in episode.steps if step.call is not None)
    return sum(one is not None and one.status == "error" and one.provider != REFUSED for one in seen)


def _shares(counts: Counter[str]) -> dict[str, Any]:
    total = sum(counts.values())
    return {name: {"episodes": count, "share": round(count / total, 6)} for name, count in counts.most_common()}


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return round(sum(listed) / len(listed), 6)


def _ratio(
    episodes: Sequence[Trajectory], over: Callable[[Trajectory], int], under: Callable[[Trajectory], int]
) -> float:
    total = sum(map(under, episodes))
    return round(sum(map(over, episodes)) / total, 6) if total else 0.0


def _rounded(found: Estimate) -> dict[str, float]:
    return {
        "value": round(found.value, 6),
        "low": round(found.low, 6),
        "high": round(found.high, 6),
        "questions": found.questions,
    }
