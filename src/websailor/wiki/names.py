"""The names that the reading of wikitext knows: tags, templates, sections, codes.

Enters: `wikitext.toml`. Leaves: sets and tables, so that a name is added there and not in code.
"""

import tomllib
from pathlib import Path
from typing import Any

NAMES: dict[str, Any] = tomllib.loads((Path(__file__).parent / "wikitext.toml").read_text(encoding="utf-8"))


def name_set(table: str, key: str) -> frozenset[str]:
    """A list of names."""
    return frozenset(name.strip() for name in NAMES[table][key].split("|"))
