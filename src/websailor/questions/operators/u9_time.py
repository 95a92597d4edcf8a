"""U9, time: what held at a time, and which of two events came first.

Formal: (a) as of: an atom whose facts are those that held in a year or decade; (b) order: a guard a(u) < b(v) on dates
of two different relations; (c) overlap: r(u, x) and s(v, x) over some x that stays unsaid, whose tenures share a time.
Applies to a clue with such an atom, with a one-sided `Compare` of different relations, or with a `Phrase` of U9. To
prove beyond uniqueness: (a) the true tenure holds the time strictly inside, (b) the years differ by at least two, (c)
one of the true tenures began before the other had ended, and the other way round, and nothing else is told of x; and
without the time there are more answers. Examples: "Which person led Melik Works in 1956?", "Which person died before
the company that employed them was founded?", "Which person worked for the same company at the same time as X?"
"""

import random
from collections.abc import Iterator

import numpy as np

from websailor.questions.corpus import Corpus
from websailor.questions.operators.additions import can_meet, comparable, in_order
from websailor.questions.operators.base import AnySubgraph, Case, Draft, conditions_of, without_condition_narrows
from websailor.questions.operators.u6_comparison import far_apart, has_margin, is_one_sided, relations_of
from websailor.questions.operators.u12_inference import keeps_silent, phrase_of, walk, with_rule
from websailor.questions.proof.engine import ask
from websailor.questions.proof.facts import Facts
from websailor.questions.proof.tenures import table_of, together
from websailor.records import Atom, Compare, Fact, Pattern, Phrase

OPEN_ENDED = 8
"""Years after the start of a tenure without an end in which it surely still held."""
WALKS = 3
"""Ways along a pair of relations that are tried from each thing."""


