"""How questions read, for a set of ours and a published one alike.

Enters: prompts, English or Chinese, and nothing else: no query, no proof. Leaves: lengths, clauses and the operators
that the wording points to (`cues.toml`), estimated in the same coarse way for every set. Published sets come without
their queries, so this is the only ground on which both can be compared; what is proved of our questions stands beside
it.
"""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import mean, median

from websailor.errors import UserError

_CJK = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[\w'’-]+")
_SENTENCE_END = re.compile(r"[.?!](?:\s|$)|[。？！]")
_CLAUSE_EN = re.compile(
    r"\b(?:who|whose|whom|which|that|where|when|while|after|before)\b(?! same\b)|[.?!](?:\s|$)"
    r"|[,;] (?:and|but|which|who)\b|\band (?:was|is|has|had|later|also)\b",
    re.IGNORECASE,
)
_CLAUSE_ZH = re.compile(r"[，。；？！]")
INTERSECTION = 3
"""Clauses from which a prompt is taken to intersect several clues (U2)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One prompt as it reads."""

    chinese: bool
    length: int
    """English: words. Chinese: characters."""
    sentences: int
    clauses: int
    operators: frozenset[str]


@dataclass(frozen=True, slots=True)
class Profile:
    """A set of prompts as it reads."""

    prompts: int
    chinese: int
    """How many of them are Chinese."""
    words: float | None
    """Median length of the English ones in words; None where there are none."""
    characters: float | None
    """Median length of the Chinese ones in characters."""
    sentences: float
    """Mean."""
    clauses: float
    """Mean."""
    operators: float
    """Mean number of different operators that the wording points to."""
    shares: dict[str, float]
    """Operator -> share of the prompts whose wording points to it."""


@cache
def _cues() -> dict[str, dict[str, tuple[re.Pattern[str], ...]]]:
    table = tomllib.loads((Path(__file__).parent / "cues.toml").read_text(encoding="utf-8"))
    return {
        operator: {
            language: tuple(re.compile(expression, re.IGNORECASE) for expression in expressions)
            for language, expressions in languages.items()
        }
        for operator, languages in table.items()
    }


def reading(prompt: str) -> Reading:
    """Read one prompt. Chinese is what has more Chinese characters than words of other scripts."""
    characters = len(_CJK.findall(prompt))
    words = len(_WORD.findall(_CJK.sub(" ", prompt)))
    chinese = characters > words
    language = "zh" if chinese else "en"
    clauses = max(len((_CLAUSE_ZH if chinese else _CLAUSE_EN).findall(prompt)), 1)
    found = {
        operator
        for operator, languages in _cues().items()
        if any(expression.search(prompt) for expression in languages[language])
    }
    if clauses >= INTERSECTION:
        found.add("U2")
    return Reading(
        chinese=chinese,
        length=characters if chinese else words,
        sentences=max(len(_SENTENCE_END.findall(prompt)), 1),
        clauses=clauses,
        operators=frozenset(found),
    )


def profile(prompts: Sequence[str]) -> Profile:
    """Read a set of at least one prompt."""
    assert prompts
    readings = [reading(prompt) for prompt in prompts]
    lengths = {chinese: [one.length for one in readings if one.chinese == chinese] for chinese in (False, True)}
    counts = Counter(operator for one in readings for operator in one.operators)
    return Profile(
        prompts=len(readings),
        chinese=len(lengths[True]),
        words=median(lengths[False]) if lengths[False] else None,
        characters=median(lengths[True]) if lengths[True] else None,
        sentences=mean(one.sentences for one in readings),
        clauses=mean(one.clauses for one in readings),
        operators=mean(len(one.operators) for one in readings),
        shares={operator: count / len(readings) for operator, count in counts.items()},
    )


def read_published(path: Path) -> list[str]:
    """Prompts of a published set: JSONL, or one JSON list, of objects with `question` or `prompt`.

    Raises `UserError` when the file is missing, is something else, or holds no prompt.
    """
    try:
        text = path.read_text(encoding="utf-8")
        rows = (
            json.loads(text) if text.lstrip().startswith("[") else [json.loads(one) for one in text.splitlines() if one]
        )
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file of published questions") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(
            f"{path}: not a file of published questions ({error}): give JSONL with a `question` field"
        ) from error
    prompts = [row.get("question", row.get("prompt")) if isinstance(row, dict) else None for row in rows]
    if not prompts or not all(isinstance(prompt, str) and prompt.strip() for prompt in prompts):
        raise UserError(f"{path}: every line needs a `question` (or `prompt`) with text")
    return [prompt for prompt in prompts if isinstance(prompt, str)]
