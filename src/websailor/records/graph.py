"""The knowledge graph: entities, facts with their source, subgraphs."""

from pydantic import Field

from websailor.records.base import Record, SourceKind, ValueType


class Source(Record):
    """Where a fact was read."""

    page: str
    """Title of the page that states it."""
    kind: SourceKind
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
    start: int | None = None
    """First year in which it held, where the source states a tenure."""
    end: int | None = None
    """Last year in which it held; None with a `start`: it has not ended."""
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
