"""The name words of generated worlds: pronounceable pseudo-words, one list for everything that bears a name.

The first 220 are `lexicon.txt`, picked by hand so that none is an English word, none begins another and no two begin
with the same three letters; larger lexicons append longer words from a fixed stream. A list of a given size is always
the same, whatever the world's seed, so an agent that learnt to read one world can read another.
"""

from functools import cache
from pathlib import Path
from random import Random

ONSETS = "bdfgklmnprstvz"
VOWELS = "aeiou"
CODAS = "nrlskmt"


@cache
def lexicon(size: int) -> tuple[str, ...]:
    """The first `size` name words, capitalised."""
    words = (Path(__file__).parent / "lexicon.txt").read_text(encoding="utf-8").split()
    if size <= len(words):
        return tuple(words[:size])
    taken = set(words)
    beginnings = {word[:end] for word in words for end in range(1, len(word) + 1)}
    random = Random("websailor lexicon")
    while len(words) < size:
        syllables = 3 if len(words) < 4000 else 4
        parts = [random.choice(ONSETS) + random.choice(VOWELS) for _ in range(syllables)]
        word = ("".join(parts) + random.choice(CODAS)).capitalize()
        starts = [word[:end] for end in range(1, len(word) + 1)]
        if word in beginnings or any(start in taken for start in starts):
            continue
        taken.add(word)
        beginnings.update(starts)
        words.append(word)
    return tuple(words)
