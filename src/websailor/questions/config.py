"""The settings of the questions stage."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from websailor.files import StageConfig

Lattice = Literal["initial", "kind", "decade", "half_century", "century", "range", "region"]
ALL_LATTICES: tuple[Lattice, ...] = ("initial", "kind", "decade", "half_century", "century", "range", "region")


class Config(StageConfig):
    """What questions to make."""

    count: int = Field(default=1000, ge=0)
    """Training questions."""
    held_out_count: int = Field(default=0, ge=0)
    """Questions about the held-out part, on top."""
    held_out_share: float = Field(default=0.2, ge=0, lt=1)
    """Share of the entities that is set apart, in whole communities; no training question touches their pages."""
    split_seed: int = 0
    """Decides which communities are held out; apart from `seed`, so that later questions keep clear of the same part.
    """
    level: tuple[int, ...] = (1, 2, 3)
    """Levels to keep: 1 leaks or takes one step, 2 is a chain, 3 has no name, a wide choice and a cycle or three
    anchors.
    """
    style: Literal["brief", "full"] = "full"
    """`brief`: one short sentence; `full`: a paragraph."""
    language: Literal["en", "zh"] = "en"
    """Language of the prompts; names stay as the corpus spells them."""
    min_nodes: int = Field(default=2, ge=2, le=12)
    """Fewest entities of a subgraph."""
    max_nodes: int = Field(default=6, ge=2, le=12)
    """Most entities of a subgraph."""
    min_clues: int = Field(default=2, ge=1)
    """Fewest clues of a question."""
    max_clues: int = Field(default=5, ge=1)
    """Most clues of a question."""
    min_necessity: float = Field(default=1.0, ge=0, le=1)
    """Share of the clues without which the answer would not be unique; below 1 some may only confirm it."""
    named_anchors: tuple[int, ...] = (1,)
    """So many entities are named exactly, all others become vague; of several numbers each question draws one."""
    fog: int = Field(default=3, ge=0)
    """Lattice steps that one clue may take away from its exact value: 0 leaves everything exact."""
    lattices: tuple[Lattice, ...] = ALL_LATTICES
    """Ways of being vague that may be used."""
    candidates: int = Field(default=0, ge=0)
    """With 2 or more: what the exact clues leave open must be at least so many entities, so that a vague clue has to
    choose.
    """
    max_candidates: int = Field(default=0, ge=0)
    """At most so many entities may be left open by the exact clues; 0: no limit."""
    max_frontier: float = Field(default=0, ge=0)
    """Bits: a question whose largest intermediate set is larger is refused; 0: no limit."""
    max_cost: int = Field(default=0, ge=0)
    """Searches and visits that a solver with the query in hand may need; 0: no limit."""
    min_best_single: float = Field(default=0, ge=0)
    """Bits that the most telling single clue must leave open."""
    min_cycle_rank: int = Field(default=0, ge=0)
    """Cycles that a subgraph must have."""
    per_answer: int = Field(default=8, ge=0)
    """At most so many questions with the same answer; 0: no limit."""
    leak_rank: int = Field(default=10, ge=1)
    """The answer's page among so many hits for the question or one clue of it is a leak."""
    max_words: int = Field(default=0, ge=0)
    """Longest prompt in words (Chinese: characters); 0: no limit."""
    focus_kinds: tuple[str, ...] = ()
    """Types to ask for; empty: all that have a word."""
    pool: int = Field(default=6000, ge=1)
    """Subgraphs drawn beforehand, spread over their shapes; questions draw from them."""
    attempts: int = Field(default=300, ge=1)
    """Tries for one question before it is given up."""

    @field_validator("level", "named_anchors", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, int) else value

    @model_validator(mode="after")
    def _ranges(self) -> "Config":
        if self.min_nodes > self.max_nodes:
            raise ValueError(f"min_nodes {self.min_nodes} is above max_nodes {self.max_nodes}")
        if self.min_clues > self.max_clues:
            raise ValueError(f"min_clues {self.min_clues} is above max_clues {self.max_clues}")
        if not self.named_anchors or min(self.named_anchors) < 0:
            raise ValueError(f"named_anchors {self.named_anchors}: give one number or several, none below 0")
        if not self.level or not set(self.level) <= {1, 2, 3}:
            raise ValueError(f"level {self.level}: choose from 1, 2, 3")
        if self.held_out_count and not self.held_out_share:
            raise ValueError("held_out_count needs a held_out_share above 0")
        return self
