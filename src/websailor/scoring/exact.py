"""Exact match: the answer, or an alias of it, up to case, articles, punctuation and spacing.

Enters: a question with its answer and aliases, and a trajectory. Leaves: a `Score` of 1 or 0 with the reason. No model
is asked.
"""

import re
import unicodedata

from websailor.records import Question, Score, Trajectory

_DIGIT_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_COMMA_BETWEEN = re.compile(r"(?<=\d),(?=\d)")
_DASH = re.compile(r"[\u2010-\u2015\u2212-]")
_DASH_BETWEEN = re.compile(r"(?<=\w)-|-(?!\d)")
_ARTICLE = re.compile(r"\bthe\b|^an?\b")
"""`a` inside an answer is often a name (`Hepatitis A virus`), at its start an article."""
_MEANINGFUL = frozenset("#%&@-")
"""Punctuation that tells answers apart: `C#` and `C`, `5 %` and `5`, `-3` and `3`."""


def normalise(text: str) -> str:
    """The form in which two answers are compared.

    NFKC, case folded; dashes between words are spaces; thousands separators, quotation marks and other punctuation go,
    a decimal point and a leading minus stay; `the` goes anywhere, `a` and `an` at the start. What would become empty (a
    title of articles or marks alone) keeps them.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    plain = _DASH_BETWEEN.sub(" ", _DASH.sub("-", _COMMA_BETWEEN.sub(" ", _DIGIT_COMMA.sub("", folded))))
    kept = "".join(
        character
        for index, character in enumerate(plain)
        if not unicodedata.category(character).startswith("P")
        or character in _MEANINGFUL
        or (character == "." and _between_digits(plain, index))
    )
    return " ".join(_ARTICLE.sub(" ", kept.strip()).split()) or " ".join(kept.split()) or " ".join(folded.split())


def _between_digits(text: str, index: int) -> bool:
    return text[index - 1 : index].isdigit() and text[index + 1 : index + 2].isdigit()


def matches(answer: str, expected: str) -> bool:
    """True if the two are the same answer."""
    return normalise(answer) == normalise(expected)


class ExactMatch:
    """The scorer that needs no judge."""

    name = "exact"

    async def __call__(self, question: Question, trajectory: Trajectory) -> Score:
        return self.score(question, trajectory.answer)

    def score(self, question: Question, answer: str | None) -> Score:
        """Verdict on an answer; None is wrong."""
        if answer is None:
            return Score(value=0.0, reason="no answer", judge=self.name)
        given = normalise(answer)
        for expected in (question.answer, *question.aliases):
            if given == normalise(expected):
                reason = "equals the answer" if expected == question.answer else f"equals the alias {expected}"
                return Score(value=1.0, reason=reason, judge=self.name)
        return Score(value=0.0, reason=f"{answer!r} is not {question.answer!r}", judge=self.name)
