"""What an operator is, and what it is asked about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from websailor.questions.proof.engine import ask
from websailor.questions.proof.facts import Facts
from websailor.questions.structure import Branch
from websailor.records import Pattern


@dataclass(frozen=True)
class Counts:
    """Answers to parts of one pattern, each part proved once."""

    facts: Facts
    pattern: Pattern
    known: dict[frozenset[int], int] = field(default_factory=dict)

    def of(self, atoms: frozenset[int]) -> int:
        """How many answers the query of the given atoms (indices) has."""
        if atoms not in self.known:
            self.known[atoms] = len(ask(self.facts, self.pattern, atoms))
        return self.known[atoms]

    def of_clues(self, clues: Sequence[Branch]) -> int:
        """How many answers some clues have together."""
        return self.of(frozenset(number for clue in clues for number in clue.atoms))


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
