"""How hard a question is: bits left after each clue, and what a solver with the query in hand would have to do.

Enters: a proved pattern with its clues in the order in which the question tells them. Leaves: `records.Uncertainty`,
and for each clue its gain and whether it is necessary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from websailor.questions.operators.base import Counts
from websailor.questions.proof.facts import Facts, Nodes
from websailor.questions.proof.query import Query, compile_pattern
from websailor.questions.proof.reduction import is_member, unique
from websailor.questions.structure import Branch, domain_of
from websailor.records import Pattern, Uncertainty

PAGE_OF_HITS = 10
"""Results that one search shows."""


@dataclass(frozen=True, slots=True)
class Measure:
    """The measured question."""

    uncertainty: Uncertainty
    gains: tuple[float, ...]
    """Bits by which each clue narrows the answers, after the clues before it."""
    necessary: tuple[bool, ...]
    """Whether the answer is no longer unique without the clue."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the oracle's plan costs."""

    searches: int
    visits: int
    largest: int
    """Most candidates that one variable has on the way."""

    @property
    def cost(self) -> int:
        return self.searches + self.visits


def initial_bits(facts: Facts, pattern: Pattern) -> float:
    """H0: log2 of how many entities have the focus' type (of all entities, where the question names none)."""
    kind = domain_of(pattern, pattern.focus, "kind")
    return math.log2(len(facts.kind_members[kind.value]) if kind else facts.entity_count)


def measure(counts: Counts, clues: Sequence[Branch], work: Work) -> Measure:
    """Bits of a pattern whose clues are told in the given order."""
    start = initial_bits(counts.facts, counts.pattern)
    after = tuple(math.log2(counts.of_clues(clues[: number + 1])) for number in range(len(clues)))
    before = (start, *after[:-1])
    necessary = tuple(
        counts.of_clues([other for other in clues if other != clue]) > 1 if len(clues) > 1 else start > 0
        for clue in clues
    )
    return Measure(
        uncertainty=Uncertainty(
            initial=start,
            after=after,
            best_single=min(math.log2(counts.of_clues([clue])) for clue in clues),
            frontier=math.log2(max(work.largest, 1)),
            necessity=sum(necessary) / len(necessary),
            cycle_rank=sum(clue.closing is not None for clue in clues),
            oracle_cost=work.cost,
        ),
        gains=tuple(round(old - new, 6) for old, new in zip(before, after, strict=True)),
        necessary=necessary,
    )


def plan_work(facts: Facts, pattern: Pattern) -> Work:
    """Cost of a greedy plan that knows the query and not the answer.

    From what is named or exact, always the atom that leaves the fewest candidates: from subject to object by visiting
    the subjects' pages, from object to subject by one search per object and page of hits; an atom between two known
    sides is checked by visiting the subjects. A page is visited once. Where nothing is named, the plan begins with the
    smallest set of subjects that a vague label gives, one search per page of hits.
    """
    query = compile_pattern(pattern, facts)
    stated = tuple(None if one is None else np.setdiff1d(one, facts.unknown) for one in query.domains)
    return _Plan(replace(query, domains=stated), facts.entity_count).run()


class _Plan:
    def __init__(self, query: Query, entity_count: int) -> None:
        self.query = query
        self.entity_count = entity_count
        self.known: dict[int, Nodes] = {}
        self.open = set(range(len(query.atoms)))
        self.visited: set[int] = set()
        self.searches = 0
        self.largest = 0
        for variable, domain in enumerate(query.domains):
            if domain is not None and len(domain) == 1:
                self.known[variable] = domain

    def run(self) -> Work:
        while self.open:
            number = min(self.open, key=lambda atom: (self._candidates(atom), atom))
            self.open.discard(number)
            self._follow(number)
        return Work(self.searches, len(self.visited), self.largest)

    def _sides(self, number: int) -> tuple[Nodes | None, Nodes | None]:
        _, subject, other = self.query.atoms[number]
        return self.known.get(subject), self.known.get(other)

    def _is_literal(self, variable: int) -> bool:
        domain = self.query.domains[variable]
        return domain is not None and len(domain) > 0 and int(domain[0]) >= self.entity_count

    def _candidates(self, number: int) -> float:
        """How many new candidates following an atom brings: 0 for a check; starting without a known side comes last."""
        table, _, other = self.query.atoms[number]
        subjects, objects = self._sides(number)
        if subjects is not None and (objects is not None or self._is_literal(other)):
            return 0
        if subjects is not None:
            return len(table.by_subject.of(subjects)[1])
        if objects is not None:
            return len(table.by_object.of(objects)[1])
        domain = self.query.domains[other]
        reach = table.size if domain is None else len(table.by_object.of(domain)[1])
        return 1e9 + reach

    def _follow(self, number: int) -> None:
        table, subject, other = self.query.atoms[number]
        subjects, objects = self._sides(number)
        if subjects is not None:
            subject_P, object_P = table.by_subject.of(subjects)
            self.visited.update(subjects[subjects < self.entity_count].tolist())
        elif objects is not None or self.query.domains[other] is not None:
            start = objects if objects is not None else self.query.domains[other]
            assert start is not None
            object_P, subject_P = table.by_object.of(start)
            self.searches += max(len(start) if objects is not None else 1, math.ceil(len(subject_P) / PAGE_OF_HITS))
        else:
            subject_P, object_P = table.pairs()
            self.searches += max(1, math.ceil(len(subject_P) / PAGE_OF_HITS))
        self.largest = max(self.largest, len(unique(subject_P)) if subjects is None else len(unique(object_P)))
        keep_P = np.ones(len(subject_P), dtype=bool)
        for variable, column_P in ((subject, subject_P), (other, object_P)):
            for domain in (self.query.domains[variable], self.known.get(variable)):
                if domain is not None:
                    keep_P &= is_member(column_P, domain)
        self.known[subject] = unique(subject_P[keep_P])
        self.known[other] = unique(object_P[keep_P])
