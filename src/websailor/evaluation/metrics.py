"""The numbers of an evaluation as pure functions of arrays. Axes: Q questions, N runs, K resamples.

Enters: which runs were correct. Leaves: pass@k, the best run, bootstrap intervals.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over questions with its 95 % interval."""

    value: float
    low: float
    high: float
    questions: int


def pass_at_k(runs: int, correct: int, k: int) -> float:
    """Chance that at least one of `k` runs drawn without replacement from `runs` is correct, when `correct` of them
    are.

    The unbiased estimator `1 - C(n-c, k) / C(n, k)` (Chen et al. 2021, arXiv:2107.03374, equation 1). Needs `k <=
    runs`.
    """
    if not 1 <= k <= runs or not 0 <= correct <= runs:
        raise ValueError(f"pass@{k} of {correct} correct in {runs} runs is not defined")
    return 1.0 - math.comb(runs - correct, k) / math.comb(runs, k)


def pass_at_k_Q(
    correct_QN: NDArray[np.bool_], k: int, there_QN: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """pass@k of every question that has `k` runs; `there_QN` says which runs there are, by default all."""
    runs_Q = _there(correct_QN, there_QN).sum(axis=1)
    pairs = zip(runs_Q.tolist(), correct_QN.sum(axis=1).tolist(), strict=True)
    return np.array([pass_at_k(runs, correct, k) for runs, correct in pairs if runs >= k], dtype=np.float64)


def best_run(correct_QN: NDArray[np.bool_], there_QN: NDArray[np.bool_] | None = None) -> float:
    """Share correct in the best of the N runs: a maximum, not an estimate; papers print it as pass@1 at times."""
    asked_N = _there(correct_QN, there_QN).sum(axis=0)
    return float((correct_QN.sum(axis=0)[asked_N > 0] / asked_N[asked_N > 0]).max())


def _there(correct_QN: NDArray[np.bool_], there_QN: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    return np.ones_like(correct_QN) if there_QN is None else there_QN


def estimate(value_Q: NDArray[np.float64], rng: np.random.Generator, resamples: int, level: float = 0.95) -> Estimate:
    """Mean over questions with a percentile bootstrap interval: questions are drawn anew, their runs stay together."""
    questions = len(value_Q)
    if not questions:
        raise ValueError("no question to average over")
    low, high = np.quantile(resampled_means(value_Q, rng, resamples), [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value=float(value_Q.mean()), low=float(low), high=float(high), questions=questions)


def resampled_means(value_Q: NDArray[np.float64], rng: np.random.Generator, resamples: int) -> NDArray[np.float64]:
    """Means of `resamples` draws of Q questions with replacement: `mean_K`."""
    # equal values are drawn together: how often each occurs is multinomial, and there are at most N+1 of them
    values, counts = np.unique(value_Q, return_counts=True)
    drawn_KV = rng.multinomial(len(value_Q), counts / len(value_Q), size=resamples)
    return drawn_KV @ values / len(value_Q)
