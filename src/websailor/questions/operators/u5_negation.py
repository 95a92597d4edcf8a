"""U5, negation: a thing is told by what it has not, never had, or is not.

Formal: D_v := D_v minus the projection of r (of r(v, o), where an object is named). Applies to a clue with a `Without`.
Closed-world: only relations of which the corpus is complete; a partner that sources dispute rules no rival out. To
prove beyond uniqueness: removing it adds answers.
Example: "Which person works for Melik Works and has never received an award?"
"""

import random
from collections.abc import Iterator

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
from websailor.records import Pattern, Without

DENIED_SHARE = 0.35
"""How often a named object is denied before everything is, where a question may name one."""


class Negation(AnySubgraph):
    """See the module."""

    code = "U5"
    closed_world = True

    def propose(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        described = draft.described()
        choices = [
            (rng.random() * (1 if variable == draft.pattern.focus else 2), variable, relation, forward)
            for variable in described
            for relation, forward in roles(draft, variable, draft.corpus.complete)
        ]
        for _, variable, relation, forward in sorted(choices):
            denied = draft.may_name and rng.random() < DENIED_SHARE
            found = _denial(draft, rng, variable, relation, forward) if denied else None
            found = found or _absence(draft, variable, relation, forward)
            if found is not None:
                yield with_condition(draft.pattern, found)

    def lacks(self, corpus: Corpus) -> str | None:
        return no_complete_relation(corpus)

    def applies(self, case: Case) -> bool:
        return any(isinstance(one, Without) for one in conditions_of(case))

    def holds(self, case: Case) -> bool:
        return without_condition_narrows(case)


def _absence(draft: Draft, variable: str, relation: str, forward: bool) -> Without | None:
    """None whatever: "is still alive", "never had children"."""
    corpus, entity = draft.corpus, draft.pattern.assignment[variable]
    if not corpus.lexicon.can_say("none" if forward else "none_inverse", relation, draft.kind(variable)):
        return None
    if _has(draft, entity, relation, forward):
        return None
    return Without(variable=variable, relation=relation, forward=forward)


def _denial(draft: Draft, rng: random.Random, variable: str, relation: str, forward: bool) -> Without | None:
    """Not this one, where there is another: "did not study at Dovi College"."""
    corpus, entity = draft.corpus, draft.pattern.assignment[variable]
    if not corpus.lexicon.can_say("denied" if forward else "denied_inverse", relation, draft.kind(variable)):
        return None
    own = {fact.object if forward else fact.subject for fact in corpus.partners.get((entity, relation, forward), ())}
    if not own:
        return None
    present = set(draft.pattern.assignment.values())
    near = {
        fact.object if forward else fact.subject
        for other in _alike(draft, entity)
        for fact in corpus.partners.get((other, relation, forward), ())
    }
    others = sorted(near - own - present)
    return Without(variable=variable, relation=relation, forward=forward, object=rng.choice(others)) if others else None


def _alike(draft: Draft, entity: str) -> set[str]:
    """Things that share a neighbour and the type with an entity: those that one might take for it."""
    corpus = draft.corpus
    kind = corpus.entity[entity].kind
    near = {end for fact in corpus.links.get(entity, ())[:8] for end in (fact.subject, fact.object)}
    return {
        end
        for one in near
        for fact in corpus.links.get(one, ())[:30]
        for end in (fact.subject, fact.object)
        if end != entity and corpus.entity[end].kind == kind
    }


def _has(draft: Draft, entity: str, relation: str, forward: bool) -> bool:
    """True when anything states the relation of an entity, in the tables that proofs use."""
    table = draft.tables.tables.get(relation)
    if table is None:
        return False
    rows = table.by_subject if forward else table.by_object
    node = draft.tables.index[entity]
    return bool((rows.keys == node).any())
