"""Stage: the offline web. Reads a MediaWiki XML dump (or generates a fictional encyclopedia), writes a wiki directory.

Reads: `source`, a dump (.xml, .xml.bz2, .xml.gz); without one a world is generated from the seed and imported like any.
Writes: `pages.sqlite` (pages, redirects), `index/` (full text), for a generated world `world.json` and `facts.jsonl`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from websailor.files import StageConfig
from websailor.records import Manifest
from websailor.wiki.world import WorldConfig

if TYPE_CHECKING:
    from websailor.wiki.reader import Wiki

__all__ = ["Config", "import_dump", "open_wiki", "run"]


class Config(StageConfig):
    """Which encyclopedia."""

    source: Path | None = None
    """MediaWiki XML dump to import; without one a world is generated."""
    limit: int | None = Field(default=None, ge=1)
    """Import at most this many pages (redirects not counted)."""
    world: WorldConfig = Field(default_factory=WorldConfig)
    """The world to generate when there is no `source`. Its seed is that of the stage unless it is given."""

    @model_validator(mode="before")
    @classmethod
    def _hand_seed_down(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        world, seed = values.get("world", {}), values.get("seed", 0)
        if isinstance(world, dict):
            values = {**values, "world": {"seed": seed, **world}}
        elif isinstance(world, WorldConfig) and "seed" not in world.model_fields_set:
            values = {**values, "world": world.model_copy(update={"seed": seed})}
        return values


def run(config: Config, inputs: Mapping[str, Path], out: Path) -> Manifest:
    """Make the wiki directory `out`; a finished one of the same configuration is left as it is."""
    from websailor.wiki.importing import run_import

    return run_import(config, inputs, out)


def import_dump(source: Path, out: Path, limit: int | None = None) -> Manifest:
    """Import a dump into the wiki directory `out`. `UserError` says what is wrong with a file that is no whole dump."""
    return run(Config(source=source, limit=limit), {}, out)


def open_wiki(path: Path) -> "Wiki":
    """Open a wiki directory for reading."""
    from websailor.wiki.reader import open_wiki as open_directory

    return open_directory(path)
