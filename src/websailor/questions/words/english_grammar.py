"""English words that no relation owns: articles, lists, ordinals, reduced clauses, frames.

Enters: nouns, phrases. Leaves: pieces of English for `english`.
"""

import re
from collections.abc import Sequence

from websailor.wiki.english import listed
from websailor.wiki.templates import MONTHS

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
        "been",
        "had",
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
_BEFORE_BETWEEN = re.compile(r"\b(?:in|on|at) (between |up to )")
_BEFORE_DAY = re.compile(rf"\bin (\d{{1,2}} (?:{'|'.join(MONTHS)}) \d{{4}})")
VERB_AND_TAIL = re.compile(r"(?P<verb>\w+(?: \w+)?) (?P<tail>(?:in|between|at|on \d) .*)")
STUTTER = re.compile(
    r"\b(?!perso|settle|anoth|exact)([a-z]{4,})[a-z]* (?:(?:of|by|with) )?(?:an?|the|another) \w+ "
    r"(?:(?:that|who|whom) (?:(?:they|it) )?(?:(?:is|was|has|have|been) )*)?\1"
    r"|\b(?:an?|the) ([a-z]+) (?:that )?is the \2\b"
)
"""One word or its stem twice with no more than a noun between."""
VERB_AND_ANY_TAIL = re.compile(r"(?P<verb>\w+(?: \w+)?) (?P<tail>(?:in|between|at|by|with) .*)")
_AUXILIARIES = frozenset(["is", "was", "are", "were", "has", "had", "have", "did", "does", "also"])
_NO_VERB = frozenset(["the", "a", "an", "been", "at", "had"])
_SUFFIXES = ("th", "st", "nd", "rd")


def ordinal(number: int) -> str:
    """1 -> 1st."""
    return f"{number}{'th' if 10 <= number % 100 <= 20 or number % 10 > 3 else _SUFFIXES[number % 10]}"


def capital(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """With a capital and a full stop, which the abbreviation of a name may have brought."""
    return capital(text) if text.endswith(".") else f"{capital(text)}."


def reduced(clause: str, pronoun: str) -> str:
    """ "that was founded by X" -> "founded by X", where a participle follows the verb."""
    for verb in ("was ", "is ", "were ", "are "):
        rest = clause.removeprefix(pronoun + verb)
        if rest != clause:
            first = rest.split(" ", 1)[0]
            if first in _PARTICIPLES or (first.endswith("ed") and len(first) > 3):
                return rest
    return clause


_PAST = frozenset(["wrote", "won", "led", "taught", "set", "had", "gave", "ran", "built", "came", "took", "outlived"])
_PLURALS = {"has": "have", "is": "are", "was": "were", "does": "do"}


def with_they(verb: str) -> str | None:
    """A verb phrase as it follows "they": "has led" -> "have led"; None for a verb whose plural is not known."""
    first, _, rest = verb.partition(" ")
    if first in _PLURALS:
        return f"{_PLURALS[first]} {rest}"
    return verb if first in _PAST or first.endswith("ed") else None


def repeats(phrases: Sequence[str]) -> bool:
    """True where two verb phrases begin alike: "was published by X and was published between ..."."""
    starts = [" ".join(phrase.split(" ", 2)[:2]) for phrase in phrases]
    starts = [start for start in starts if start.split(" ")[-1] not in _NO_VERB]
    verbs = [verb for phrase in phrases if (verb := phrase.split(" ", 1)[0]) not in _AUXILIARIES]
    return len(set(starts)) < len(starts) or len(set(verbs)) < len(verbs)


def plain_time(text: str) -> str:
    """ "in between 1950 and 1999" -> "between 1950 and 1999", "in 26 July 1894" -> "on 26 July 1894"."""
    return _BEFORE_DAY.sub(r"on \1", _BEFORE_BETWEEN.sub(r"\1", text))


PREPOSITIONS = frozenset(["by", "in", "with", "to", "for", "at", "from", "of"])


def excepting(noun: str, others: Sequence[str], followed: bool) -> str:
    """ "a person other than X", set off where a relative clause follows, which X must not take."""
    told = f"other than {listed(others, 'or')}"
    return f"{noun}, {told}," if followed else f"{noun} {told}"


def within(low: str, high: str) -> str:
    """A range of numbers."""
    return f"up to {high}" if low == "0" else f"between {low} and {high}"


def told_alike(phrase: str, phrases: Sequence[str]) -> bool:
    """True for "has within its borders {s}" beside "has {s} within its borders": it is for long noun phrases."""
    ends = phrase.endswith(("{s}", "{o}"))
    return ends and any(one != phrase and sorted(one.split()) == sorted(phrase.split()) for one in phrases)


def also(verb: str) -> str:
    """ "was given to X" -> "was also given to X", "received X" -> "also received X"."""
    first, _, rest = verb.partition(" ")
    participle = rest.split(" ", 1)[0]
    if first in ("is", "was") or (first == "has" and (participle.endswith("ed") or participle in _PARTICIPLES)):
        return f"{first} also {rest}"
    return f"also {verb}"


def takes_the(name: str) -> bool:
    """True for a name that wants an article."""
    return bool(_TAKES_THE.match(name))
