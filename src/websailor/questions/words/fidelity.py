"""Whether another wording of a clause may stand for it, as far as that can be seen without a model.

Enters: a clause with slots and a sentence that claims to say the same. Leaves: the reason why it may not, or None. The
checks err on the side of refusal: what they do not understand is refused, and the embedded words stay.
"""

import re
from typing import Literal

from websailor.questions.words.slotted import SlottedClause
from websailor.wiki.relations import Language

Refusal = Literal[
    "slots", "length", "subject", "name", "number", "negation", "direction", "unreadable", "reading", "cut_off"
]
"""Why a sentence is refused: slots missing or repeated, too long or empty, not about the focus, a new name, another
number or order, a negation too many or too few, another direction; its reading could not be parsed, or differs; the
model's turn was cut off."""

LONGEST = 3.0
"""A sentence may be so many times as long as the embedded one."""
_SLOT = re.compile(r"\[([A-Z])\]")
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?|\d[\d,.]*\d|\d")
_NEGATIONS = re.compile(
    r"not|never|no|nobody|none|nothing|neither|nor|without|cannot|lack(?:s|ing)?|fail(?:s|ed)|\w+n't"
)
_NUMBER_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: str(number) for number, word in enumerate(_NUMBER_WORDS, 2)}
_ORDERS = re.compile(
    r"second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|twice|half|quarter|thirds|hundred|thousand|million|dozen"
)
_WAYS = {
    "earlier": "earlier before older predates predated preceded precedes prior elder",
    "later": "later after younger outlived outlives postdates postdated junior",
    "more": "more larger bigger greater higher longer exceeds outnumbers",
    "less": "fewer smaller less lower shorter",
    "first": "first earliest oldest",
    "last": "last latest youngest final",
    "largest": "largest most biggest greatest highest longest populous",
    "smallest": "smallest fewest least lowest shortest",
}
_WAY_OF = {word: way for way, words in _WAYS.items() for word in words.split()}
_CHINESE_NEGATION = re.compile("[没未无]|并非|不(?!详)|从未|除外")
_CHINESE_NUMBER = re.compile(r"\d[\d,.]*|[两二三四五六七八九十百千万半倍]+")
_CHINESE_WAYS = {
    "earlier": ("早于", "更早", "之前", "前出生", "前去世", "早"),
    "later": ("晚于", "更晚", "之后", "晚"),
    "more": ("多于", "大于", "长于", "高于", "多"),
    "less": ("少于", "小于", "短于", "低于", "少"),
}


def refusal(clause: SlottedClause, sentence: str, language: Language) -> Refusal | None:
    """Why a sentence may not stand for a clause; None where nothing speaks against it."""
    if sorted(_SLOT.findall(sentence)) != sorted(_SLOT.findall(clause.text)):
        return "slots"
    if not sentence or "\n" in sentence or len(sentence) > LONGEST * len(clause.text):
        return "length"
    if clause.noun.lower() not in sentence.lower():
        return "subject"
    told, said = _SLOT.sub(" ", clause.text), _SLOT.sub(" ", sentence)
    return _refused_chinese(told, said) if language == "zh" else _refused_english(told, said)


def _refused_english(told: str, said: str) -> Refusal | None:
    before, after = _WORD.findall(told), _WORD.findall(said)
    known = {word.lower() for word in before}
    first = {word for part in re.split(r"(?<=[.!?:])\s+", said) for word in _WORD.findall(part)[:1]}
    if any(word[0].isupper() and word not in first and word.lower() not in known and word != "I" for word in after):
        return "name"
    lower = [word.lower() for word in after]
    if _numbers(sorted(known)) != _numbers(lower):
        return "number"
    if _is_negated(before) != _is_negated(after):
        return "negation"
    if _ways(before) != _ways(after):
        return "direction"
    return None


def _numbers(words: list[str]) -> set[str]:
    """Numbers and order words; "one" is left to the reading, since it is a pronoun too."""
    return {
        _NUMBERS.get(word, word) for word in words if word in _NUMBERS or _ORDERS.fullmatch(word) or word[0].isdigit()
    }


def _is_negated(words: list[str]) -> bool:
    return any(_NEGATIONS.fullmatch(word.lower()) for word in words)


def _ways(words: list[str]) -> set[str]:
    """Directions that words give; "at least" and "at most" give none."""
    lower = [word.lower() for word in words]
    return {
        _WAY_OF[word]
        for number, word in enumerate(lower)
        if word in _WAY_OF and not (word in ("least", "most") and lower[max(number - 1, 0)] == "at")
    }


def _refused_chinese(told: str, said: str) -> Refusal | None:
    if set(_WORD.findall(said)) - set(_WORD.findall(told)):
        return "name"
    if sorted(set(_CHINESE_NUMBER.findall(told))) != sorted(set(_CHINESE_NUMBER.findall(said))):
        return "number"
    if bool(_CHINESE_NEGATION.search(told)) != bool(_CHINESE_NEGATION.search(said)):
        return "negation"
    ways = [
        {way for way, marks in _CHINESE_WAYS.items() if any(mark in text for mark in marks)} for text in (told, said)
    ]
    return "direction" if ways[0] != ways[1] else None
