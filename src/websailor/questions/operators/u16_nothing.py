"""U16, no such thing: a question that sounds like any other, and that nothing fits.

Formal: Ans(Q) is empty. Made of a finished question by moving one of its labels. Closed-world: all its relations are
complete, so that "none" is the truth. To prove: Ans is empty, every clue alone fits something, and without any one of
the clues something fits the rest. Example: "Which company that Velan Torid founded has its head office in a settlement
whose name begins with K?", where there is none.
"""

import random
from collections.abc import Iterator, Sequence

from websailor.questions.corpus import Corpus
from websailor.questions.operators.base import AnySubgraph, Counts, Draft, no_complete_relation
from websailor.questions.proof.labels import number_bounds, year_bounds
from websailor.questions.structure import Branch
from websailor.records import Count, Domain, Pattern, Rank

ANSWER = {"en": "none", "zh": "没有"}
STEPS = (-1, 1, -2, 2, -3, 3, -4, 4)


class Nothing(AnySubgraph):
    """See the module."""

    code = "U16"
    closed_world = True

    def propose(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        """The pattern with one label, initial or count moved."""
        pattern, tables = draft.pattern, draft.tables
        relations = {atom.relation for atom in pattern.atoms}
        if not draft.corpus.complete >= relations or any(isinstance(one, Rank) for one in pattern.conditions):
            return
        moved: list[Pattern] = []
        for number, domain in enumerate(pattern.domains):
            for value in _beside(domain, sorted(tables.initial_members)):
                other = domain.model_copy(update={"value": value})
                domains = (*pattern.domains[:number], other, *pattern.domains[number + 1 :])
                moved.append(pattern.model_copy(update={"domains": domains}))
        for number, condition in enumerate(pattern.conditions):
            if isinstance(condition, Count):
                for step in STEPS:
                    if condition.number + step > 0:
                        other = condition.model_copy(update={"number": condition.number + step})
                        conditions = (*pattern.conditions[:number], other, *pattern.conditions[number + 1 :])
                        moved.append(pattern.model_copy(update={"conditions": conditions}))
        rng.shuffle(moved)
        yield from moved

    def lacks(self, corpus: Corpus) -> str | None:
        return no_complete_relation(corpus)

    def holds(self, counts: Counts, clues: Sequence[Branch]) -> bool:
        """See the module; the answers of the parts are those of the moved pattern."""
        if len(clues) < 2 or counts.of_clues(clues):
            return False
        rests = ([one for one in clues if one != clue] for clue in clues)
        return all(counts.of_clues([clue]) for clue in clues) and all(counts.of_clues(rest) for rest in rests)


def moved_clue(before: Pattern, after: Pattern, clues: Sequence[Branch]) -> int:
    """Which clue holds what was moved."""
    for number, (one, other) in enumerate(zip(before.conditions, after.conditions, strict=True)):
        if one != other:
            return next(place for place, clue in enumerate(clues) if number in clue.conditions)
    old = {(domain.variable, domain.lattice, domain.value) for domain in before.domains}
    variable = next(one.variable for one in after.domains if (one.variable, one.lattice, one.value) not in old)
    leaf = [place for place, clue in enumerate(clues) if clue.leaf == variable]
    numbers = {number for number, atom in enumerate(after.atoms) if variable in (atom.subject, atom.object)}
    return leaf[0] if leaf else next(place for place, clue in enumerate(clues) if numbers & set(clue.atoms))


def stripped(pattern: Pattern) -> Pattern:
    """The pattern without a witness: it has none, and its atoms hide no fact."""
    atoms = tuple(atom.model_copy(update={"fact": ""}) for atom in pattern.atoms)
    return pattern.model_copy(update={"atoms": atoms, "assignment": {}})


def _beside(domain: Domain, letters: Sequence[str]) -> Iterator[str]:
    """Other labels of the same width."""
    match domain.lattice:
        case "initial":
            yield from (letter for letter in letters if letter != domain.value)
        case "decade" | "half_century" | "century":
            first, last = year_bounds(domain.lattice, domain.value)
            width = {"decade": 10, "half_century": 50, "century": 100}[domain.lattice]
            for step in STEPS:
                start = first + step * width
                labels = {
                    "decade": f"{start}s",
                    "half_century": f"{start}-{start + last - first}",
                    "century": str(int(domain.value) + step) if domain.lattice == "century" else "",
                }
                yield labels[domain.lattice]
        case "range":
            low, high = number_bounds(domain.value)
            for step in STEPS:
                if low + step * (high - low) >= 0:
                    yield f"{low + step * (high - low):.0f}..{high + step * (high - low):.0f}"
        case _:
            return
