"""What an operator is, and what it is asked about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from websailor.questions.proof.engine import ask
from websailor.questions.proof.facts import Facts, Nodes
from websailor.questions.structure import Branch
from websailor.records import Pattern

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
