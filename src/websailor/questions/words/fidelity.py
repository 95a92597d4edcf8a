"""Whether another wording of a clause may stand for it, as far as that can be seen without a model.

Enters: a clause with slots and a sentence that claims to say the same. Leaves: the reason why it may not, or None. The
checks err on the side of refusal: what they do not understand is refused, and the embedded words stay.
"""

import re
from collections import Counter
from typing import Literal

from websailor.questions.words.slotted import SlottedClause
from websailor.wiki.relations import Language

Refusal = Literal[
    "slots",
    "length",
    "form",
    "language",
    "subject",
    "name",
    "number",
    "unit",
    "negation",
    "certainty",
    "direction",
    "unreadable",
    "reading",
    "cut_off",
]
"""Why a sentence is refused: slots missing or repeated; empty or too long; not one plain sentence; in another language;
not about the focus; a new name; another number, order or limit; another unit; a negation too many or too few; a doubt
that the clue has not; another direction; its reading could not be parsed, or differs; the model's turn was cut off."""

LONGEST = 2.0
"""A sentence may be so many times as long as the embedded one, and `SPARE` characters more."""
SPARE = 40
_SLOT = re.compile(r"\[([A-Z])\]")
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?|\d[\d,.]*\d|\d")
_MARKS = re.compile(r"[{}<>|`*#_=\\~^\"“”„«»:?!\n\r\t]")
"""What no clause has: marks of code, lists, quotations, questions."""
_FOREIGN = re.compile(r"[^\x00-\x7f–—’‘é]")
_KANA_HANGUL = re.compile(r"[぀-ヿ가-힯]")
_HAN = re.compile(r"[一-鿿]")
_NEGATIONS = re.compile(
    r"not|never|no|nobody|none|nothing|nowhere|neither|without|cannot|lack(?:s|ed|ing)?|fail(?:s|ed)?|\w+n't"
    r"|hardly|scarcely|barely|rarely|seldom|except|unless|den(?:y|ies|ied)|refuse[sd]?|false|untrue|unlike"
)
_OPENERS = re.compile(
    r"i|a|an|the|this|that|these|those|it|its|their|they|there|here|who|whose|where|when|while|what|which|no|not|never|none|"
    r"nobody|nothing|neither|at|in|on|of|for|to|by|from|with|within|without|after|before|during|since|until|upon|under|"
    r"over|among|amongst|through|throughout|between|about|around|roughly|approximately|exactly|precisely|only|once|some|"
    r"someone|somebody|somewhere|although|as|both|either|one|all|every|any|together|according|out|\w+ed|\w+ing|born"
)
"""Words that may open a sentence with a capital; anything else there could be a name."""
_NUMBER_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: str(number) for number, word in enumerate(_NUMBER_WORDS, 2)}
_ORDERS = re.compile(
    r"second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|twice|half|quarter|thirds|hundred|thousand|million|dozen"
)
_LIMITS = {
    "exactly": "exactly",
    "precisely": "exactly",
    "about": "about",
    "around": "about",
    "roughly": "about",
    "approximately": "about",
    "at least": "least",
    "no fewer than": "least",
    "no less than": "least",
    "at most": "most",
    "no more than": "most",
    "up to": "most",
    "more than": "above",
    "over": "above",
    "less than": "below",
    "fewer than": "below",
    "under": "below",
    "almost": "nearly",
    "nearly": "nearly",
    "only": "only",
    "just": "only",
}
_LIMIT = re.compile(
    rf"\b({'|'.join(sorted(_LIMITS, key=len, reverse=True))}) (?:an? |the age of |years? )*"
    rf"(?=\d|(?:one|once|{'|'.join(_NUMBER_WORDS)}|twice|half|quarter|third|fourth|fifth|sixth|seventh|eighth|ninth"
    r"|tenth|hundred|thousand)\b)"
)
_UNITS = {
    **dict.fromkeys(("year", "years", "age", "aged", "old"), "year"),
    **{
        word: word.removesuffix("s")
        for word in (
            *("month", "months", "week", "weeks", "day", "days", "decade", "decades", "century", "centuries"),
            *(
                "mile",
                "miles",
                "metre",
                "metres",
                "meter",
                "meters",
                "kilometre",
                "kilometres",
                "kilometer",
                "kilometers",
            ),
            *("acre", "acres", "hectare", "hectares", "yard", "yards", "inch", "inches", "feet", "foot", "percent"),
            *("kilogram", "kilograms", "tonne", "tonnes", "pound", "pounds"),
        )
    },
}
_DOUBTS = re.compile(
    r"may|might|maybe|perhaps|probably|possibly|presumably|allegedly|reportedly|supposedly|apparently|likely|could"
    r"|would|should|seems?|thought|believed|said"
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
_CHINESE_NEGATION = re.compile(r"没有?|未(?!必)|无|并非|不是|不(?![是详过])|从未|除外|非(?!常)|否")
_CHINESE_NUMBER = re.compile(r"\d[\d,.]*|[两二三四五六七八九十百千万半倍]+")
_CHINESE_LIMITS = (
    ("恰好", "正好", "恰恰"),
    ("约", "大概", "左右"),
    ("至少", "不少于"),
    ("至多", "不超过", "最多"),
    ("近",),
)
_CHINESE_UNITS = re.compile(r"世纪|年代|岁|[天周日月年](?=[前后内的之])|平方公里|平方英里|公里|英里|英尺|米|公顷|英亩")
_CHINESE_DOUBTS = re.compile(r"可能|也许|大概|据说|似乎|或许|疑似|好像")
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
    if not sentence or len(sentence) > LONGEST * len(clause.text) + SPARE:
        return "length"
    if _MARKS.search(sentence) or not re.fullmatch(r"[\w\[].*[.。]", sentence):
        return "form"
    told, said = _SLOT.sub(" ", clause.text), _SLOT.sub(" ", sentence)
    if re.search(r"[.。](?!\d)", said[:-1].replace("St.", "St")):
        return "form"
    return mismatch(told, said, clause.noun, language)


def mismatch(told: str, said: str, noun: str, language: Language) -> Refusal | None:
    """Why what is said cannot be what is told, slots aside; `noun` is what the focus is called. Both may have several
    sentences.
    """
    return _refused_chinese(told, said, noun) if language == "zh" else _refused_english(told, said, noun)


def _refused_english(told: str, said: str, noun: str) -> Refusal | None:
    if _FOREIGN.search(_HAN.sub("", said) if _HAN.search(told) else said):
        return "language"
    if not re.search(rf"\b(?:this|the)(?: \w+)? {re.escape(noun)}\b", said, re.IGNORECASE):
        return "subject"
    before, after = _WORD.findall(told), _WORD.findall(said)
    known = {word.lower() for word in before}
    first = {found for part in re.split(r"(?<=[.!?:])\s+", said) for found in _WORD.findall(part)[:1]}
    allowed = {word for word in first if _OPENERS.fullmatch(word.lower())}
    if any(word[0].isupper() and word not in allowed and word.lower() not in known for word in after):
        return "name"
    lower = [word.lower() for word in after]
    if _numbers([word.lower() for word in before]) != _numbers(lower) or _limits(told) != _limits(said):
        return "number"
    if _units(before) != _units(after):
        return "unit"
    if _count(_NEGATIONS, before) != _count(_NEGATIONS, after):
        return "negation"
    if _count(_DOUBTS, before) != _count(_DOUBTS, after):
        return "certainty"
    if _ways(before) != _ways(after):
        return "direction"
    return None


def _numbers(words: list[str]) -> Counter[str]:
    """Numbers and order words; "one" is left to the reading, since it is a pronoun too."""
    return Counter(
        _NUMBERS.get(word, word) for word in words if word in _NUMBERS or _ORDERS.fullmatch(word) or word[0].isdigit()
    )


def _limits(text: str) -> Counter[str]:
    """What limits numbers: "exactly", "about", "at least"."""
    return Counter(_LIMITS[found] for found in _LIMIT.findall(text.lower()))


def _units(words: list[str]) -> set[str]:
    return {_UNITS[word.lower()] for word in words if word.lower() in _UNITS}


def _count(pattern: re.Pattern[str], words: list[str]) -> int:
    return sum(pattern.fullmatch(word.lower()) is not None for word in words)


def _ways(words: list[str]) -> set[str]:
    """Directions that words give; "at least" and "at most" give none."""
    lower = [word.lower() for word in words]
    return {
        _WAY_OF[word]
        for number, word in enumerate(lower)
        if word in _WAY_OF and not (word in ("least", "most") and lower[max(number - 1, 0)] == "at")
    }


def _refused_chinese(told: str, said: str, noun: str) -> Refusal | None:
    if _KANA_HANGUL.search(said) or len(_HAN.findall(said)) * 2 < len(re.sub(r"\s", "", said)):
        return "language"
    if not re.search(rf"[该此这](?:[一-鿿])?{noun}", said):
        return "subject"
    if set(_WORD.findall(said)) - set(_WORD.findall(told)):
        return "name"
    if sorted(_CHINESE_NUMBER.findall(told)) != sorted(_CHINESE_NUMBER.findall(said)):
        return "number"
    if _chinese_limits(told) != _chinese_limits(said):
        return "number"
    if set(_CHINESE_UNITS.findall(told)) != set(_CHINESE_UNITS.findall(said)):
        return "unit"
    if len(_CHINESE_NEGATION.findall(told)) != len(_CHINESE_NEGATION.findall(said)):
        return "negation"
    if bool(_CHINESE_DOUBTS.search(told)) != bool(_CHINESE_DOUBTS.search(said)):
        return "certainty"
    ways = [
        {way for way, marks in _CHINESE_WAYS.items() if any(mark in text for mark in marks)} for text in (told, said)
    ]
    return "direction" if ways[0] != ways[1] else None


def _chinese_limits(text: str) -> list[bool]:
    return [any(word in text for word in words) for words in _CHINESE_LIMITS]
