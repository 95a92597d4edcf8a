"""What a reader of an open encyclopedia can enumerate, so that an answer is the only one beyond the corpus, too.

Enters: a pattern with the facts of its witness. Leaves: whether every entity of it can be found from what the question
names, and whether every clue can be checked on whatever else may be found. What dates and amounts describe so exactly
that nothing else in the world fits is as good as named (`proof.described`). The infobox and the lists of a page tell
all of their kind of its own entity, unless they are a choice by nature (notable works); a list of everything (the
nominees of an award) tells both ends of its rows; but no page tells all people who were born in a town, and among the
facts of a small corpus the only one of them is the only one by accident. So it is with the only one of all whom
Schopenhauer influenced that worked in Zurich, as long as the pages of the others are not there to say where they did.
"""

import re
from collections.abc import Iterator

from websailor.questions.corpus import Corpus
from websailor.questions.proof.described import described
from websailor.questions.proof.engine import ask
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


def undecided(corpus: Corpus, pattern: Pattern) -> list[str]:
    """The relations of clues that cannot be checked on something else that fits all the rest: it has no page here that
    would say so, and neither does the page of what it would be related to.
    """
    if corpus.lexicon.is_generated:
        return []
    known = {domain.variable for domain in pattern.domains if domain.lattice == "entity"}
    known.update(described(corpus.tables, pattern))
    found: list[str] = []
    for number, atom in enumerate(pattern.atoms):
        if atom.subject in known or atom.object in pattern.value_types:
            continue
        relation = corpus.relation(corpus.fact[atom.fact])
        if isinstance(relation, InfoboxRelation) and not _tells_subjects(corpus.fact[atom.fact], relation):
            rest = frozenset(range(len(pattern.atoms))) - {number}
            turned = pattern.model_copy(update={"focus": atom.subject})
            nodes = ask(corpus.tables, turned, rest, frozenset(range(len(pattern.conditions)))).nodes
            rivals = {corpus.tables.name(int(node)) for node in nodes} - {pattern.assignment[atom.subject]}
            if any(not _says(corpus, rival, atom.relation, relation) for rival in rivals):
                found.append(atom.relation)
    return found


def out_of_reach(corpus: Corpus, pattern: Pattern) -> list[str]:
    """Why others than the answer may fit a pattern beyond the corpus: what its readers cannot find, or cannot check."""
    lost = [f"nothing leads a reader to {pattern.assignment[name]}" for name in unreachable(corpus, pattern)]
    return lost + [f"nobody can check {relation} on all that fits the rest" for relation in undecided(corpus, pattern)]


def _says(corpus: Corpus, name: str, key: str, relation: InfoboxRelation) -> bool:
    """True when pages tell whether something has a relation to a thing: its own, or one that gives it its only one.
    What nothing states may be anybody.
    """
    entity = corpus.entity.get(name)
    if entity is None:
        return False
    if entity.statistics.get("has_page", 1):
        return True
    only = relation.functional or relation.settled
    return only and any(corpus.partners.get((name, one, True)) for one in corpus.lexicon.same(key))


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
    told = fact.source.page == fact.subject and not relation.partial and _is_read(corpus, fact)
    if relation.functional or relation.settled or told:
        yield atom.subject, atom.object
    if _tells_subjects(fact, relation):
        yield atom.object, atom.subject


def _tells_subjects(fact: Fact, relation: InfoboxRelation) -> bool:
    """True where who knows the object can find all subjects."""
    listed = fact.source.page == fact.object and fact.source.kind != "sentence"
    return relation.listed or relation.inverse_functional or listed


def _is_read(corpus: Corpus, fact: Fact) -> bool:
    """False where an infobox line names more than there are facts: of two spouses one has no link, and is one too."""
    named = len(_BETWEEN.split(fact.source.quote.partition(": ")[2]))
    return fact.source.kind != "infobox" or named <= len(corpus.partners.get((fact.subject, fact.relation, True), ()))
