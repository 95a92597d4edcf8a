"""Semi-join reduction to a fixpoint: every candidate that an atom or an inequality refutes is removed.

Enters: a `Query`. Leaves: a `State` with the surviving candidates of every variable and the surviving pairs of every
atom, or None when a variable has none left. The smallest set goes first; stopping before the fixpoint would be unsound
for what `engine` concludes from it. On a query without cycles the fixpoint is the answer itself (Yannakakis, VLDB
1981).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from websailor.questions.proof.facts import Nodes
from websailor.questions.proof.query import Query


@dataclass(slots=True)
class State:
    """Candidates and pairs, both shrinking."""

    domains: list[Nodes | None]
    pairs: list[tuple[Nodes, Nodes] | None]
    """(subjects, objects) of each atom, equally long; None: not looked at yet."""
    largest: int = 0
    """Size of the largest set met."""

    def copy(self) -> "State":
        return State(list(self.domains), list(self.pairs), self.largest)


def unique(nodes: Nodes) -> Nodes:
    """Sorted, without repeats (`np.unique` costs four times as much on short arrays)."""
    if len(nodes) < 2:
        return nodes
    nodes = np.sort(nodes)
    fresh = np.empty(len(nodes), dtype=bool)
    fresh[0] = True
    np.not_equal(nodes[1:], nodes[:-1], out=fresh[1:])
    return nodes[fresh]


def is_member(nodes: Nodes, of: Nodes) -> np.ndarray:
    """Mask of the nodes that stand in the sorted set `of`."""
    if not len(of):
        return np.zeros(len(nodes), dtype=bool)
    return of.take(np.searchsorted(of, nodes), mode="clip") == nodes


def reduce(query: Query, state: State | None = None, dirty: Iterable[int] | None = None) -> State | None:
    """Run semi-joins until nothing changes.

    `state` continues an earlier reduction after candidates were removed by hand; `dirty` names the atoms to look at
    first (all by default). Returns None when some variable has no candidate left.
    """
    state = State(list(query.domains), [None] * len(query.atoms)) if state is None else state
    waiting = set(range(len(query.atoms)) if dirty is None else dirty)
    for domain in state.domains:
        if domain is not None and not len(domain):
            return None
    if not _apply_inequalities(query, state, waiting):
        return None
    while waiting:
        number = min(waiting, key=lambda atom: (_cost(query, state, atom), atom))
        waiting.discard(number)
        subject_P, object_P = _surviving_pairs(query, state, number)
        state.pairs[number] = (subject_P, object_P)
        state.largest = max(state.largest, len(subject_P))
        if not len(subject_P):
            return None
        _, subject, other = query.atoms[number]
        for variable, column_P in ((subject, subject_P), (other, object_P)):
            kept = unique(column_P)
            before = state.domains[variable]
            if before is not None and len(before) == len(kept):
                continue
            state.domains[variable] = kept
            waiting.update(atom for atom, (_, u, v) in enumerate(query.atoms) if atom != number and variable in (u, v))
            if query.distinct and not _apply_inequalities(query, state, waiting):
                return None
    return state


def _cost(query: Query, state: State, number: int) -> int:
    pairs = state.pairs[number]
    if pairs is not None:
        return len(pairs[0])
    table, *variables = query.atoms[number]
    sizes = [len(domain) for variable in variables if (domain := state.domains[variable]) is not None]
    return min([*sizes, table.size])


def _surviving_pairs(query: Query, state: State, number: int) -> tuple[Nodes, Nodes]:
    table, subject, other = query.atoms[number]
    subjects, objects = state.domains[subject], state.domains[other]
    pairs = state.pairs[number]
    if pairs is None:
        if subjects is not None and (objects is None or len(subjects) <= len(objects)):
            pairs = table.by_subject.of(subjects)
            subjects = None
        elif objects is not None:
            pairs = table.by_object.of(objects)[::-1]
            objects = None
        else:
            pairs = table.pairs()
    subject_P, object_P = pairs
    if subject == other:
        same = subject_P == object_P
        subject_P, object_P = subject_P[same], object_P[same]
    for domain, column in ((subjects, 0), (objects, 1)):
        if domain is not None:
            keep = is_member((subject_P, object_P)[column], domain)
            if not keep.all():
                subject_P, object_P = subject_P[keep], object_P[keep]
    return subject_P, object_P


def _apply_inequalities(query: Query, state: State, waiting: set[int]) -> bool:
    """Remove a settled variable's value from those that must differ from it. False when one has nothing left."""
    changed = True
    while changed:
        changed = False
        for pair in query.distinct:
            for one, other in (pair, pair[::-1]):
                settled, domain = state.domains[one], state.domains[other]
                if settled is None or domain is None or len(settled) != 1:
                    continue
                keep = domain != settled[0]
                if keep.all():
                    continue
                state.domains[other] = domain[keep]
                if not keep.any():
                    return False
                waiting.update(atom for atom, (_, u, v) in enumerate(query.atoms) if other in (u, v))
                changed = True
    return True
