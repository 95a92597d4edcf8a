"""Which language a text is in, told by its characters alone.

Enters: a text. Leaves: how many words it has, and the share of them that is Chinese or written in Latin letters. A
Chinese character counts as a word: that is about what it says.
"""

import re

from websailor.wiki.relations import Language

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Chinese characters, for use inside a character class."""

_UNIT = re.compile(rf"[{HAN}]|[^\W_{HAN}]+(?:['’-][^\W_{HAN}]+)*")
_CHINESE = re.compile(rf"[{HAN}]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")


def words(text: str) -> list[str]:
    """Words, numbers and Chinese characters, in order."""
    return _UNIT.findall(text)


def share(text: str, language: Language) -> float:
    """Share of the words that are written as the language is; numbers do not count, a text without words is in any."""
    lettered = [word for word in words(text) if any(character.isalpha() for character in word)]
    script = _CHINESE if language == "zh" else _LATIN
    return sum(bool(script.match(word)) for word in lettered) / len(lettered) if lettered else 1.0
