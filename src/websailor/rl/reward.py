"""Rewards: a scored trajectory in, named terms out. Their sum is the reward; each is logged on its own.

Presets: `v1` is WebSailor's 0.1 * format + 0.9 * answer, format being 1 when the whole trajectory keeps the protocol
and ends with an answer. `v2` is 0 or 1 for the answer, less a penalty when the trajectory breaks the protocol.
"""

from typing import Literal

from websailor.records import StopReason, Trajectory

Preset = Literal["v1", "v2"]

LIMITS = frozenset({StopReason.TURN_LIMIT, StopReason.CONTEXT_LIMIT, StopReason.TIME_LIMIT})
"""Endings that say nothing about the policy but that it was cut off."""


def reward_terms(trajectory: Trajectory, preset: Preset, format_penalty: float = 0.1) -> dict[str, float]:
    """`answer` and `format` terms of a scored trajectory. `format_penalty` belongs to `v2`."""
    assert trajectory.score is not None, "score the trajectory first"
    broken = _broken(trajectory)
    if preset == "v1":
        well_formed = not broken and trajectory.answer is not None
        return {"answer": 0.9 * trajectory.score.value, "format": 0.1 * well_formed}
    return {"answer": trajectory.score.value, "format": -format_penalty * broken}


def truncated(trajectory: Trajectory) -> bool:
    """True if a limit ended an episode that kept the protocol, without an answer.

    An episode that breaks the protocol until a limit ends it is not excused: were it left out of the loss, nothing
    would hold the policy to the protocol, and it drifts away from it within twenty steps.
    """
    return trajectory.stop in LIMITS and trajectory.answer is None and not _broken(trajectory)


def _broken(trajectory: Trajectory) -> bool:
    return trajectory.usage.format_errors > 0 or trajectory.stop is StopReason.FORMAT_ERROR
