"""U7, superlative and ordinal: of all that the rest of the question leaves, the first, the largest, the second oldest.

Formal: arg max_k over Ans of the rest, a post-operator on the focus. Applies to a clue with a `Rank`. Closed-world: the
relation is known of every candidate. To prove beyond uniqueness: at least four candidates, and no tie with the focus.
A place after the first is the same whether or not those count who fit a generous reading alone (the proof sees to it).
Example: "Of the people who studied at Dovi College, who was the second to be born?"
"""

import random
from collections.abc import Iterator

import numpy as np

from websailor.questions.corpus import Corpus
from websailor.questions.operators.additions import literals, with_condition
from websailor.questions.operators.base import AnySubgraph, Case, Draft, conditions_of, part_of
from websailor.questions.operators.u1_fuzzy import next_step
from websailor.questions.proof.engine import ask
from websailor.questions.proof.facts import Facts, Floats
from websailor.questions.proof.query import ranking_of
from websailor.questions.proof.ranking import bounds
from websailor.questions.proof.sets import Nodes
from websailor.questions.structure import branches, keep_branches
from websailor.records import Pattern, Rank

CANDIDATES = 4
MOST_CANDIDATES = 40
"""Beyond that nobody could look all of them up."""
PLACES = 3
"""The fourth largest is not how anyone speaks."""
ROUNDS = 6
WIDER = frozenset({"initial", "kind", "decade", "half_century", "century", "range"})


class Superlative(AnySubgraph):
    """See the module."""

    code = "U7"
    closed_world = True

    def propose(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        if any(isinstance(one, Rank) for one in draft.pattern.conditions):
            return
        lexicon, kind = draft.corpus.lexicon, draft.kind(draft.pattern.focus)
        relations = [
            literal.fact.relation
            for literal in literals(draft, [draft.pattern.focus])
            if lexicon.can_say("least", literal.fact.relation, kind)
            and lexicon.can_say("most", literal.fact.relation, kind)
        ]
        if not relations:
            return
        for looser in _looser(draft, rng):
            nodes = ask(draft.tables, looser).nodes
            if not CANDIDATES <= len(nodes) <= MOST_CANDIDATES:
                continue
            for relation in rng.sample(relations, len(relations)):
                if (rank := _rank(draft.tables, looser, nodes, relation)) is not None:
                    yield with_condition(looser, rank)

    def lacks(self, corpus: Corpus) -> str | None:
        if not corpus.complete:
            return "no relation is complete in this corpus"
        return None if corpus.literals else "the graph holds no dates and no numbers to rank by"

    def applies(self, case: Case) -> bool:
        return any(isinstance(one, Rank) for one in conditions_of(case))

    def holds(self, case: Case) -> bool:
        rank = next(one for one in conditions_of(case) if isinstance(one, Rank))
        atoms, conditions = part_of(case.branches)
        nodes = case.counts.nodes(atoms, conditions - set(case.branch.conditions))
        return len(nodes) >= CANDIDATES and _rank(case.facts, case.pattern, nodes, rank.relation) == rank


def _looser(draft: Draft, rng: random.Random) -> Iterator[Pattern]:
    """The pattern itself, then vaguer and shorter ones, step by step, several times from the start."""
    yield draft.pattern
    for number in range(ROUNDS):
        pattern = draft.pattern
        moves = [*("" for _ in branches(pattern)), *(name for name in pattern.variables for _ in range(3))]
        rng.shuffle(moves)
        if number % 2 == 0:
            moves.sort(key=lambda move: not move)
        for variable in moves:
            clues = branches(pattern)
            if variable:
                vaguer = next_step(draft.corpus, pattern, variable, WIDER) if variable in pattern.variables else None
            else:
                cycles = [one for one in clues if one.closing is not None]
                loose = [one for one in clues if not (draft.is_cyclic and cycles == [one])]
                dropped = rng.choice(loose) if loose else None
                rest = [one for one in clues if one != dropped]
                vaguer = keep_branches(pattern, rest) if rest and dropped is not None else None
            if vaguer is not None:
                pattern = vaguer
                yield pattern


def ranked_values(facts: Facts, nodes: Nodes, relation: str) -> Floats | None:
    """The year or number of every candidate; None where one has none, or two."""
    low, high = bounds(ranking_of(facts, Rank(relation=relation, largest=False)), nodes)
    return low if np.array_equal(low, high) else None


def _rank(facts: Facts, pattern: Pattern, nodes: Nodes, relation: str) -> Rank | None:
    """The focus' place among the candidates from the nearer end; None where it is far from both, or tied."""
    amounts = ranked_values(facts, nodes, relation)
    if amounts is None:
        return None
    own = amounts[nodes == facts.index[pattern.assignment[pattern.focus]]]
    if len(own) != 1 or (amounts == own[0]).sum() != 1:
        return None
    above, below = int((amounts > own[0]).sum()), int((amounts < own[0]).sum())
    place = min(above, below) + 1
    return Rank(relation=relation, largest=above <= below, place=place) if place <= PLACES else None
