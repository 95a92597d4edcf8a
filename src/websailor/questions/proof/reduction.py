"""Semi-join reduction to a fixpoint: every candidate that an atom, an inequality or a guard refutes is removed.

Enters: a `Query`. Leaves: a `State` with the surviving candidates of every variable that matters and the surviving
pairs of every atom, or None when a variable has none left. What hangs from the rest of the query as a tree (an ear)
needs semi-joins towards the rest alone; what is left, the core, is reduced both ways. The cheapest step goes first;
stopping before the fixpoint would be unsound for what `engine` concludes from it. On a query without cycles the
fixpoint of the focus is the answer itself (Yannakakis, VLDB 1981).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from websailor.questions.proof.query import Query
from websailor.questions.proof.sets import Members, Nodes, is_full, unique, unique_sorted

CORE = -1


@dataclass(frozen=True, slots=True)
class Plan:
    """What depends on the query's form alone."""

    parent: list[int]
    """Of each atom: the variable that it restricts, for an ear; `CORE`, where it restricts both."""
    touching: list[list[int]]
    """Of each variable: its atoms, then its guards (numbered after all atoms)."""
    loose: list[bool]
    """Of each variable: nothing but one ear asks for its candidates."""


def plan_of(query: Query) -> Plan:
    """Peel ears: again and again, a variable that one atom alone ties to the rest. A variable with one candidate ties
    nothing together.
    """
    count = len(query.atoms)
    touching: list[list[int]] = [[] for _ in range(query.size)]
    fixed = [domain is not None and len(domain) == 1 for domain in query.domains]
    held = [False] * query.size
    held[query.focus] = True
    for number, (_, u, v) in enumerate(query.atoms):
        touching[u].append(number)
        if u != v:
            touching[v].append(number)
    for number, guard in enumerate(query.guards):
        for variable in {guard.left, guard.right}:
            touching[variable].append(count + number)
            held[variable] = True
    tied = list(held)
    for pair in query.distinct:
        for variable in pair:
            tied[variable] = True
            held[variable] = held[variable] or not (fixed[pair[0]] or fixed[pair[1]])
    parent = [CORE] * count
    edges: list[set[int]] = [set() for _ in range(query.size)]
    for number, (_, u, v) in enumerate(query.atoms):
        if u == v or fixed[v]:
            parent[number] = u
        elif fixed[u]:
            parent[number] = v
        else:
            edges[u].add(number)
            edges[v].add(number)
    bare = [variable for variable in range(query.size) if len(edges[variable]) == 1 and not held[variable]]
    while bare:
        child = bare.pop()
        if not edges[child]:
            continue
        (number,) = edges[child]
        _, u, v = query.atoms[number]
        inner = v if u == child else u
        parent[number] = inner
        edges[child].clear()
        edges[inner].discard(number)
        if len(edges[inner]) == 1 and not held[inner]:
            bare.append(inner)
    loose = [fixed[v] or (len(touching[v]) == 1 and not tied[v]) for v in range(query.size)]
    return Plan(parent, touching, loose)


@dataclass(slots=True)
class State:
    """Candidates and pairs, both shrinking."""

    plan: Plan
    domains: list[Members | None]
    pairs: list[tuple[Nodes, Nodes] | None]
    """(subjects, objects) of each atom, equally long; None: not looked at yet, or never needed again."""
    by_object: list[bool]
    """Of each atom: whether its pairs are sorted by object, not by subject."""
    unfiltered: list[bool]
    """Of each variable: its filters are not applied yet."""
    largest: int = 0
    """Size of the largest set met."""

    def copy(self) -> "State":
        return State(
            self.plan, list(self.domains), list(self.pairs), list(self.by_object), list(self.unfiltered), self.largest
        )


def reduce(query: Query, state: State | None = None, changed: Iterable[int] = ()) -> State | None:
    """Run semi-joins until nothing changes; None when some variable has no candidate left.

    `state` continues an earlier reduction after candidates of the `changed` variables were removed by hand.
    """
    run = _Reduction(query, state)
    return run.state if run.begin(changed if state is not None else None) and run.run() else None


