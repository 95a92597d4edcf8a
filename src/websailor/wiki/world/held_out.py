"""What training never sees: worlds of certain seeds, and in every world certain cells of (shape, type).

What enters: a seed, or the class of a question's shape and the type it asks for. What leaves: whether it is held out.
The rule depends on no world, so that a cell is held out in all of them or in none; `world.json` states it.
"""

from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from websailor.files import read_json
from websailor.records import Record

FIRST_HELD_OUT_SEED = 2**31
"""Worlds with this seed or a larger one are for evaluation alone."""


class HeldOut(Record):
    """The rule, as `world.json` holds it under `held_out`."""

    seeds_from: int = FIRST_HELD_OUT_SEED
    """Worlds of this seed and above are for evaluation alone."""
    cell_share: float = 0.0
    """Share of the (shape, type) cells that training never sees."""


def split_of_seed(seed: int, rule: HeldOut) -> Literal["train", "held_out"]:
    """Which part a whole world belongs to."""
    return "held_out" if seed >= rule.seeds_from else "train"


def is_cell_held_out(shape: str, kind: str, rule: HeldOut) -> bool:
    """True for a cell that training never sees: `shape` is `Shape.class_id`, `kind` the type of the focus.

    Larger shares hold out what smaller ones do, and more.
    """
    digest = blake2b(f"{shape}\x1f{kind}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < rule.cell_share * 2**64


def held_out_rule(wiki: Path) -> HeldOut | None:
    """The rule of the generated world that a wiki directory holds; None where it holds none."""
    about = _world(wiki)
    return None if about is None else HeldOut.model_validate(about.get("held_out", {}))


def is_world_held_out(wiki: Path) -> bool:
    """True for the wiki directory of a world whose seed is for evaluation alone."""
    about, rule = _world(wiki), held_out_rule(wiki)
    return about is not None and rule is not None and split_of_seed(about["seed"], rule) == "held_out"


def _world(wiki: Path) -> dict[str, Any] | None:
    file = wiki / "world.json"
    return read_json(file) if file.is_file() else None
