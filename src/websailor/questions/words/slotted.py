"""A question cut into clauses with slots: what a language model may say in other words, and what must stay.

Enters: a proved pattern and a language. Leaves: one `SlottedClause` for each clause of the focus, with all that hangs
on it, in the order of telling: its sentence with a slot for every name, value and mention, and the `Reading` that any
other wording of it must give too.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from websailor.questions.corpus import Corpus
from websailor.questions.words.english_grammar import capital, plain_time
from websailor.questions.words.plan import Clause, Mention, NoWording, Thing, clauses, last_told, things
from websailor.questions.words.realise import SPEAKERS, definite_variables, whole
from websailor.questions.words.speaker import Speaker, filled
from websailor.records import Atom, Compare, Count, Pattern, Phrase, Rank, Record, Without
from websailor.wiki.relations import Language

Kind = Literal["fact", "negation", "count", "comparison", "amount", "ratio", "rank", "time", "source", "shared"]
BLANK = "___"
RIVALS = 4
"""So many other statements stand beside the true one."""


class Reading(Record):
    """What a clause states, whatever its words."""

    kinds: frozenset[Kind]
    """Sorts of statement in it: a plain fact (also a derived one), none or not, exactly so many, before or more than,
    an amount of time or size, a ratio, a place in an order, as of a time, by one source, the same as another's.
    """
    directions: frozenset[str] = frozenset()
    """Of comparisons and ranks: `earlier`, `later`, `less`, `more`; `first`, `last`, `smallest`, `largest`."""
    negated: bool = False
    slots: dict[str, frozenset[int]]
    """Slot letter -> numbers of the phrases whose blank it fills."""
    holds: frozenset[int] = frozenset()
    """Numbers of the links and statements that hold of the things it tells of."""


@dataclass(frozen=True, slots=True)
class SlottedClause:
    """One clause of the focus."""

    text: str
    """The embedded sentence, with slots: "This person works for a company founded by [A]."."""
    values: dict[str, str]
    """Slot letter -> what it stands for."""
    phrases: tuple[str, ...]
    """What is stated of whom, each with a blank: "company 1 was founded by ___". Numbered from 1."""
    links: tuple[str, ...]
    """What may hold of the things, true ones and others: "this person works for company 1", "company 1 has published
    exactly two works". Numbered from 1.
    """
    reading: Reading
    noun: str
    """What the focus is called."""
    parts: frozenset[tuple[str, int]]
    """What of the pattern it says: (`atom` or `condition`, index)."""

    def fill(self, text: str) -> str:
        """A sentence with its slots filled."""
        for letter, value in self.values.items():
            if value.startswith("the "):
                text = re.sub(rf"\b[Tt]he (?=\[{letter}\])", "", text)
            text = text.replace(f"[{letter}]", value)
        return plain_time(capital(text))


def slotted_clauses(
    corpus: Corpus, pattern: Pattern, language: Language, rng: random.Random
) -> tuple[Speaker, list[SlottedClause]]:
    """The clauses of a question, and who says the rest of it. Raises `NoWording` like `realise`."""
    root = whole(pattern)
    speaker = SPEAKERS[language](corpus, pattern, root, definite_variables(corpus, pattern, root), rng)
    noun = speaker.that(root.variable, None).removeprefix("that ").removeprefix("该")
    found = [_slotted(speaker, clause, noun) for clause in root.clauses]
    if root.rank is not None:
        found.append(_ranked(speaker, root.rank, noun))
    return speaker, found


def _slotted(speaker: Speaker, clause: Clause, noun: str) -> SlottedClause:
    speaker.slots = {}
    try:
        text = speaker.alone(clause)
        labels = _labels(speaker, clause, noun)
        blanks = list(_blanks(speaker, labels, speaker.root, clause))
        phrases = sorted({*(phrase for phrase, _ in blanks if phrase), *_rival_blanks(speaker, labels, clause)})
        values = {slot.strip("[]"): value for value, slot in speaker.slots.items()}
        true, untrue = _links(speaker, labels, clause)
    finally:
        speaker.slots = None
    if len(values) > 26:
        raise NoWording("more slots than letters")
    below = [clause, *(clauses(clause.end) if isinstance(clause.end, Thing) else ())]
    links = sorted({*true, *untrue})
    reading = Reading(
        kinds=frozenset(kind for one in below for kind in _kinds(one)),
        directions=frozenset(way for one in below if (way := speaker.sayings.direction(one)) is not None),
        negated=any(isinstance(one.said, Without) for one in below),
        slots={
            letter: frozenset(phrases.index(phrase) + 1 for phrase, slot in blanks if slot == f"[{letter}]")
            for letter in values
        },
        holds=frozenset(number for number, link in enumerate(links, 1) if link in true),
    )
    parts = frozenset(last_told(Thing(speaker.root.variable, [clause])))
    return SlottedClause(text, values, tuple(phrases), tuple(links), reading, noun, parts)


def _ranked(speaker: Speaker, rank: Rank, noun: str) -> SlottedClause:
    """The focus' place among all that the other clauses fit."""
    told = speaker.sayings.rank(rank)[0]
    rivals: list[str] = []
    for name in _compared(speaker, speaker.root.variable):
        other = rank.model_copy(update={"relation": name})
        rivals += _phrases(lambda other=other: speaker.sayings.rank(other))[:1]
    subject = f"该{noun}" if speaker.language == "zh" else f"this {noun} "
    links = sorted(subject + phrase for phrase in (told, *[one for one in rivals if one != told][:RIVALS]))
    reading = Reading(
        kinds=frozenset({"rank"}),
        directions=frozenset({_place(speaker, rank)}),
        slots={},
        holds=frozenset({links.index(subject + told) + 1}),
    )
    parts = frozenset(("condition", number) for number in speaker.root.conditions)
    return SlottedClause(speaker.rank_alone(), {}, (), tuple(links), reading, noun, parts)


