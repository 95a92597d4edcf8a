"""A recipe from its first table to its last.

Enters: a recipe (one TOML file, a table per stage). Leaves: a run directory with every stage in it, `summary.json`,
the report. The stages know nothing of one another; this module hands the directory of one to the next under the names
they ask for. A finished stage is skipped, an interrupted one resumes, and a directory that holds a run of other
settings is refused before anything is touched.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from websailor import evaluation, graph, questions, report, rl, sft, trajectories, wiki
from websailor.agent.config import AgentConfig
from websailor.errors import ConfigChanged, UserError
from websailor.evaluation import Config as EvaluationConfig
from websailor.files import exclusive, holds_work, read_json, require_space, write_json
from websailor.graph import Config as GraphConfig
from websailor.identity import require_unchanged
from websailor.progress import configure_logging
from websailor.questions import Config as QuestionsConfig
from websailor.recipe import (
    STAGE_TABLES,
    check_keys,
    differences,
    make_config,
    nearest,
    overlay,
    read_table,
    spread_shared,
)
from websailor.records import Manifest
from websailor.report import Config as ReportConfig
from websailor.report.results import SystemResult, results
from websailor.report.run_directory import read_manifests
from websailor.rl import Config as RlConfig
from websailor.sft import Config as SftConfig
from websailor.stopwatch import Stopwatch, clock
from websailor.tools.config import ToolsConfig
from websailor.trajectories import Config as TrajectoriesConfig
from websailor.wiki import Config as WikiConfig

log = logging.getLogger(__name__)

NEEDED_SPACE = 300_000_000
"""Bytes that must be free before a run starts."""

SYSTEMS = ("expert", "untrained", "sft", "control", "rl")


class Recipe(BaseModel):
    """One whole run: a table per stage. What is left out keeps the stage's default."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    name: str = Field(default="run", pattern=r"^[^/\\\s.-][^/\\]*$")
    """The run's directory under --runs: no slash in it, no dot, dash or blank first."""
    about: str = ""
    """One line for people, shown when the run starts."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of every stage whose table names none."""
    expected: dict[str, float] = {}
    """Seconds that each step takes on two cores; used for the remaining time alone."""
    systems: tuple[str, ...] = ("expert", "untrained", "sft", "rl")
    """What is evaluated; `control` (SFT with as much compute as SFT and RL together) needs a [control] table."""
    tools: ToolsConfig | None = None
    """Settings of search and visit for every stage with a `tools` table; what such a table says itself wins."""
    agent: AgentConfig | None = None
    """Prompt and limits of the agent for every stage with an `agent` table; what such a table says itself wins."""
    wiki: WikiConfig = WikiConfig.model_validate({})
    graph: GraphConfig = GraphConfig.model_validate({})
    questions: QuestionsConfig = QuestionsConfig.model_validate({})
    trajectories: TrajectoriesConfig = TrajectoriesConfig.model_validate({})
    sft: SftConfig = SftConfig.model_validate({})
    control: SftConfig | None = None
    """Settings of the equal-compute control, laid over [sft]; absent: no control."""
    rl: RlConfig = RlConfig.model_validate({})
    evaluation: EvaluationConfig = EvaluationConfig.model_validate({})
    report: ReportConfig = ReportConfig.model_validate({})


