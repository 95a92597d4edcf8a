"""Counts of a stage directory for its manifest, over all sittings of an interrupted run.

Enters: `records.jsonl`, `rejects.jsonl` and `metrics.jsonl`. Leaves: `kept`, `careful_share` (of the kept),
`tool_calls` and `words` (means over the kept), `attempts` and `accuracy` (right answers among attempts; of the embedded
expert by habit: `attempts_<habit>`), and where thoughts were rewritten `thoughts_rewritten` and `thoughts_left` (of the
kept). Refusals by reason are counted by the stage directory.
"""

from collections import Counter
from pathlib import Path

from websailor.agent.breakdowns import BREAKDOWNS
from websailor.files import read_jsonl
from websailor.records import Record, Reject, Trajectory
from websailor.trajectories.filters import AFTER_RIGHT, words_of


class RewritingRow(Record):
    """A row of `metrics.jsonl`: what became of the thoughts of one trajectory."""

    id: str
    rewritten: int
    left: int
    """Thoughts that stayed as the expert wrote them."""
    refused: dict[str, int]
    """Reason -> thoughts of the rewriter that were refused."""


def summary(out: Path) -> dict[str, float]:
    """See the module."""
    attempts: Counter[str] = Counter()
    right: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    ids: set[str] = set()
    calls = words = 0
    for trajectory in read_jsonl(out / "records.jsonl", Trajectory):
        kept[trajectory.habit or ""] += 1
        ids.add(trajectory.id)
        calls += trajectory.usage.tool_calls
        words += words_of(trajectory.messages)
    for reject in read_jsonl(out / "rejects.jsonl", Reject):
        habit = (reject.record or {}).get("habit") or ""
        if reject.reason not in BREAKDOWNS:
            attempts[habit] += 1
            right[habit] += reject.reason in AFTER_RIGHT
    total = kept.total()
    counts: dict[str, float] = {"kept": total}
    habits = [habit for habit in ("careful", "hasty", "") if attempts[habit] + kept[habit]]
    if total:
        careful = {"careful_share": kept["careful"] / total} if any(habits) else {}
        counts |= {**careful, "tool_calls": calls / total, "words": words / total}
    for habit in habits:
        tried, name = attempts[habit] + kept[habit], f"_{habit}" if habit else ""
        counts |= {f"attempts{name}": tried, f"accuracy{name}": (right[habit] + kept[habit]) / tried}
    return {name: round(value, 4) for name, value in (counts | _thoughts(out, ids)).items()}


def _thoughts(out: Path, kept: set[str]) -> dict[str, float]:
    file = out / "metrics.jsonl"
    rows = {row.id: row for row in read_jsonl(file, RewritingRow)} if file.is_file() else {}
    found = [row for identity, row in rows.items() if identity in kept]
    if not found:
        return {}
    return {"thoughts_rewritten": sum(r.rewritten for r in found), "thoughts_left": sum(r.left for r in found)}
