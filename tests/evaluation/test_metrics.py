"""pass@k and intervals against brute force."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from websailor.evaluation.metrics import best_run, estimate, pass_at_k, pass_at_k_Q, resampled_means


@given(st.lists(st.booleans(), min_size=1, max_size=7), st.data())
def test_pass_at_k_is_the_share_of_subsets_with_a_correct_run(runs: list[bool], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(runs)))
    subsets = list(combinations(runs, k))
    assert pass_at_k(len(runs), sum(runs), k) == pytest.approx(sum(map(any, subsets)) / len(subsets))


@given(st.integers(1, 60), st.data())
def test_pass_at_k_grows_with_k_and_with_correct_runs(runs: int, data: st.DataObject) -> None:
    correct = data.draw(st.integers(0, runs))
    values = [pass_at_k(runs, correct, k) for k in range(1, runs + 1)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(correct / runs)
    if correct < runs:
        assert pass_at_k(runs, correct + 1, 1) > values[0]


@pytest.mark.parametrize(("runs", "correct", "k"), [(3, 1, 4), (3, 1, 0), (3, 4, 1), (3, -1, 1), (0, 0, 1)])
def test_pass_at_k_outside_its_domain(runs: int, correct: int, k: int) -> None:
    with pytest.raises(ValueError, match="not defined"):
        pass_at_k(runs, correct, k)


matrices = (
    st.integers(1, 5)
    .flatmap(lambda runs: st.lists(st.lists(st.booleans(), min_size=runs, max_size=runs), min_size=1, max_size=6))
    .map(lambda rows: np.array(rows, dtype=bool))
)


@given(matrices)
def test_pass_at_one_is_the_mean_over_all_runs(correct_QN: np.ndarray) -> None:
    assert pass_at_k_Q(correct_QN, 1).mean() == pytest.approx(correct_QN.mean())
    assert pass_at_k_Q(correct_QN, correct_QN.shape[1]).tolist() == correct_QN.any(axis=1).tolist()
    assert best_run(correct_QN) == max(column.mean() for column in correct_QN.T)
    assert best_run(correct_QN) >= pass_at_k_Q(correct_QN, 1).mean() - 1e-12


@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from([0.0, 1 / 3, 2 / 3, 1.0]), min_size=1, max_size=4), st.integers(0, 100))
def test_resampled_means_are_those_of_every_resample(values: list[float], seed: int) -> None:
    every = np.array([np.mean(draw) for draw in product(values, repeat=len(values))])  # all Q^Q of them
    drawn = resampled_means(np.array(values), np.random.default_rng(seed), 20_000)
    for threshold in {round(mean, 6) + 1e-5 for mean in every}:
        assert (drawn <= threshold).mean() == pytest.approx((every <= threshold).mean(), abs=0.025)


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=40))
def test_the_interval_holds_the_mean(values: list[float]) -> None:
    found = estimate(np.array(values), np.random.default_rng(0), 400)
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    assert 0 <= found.low <= found.high <= 1
    assert found.questions == len(values)
    if len(set(values)) == 1:
        assert found.low == pytest.approx(found.value) == pytest.approx(found.high)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(300):
        found = estimate((rng.random(100) < 0.4).astype(float), rng, 400)
        covered += found.low <= 0.4 <= found.high
    assert covered / 300 > 0.9


def test_more_questions_give_a_narrower_interval() -> None:
    rng = np.random.default_rng(0)
    few = estimate(np.tile([0.0, 1.0], 16), rng, 1000)
    many = estimate(np.tile([0.0, 1.0], 512), rng, 1000)
    assert many.high - many.low < (few.high - few.low) / 4


def test_no_question_is_an_error() -> None:
    with pytest.raises(ValueError, match="no question"):
        estimate(np.array([]), np.random.default_rng(0), 100)
