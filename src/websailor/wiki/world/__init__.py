"""The generated encyclopedia: a fictional world, written as a real MediaWiki XML dump.

Reads knobs (`WorldConfig`) alone. Writes `FILE.xml[.bz2]`, and beside it the truth: `FILE.world.json` (knobs, lexicon,
what is held out) and `FILE.facts.jsonl` (every fact with the pages that state it). No model can have seen such a world,
the truth is complete, and any size costs linear time. numpy is imported only when a world is made.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websailor.wiki.world.config import WorldConfig

if TYPE_CHECKING:
    from websailor.wiki.world.creation import generate
    from websailor.wiki.world.dump import true_facts, write_dump, write_truth
    from websailor.wiki.world.model import TrueFact, World

__all__ = [
    "TrueFact",
    "World",
    "WorldConfig",
    "generate",
    "generate_dump",
    "true_facts",
    "truth_prefix",
    "write_dump",
    "write_truth",
]

BYTES_A_PAGE = {"small": 1_000, "rich": 2_500}
"""What an entity takes on disk, at least: its share of the dump, written plainly, and of the truth."""

_HOMES = {
    "TrueFact": "model",
    "World": "model",
    "generate": "creation",
    "true_facts": "dump",
    "write_dump": "dump",
    "write_truth": "dump",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def truth_prefix(dump: Path) -> str:
    """What the names of a dump's truth files begin with: beside `w.xml.bz2` lie `w.world.json` and `w.facts.jsonl`."""
    return dump.name.removesuffix(".bz2").removesuffix(".xml") + "."


def generate_dump(config: WorldConfig, out: Path) -> int:
    """Generate a world, write its dump to `out` and the truth beside it. Returns the number of pages in the dump.

    `UserError` when the disk has no room for it.
    """
    from websailor.files import require_space
    from websailor.wiki.world.creation import generate
    from websailor.wiki.world.dump import write_dump, write_truth

    out.parent.mkdir(parents=True, exist_ok=True)
    require_space(out.parent, config.pages * BYTES_A_PAGE[config.profile])
    world = generate(config)
    write_truth(world, out.parent, truth_prefix(out))
    return write_dump(world, out)
