"""The settings of the questions stage.

Enters: a table of a recipe, flags. Leaves: a `Config` whose dials do not contradict each other. Several values are
written `U4,U7` on the command line, ranges `low..high`, `low..`, `..high` or `n`.
"""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from websailor.files import StageConfig
from websailor.models.endpoint.config import EndpointSettings

Lattice = Literal["initial", "kind", "decade", "half_century", "century", "range", "region"]
ALL_LATTICES: tuple[Lattice, ...] = ("initial", "kind", "decade", "half_century", "century", "range", "region")

BY_THEMSELVES = ("U1", "U2", "U3", "U4")
"""Operators that arise from the subgraph and its widening."""
ADDED = tuple(f"U{number}" for number in range(5, 17))
"""Operators that are added on purpose."""
_RANGE = re.compile(r"(\d+(?:\.\d+)?)?(\.\.)?(\d+(?:\.\d+)?)?")


class Span(NamedTuple):
    """A range of numbers, both ends included."""

    low: float
    high: float

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


def span(text: str) -> Span:
    """`3..6`, `12..`, `..4`, `5`; anything, where empty. Raises `ValueError` for anything else."""
    match = _RANGE.fullmatch(text.replace(" ", ""))
    if match is None or (text and match[1] is None and match[3] is None) or (match[3] and not match[2]):
        raise ValueError(f"{text!r} is no range: write low..high, low.., ..high or one number")
    low = float(match[1] or 0)
    high = float(match[3]) if match[3] else low if match[1] and not match[2] else math.inf
    if low > high:
        raise ValueError(f"{text!r}: the least is above the most")
    return Span(low, high)


def _checked(text: str) -> str:
    span(text)
    return text.replace(" ", "")


def _as_text(value: object) -> object:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else value


Range = Annotated[str, BeforeValidator(_as_text), AfterValidator(_checked)]
"""A range as it is written; `span` reads it."""


