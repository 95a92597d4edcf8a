"""Lines that say a thing by themselves: rows of tables, works with their year."""

import pytest

from websailor.wiki.tables import read_row
from websailor.wiki.works import read_work


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("Year: 1950 | Made by: A, B | Film: C", [("Year", "1950"), ("Made by", "A, B"), ("Film", "C")]),
        ("Year: 1950 | — | Film: C: the Sea", [("Year", "1950"), ("", "—"), ("Film", "C: the Sea")]),
        ("Employer | Melik Works", []),
        ("Employer: it | Melik Works", []),
        ("A sentence: with a colon.", []),
    ],
)
def test_rows(line: str, cells: list[tuple[str, str]]) -> None:
    assert read_row(line) == cells


@pytest.mark.parametrize(
    ("line", "work"),
    [
        ("1932 Brave New World", ("Brave New World", "1932")),
        ("Suez (1938)", ("Suez", "1938")),
        ("Suez (1938) also producer", None),
        ("In 1932 she wrote.", None),
        ("1932 she wrote it.", None),
        ('1948 "The Sea", "The Land"', None),
        ("Year: 1950 | Film: C (1950)", None),
    ],
)
def test_works(line: str, work: tuple[str, str] | None) -> None:
    assert read_work(line) == work
