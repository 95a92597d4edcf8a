"""Facts in running text and tables: sentences that have the very form in which the relation lexicon words a relation.

Enters: a page. Leaves: `Statement`s. Both sides are reduced to a form: in a template the slots, in a sentence the
page's own name (or a pronoun at its start), the links and the numbers become marks; equal forms mean that the sentence
says what the template says. That is exact and one dictionary lookup per sentence, and it reads statements about other
pages' entities and in the inverse direction as well. Where several relations share a form (as "... is a settlement in
..." does), the type of the page's entity decides; a form that stays ambiguous states nothing.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from websailor.graph.kinds import UNKNOWN
from websailor.graph.statements import LONGEST_QUOTE, Statement
from websailor.records import Page
from websailor.wiki.relations import Relation, kinds, relations
from websailor.wiki.sentences import sentence_spans

ME, LINK, NUMBER = "{me}", "{o}", "{n}"
_SENTENCE_ENDS = (".", "!", "?", '."', ".”", ".)", "。", "！", "？")
SUBJECT, START, END, IGNORED = "s", "start", "end", ""
NO_RELATION = frozenset({SUBJECT, START, END, IGNORED})
_PLAIN_NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")
_PRONOUN = re.compile(r"^(?:He|She|It|They)\b")
_SLOT = re.compile(r"\{(\w+)\}")
_ENUMERATION = re.compile(r"\{o\}(?:, \{o\})* and \{o\}")
_ASIDE = re.compile(r" \([^(){}]*\)")
_CONVERTED = re.compile(r"(\{n\} [^\W\d]\w*) \(\{n\} [^(){}]*\)")


class Template(NamedTuple):
    """What a form says."""

    own: str
    """Role of the page's own entity: `s`, a relation (it is the object), or nothing."""
    roles: tuple[str, ...]
    """Role of every mark for a link or number, in order: `s`, a relation (it is the object), the `start` or `end` of
    the tenure, or nothing."""


def statements(page: Page, name: str, kind: str) -> Iterator[Statement]:
    """What the text of a page states; `name` is how it calls its entity, `kind` the entity's type."""
    forms = _forms()
    links = sorted((link.offset, link.anchor, link.target) for link in page.links if link.offset >= 0)
    first = 0
    for start, end in sentence_spans(page.text):
        while first < len(links) and links[first][0] < start:
            first += 1
        last = first
        while last < len(links) and links[last][0] < end:
            last += 1
        sentence = page.text[start:end]
        form, values = _form(sentence, start, links[first:last])
        template = _meant(forms, form, name, kind)
        if template is not None:
            if len(template.roles) == len(values):
                yield from _stated(template, values, sentence)
        elif not values:
            yield from _in_words(form, sentence, name, kind)


def mentions(page: Page) -> Iterator[tuple[str, str]]:
    """(link target, sentence) of every link in prose; lists, tables and sentences too long to quote are left out."""
    links = sorted((link.offset, link.target) for link in page.links if link.offset >= 0)
    first = 0
    for start, end in sentence_spans(page.text):
        sentence = page.text[start:end]
        prose = sentence.endswith(_SENTENCE_ENDS) and end - start <= LONGEST_QUOTE
        while first < len(links) and links[first][0] < end:
            if prose and links[first][0] >= start:
                yield links[first][1], sentence
            first += 1


def _stated(template: Template, values: list[tuple[str, ...]], sentence: str) -> Iterator[Statement]:
    known, table = relations(), " | " in sentence
    said = dict(zip(template.roles, values, strict=True))
    subjects: tuple[str | None, ...] = said.get(SUBJECT, (None,))
    start, end = (int(said[role][0]) if role in said else None for role in (START, END))
    if template.own not in NO_RELATION:
        for subject in subjects:
            yield Statement(subject, template.own, "entity", None, sentence, table, start, end)
    for role, value in zip(template.roles, values, strict=True):
        if role not in NO_RELATION:
            for subject in subjects:
                for thing in value:
                    yield Statement(subject, role, known[role].value_type, thing, sentence, table, start, end)


def _in_words(form: str, sentence: str, name: str, kind: str) -> Iterator[Statement]:
    """What a sentence or row without links and numbers says, where the object is a plain word: "It is a novel."."""
    spoken = _PRONOUN.sub(ME, form)
    spoken = spoken if spoken != form else form.replace(name, ME, 1)
    for relation, pattern in _word_forms().items():
        if kind in relations()[relation].subject and (match := pattern.fullmatch(spoken)) is not None:
            word = next(group for group in match.groups() if group)
            if word not in kinds():
                yield Statement(None, relation, "text", word, sentence, table=" | " in sentence)


@cache
def _word_forms() -> dict[str, re.Pattern[str]]:
    """Relation whose objects are plain words -> every way of stating it about the page's own entity."""
    found: dict[str, re.Pattern[str]] = {}
    for relation in relations().values():
        if relation.value_type == "text":
            ways = [sentence.replace("{s}", ME) for sentence in relation.sentences]
            ways.append(f"{relation.noun.capitalize()} | {{o}}")
            found[relation.name] = re.compile(
                "|".join(re.escape(way).replace(re.escape("{o}"), "([a-z][a-z -]{1,40})") for way in ways)
            )
    return found


