"""Questions: the formal query, the clues, the measured uncertainty, the evidence."""

from typing import Annotated, Literal

from pydantic import Field

from websailor.records.base import Record, SourceKind, ValueType


class Atom(Record):
    """`relation(subject, object)` over variables."""

    relation: str
    subject: str
    object: str
    fact: str
    """Id of the fact that this atom hides."""
    at: str | None = None
    """A year or decade label (`1956`, `1950s`): only what held then counts. A fact without a tenure held always."""
    stated_in: SourceKind | None = None
    """Only what this kind of source states counts: the rule of precedence where sources disagree."""


class Domain(Record):
    """A unary restriction of one variable by a label that is true of its value."""

    variable: str
    lattice: str
    """`entity` (exact: a named anchor), `kind`, `initial`, `day`, `year`, `decade`, `half_century`, `century`, `value`
    (exact literal), `range`, `converted` (a range in another unit)."""
    value: str
    """The label: an entity id, a type, a letter, `1950s`, `1950-1999`, `20`, a literal, `low..high`, or for `converted`
    `low..high unit`."""


class Without(Record):
    """Negation: the variable has no such fact. Needs a relation of which the corpus is complete."""

    kind: Literal["without"] = "without"
    variable: str
    relation: str
    forward: bool = True
    """True where the variable is the relation's subject."""
    object: str | None = None
    """Entity id at the other end; None: none whatever."""


class Count(Record):
    """The variable has exactly so many different partners in a relation of which the corpus is complete."""

    kind: Literal["count"] = "count"
    variable: str
    relation: str
    forward: bool = True
    """True where the variable is the relation's subject."""
    number: int


class Bears(Record):
    """The variable is one of those that bear a name (or have it as an alias)."""

    kind: Literal["bears"] = "bears"
    variable: str
    name: str


class Compare(Record):
    """A guard on two literal variables: low <= measure(left, right) <= high. An open end does not bind."""

    kind: Literal["compare"] = "compare"
    left: str
    right: str
    measure: Literal["difference", "ratio"] = "difference"
    """`difference`: left - right (dates: by their year); `ratio`: left / right."""
    low: float | None = None
    high: float | None = None


class Rank(Record):
    """Applied to all that the rest of the question leaves: the focus is the k-th by a date or number."""

    kind: Literal["rank"] = "rank"
    relation: str
    """Of the focus to a literal."""
    largest: bool
    """Counted from the largest (latest) value, else from the smallest (earliest)."""
    place: int = 1


Condition = Annotated[Without | Count | Bears | Compare | Rank, Field(discriminator="kind")]


class Phrase(Record):
    """Several atoms that are said in one phrase and leave the things between them unsaid."""

    operator: str
    """`U12`: an inferred relation ("is a grandchild of"). `U9`: two relations that held at the same time
    ("worked for the same company at the same time as"). `U13`: alike things ("shares a birthplace with")."""
    name: str
    """Name of the rule that joins them: `grandparent`, `colleague_then`; for U13 empty."""
    atoms: tuple[int, ...]
    """Indices into `Pattern.atoms`. U9, U12: the path from `left` to `right`. U13: pairs, `left`'s atom then `right`'s.
    """
    left: str
    right: str


class Pattern(Record):
    """A question as a query: find the focus such that all atoms, domains and conditions hold under one assignment of
    the variables.

    Homomorphism semantics: two variables may be equal unless listed in `distinct`.
    """

    focus: str
    variables: tuple[str, ...]
    value_types: dict[str, ValueType] = Field(default_factory=dict)
    """Type of every variable that is not an entity."""
    atoms: tuple[Atom, ...]
    domains: tuple[Domain, ...] = ()
    distinct: tuple[tuple[str, str], ...] = ()
    conditions: tuple[Condition, ...] = ()
    """At most one `Rank` among them, which is applied last."""
    phrases: tuple[Phrase, ...] = ()
    assignment: dict[str, str] = Field(default_factory=dict)
    """The intended witness (variable -> entity id or literal). Never shown to an agent. Empty where the question has no
    answer (`U16`).
    """


class Clue(Record):
    """One statement of a question."""

    text: str
    operator: str
    """The uncertainty operator that made it: `U1` .. `U16`, or `U0` for a plain clue."""
    facts: tuple[str, ...]
    """Ids of the facts it rests on: those of its atoms, and those that a condition compares or counts."""
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
    fog: float = 0.0
    """What vagueness took away from the exact question: over all labels and untold values, log2 of how many values
    they admit.
    """
    oracle_cost: int
    """Searches and visits of a solver that has the query in hand."""


class Evidence(Record):
    """What a reader can check: a clue and a page that states it."""

    clue: int
    """Index into `Question.clues`."""
    fact: str
    """Fact id; empty where the page shows that there is no such fact."""
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
    """`Shape.class_id` of the subgraph it was drawn from; clues that went left out what only they spoke of."""
    focus_orbit: int
    """Index of the focus' orbit in the shape."""
    language: Literal["en", "zh"] = "en"
    split: Literal["train", "held_out"] = "train"
    seed: int
