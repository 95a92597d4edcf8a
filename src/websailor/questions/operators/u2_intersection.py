"""U2, intersection: several clues about one thing, each too weak alone.

Formal: at least three atoms on one variable. Applies to a clue that is one of them. To prove beyond uniqueness: no
single clue of the question suffices. Example: "Which person was born in Velan Torid, studied at Dovi College and works
for Melik Works?", where several were born there, studied there and work there.
"""

from websailor.questions.operators.base import Case

ATOMS = 3


class Intersection:
    """See the module."""

    code = "U2"

    def applies(self, case: Case) -> bool:
        pattern = case.pattern
        first = pattern.atoms[case.branch.atoms[0]]
        shared = sum(pattern.focus in (atom.subject, atom.object) for atom in pattern.atoms)
        return pattern.focus in (first.subject, first.object) and shared >= ATOMS

    def holds(self, case: Case) -> bool:
        return all(case.counts.of_clues([branch]) > 1 for branch in case.branches)
