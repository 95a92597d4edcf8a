"""English words that no relation owns: articles, lists, ordinals, reduced clauses, frames.

Enters: nouns, phrases. Leaves: pieces of English for `english`.
"""

import re
from collections.abc import Sequence

from websailor.records import SourceKind

_PARTICIPLES = frozenset(
    [
        "written",
        "made",
        "held",
        "led",
        "set",
        "born",
        "run",
        "taught",
        "built",
        "known",
        "found",
        "won",
        "given",
        "sung",
    ]
)
_TAKES_THE = re.compile(
    r"(?:.*\b(?:Party|Empire|Republic|States|Union|Kingdom|Islands|Army|Navy|Forces|War|Wars|Revolution|Rebellion|Ocean|Sea|River"
    r"|Desert|Mountains|Alps|Organi[sz]ation|Confederation|Medal|Prize|Award|Awards|Fellowship|Academy|Institute|Society"
    r"|Commission|Council|Senate|Assembly|Netherlands|Philippines|Bahamas|League|Church|Office|Program|Programme|language"
    r"|Cent(?:er|re)|Colonies|Module|Sahel|subcontinent|coast|Time Zone|languages"
    r"|Administration|Agency|Association|Foundation|Bank|Corps|Guard|Regiment|school)(?: \(.*\))?"
    r"|(?:University|Horn|Council|Estates|Republic|Kingdom|Battle|Siege|Treaty|Order|Museum|Academy|Institute|Duchy|Isle"
    r"|Gulf|Bank|House|Church|Legion"
    r"|Army|Confederation|Federation|Ministry|Department|Bay|Peace|Presidency|Parliament|Congress"
    r"|(?:.* )?States) of .*)$"
)
_BEFORE_BETWEEN = re.compile(r"\b(?:in|on|from|since|of|at) (between )")
VERB_AND_TAIL = re.compile(r"(?P<verb>\w+(?: \w+)?) (?P<tail>(?:in|between|at) .*)")
_SUFFIXES = ("th", "st", "nd", "rd")


def ordinal(number: int) -> str:
    """1 -> 1st."""
    return f"{number}{'th' if 10 <= number % 100 <= 20 or number % 10 > 3 else _SUFFIXES[number % 10]}"


def with_article(noun: str) -> str:
    """a or an, by the first letter; a few words sound otherwise than they are spelt."""
    vowel = noun[:1].lower() in "aeiou" and not noun.lower().startswith(("uni", "eu", "one", "use"))
    return f"{'an' if vowel or noun.lower().startswith('hour') else 'a'} {noun}"


def listed(phrases: Sequence[str], word: str = "and") -> str:
    """a, b and c."""
    if len(phrases) < 2:
        return "".join(phrases)
    return f"{', '.join(phrases[:-1])} {word} {phrases[-1]}"


def capital(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """With a capital and a full stop, which the abbreviation of a name may have brought."""
    return capital(text) if text.endswith(".") else f"{capital(text)}."


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
        return [shares, same if only else in_common]

    def sourced(self, phrase: str, kind: SourceKind, of_end: bool, noun: str) -> str:
        """In brackets, before what may be a long noun phrase."""
        whose = (
            f"of that {noun}'s article"
            if of_end
            else "of its own article"
            if noun != "person"
            else "of the person's own article"
        )
        rule = f"(according to {_SOURCES[kind]} {whose})"
        match = _BEFORE_SLOT.fullmatch(phrase)
        return f"{match['verb']} {rule} {match['tail']}" if match else f"{phrase} {rule}"


def reduced(clause: str, pronoun: str) -> str:
    """ "that was founded by X" -> "founded by X", where a participle follows the verb."""
    for verb in ("was ", "is ", "were ", "are "):
        rest = clause.removeprefix(pronoun + verb)
        if rest != clause:
            first = rest.split(" ", 1)[0]
            if first in _PARTICIPLES or (first.endswith("ed") and len(first) > 3):
                return rest
    return clause


def plain_between(text: str) -> str:
    """ "in between 1950 and 1999" -> "between 1950 and 1999"."""
    return _BEFORE_BETWEEN.sub(r"\1", text)


def takes_the(name: str) -> bool:
    """True for a name that wants an article."""
    return bool(_TAKES_THE.match(name))
