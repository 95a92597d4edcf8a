"""The uncertainty operators, one file each: what they do to a query, where they apply, what must be proved.

Enters: a `base.Case`, one clue of a proved pattern. Leaves: the operator that the clue may be labelled with. A label is
earned: an operator that applies but whose obligation fails is not claimed.
"""

from websailor.questions.operators.base import Case, Operator
from websailor.questions.operators.u1_fuzzy import Fuzzy
from websailor.questions.operators.u2_intersection import Intersection
from websailor.questions.operators.u3_nested import Nested
from websailor.questions.operators.u4_cycle import Cycle

OPERATORS: tuple[Operator, ...] = (Cycle(), Nested(), Fuzzy(), Intersection())
"""In order of precedence: a clue that several describe is labelled with the first."""

PLAIN = "U0"


def operator_of(case: Case) -> str:
    """Code of the first operator that applies to a clue and whose obligation holds, else `U0`."""
    for operator in OPERATORS:
        if operator.applies(case) and operator.holds(case):
            return operator.code
    return PLAIN
