"""Names as they are compared, and whether a text holds one: a question must not hold its answer.

Enters: a text and a name. Leaves: True or False.
"""

import re
import unicodedata

_NOT_WORD = re.compile(r"[\W_]+")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


def plain(text: str) -> str:
    """Text as names are compared: compatibility forms unified, case folded."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def contains_name(text: str, name: str) -> bool:
    """True when a text holds a name as whole words, whatever the case and punctuation."""
    if _CJK.search(name):
        return plain(name) in plain(text)
    words = _NOT_WORD.sub(" ", plain(name)).strip()
    return bool(words) and f" {words} " in f" {_NOT_WORD.sub(' ', plain(text))} "
