"""The uncertainty operators, one file each: what they do to a query, where they apply, what must be proved.

Enters: a `base.Draft` to add one to, or a `base.Case`, one clue of a proved pattern. Leaves: changed patterns, and the
operator that a clue may be labelled with. A label is earned: an operator that applies but whose obligation fails is not
claimed.
"""

from collections.abc import Mapping

from websailor.questions.operators.base import Case, Operator, Proposer
from websailor.questions.operators.u1_fuzzy import Fuzzy
from websailor.questions.operators.u2_intersection import Intersection
from websailor.questions.operators.u3_nested import Nested
from websailor.questions.operators.u4_cycle import Cycle
from websailor.questions.operators.u5_negation import Negation
from websailor.questions.operators.u6_comparison import Comparison
from websailor.questions.operators.u7_superlative import Superlative
from websailor.questions.operators.u8_count import Counted
from websailor.questions.operators.u9_time import Time
from websailor.questions.operators.u10_homonym import Homonym
from websailor.questions.operators.u11_scale import Scale
from websailor.questions.operators.u12_inference import Inference
from websailor.questions.operators.u13_merged import Merged
from websailor.questions.operators.u14_conflict import Conflict
from websailor.questions.operators.u15_distractor import Distractor
from websailor.questions.operators.u16_nothing import Nothing

_PROPOSERS: tuple[Proposer, ...] = (
    Merged(),
    Inference(),
    Homonym(),
    Conflict(),
    Time(),
    Comparison(),
    Scale(),
    Counted(),
    Negation(),
    Superlative(),
)
PROPOSERS: Mapping[str, Proposer] = {operator.code: operator for operator in _PROPOSERS}
"""Operators that are added on purpose, in the order in which they are added: what brings new things first, then what is
told of things, and last what ranks all that the rest leaves.
"""

DISTRACTOR, NOTHING = Distractor(), Nothing()
"""What is done to a finished question."""

OPERATORS: tuple[Operator, ...] = (
    *(PROPOSERS[code] for code in ("U7", "U8", "U5", "U11", "U6", "U9", "U10", "U14", "U12", "U13")),
    Cycle(),
    Nested(),
    Fuzzy(),
    Intersection(),
)
"""In order of precedence: a clue that several describe is labelled with the first."""

PLAIN = "U0"
CLOSED_WORLD = frozenset({*(code for code, operator in PROPOSERS.items() if operator.closed_world), NOTHING.code})


def operator_of(case: Case) -> str:
    """Code of the first operator that applies to a clue and whose obligation holds, else `U0`."""
    for operator in OPERATORS:
        if operator.applies(case) and operator.holds(case):
            return operator.code
    return PLAIN
