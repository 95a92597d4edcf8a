"""The nouns that cross stages. Data only: frozen, validated, without behaviour.

Every stage reads and writes these as JSONL (`websailor.files`). A field is documented once, in the string beneath it.
"""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """Base of all records: immutable, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


ValueType = Literal["entity", "date", "number", "text"]


# ---------------------------------------------------------------- pages


class Link(Record):
    """A link from one page to another."""

    anchor: str
    """The words the reader sees."""
    target: str
    """Title of the page linked to, as written (redirects not resolved)."""
    offset: int
    """Position of the anchor in `Page.text`, in characters; -1 when the link stands in the infobox alone."""


class Value(Record):
    """One value of an infobox field."""

    type: ValueType
    text: str
    """As the reader sees it."""
    target: str | None = None
    """Entity: the title linked to."""
    number: float | None = None
    """Number: the amount, in `unit`. Date: the year (negative before the common era)."""
    unit: str | None = None
    """Number: the unit as written, e.g. `km2`; None for a bare count."""
    date: str | None = None
    """Date: ISO 8601 at the precision that is stated: `1953`, `1953-04` or `1953-04-02`."""


class InfoboxField(Record):
    """One key of an infobox with its values."""

    key: str
    values: tuple[Value, ...]


class Page(Record):
    """A page of the encyclopedia."""

    id: int
    title: str
    url: str
    text: str = ""
    """Plain text: paragraphs separated by blank lines, tables flattened to lines `cell | cell`."""
    links: tuple[Link, ...] = ()
    infobox_type: str | None = None
    """Name of the infobox template without the word `Infobox`, lower case: `person`, `settlement`."""
    infobox: tuple[InfoboxField, ...] = ()
    categories: tuple[str, ...] = ()
    redirect_to: str | None = None
    disambiguation: bool = False
    first_sentence: str = ""


class Hit(Record):
    """One search result."""

    title: str
    url: str
    snippet: str
    score: float = 0.0


# ---------------------------------------------------------------- graph


class Source(Record):
    """Where a fact was read."""

    page: str
    """Title of the page that states it."""
    kind: Literal["infobox", "sentence", "table"]
    quote: str
    """The infobox line `key: value` or the sentence, verbatim from the page."""
    url: str = ""
    query: str | None = None
    """The search query that led to the page; None when a link did."""


class Entity(Record):
    """A node of the knowledge graph."""

    id: str
    """Canonical page title (or the linked title where the corpus has no such page)."""
    name: str
    """What a person would write: the title without a disambiguating parenthesis."""
    aliases: tuple[str, ...] = ()
    kind: str = "thing"
    """Type: `person`, `settlement`, ... ; `thing` when unknown."""
    statistics: dict[str, float] = Field(default_factory=dict)
    """`degree`, `inlinks`, `homonyms`, `title_rank` (rank of the page for its own title, 0 = not found), `rarity`,
    `has_page`."""


class Fact(Record):
    """An edge of the knowledge graph: subject -relation-> object."""

    id: str
    subject: str
    """Entity id."""
    relation: str
    """Infobox key or relation name in snake case: `born_in`."""
    object: str
    """Entity id, ISO date, number in plain digits, or text, by `value_type`."""
    value_type: ValueType = "entity"
    unit: str | None = None
    source: Source


class Shape(Record):
    """The form of a subgraph, independent of its names."""

    wl_hash: str
    """Weisfeiler-Leman hash of the directed graph, unlabelled."""
    class_id: str
    """The isomorphism class: the hash, with a suffix where two classes may share it."""
    size: int
    cycle_rank: int
    orbits: tuple[tuple[str, ...], ...]
    """Automorphism orbits, each a tuple of entity ids."""


class Subgraph(Record):
    """A connected piece of the knowledge graph."""

    id: str
    entities: tuple[str, ...]
    facts: tuple[str, ...]
    """Fact ids, all edges among `entities` that belong to the shape."""
    shape: Shape


# ---------------------------------------------------------------- questions


class Atom(Record):
    """`relation(subject, object)` over variables."""

    relation: str
    subject: str
    object: str
    fact: str
    """Id of the fact that this atom hides."""


class Domain(Record):
    """A unary restriction of one variable."""

    variable: str
    lattice: str
    """`entity` (exact: a named anchor), `kind`, `initial`, `year`, `decade`, `half_century`, `century`, `value`
    (exact literal), `range`."""
    value: str
    """The label: an entity id, a type, a letter, `1950s`, `1950-1999`, `20`, a literal, or `low..high`."""


class Pattern(Record):
    """A question as a query: find the focus such that all atoms and domains hold under one assignment of the variables.

    Homomorphism semantics: two variables may be equal unless listed in `distinct`.
    """

    focus: str
    variables: tuple[str, ...]
    value_types: dict[str, ValueType] = Field(default_factory=dict)
    """Type of every variable that is not an entity."""
    atoms: tuple[Atom, ...]
    domains: tuple[Domain, ...] = ()
    distinct: tuple[tuple[str, str], ...] = ()
    assignment: dict[str, str] = Field(default_factory=dict)
    """The intended witness (variable -> entity id or literal). Never shown to an agent."""


class Clue(Record):
    """One statement of a question."""

    text: str
    operator: str
    """The uncertainty operator that made it: `U1` .. `U16`, or `U0` for a plain clue."""
    facts: tuple[str, ...]
    """Ids of the facts it hides."""
    variables: tuple[str, ...]
    """Variables it speaks of."""
    gain: float = 0.0
    """Bits: how much it narrows the answers, after the clues before it."""
    necessary: bool = True
    """True if the answer is no longer unique without it."""


class Uncertainty(Record):
    """How hard a question is, measured. All in bits unless said otherwise."""

    initial: float
    """H0 = log2 of the number of entities of the focus' type."""
    after: tuple[float, ...]
    """H_k = log2 of the number of answers to the first k clues."""
    best_single: float
    """Bits left when only the most telling clue is used."""
    frontier: float
    """log2 of the largest intermediate candidate set."""
    necessity: float
    """Share of clues whose removal breaks uniqueness."""
    cycle_rank: int
    oracle_cost: int
    """Searches and visits of a solver that has the query in hand."""


