"""How even a set is.

Enters: how often each kind occurs. Leaves: how many equally common kinds would be as diverse. It stands below the
stages, since the sampler of subgraphs is measured by it and the report shows it.
"""

import math
from collections.abc import Iterable


def effective_number(counts: Iterable[int]) -> float:
    """exp of the entropy of the shares: the Hill number of order 1 (Hill 1973). 0 of nothing."""
    values = [count for count in counts if count > 0]
    total = sum(values)
    return math.exp(-sum(count / total * math.log(count / total) for count in values)) if total else 0.0
