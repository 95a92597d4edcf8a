"""U14, conflict: sources disagree, and the question says which of them to follow.

Formal: an atom over the statements of one kind of source alone. Applies to a clue with such an atom. To prove beyond
uniqueness: by the other source the answer is not the same. Example: "Which company was founded in the 1920s, according
to the infobox of its article, whatever the text says?"
"""

import random
from collections.abc import Collection, Iterator

import numpy as np

from websailor.questions.corpus import Corpus
from websailor.questions.operators.additions import with_domain, with_untold
from websailor.questions.operators.base import Case, Draft
from websailor.questions.proof.engine import ask
from websailor.questions.proof.facts import SOURCE_KINDS
from websailor.questions.structure import exact_literal
from websailor.records import Pattern


class Conflict:
    """See the module."""

    code = "U14"
    closed_world = False

    def propose(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        pattern, corpus = draft.pattern, draft.corpus
        in_phrase = {number for phrase in pattern.phrases for number in phrase.atoms}
        disputed = [
            number
            for number, atom in enumerate(pattern.atoms)
            if atom.fact in corpus.disputes and atom.stated_in is None and number not in in_phrase
        ]
        rng.shuffle(disputed)
        for number in disputed:
            atom = pattern.atoms[number]
            ruled = atom.model_copy(update={"stated_in": corpus.fact[atom.fact].source.kind})
            yield pattern.model_copy(update={"atoms": (*pattern.atoms[:number], ruled, *pattern.atoms[number + 1 :])})
        told = {(atom.subject, atom.relation) for atom in pattern.atoms}
        choices = [
            (variable, fact)
            for variable in draft.described()
            for fact in corpus.literals.get(pattern.assignment[variable], ())
            if fact.id in corpus.disputes and (variable, fact.relation) not in told and draft.usable(fact)
        ]
        rng.shuffle(choices)
        for variable, fact in choices:
            grown, name = with_untold(pattern, variable, fact)
            ruled = grown.atoms[-1].model_copy(update={"stated_in": fact.source.kind})
            grown = grown.model_copy(update={"atoms": (*grown.atoms[:-1], ruled)})
            yield with_domain(grown, exact_literal(name, fact.object, fact.value_type))

    def lacks(self, corpus: Corpus) -> str | None:
        return None if corpus.disputes else "no two sources of this graph disagree"

    def seeks(self, corpus: Corpus) -> Collection[str] | None:
        """What has two values in the sources."""
        return {fact.subject for fact in corpus.disputes.values()}

    def applies(self, case: Case) -> bool:
        return bool(_ruled(case))

    def holds(self, case: Case) -> bool:
        """By any other kind of source the answers are others."""
        whole = ask(case.facts, case.pattern).nodes
        for number in _ruled(case):
            for kind in SOURCE_KINDS:
                atom = case.pattern.atoms[number]
                if kind == atom.stated_in:
                    continue
                turned = atom.model_copy(update={"stated_in": kind})
                atoms = (*case.pattern.atoms[:number], turned, *case.pattern.atoms[number + 1 :])
                if np.array_equal(ask(case.facts, case.pattern.model_copy(update={"atoms": atoms})).nodes, whole):
                    return False
        return True


def _ruled(case: Case) -> list[int]:
    """The atoms of a clue that say which source counts."""
    return [number for number in case.branch.atoms if case.pattern.atoms[number].stated_in is not None]
