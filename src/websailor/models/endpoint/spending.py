"""What a run spends at endpoints, written down while it goes.

Enters: policies by their role (`expert`, `judge`, ...); endpoints among them count. Leaves: rows of `spending.jsonl`,
each what was spent since the row before; their sum is what the run has spent over all its sittings, whatever ended
them.
"""

from collections.abc import Mapping
from pathlib import Path

from websailor.files import append_json, read_jsonl
from websailor.models.endpoint.policy import EndpointPolicy
from websailor.models.endpoint.prices import Spending

SPENDING = "spending.jsonl"
SUMS = (
    *("replies", "unmetered", "retries"),
    *("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens"),
)


class Spent(Spending):
    """A row."""

    role: str
    """Who was asked: `expert`, `policy`, `judge`, `rewriter`, `reader`."""


class Purse:
    """Notes what the endpoints among `policies` spend, in a run's directory. Several processes may note in one."""

    def __init__(self, out: Path, policies: Mapping[str, object]) -> None:
        self._file = out / SPENDING
        self._ledgers = {role: one.ledger for role, one in policies.items() if isinstance(one, EndpointPolicy)}
        self._noted = {role: ledger.spent for role, ledger in self._ledgers.items()}

    def note(self) -> None:
        """Write down what was spent since the last time."""
        for role, ledger in self._ledgers.items():
            now, before = ledger.spent, self._noted[role]
            if now == before:
                continue
            more: dict[str, float | int | None] = {name: getattr(now, name) - getattr(before, name) for name in SUMS}
            more["cost"] = None if now.cost is None or before.cost is None else now.cost - before.cost
            append_json(self._file, Spent(role=role, **{**now.model_dump(), **more}).model_dump())
            self._noted[role] = now


def spent_by_role(out: Path) -> dict[str, Spending]:
    """What a run has spent over all its sittings. A cost is known only where that of every row is."""
    found: dict[str, Spending] = {}
    for row in read_jsonl(out / SPENDING, Spent) if (out / SPENDING).is_file() else ():
        so_far = found.get(row.role)
        more = Spending.model_validate(row.model_dump(exclude={"role"}))
        found[row.role] = more if so_far is None else _sum(so_far, more)
    return found


def _sum(one: Spending, other: Spending) -> Spending:
    known = one.cost is not None and other.cost is not None and one.currency == other.currency
    update: dict[str, float | int | None] = {name: getattr(one, name) + getattr(other, name) for name in SUMS}
    update["cost"] = (one.cost or 0.0) + (other.cost or 0.0) if known else None
    return one.model_copy(update=update)


def spending_counts(out: Path) -> dict[str, float]:
    """The sums for a manifest; a cost that is not known is left out, not 0."""
    counts: dict[str, float] = {}
    for role, spent in spent_by_role(out).items():
        counts |= {f"{role}_tokens_in": spent.prompt_tokens, f"{role}_tokens_out": spent.completion_tokens}
        if spent.cost is not None and not spent.unmetered:
            counts[f"{role}_cost"] = round(spent.cost, 6)
    return counts
