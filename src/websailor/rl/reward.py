"""Rewards: a scored trajectory in, named terms out. Their sum is the reward; each is logged on its own.

Presets: `v1` is WebSailor's 0.1 * format + 0.9 * answer, format being 1 when the whole trajectory keeps the protocol
and ends with an answer. `v2` is 0 or 1 for the answer, less a penalty when the trajectory breaks the protocol.
"""

from typing import Literal

from websailor.records import StopReason, Trajectory

Preset = Literal["v1", "v2"]

RIGHT_FROM = 0.5
"""Score from which an answer counts as right."""

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
    """True if a limit ended the episode without an answer."""
    return trajectory.stop in LIMITS and trajectory.answer is None


def excused(trajectory: Trajectory, broken: bool, turn_limit: bool) -> bool:
    """True for a wrong, truncated episode that the conservative treatment of negatives leaves out of the loss.

    `broken`: also one that broke the protocol on its way. `turn_limit`: also one that used up its turns, not only its
    context or its time. With both this is the literal rule; `rl.Config` says what speaks for each.
    """
    assert trajectory.score is not None, "score the trajectory first"
    return (
        truncated(trajectory)
        and trajectory.score.value < RIGHT_FROM
        and (broken or not _broken(trajectory))
        and (turn_limit or trajectory.stop is not StopReason.TURN_LIMIT)
    )


def _broken(trajectory: Trajectory) -> bool:
    return trajectory.usage.format_errors > 0 or trajectory.stop is StopReason.FORMAT_ERROR
