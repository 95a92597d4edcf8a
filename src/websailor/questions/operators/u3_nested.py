"""U3, nested: an anchor is reached through things that are described and never named.

Formal: an existential chain r1(f, x), r2(x, a) with the anchor at its end. Applies to a path of two atoms or more. To
prove beyond uniqueness: some step of the chain, walked from the anchor to the focus, leaves a choice (not all are
functional), else the chain is only a longer name. Example: "works for the company that Velan Torid founded".
"""

from websailor.questions.operators.base import Case
from websailor.questions.proof.facts import Facts
from websailor.questions.proof.labels import members
from websailor.questions.structure import Branch
from websailor.records import Pattern

DEPTH = 2


class Nested:
    """See the module."""

    code = "U3"

    def applies(self, case: Case) -> bool:
        return case.branch.closing is None and len(case.branch.atoms) >= DEPTH

    def holds(self, case: Case) -> bool:
        return leaves_a_choice(case.facts, case.pattern, case.branch)


def leaves_a_choice(facts: Facts, pattern: Pattern, branch: Branch) -> bool:
    """True when some atom of the path has several partners on the side of the focus."""
    inner = pattern.focus
    for number in branch.atoms:
        atom = pattern.atoms[number]
        outer = atom.object if atom.subject == inner else atom.subject
        table = facts.tables[atom.relation]
        value = pattern.assignment[outer]
        value_type = pattern.value_types.get(outer, "entity")
        nodes = members(facts, "entity" if value_type == "entity" else "value", value, value_type)
        _, partners = (table.by_object if outer == atom.object else table.by_subject).of(nodes)
        if len(partners) > 1:
            return True
        inner = outer
    return False
