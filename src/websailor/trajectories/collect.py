"""Rejection sampling: the expert works the questions, the right trajectories stay, each other one keeps its reason.

Enters: questions, a wiki behind simulated tools, the stage's config. Leaves: `records.jsonl`, `rejects.jsonl`,
`metrics.jsonl`, the manifest. An attempt's id is `<question id>/<try>`; an interrupted run goes on with the attempts
that have left no line yet. What waits for its thoughts to be rewritten is in `drafts.jsonl`, so that no episode is
worked twice.
"""

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from websailor.agent import run_episode
from websailor.agent.breakdowns import Breakdown, Breakdowns, GuardedToolbox, breaking_down
from websailor.errors import UserError
from websailor.files import StageDirectory, append_json, read_jsonl, trim_jsonl
from websailor.models.base import Policy
from websailor.models.endpoint import EndpointPolicy, parse_endpoint
from websailor.models.endpoint.spending import SPENDING, Purse, spending_counts
from websailor.progress import Bar, progress_bar
from websailor.records import Manifest, Question, Reject, Trajectory
from websailor.scoring import Scorer, open_scorer
from websailor.tools.base import Toolbox
from websailor.tools.environment import check_environment, open_toolbox
from websailor.trajectories import Config
from websailor.trajectories.counts import RewritingRow, summary
from websailor.trajectories.expert import ExpertPolicy
from websailor.trajectories.filters import Refusal, unfinished, unfit, unwanted
from websailor.trajectories.rewriting import Rewriter
from websailor.wiki import open_wiki

log = logging.getLogger(__name__)

DRAFTS = "drafts.jsonl"


def collect(
    config: Config,
    inputs: Mapping[str, Path],
    out: Path,
    expert: Policy | None,
    scorer: Scorer | None,
    rewriter: Policy | None,
) -> Manifest:
    """Run the stage; see the front door."""
    if not (out / "manifest.json").is_file():  # what is wrong with an endpoint is told before anything is written
        expert = expert or _expert(config)
        check_environment(config)
        scorer = scorer or open_scorer(config.scorer, config.judge)
        rewriter = rewriter or _rewriter(config)
    with StageDirectory(out, "trajectories", config, inputs) as directory:
        if directory.finished:
            return directory.manifest()
        assert scorer is not None
        questions = _questions(config, inputs["questions"])
        toolbox = open_toolbox(config, inputs.get("wiki"))
        if expert is None:
            language = open_wiki(inputs["wiki"]).language
            expert = ExpertPolicy(config.careful, config.tools.address, config.seed, language, config.attempts)
        collector = Collector(config, directory, expert, toolbox, scorer, rewriter)
        with progress_bar("trajectories", len(questions)) as bar:
            asyncio.run(collector.work(questions, bar))
        counts = summary(out) | spending_counts(out)
        (out / DRAFTS).unlink(missing_ok=True)
        return directory.finish(**counts)


def _expert(config: Config) -> Policy | None:
    """The endpoint that is the expert; None for the embedded one."""
    if config.expert == "embedded":
        if config.web == "live":
            raise UserError(
                "the embedded expert knows the simulated web alone: name an endpoint, expert = openai:MODEL@URL"
            )
        return None
    if not config.expert.startswith("openai:"):
        raise UserError(f"expert = {config.expert}: write embedded, or an endpoint as openai:MODEL@URL")
    found = parse_endpoint(config.expert, **config.endpoint.model_dump())
    if found.protocol == "text" and config.agent.prompt == "brief":
        log.warning('agent.prompt = "brief" does not tell an endpoint how to write a call: "full" does')
    return EndpointPolicy(found)


def _rewriter(config: Config) -> Policy | None:
    if not config.rewrite:
        return None
    if not config.rewrite.startswith("openai:"):
        raise UserError(f"rewrite = {config.rewrite}: leave it out, or write an endpoint as openai:MODEL@URL")
    return EndpointPolicy(parse_endpoint(config.rewrite, **config.rewriting.endpoint))


def _questions(config: Config, directory: Path) -> list[Question]:
    found = [q for q in read_jsonl(directory / "records.jsonl", Question) if config.split in ("all", q.split)]
    if not found:
        raise UserError(
            f"{directory}: no question of the {config.split} split: make more with `websailor questions make`"
        )
    return found[: config.limit]


