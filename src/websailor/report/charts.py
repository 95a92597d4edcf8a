"""Charts as inline SVG: enter numbers, leaves markup that needs no script and follows the page's theme.

Colours are CSS classes (`s-rl`, `s-sft`, ...), so light and dark share one drawing. Every text is escaped.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape


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
    """A short label: `0.0005`, `12.5`, `1,200`, `45%`."""
    if percent:
        return f"{100 * value:.0f}%"
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 0.001:
        return f"{value:.0e}".replace("e-0", "e-")
    return f"{value:.3g}"


def line_chart(title: str, series: Sequence[Series], x_label: str, *, percent: bool = False, zero: bool = True) -> Markup:
    """A chart with axes, grid, a line per series and its last value; the script adds a reading under the pointer."""
    width, height, left, right, top, bottom = 440, 236, 46, 62, 12, 38
    drawn = [line for line in series if line.points]
    if not drawn:
        return Markup("")
    xs = [x for line in drawn for x, _ in line.points]
    ys = [y for line in drawn for _, y in line.points if math.isfinite(y)]
    if not ys:
        return Markup("")
    y_ticks = nice_ticks(min([0.0, *ys]) if zero else min(ys), max(ys), 5)
    x_low, x_high = min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1
    y_low, y_high = y_ticks[0], y_ticks[-1]

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            left + (x - x_low) / (x_high - x_low) * (width - left - right),
            height - bottom - (y - y_low) / (y_high - y_low) * (height - top - bottom),
        )

    parts: list[str] = []
    for tick in y_ticks:
        _, y = place(x_low, tick)
        parts.append(f'<line class="grid" x1="{left}" x2="{width - right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{left - 8}" y="{y + 3.5:.1f}" text-anchor="end">{number(tick, percent)}</text>')
    for tick in nice_ticks(x_low, x_high, 5):
        if x_low <= tick <= x_high:
            x, _ = place(tick, y_low)
            parts.append(
                f'<text class="tick" x="{x:.1f}" y="{height - bottom + 16}" text-anchor="middle">{number(tick)}</text>'
            )
    parts.append(f'<line class="axis" x1="{left}" x2="{width - right}" y1="{height - bottom}" y2="{height - bottom}"/>')
    parts.append(
        f'<text class="label" x="{(left + width - right) / 2:.0f}" y="{height - 5}" text-anchor="middle">{escape(x_label)}</text>'
    )
    ends: list[tuple[float, Series]] = []
    for line in drawn:
        points = [place(x, y) for x, y in line.points if math.isfinite(y)]
        if len(points) == 1:
            parts.append(f'<circle class="dot s-{line.colour}" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3.5"/>')
        else:
            path = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
            parts.append(f'<path class="line s-{line.colour}" d="{path}"/>')
        if points:
            parts.append(f'<circle class="dot s-{line.colour}" cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="3"/>')
            ends.append((points[-1][1], line))
    previous = -math.inf
    for y, line in sorted(ends, key=lambda end: end[0]):
        previous = max(y, previous + 13)
        last = next(y for _, y in reversed(line.points) if math.isfinite(y))
        text = f"{100 * last:.1f}%" if percent else number(last)
        parts.append(f'<text class="end s-{line.colour}" x="{width - right + 8}" y="{previous + 4:.1f}">{text}</text>')
    summary = "; ".join(
        f"{line.name} from {number(line.points[0][1], percent)} to {number(line.points[-1][1], percent)}" for line in drawn
    )
    data = [{"name": line.name, "colour": line.colour, "points": [list(point) for point in line.points]} for line in drawn]
    frame = {"x": [x_low, x_high], "y": [y_low, y_high], "box": [left, top, width - right, height - bottom], "percent": percent}
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" aria-label="{label}" data-series="{data}" data-frame="{frame}">{body}</svg>'
    ).format(w=width, h=height, label=f"{title}: {summary}", data=_json(data), frame=_json(frame), body=Markup("".join(parts)))


def interval_chart(rows: Sequence[Interval]) -> Markup:
    """Value with its 95 % interval per row on a common percent axis; the hollow mark is the second value (pass@3)."""
    width, row_height, left, right = 720, 46, 118, 30
    height = row_height * len(rows) + 34
    top = max([row.high for row in rows] + [row.second or 0 for row in rows] + [0.05])
    ticks = nice_ticks(0, min(1.0, top), 6)

    def place(value: float) -> float:
        return left + value / ticks[-1] * (width - left - right)

    parts = []
    for tick in ticks:
        x = place(tick)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="6" y2="{height - 26}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{height - 8}" text-anchor="middle">{number(tick, True)}</text>')
    for position, row in enumerate(rows):
        y = row_height * position + row_height / 2 + 4
        hover = f"{row.name}: pass@1 {100 * row.value:.1f} % (95 % interval {100 * row.low:.1f} to {100 * row.high:.1f})"
        if row.second is not None:
            hover += f", pass@3 {100 * row.second:.1f} %"
        parts.append(f'<g class="row"><title>{escape(hover)}</title>')
        parts.append(f'<rect class="hit" x="0" y="{y - row_height / 2:.1f}" width="{width}" height="{row_height}"/>')
        parts.append(f'<text class="name s-{row.colour}" x="{left - 16}" y="{y + 5:.1f}" text-anchor="end">{escape(row.name)}</text>')
        if row.second is not None:
            parts.append(f'<line class="reach s-{row.colour}" x1="{place(row.value):.1f}" x2="{place(row.second):.1f}" y1="{y}" y2="{y}"/>')
            parts.append(f'<circle class="hollow s-{row.colour}" cx="{place(row.second):.1f}" cy="{y}" r="5"/>')
        parts.append(f'<line class="interval s-{row.colour}" x1="{place(row.low):.1f}" x2="{place(row.high):.1f}" y1="{y}" y2="{y}"/>')
        parts.append(f'<circle class="dot s-{row.colour}" cx="{place(row.value):.1f}" cy="{y}" r="7"/>')
        parts.append(
            f'<text class="value" x="{place(row.value):.1f}" y="{y - 12:.1f}" text-anchor="middle">{100 * row.value:.1f}</text></g>'
        )
    label = "pass@1 with 95 % intervals: " + "; ".join(f"{row.name} {100 * row.value:.1f} %" for row in rows)
    return Markup('<svg class="intervals" viewBox="0 0 {w} {h}" role="img" aria-label="{label}">{body}</svg>').format(
        w=width, h=height, label=label, body=Markup("".join(parts))
    )


def staircase(initial: float, after: Sequence[float]) -> Markup:
    """Bits left after each clue: H0, H1, ..., Hk as descending steps; the last step reaches 0 when one answer is left."""
    values = [initial, *after]
    step, base, top = 46, 96, 14
    width, height = step * len(values) + 8, 124
    highest = max(max(values), 1.0)

    def y_of(bits: float) -> float:
        return base - max(bits, 0.0) / highest * (base - top)

    parts = []
    for position, bits in enumerate(values):
        x, y = 4 + position * step, y_of(bits)
        kind = "stair done" if bits < 1e-6 else "stair"
        parts.append(f'<rect class="{kind}" x="{x + 2}" y="{y:.1f}" width="{step - 4}" height="{max(base - y, 2):.1f}" rx="2"/>')
        parts.append(f'<text class="tick" x="{x + step / 2}" y="{y - 4:.1f}" text-anchor="middle">{bits:.1f}</text>')
        name = "H<tspan class='sub' dy='2'>{}</tspan>".format(position)
        parts.append(f'<text class="label" x="{x + step / 2}" y="{base + 15}" text-anchor="middle">{name}</text>')
    label = "bits left after each clue: " + ", ".join(f"{bits:.1f}" for bits in values)
    return Markup('<svg class="staircase" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{label}">{body}</svg>').format(
        w=width, h=height, label=label, body=Markup("".join(parts))
    )


def bars(rows: Sequence[tuple[str, float]], title: str) -> Markup:
    """Horizontal bars with their counts, as a list that a screen reader can read."""
    highest = max((value for _, value in rows), default=0) or 1
    items = Markup("").join(
        Markup('<li><span class="bar-name">{name}</span><span class="bar-track"><span class="bar" style="width:{share:.1f}%"></span></span><span class="bar-count">{count}</span></li>').format(
            name=name, share=100 * value / highest, count=f"{value:,.0f}"
        )
        for name, value in rows
    )
    return Markup('<ul class="bars" aria-label="{title}">{items}</ul>').format(title=title, items=items)


def _json(value: object) -> str:
    import json

    return json.dumps(value, separators=(",", ":"))
