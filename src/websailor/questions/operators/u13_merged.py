"""U13, merged: a thing is told as one of a class of alike things, by what it shares with another.

Formal: r(v, c), r(w, c) (and s(v, d), s(w, d)): v agrees with w in relations whose common objects stay unsaid. Applies
to a clue with a `Phrase` of U13. To prove beyond uniqueness: the class has at least two members besides w, so that the
other clues split it. Example: "Which person has the birthplace and the employer in common with Velan Torid?"
"""

import random
from collections.abc import Iterator

from websailor.questions.corpus import Corpus
from websailor.questions.operators.additions import with_domain
from websailor.questions.operators.base import AnySubgraph, Case, Draft
from websailor.questions.operators.u12_inference import keeps_silent, phrase_of
from websailor.questions.proof.engine import ask
from websailor.questions.structure import fresh, keep_atoms
from websailor.records import Atom, Domain, Fact, Pattern, Phrase

MEMBERS = 2
"""The thing itself and another, besides the one that it is compared with."""
MOST_SHARED = 2
PEERS = 12
"""Alike things looked at for one variable."""


class Merged(AnySubgraph):
    """See the module."""

    code = "U13"
    closed_world = False

    def propose(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        variables = draft.described()
        rng.shuffle(variables)
        for variable in sorted(variables, key=lambda name: name != draft.pattern.focus):
            alike = _alike(draft, variable)
            peers = sorted(alike, key=lambda peer: (-min(len(alike[peer]), MOST_SHARED), rng.random()))
            for peer in peers[:PEERS]:
                shared = alike[peer]
                yield _with_peer(draft, variable, peer, rng.sample(shared, min(len(shared), MOST_SHARED)))

    def lacks(self, corpus: Corpus) -> str | None:
        return None if any(len(facts) > 1 for facts in corpus.partners.values()) else "no two things share anything"

    def applies(self, case: Case) -> bool:
        return phrase_of(case, self.code) is not None

    def holds(self, case: Case) -> bool:
        phrase = phrase_of(case, self.code)
        assert phrase is not None
        return keeps_silent(case.pattern, phrase) and class_size(case, phrase) >= MEMBERS


def class_size(case: Case, phrase: Phrase) -> int:
    """How many things agree so with the one compared with, itself left out."""
    pattern = case.pattern.model_copy(update={"focus": phrase.left})
    alone = keep_atoms(pattern, phrase.atoms, ())
    peer = pattern.assignment[phrase.right]
    exact = Domain(variable=phrase.right, lattice="entity", value=peer)
    others = [domain for domain in alone.domains if domain.variable != phrase.right]
    nodes = ask(case.facts, alone.model_copy(update={"domains": (*others, exact)})).nodes
    return len(nodes) - int((nodes == case.facts.index[peer]).sum())


def _alike(draft: Draft, variable: str) -> dict[str, list[tuple[Fact, Fact]]]:
    """Things of the variable's type that the pattern does not speak of -> pairs of facts with a common other end."""
    corpus, entity = draft.corpus, draft.pattern.assignment[variable]
    kind, present = draft.kind(variable), set(draft.pattern.assignment.values())
    found: dict[str, dict[str, tuple[Fact, Fact]]] = {}
    for fact in corpus.links.get(entity, ()):
        forward = fact.subject == entity
        common = fact.object if forward else fact.subject
        saying = "shared" if forward else "shared_inverse"
        subject_kind = corpus.entity[fact.subject].kind
        if (
            common in present
            or not draft.usable(fact)
            or not corpus.lexicon.can_say(saying, fact.relation, subject_kind)
        ):
            continue
        for other in corpus.partners.get((common, fact.relation, not forward), ()):
            peer = other.subject if forward else other.object
            if peer != entity and peer not in present and corpus.entity[peer].kind == kind and draft.usable(other):
                found.setdefault(peer, {}).setdefault(fact.relation, (fact, other))
    return {peer: list(pairs.values()) for peer, pairs in found.items()}


def _with_peer(draft: Draft, variable: str, peer: str, shared: list[tuple[Fact, Fact]]) -> Pattern:
    pattern = draft.pattern
    right = fresh(pattern, "y")
    pattern = pattern.model_copy(
        update={
            "variables": (*pattern.variables, right),
            "assignment": {**pattern.assignment, right: peer},
            "distinct": (*pattern.distinct, (variable, right)),
        }
    )
    pattern = with_domain(pattern, Domain(variable=right, lattice="entity", value=peer))
    numbers: list[int] = []
    for own, other in shared:
        middle = fresh(pattern, "z")
        forward = own.subject == pattern.assignment[variable]
        ends = ((variable, middle), (right, middle)) if forward else ((middle, variable), (middle, right))
        numbers += [len(pattern.atoms), len(pattern.atoms) + 1]
        atoms = tuple(
            Atom(relation=fact.relation, subject=subject, object=other_end, fact=fact.id)
            for fact, (subject, other_end) in zip((own, other), ends, strict=True)
        )
        pattern = pattern.model_copy(
            update={
                "variables": (*pattern.variables, middle),
                "atoms": (*pattern.atoms, *atoms),
                "assignment": {**pattern.assignment, middle: own.object if forward else own.subject},
            }
        )
    phrase = Phrase(operator="U13", name="", atoms=tuple(numbers), left=variable, right=right)
    return pattern.model_copy(update={"phrases": (*pattern.phrases, phrase)})
