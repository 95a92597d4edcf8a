"""Stage: the offline web. Reads a MediaWiki XML dump (or generates a fictional encyclopedia), writes a wiki directory.

Reads: `source`, a dump (.xml, .xml.bz2, .xml.gz); without one a world is generated from the seed and imported the same way.
Writes: `pages.sqlite` (pages, redirects), `index/` (full text), for a generated world also `world.json` and `facts.jsonl`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from websailor.files import StageConfig
from websailor.records import Manifest

if TYPE_CHECKING:
    from websailor.wiki.reader import Wiki

__all__ = ["Config", "import_dump", "open_wiki", "run"]


class Config(StageConfig):
    """Which encyclopedia."""

    source: Path | None = None
    """MediaWiki XML dump to import; without one a world is generated."""
    limit: int | None = None
    """Import at most this many pages (redirects not counted)."""


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
