"""U4, cycle: two of the things that are described are tied to each other ("the same X").

Formal: r(f, x), s(f, y), t(x, y): an atom between two variables that other atoms already reach. Applies to the atom
that closes the cycle. To prove beyond uniqueness: without it there are more answers. Example: "Which person lives in a
settlement and works for a company that has its head office in the same settlement?"
"""

from websailor.questions.operators.base import Case


class Cycle:
    """See the module."""

    code = "U4"

    def applies(self, case: Case) -> bool:
        return case.branch.closing is not None

    def holds(self, case: Case) -> bool:
        everything = frozenset(number for branch in case.branches for number in branch.atoms)
        return case.counts.of(everything - {case.branch.closing}) > case.counts.of(everything)
