"""What the evaluations of a run found.

Enters: their manifests. Leaves: one row per system, the same for tables, charts and `summary.json`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from websailor.records import Manifest
from websailor.report.run_directory import SYSTEMS

NAMES = {"expert": "Expert", "untrained": "Untrained", "sft": "SFT", "control": "SFT, equal compute", "rl": "RL"}


@dataclass(frozen=True, slots=True)
class SystemResult:
    """One system on the held-out questions. Shares are 0 to 1; counts are means per episode."""

    system: str
    name: str
    questions: int
    pass_at_1: float
    low: float
    high: float
    """Bounds of the 95 % interval of pass@1."""
    pass_at_3: float | None
    format_errors: float
    """Share of turns without a usable call or answer."""
    tool_calls: float


def results(manifests: Mapping[str, Manifest]) -> dict[str, SystemResult]:
    """Rows in table order for the systems whose evaluation finished."""
    rows: dict[str, SystemResult] = {}
    for system in SYSTEMS:
        manifest = manifests.get(f"evaluation/{system}")
        if manifest is None:
            continue
        counts = manifest.counts
        rows[system] = SystemResult(
            system=system,
            name=NAMES[system],
            questions=int(counts["questions"]),
            pass_at_1=counts["pass_at_1"],
            low=counts["pass_at_1_low"],
            high=counts["pass_at_1_high"],
            pass_at_3=counts.get("pass_at_3"),
            format_errors=counts["format_errors"],
            tool_calls=counts["tool_calls"],
        )
    return rows
