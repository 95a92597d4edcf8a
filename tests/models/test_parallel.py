"""Two processes train as one."""

from pathlib import Path

import pytest
import torch

from websailor.errors import UserError
from websailor.models.local.parallel import Group, run_parallel


def _work(group: Group, out: Path) -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    data = torch.arange(12.0).view(4, 3)
    layer(data[group.rank :: group.size]).square().sum().backward()
    group.sum_gradients(layer.parameters())
    total = group.sum(float(group.rank + 1))
    agreed = group.agree(f"from {group.rank}")
    gathered = group.gather(group.rank)
    assert layer.weight.grad is not None
    torch.save([layer.weight.grad, total, agreed, gathered], out / f"{group.size}-{group.rank}.pt")


def _complain(group: Group) -> None:
    if group.rank == group.size - 1:
        raise UserError("say what to do")


def test_gradients_of_two_processes_equal_those_of_one(tmp_path: Path):
    run_parallel(_work, 1, tmp_path)
    run_parallel(_work, 2, tmp_path)
    alone, _, _, _ = torch.load(tmp_path / "1-0.pt")
    for rank in range(2):
        gradient, total, agreed, gathered = torch.load(tmp_path / f"2-{rank}.pt")
        torch.testing.assert_close(gradient, alone)
        assert total == [3.0]
        assert agreed == "from 0"
        assert gathered == [0, 1]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_users_error_in_a_worker_arrives_as_such(processes: int):
    with pytest.raises(UserError, match="say what to do"):
        run_parallel(_complain, processes)
