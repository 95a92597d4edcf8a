"""One hundred questions in words, kept for reading: five of each operator in English, twenty in Chinese.

`python tests/questions/golden_questions.py` writes `golden/questions.jsonl` anew. Do that after a change of words, and
read what changed (`git diff --word-diff tests/questions/golden`).
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from word_patterns import OPERATORS, Reader, rich_corpus

from websailor.questions.words.plan import NoWording
from websailor.questions.words.realise import Style, Words, ordered_clues, realise
from websailor.records import Pattern
from websailor.wiki.relations import Language

FILE = Path(__file__).parent / "golden" / "questions.jsonl"
STYLES: tuple[Style, ...] = ("brief", "full")
ENGLISH, CHINESE = 80, 20


def golden() -> Iterator[dict[str, object]]:
    """The questions in the file's order. The same world gives the same ones."""
    for number in range(ENGLISH + CHINESE):
        operator = OPERATORS[number % len(OPERATORS)]
        language: Language = "en" if number < ENGLISH else "zh"
        style = STYLES[number // len(OPERATORS) % 2]
        words = _words(operator, language, style, number)
        yield {
            "operator": operator,
            "language": language,
            "style": style,
            "prompt": words.prompt,
            "clues": list(words.clues),
        }


def _words(operator: str, language: Language, style: Style, number: int) -> Words:
    """The first pattern of the operator that can be said."""
    for attempt in range(100):
        rng = random.Random(f"{operator}/{number}/{attempt}")
        pattern = Reader(rich_corpus(), rng).pattern(operator)
        try:
            return _said(pattern, language, style, rng, may_be_none=operator == "U16")
        except NoWording:
            continue
    raise LookupError(f"no question with {operator} can be said")


def _said(pattern: Pattern, language: Language, style: Style, rng: random.Random, may_be_none: bool) -> Words:
    clues = ordered_clues(pattern)
    return realise(rich_corpus(), pattern, clues, style, language, rng, may_be_none=may_be_none)


def lines() -> list[str]:
    return [json.dumps(question, ensure_ascii=False) for question in golden()]


if __name__ == "__main__":
    FILE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
