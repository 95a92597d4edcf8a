"""Does a thought know something that only comes later?

Enters: a thought, all text before it (with the action it goes with), all text after it. Leaves: the first name or
number in it that stands later and not earlier. Names in Latin letters are told by their capitals, Chinese ones by
standing alone between marks somewhere later (a title, a value of a table, a query). The answer counts in any spelling
of its letters. A word that stands nowhere later is no leak: nothing came of it.
"""

import re
from collections.abc import Iterable

from websailor.trajectories.filters import plain
from websailor.trajectories.languages import HAN

_TOKEN = re.compile(rf"[^\W_{HAN}]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MAY_BEGIN = re.compile(r"(?:^|[.!?:。！？：\n\"“(\[|>•*-])\W*$")
"""Before a word that may have its capital from the beginning of a sentence."""
_BEGINS = re.compile(r"(?:^|(?<!\d)[.!?。！？]|\n)[\s\"“'’”)]*$")
"""Before a word that has its capital from there: unlike in `1. Title`, `[Title](...)` and `key: Value`."""
_ADDRESS = re.compile(r"\S*/\S*")
"""Names stand there in small letters."""
_CHINESE_NAME = re.compile(rf"[{HAN}]+")
LONGEST_CHINESE_NAME = 10
SHORTEST_NUMBER = 2
"""Digits; a single digit counts things at hand more often than it tells anything."""


def leaked(thought: str, earlier: str, later: str, answers: Iterable[str] = ()) -> str | None:
    """The first thing in the thought that it cannot know. `answers` are what the question's answer is called."""
    said, known = plain(thought), plain(earlier)
    for answer in answers:
        if plain(answer).strip() and plain(answer) in said and plain(answer) not in known:
            return answer
    known_numbers, later_numbers = _numbers(earlier), _numbers(later)
    for number in _NUMBER.findall(thought):
        value = _value(number)
        if len(value) >= SHORTEST_NUMBER and value in later_numbers and value not in known_numbers:
            return number
    return _latin_name(thought, earlier, later) or _chinese_name(thought, earlier, later)


def _latin_name(thought: str, earlier: str, later: str) -> str | None:
    known = {token.casefold() for token in _TOKEN.findall(earlier)}
    anywhere: set[str] = set()
    within: set[str] = set()
    for token, begins in _tokens(later, _BEGINS):
        if token[0].isupper():
            anywhere.add(token)
            if not begins:
                within.add(token)
    common = {token.capitalize() for token in _TOKEN.findall(_ADDRESS.sub(" ", later)) if token[0].islower()}
    for token, begins in _tokens(thought, _MAY_BEGIN):
        if len(token) < 2 or not token[0].isupper() or token.casefold() in known:
            continue
        # At the start of a sentence every word has a capital: there it must be a name in the later text.
        if token in within - common if begins else token in anywhere:
            return token
    return None


def _tokens(text: str, beginning: re.Pattern[str]) -> Iterable[tuple[str, bool]]:
    """Words, and whether each stands where `beginning` says."""
    for match in _TOKEN.finditer(text):
        yield match[0], beginning.search(text, max(0, match.start() - 8), match.start()) is not None


def _chinese_name(thought: str, earlier: str, later: str) -> str | None:
    for name in dict.fromkeys(_CHINESE_NAME.findall(later)):
        if 2 <= len(name) <= LONGEST_CHINESE_NAME and name in thought and name not in earlier:
            return name
    return None


def _numbers(text: str) -> set[str]:
    return {_value(number) for number in _NUMBER.findall(text)}


def _value(number: str) -> str:
    return number.replace(",", "")
