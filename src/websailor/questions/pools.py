"""Subgraphs to draw from: one pool for training questions, one for held-out ones.

Enters: the corpus and a config. Leaves: `Pools`. A subgraph belongs to a part when every page that states one of its
facts does; the others are in neither pool. An operator that only some subgraphs can carry (homonyms, conflicts) has
pools of its own.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from websailor.errors import UserError
from websailor.questions.config import Config
from websailor.questions.corpus import Corpus
from websailor.questions.shapes.sample import Focus, Sample, WalkConfig, draw_focus, sample_subgraphs
from websailor.questions.split import held_out_entities
from websailor.wiki.world.held_out import HeldOut, is_cell_held_out

Part = Literal["train", "held_out"]
OVERDRAW = 4
"""Subgraphs drawn for each one that is kept, at most, while a part is still short."""


@dataclass(frozen=True)
class Pools:
    """Subgraphs by part and shape class, and the part of every entity."""

    samples: dict[Part, dict[str, list[Sample]]]
    held_out: frozenset[str]
    """Entities set apart."""
    askable: dict[Part, npt.NDArray[np.bool_]]
    """(N,) nodes that a question of the part may ask for."""
    kinds: tuple[str, ...]
    """Type of every node."""
    rule: HeldOut | None
    """Which cells of (shape, type) no training question may be of."""
    all_held_out: bool = False
    """Whether every page is for evaluation, those of no entity too."""
    crossing: int = 0
    """Subgraphs drawn that lie in both parts."""
    holding: dict[tuple[Part, str], dict[str, list[Sample]]] = field(default_factory=dict)
    """(part, operator) -> those that hold what the operator seeks."""

    def part_of(self, entity: str) -> Part:
        return "held_out" if self.all_held_out or entity in self.held_out else "train"

    def draw(self, part: Part, rng: np.random.Generator, sought: str = "") -> Focus:
        """Shape class uniform, subgraph uniform, orbit uniform, node uniform, among the nodes that can be asked for; of
        those that can carry the operator `sought`, if one is given.
        """
        pool = self.holding[part, sought] if sought else self.samples[part]
        while True:
            focus = draw_focus(pool, rng)
            if self.may_ask(part, focus.sample, focus.node):
                return focus

    def may_ask(self, part: Part, sample: Sample, node: int) -> bool:
        """True when a question of the part may ask for a node of a subgraph. Every subgraph of a pool has one."""
        if not self.askable[part][node]:
            return False
        if part == "held_out" or self.rule is None:
            return True
        return not is_cell_held_out(sample.form.class_id, self.kinds[node], self.rule)


def draw_pools(
    corpus: Corpus,
    config: Config,
    sought: Mapping[str, Collection[str]] | None = None,
    rule: HeldOut | None = None,
    all_held_out: bool = False,
) -> Pools:
    """Draw the subgraphs of a run. Raises `UserError` when a part that questions are asked of has none.

    `sought`: operator -> entities (ids) of which a subgraph must hold one to carry it. `rule`: which cells of (shape,
    type) the generated world keeps from training. `all_held_out`: the whole world is for evaluation alone.
    """
    if all_held_out:
        held = np.ones(corpus.graph.node_count, dtype=bool)
    else:
        held = held_out_entities(corpus.graph, config.held_out_share, config.split_seed)
    held_out = frozenset(entity.id for entity, apart in zip(corpus.entities, held, strict=True) if apart)
    walk = WalkConfig(
        min_nodes=config.min_nodes,
        max_nodes=config.max_nodes,
        min_cycle_rank=max(config.min_cycle_rank, int(config.shape == "cyclic" or "U4" in config.operators)),
        quota=max(20, config.pool // 40),
    )
    wanted: dict[Part, int] = {"train": config.pool if config.count else 0}
    share = 1.0 if all_held_out else config.held_out_share
    wanted["held_out"] = round(config.pool * share) if config.held_out_count else 0
    taken: dict[Part, int] = {"train": 0, "held_out": 0}
    wanted_kind = np.array(
        [
            corpus.nameable(entity)
            and (not config.focus_kinds or entity.kind in config.focus_kinds)
            and len(corpus.homonyms(entity)) == 1
            for entity in corpus.entities
        ]
    )
    askable: dict[Part, npt.NDArray[np.bool_]] = {"train": wanted_kind & ~held, "held_out": wanted_kind & held}
    marked = {
        code: np.array([entity.id in ones for entity in corpus.entities]) for code, ones in (sought or {}).items()
    }
    required = [code for code in config.operators if code in marked]
    kinds = tuple(entity.kind for entity in corpus.entities)
    cells = rule if rule and rule.cell_share else None
    pools = Pools({"train": {}, "held_out": {}}, held_out, askable, kinds, cells, all_held_out)
    crossing = 0
    for number, sample in enumerate(sample_subgraphs(corpus.graph, walk, np.random.default_rng(config.seed))):
        if all(taken[part] >= wanted[part] for part in taken) or number >= OVERDRAW * config.pool:
            break
        apart = {pools.part_of(corpus.tellable[fact].source.page) == "held_out" for fact in sample.facts}
        if len(apart) > 1:
            crossing += 1
            continue
        if config.shape == "tree" and sample.cycle_rank:
            continue
        if not all(marked[code][list(sample.nodes)].any() for code in required):
            continue
        part = "held_out" if apart.pop() else "train"
        if taken[part] < wanted[part] and any(pools.may_ask(part, sample, node) for node in sample.nodes):
            pools.samples[part].setdefault(sample.form.class_id, []).append(sample)
            taken[part] += 1
    asked: tuple[tuple[Part, int], ...] = (("train", config.count), ("held_out", config.held_out_count))
    for part, count in asked:
        if count and not taken[part]:
            raise UserError(
                f"the {part} part of the graph has no subgraph of {config.min_nodes} to {config.max_nodes} entities "
                f"{_asked(config, required)}to ask about: build a larger graph, or change held_out_share, min_nodes, "
                "min_cycle_rank, shape, operators or focus_kinds"
            )
    holding: dict[tuple[Part, str], dict[str, list[Sample]]] = {
        (part, code): kept
        for part, samples in pools.samples.items()
        for code, mark in marked.items()
        if (
            kept := {
                name: some
                for name, ones in samples.items()
                if (some := [one for one in ones if mark[list(one.nodes)].any()])
            }
        )
    }
    return replace(pools, crossing=crossing, holding=holding)


def _asked(config: Config, required: Collection[str]) -> str:
    """What else a subgraph had to have."""
    shape = {"any": "", "tree": "without a cycle ", "cyclic": "with a cycle "}[config.shape]
    return shape + (f"that can carry {', '.join(required)} " if required else "")
