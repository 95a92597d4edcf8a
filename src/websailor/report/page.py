"""From a run to the page: enters a `Run`, leaves one HTML document with styles, scripts and drawings inside.

Templates are files beside this module; Jinja2 escapes everything that comes from pages, questions and models.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from websailor.graph import report as graph_report
from websailor.records import Message, Question, Trajectory
from websailor.report.charts import Interval, bars, interval_chart, staircase
from websailor.report.curves import training_charts
from websailor.report.drawing import (
    graph_svg,
    kind_colours,
    pattern_svg,
    query_text,
    sample_graph,
)
from websailor.report.question_set import OPERATORS, place, shape_section, side_by_side
from websailor.report.results import NAMES, SystemResult, results
from websailor.report.run_directory import STAGES, Run

WAY = (
    ("wiki", "offline web", (("pages", "pages"), ("records", "pages"))),
    ("graph", "knowledge graph", (("records", "facts"),)),
    ("questions", "questions", (("records", "questions"),)),
    ("trajectories", "expert trajectories", (("records", "trajectories"),)),
    ("sft", "cold start", (("steps", "steps"),)),
    ("rl", "reinforcement learning", (("steps", "steps"),)),
)
"""Stage, what it makes, and the first count of its manifest that is there."""


GRAPH_STATISTICS = (
    ("mean_degree", "neighbours on average", False),
    ("clustering", "clustering", False),
    ("cycle_rank", "cycle rank", False),
    ("edges_on_cycles", "edges on cycles", True),
    ("components", "components", False),
    ("giant_component", "in the largest", True),
    ("largest_degree", "largest degree", False),
)
"""Count in the graph's manifest, name, and whether it is a share."""


