"""Exact match: what counts as the same answer."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toy_questions import question, trajectory
from websailor.scoring import ExactMatch, matches, normalise


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("melik works", "Melik Works"),
        (" Melik  Works. ", "Melik Works"),
        ("The Melik Works", "Melik Works"),
        ("“Melik Works”", "Melik Works"),
        ("Ｍelik Ｗorks", "Melik Works"),
        ("Jean-Paul", "Jean Paul"),
        ("Jean–Paul", "Jean-Paul"),
        ("1,234,567", "1234567"),
        ("STRASSE", "Straße"),
        ("U.S.", "US"),
        ("−5", "-5"),
        ("an apple", "Apple"),
        ("《红楼梦》", "红楼梦"),
    ],
)
def test_the_same(answer: str, expected: str) -> None:
    assert matches(answer, expected)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Melik Work", "Melik Works"),
        ("1.5", "15"),
        ("-5", "5"),
        ("5%", "5"),
        ("C#", "C"),
        ("C++", "C"),
        ("Vitamin A", "Vitamin"),
        ("1,5", "15"),
        ("The", "A"),
        ("!", "?"),
        ("", "A"),
    ],
)
def test_not_the_same(answer: str, expected: str) -> None:
    assert not matches(answer, expected)


@given(st.text())
def test_every_text_matches_itself(text: str) -> None:
    once = normalise(text)
    assert once == " ".join(once.split())
    assert matches(text, text)
    assert matches(text.upper(), text.upper().casefold())
    assert bool(once) == bool(text.strip()) or not text.split()


def test_aliases_count_and_no_answer_is_wrong() -> None:
    scorer = ExactMatch()
    asked = question(answer="Melik Works", aliases=("MW",))
    assert scorer.score(asked, "mw").value == 1.0
    assert "MW" in scorer.score(asked, "mw").reason
    assert scorer.score(asked, "Works").value == 0.0
    assert scorer.score(asked, None).reason == "no answer"
    score = asyncio.run(scorer(asked, trajectory("Melik Works")))
    assert (score.value, score.judge) == (1.0, "exact")
