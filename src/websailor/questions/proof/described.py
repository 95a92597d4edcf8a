"""Things that are told by no name and are yet the only ones of their kind in the world, not only in the corpus.

Enters: a pattern over an open corpus. Leaves: the variables whose own dates and amounts are so many and so exact that
fewer than one in twenty such descriptions would fit anything else that exists. Why: a small corpus knows few countries
and few people, so that being the only one in it proves nothing. "A person born on 26 July 1894 who died on 22 November
1963" is one of two million about whom something is written; two days leave 0.04 others, a day and a year leave eight.

The estimate is an upper bound. `InfoboxKind.world` is how many things of a type there are, at the most; of a relation
`InfoboxRelation.spread` is the largest share of them that one year (of amounts: one power of ten) holds. Shares are
multiplied, so that relations that follow from one another must not both have a spread.
"""

import math
from collections.abc import Collection, Iterator

from websailor.questions.proof.facts import Facts
from websailor.questions.proof.labels import number_bounds, year_bounds
from websailor.records import Atom, Domain, Pattern
from websailor.wiki import relations_wikipedia as wikipedia

MOST_OTHERS = 0.05
"""Others in the world that may be expected to fit a description."""
DAYS = 200
"""A year has as many days as count: some are more popular than others."""
ROUGH = 0.005
"""Sources differ by so much about an amount told exactly."""


def described(facts: Facts, pattern: Pattern, atoms: Collection[Atom] | None = None) -> frozenset[str]:
    """The variables that some of a pattern's atoms (all, if none are given) tell from everything else in the world.

    None in a closed corpus.
    """
    if not facts.is_open:
        return frozenset()
    told = pattern.atoms if atoms is None else atoms
    kinds = {one.variable: one.value for one in pattern.domains if one.lattice == "kind"}
    return frozenset(name for name, kind in kinds.items() if expected_others(pattern, told, name, kind) <= MOST_OTHERS)


def expected_others(pattern: Pattern, atoms: Collection[Atom], variable: str, kind: str) -> float:
    """How many other things of the type may be expected to have the dates and amounts that are told of a variable."""
    known = wikipedia.kinds().get(kind)
    if known is None or known.world is None:
        return math.inf
    shares: dict[str, float] = {}
    for relation, domain in _told(pattern, atoms, variable, kind):
        shares[relation.name] = min(shares.get(relation.name, 1.0), share(domain, relation.spread or 1.0))
    return known.world * math.prod(shares.values())


def _told(
    pattern: Pattern, atoms: Collection[Atom], variable: str, kind: str
) -> Iterator[tuple[wikipedia.InfoboxRelation, Domain]]:
    """The relations of a variable with a spread, each with what is told of the literal."""
    for atom in atoms:
        if atom.subject == variable and atom.object in pattern.value_types:
            relation = wikipedia.relation(atom.relation, kind)
            if relation is not None and relation.spread is not None:
                yield from ((relation, domain) for domain in pattern.domains if domain.variable == atom.object)


def share(domain: Domain, spread: float) -> float:
    """The largest share of all things whose date or amount a label may hold."""
    match domain.lattice:
        case "day":
            return spread / DAYS
        case "year" | "decade" | "half_century" | "century":
            first, last = year_bounds(domain.lattice, domain.value)
            return min(1.0, spread * (last - first + 1))
        case "value":
            return min(1.0, spread * 2 * math.log10(1 + ROUGH))
        case "range":
            low, high = number_bounds(domain.value)
            return min(1.0, spread * math.log10(high * (1 + ROUGH) / (low * (1 - ROUGH)))) if low > 0 else 1.0
        case _:
            return 1.0
