"""U8, count: a thing is told by how many partners it has.

Formal: #{y : r(v, y)} = k. Applies to a clue with a `Count`. Closed-world: only relations of which the corpus is
complete, and of the thing itself no partner is disputed. To prove beyond uniqueness: removing it adds answers.
Example: "Which company was founded in Velan Torid and is the employer of exactly three people?"
"""

import random
from collections.abc import Iterator

import numpy as np

from websailor.questions.corpus import Corpus
from websailor.questions.operators.additions import roles, with_condition
from websailor.questions.operators.base import (
    AnySubgraph,
    Case,
    Draft,
    conditions_of,
    no_complete_relation,
    without_condition_narrows,
)
from websailor.questions.proof.conditions import partnered
from websailor.questions.proof.facts import Facts
from websailor.questions.proof.sets import is_member
from websailor.records import Count, Pattern

MOST = 12
"""More than that nobody counts by hand."""


class Counted(AnySubgraph):
    """See the module."""

    code = "U8"
    closed_world = True

    def propose(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        corpus, tables = draft.corpus, draft.tables
        choices: list[tuple[float, Count]] = []
        for variable in draft.described():
            entity = draft.pattern.assignment[variable]
            for name, forward in roles(draft, variable, corpus.complete):
                relation = corpus.lexicon.wording(name, draft.kind(variable))
                if relation is None or (relation.functional if forward else relation.inverse_functional):
                    continue
                saying = "how_many" if forward else "how_many_inverse"
                if not corpus.lexicon.can_say(saying, name, draft.kind(variable)):
                    continue
                facts = corpus.partners.get((entity, name, forward), ())
                stated = {fact.object if forward else fact.subject for fact in facts if draft.usable(fact)}
                count = Count(variable=variable, relation=name, forward=forward, number=len(stated))
                if 1 <= len(stated) <= MOST and surely_has(tables, entity, count):
                    weight = rng.random() * (1 if variable == draft.pattern.focus else 2) / min(len(stated), 3)
                    choices.append((weight, count))
        for _, condition in sorted(choices, key=lambda choice: choice[0]):
            yield with_condition(draft.pattern, condition)

    def lacks(self, corpus: Corpus) -> str | None:
        return no_complete_relation(corpus)

    def applies(self, case: Case) -> bool:
        return any(isinstance(one, Count) for one in conditions_of(case))

    def holds(self, case: Case) -> bool:
        return without_condition_narrows(case)


def surely_has(facts: Facts, entity: str, count: Count) -> bool:
    """True where so many are stated, no more, and none of them is disputed."""
    members, _ = partnered(facts, count, strict=True)
    return bool(is_member(np.array([facts.index[entity]], dtype=np.int64), members.nodes)[0])