class Config(StageConfig):
    """What questions to make."""

    count: int = Field(default=1000, ge=0)
    """Training questions."""
    held_out_count: int = Field(default=0, ge=0)
    """Questions about the held-out part, on top; of a world whose seed is held out, all that there are."""
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
    """So many entities are named exactly, all others become vague; of several numbers each question draws one. Where
    only level 3 is asked for, which names nothing, 0 unless it is given.
    """
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
    per_page: int = Field(default=0, ge=0)
    """At most so many questions whose evidence stands mostly on the same page; 0: no limit."""
    focus_kinds: tuple[str, ...] = ()
    """Types to ask for; empty: all that have a word."""
    pool: int = Field(default=6000, ge=1)
    """Subgraphs drawn beforehand, spread over their shapes; questions draw from them."""
    attempts: int = Field(default=300, ge=1)
    """Tries for one question before it is given up."""
    patience: int = Field(default=100, ge=1)
    """Questions given up one after the other after which the run ends and says what ran out."""
    operators: tuple[str, ...] = ()
    """Operators that every question must carry: U1 .. U15."""
    palette: tuple[str, ...] = ()
    """Operators that may be added, least used first: U5 .. U16 or `all`; empty: none. U1 .. U4 arise by themselves."""
    operators_per_question: Range = ""
    """How many different operators a question carries, U1 .. U4 among them: a range such as 3..6; empty: any number."""
    bits: Range = ""
    """How much vagueness took away from the exact question, in bits: a range such as 12..; empty: any."""
    shape: Literal["any", "tree", "cyclic"] = "any"
    """Whether a question must have a cycle among its clues, or must have none."""
    none_share: float = Field(default=0.03, ge=0, le=0.03)
    """Share of the questions that nothing fits, where U16 is in the palette; as many again allow "none" and have an
    answer.
    """
    per_operator: int = Field(default=0, ge=0)
    """At most so many questions with the same added operator; 0: no limit."""
    per_cell: int = Field(default=0, ge=0)
    """At most so many questions of one cell: with or without a cycle, the same rarest operator, the same four bits of
    vagueness; 0: no limit.
    """

    @model_validator(mode="before")
    @classmethod
    def _nothing_named_at_level_3(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "named_anchors" in given:
            return given
        level = given.get("level")
        alone = level[0] if isinstance(level, list | tuple) and len(level) == 1 else level
        return {**given, "named_anchors": (0,)} if str(alone) == "3" else given

    @field_validator("level", "named_anchors", "operators", "palette", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        """One value, several, or several in one text: `U4,U7`."""
        if isinstance(value, int | str):
            value = (value,)
        if not isinstance(value, list | tuple):
            return value
        parts = (one.split(",") if isinstance(one, str) else [one] for one in value)
        return tuple(
            part.strip() if isinstance(part, str) else part for several in parts for part in several if part != ""
        )

    @field_validator("operators", "palette")
    @classmethod
    def _known(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        found = dict.fromkeys(code.upper() for code in codes)
        if "ALL" in found:
            found = dict.fromkeys((*ADDED, *(code for code in found if code != "ALL")))
        if unknown := [code for code in found if code not in (*BY_THEMSELVES, *ADDED)]:
            raise ValueError(f"{unknown[0]} is no operator: choose from U1 .. U16")
        return tuple(found)

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

    @model_validator(mode="after")
    def _dials_agree(self) -> "Config":
        if fault := self._contradiction():
            raise ValueError(fault)
        return self

    def _contradiction(self) -> str | None:
        """Two dials that no question can satisfy, in one line."""
        wanted, named, cyclic = span(self.operators_per_question), set(self.operators), self.shape == "cyclic"
        reach = len({*BY_THEMSELVES, *named, *self.palette})
        several = max(len(named), wanted.low)
        vague = bool(self.fog or named or self.palette)
        asked = f"operators_per_question {self.operators_per_question}"
        faults = (
            (set(BY_THEMSELVES) & set(self.palette), "palette: U1 .. U4 arise by themselves, leave them out"),
            ("U16" in named, "operators: U16 is for at most 3 % of a set, put it into the palette"),
            (self.shape == "tree" and "U4" in named, "operators: U4 is a cycle, and shape tree has none"),
            (self.shape == "tree" and self.min_cycle_rank, "shape tree has no cycle, and min_cycle_rank asks for some"),
            (self.max_nodes < 3 and (cyclic or named & {"U3", "U4"}), "U3, U4 and cycles need max_nodes 3 or more"),
            (not self.fog and "U1" in named, "operators: U1 is vagueness, and fog is 0"),
            (span(self.bits).low > 0 and not vague, f"bits {self.bits}: with fog 0 and no operators nothing is vague"),
            (
                max(self.level) == 1 and several > 2,
                f"level 1 is a leak or one step, too little for {several:g} operators",
            ),
            (
                len(named) > wanted.high,
                f"{asked} is less than the {len(named)} operators that every question must carry",
            ),
            (wanted.low > reach, f"{asked}: with this palette at most {reach} are possible"),
            (several > self.max_clues, f"{several:g} operators need as many clues, and max_clues is {self.max_clues}"),
            (
                0 < self.max_candidates < self.candidates,
                f"candidates {self.candidates} is above max_candidates {self.max_candidates}",
            ),
            (
                min(self.named_anchors) >= self.max_nodes,
                f"named_anchors {min(self.named_anchors)}: of max_nodes {self.max_nodes} one is the answer",
            ),
            (
                set(self.level) == {3} and min(self.named_anchors),
                "level 3 names nothing, and named_anchors asks for names",
            ),
        )
        return next((words for wrong, words in faults if wrong), None)


class RewritingConfig(StageConfig):
    """How a language model rewrites questions."""

    model: str = Field(min_length=1)
    """The model: `openai:MODEL@URL`."""
    tries: int = Field(default=2, ge=1, le=100)
    """Sentences that the model may write for one clause until one stands."""
    concurrency: int = Field(default=16, ge=1, le=10_000)
    """Questions in flight; the requests in flight are bounded by `endpoint.concurrency`."""
    breakdowns: int = Field(default=20, ge=1, le=100_000)
    """Questions in a row that the endpoint gives no reply to, after which the run stops."""
    leak_rank: int = Field(default=10, ge=1)
    """The answer's page among so many hits for the new words of a question or clue is a leak."""
    max_words: int = Field(default=0, ge=0)
    """Longest prompt in words (Chinese: characters); 0: no limit."""
    endpoint: EndpointSettings = EndpointSettings()
    """How to speak to the endpoint."""
