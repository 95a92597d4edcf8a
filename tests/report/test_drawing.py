"""Charts and layouts: numbers go where they belong."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from websailor.records import Atom, Bears, Compare, Count, Pattern, Rank, Without
from websailor.report.charts import Interval, Series, bars, interval_chart, line_chart, nice_ticks, number, staircase
from websailor.report.curves import smooth_points
from websailor.report.drawing import query_text
from websailor.report.layout import distances, packed_layout, stress_layout
from websailor.report.svg import element, text

RING = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0)]


@given(
    st.floats(-1e6, 1e6, allow_nan=False),
    st.floats(1e-6, 1e6, allow_nan=False),
    st.integers(2, 8),
)
def test_ticks_cover_the_range_with_round_steps(low: float, span: float, count: int) -> None:
    high = low + span
    ticks = nice_ticks(low, high, count)
    steps = np.diff(ticks)
    slack = 1e-6 * max(abs(low), abs(high), span)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= high - slack
    assert len(ticks) <= 2 * count + 2
    assert np.allclose(steps, steps[0], rtol=1e-3, atol=slack)


def test_ticks_of_a_flat_line() -> None:
    assert nice_ticks(0.5, 0.5)[0] <= 0.5 < nice_ticks(0.5, 0.5)[-1]
    with pytest.raises(ValueError, match="finite"):
        nice_ticks(0, math.inf)


@pytest.mark.parametrize(
    ("value", "percent", "label"),
    [
        (0, False, "0"),
        (0.45, True, "45%"),
        (12345, False, "12,345"),
        (0.00002, False, "2e-5"),
        (0.00015, False, "1.5e-4"),
        (0.25, False, "0.25"),
    ],
)
def test_labels(value: float, percent: bool, label: str) -> None:
    assert number(value, percent) == label


def test_a_line_ends_at_its_last_point_and_says_it() -> None:
    chart = line_chart("Loss", [Series("training", "sft", ((0, 4.0), (10, 2.0), (20, math.nan), (30, 1.0)))], "step")
    path = re.search(r'd="M([^"]+)"', chart)
    assert path
    points = [tuple(float(part) for part in point.split(",")) for point in path[1].split("L")]
    assert len(points) == 3
    assert points[0] == (46.0, 12.0)
    assert points[-1][0] == 378.0
    assert "Loss: training from 4 to 1" in chart
    assert line_chart("Loss", [Series("training", "sft", ((0, math.nan),))], "step") == ""
    assert line_chart("Loss", [], "step") == ""


def test_intervals_are_drawn_where_they_are() -> None:
    chart = interval_chart([Interval("RL", "rl", 0.5, 0.4, 0.6, 0.75), Interval("SFT", "sft", 0.0, 0.0, 0.01, None)])
    low, high = re.search(r'class="interval s-rl" x1="([\d.]+)" y1="[\d.]+" x2="([\d.]+)"', chart).groups()  # type: ignore[union-attr]
    scale = (720 - 118 - 30) / 0.8
    assert float(low) == pytest.approx(118 + 0.4 * scale, abs=0.1)
    assert float(high) == pytest.approx(118 + 0.6 * scale, abs=0.1)
    assert "RL: pass@1 50.0 %, 95 % interval 40.0 % to 60.0 %, pass@3 75.0 %" in chart


def test_the_staircase_ends_in_green_when_one_answer_is_left() -> None:
    assert staircase(8.0, (4.0, 0.0)).count("stair done") == 1
    assert "stair done" not in staircase(8.0, (4.0, 1.0))


def test_texts_and_attributes_are_escaped() -> None:
    assert text("x", (1, 2), "<b>&\"'") == (
        '<text class="x" x="1" y="2" text-anchor="middle">&lt;b&gt;&amp;&#34;&#39;</text>'
    )
    assert element("a", data_n='"><i>') == '<a data-n="&#34;&gt;&lt;i&gt;"/>'
    assert "&lt;script&gt;" in bars([("<script>", 3)], "reasons")


def test_distances_by_hand() -> None:
    distance_NN = distances(7, RING)
    assert distance_NN[0].tolist() == [0, 1, 2, 3, 2, 1, math.inf]


def test_a_ring_is_drawn_as_a_ring() -> None:
    position_N2 = stress_layout(6, RING)
    radius_N = np.linalg.norm(position_N2, axis=1)
    edge_E = np.array([np.linalg.norm(position_N2[a] - position_N2[b]) for a, b in RING])
    assert radius_N.std() < 0.02
    assert edge_E.std() < 0.02
    assert 0.7 < edge_E.mean() < 1.3


def test_a_chain_is_drawn_straight_and_wide() -> None:
    position_N2 = stress_layout(5, [(0, 1), (1, 2), (2, 3), (3, 4)])
    assert np.abs(position_N2[:, 1]).max() < 0.05
    assert np.ptp(position_N2[:, 0]) == pytest.approx(4, abs=0.1)


def test_parts_stand_side_by_side() -> None:
    position_N2 = packed_layout(9, [*RING, (6, 7)])
    assert np.isfinite(position_N2).all()
    assert position_N2[:6, 0].max() < position_N2[6:8, 0].min() < position_N2[8, 0]
    assert packed_layout(0, []).shape == (0, 2)


def test_many_points_are_averaged_and_holes_left_out() -> None:
    rows = [{"step": step, "loss": float(step % 2)} for step in range(1000)] + [{"step": 1000}, {"loss": 3.0}]
    points = smooth_points(rows, "loss", most=100)
    assert len(points) == 100
    assert all(value == pytest.approx(0.5) for _, value in points)
    assert points[-1][0] == 999


def test_query_text_tells_conditions() -> None:
    pattern = Pattern(
        focus="x0",
        variables=("x0", "x1", "v0", "v1"),
        value_types={"v0": "date", "v1": "date"},
        atoms=(
            Atom(relation="led_by", subject="x1", object="x0", fact="f1", at="1956"),
            Atom(relation="born", subject="x0", object="v0", fact="f2", stated_in="infobox"),
            Atom(relation="founded", subject="x1", object="v1", fact="f3"),
        ),
        conditions=(
            Without(variable="x0", relation="received"),
            Without(variable="x0", relation="parent", forward=False, object="Ann"),
            Count(variable="x0", relation="author", forward=False, number=3),
            Bears(variable="x1", name="Melik Works"),
            Compare(left="v1", right="v0", low=2),
            Compare(left="v1", right="v0", measure="ratio", low=0.5, high=1.5),
            Rank(relation="born", largest=False, place=2),
        ),
    )
    assert query_text(pattern, {"Ann": "Ann Solak"}).splitlines() == [
        "find  x0",
        "where led_by(x1, x0) at 1956",
        "  and born(x0, v0) by the infobox",
        "  and founded(x1, v1)",
        "  and not received(x0, *)",
        "  and not parent(Ann Solak, x0)",
        "  and |{y: author(y, x0)}| = 3",
        "  and x1 is called Melik Works",
        "  and 2 ≤ v1 - v0",
        "  and 0.5 ≤ v1 / v0 ≤ 1.5",
        "  and of these, number 2 from the smallest born",
    ]
