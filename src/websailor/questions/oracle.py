"""What a solver with the query in hand would have to do: searches and visits.

Enters: a proved pattern. Leaves: `Work`. The plan is greedy. It knows the query and not the answer: from what is named
or exact it always follows the atom that leaves the fewest candidates, then checks the conditions on those that are
left.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from websailor.questions.proof.facts import Facts
from websailor.questions.proof.query import Query, compile_pattern
from websailor.questions.proof.sets import Nodes, is_member, unique
from websailor.records import Bears, Count, Pattern, Rank, Without

PAGE_OF_HITS = 10
"""Results that one search shows."""


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


def plan_work(facts: Facts, pattern: Pattern) -> Work:
    """Cost of the plan.

    From subject to object it visits the subjects' pages, from object to subject it searches once per object and page of
    hits; an atom between two known sides is checked by visiting the subjects. A page is visited once. Where nothing is
    named, the plan begins with the smallest set of subjects that a vague label gives, one search per page of hits. A
    negation or a count costs, for every candidate left, the visit or the searches that show all its partners; a rank
    the visit of every candidate. A comparison costs nothing more: both of its atoms are followed anyway.
    """
    named = [number for number, one in enumerate(pattern.conditions) if isinstance(one, Bears)]
    # That tenures overlap shows on the pages of the atoms: it leads nowhere by itself.
    plain = pattern.model_copy(update={"phrases": ()})
    query = compile_pattern(plain, facts, conditions=named)
    plan = _Plan(query, [_stated(query, variable, facts.unknown) for variable in range(query.size)])
    plan.follow_all()
    names = dict.fromkeys([pattern.focus, *(name for atom in pattern.atoms for name in (atom.subject, atom.object))])
    number_of = {name: number for number, name in enumerate(names)}
    for condition in pattern.conditions:
        if isinstance(condition, Without | Count):
            plan.enumerate(facts, condition, number_of[condition.variable])
    if any(isinstance(condition, Rank) for condition in pattern.conditions):
        plan.visit(plan.candidates(query.focus))
    return Work(plan.searches, len(plan.visited), plan.largest)


def _stated(query: Query, variable: int, unknown: Nodes) -> Nodes | None:
    """Candidates of a variable by its labels and its name, as far as anything states them."""
    domain = query.domains[variable]
    if domain is None:
        return None
    nodes = domain.nodes
    for limit, wanted in query.filters[variable] if query.filters else ():
        nodes = nodes[limit.has(nodes) == wanted]
    return np.setdiff1d(nodes, unknown) if len(unknown) else nodes


class _Plan:
    def __init__(self, query: Query, domains: Sequence[Nodes | None]) -> None:
        self.query = query
        self.domains = domains
        self.known: dict[int, Nodes] = {}
        self.open = set(range(len(query.atoms)))
        self.visited: set[int] = set()
        self.searches = 0
        self.largest = 0
        for variable, domain in enumerate(domains):
            if domain is not None and len(domain) == 1:
                self.known[variable] = domain

    def follow_all(self) -> None:
        while self.open:
            number = min(self.open, key=lambda atom: (self._brings(atom), atom))
            self.open.discard(number)
            self._follow(number)

    def visit(self, nodes: Nodes) -> None:
        self.visited.update(nodes[nodes < self.query.entity_count].tolist())

    def candidates(self, variable: int) -> Nodes:
        """What may be the variable's value; finding those of a type costs a search per page of hits."""
        if variable not in self.known:
            domain = self.domains[variable]
            nodes = np.arange(self.query.entity_count, dtype=np.int64) if domain is None else domain
            self.searches += max(1, math.ceil(len(nodes) / PAGE_OF_HITS))
            self.largest = max(self.largest, len(nodes))
            self.known[variable] = nodes
        return self.known[variable]

    def enumerate(self, facts: Facts, condition: Without | Count, variable: int) -> None:
        """See which candidates have a partner: on their own pages, or by searching for those that name them."""
        nodes = self.candidates(variable)
        if condition.forward:
            self.visit(nodes)
            return
        table = facts.tables.get(condition.relation)
        partners = np.zeros(0, dtype=np.int64) if table is None else table.by_object.of(nodes)[0]
        count = np.bincount(np.searchsorted(nodes, partners), minlength=len(nodes))
        self.searches += int(np.maximum(1, -(-count // PAGE_OF_HITS)).sum())

    def _sides(self, number: int) -> tuple[Nodes | None, Nodes | None]:
        _, subject, other = self.query.atoms[number]
        return self.known.get(subject), self.known.get(other)

    def _leads_to_literals(self, number: int) -> bool:
        keys = self.query.atoms[number][0].by_object.keys
        return len(keys) > 0 and int(keys[0]) >= self.query.entity_count

    def _brings(self, number: int) -> float:
        """How many new candidates following an atom brings: 0 for a check; starting without a known side comes last."""
        table, _, other = self.query.atoms[number]
        subjects, objects = self._sides(number)
        if subjects is not None and (objects is not None or self._leads_to_literals(number)):
            return 0
        if subjects is not None:
            return len(table.by_subject.of(subjects)[1])
        if objects is not None:
            return len(table.by_object.of(objects)[1])
        domain = self.domains[other]
        reach = table.size if domain is None else len(table.by_object.of(domain)[1])
        return 1e9 + reach

    def _follow(self, number: int) -> None:
        table, subject, other = self.query.atoms[number]
        subjects, objects = self._sides(number)
        if subjects is not None:
            subject_P, object_P = table.by_subject.of(subjects)
            self.visit(subjects)
        elif objects is not None or self.domains[other] is not None:
            start = objects if objects is not None else self.domains[other]
            assert start is not None
            object_P, subject_P = table.by_object.of(start)
            self.searches += max(len(start) if objects is not None else 1, math.ceil(len(subject_P) / PAGE_OF_HITS))
        else:
            subject_P, object_P = table.pairs()
            self.searches += max(1, math.ceil(len(subject_P) / PAGE_OF_HITS))
        self.largest = max(self.largest, len(unique(subject_P)) if subjects is None else len(unique(object_P)))
        keep_P = np.ones(len(subject_P), dtype=bool)
        for variable, column_P in ((subject, subject_P), (other, object_P)):
            for domain in (self.domains[variable], self.known.get(variable)):
                if domain is not None:
                    keep_P &= is_member(column_P, domain)
        self.known[subject] = unique(subject_P[keep_P])
        self.known[other] = unique(object_P[keep_P])
