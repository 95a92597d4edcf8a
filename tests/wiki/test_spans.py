"""Spans of years in words."""

import pytest

from websailor.wiki.spans import read_span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("1950–1962", (1950, 1962)),
        ("since 1950", (1950, None)),
        ("1950–present", (1950, None)),
        ("1950–", (1950, None)),
        ("1929–35", (1929, 1935)),
        ("until 1962", (None, 1962)),
        ("from 1950 to 1962", (1950, 1962)),
        ("between 1950 and 1962", (1950, 1962)),
        ("m. 1929; div. 1935", (1929, 1935)),
        ("m. 1842; died 1865", (1842, 1865)),
        ("1919–1936; her death", (1919, 1936)),
        ("March 4, 1861 – April 15, 1865", (1861, 1865)),
    ],
)
def test_spans(text: str, span: tuple[int | None, int | None]) -> None:
    assert read_span(text) == span


@pytest.mark.parametrize(
    "text",
    ["", "1950", "1905, 1907", "Ph.D., 1905", "9th century", "1962–1950", "1929-03-01", "1919 and 1936", "9999–"],
)
def test_what_is_no_span(text: str) -> None:
    assert read_span(text) is None