def _phrases(say: Callable[[], list[str]]) -> list[str]:
    """The phrases for something that may have none."""
    try:
        return say()
    except NoWording:
        return []


def _compared(speaker: Speaker, variable: str) -> list[str]:
    """Relations with a date or number of a thing, by name."""
    lexicon, kind = speaker.corpus.lexicon, speaker.type_of(variable)
    return [name for end in ("year", "number") for name in lexicon.between(kind, end)]


def _instead(speaker: Speaker, near: str, clause: Clause) -> list[str]:
    """What might be said instead of a condition: the same of other relations, or the other way round."""
    said, told = clause.said, speaker.sayings.of(clause).verbs
    others: list[Without | Count | Compare] = []
    kind, lexicon = speaker.type_of(near), speaker.corpus.lexicon
    if isinstance(said, Without):
        sides = lexicon.sides(kind, "none")
        others += [Without(variable=said.variable, relation=name, forward=forward) for name, forward in sides]
    elif isinstance(said, Count):
        sides = lexicon.sides(kind, "how_many")
        others += [said.model_copy(update={"relation": name, "forward": forward}) for name, forward in sides]
    elif isinstance(said, Compare) and said.measure == "difference" and clause.end is not None:
        low, high = (None if bound is None else -bound for bound in (said.high, said.low))
        others.append(said.model_copy(update={"low": low, "high": high}))
    found: list[str] = []
    for other in others:
        found += _phrases(lambda other=other: speaker.sayings.of(replace(clause, said=other)).verbs)[:1]
    return [phrase for phrase in dict.fromkeys(found) if phrase not in told][:RIVALS]


def _labels(speaker: Speaker, clause: Clause, noun: str) -> dict[str, str]:
    """What the things of a clause are called among themselves: "this person", "company 1", "person 2"."""
    english = speaker.language == "en"
    labels = {speaker.root.variable: f"this {noun}" if english else f"该{noun}"}
    within = things(clause.end) if isinstance(clause.end, Thing) else ()
    described = [one.variable for one in within if not speaker.is_literal(one.variable)]
    for number, variable in enumerate((one for one in described if not speaker.is_named(one)), 1):
        kind = speaker.that(variable, None).removeprefix("that ").removeprefix("该")
        labels[variable] = f"{kind} {number}" if english else f"{kind}{number}"
    return labels


def _links(speaker: Speaker, labels: dict[str, str], clause: Clause) -> tuple[set[str], set[str]]:
    """(links that the clause states, links that it does not: turned round, or by another relation)."""
    joint = "" if speaker.language == "zh" else " "
    true: set[str] = set()
    untrue: set[str] = set()

    def visit(near: str, one: Clause) -> None:
        end = one.end
        if end is None and not (isinstance(one.said, Without) and one.said.object is not None):
            true.add(labels[near] + joint + speaker.sayings.of(one).verbs[0])
            untrue.update(labels[near] + joint + rival for rival in _instead(speaker, near, one))
        if not isinstance(end, Thing) or end.variable not in labels:
            return
        here, there = labels[near], labels[end.variable]
        verb = speaker.sayings.of(one).verbs[0]
        true.add(here + joint + filled(verb, there))
        for rival in _rivals(speaker, near, one):
            untrue.add(here + joint + filled(rival, there))
        for further in end.clauses:
            visit(end.variable, further)

    visit(speaker.root.variable, clause)
    return true, untrue - true


