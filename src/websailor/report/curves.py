"""Training curves: enter the rows of the metrics files, leaves the charts that can be drawn from them.

A row is what a stage logged at one step; a row without a key simply gives no point for that key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from websailor.report.charts import Series, line_chart


@dataclass(frozen=True, slots=True)
class _Curve:
    stage: str
    title: str
    note: str
    keys: tuple[tuple[str, str, str], ...]
    """(key in the row, name, colour)."""
    percent: bool = False
    zero: bool = True


CURVES = (
    _Curve(
        "sft",
        "SFT loss",
        "nats per token of the agent's own",
        (("loss", "training", "sft"), ("validation_loss", "held back", "second")),
    ),
    _Curve(
        "rl",
        "Held-out pass@1 during RL",
        "on pages that training never touches",
        (("held_out_pass_at_1", "pass@1", "rl"),),
        percent=True,
    ),
    _Curve(
        "rl",
        "Reward and pass rate",
        "mean over the rollouts of a step",
        (("reward", "reward", "rl"), ("pass_rate", "right", "second")),
        percent=True,
    ),
    _Curve("rl", "Tool calls", "mean per rollout", (("tool_calls", "tool calls", "rl"),)),
    _Curve("rl", "Policy entropy", "nats per sampled token, no bonus", (("entropy", "entropy", "rl"),)),
    _Curve(
        "rl",
        "Drift",
        "between the sampler's and the trainer's log-probability: largest and mean of a step",
        (("drift_largest", "largest", "rl"), ("drift_mean", "mean", "second")),
    ),
    _Curve(
        "rl",
        "Format errors",
        "share of rollouts with a turn that has no usable call or answer",
        (("format_errors", "format errors", "expert"),),
        percent=True,
    ),
    _Curve(
        "rl",
        "Groups that teach nothing",
        "share of groups whose rollouts all got the same reward",
        (("zero_variance", "no difference", "rl"),),
        percent=True,
    ),
    _Curve("rl", "Length", "the agent's own tokens per rollout", (("own_tokens", "own tokens", "rl"),)),
    _Curve("rl", "Cut off", "share of rollouts ended by a limit", (("truncated", "cut off", "expert"),), percent=True),
    _Curve(
        "control",
        "SFT loss of the control",
        "as much compute as SFT and RL together",
        (("loss", "training", "control"), ("validation_loss", "held back", "second")),
    ),
)


def training_charts(metrics: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, str | Markup]]:
    """Title, note and drawing of every chart for which there is a point."""
    charts: list[dict[str, str | Markup]] = []
    for curve in CURVES:
        rows = metrics.get(curve.stage, ())
        series = [Series(name, colour, smooth_points(rows, key)) for key, name, colour in curve.keys]
        drawing = line_chart(curve.title, series, "step", percent=curve.percent, zero=curve.zero)
        if drawing:
            charts.append({"title": curve.title, "note": curve.note, "drawing": drawing})
    return charts


def smooth_points(rows: Sequence[Mapping[str, Any]], key: str, most: int = 240) -> tuple[tuple[float, float], ...]:
    """(step, value) of the rows that have `key`, averaged in blocks when there are more than `most`."""
    points = [
        (float(row["step"]), float(row[key]))
        for row in rows
        if isinstance(row.get("step"), int | float) and isinstance(row.get(key), int | float)
    ]
    block = -(-len(points) // most) if points else 1
    blocks = [points[start : start + block] for start in range(0, len(points), block)]
    return tuple((part[-1][0], sum(value for _, value in part) / len(part)) for part in blocks)