class Collector:
    """Works questions side by side, the tries of one question one after the other."""

    def __init__(
        self,
        config: Config,
        directory: StageDirectory,
        expert: Policy,
        toolbox: Toolbox,
        scorer: Scorer,
        rewriter: Policy | None,
    ) -> None:
        self._config = config
        self._directory = directory
        self._expert = expert
        self._scorer = scorer
        self._rewriter = Rewriter(rewriter, config.rewriting, config.filters.language_share) if rewriter else None
        endpoint = expert.config.protocol if isinstance(expert, EndpointPolicy) else None
        self._agent = config.agent if endpoint is None else config.agent.speaking(endpoint)
        self._opened = toolbox
        self._toolbox = toolbox if endpoint is None else GuardedToolbox(toolbox)
        trim_jsonl(directory.path / SPENDING, bool)  # a torn line is dropped
        self._purse = Purse(
            directory.path,
            {"expert": expert, "judge": getattr(scorer, "policy", None), "rewriter": rewriter, **toolbox.asked},
        )
        self._remote = endpoint is not None
        self._breakdowns = Breakdowns(config.breakdowns, directory.reject)
        self._kept: Counter[str] = Counter()
        if config.most_kept is not None:
            self._kept.update(one.question_id for one in read_jsonl(directory.path / "records.jsonl", Trajectory))
        trim_jsonl(directory.path / DRAFTS, lambda row: row["id"] not in directory.done)
        self._drafts: dict[str, Trajectory] = {}
        if (directory.path / DRAFTS).is_file():
            self._drafts = {one.id: one for one in read_jsonl(directory.path / DRAFTS, Trajectory)}

    async def work(self, questions: Sequence[Question], bar: Bar) -> None:
        """Every try of every question. The first defect ends all and is raised as it is."""
        waiting = iter(questions)

        async def worker() -> None:
            for question in waiting:
                await self._tries(question)
                bar.advance()

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._config.concurrency, len(questions))):
                    group.create_task(worker())
        except ExceptionGroup as several:
            raise several.exceptions[0] from None
        finally:
            for opened in (
                self._expert,
                getattr(self._scorer, "policy", None),
                self._rewriter and self._rewriter.policy,
            ):
                if isinstance(opened, EndpointPolicy):
                    await opened.aclose()
            await self._opened.aclose()
            self._purse.note()
        self._breakdowns.end()

    async def _tries(self, question: Question) -> None:
        habits: set[str] = set()
        most = self._config.most_kept
        for attempt in range(self._config.tries):
            if most is not None and self._kept[question.id] >= most:
                return
            identity = f"{question.id}/{attempt}"
            habit = self._expert.habit(question, attempt) if isinstance(self._expert, ExpertPolicy) else None
            if habit not in habits and identity not in self._directory.done:
                await self._attempt(question, attempt, identity, habit)
            if habit is not None:
                habits.add(habit)

    async def _attempt(self, question: Question, attempt: int, identity: str, habit: str | None) -> None:
        """One episode to its line in `records.jsonl` or `rejects.jsonl`."""
        trajectory = self._drafts.pop(identity, None)
        refusal: Refusal | None = None
        try:
            if trajectory is None:
                with breaking_down("endpoint"):
                    trajectory = await self._episode(question, attempt, identity, habit)
                refusal = unfinished(trajectory, self._config.filters)
                if refusal is None:
                    with breaking_down("judge"):
                        score = await self._scorer(question, trajectory)
                    trajectory = trajectory.model_copy(update={"score": score})
                    refusal = unfit(trajectory, question, self._config.filters, thoughts=self._rewriter is None)
                if refusal is None and self._rewriter is not None:
                    append_json(self._directory.path / DRAFTS, trajectory.model_dump(mode="json"))
            final = trajectory
            if refusal is None and self._rewriter is not None:
                with breaking_down("rewriter"):
                    final, refusal = await self._rewritten(self._rewriter, trajectory, question)
            if refusal is None:
                refusal = unwanted(final, question, self._config.filters, trajectory)
        except Breakdown as broken:
            reject = self._reject(question, identity, habit, (broken.reason, str(broken)), trajectory, whole=True)
            self._breakdowns.broke(reject)
            return
        finally:
            self._purse.note()
        self._breakdowns.worked()
        if refusal is None:
            self._directory.append(final)
            self._kept[question.id] += 1
        else:
            self._directory.reject(self._reject(question, identity, habit, refusal, trajectory))

    async def _episode(self, question: Question, attempt: int, identity: str, habit: str | None) -> Trajectory:
        seed = attempt
        if self._remote:
            digest = hashlib.blake2b(f"{self._config.seed}/{identity}".encode(), digest_size=4).digest()
            seed = int.from_bytes(digest, "big")
        model = self._expert.episode(question, attempt if not self._remote else seed)
        sampling = self._config.sampling
        trajectory = await run_episode(
            question, model, self._toolbox, self._agent, sampling, seed=seed, model_name=self._expert.name
        )
        return trajectory.model_copy(update={"id": identity, "habit": habit})

    async def _rewritten(
        self, rewriter: Rewriter, trajectory: Trajectory, question: Question
    ) -> tuple[Trajectory, Refusal | None]:
        language = self._config.filters.language_of(question) or question.language
        found = await rewriter(trajectory, question, language)
        row = RewritingRow(id=trajectory.id, rewritten=found.rewritten, left=found.left, refused=found.refused)
        append_json(self._directory.path / "metrics.jsonl", row.model_dump())
        if found.trajectory is None:
            return trajectory, found.refusal
        return found.trajectory, unfit(found.trajectory, question, self._config.filters)

    def _reject(
        self,
        question: Question,
        identity: str,
        habit: str | None,
        refusal: Refusal,
        trajectory: Trajectory | None,
        whole: bool = False,
    ) -> Reject:
        """The line of a refusal; what only a judge or a rewriter lost is kept `whole`."""
        reason, detail = refusal
        record: dict[str, Any] = {"question_id": question.id, "habit": habit}
        if trajectory is not None:
            record |= {"answer": trajectory.answer, "tool_calls": trajectory.usage.tool_calls}
            if self._config.store_rejected:
                record["messages"] = [message.model_dump(mode="json") for message in trajectory.messages]
            if whole:
                record["trajectory"] = trajectory.model_dump(mode="json")
        return Reject(id=identity, reason=reason, detail=detail, record=record)
