"""The grammar that pages and questions share: articles, enumerations, dates.

Enters: nouns, phrases, ISO dates. Leaves: English. It stands here because generated pages are written with it, and
questions and the expert's searches speak as pages do.
"""

from collections.abc import Sequence

from websailor.wiki.templates import MONTHS


def with_article(noun: str) -> str:
    """a or an, by the first letter; a few words sound otherwise than they are spelt."""
    vowel = noun[:1].lower() in "aeiou" and not noun.lower().startswith(("uni", "eu", "one", "use"))
    return f"{'an' if vowel or noun.lower().startswith('hour') else 'a'} {noun}"


def listed(phrases: Sequence[str], word: str = "and") -> str:
    """a, b and c."""
    if len(phrases) < 2:
        return "".join(phrases)
    return f"{', '.join(phrases[:-1])} {word} {phrases[-1]}"


def day(iso: str) -> str:
    """`1894-07-26` -> `26 July 1894`, as infoboxes write it."""
    year, month, number = map(int, iso.split("-"))
    return f"{number} {MONTHS[month - 1]} {year}"
