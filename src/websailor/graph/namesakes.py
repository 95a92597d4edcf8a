"""Facts of a list that may be those of somebody else on it under another spelling: "Dick Pefferle", "Richard Pefferle".

Enters: the facts of a built graph. Leaves: facts that are too uncertain to ask about and too likely to overlook, like
those of `possible`: of two people in one list who may be one, each may have what is stated of the other.
"""

import unicodedata
from collections.abc import Iterable, Iterator

from websailor.graph.collecting import fact_id
from websailor.records import Fact
from websailor.wiki import relations_wikipedia
from websailor.wiki.titles import plain_name

_SHORT = {
    "bill": "william",
    "bob": "robert",
    "dick": "richard",
    "jack": "john",
    "renzo": "lorenzo",
    "ted": "edward",
    "tony": "anthony",
}
"""Short first names, as far as they begin otherwise than the long ones."""


def namesake_facts(facts: Iterable[Fact]) -> Iterator[Fact]:
    """One fact for everything that a list states of somebody, about everybody else in it who may be the same."""
    stated: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        if fact.value_type == "entity" and fact.source.page not in (fact.subject, fact.object) and _is_listed(fact):
            stated.setdefault((fact.source.page, fact.object), []).append(fact)
    known = {fact.id for ones in stated.values() for fact in ones}
    by_page: dict[str, list[str]] = {}
    for page, name in stated:
        by_page.setdefault(page, []).append(name)
    for page, names in by_page.items():
        split = {name: _words(name) for name in names}
        for name in names:
            for other in names:
                if other == name or not may_be_one(split[name], split[other]):
                    continue
                for fact in stated[page, other]:
                    key = fact_id(fact.subject, fact.relation, name, "entity", None)
                    if key not in known:
                        known.add(key)
                        yield fact.model_copy(update={"id": key, "object": name})


def _is_listed(fact: Fact) -> bool:
    return any(one.listed for one in relations_wikipedia.by_key().get(fact.relation, ()))


def _words(name: str) -> list[str]:
    """Small letters without accents and points; the last word is that of the family, `Jr` left to it."""
    spelled = unicodedata.normalize("NFKD", plain_name(name)).lower()
    # Of a name in another script nothing would be left, and all such names would be one.
    is_latin = any(letter.isascii() for letter in spelled if letter.isalpha())
    letters = spelled.encode("ascii", "ignore").decode() if is_latin else spelled
    words = letters.replace(".", " ").replace(",", " ").split()
    return [*words[:-2], " ".join(words[-2:])] if words[-1:] in (["jr"], ["sr"]) else words


def may_be_one(one: list[str], other: list[str]) -> bool:
    """True for one family name, give or take a letter, and first names that do not contradict each other."""
    if not one or not other or not _nearly(one[-1], other[-1]):
        return "".join(one) == "".join(other)
    first, second = (_SHORT.get(words[0], words[0]) for words in (one, other))
    return first[0] == second[0] or (len(one) > 1 and len(other) > 1 and one[-2:] == other[-2:])


def _nearly(one: str, other: str) -> bool:
    """True for words that differ in one letter at most."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1 or len(short) < 4 or " " in long:
        return False
    place = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[place:] == long[place + 1 :] or short[place + 1 :] == long[place + 1 :]
