"""Charts as inline SVG: enter numbers, leaves markup that needs no script and follows the page's theme.

Colours are CSS classes (`s-rl`, `s-sft`, ...), so light and dark share one drawing. Every text is escaped.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from websailor.report.svg import Point, circle, element, line, picture, text


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart."""

    name: str
    colour: str
    """CSS class suffix: `rl`, `sft`, `expert`, `untrained`, `control`, `plain`, `second`."""
    points: tuple[tuple[float, float], ...]
    """(x, y), x ascending."""


@dataclass(frozen=True, slots=True)
class Interval:
    """One row of a comparison: a value, its 95 % interval, and a second value."""

    name: str
    colour: str
    value: float
    low: float
    high: float
    second: float | None


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers that cover [low, high], about `count` of them."""
    if not math.isfinite(low) or not math.isfinite(high):
        raise ValueError("an axis needs finite bounds")
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / max(count - 1, 1)
    magnitude = 10 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= rough * 0.999)
    first = math.floor(low / step + 1e-9)
    ticks = [first * step]
    while ticks[-1] < high - step * 1e-6:
        ticks.append((first + len(ticks)) * step)
    return [round(tick, 12) for tick in ticks]


def number(value: float, percent: bool = False) -> str:
    """A short label: `1.5e-4`, `12.5`, `1,200`, `45%`."""
    if percent:
        return f"{100 * value:.0f}%"
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 0.001:
        return f"{value:.1e}".replace(".0e", "e").replace("e-0", "e-")
    return f"{value:.3g}"


def line_chart(
    title: str, series: Sequence[Series], x_label: str, *, percent: bool = False, zero: bool = True
) -> Markup:
    """A chart with axes, a grid, a line per series and its last value; the script adds a reading under the pointer.

    Empty when no series has a finite point.
    """
    width, height, left, right, top, bottom = 440, 236, 46, 62, 12, 38
    drawn = [Series(s.name, s.colour, tuple(p for p in s.points if math.isfinite(p[1]))) for s in series]
    drawn = [one for one in drawn if one.points]
    if not drawn:
        return Markup("")
    xs = [x for one in drawn for x, _ in one.points]
    ys = [y for one in drawn for _, y in one.points]
    y_ticks = nice_ticks(min([0.0, *ys]) if zero else min(ys), max(ys), 5)
    x_low, x_high = min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1
    y_low, y_high = y_ticks[0], y_ticks[-1]
    edge, floor = width - right, height - bottom

    def place(x: float, y: float) -> Point:
        across, up = (x - x_low) / (x_high - x_low), (y - y_low) / (y_high - y_low)
        return left + across * (edge - left), floor - up * (floor - top)

    parts: list[Markup] = []
    for tick in y_ticks:
        _, y = place(x_low, tick)
        parts += [line("grid", (left, y), (edge, y)), text("tick", (left - 8, y + 3.5), number(tick, percent), "end")]
    for tick in nice_ticks(x_low, x_high, 5):
        if x_low <= tick <= x_high:
            parts.append(text("tick", (place(tick, y_low)[0], floor + 16), number(tick)))
    parts.append(line("axis", (left, floor), (edge, floor)))
    parts.append(text("label", ((left + edge) / 2, height - 5), x_label))
    for one in drawn:
        points = [place(x, y) for x, y in one.points]
        path = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(element("path", class_=f"line s-{one.colour}", d=path))
        parts.append(circle(f"dot s-{one.colour}", points[-1], 3))
    above = -math.inf
    for one in sorted(drawn, key=lambda one: place(*one.points[-1])[1]):
        above = max(place(*one.points[-1])[1], above + 13)
        last = one.points[-1][1]
        words = f"{100 * last:.1f}%" if percent else number(last)
        parts.append(text(f"end s-{one.colour}", (edge + 8, above + 4), words, "start"))
    summary = "; ".join(
        f"{one.name} from {number(one.points[0][1], percent)} to {number(one.points[-1][1], percent)}" for one in drawn
    )
    frame = {"x": [x_low, x_high], "box": [left, top, edge, floor], "percent": percent}
    data = [{"name": one.name, "points": one.points} for one in drawn]
    return picture(
        "chart",
        (0, 0, width, height),
        f"{title}: {summary}",
        parts,
        data_series=json.dumps(data, separators=(",", ":")),
        data_frame=json.dumps(frame, separators=(",", ":")),
    )


def interval_chart(rows: Sequence[Interval]) -> Markup:
    """Value with its 95 % interval per row on a common percent axis; the hollow mark is the second value (pass@3)."""
    width, row_height, left, right = 720, 46, 118, 30
    height = row_height * len(rows) + 34
    top = max([row.high for row in rows] + [row.second or 0 for row in rows] + [0.05])
    ticks = nice_ticks(0, min(1.0, top), 6)

    def place(value: float) -> float:
        return left + value / ticks[-1] * (width - left - right)

    parts: list[Markup] = []
    for tick in ticks:
        x = place(tick)
        parts += [line("grid", (x, 6), (x, height - 26)), text("tick", (x, height - 8), number(tick, True))]
    for position, row in enumerate(rows):
        y, colour = row_height * position + row_height / 2 + 4, f"s-{row.colour}"
        value, low, high = place(row.value), place(row.low), place(row.high)
        hover = f"{row.name}: pass@1 {_percent(row.value)}, 95 % interval {_percent(row.low)} to {_percent(row.high)}"
        if row.second is not None:
            hover += f", pass@3 {_percent(row.second)}"
        inside = [
            element("title", hover),
            element("rect", class_="hit", x=0, y=y - row_height / 2, width=width, height=row_height),
            text(f"name {colour}", (left - 16, y + 5), row.name, "end"),
        ]
        if row.second is not None:
            second = place(row.second)
            inside += [
                line(f"reach {colour}", (value, y), (second, y)),
                circle(f"hollow {colour}", (second, y), 5),
            ]
        inside += [
            line(f"interval {colour}", (low, y), (high, y)),
            circle(f"dot {colour}", (value, y), 7),
            text("value", (value, y - 12), f"{100 * row.value:.1f}"),
        ]
        parts.append(element("g", Markup("").join(inside), class_="row"))
    label = "pass@1 with 95 % intervals: " + "; ".join(f"{row.name} {_percent(row.value)}" for row in rows)
    return picture("intervals", (0, 0, width, height), label, parts)


def staircase(initial: float, after: Sequence[float]) -> Markup:
    """Bits left after each clue: H0, H1, ..., Hk as descending steps; the last reaches 0 when one answer is left."""
    values = [initial, *after]
    step, base, top = 46, 96, 14
    width, height = step * len(values) + 8, 124
    highest = max(max(values), 1.0)
    parts: list[Markup] = []
    for position, bits in enumerate(values):
        x, y = 4 + position * step, base - max(bits, 0.0) / highest * (base - top)
        kind = "stair done" if bits < 1e-6 else "stair"
        tall = max(base - y, 2.0)
        parts.append(element("rect", class_=kind, x=x + 2, y=base - tall, width=step - 4, height=tall, rx=2))
        parts.append(text("tick", (x + step / 2, y - 4), f"{bits:.1f}"))
        index = element("tspan", str(position), class_="sub", dy=2)
        parts.append(text("label", (x + step / 2, base + 15), Markup("H") + index))
    label = "bits left after each clue: " + ", ".join(f"{bits:.1f}" for bits in values)
    return picture("staircase", (0, 0, width, height), label, parts, width=width, height=height)


def bars(rows: Sequence[tuple[str, float]], title: str) -> Markup:
    """Horizontal bars with their counts, as a list that a screen reader can read."""
    highest = max((value for _, value in rows), default=0) or 1
    items = [
        element(
            "li",
            element("span", name, class_="bar-name")
            + element(
                "span",
                element("span", " ", class_="bar", style=f"width:{100 * value / highest:.1f}%"),
                class_="bar-track",
            )
            + element("span", f"{value:,.0f}", class_="bar-count"),
        )
        for name, value in rows
    ]
    return element("ul", Markup("").join(items), class_="bars", aria_label=title)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
