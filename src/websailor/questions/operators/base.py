"""What an operator is, what it is asked about, and what it adds to.

Enters: a `Case` (one clue of a proved pattern) or a `Draft` (a pattern in the making). Leaves: the protocols `Operator`
and `Proposer`, and `Counts`, the answers to parts of a pattern.
"""

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from websailor.questions.corpus import Corpus
from websailor.questions.proof.engine import ask
from websailor.questions.proof.facts import Facts
from websailor.questions.proof.sets import Nodes
from websailor.questions.structure import Branch, is_named
from websailor.records import Condition, Fact, Pattern

Part = tuple[frozenset[int], frozenset[int]]
"""Atoms and conditions (indices) of a pattern."""


@dataclass(frozen=True)
class Counts:
    """Answers to parts of one pattern, each part proved once."""

    facts: Facts
    pattern: Pattern
    known: dict[Part, Nodes] = field(default_factory=dict)

    def nodes(self, atoms: frozenset[int], conditions: frozenset[int] = frozenset()) -> Nodes:
        """The answers of the query of the given atoms and conditions (indices)."""
        part = (atoms, conditions)
        if part not in self.known:
            self.known[part] = ask(self.facts, self.pattern, atoms, conditions).nodes
        return self.known[part]

    def of(self, atoms: frozenset[int], conditions: frozenset[int] = frozenset()) -> int:
        """How many answers the query of the given atoms and conditions (indices) has."""
        return len(self.nodes(atoms, conditions))

    def of_clues(self, clues: Sequence[Branch]) -> int:
        """How many answers some clues have together."""
        return self.of(*part_of(clues))

    def nodes_of_clues(self, clues: Sequence[Branch]) -> Nodes:
        """The answers that some clues have together."""
        return self.nodes(*part_of(clues))


def part_of(clues: Sequence[Branch]) -> Part:
    """The atoms and conditions that some clues need."""
    return (
        frozenset(number for clue in clues for number in clue.atoms),
        frozenset(number for clue in clues for number in clue.conditions),
    )


@dataclass(frozen=True)
class Case:
    """One clue among the clues of a pattern whose answer is proved."""

    counts: Counts
    branches: Sequence[Branch]
    branch: Branch

    @property
    def pattern(self) -> Pattern:
        return self.counts.pattern

    @property
    def facts(self) -> Facts:
        return self.counts.facts


class Operator(Protocol):
    """One way of making a question uncertain."""

    code: str
    """`U1` .. `U16`."""

    def applies(self, case: Case) -> bool:
        """True where the clue has the operator's form."""
        ...

    def holds(self, case: Case) -> bool:
        """True where what the operator claims beyond uniqueness is proved."""
        ...


@dataclass(frozen=True)
class Draft:
    """A pattern in the making, whose answer is proved, and what may be added to it."""

    corpus: Corpus
    pattern: Pattern
    usable: Callable[[Fact], bool]
    """True for a fact that a page of the question's part states, so that there is evidence for it."""
    together: Callable[[Sequence[str], str, str], bool]
    """True when one of the pages (titles) speaks of both entities (ids)."""
    may_name: bool = True
    """Whether a clue may name an entity."""
    is_cyclic: bool = False
    """Whether a cycle must stay."""

    @property
    def tables(self) -> Facts:
        return self.corpus.tables

    def kind(self, variable: str) -> str:
        """Type of the entity that a variable stands for."""
        return self.corpus.entity[self.pattern.assignment[variable]].kind

    def described(self) -> list[str]:
        """The entity variables that are told of and not named, the focus first."""
        unsaid = unsaid_variables(self.pattern)
        return [
            name
            for name in self.pattern.variables
            if name not in self.pattern.value_types and name not in unsaid and not is_named(self.pattern, name)
        ]


class Proposer(Operator, Protocol):
    """An operator that is added to a question on purpose: U5 .. U14."""

    closed_world: bool
    """True where it rests on what is not stated: only for relations of which the corpus is complete."""

    def propose(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        """Changed patterns with the operator in them, true of the same answer; whether it is still the only one, and
        whether the operator earns its label, is for the maker to prove.
        """
        ...

    def lacks(self, corpus: Corpus) -> str | None:
        """What a corpus lacks for the operator, for people; None where it can be used."""
        ...

    def seeks(self, corpus: Corpus) -> Collection[str] | None:
        """Entities (ids) of which a subgraph must hold one; None: any subgraph will do."""
        ...


class AnySubgraph:
    """Base of the operators that any subgraph may carry."""

    def seeks(self, corpus: Corpus) -> Collection[str] | None:
        """See `Proposer`."""
        del corpus
        return None


def no_complete_relation(corpus: Corpus) -> str | None:
    """What a corpus lacks for an operator that rests on what is not stated."""
    return None if corpus.complete else "no relation is complete in this corpus"


def no_literal(corpus: Corpus) -> str | None:
    """What a corpus lacks for an operator on dates and amounts."""
    return None if corpus.literals else "the graph holds no dates and no numbers"


def unsaid_variables(pattern: Pattern) -> set[str]:
    """The variables between the ends of phrases: no other clue may speak of them."""
    return {
        name
        for phrase in pattern.phrases
        for number in phrase.atoms
        for name in (pattern.atoms[number].subject, pattern.atoms[number].object)
        if name not in (phrase.left, phrase.right)
    }


def without_condition_narrows(case: Case) -> bool:
    """True when the answers are more, or others, without the condition of the clue."""
    atoms, conditions = part_of(case.branches)
    whole = case.counts.nodes(atoms, conditions)
    return not np.array_equal(case.counts.nodes(atoms, conditions - set(case.branch.conditions)), whole)


def conditions_of(case: Case) -> list[Condition]:
    """The conditions that a clue tells."""
    return [case.pattern.conditions[number] for number in case.branch.conditions]
