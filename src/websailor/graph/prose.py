"""Facts in the prose of a real encyclopedia: sentences that say a thing in a way that leaves little doubt.

Enters: a page and its type. Leaves: `Statement`s under infobox keys that have wording. The ways are listed in
`prose.toml`. Precision goes before recall: a pronoun counts only while its paragraph has spoken of nothing but the
page's entity, sentences that hedge are passed over, and what a form names must look like what it names.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from websailor.graph.statements import LONGEST_QUOTE, Statement
from websailor.records import Link, Page
from websailor.wiki.dates import Date, find_date
from websailor.wiki.sentences import sentence_spans
from websailor.wiki.titles import plain_name

_LINK = "\ue000(\\d+)\ue001"
_ONE = "\ue000\\d+\ue001"
_SEVERAL = f"{_ONE}(?:(?:,? and |, |,? & ){_ONE})*"
_WHERE = r"(?: (?:to|on|in) the (?:far )?[a-z-]+(?: and [a-z-]+)?)?"
_PLACES = f"{_ONE}{_WHERE}(?:(?:,? and |, |; )(?:by )?(?:the )?{_ONE}{_WHERE})*"
_WHOLE = "(?! ?[\ue000A-Z])"
"""Behind an object: no second name, to which the first would be an apposition ("the Nereid Thetis")."""
_ME = "\ue002"
_DATE = r"(?:\d{1,2} )?(?:[A-Z][a-z]+ )?(?:\d{1,2}, )?\d{4}"
_INTRODUCTION = r"(?:(?:In|On|By|After) [^,;]{0,24}\d{3,4},? )?(?:The )?"
_SLOTS = {
    "{me}": f"{_ME}(?:['’]s)?",
    "{s}": f"(?P<s>{_ONE})",
    "{o}": f"(?P<o>{_ONE}){_WHOLE}",
    "{os}": f"(?P<o>{_SEVERAL}){_WHOLE}",
    "{places}": f"(?P<o>{_PLACES})",
    "{date}": f"(?P<date>{_DATE})",
}
_SLOT = re.compile(r"\{(?:me|s|o|os|places|date)\}")
_HEDGE = re.compile(
    r"\b(?:not|never|perhaps|probably|possibly|reportedly|allegedly|supposedly|claim\w*|legend\w*|myth\w*|may|might|would"
    r"|could|planned|refused|declined|almost|rumou?r\w*|fictional\w*|imaginary|if|false\w*|disputed|believed|thought"
    r"|said to|former)\b"
)
_LIFE = re.compile(rf"({_DATE})\s*[–—-]\s*({_DATE})\s*$")
_BORN = re.compile(rf"\bborn (?:[^();,]*? )??({_DATE})\s*$")
_NUMERAL = re.compile(r"(?:[IVX]+|Jr\.?|Sr\.?)$")


@dataclass(frozen=True, slots=True)
class Rule:
    """One `[[own]]` or `[[linked]]` table."""

    relation: str
    forms: tuple[re.Pattern[str], ...]
    kinds: frozenset[str]
    """Types of the page's entity; empty for rules about linked entities."""
    inverse: bool
    """The statement's subject is what `{o}` names."""
    named: re.Pattern[str] | None
    unlike: re.Pattern[str] | None
    kind: str | None


@cache
def tables() -> dict[str, Any]:
    """The content of `prose.toml`."""
    return tomllib.loads(files("websailor.graph").joinpath("prose.toml").read_text(encoding="utf-8"))


@cache
def _rules(table: str) -> tuple[Rule, ...]:
    names: dict[str, str] = tables()["names"]
    start = rf"^{_INTRODUCTION}" if table == "own" else ""
    return tuple(
        Rule(
            relation=rule["relation"],
            forms=tuple(re.compile(start + _SLOT.sub(lambda slot: _SLOTS[slot[0]], form)) for form in rule["forms"]),
            kinds=frozenset(rule.get("kinds", ())),
            inverse=rule.get("inverse", False),
            named=re.compile(names[rule["named"]]) if "named" in rule else None,
            unlike=re.compile(names[rule["unlike"]]) if "unlike" in rule else None,
            kind=rule.get("kind"),
        )
        for rule in tables()[table]
    )


def prose_statements(page: Page, kind: str) -> Iterator[Statement]:
    """What the sentences of a page state; `kind` is the type of its entity."""
    links = sorted((link for link in page.links if link.offset >= 0), key=lambda link: link.offset)
    own = [rule for rule in _rules("own") if kind in rule.kinds]
    names = _Names(page, kind)
    first, chained, before = 0, True, 0
    yield from _life(page, kind)
    for start, end in sentence_spans(page.text):
        chained = chained or "\n" in page.text[before:start]
        before = end
        while first < len(links) and links[first].offset < start:
            first += 1
        last = first
        while last < len(links) and links[last].offset < end:
            last += 1
        sentence = page.text[start:end]
        if " | " in sentence or not sentence.endswith((".", "!", '."', ".”", ".)")):
            continue
        here = links[first:last]
        marked, chained = names.mark(sentence, start, here, chained)
        if end - start > LONGEST_QUOTE or _HEDGE.search(marked):
            continue
        for rule in own:
            yield from _own(rule, marked, here, sentence)
        if here:
            for rule in _rules("linked"):
                yield from _linked(rule, marked, here, sentence)


