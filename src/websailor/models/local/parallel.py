"""Data-parallel training on one machine: one process a core, gloo all-reduce.

Enters: a picklable function `worker(group, *arguments)`. Leaves: the same function run by every process, with
gradients averaged where it asks for it. One torch thread a process: two OpenMP threads on a shared machine run slower
than one.
"""

import logging
import os
import signal
import tempfile
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing
from torch import nn

from websailor.errors import UserError
from websailor.progress import interrupts_blocked


class Group:
    """The processes that train together; a single process is a group of one and sends nothing."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank = rank
        self.size = size

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace every gradient by its sum over the processes, in one flat all-reduce (missing gradients count as
        zero)."""
        if self.size == 1:
            return
        parameters = list(parameters)
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in parameters])
        distributed.all_reduce(flat)
        offset = 0
        for parameter in parameters:
            count = parameter.numel()
            parameter.grad = flat[offset : offset + count].view_as(parameter)
            offset += count

    def sum(self, *values: float) -> list[float]:
        """Sums of numbers over the processes (float64)."""
        if self.size == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64)
        distributed.all_reduce(tensor)
        return tensor.tolist()

    def gather(self, value: Any) -> list[Any]:
        """Any picklable value from every process, in rank order, on every process."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        distributed.all_gather_object(values, value)
        return values

    def agree(self, value: Any) -> Any:
        """The first process' value, on every process."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0)
        return box[0]


def default_processes() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_parallel(worker: Callable[..., None], processes: int, *arguments: Any) -> None:
    """Run `worker(group, *arguments)` in `processes` processes (0: one a core) and wait; an error in one stops all.

    A `UserError` in a worker is raised here again as such, so that it reaches the user as one line.
    """
    processes = processes or default_processes()
    if processes == 1:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            worker(Group(), *arguments)
        finally:
            torch.set_num_threads(threads)
        return
    with tempfile.TemporaryDirectory(prefix="websailor-") as folder:
        store = Path(folder) / "rendezvous"
        complaint = Path(folder) / "user-error"
        # It announces each process that it ends beside one that failed; the failure itself is raised.
        logging.getLogger("torch.multiprocessing.spawn").setLevel(logging.ERROR)
        try:
            _spawn((processes, os.getpid(), str(store), str(complaint), worker, arguments))
        except multiprocessing.ProcessRaisedException:  # pyright: ignore[reportPrivateImportUsage]
            if complaint.is_file():
                raise UserError(complaint.read_text(encoding="utf-8")) from None
            raise


def _spawn(arguments: tuple[Any, ...]) -> None:
    """Start the processes and wait for their end; however the wait ends, none is left."""
    with interrupts_blocked():
        started: Any = multiprocessing.spawn(  # pyright: ignore[reportPrivateImportUsage]
            _enter, args=arguments, nprocs=arguments[0], join=False
        )
    try:
        while not started.join():
            pass
    finally:
        for process in started.processes:
            process.kill()
            process.join()


def _enter(
    rank: int,
    size: int,
    parent: int,
    store: str,
    complaint: str,
    worker: Callable[..., None],
    arguments: tuple[Any, ...],
) -> None:
    # From here on Ctrl-C ends this process without a word, and so does the death of the parent (torch asks for an
    # interrupt then); a parent that died before that is noticed here.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if os.getppid() != parent:
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{store}", rank=rank, world_size=size, timeout=timedelta(minutes=30)
    )
    try:
        worker(Group(rank, size), *arguments)
    except UserError as error:
        Path(complaint).write_text(str(error), encoding="utf-8")
        raise
    finally:
        distributed.destroy_process_group()
