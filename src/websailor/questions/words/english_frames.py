"""English sentences that no relation owns: how a question opens and closes, the order of events, what is alike.

Enters: nouns, phrases. Leaves: frames for `english` and phrases for `sayings`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from websailor.questions.words.english_grammar import capital, sentence
from websailor.records import SourceKind
from websailor.wiki.english import listed, with_article


@dataclass(frozen=True, slots=True)
class Opening:
    """How a question of several sentences begins."""

    text: str
    """With a slot for the noun phrase; one that ends with "?" is the question."""
    asks: bool = False
    """True where it says that the name is wanted, so that no question need follow."""
    again: str = "the {} in question"
    """What the focus is called where "this" could be another."""

    def opened(self, told: str) -> str:
        """The first sentence; `told` is the noun with what is told of it."""
        text = self.text.format(with_article(told))
        return capital(text) if text.endswith("?") else sentence(text)


OPENINGS = (
    Opening("I am looking for {}", again="the {} I am looking for"),
    Opening("I am trying to identify {}"),
    Opening("There is {}"),
    Opening("I have been reading about {}"),
    Opening("Somebody told me about {}"),
    Opening("My question is about {}"),
    Opening("I once came across {}"),
    Opening("I would like to know the name of {}", asks=True),
    Opening("Can you name {}?", asks=True),
    Opening("Please find {}", asks=True, again="the {} I mean"),
    Opening("Do you know the name of {}?", asks=True),
    Opening("What is the name of {}?", asks=True),
)
BARE_OPENINGS = tuple(one for one in OPENINGS if one.text.startswith(("I am", "There is", "Please find")))
"""Those that "of whom I know the following" can follow."""
PERSON_CLOSINGS = ("Who is it?", "Who is this {}?", "Whom do I mean?")
AFTER_OTHERS = ("Which {} do I mean?", "Which {} is it?")
"""Where the last sentences told of something else, which "it" would bring to mind."""
THING_CLOSINGS = ("What is its name?", "Which {} is it?", "What is it called?", "Which {} do I mean?")

_BEFORE_SLOT = re.compile(r"(?P<verb>.+?) (?P<tail>(?:(?:by|in|at|for|to|with|of|on|from|after) )?\{[so]\})")
_SOURCES: dict[SourceKind, str] = {"infobox": "the infobox", "sentence": "the text", "table": "a table"}


class EnglishFrames:
    """See `sayings.Frames`."""

    def order(self, happened: str, event: str, clause: str, before: bool, amount: str) -> list[str]:
        start = f"{happened} {f'{amount} ' if amount else ''}{'before' if before else 'after'}"
        return [f"{start} {event}", f"{start} {clause}"]

    def alike(self, shared: Sequence[str], only: bool) -> list[str]:
        shares = f"shares {listed([with_article(noun) for noun in shared])} with {{o}}"
        same = f"has {listed([f'the same {noun}' for noun in shared])} as {{o}}"
        in_common = f"has {listed([with_article(noun) for noun in shared])} in common with {{o}}"
        return [shares, same if only and len(shared) > 1 else in_common]

    def sourced(self, phrase: str, kind: SourceKind, of_end: bool, noun: str) -> list[str]:
        """In brackets, at the end or before what may be a long noun phrase."""
        whose = (
            f"of that {noun}'s article"
            if of_end
            else "of its own article"
            if noun != "person"
            else "of the person's own article"
        )
        rule = f"(according to {_SOURCES[kind]} {whose})"
        match = _BEFORE_SLOT.fullmatch(phrase)
        before = [f"{match['verb']} {rule} {match['tail']}"] if match else []
        return [f"{phrase} {rule}", *before]