class _Names:
    """How a page refers to its own entity."""

    def __init__(self, page: Page, kind: str) -> None:
        name = plain_name(page.title)
        spoken = [name]
        words = name.split()
        if kind == "person" and len(words) > 1 and not _NUMERAL.match(words[-1]) and words[-1][0].isupper():
            spoken.append(words[-1])
        choices = "|".join(map(re.escape, spoken))
        self._name = re.compile(rf"(?<![\w-])(?:{choices})(?![\w-])(?! (?:[A-Z][a-z]+ )?[A-Z][a-z])")
        pronoun = "(?:It|Its)"
        if kind == "person":
            he, she = (len(re.findall(rf"\b{word}\b", page.text)) for word in ("[Hh]e", "[Ss]he"))
            pronoun = "She" if she > he else "He"
        self._pronoun = re.compile(rf"({_INTRODUCTION}){pronoun}\b", re.IGNORECASE)

    def mark(self, sentence: str, start: int, links: list[Link], chained: bool) -> tuple[str, bool]:
        """The sentence with marks for links and for the entity, and whether a pronoun after it still means the
        entity."""
        parts: list[str] = []
        position = 0
        for number, link in enumerate(links):
            offset = link.offset - start
            if offset < position or sentence[offset : offset + len(link.anchor)] != link.anchor:
                continue
            parts.extend((self._name.sub(_ME, sentence[position:offset]), f"\ue000{number}\ue001"))
            position = offset + len(link.anchor)
        parts.append(self._name.sub(_ME, sentence[position:]))
        marked = "".join(parts)
        if chained and (match := self._pronoun.match(marked)):
            return match[1] + _ME + marked[match.end() :], True
        return marked, re.match(_INTRODUCTION + _ME, marked) is not None


def _own(rule: Rule, marked: str, links: list[Link], sentence: str) -> Iterator[Statement]:
    for form in rule.forms:
        if (match := form.match(marked)) is None:
            continue
        if "date" in form.groupindex:
            if (date := find_date(match["date"])) is not None:
                yield Statement(None, rule.relation, "date", date.iso, sentence, table=False)
            return
        for link in _links(match["o"], links):
            if _fits(rule, link):
                subject, thing = (link.target, None) if rule.inverse else (None, link.target)
                yield Statement(subject, rule.relation, "entity", thing, sentence, table=False)
        return


def _linked(rule: Rule, marked: str, links: list[Link], sentence: str) -> Iterator[Statement]:
    for form in rule.forms:
        for match in form.finditer(marked):
            (subject,) = _links(match["s"], links)
            for link in _links(match["o"], links):
                if not (_fits(rule, link) and _fits(rule, subject)):
                    continue
                about, thing = (link, subject) if rule.inverse else (subject, link)
                yield Statement(
                    about.target, rule.relation, "entity", thing.target, sentence, table=False, subject_kind=rule.kind
                )


def _links(group: str, links: list[Link]) -> list[Link]:
    return [links[int(number)] for number in re.findall(_LINK, group)]


def _fits(rule: Rule, link: Link) -> bool:
    """A proper name, and one of the right look."""
    return (
        link.anchor[:1].isupper()
        and (rule.named is None or rule.named.search(link.target) is not None)
        and (rule.unlike is None or rule.unlike.search(link.target) is None)
    )


def _life(page: Page, kind: str) -> Iterator[Statement]:
    """Dates of birth and death in the parenthesis behind the name, in the first sentence."""
    name = re.escape(plain_name(page.title).split()[-1])
    if kind != "person" or (match := re.match(rf"[^.()]*{name}[^.()]{{0,20}}\(([^()]*)\)", page.text)) is None:
        return
    start, end = next(sentence_spans(page.text), (0, 0))
    sentence = page.text[start:end]
    if len(sentence) > LONGEST_QUOTE or match.end() > end:
        return
    if life := _LIFE.search(match[1]):
        for relation, words in (("birth_date", life[1]), ("death_date", life[2])):
            date: Date | None = find_date(words)
            if date is not None and date.end == len(words):
                yield Statement(None, relation, "date", date.iso, sentence, table=False)
    elif (born := _BORN.search(match[1])) and (date := find_date(born[1])) is not None:
        yield Statement(None, "birth_date", "date", date.iso, sentence, table=False)
