"""The draft of a question: which things it names, which dates and numbers it tells.

Enters: the facts of a subgraph, or the exact pattern that they make. Leaves: what stays named, the pattern with
literals; for a question that names nothing, the facts that can be told without a name. In a real encyclopedia such a
question stands on what dates and amounts describe (`proof.described`): those literals come first, a date by its day.
"""

import random
from collections.abc import Callable, Collection, Sequence

from websailor.questions.corpus import Corpus
from websailor.questions.structure import is_named, with_literal
from websailor.records import Fact, Pattern
from websailor.wiki.relations_wikipedia import InfoboxRelation

ROOM = 3
"""So many literals more than clues are wanted where nothing is named: those that are not needed are dropped again."""


def choose_named(facts: Sequence[Fact], focus: str, count: int, rng: random.Random) -> list[str]:
    """Which entities stay named: leaves first, since a name in the middle makes what lies beyond it idle."""
    degree: dict[str, int] = {}
    for fact in facts:
        for entity in (fact.subject, fact.object):
            degree[entity] = degree.get(entity, 0) + 1
    others = sorted(entity for entity in degree if entity != focus)
    rng.shuffle(others)
    others.sort(key=lambda entity: degree[entity])
    return others[:count]


def told_twice(corpus: Corpus, facts: Sequence[Fact]) -> str | None:
    """A relation that has one object by nature and two here: a place of death with the city and its country."""
    told: set[tuple[str, str]] = set()
    for fact in facts:
        relation = corpus.relation(fact)
        if relation is not None and relation.functional and not corpus.lexicon.is_generated:
            if (fact.subject, relation.name) in told:
                return f"{fact.subject} {relation.name}"
            told.add((fact.subject, relation.name))
    return None


def keep_named(pattern: Pattern, named: list[str], least: int, rng: random.Random) -> int:
    """How many of a pattern's names stay; where operators that were to bring some did not, further ones are added to
    `named`, as far as the pattern still names any.
    """
    said = [name for name in pattern.variables if is_named(pattern, name)]
    staying = [name for name in said if pattern.assignment[name] in named]
    others = [name for name in said if name not in staying]
    more = rng.sample(others, min(len(others), max(0, least - len(staying))))
    named += [pattern.assignment[name] for name in more]
    return len(staying) + len(more)


def with_literals(
    corpus: Corpus,
    pattern: Pattern,
    left_out: Collection[str],
    missing: int,
    spared: int,
    is_usable: Callable[[Fact], bool],
    rng: random.Random,
) -> Pattern:
    """Add up to `missing` literals of the things that are not `left_out` (ids), rather of others than the focus; of
    each at least `spared` stay untold.
    """
    choices = [
        fact
        for entity in pattern.assignment.values()
        if entity not in left_out
        for fact in corpus.literals.get(entity, ())
        if len(corpus.literals[entity]) > spared and is_usable(fact)
    ]
    focus = pattern.assignment[pattern.focus]
    drawn = sorted(choices, key=lambda fact: (rng.random() * (0.5 if fact.subject == focus else 1.0), fact.id))
    return _added(corpus, pattern, drawn, missing)


def with_describing_literals(
    corpus: Corpus, pattern: Pattern, missing: int, is_usable: Callable[[Fact], bool], rng: random.Random
) -> Pattern:
    """Add what describes the things of a pattern that names nothing: first what tells one from all others in the world,
    then a literal of everything that but one atom speaks of, then others.
    """
    degree = dict.fromkeys(pattern.assignment.values(), 0)
    for atom in pattern.atoms:
        for name in (atom.subject, atom.object):
            degree[pattern.assignment[name]] += 1
    choices = [fact for entity in degree for fact in corpus.literals.get(entity, ()) if is_usable(fact)]
    rng.shuffle(choices)
    choices.sort(key=lambda fact: (not describes(corpus, fact), degree[fact.subject]))
    first: dict[str, Fact] = {}
    for fact in choices:
        first.setdefault(fact.subject, fact)
    leading = [one for one in choices if describes(corpus, one) or first[one.subject] is one]
    return _added(corpus, pattern, [*leading, *(one for one in choices if one not in leading)], missing + ROOM)


def describes(corpus: Corpus, fact: Fact) -> bool:
    """True for a date or an amount that helps to tell its subject from everything else in the world."""
    relation = corpus.relation(fact)
    return isinstance(relation, InfoboxRelation) and relation.spread is not None


def _added(corpus: Corpus, pattern: Pattern, drawn: Sequence[Fact], most: int) -> Pattern:
    taken: set[tuple[str, str]] = set()
    for fact in drawn:
        if len(taken) >= most:
            break
        relation = corpus.relation(fact)
        key = (fact.subject, fact.relation if relation is None else relation.name)
        if key not in taken:
            taken.add(key)
            pattern = with_literal(pattern, fact, by_day=not corpus.lexicon.is_generated and describes(corpus, fact))
    return pattern


def without_names(corpus: Corpus, facts: Sequence[Fact], focus: str) -> list[Fact]:
    """The facts that are left of a subgraph when its ends of which no date or number is known are taken away."""
    kept = list(facts)
    while True:
        degree: dict[str, int] = {}
        for fact in kept:
            for entity in (fact.subject, fact.object):
                degree[entity] = degree.get(entity, 0) + 1
        bare = {
            entity
            for entity, count in degree.items()
            if count == 1 and entity != focus and not (corpus.literals.get(entity) and _is_sayable(corpus, entity))
        }
        if not bare:
            return kept
        kept = [fact for fact in kept if bare.isdisjoint((fact.subject, fact.object))]


def _is_sayable(corpus: Corpus, entity: str) -> bool:
    return corpus.nameable(corpus.entity[entity])