class Evidence(Record):
    """What a reader can check: a clue and a page that states it."""

    clue: int
    """Index into `Question.clues`."""
    fact: str
    page: str
    quote: str
    url: str = ""


class Question(Record):
    """A question with its one answer and the proof material."""

    id: str
    prompt: str
    answer: str
    aliases: tuple[str, ...] = ()
    pattern: Pattern
    clues: tuple[Clue, ...]
    level: int
    uncertainty: Uncertainty
    evidence: tuple[Evidence, ...]
    shape: str
    """`Shape.class_id` of the subgraph it came from."""
    focus_orbit: int
    """Index of the focus' orbit in the shape."""
    language: Literal["en", "zh"] = "en"
    split: Literal["train", "held_out"] = "train"
    seed: int


# ---------------------------------------------------------------- agent


class ToolCall(Record):
    """A call as the model emitted it; malformed ones survive."""

    id: str
    name: str
    arguments: str
    """Raw JSON text."""


class Message(Record):
    """One chat message."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


class Observation(Record):
    """What a tool gave back."""

    content: str
    status: Literal["ok", "error", "degraded"] = "ok"
    provider: str = ""
    cached: bool = False
    seconds: float = 0.0


class Step(Record):
    """One turn: thought, call, observation."""

    thought: str
    call: ToolCall | None
    """None in the last step (the answer) and after a turn that had no usable call."""
    observation: Observation | None


class StopReason(StrEnum):
    """Why an episode ended."""

    ANSWER = "answer"
    TURN_LIMIT = "turn_limit"
    CONTEXT_LIMIT = "context_limit"
    TIME_LIMIT = "time_limit"
    FORMAT_ERROR = "format_error"
    TOOL_FAILURE = "tool_failure"


class Usage(Record):
    """What an episode cost."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    turns: int = 0
    tool_calls: int = 0
    format_errors: int = 0
    """Turns without a usable call or answer."""


class Score(Record):
    """A verdict."""

    value: float
    """1 right, 0 wrong."""
    reason: str
    judge: str
    """Which scorer: `exact`, or the judge model's name."""


class Trajectory(Record):
    """One episode of an agent on one question."""

    id: str
    question_id: str
    model: str
    seed: int
    messages: tuple[Message, ...]
    steps: tuple[Step, ...]
    answer: str | None
    stop: StopReason
    error: str | None = None
    usage: Usage = Usage()
    score: Score | None = None
    habit: str | None = None
    """The expert's habit (`careful`, `hasty`); None for a model's own episode."""


# ---------------------------------------------------------------- runs


class Reject(Record):
    """Something a stage refused to keep, with the reason."""

    id: str
    reason: str
    """A short stable name for counting: `not_unique`."""
    detail: str = ""
    record: dict[str, Any] | None = None


class Manifest(Record):
    """What a finished stage was made of; enough to repeat it."""

    stage: str
    config: dict[str, Any]
    inputs: dict[str, str]
    """Name -> content hash."""
    versions: dict[str, str]
    seed: int
    counts: dict[str, float]
    seconds: float
