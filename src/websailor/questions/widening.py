"""Greedy widening: every clue as vague as the one answer allows, and no clue that is not needed.

Enters: an exact pattern whose answer is proved. Leaves: one whose answer is still the only one. One leaf moves by one
lattice step at a time, in random order; a step that would let a second answer in is taken back, and that leaf rests for
good: the others only get vaguer, so it could never move later. (Making everything vague at once leaves few questions
unique.) Every accepted pattern has been proved, none is inferred.
"""

import random
from collections.abc import Callable, Collection

from websailor.questions.corpus import Corpus
from websailor.questions.operators.u1_fuzzy import next_step, within_larger
from websailor.questions.proof.engine import proves
from websailor.questions.reach import unreachable
from websailor.questions.structure import Branch, branches, is_named, keep_branches, siblings
from websailor.records import Pattern


def widen(
    corpus: Corpus,
    pattern: Pattern,
    named: Collection[str],
    lattices: frozenset[str],
    fog: int,
    rng: random.Random,
    taken: dict[str, int] | None = None,
) -> Pattern:
    """Move the leaves up their lattices, each by at most `fog` steps.

    `named` are ids of entities that stay named; with `region` among the lattices they may move outwards once to the
    place that holds them. `taken` counts the steps of each variable over several calls.
    """
    taken = {} if taken is None else taken

    def step(current: Pattern, variable: str) -> Pattern | None:
        if current.assignment[variable] in named:
            return within_larger(corpus, current, variable) if "region" in lattices else None
        return next_step(corpus, current, variable, lattices)

    waiting = [
        name for name in pattern.variables if any(d.variable == name and d.lattice != "kind" for d in pattern.domains)
    ]
    while waiting:
        variable = rng.choice(waiting)
        vaguer = step(pattern, variable) if taken.get(variable, 0) < fog else None
        if vaguer is not None and not unreachable(corpus, vaguer) and proves(corpus.tables, vaguer):
            pattern = vaguer
            taken[variable] = taken.get(variable, 0) + 1
        else:
            waiting.remove(variable)
    return pattern


def drop_redundant(
    corpus: Corpus,
    pattern: Pattern,
    fewest: int,
    fewest_named: int,
    rng: random.Random,
    worth: Callable[[Pattern, Branch], int] | None = None,
) -> tuple[Pattern, int]:
    """Drop clues that the answer does not need, cycles last, down to `fewest` clues and `fewest_named` named anchors.

    Clues of more `worth` (they carry an operator that was asked for) go after the others. Returns the pattern and how
    many clues are left that could still be dropped.
    """
    left = _drop_order(pattern, rng)
    if worth is not None:
        left.sort(key=lambda branch: worth(pattern, branch))
    removable = 0
    kept = branches(pattern)
    for branch in left:
        rest = [other for other in kept if other != branch]
        if not rest:
            break
        smaller = keep_branches(pattern, rest)
        if unreachable(corpus, smaller) or not proves(corpus.tables, smaller):
            continue
        too_few = len(rest) < fewest
        nameless = is_named(pattern, branch.leaf) and _named(smaller) < fewest_named
        if too_few or nameless:
            removable += 1
        else:
            kept = rest
    return keep_branches(pattern, kept), removable


def drop_idle_inequalities(corpus: Corpus, pattern: Pattern) -> Pattern:
    """Drop the inequalities that the answer does not need, except where "another" reads naturally: between two
    described things in the same relation to the same third. With a named one ("the club that Velan Torid joined") no
    reader would take it for the answer, and what is left unsaid need not be proved.
    """
    for pair in pattern.distinct:
        if siblings(corpus, pattern, *pair) and not any(is_named(pattern, name) for name in pair):
            continue
        without = pattern.model_copy(update={"distinct": tuple(other for other in pattern.distinct if other != pair)})
        if proves(corpus.tables, without):
            pattern = without
    return pattern


def _drop_order(pattern: Pattern, rng: random.Random) -> list[Branch]:
    order = branches(pattern)
    rng.shuffle(order)
    return sorted(order, key=lambda branch: (branch.closing is not None, len(branch.atoms)))


def _named(pattern: Pattern) -> int:
    return sum(domain.lattice == "entity" for domain in pattern.domains)
