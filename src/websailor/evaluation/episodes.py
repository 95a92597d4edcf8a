"""Running episodes: many at once in one process, or spread over several.

Enters: jobs (a question, the number of the run), a policy or a way to open one. Leaves: scored trajectories, each
handed over as soon as it is finished, and rejects of what broke down. Worker processes end with their parent, whatever
ends it.
"""

import asyncio
import hashlib
import multiprocessing
import os
import queue
import traceback
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal

from websailor.agent import run_episode
from websailor.agent.breakdowns import Breakdown, GuardedToolbox, breaking_down
from websailor.errors import UserError
from websailor.evaluation import Config
from websailor.models.base import ChatModel, Policy
from websailor.models.endpoint.spending import Purse
from websailor.progress import interrupts_blocked
from websailor.records import Question, Reject, Trajectory
from websailor.scoring import Scorer, open_scorer
from websailor.tools.base import Toolbox
from websailor.tools.environment import open_toolbox

Done = Callable[[Trajectory | Reject], None]
"""Takes a scored episode, or the reject of one that something outside broke off."""


@dataclass(frozen=True, slots=True)
class Job:
    """One episode to run."""

    question: Question
    run: int

    @property
    def id(self) -> str:
        return f"{self.question.id}/{self.run}"


def episode_seed(seed: int, job: Job) -> int:
    """Seed of one episode: the same for every policy, another for every question and run."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{job.id}".encode(), digest_size=4).digest(), "big")


def close(opened: Policy | ChatModel) -> None:
    """Let a policy or a conversation free what it holds, if it has a `close`."""
    if callable(ending := getattr(opened, "close", None)):
        ending()


async def aclose(opened: Any) -> None:
    """Close the connections that a policy or a judge opened in this event loop, if it has any."""
    ending: Callable[[], Awaitable[None]] | None = getattr(getattr(opened, "policy", opened), "aclose", None)
    if ending is not None:
        await ending()


async def run_jobs(
    jobs: Sequence[Job], policy: Policy, toolbox: Toolbox, scorer: Scorer | None, config: Config, out: Path, done: Done
) -> None:
    """Run `jobs` with up to `config.concurrency` in flight; at the end `toolbox` and the connections of `policy` are
    closed. The first defect that raises ends all and is raised as it is. Without a `scorer` the config's is opened.
    What endpoints cost is noted in `out`."""
    waiting: Iterator[Job] = iter(jobs)
    judge = scorer or open_scorer(config.scorer, config.judge)
    purse = Purse(out, {"policy": policy, "judge": getattr(judge, "policy", None), **toolbox.asked})
    protocol = endpoint_protocol(policy)
    agent = config.agent if protocol is None else config.agent.speaking(protocol)
    tools = toolbox if protocol is None else GuardedToolbox(toolbox)

    async def scored(job: Job) -> Trajectory | Reject:
        seed = episode_seed(config.seed, job)
        model = policy.episode(job.question, seed)
        episode: Trajectory | None = None
        try:
            with breaking_down("endpoint"):
                episode = await run_episode(job.question, model, tools, agent, config.sampling, seed, policy.name)
            with breaking_down("judge"):
                score = await judge(job.question, episode)
        except Breakdown as broken:
            record: dict[str, Any] = {"question_id": job.question.id, "model": policy.name}
            if episode is not None:
                record["trajectory"] = episode.model_dump(mode="json")
            return Reject(id=job.id, reason=broken.reason, detail=str(broken), record=record)
        finally:
            close(model)
            purse.note()
        return episode.model_copy(update={"id": job.id, "score": score})

    async def worker() -> None:
        for job in waiting:
            done(await scored(job))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(config.concurrency, len(jobs))):
                group.create_task(worker())
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    finally:
        purse.note()
        await aclose(policy)
        await aclose(judge)
        await toolbox.aclose()


def endpoint_protocol(policy: Policy) -> Literal["text", "native"] | None:
    """How a policy writes its calls if it is an endpoint; None for all others."""
    from websailor.models.endpoint import EndpointPolicy

    return policy.config.protocol if isinstance(policy, EndpointPolicy) else None


# ---------------------------------------------------------------- several processes


@dataclass(frozen=True, slots=True)
class _Failure:
    """A worker's exception, as far as it can be sent."""

    text: str
    user_error: str | None


def run_in_processes(
    jobs: Sequence[Job],
    factory: Callable[[], Policy],
    wiki: Path | None,
    scorer: Scorer | None,
    config: Config,
    out: Path,
    done: Done,
) -> None:
    """Run `jobs` in `config.workers` processes, each with a policy of its own; `done` is called in this process."""
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[Any] = context.Queue()
    count = min(config.workers, len(jobs))
    workers = [
        context.Process(
            target=_work,
            args=(jobs[number::count], factory, wiki, scorer, config, out, results),
            name=f"evaluation-{number}",
            daemon=True,
        )
        for number in range(count)
    ]
    with _one_thread_each(), interrupts_blocked():
        for worker in workers:
            worker.start()
    try:
        open_workers = count
        while open_workers:
            result = _next(results, workers)
            if result is None:
                open_workers -= 1
            elif isinstance(result, _Failure):
                if result.user_error is not None:
                    raise UserError(result.user_error)
                raise RuntimeError(f"an evaluation process failed:\n{result.text}")
            else:
                record, text = result
                done(record.model_validate_json(text))
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes started inside compute with one thread: two OpenMP threads a process on shared cores run slower than
    one.

    The variable is read when the library is loaded, which is before a worker's own code runs; so it is set here.
    """
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def _next(results: Any, workers: Sequence[BaseProcess]) -> Any:
    """The next result; raises when a worker died without a word (out of memory, killed)."""
    while True:
        try:
            return results.get(timeout=1.0)
        except queue.Empty:
            dead = next((worker for worker in workers if worker.exitcode not in (None, 0)), None)
            if dead is not None:
                raise RuntimeError(f"{dead.name} ended with exit code {dead.exitcode}: out of memory?") from None


def _work(
    jobs: Sequence[Job],
    factory: Callable[[], Policy],
    wiki: Path | None,
    scorer: Scorer | None,
    config: Config,
    out: Path,
    results: Any,
) -> None:
    """A worker's life: open, run, report, close. Ctrl-C is blocked here: the parent decides about it."""
    try:
        policy = factory()
        try:
            toolbox = open_toolbox(config, wiki)
            asyncio.run(
                _with_parent(
                    run_jobs(
                        *(jobs, policy, toolbox, scorer, config, out),
                        lambda one: results.put((type(one), one.model_dump_json())),
                    )
                )
            )
        finally:
            close(policy)
    except Exception as error:  # noqa: BLE001 - it is raised again in the parent
        results.put(_Failure(traceback.format_exc(), str(error) if isinstance(error, UserError) else None))
    else:
        results.put(None)


async def _with_parent(work: Any) -> None:
    """Await `work`; leave at once when the parent process is gone."""

    parent = multiprocessing.parent_process()
    assert parent is not None, "not a worker process"

    async def watch() -> None:
        while os.getppid() == parent.pid:
            await asyncio.sleep(1.0)
        os._exit(1)

    watcher = asyncio.create_task(watch())
    try:
        await work
    finally:
        watcher.cancel()