def _meant(forms: dict[str, list[Template]], form: str, name: str, kind: str) -> Template | None:
    """The one template of that form which the type of the page's entity allows."""
    for candidate in dict.fromkeys((form.replace(name, ME, 1), _PRONOUN.sub(ME, form), form)):
        templates = [template for template in forms.get(candidate, ()) if _allowed(template, kind)]
        if templates:
            return templates[0] if len({_symmetric(template) for template in templates}) == 1 else None
    return None


def _symmetric(template: Template) -> Template:
    """The same for both readings of a sentence whose relation is symmetric: "A is married to B"."""
    known = relations()
    if all(role in NO_RELATION or known[role].symmetric for role in (template.own, *template.roles)):
        return Template("", tuple(sorted((template.own, *template.roles))))
    return template


def _allowed(template: Template, kind: str) -> bool:
    known = relations()
    if kind == UNKNOWN:
        return True
    if template.own == SUBJECT:
        return all(role in NO_RELATION or kind in known[role].subject for role in template.roles)
    return template.own == IGNORED or kind in known[template.own].object


def _form(sentence: str, start: int, links: list[tuple[int, str, str]]) -> tuple[str, list[tuple[str, ...]]]:
    """The sentence with marks for links and numbers, and what they stand for: targets (several in a list), digits."""
    parts: list[str] = []
    values: list[tuple[str, ...]] = []

    def plain(text: str) -> None:
        position = 0
        for number in _PLAIN_NUMBER.finditer(text):
            parts.extend((text[position : number.start()], NUMBER))
            values.append((number[0].replace(",", ""),))
            position = number.end()
        parts.append(text[position:])

    position = 0
    for place, anchor, target in links:
        offset = place - start
        if offset < position or sentence[offset : offset + len(anchor)] != anchor:
            continue
        plain(sentence[position:offset])
        parts.append(LINK)
        values.append((target,))
        position = offset + len(anchor)
    plain(sentence[position:])
    form = _ASIDE.sub("", "".join(parts))
    for pattern, keep in ((_ENUMERATION, False), (_CONVERTED, True)):
        while group := pattern.search(form):
            before = len(_SLOT.findall(form[: group.start()]))
            count = len(_SLOT.findall(group[0]))
            merged = (
                values[before : before + 1]
                if keep
                else [tuple(v for value in values[before : before + count] for v in value)]
            )
            values[before : before + count] = merged
            form = form[: group.start()] + (group[1] if keep else LINK) + form[group.end() :]
    return form, values


@cache
def _forms() -> dict[str, list[Template]]:
    """Form -> what it can say: every template with the page's entity as subject, as object, and in no part of it."""
    forms: dict[str, dict[Template, None]] = {}
    known = relations()

    def add(sentence: str, relation_of_slot: dict[str, str], own: str | None) -> None:
        """`own` is the slot that the page's entity fills."""
        slots: list[str] = _SLOT.findall(sentence)
        names = {slot: relation_of_slot.get(slot, slot) for slot in slots if slot != "s"}
        if any(name in known and known[name].value_type == "text" for name in names.values()):
            return
        marks = {slot: _mark(known[name]) if name in known else NUMBER for slot, name in names.items()}
        form = _SLOT.sub(lambda slot: ME if slot[1] == own else marks.get(slot[1], LINK), sentence)
        roles = tuple(SUBJECT if slot == "s" else names[slot] for slot in slots if slot != own)
        role = SUBJECT if own == "s" else names[own] if own else IGNORED
        forms.setdefault(form, {})[Template(role, roles)] = None

    for relation in known.values():
        entity = relation.value_type == "entity"
        inverse = [f"{{o}} {phrase}." for phrase in relation.inverse] if entity else []
        for sentence in (*relation.sentences, *relation.since, *relation.tenure, *inverse):
            for own in ("s", "o", None) if entity else ("s", None):
                add(sentence, {"o": relation.name}, own)
        for years in ("", " ({start}–{end})", " (since {start})"):
            row = f"{relation.noun.capitalize()} | {{o}}{years}"
            if relation.value_type != "text":
                roles = tuple(relation.name if slot == "o" else slot for slot in _SLOT.findall(row))
                marked = _SLOT.sub(lambda slot: _mark(relation) if slot[1] == "o" else NUMBER, row)  # noqa: B023
                forms.setdefault(marked, {})[Template(SUBJECT, roles)] = None
    for kind in kinds().values():
        for lead in (*kind.leads, *kind.other_leads):
            slots = {slot: slot for slot in _SLOT.findall(lead) if slot != "s"}
            if all(slot in known for slot in slots):
                add(lead, slots, "s")
    return {form: list(templates) for form, templates in forms.items()}


def _mark(relation: Relation) -> str:
    """How a relation's object shows in a form: a link, or a number with its unit."""
    if relation.value_type == "entity":
        return LINK
    return f"{NUMBER} {relation.unit}" if relation.unit else NUMBER