def render(run: Run, *, questions: int, comparisons: int, graph_entities: int, published: Sequence[str] = ()) -> str:
    """The whole page as text. `published`: prompts of a published set, to stand beside ours."""
    environment = Environment(
        loader=PackageLoader("websailor.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["thousands"] = lambda value: f"{value:,.0f}"
    environment.filters["duration"] = duration
    rows = results(run.manifests)
    names = {entity.id: entity.name for entity in run.entities.values()}
    return environment.get_template("page.html").render(
        style=_asset("style.css"),
        script=_asset("script.js"),
        name=run.path.resolve().name,
        finished=[stage for stage in STAGES if stage in run.manifests],
        headline=headline(rows),
        rows=list(rows.values()),
        intervals=interval_chart(
            [Interval(row.name, row.system, row.pass_at_1, row.low, row.high, row.pass_at_3) for row in rows.values()]
        ),
        way=way(run),
        seconds=sum(manifest.seconds for manifest in run.manifests.values()),
        graph=graph_section(run, graph_entities),
        shapes=shape_section(run.questions),
        beside=side_by_side(run.questions, published),
        questions=[question_card(question, names) for question in spread(run.questions, questions)],
        question_count=len(run.questions),
        comparisons=compare(run, comparisons),
        charts=training_charts(run.metrics),
        rejects=[
            (
                stage,
                sum(counts.values()),
                bars([(reason.replace("_", " "), count) for reason, count in counts.most_common()], stage),
            )
            for stage, counts in run.rejects.items()
        ],
        manifests=[
            (stage, manifest, json.dumps(manifest.config, indent=2, ensure_ascii=False))
            for stage, manifest in run.manifests.items()
        ],
        versions=next((manifest.versions for manifest in run.manifests.values()), {}),
    )


def headline(rows: Mapping[str, SystemResult]) -> dict[str, float] | None:
    """The two numbers at the top, when both exist."""
    if "sft" not in rows or "rl" not in rows:
        return None
    sft, rl = rows["sft"].pass_at_1, rows["rl"].pass_at_1
    return {"sft": 100 * sft, "rl": 100 * rl, "gain": 100 * (rl - sft)}


def way(run: Run) -> list[dict[str, Any]]:
    """One box per stage: what it made, how much, how long it took; a stage that did not finish says so."""
    boxes: list[dict[str, Any]] = []
    for stage, title, wanted in WAY:
        manifest = run.manifests.get(stage)
        count = next(
            ((manifest.counts[key], word) for key, word in wanted if manifest and key in manifest.counts), None
        )
        boxes.append(
            {
                "stage": stage,
                "title": title,
                "count": count,
                "rejects": sum(run.rejects[stage].values()) if stage in run.rejects else 0,
                "seconds": manifest.seconds if manifest else None,
                "started": (run.path / stage).is_dir(),
            }
        )
    return boxes


def graph_section(run: Run, size: int) -> dict[str, Any] | None:
    """A drawn piece of the knowledge graph, its legend, and the statistics of the whole."""
    if not run.facts:
        return None
    entities, facts = sample_graph(run.entities, run.facts, size)
    if not entities:
        return None
    colours = kind_colours(entities)
    drawing, nodes = graph_svg(entities, facts, colours)
    manifest = run.manifests.get("graph")
    counts = manifest.counts if manifest else {}
    return {
        "drawing": drawing,
        "nodes": nodes,
        "kinds": sorted(colours.items(), key=lambda item: item[1]),
        "shown": (len(entities), len(facts)),
        "total": (len(run.entities), len(run.facts)),
        "statistics": [
            (name, f"{100 * counts[key]:.0f} %" if percent else spelled(counts[key]))
            for key, name, percent in GRAPH_STATISTICS
            if key in counts
        ],
        "comparison": graph_comparison(run.path / "graph"),
    }


def spelled(value: float) -> str:
    """A whole number with all its digits, another one with three."""
    return f"{value:,.0f}" if value >= 1000 or float(value).is_integer() else f"{value:.3g}"


def graph_comparison(graph: Path) -> dict[str, Any] | None:
    """What densification did, where the graph was grown rather than read whole."""
    if not (graph / "statistics.json").is_file():
        return None
    found = graph_report.read_statistics(graph)
    if found.plain is None and found.before == found.after:
        return None
    return {
        "columns": list(graph_report.columns(found)),
        "rows": graph_report.rows(found),
        "hubs_left_out": found.hubs_left_out,
    }


def spread(questions: Sequence[Question], count: int) -> list[Question]:
    """A sample that takes every shape in turn, the largest first, so that it shows the variety."""
    waiting: dict[str, list[Question]] = {}
    for question in sorted(questions, key=lambda question: -len(question.pattern.variables)):
        waiting.setdefault(place(question.pattern)[0], []).append(question)
    chosen: list[Question] = []
    while waiting and len(chosen) < count:
        for shape in list(waiting):
            chosen.append(waiting[shape].pop(0))
            if not waiting[shape]:
                del waiting[shape]
            if len(chosen) == count:
                break
    return chosen


def question_card(question: Question, names: Mapping[str, str]) -> dict[str, Any]:
    """Everything a reader needs to check one question."""
    left = (question.uncertainty.initial, *question.uncertainty.after)
    return {
        "question": question,
        "clues": [
            {
                "clue": clue,
                "operator": OPERATORS.get(clue.operator, clue.operator),
                "evidence": [item for item in question.evidence if item.clue == position],
            }
            for position, clue in enumerate(question.clues)
        ],
        "bits": left[0],
        "staircase": staircase(question.uncertainty.initial, question.uncertainty.after),
        "drawing": pattern_svg(question.pattern, names),
        "query": query_text(question.pattern, names),
    }


def compare(run: Run, count: int) -> list[dict[str, Any]]:
    """The same question worked by several systems, side by side: first those where the systems differ."""
    by_system = {
        system: {episode.question_id: episode for episode in reversed(episodes)}
        for system, episodes in run.episodes.items()
    }
    if not by_system:
        by_system = {"expert": {episode.question_id: episode for episode in reversed(run.expert)}}
    prompts = {question.id: question for question in run.questions}
    columns = [system for system in ("expert", "sft", "rl") if by_system.get(system)]
    if not columns:
        return []
    shared = set.intersection(*(set(by_system[system]) for system in columns))

    def interest(question_id: str) -> tuple[int, str]:
        right = {system: solved(by_system[system][question_id]) for system in columns}
        telling = 0 if right.get("rl") and not right.get("sft", True) else 1 if len(set(right.values())) > 1 else 2
        return telling, question_id

    picked: list[str] = []
    ordered = sorted(shared, key=interest)
    for telling, share in ((0, count - 2), (1, 1), (2, 1)):
        picked += [question_id for question_id in ordered if interest(question_id)[0] == telling][: max(share, 0)]
    picked += [question_id for question_id in ordered if question_id not in picked][: max(count - len(picked), 0)]
    return [
        {
            "prompt": prompts[question_id].prompt
            if question_id in prompts
            else _asked(by_system[columns[0]][question_id].messages),
            "answer": prompts[question_id].answer if question_id in prompts else None,
            "columns": [
                {
                    "system": system,
                    "name": NAMES[system],
                    "episode": episode,
                    "right": solved(episode),
                    "steps": _steps(episode),
                }
                for system in columns
                for episode in (by_system[system][question_id],)
            ],
        }
        for question_id in picked[:count]
    ]


def solved(episode: Trajectory) -> bool:
    """True if the episode was scored as right."""
    return episode.score is not None and episode.score.value >= 0.5


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _steps(episode: Trajectory) -> list[dict[str, Any]]:
    steps = []
    for step in episode.steps:
        arguments = step.call.arguments if step.call else ""
        try:
            parsed = json.loads(arguments) if arguments else {}
        except json.JSONDecodeError:
            parsed = None
        shown = (
            [(key, value if isinstance(value, list) else [value]) for key, value in parsed.items()]
            if isinstance(parsed, dict)
            else None
        )
        steps.append({"step": step, "arguments": shown, "raw": arguments})
    return steps


def _asked(messages: Sequence[Message]) -> str:
    return next((message.content for message in messages if message.role == "user"), "")


def _asset(name: str) -> Markup:
    """A style sheet or script of ours, put into the page as it is."""
    return Markup((Path(__file__).parent / "templates" / name).read_text(encoding="utf-8"))
