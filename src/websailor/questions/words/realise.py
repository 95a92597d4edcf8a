"""The realiser: a proved pattern and its clues -> the prompt and a text for every clue.

Enters: the pattern, its clues in the order in which they will be told, style and language. Leaves: `Words`. Raises
`NoWording` where the question cannot be said clearly.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from websailor.questions.corpus import Corpus
from websailor.questions.proof.engine import ask
from websailor.questions.structure import Branch, branches
from websailor.questions.words.chinese import Chinese
from websailor.questions.words.english_question import English
from websailor.questions.words.plan import Clause, Mention, Thing, last_told, plan
from websailor.questions.words.speaker import Speaker
from websailor.records import Atom, Pattern
from websailor.wiki.relations import Language

Style = Literal["brief", "full"]

SPEAKERS: dict[Language, type[Speaker]] = {"en": English, "zh": Chinese}


@dataclass(frozen=True, slots=True)
class Words:
    """A question in words."""

    prompt: str
    clues: tuple[str, ...]
    """One for each branch, in the same order."""


def ordered_clues(pattern: Pattern) -> list[Branch]:
    """The clues in the order in which the question tells them."""
    place = last_told(whole(pattern))

    def told(clue: Branch) -> int:
        said = [("atom", number) for number in clue.atoms] + [("condition", number) for number in clue.conditions]
        return max(place.get(part, -1) for part in said)

    return sorted(branches(pattern), key=told)


def whole(pattern: Pattern) -> Thing:
    """All that a question tells, as a tree."""
    return plan(pattern, range(len(pattern.atoms)), range(len(pattern.conditions)))


def definite_variables(corpus: Corpus, pattern: Pattern, root: Thing) -> frozenset[str]:
    """Variables whose own description fits one entity alone, so that a reader expects "the".

    A real encyclopedia does not say all that is so: there, some clause must say what only one thing can be.
    """
    found: set[str] = set()

    def visit(thing: Thing) -> tuple[set[int], set[int]]:
        atoms, conditions = set[int](), set(thing.conditions)
        for clause in thing.clauses:
            atoms.update(clause.atoms)
            conditions.update(clause.conditions)
            if isinstance(clause.end, Thing):
                below = visit(clause.end)
                atoms |= below[0]
                conditions |= below[1]
        if thing is not root and any(_closes_on_one(corpus, clause) for clause in thing.clauses):
            found.add(thing.variable)
        elif thing is not root and any(_singles_out(corpus, clause) for clause in thing.clauses):
            alone = pattern.model_copy(update={"focus": thing.variable})
            if len(ask(corpus.tables, alone, frozenset(atoms), frozenset(conditions))) == 1:
                found.add(thing.variable)
        return atoms, conditions

    visit(root)
    return frozenset(found)


def _closes_on_one(corpus: Corpus, clause: Clause) -> bool:
    """True for "where the same school has its campus": what was told of before has one such thing at most."""
    if not isinstance(clause.end, Mention) or not isinstance(clause.said, Atom):
        return False
    fact = corpus.fact.get(clause.said.fact)
    relation = None if fact is None or clause.said.relation in corpus.ended else corpus.relation(fact)
    return relation is not None and (relation.inverse_functional if clause.forward else relation.functional)


def _singles_out(corpus: Corpus, clause: Clause) -> bool:
    """True where a clause may fit one thing alone: always, in a generated encyclopedia (all of it is known)."""
    if corpus.lexicon.is_generated:
        return True
    fact = corpus.fact.get(clause.said.fact) if isinstance(clause.said, Atom) else None
    relation = None if fact is None else corpus.relation(fact)
    return relation is not None and (relation.inverse_functional if clause.forward else relation.functional)


def realise(
    corpus: Corpus,
    pattern: Pattern,
    clues: Sequence[Branch],
    style: Style,
    language: Language,
    rng: random.Random,
    may_be_none: bool = False,
) -> Words:
    """Say a question. The same `rng` state gives the same words.

    `may_be_none` adds the sentence that allows the answer "none": to every question without an answer, and to a share
    of the others, so that it tells nothing.
    """
    root = whole(pattern)
    definite = definite_variables(corpus, pattern, root)
    careful = style == "full" or bool(corpus.ended) or not _is_plain(pattern)
    speaker = SPEAKERS[language](corpus, pattern, root, definite, rng, careful)
    prompt = speaker.brief() if style == "brief" else speaker.full()
    if may_be_none:
        prompt += speaker.none_allowed()
    return Words(prompt, tuple(clue_text(corpus, pattern, clue, language, careful) for clue in clues))


def clue_text(corpus: Corpus, pattern: Pattern, clue: Branch, language: Language, careful: bool) -> str:
    """One clue as a statement, always in the same words."""
    alone = plan(pattern, clue.atoms, clue.conditions)
    known = definite_variables(corpus, pattern, alone)
    return SPEAKERS[language](corpus, pattern, alone, known, random.Random(0), careful).statement()


def _is_plain(pattern: Pattern) -> bool:
    """True for a question of plain facts alone."""
    dated = any(atom.at is not None or atom.stated_in is not None for atom in pattern.atoms)
    return not (pattern.conditions or pattern.phrases or dated)
