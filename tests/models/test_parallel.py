"""Two processes train as one."""

import os
import signal
import subprocess
import sys
import time
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


def _wait(group: Group, out: Path) -> None:
    (out / f"{group.rank}.pid").write_text(str(os.getpid()))
    time.sleep(600)


def _alive(pid: str) -> bool:
    file = Path(f"/proc/{pid}/stat")
    return file.is_file() and file.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
@pytest.mark.parametrize("importing", [True, False])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_an_end_of_any_kind_leaves_no_process_and_an_interrupt_no_traceback(tmp_path: Path, sent: int, importing: bool):
    program = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_parallel import _wait
from websailor.models.local.parallel import run_parallel
if __name__ == "__main__":
    try:
        run_parallel(_wait, 2, Path({str(tmp_path)!r}))
    except KeyboardInterrupt:
        sys.exit(130)
"""
    (tmp_path / "program.py").write_text(program)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "program.py")],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell starts background jobs with interrupts ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    children: list[str] = []
    deadline = time.monotonic() + 120
    while len(children) < 2 and time.monotonic() < deadline:
        found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        children = [pid for pid in found if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]
        time.sleep(0.01)
    while not importing and len(list(tmp_path.glob("*.pid"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    # Ctrl-C reaches the whole group; `kill -9` the one process.
    os.killpg(process.pid, sent) if sent == signal.SIGINT else process.kill()
    _, said = process.communicate(timeout=120)
    assert process.returncode == (130 if sent == signal.SIGINT else -signal.SIGKILL)
    if sent == signal.SIGINT:
        assert said == ""
    assert "KeyboardInterrupt" not in said
    deadline = time.monotonic() + 60
    while any(_alive(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in children if _alive(pid)]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_users_error_in_a_worker_arrives_as_such(processes: int):
    with pytest.raises(UserError, match="say what to do"):
        run_parallel(_complain, processes)
