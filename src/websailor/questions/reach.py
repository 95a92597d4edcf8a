"""What a reader of an open encyclopedia can enumerate, so that an answer is the only one beyond the corpus, too.

Enters: a pattern with the facts of its witness. Leaves: whether every entity of it can be found from what the question
names. What dates and amounts describe so exactly that nothing else in the world fits is as good as named
(`proof.described`). A page tells all that it tells of its own entity; a list of everything (the nominees of an award)
tells both ends of its rows; but no page tells all people who were born in a town, and among the facts of a small corpus
the only one of them is the only one by accident.
"""

import re
from collections.abc import Iterator

from websailor.questions.corpus import Corpus
from websailor.questions.proof.described import described
from websailor.records import Atom, Bears, Fact, Pattern
from websailor.wiki.relations_wikipedia import InfoboxRelation

_BETWEEN = re.compile(r"[,;]\s+")


def unreachable(corpus: Corpus, pattern: Pattern) -> list[str]:
    """The entity variables that a reader cannot enumerate; none in a generated encyclopedia, which is closed."""
    if corpus.lexicon.is_generated:
        return []
    known = {domain.variable for domain in pattern.domains if domain.lattice == "entity"}
    known.update(one.variable for one in pattern.conditions if isinstance(one, Bears))
    known.update(described(corpus.tables, pattern))
    steps = list(_steps(corpus, pattern))
    known.update(end for start, end in steps if start is None)
    grown = True
    while grown:
        fresh = {end for start, end in steps if start in known} - known
        known |= fresh
        grown = bool(fresh)
    return [name for name in pattern.variables if name not in pattern.value_types and name not in known]


def _steps(corpus: Corpus, pattern: Pattern) -> Iterator[tuple[str | None, str]]:
    """(from, to): who knows the one can enumerate the other; from None: anyone can."""
    for atom in pattern.atoms:
        if atom.object in pattern.value_types:
            continue
        relation = corpus.relation(corpus.fact[atom.fact])
        if isinstance(relation, InfoboxRelation):
            yield from _atom_steps(corpus, atom, relation)


def _atom_steps(corpus: Corpus, atom: Atom, relation: InfoboxRelation) -> Iterator[tuple[str | None, str]]:
    fact = corpus.fact[atom.fact]
    if relation.listed:
        yield None, atom.subject
        yield None, atom.object
    if relation.functional or relation.settled or (fact.source.page == fact.subject and _is_read(corpus, fact)):
        yield atom.subject, atom.object
    if relation.inverse_functional or fact.source.page == fact.object:
        yield atom.object, atom.subject


def _is_read(corpus: Corpus, fact: Fact) -> bool:
    """False where an infobox line names more than there are facts: of two spouses one has no link, and is one too."""
    named = len(_BETWEEN.split(fact.source.quote.partition(": ")[2]))
    return fact.source.kind != "infobox" or named <= len(corpus.partners[fact.subject, fact.relation, True])