class _Reduction:
    def __init__(self, query: Query, state: State | None) -> None:
        self.query = query
        count = len(query.atoms)
        if state is None:
            unfiltered = [bool(filters) for filters in query.filters] or [False] * query.size
            plan = plan_of(query)
            state = State(plan, list(query.domains), [None] * count, [False] * count, unfiltered)
        self.state = state
        self.parent, self.touching, self.loose = state.plan.parent, state.plan.touching, state.plan.loose
        self.waiting: set[int] = set()
        self.cost: list[float] = [0.0] * (count + len(query.guards))

    def begin(self, changed: Iterable[int] | None) -> bool:
        """Set up what is waiting. False when there is no answer."""
        query, state = self.query, self.state
        for variable, domain in enumerate(state.domains):
            if not self.touching[variable]:
                if domain is None and state.unfiltered[variable]:
                    domain = Members(np.arange(query.entity_count, dtype=np.int64), query.node_count)
                if domain is not None and not self._set(variable, domain.nodes, domain):
                    return False
            elif domain is not None and not len(domain):
                return False
        if changed is None:
            self.waiting.update(range(len(self.cost)))
        else:
            for variable in changed:
                self._wake(variable, CORE)
        for number in self.waiting:
            self.cost[number] = self._cost(number)
        return self._apply_inequalities()

    def run(self) -> bool:
        """The fixpoint. False when there is no answer."""
        waiting, cost, count = self.waiting, self.cost, len(self.query.atoms)
        while waiting:
            number = min(waiting, key=cost.__getitem__)
            waiting.discard(number)
            if not (self._atom(number) if number < count else self._guard(number - count)):
                return False
        return True

    def _cost(self, number: int) -> float:
        """About how many edges the step has to touch."""
        state = self.state
        if number >= len(self.query.atoms):
            guard = self.query.guards[number - len(self.query.atoms)]
            left, right = state.domains[guard.left], state.domains[guard.right]
            return math.inf if left is None or right is None else len(left) + len(right)
        pairs = state.pairs[number]
        if pairs is not None:
            return len(pairs[0])
        table, subject, other = self.query.atoms[number]
        subjects, objects = state.domains[subject], state.domains[other]
        forth = math.inf if subjects is None else table.by_subject.fan * len(subjects.nodes)
        back = math.inf if objects is None else table.by_object.fan * len(objects.nodes)
        return min(forth, back, table.size)

    def _wake(self, variable: int, cause: int) -> None:
        """Whatever a smaller set of candidates may concern is looked at (again)."""
        count, pairs, waiting = len(self.query.atoms), self.state.pairs, self.waiting
        for number in self.touching[variable]:
            if number != cause and (number >= count or self.parent[number] != variable):
                waiting.add(number)
            if number in waiting and (number >= count or pairs[number] is None):
                self.cost[number] = self._cost(number)

    def _set(self, variable: int, nodes: Nodes, members: Members | None = None) -> bool:
        """The variable's new candidates, less what its filters refuse. False when none is left."""
        state = self.state
        if state.unfiltered[variable]:
            state.unfiltered[variable] = False
            for limit, wanted in self.query.filters[variable]:
                keep = limit.has(nodes) if wanted else ~limit.has(nodes)
                if not is_full(keep):
                    nodes, members = nodes[keep], None
        state.domains[variable] = members or Members(nodes, self.query.node_count)
        return len(nodes) > 0

    def _atom(self, number: int) -> bool:
        state = self.state
        subject_P, object_P = self._pairs(number)
        size = len(subject_P)
        state.largest = max(state.largest, size)
        if not size:
            return False
        _, subject, other = self.query.atoms[number]
        parent = self.parent[number]
        by_object = state.by_object[number]
        if parent == CORE or not self.loose[other if parent == subject else subject]:
            state.pairs[number] = (subject_P, object_P)
        self.cost[number] = size
        settled = False
        sides = ((subject, subject_P, not by_object), (other, object_P, by_object))
        for variable, column_P, is_sorted in sides if subject != other else sides[by_object : by_object + 1]:
            if self.loose[variable] and variable != parent:
                continue
            kept = unique_sorted(column_P) if is_sorted else self._unique(column_P)
            before = state.domains[variable]
            if before is not None and len(before) == len(kept) and not state.unfiltered[variable]:
                continue
            # Filters may refuse what this atom still holds as pairs: it has to look once more.
            if not self._set(variable, kept):
                return False
            after = state.domains[variable]
            assert after is not None
            self._wake(variable, number if len(after) == len(kept) else CORE)
            settled = settled or before is None or len(after) == 1
        return not settled or self._apply_inequalities()

    def _unique(self, column: Nodes) -> Nodes:
        span = self.query.node_count
        if len(column) * 16 < span:
            return unique(column)
        mask = np.zeros(span, dtype=np.bool_)
        mask[column] = True
        return np.flatnonzero(mask)

    def _pairs(self, number: int) -> tuple[Nodes, Nodes]:
        """The atom's pairs among the candidates."""
        state = self.state
        table, subject, other = self.query.atoms[number]
        subjects, objects = state.domains[subject], state.domains[other]
        pairs = state.pairs[number]
        if pairs is not None:
            subject_P, object_P = pairs
        else:
            forth = math.inf if subjects is None else table.by_subject.fan * len(subjects.nodes)
            back = math.inf if objects is None else table.by_object.fan * len(objects.nodes)
            if subjects is not None and forth <= back:
                subject_P, object_P = table.by_subject.of(subjects.nodes, objects)
                subjects = objects = None
            elif objects is not None:
                object_P, subject_P = table.by_object.of(objects.nodes, subjects)
                state.by_object[number] = True
                subjects = objects = None
            else:
                subject_P, object_P = table.pairs()
            if subject == other:
                same = subject_P == object_P
                subject_P, object_P = subject_P[same], object_P[same]
        keep = None
        if subjects is not None:
            keep = subjects.has(subject_P)
        if objects is not None:
            kept = objects.has(object_P)
            keep = kept if keep is None else keep & kept
        parent = self.parent[number]
        child = CORE if parent == CORE else other if parent == subject else subject
        if child != CORE and self.loose[child] and state.unfiltered[child]:
            column = object_P if child == other else subject_P
            for limit, wanted in self.query.filters[child]:
                kept = limit.has(column) if wanted else ~limit.has(column)
                keep = kept if keep is None else keep & kept
        if keep is None or is_full(keep):
            return subject_P, object_P
        return subject_P[keep], object_P[keep]

    def _guard(self, number: int) -> bool:
        guard = self.query.guards[number]
        left, right = self.state.domains[guard.left], self.state.domains[guard.right]
        assert left is not None and right is not None, "a guard stands on variables of atoms"
        if guard.left == guard.right:
            keep = (guard.passes(left.nodes, left.nodes),)
        else:
            keep = guard.narrow(left.nodes, right.nodes)
        cause = len(self.query.atoms) + number
        for variable, domain, kept in zip((guard.left, guard.right), (left, right), keep, strict=False):
            if not kept.all():
                if not self._set(variable, domain.nodes[kept]):
                    return False
                self._wake(variable, cause)
        # What one side lost, the other may have relied on: one more look settles it.
        if len(keep) == 2 and not (keep[0].all() and keep[1].all()):
            self.waiting.add(cause)
            self.cost[cause] = self._cost(cause)
        return True

    def _apply_inequalities(self) -> bool:
        """Remove a settled variable's value from those that must differ from it. False when one has nothing left."""
        state = self.state
        again = bool(self.query.distinct)
        while again:
            again = False
            for pair in self.query.distinct:
                for one, other in (pair, pair[::-1]):
                    settled, domain = state.domains[one], state.domains[other]
                    if settled is None or domain is None or len(settled) != 1:
                        continue
                    keep = domain.nodes != settled.nodes[0]
                    if is_full(keep):
                        continue
                    if not self._set(other, domain.nodes[keep]):
                        return False
                    self._wake(other, CORE)
                    again = True
        return True