def load_recipe(path: Path, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Read a recipe and lay `overrides` (nested like the file) over it.

    Raises `UserError` with the nearest valid key.
    """
    table = read_table(path)
    check_keys(table, Recipe, str(path))
    tables = overlay({"name": path.stem, **table}, overrides or {})
    return make_config(Recipe, spread_shared(tables), str(path))


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a run: where it writes, what it reads, how it is run."""

    name: str
    """Directory below the run: `graph`, `evaluation/sft`."""
    run: Callable[[Mapping[str, Path], Path], Manifest]
    """(inputs, out) -> manifest."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Name -> directory below the run."""


def plan(recipe: Recipe) -> list[Step]:
    """The steps of a recipe in order."""
    steps = (*STAGE_TABLES, *(f"evaluation/{system}" for system in SYSTEMS))
    for setting, words, known in (("systems", recipe.systems, SYSTEMS), ("expected", recipe.expected, steps)):
        unknown = sorted(set(words) - set(known))
        if unknown:
            raise UserError(f"{setting}: unknown '{unknown[0]}'{nearest(unknown[0], known)}")
    if "control" in recipe.systems and recipe.control is None:
        raise UserError("systems names 'control', but the recipe has no [control] table")
    for name, config in (("sft", recipe.sft), ("control", recipe.control)):
        if config is not None and config.base is not None and not config.base.is_dir():
            raise UserError(f"{name}.base: {config.base}: no such checkpoint folder")
    corpus = {"wiki": "wiki", "questions": "questions"}
    steps = [
        Step("wiki", lambda inputs, out: wiki.run(recipe.wiki, inputs, out)),
        Step("graph", lambda inputs, out: graph.run(recipe.graph, inputs, out), {"wiki": "wiki"}),
        Step(
            "questions",
            lambda inputs, out: questions.run(recipe.questions, inputs, out),
            {"wiki": "wiki", "graph": "graph"},
        ),
        Step("trajectories", lambda inputs, out: trajectories.run(recipe.trajectories, inputs, out), corpus),
        _sft_step("sft", recipe.sft),
        Step("rl", lambda inputs, out: rl.run(recipe.rl, inputs, out), {**corpus, "checkpoint": "sft/checkpoint"}),
    ]
    if recipe.control is not None:
        steps.append(_sft_step("control", recipe.control))
    return steps + [_evaluation_step(recipe, system) for system in recipe.systems]


def run_recipe(recipe: Recipe, root: Path) -> dict[str, Any]:
    """Run what is not finished yet in `root/<name>` and return the summary.

    Raises `ConfigChanged` when the directory belongs to another recipe, before anything is written, and `UserError`
    when another process works in it.
    """
    return run_steps(plan(recipe), root / recipe.name, recipe)


def run_steps(steps: Iterable[Step], directory: Path, recipe: Recipe) -> dict[str, Any]:
    """Run `steps` in `directory`, then the report and `summary.json`."""
    steps = list(steps)
    directory.mkdir(parents=True, exist_ok=True)
    with exclusive(directory):
        claim(directory, recipe)
        return _run_claimed(steps, directory, recipe)


def _run_claimed(steps: list[Step], directory: Path, recipe: Recipe) -> dict[str, Any]:
    configure_logging()
    if recipe.about:
        log.info("%s: %s", recipe.name, recipe.about)
    with Stopwatch(directory / "seconds.json", _expected(recipe, steps)) as stopwatch:
        for number, step in enumerate(steps, 1):
            out = directory / step.name
            inputs = {name: directory / path for name, path in step.inputs.items()}
            if (out / "manifest.json").is_file():
                require_unchanged(out, inputs)
                stopwatch.skip(step.name)
                log.info("[%d/%d] %s: finished before", number, len(steps), step.name)
                continue
            log_file = directory / f"{step.name.replace('/', '-')}.log"
            configure_logging(log_file)
            left = stopwatch.remaining
            log.info(
                "[%d/%d] %s · %s so far%s",
                number,
                len(steps),
                step.name,
                clock(stopwatch.total),
                f", about {clock(left)} left" if left else "",
            )
            with stopwatch.step(step.name):
                manifest = step.run(inputs, out)
            _keep_log(log_file, out / "log.txt")
            log.info("%s: %s", step.name, ", ".join(f"{key} {value:,.6g}" for key, value in manifest.counts.items()))
        found = results(read_manifests(directory))
        write_json(directory / "summary.json", summary(found, stopwatch))
        with stopwatch.step("report"):
            report.run(recipe.report, {"run": directory}, directory / "report")
        last = summary(found, stopwatch)
    write_json(directory / "summary.json", last)
    return last


def claim(directory: Path, recipe: Recipe) -> None:
    """Write the resolved recipe into a new run directory, or check that what an old one holds was made with the same.

    The settings of a stage may change as long as neither its work nor that of a later stage is there.
    """
    file = directory / "config.json"
    now = _identity(recipe)
    before = read_json(file) if file.is_file() else {}
    for changed in differences(before, now):
        stage = changed.partition(".")[0].partition(":")[0]
        built_on = STAGE_TABLES[STAGE_TABLES.index(stage) :] if stage in STAGE_TABLES else ()
        if any(holds_work(directory / name) for name in built_on):
            raise ConfigChanged(
                f"{directory} holds a run of other settings ({changed}): choose another --name, "
                f"or delete {directory / stage} and the stages after it"
            )
    if before != now:
        directory.mkdir(parents=True, exist_ok=True)
        write_json(file, now)
    require_space(directory, NEEDED_SPACE)


def summary(found: Mapping[str, SystemResult], stopwatch: Stopwatch) -> dict[str, Any]:
    """The content of `summary.json`."""
    rows = {
        system: {
            "pass_at_1": row.pass_at_1,
            "pass_at_1_low": row.low,
            "pass_at_1_high": row.high,
            "pass_at_3": row.pass_at_3,
            "format_errors": row.format_errors,
            "tool_calls": row.tool_calls,
            "questions": row.questions,
        }
        for system, row in found.items()
    }
    return {**rows, "seconds": round(stopwatch.total, 1), "stages": dict(stopwatch.seconds)}


def _sft_step(name: str, config: SftConfig) -> Step:
    return Step(
        name, lambda inputs, out: sft.run(config, inputs, out), {"wiki": "wiki", "trajectories": "trajectories"}
    )


def _evaluation_step(recipe: Recipe, system: str) -> Step:
    """Evaluate one system; its checkpoint is an input, so that the hash is in the manifest.

    Policies are opened by the evaluation, once in every worker process.
    """
    folder = {
        "untrained": "sft/initial",
        "sft": "sft/checkpoint",
        "control": "control/checkpoint",
        "rl": "rl/checkpoint",
    }
    inputs = {"wiki": "wiki", "questions": "questions"}
    if system != "expert":
        inputs["checkpoint"] = folder[system]

    def run(inputs: Mapping[str, Path], out: Path) -> Manifest:
        if system == "expert":
            from websailor.trajectories.expert import ExpertPolicy
            from websailor.wiki import open_wiki

            language = open_wiki(inputs["wiki"]).language
            policy = partial(ExpertPolicy, address=recipe.evaluation.tools.address, language=language)
            return evaluation.run(recipe.evaluation, inputs, out, policy)
        from websailor.models.local.policy import LocalPolicy

        return evaluation.run(recipe.evaluation, inputs, out, partial(LocalPolicy, inputs["checkpoint"], name=system))

    return Step(f"evaluation/{system}", run, inputs)


def _identity(recipe: Recipe) -> dict[str, Any]:
    """What makes a run this run: all but the words for people, the foreseen seconds and the looks of the report."""
    return recipe.model_dump(mode="json", exclude={"about", "expected", "report", "tools", "agent"})


def _expected(recipe: Recipe, steps: Iterable[Step]) -> dict[str, float]:
    names = [*(step.name for step in steps), "report"]
    return {name: recipe.expected.get(name, 0.0) for name in names}


def _keep_log(file: Path, kept: Path) -> None:
    """Move what a step logged into its directory (which a stage may create only at its end)."""
    configure_logging()
    with kept.open("a", encoding="utf-8") as target:
        target.write(file.read_text(encoding="utf-8"))
    file.unlink()