class Time(AnySubgraph):
    """See the module."""

    code = "U9"
    closed_world = False

    def propose(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        ways = [self._as_of(draft, rng), self._order(draft, rng), self._overlap(draft, rng)]
        rng.shuffle(ways)
        while ways:
            way = ways.pop(0)
            if (proposal := next(way, None)) is not None:
                yield proposal
                ways.append(way)

    def _as_of(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        """A time for an atom that has a tenure."""
        pattern = draft.pattern
        in_phrase = {number for phrase in pattern.phrases for number in phrase.atoms}
        numbers = [number for number in range(len(pattern.atoms)) if number not in in_phrase]
        rng.shuffle(numbers)
        for number in numbers:
            atom = pattern.atoms[number]
            fact = draft.corpus.fact[atom.fact]
            if atom.at is not None or not _sayable(draft.corpus, fact):
                continue
            if (label := time_inside(fact, rng, last_year(draft.tables))) is not None:
                timed = atom.model_copy(update={"at": label})
                yield pattern.model_copy(update={"atoms": _replaced(pattern.atoms, number, timed)})

    def _order(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        """Two dates of different relations and different things, the first before or after the second."""
        near, everything = comparable(draft)
        pairs = [
            (one, other)
            for one in near
            for other in everything
            if can_meet(draft, one, other)
            and one.fact.relation != other.fact.relation
            and one.fact.value_type == other.fact.value_type == "date"
            and far_apart(one, other)
        ]
        rng.shuffle(pairs)
        yield from in_order(draft, pairs)

    def _overlap(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        """Two relations that held at the same time, of something told of and something new."""
        choices = [
            (variable, rule, backwards)
            for variable in draft.described()
            for _, rule in sorted(draft.corpus.lexicon.overlaps.items())
            for backwards in (False, True)
            if rule.kinds[-1 if backwards else 0] == draft.kind(variable) and not (rule.symmetric and backwards)
        ] * WALKS
        rng.shuffle(choices)
        for variable, rule, backwards in choices:
            _, facts = walk(draft, rng, draft.pattern.assignment[variable], rule, backwards)
            if len(facts) == len(rule.path) and share_a_time(*facts):
                proposal = with_rule(draft, variable, rule, backwards, facts, self.code)
                if proposal is not None:
                    yield proposal

    def lacks(self, corpus: Corpus) -> str | None:
        dated = any(fact.value_type == "date" for facts in corpus.literals.values() for fact in facts)
        if dated or any(fact.start is not None for fact in corpus.tellable):
            return None
        return "the graph holds neither tenures nor dates"

    def applies(self, case: Case) -> bool:
        return (
            phrase_of(case, self.code) is not None
            or _timed(case) is not None
            or any(_is_order(case, one) for one in conditions_of(case))
        )

    def holds(self, case: Case) -> bool:
        timed, phrase = _timed(case), phrase_of(case, self.code)
        if phrase is not None:
            pair = [case.pattern.atoms[number] for number in phrase.atoms]
            return (
                keeps_silent(case.pattern, phrase)
                and _surely_overlap(case, phrase, *pair)
                and len(ask(case.facts, _whenever(case.pattern, phrase))) > len(ask(case.facts, case.pattern))
            )
        if timed is None:
            guards = [one for one in conditions_of(case) if isinstance(one, Compare)]
            return all(has_margin(case.pattern, one) for one in guards) and without_condition_narrows(case)
        if not surely_held(case, case.pattern.atoms[timed]):
            return False
        plain = case.pattern.atoms[timed].model_copy(update={"at": None})
        ever = case.pattern.model_copy(update={"atoms": _replaced(case.pattern.atoms, timed, plain)})
        return len(ask(case.facts, ever)) > len(ask(case.facts, case.pattern))


def share_a_time(one: Fact, other: Fact) -> bool:
    """True when each of two tenures began in a year before the other ended."""
    if one.start is None or other.start is None:
        return False
    return (other.end is None or one.start < other.end) and (one.end is None or other.start < one.end)


def _surely_overlap(case: Case, phrase: Phrase, one: Atom, other: Atom) -> bool:
    """True when the witness' tenures share a time, however one reads them."""
    value, index = case.pattern.assignment, case.facts.index
    left, right = (np.array([index[value[name]]], dtype=np.int64) for name in (phrase.left, phrase.right))
    return together(case.facts, one, other, (phrase.left, phrase.right), (left, right), strict=True).size > 0


def _whenever(pattern: Pattern, phrase: Phrase) -> Pattern:
    """The pattern in which the two relations of a phrase may have held at different times."""
    return pattern.model_copy(update={"phrases": tuple(one for one in pattern.phrases if one != phrase)})


def _is_order(case: Case, condition: object) -> bool:
    return (
        isinstance(condition, Compare)
        and is_one_sided(condition)
        and len(set(relations_of(case.pattern, condition))) == 2
    )


def _timed(case: Case) -> int | None:
    """The atom of a clue that says when it held."""
    return next((number for number in case.branch.atoms if case.pattern.atoms[number].at is not None), None)


def surely_held(case: Case, atom: Atom) -> bool:
    """True when the witness' tenure holds the atom's time strictly inside."""
    facts = case.facts
    subject, other = (facts.index[case.pattern.assignment[name]] for name in (atom.subject, atom.object))
    table = table_of(facts, atom, strict=True)
    return table is not None and other in table.by_subject.of(np.array([subject], dtype=np.int64))[1]


def _replaced(atoms: tuple[Atom, ...], number: int, atom: Atom) -> tuple[Atom, ...]:
    return (*atoms[:number], atom, *atoms[number + 1 :])


def _sayable(corpus: Corpus, fact: Fact) -> bool:
    kind = corpus.entity[fact.subject].kind
    return (
        fact.start is not None
        and corpus.lexicon.can_say("at", fact.relation, kind)
        and corpus.lexicon.can_say("at_inverse", fact.relation, kind)
    )


def last_year(facts: Facts) -> int:
    """The latest year that anything speaks of: nothing is known of later ones."""
    known = facts.year[~np.isnan(facts.year)]
    return int(known.max()) if len(known) else 0


def time_inside(fact: Fact, rng: random.Random, present: int) -> str | None:
    """A decade that the tenure fills, or a year strictly inside it; None where there is none."""
    if fact.start is None:
        return None
    last = min(fact.start + OPEN_ENDED, present) if fact.end is None else fact.end
    decades = [
        f"{first}s" for first in range(fact.start // 10 * 10, last, 10) if fact.start < first and first + 9 < last
    ]
    if decades and rng.random() < 0.5:
        return rng.choice(decades)
    years = range(fact.start + 1, last)
    return str(rng.choice(years)) if years else None
