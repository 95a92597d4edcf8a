"""U10, homonym: something is mentioned by a name that several bear, and only the other clues tell which is meant.

Formal: D_v := bearers(name), in place of an exact anchor. Applies to a clue that ends in a variable with a `Bears`. To
prove beyond uniqueness: at least two bearers of a type that the clue admits fit it, and one alone fits all clues.
Example: "Which company has its head office in the Boza Libukos that was twinned with Velan Torid?", where two
settlements bear that name.
"""

import random
from collections.abc import Collection, Iterator

from websailor.questions.corpus import Corpus
from websailor.questions.operators.additions import leaf_facts, told_apart, with_condition, with_domain, with_entity
from websailor.questions.operators.base import Case, Draft, conditions_of
from websailor.questions.operators.u1_fuzzy import replaced
from websailor.questions.proof.engine import ask
from websailor.questions.structure import is_named
from websailor.records import Bears, Domain, Entity, Pattern, Rank


class Homonym:
    """See the module."""

    code = "U10"
    closed_world = False

    def propose(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        pattern, corpus = draft.pattern, draft.corpus
        named = [name for name in pattern.variables if is_named(pattern, name)]
        for variable in rng.sample(named, len(named)):
            entity = corpus.entity[pattern.assignment[variable]]
            if _rivals(corpus, entity):
                kinds = [Domain(variable=variable, lattice="kind", value=entity.kind)]
                yield _borne(replaced(pattern, variable, kinds), variable, entity)
        leaves = [
            (variable, fact)
            for variable in draft.described()
            for fact in leaf_facts(draft, variable)
            if _rivals(
                corpus, corpus.entity[fact.object if fact.subject == pattern.assignment[variable] else fact.subject]
            )
        ]
        rng.shuffle(leaves)
        for variable, fact in leaves:
            grown, leaf = with_entity(pattern, variable, fact)
            entity = corpus.entity[grown.assignment[leaf]]
            grown = with_domain(grown, Domain(variable=leaf, lattice="kind", value=entity.kind))
            yield _borne(told_apart(corpus, grown, leaf), leaf, entity)
        described = [name for name in draft.described() if name != pattern.focus]
        for variable in rng.sample(described, len(described)):
            entity = corpus.entity[pattern.assignment[variable]]
            if _rivals(corpus, entity):
                yield _borne(pattern, variable, entity)

    def lacks(self, corpus: Corpus) -> str | None:
        return None if self.seeks(corpus) else "no two entities of one type bear the same name"

    def seeks(self, corpus: Corpus) -> Collection[str] | None:
        """The homonyms and what is linked to one."""
        found: set[str] = set()
        for entity in corpus.entities:
            if _rivals(corpus, entity):
                found.add(entity.id)
                found.update(end for fact in corpus.links.get(entity.id, ()) for end in (fact.subject, fact.object))
        return found

    def applies(self, case: Case) -> bool:
        return any(isinstance(one, Bears) for one in conditions_of(case))

    def holds(self, case: Case) -> bool:
        """Two bearers fit this clue, and one alone goes with the answer. (A rank would rank the bearers: it is told of
        the focus.)
        """
        pattern = case.pattern
        borne = next(one for one in conditions_of(case) if isinstance(one, Bears))
        turned = pattern.model_copy(update={"focus": borne.variable})
        fitting = ask(case.facts, turned, frozenset(case.branch.atoms), frozenset(case.branch.conditions))
        answer = Domain(variable=pattern.focus, lattice="entity", value=pattern.assignment[pattern.focus])
        known = turned.model_copy(
            update={
                "domains": (*pattern.domains, answer),
                "conditions": tuple(one for one in pattern.conditions if not isinstance(one, Rank)),
            }
        )
        return len(fitting) >= 2 and len(ask(case.facts, known)) == 1


def _rivals(corpus: Corpus, entity: Entity) -> list[str]:
    """Others of its type that bear its name."""
    if not corpus.nameable(entity):
        return []
    return [one for one in corpus.homonyms(entity) if one != entity.id and corpus.entity[one].kind == entity.kind]


def _borne(pattern: Pattern, variable: str, entity: Entity) -> Pattern:
    return with_condition(pattern, Bears(variable=variable, name=entity.name))
