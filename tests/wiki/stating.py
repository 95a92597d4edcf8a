"""How pages of a generated world say things: what the tests hold the truth of a world against."""

import re

from websailor.wiki.relations import kinds, relations
from websailor.wiki.world import TrueFact

LINK = re.compile(r"\[\[([^\]|]+)(?:\|([^\]]+))?\]\]")


def plain(text: str) -> str:
    """Links replaced by what the reader sees, bold marks dropped."""
    return LINK.sub(lambda found: found[2] or found[1], text).replace("'''", "")


def phrase(template: str, **slots: str) -> re.Pattern[str]:
    """A template as a pattern; slots are patterns, the others match anything within a sentence."""
    parts = re.split(r"\{(\w+)\}", template)
    return re.compile(
        "".join(re.escape(part) if n % 2 == 0 else f"(?:{slots.get(part, '[^.]+')})" for n, part in enumerate(parts))
    )


def written(fact: TrueFact, names: dict[str, str]) -> str:
    """Pattern of the object as pages write it, in wikitext or as imported."""
    if fact.value_type == "entity":
        return re.escape(names[fact.object])
    if fact.value_type == "number":
        grouped = f"{int(fact.object):,}"
        if fact.unit is None:
            return grouped
        return rf"{grouped} {fact.unit}(?: \([^()]*\))?|\{{\{{convert\|{fact.object}\|{fact.unit}\}}\}}"
    return re.escape(fact.object)


def tenure(fact: TrueFact) -> str:
    """Pattern of the years that follow the object in infoboxes and tables."""
    if fact.start is None:
        return ""
    return re.escape(f" (since {fact.start})" if fact.end is None else f" ({fact.start}–{fact.end})")


def states(text: str, title: str, fact: TrueFact, kind: str, names: dict[str, str]) -> bool:
    """Does the text of a page say it, with its years, in one of the ways in which pages say things?"""
    relation = relations()[fact.relation]
    subject, value = re.escape(names[fact.subject]), written(fact, names)
    own = title == fact.subject
    if own:
        line = rf"^\| {fact.relation} = (?:.*, )?(?:{value}){tenure(fact)}(?:, .*)?$"
        row = rf"^(?:\| )?{relation.noun.capitalize()} \|\|? (?:{value}){tenure(fact)}$"
        if re.search(f"{line}|{row}", text, re.MULTILINE):
            return True
        slots = {"s": rf"{subject}(?: \(also known as .*?\))?", fact.relation: value}
        leads = (*kinds()[kind].leads, *kinds()[kind].other_leads)
        if any(f"{{{fact.relation}}}" in lead and phrase(lead, **slots).search(text) for lead in leads):
            return True
    speaker = f"{subject}|He|She|It" if own else subject
    sentences, years = relation.sentences, {}
    if fact.start is not None:
        sentences = relation.since if fact.end is None else relation.tenure
        years = {"start": str(fact.start), "end": str(fact.end)}
    if any(phrase(sentence, s=speaker, o=value, **years).search(text) for sentence in sentences):
        return True
    if fact.start is not None:
        return False
    if title.startswith("List of ") and phrase(f"{{s}} {relation.clue[0]}.", s=subject, o=value).search(text):
        return True
    return title == fact.object and bool(
        phrase(f"{{t}} {relation.inverse[0]}", t=re.escape(names[title]), s=rf"[^.]*\b{subject}\b[^.]*").search(text)
    )
