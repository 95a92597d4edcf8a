"""U15, distractor: a true clue that the answer does not need, and that something else fits which is nearly the answer.

Formal: an atom on the focus with Ans unchanged. Added to a finished question. To prove beyond uniqueness: every other
clue is still necessary, and an entity fits this clue and all others but one (the near-miss). Example: "... and was born
in the 1950s", where the one person who fits the rest was, and so was someone who fits all the rest but one clue.
"""

import random
from collections.abc import Iterator

import numpy as np

from websailor.questions.corpus import Corpus
from websailor.questions.operators.additions import literals
from websailor.questions.operators.base import AnySubgraph, Case, Draft, no_literal
from websailor.questions.operators.u1_fuzzy import next_step
from websailor.questions.structure import domain_of, with_literal
from websailor.records import Pattern

VAGUE = frozenset({"decade", "half_century", "century", "range"})


class Distractor(AnySubgraph):
    """See the module."""

    code = "U15"
    closed_world = False

    def propose(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        """The pattern with one more date or number of the focus, as narrow as it will do first."""
        found = literals(draft, [draft.pattern.focus])
        rng.shuffle(found)
        for literal in found:
            pattern = with_literal(draft.pattern, literal.fact)
            variable = pattern.variables[-1]
            while (vaguer := next_step(draft.corpus, pattern, variable, VAGUE)) is not None:
                pattern = vaguer
                yield pattern

    def lacks(self, corpus: Corpus) -> str | None:
        return no_literal(corpus)

    def applies(self, case: Case) -> bool:
        return not case.branch.conditions and domain_of(case.pattern, case.branch.leaf, *VAGUE) is not None

    def holds(self, case: Case) -> bool:
        others = [one for one in case.branches if one != case.branch]
        whole = case.counts.nodes_of_clues(case.branches)
        if not others or not np.array_equal(case.counts.nodes_of_clues(others), whole):
            return False
        return all(len(self.near_misses(case, left_out)) > 0 for left_out in range(len(others)))

    def near_misses(self, case: Case, left_out: int) -> np.ndarray:
        """Who fits all clues, this one too, but for one of the others."""
        others = [one for one in case.branches if one != case.branch]
        rest = [case.branch, *others[:left_out], *others[left_out + 1 :]]
        return np.setdiff1d(case.counts.nodes_of_clues(rest), case.counts.nodes_of_clues(case.branches))
