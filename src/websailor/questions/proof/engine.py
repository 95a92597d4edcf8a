"""Ans(Q), exactly: reduction to a fixpoint, then sampled rivals, then a join.

Enters: a `Query`. Leaves: the sorted answers, or a verdict on uniqueness. Method: semi-joins to a fixpoint decide every
query whose undecided part has no cycle; otherwise a few rivals of the answer are fixed one by one and propagated, which
finds most second answers at once; the join settles the rest.
"""

import numpy as np

from websailor.questions.proof.facts import Facts, Nodes
from websailor.questions.proof.join import join, parts
from websailor.questions.proof.query import Query, compile_pattern
from websailor.questions.proof.reduction import State, is_member, reduce
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


def answers(query: Query, everything: Nodes) -> Answers:
    """All answers of a query. `everything` stands for a focus that nothing restricts.

    Raises `join.ProofTooLarge` where the join would not end in reasonable space.
    """
    state = reduce(query)
    if state is None:
        return Answers(everything[:0], 0)
    return _decide(query, state, everything)


def _decide(query: Query, state: State, everything: Nodes) -> Answers:
    focus = state.domains[query.focus]
    found = everything if focus is None else focus
    largest = max(state.largest, len(found))
    for variables, atoms, inequalities, cyclic in parts(query, state):
        if not cyclic:
            continue
        here = query.focus in variables
        start = query.focus if here else min(variables, key=lambda variable: _size(state, variable))
        values, rows = join(query, state, atoms, inequalities, start)
        largest = max(largest, rows)
        if not len(values):
            return Answers(everything[:0], largest)
        if here:
            found = values
    return Answers(found, largest)


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
    if focus is None or not is_member(np.array([answer]), focus)[0]:
        return False
    if any(cyclic for *_, cyclic in parts(query, state)):
        rivals = focus[focus != answer]
        for rival in rivals[np.linspace(0, len(rivals) - 1, min(RIVALS, len(rivals))).astype(np.int64)]:
            if _survives(query, state, int(rival)):
                return False
    found = _decide(query, state, focus[:0]).nodes
    return len(found) == 1 and int(found[0]) == answer


def _survives(query: Query, state: State, rival: int) -> bool:
    """True when a rival is seen to be an answer by propagation alone; False leaves it open."""
    trial = state.copy()
    trial.domains[query.focus] = np.array([rival], dtype=np.int64)
    dirty = [number for number, (_, u, v) in enumerate(query.atoms) if query.focus in (u, v)]
    after = reduce(query, trial, dirty)
    return after is not None and not any(cyclic for *_, cyclic in parts(query, after))


def ask(
    facts: Facts,
    pattern: Pattern,
    atoms: frozenset[int] | None = None,
    conditions: frozenset[int] | None = None,
) -> Answers:
    """All answers of a pattern, or of the part of it that the given atoms and conditions (indices) make.

    Without `atoms` the whole pattern is meant; with `atoms` and without `conditions`, those atoms alone.
    """
    everything = np.arange(facts.entity_count, dtype=np.int64)
    return answers(compile_pattern(pattern, facts, atoms, conditions), everything)


def proves(facts: Facts, pattern: Pattern) -> bool:
    """True when the pattern's one answer is the one its assignment names."""
    node = facts.index.get(pattern.assignment.get(pattern.focus, ""))
    return node is not None and is_only_answer(compile_pattern(pattern, facts), node)


def refutes(facts: Facts, pattern: Pattern) -> bool:
    """True when nothing answers the pattern: what a question without an answer has to prove."""
    return not len(ask(facts, pattern))
