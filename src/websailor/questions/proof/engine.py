"""Ans(Q), exactly: reduction to a fixpoint, then sampled rivals, then a join.

Enters: a `Query`. Leaves: the sorted answers, or a verdict on uniqueness. Method: semi-joins to a fixpoint decide every
query whose undecided part has no cycle; otherwise a few rivals of the answer are fixed one by one and propagated, which
finds most second answers at once; the join settles the rest. A rank, which speaks of all answers to the rest, is taken
last, of the whole set: of the answers in the generous reading, of which those in the strict one are there for certain.
"""

import numpy as np

from websailor.questions.proof.facts import Facts
from websailor.questions.proof.join import Part, join, parts
from websailor.questions.proof.query import Query, compile_pattern
from websailor.questions.proof.ranking import kth
from websailor.questions.proof.reduction import State, reduce
from websailor.questions.proof.sets import Members, Nodes, is_member
from websailor.records import Pattern

RIVALS = 4
"""Rivals tried before the join."""


class Answers:
    """What the engine found: the answers and what it took."""

    __slots__ = ("largest", "nodes")

    def __init__(self, nodes: Nodes, largest: int) -> None:
        self.nodes = nodes
        self.largest = largest
        """Size of the largest intermediate set."""

    def __len__(self) -> int:
        return len(self.nodes)


def answers(query: Query) -> Answers:
    """All answers of a query.

    Raises `join.ProofTooLarge` where the join would not end in reasonable space.
    """
    state = reduce(query)
    if state is None:
        return Answers(np.zeros(0, dtype=np.int64), 0)
    return _decide(query, state, parts(query, state))


def _decide(query: Query, state: State, open_parts: list[Part]) -> Answers:
    focus = state.domains[query.focus]
    found = np.arange(query.entity_count, dtype=np.int64) if focus is None else focus.nodes
    largest = max(state.largest, len(found))
    for part in open_parts:
        if not part.is_cyclic:
            continue
        here = query.focus in part.variables
        start = query.focus if here else min(part.variables, key=lambda variable: _size(state, variable))
        values, rows = join(query, state, part, start)
        largest = max(largest, rows)
        if not len(values):
            return Answers(values, largest)
        if here:
            found = values
    if query.ranking is None or query.certain is None:
        return Answers(found, largest)
    return Answers(kth(query.ranking, found, answers(query.certain).nodes), largest)


def _size(state: State, variable: int) -> int:
    domain = state.domains[variable]
    assert domain is not None
    return len(domain)


def is_only_answer(query: Query, answer: int) -> bool:
    """True when Ans(Q) = {answer}. Raises `join.ProofTooLarge` like `answers`."""
    state = reduce(query)
    if state is None:
        return False
    focus = state.domains[query.focus]
    if focus is None or not is_member(np.array([answer]), focus.nodes)[0]:
        return False
    open_parts = parts(query, state)
    if query.ranking is None and any(part.is_cyclic for part in open_parts):
        rivals = focus.nodes[focus.nodes != answer]
        for rival in rivals[np.linspace(0, len(rivals) - 1, min(RIVALS, len(rivals))).astype(np.int64)]:
            if _survives(query, state, int(rival)):
                return False
    found = _decide(query, state, open_parts).nodes
    return len(found) == 1 and int(found[0]) == answer


def _survives(query: Query, state: State, rival: int) -> bool:
    """True when a rival is seen to be an answer by propagation alone; False leaves it open."""
    trial = state.copy()
    trial.domains[query.focus] = Members(np.array([rival], dtype=np.int64), query.node_count)
    after = reduce(query, trial, (query.focus,))
    return after is not None and not any(part.is_cyclic for part in parts(query, after))


def ask(
    facts: Facts,
    pattern: Pattern,
    atoms: frozenset[int] | None = None,
    conditions: frozenset[int] | None = None,
) -> Answers:
    """All answers of a pattern, or of the part of it that the given atoms and conditions (indices) make.

    Without `atoms` the whole pattern is meant; with `atoms` and without `conditions`, those atoms alone.
    """
    return answers(compile_pattern(pattern, facts, atoms, conditions))


def proves(facts: Facts, pattern: Pattern) -> bool:
    """True when the pattern's one answer is the one its assignment names."""
    node = facts.index.get(pattern.assignment.get(pattern.focus, ""))
    return node is not None and is_only_answer(compile_pattern(pattern, facts), node)
