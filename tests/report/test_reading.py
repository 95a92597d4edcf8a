"""How prompts read: lengths, clauses, cues; published files that are none."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websailor.errors import UserError
from websailor.report.question_set import histogram
from websailor.report.reading import profile, read_published, reading

ENGLISH = (
    "I am looking for a person who was born in the 1950s and never received an award. This person works for the same "
    "company that Velan Torid founded. Who is it?"
)
CHINESE = "有一位人物，出生于20世纪50年代。该人物从未获得任何奖项，就职于由Velan Torid创立的公司。请问该人物是谁？"


def test_english() -> None:
    read = reading(ENGLISH)
    assert (read.chinese, read.length, read.sentences) == (False, 31, 3)
    assert {"U1", "U2", "U4", "U5"} <= read.operators
    assert "U16" not in read.operators


def test_chinese_with_names_in_latin_letters() -> None:
    read = reading(CHINESE)
    assert read.chinese
    assert read.sentences == 3
    assert {"U1", "U5"} <= read.operators


def test_cues_are_words_and_not_parts_of_words() -> None:
    assert "U5" not in reading("A notable nomad from Nottingham knotted nothing.").operators
    assert "U7" not in reading("The almost finished breakfast.").operators


def test_profile_separates_languages() -> None:
    both = profile([ENGLISH, CHINESE])
    assert (both.prompts, both.chinese) == (2, 1)
    assert both.words == 31
    assert both.characters is not None and both.characters > 30
    assert both.shares["U5"] == 1.0
    assert profile([ENGLISH]).characters is None


@given(st.lists(st.floats(0, 500, allow_nan=False), min_size=1, max_size=200))
def test_histogram_loses_nothing(values: list[float]) -> None:
    bins = histogram(values)
    assert sum(count for _, count in bins) == len(values)
    assert len(bins) <= 12
    assert bins[0][1] > 0 and bins[-1][1] > 0


def test_histogram_names_its_bins() -> None:
    assert histogram([1.2, 1.9, 3.0]) == [("1", 2), ("2", 0), ("3", 1)]
    assert histogram([0, 23])[0][0] == "0–1"
    assert histogram([]) == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"question": ""}', "not json", '{"question": 3}', "[1]"])
def test_what_is_no_published_set(tmp_path: Path, text: str) -> None:
    file = tmp_path / "published.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="question"):
        read_published(file)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        read_published(tmp_path / "none.jsonl")


def test_the_published_sample() -> None:
    shared = Path(os.environ.get("WEBSAILOR_SHARED", Path(__file__).parents[3] / "shared"))
    file = shared / "data" / "sailorfog-qa-v1-sample.jsonl"
    if not file.is_file():
        pytest.skip(f"the published sample is not here: {file.name} under $WEBSAILOR_SHARED/data")
    read = profile(read_published(file))
    assert (read.prompts, read.chinese) == (20, 10)
    assert read.clauses > 5
    assert read.shares["U1"] > 0.9
