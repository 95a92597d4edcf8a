"""Stage: the report. One static page for people, which needs no network and no server.

Reads a run directory as far as it got. Writes `index.html` and `manifest.json`. The page shows the results with their
intervals, the way of the data, the knowledge graph, the shapes and proofs of questions, episodes of several systems
side by side, and the curves of training.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from websailor.errors import UserError
from websailor.files import StageConfig, installed_versions, read_json, replacing, write_json
from websailor.records import Manifest


class Config(StageConfig):
    """What the page shows."""

    questions: int = Field(12, ge=0, le=1000)
    """Sample questions."""
    comparisons: int = Field(6, ge=0, le=1000)
    """Questions whose episodes are shown side by side."""
    graph_entities: int = Field(90, ge=0, le=5000)
    """Entities in the drawn piece of the knowledge graph."""
    published: Path | None = Field(default=None, exclude=True)
    """A file of published questions (JSONL with `question`) to stand beside ours."""


def run(config: Config, inputs: Mapping[str, Path], out: Path) -> Manifest:
    """Write `out/index.html` from the run directory `inputs["run"]`.

    Always written anew: the page is cheap and a run may have grown. Raises `UserError` when the directory holds no run.
    """
    import time

    from websailor.report.page import render
    from websailor.report.reading import read_published
    from websailor.report.run_directory import read_run

    started = time.monotonic()
    found = read_run(inputs["run"])
    text = render(
        found,
        questions=config.questions,
        comparisons=config.comparisons,
        graph_entities=config.graph_entities,
        published=read_published(config.published) if config.published else (),
    )
    _require_own(out)
    out.mkdir(parents=True, exist_ok=True)
    with replacing(out / "index.html") as temporary:
        temporary.write_text(text, encoding="utf-8")
    manifest = Manifest(
        stage="report",
        config=config.model_dump(mode="json"),
        inputs={},
        versions=installed_versions(),
        seed=config.seed,
        counts={"bytes": float(len(text.encode())), "questions": float(len(found.questions))},
        seconds=round(time.monotonic() - started, 3),
    )
    write_json(out / "manifest.json", manifest.model_dump(mode="json"))
    return manifest


def _require_own(out: Path) -> None:
    """Raise `UserError` when `out` holds anything but an older report: a stage's manifest must not be overwritten."""
    if not out.is_dir():
        return
    names = {path.name.removesuffix(".part") for path in out.iterdir()}
    manifest = out / "manifest.json"
    others = names - {"index.html", "manifest.json"}
    if others or (manifest.is_file() and read_json(manifest).get("stage") != "report"):
        raise UserError(f"{out}: holds something else than a report: choose another --out")