def _rival_blanks(speaker: Speaker, labels: dict[str, str], clause: Clause) -> Iterator[str]:
    """Phrases with a blank that the clause does not state."""
    joint = "" if speaker.language == "zh" else " "

    def visit(near: str, one: Clause) -> Iterator[str]:
        end = one.end
        if isinstance(end, Thing) and end.variable in labels:
            for further in end.clauses:
                yield from visit(end.variable, further)
        elif end is not None:
            for rival in _rivals(speaker, near, one):
                yield labels[near] + joint + filled(rival, BLANK)

    return visit(speaker.root.variable, clause)


def _rivals(speaker: Speaker, near: str, clause: Clause) -> list[str]:
    """What might be said instead: an atom turned round, and another relation between the same types."""
    if isinstance(clause.said, Compare) and clause.end is not None:
        return _instead(speaker, near, clause)
    if not isinstance(clause.said, Atom) or clause.end is None:
        return []
    lexicon = speaker.corpus.lexicon
    own = speaker.sayings.relation(clause.said)
    kinds = (speaker.type_of(near), speaker.type_of(clause.end.variable))
    found: list[str] = []
    if kinds[0] == kinds[1] and not own.symmetric:
        found.append(speaker.sayings.of(replace(clause, forward=not clause.forward)).verbs[0])
    ends = kinds if clause.forward else kinds[::-1]
    for name in lexicon.between(ends[0], {"date": "year"}.get(ends[1], ends[1])):
        other = lexicon.wording(name, ends[0])
        if other is not None and other.name != own.name and not other.symmetric:
            words = other.chinese if speaker.language == "zh" else other
            return [*found, (words.clue if clause.forward else words.inverse)[0]]
    return found


def _blanks(speaker: Speaker, labels: dict[str, str], near: Thing, clause: Clause) -> Iterator[tuple[str, str]]:
    """(a phrase with a blank, the slot that fills it) for all that a clause names."""
    subject = labels[near.variable]
    joint = "" if speaker.language == "zh" else " "
    end = clause.end
    verbs = speaker.sayings.of(clause).verbs
    if isinstance(clause.said, Without) and clause.said.object is not None:
        name = speaker.entity(clause.said.object)
        yield subject + joint + verbs[0].replace(name, BLANK), name
    if end is None:
        return
    if isinstance(end, Mention) or end.variable not in labels:
        yield subject + joint + filled(verbs[0], BLANK), speaker.other_end(clause)
        return
    other = labels[end.variable]
    if end.called is not None:
        name = speaker.slot(end.called.name)
        yield (f"{other}名叫{BLANK}" if joint == "" else f"{other} is called {BLANK}"), name
    elif (letter := speaker.initial(end.variable)) is not None:
        told = f"{other}的名称以{BLANK}开头" if joint == "" else f"the name of {other} begins with {BLANK}"
        yield told, speaker.slot(letter)
    for further in end.clauses:
        yield from _blanks(speaker, labels, end, further)


def _kinds(clause: Clause) -> set[Kind]:
    said = clause.said
    if isinstance(said, Without):
        return {"negation"}
    if isinstance(said, Count):
        return {"count"}
    if isinstance(said, Compare):
        if said.measure == "ratio":
            return {"ratio"}
        return {"comparison"} if said.low is None or said.high is None else {"amount"}
    if isinstance(said, Phrase):
        return {"shared"} if said.operator == "U13" else {"fact"}
    assert isinstance(said, Atom)
    extra: set[Kind] = set()
    if said.at is not None:
        extra.add("time")
    if said.stated_in is not None:
        extra.add("source")
    return extra or {"fact"}


def _place(speaker: Speaker, rank: Rank) -> str:
    relation = speaker.corpus.lexicon.wording(rank.relation, speaker.kind(speaker.pattern.focus).name)
    if relation is not None and relation.value_type == "date":
        return "last" if rank.largest else "first"
    return "largest" if rank.largest else "smallest"
