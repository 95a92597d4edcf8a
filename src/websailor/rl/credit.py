"""Credit: rewards of groups of rollouts in, one advantage a rollout out. Every engine uses this one function.

Leave-one-out (WebSailor-V2; RLOO, Ahmadian et al. 2024): A_j = R_j - mean_{k != j} R_k. Standardised (WebSailor V1;
GRPO): A_j = (R_j - mean) / std, the sample deviation. Groups whose rewards are all equal teach nothing: they stay as
they are (`none`), give their place to copies of random mixed groups (`duplicate`, DUPO) or leave the batch (`dynamic`,
DAPO; the caller then rolls out more).
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Baseline = Literal["leave_one_out", "standardised"]
Replacement = Literal["none", "duplicate", "dynamic"]


def advantages(
    reward_N: NDArray[np.floating],
    group_N: NDArray[np.integer],
    truncated_N: NDArray[np.bool_],
    tokens_N: NDArray[np.integer],
    *,
    rng: np.random.Generator,
    baseline: Baseline = "leave_one_out",
    replacement: Replacement = "none",
    leave_out_truncated: bool = True,
    truncated_in_baseline: bool = False,
    right_from: float = 0.5,
) -> NDArray[np.float64]:
    """Advantage of every rollout, float64 [N].

    `group_N` numbers the questions, `truncated_N` marks rollouts that a limit ended, `tokens_N` counts the agent's own
    tokens. Truncated rollouts with a reward below `right_from` are left out of the loss, and of the baseline unless
    `truncated_in_baseline`; their advantage is 0.

    The advantages are scaled so that a plain mean over the tokens of ALL given rollouts is the mean over those that are
    kept, copies counted as often as they occur: an engine that averages over its batch computes the loss of literal
    leaving out and literal duplication.
    """
    reward_N = np.asarray(reward_N, dtype=np.float64)
    kept_N = ~(truncated_N & (reward_N < right_from)) if leave_out_truncated else np.ones(len(reward_N), dtype=bool)
    counted_N = kept_N | truncated_in_baseline
    advantage_N = np.zeros(len(reward_N))
    mixed: list[int] = []
    groups = np.unique(group_N)
    for group in groups:
        member_N = (group_N == group) & counted_N
        member_R = reward_N[member_N]
        if not len(member_R) or member_R.min() == member_R.max():
            continue
        mixed.append(group)
        centred_N = np.where(member_N, reward_N - member_R.mean(), 0.0)
        factor = len(member_R) / (len(member_R) - 1) if baseline == "leave_one_out" else 1 / member_R.std(ddof=1)
        advantage_N += centred_N * factor
    copies = dict.fromkeys(groups if replacement == "none" else mixed, 1)
    if replacement == "duplicate" and mixed:
        for group in rng.choice(mixed, size=len(groups) - len(mixed)):
            copies[group] += 1
    weight_N = np.array([copies.get(group, 0) for group in group_N]) * kept_N
    weighted_tokens = (weight_N * tokens_N).sum()
    return advantage_N * weight_N * (tokens_N.sum() / weighted_tokens) if weighted_tokens else np.zeros(len(reward_N))
