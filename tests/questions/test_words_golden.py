"""The golden file, made again: words change only where somebody has read the change."""

import json
import re

from golden_questions import CHINESE, ENGLISH, FILE, lines
from word_patterns import OPERATORS


def test_the_golden_questions_are_what_is_made() -> None:
    kept = FILE.read_text(encoding="utf-8").splitlines()
    made = lines()
    changed = [f"- {old}\n+ {new}" for old, new in zip(kept, made, strict=True) if old != new]
    assert not changed, (
        f"{len(changed)} of {len(kept)} differ; read them, then run `python tests/questions/golden_questions.py`:\n"
        + "\n".join(changed[:5])
    )


def test_every_operator_is_there_in_both_languages() -> None:
    kept = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    for language, count in (("en", ENGLISH), ("zh", CHINESE)):
        of_language = [question for question in kept if question["language"] == language]
        assert len(of_language) == count
        assert {question["operator"] for question in of_language} == set(OPERATORS)
    assert len({question["prompt"] for question in kept}) == ENGLISH + CHINESE


def test_golden_questions_are_whole_sentences() -> None:
    for line in FILE.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        for text in (question["prompt"], *question["clues"]):
            assert not re.search(r"[{}|]|\[|  | ,|,,|\.\.| a [aeio]| an [^aeiouh]|与与|由由|，，|、的", text), text
            assert text[-1] in ".?。？", text
            assert text[0].isupper() or question["language"] == "zh"
