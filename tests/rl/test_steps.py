"""What counts as a group that can teach."""

from websailor.rl import Config
from websailor.rl.steps import Outcome, mixed_groups


def outcome(group: int, reward: float, left_out: bool = False) -> Outcome:
    return Outcome(group, "q", reward, {"answer": reward}, reward == 1.0, left_out, left_out, 5, 50, 2, 1, 0, 1.0)


def test_a_group_whose_only_failures_are_left_out_of_the_loss_is_not_mixed():
    outcomes = [outcome(0, 1.0), outcome(0, 1.0), outcome(0, 0.0, left_out=True), outcome(1, 1.0), outcome(1, 0.0)]
    assert mixed_groups(outcomes, Config()) == {1}
    assert mixed_groups(outcomes, Config(truncated_in_baseline=True)) == {0, 1}
