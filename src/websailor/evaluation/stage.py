"""The stage: which episodes are missing, run them, sum up.

Enters: a config, the directories of questions and wiki, a policy, a scorer. Leaves: one trajectory for each episode in
`records.jsonl`, and a manifest with the sums. An interrupted run goes on with the episodes that are not there yet.
"""

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from websailor.agent.breakdowns import Breakdowns
from websailor.errors import ConfigChanged, UserError
from websailor.evaluation import Config
from websailor.evaluation.episodes import Done, Job, close, run_in_processes, run_jobs
from websailor.evaluation.summary import flat_counts, is_correct, summarise
from websailor.files import StageDirectory, read_jsonl, trim_jsonl, write_json
from websailor.models.base import Policy
from websailor.models.endpoint.spending import SPENDING, spending_counts, spent_by_role
from websailor.progress import progress_bar
from websailor.records import Manifest, Question, Reject, Trajectory
from websailor.scoring import Scorer, open_scorer
from websailor.tools.environment import check_environment, open_toolbox

log = logging.getLogger(__name__)


def evaluate(
    config: Config, inputs: Mapping[str, Path], out: Path, policy: Policy | Callable[[], Policy], scorer: Scorer | None
) -> Manifest:
    """Run the stage; see the front door."""
    if not (out / "manifest.json").is_file():  # what is wrong with a setting is told before anything is written
        check_environment(config)
        if scorer is None:
            open_scorer(config.scorer, config.judge)
    with StageDirectory(out, "evaluation", config, inputs) as directory:
        if directory.finished:
            if "checkpoint" not in inputs:  # else the inputs have told
                _require_same(out, policy)
            return directory.manifest()
        questions = select(config, inputs["questions"])
        jobs = [
            job
            for question in questions
            for run in range(config.runs)
            if (job := Job(question, run)).id not in directory.done
        ]
        if jobs:
            trim_jsonl(out / SPENDING, bool)  # a torn line is dropped
            _run(config, inputs.get("wiki"), policy, scorer, jobs, directory)
        episodes = list(read_jsonl(out / "records.jsonl", Trajectory))
        broken = Counter(reject.reason for reject in read_jsonl(out / "rejects.jsonl", Reject))
        if broken:
            log.warning(
                "evaluation: %d episodes broke down and are in no number (%s): see %s",
                *(broken.total(), ", ".join(f"{name} {count}" for name, count in broken.items())),
                out / "rejects.jsonl",
            )
        found = summarise(questions, episodes, config.pass_at, config.resamples, config.seed, broken)
        spent = {role: one.model_dump() for role, one in spent_by_role(out).items()}
        write_json(
            out / "summary.json", {"policy": episodes[0].model, **found, **({"spending": spent} if spent else {})}
        )
        return directory.finish(**flat_counts(found), **spending_counts(out))


def select(config: Config, source: Path) -> list[Question]:
    """The questions to ask, in file order; a `count` draws the same ones for every policy."""
    file = source / "records.jsonl" if source.is_dir() else source
    found = [question for question in read_jsonl(file, Question) if config.split in ("all", question.split)]
    if not found:
        raise UserError(f"{file}: no question of the {config.split} split: make some with `websailor questions make`")
    if config.count is None or config.count >= len(found):
        return found
    lots = {question.id: hashlib.blake2b(f"{config.seed}/{question.id}".encode()).digest() for question in found}
    drawn = set(sorted(lots, key=lots.__getitem__)[: config.count])
    return [question for question in found if question.id in drawn]


def _run(
    config: Config,
    wiki: Path | None,
    policy: Policy | Callable[[], Policy],
    scorer: Scorer | None,
    jobs: list[Job],
    directory: StageDirectory,
) -> None:
    before = _evaluated_policy(directory.path)
    right = finished = 0
    breakdowns = Breakdowns(config.breakdowns, directory.reject)
    with progress_bar("evaluation", len(jobs)) as bar:

        def done(episode: Trajectory | Reject) -> None:
            nonlocal right, finished
            if isinstance(episode, Reject):
                breakdowns.broke(episode)
                bar.advance()
                return
            _require_name(directory.path, before, episode.model)
            directory.append(episode)
            breakdowns.worked()
            finished += 1
            right += is_correct(episode)
            bar.advance()
            bar.note(f"{right / finished:.1%} right")

        factory = _factory(policy)
        if factory is None:
            if config.workers > 1:
                log.warning(
                    "evaluation: the policy is open already, so one process evaluates it, not %d", config.workers
                )
            _run_here(config, wiki, cast(Policy, policy), scorer, jobs, directory.path, done)
        elif config.workers > 1:
            run_in_processes(jobs, factory, wiki, scorer, config, directory.path, done)
        else:
            opened = factory()
            try:
                _run_here(config, wiki, opened, scorer, jobs, directory.path, done)
            finally:
                close(opened)
        breakdowns.end()


def _factory(policy: Policy | Callable[[], Policy]) -> Callable[[], Policy] | None:
    """The function that opens a policy (a class of policies is one, too); None for an open policy."""
    return cast(Callable[[], Policy], policy) if isinstance(policy, type) or not hasattr(policy, "episode") else None


def _run_here(
    config: Config,
    wiki: Path | None,
    policy: Policy,
    scorer: Scorer | None,
    jobs: list[Job],
    out: Path,
    done: Done,
) -> None:
    asyncio.run(run_jobs(jobs, policy, open_toolbox(config, wiki), scorer, config, out, done))


def _require_same(out: Path, policy: Policy | Callable[[], Policy]) -> None:
    """Refuse the finished evaluation of another policy."""
    factory = _factory(policy)
    opened = cast(Policy, policy) if factory is None else factory()
    try:
        _require_name(out, _evaluated_policy(out), opened.name)
    finally:
        if factory is not None:
            close(opened)


def _require_name(out: Path, before: str | None, now: str) -> None:
    if before is not None and now != before:
        raise ConfigChanged(f"{out} holds episodes of {before}, not of {now}: choose another --out, or delete it")


def _evaluated_policy(out: Path) -> str | None:
    """Name of the policy whose episodes an interrupted evaluation left; None in a new directory."""
    file = out / "records.jsonl"
    first = next(read_jsonl(file, Trajectory), None) if file.is_file() else None
    return None if first is None else first.model
