"""Relations that nobody states and that follow from stated ones, and spans between two dates of one thing, in words.

Enters: `wording/derived.toml` and the spans of `wording/wikipedia_operators.toml`. Leaves: `Rule`s (U12, U9) and
`Span`s (U11), looked up by name and by relations.
"""

from functools import cache

from websailor.records import Record
from websailor.wiki.relations import table


class RuleWording(Record):
    """A rule's phrases in one language: verb phrases in the third person singular, as in `relations.Wording`."""

    clue: tuple[str, ...]
    """Said of the left end: "is a grandchild of {o}"."""
    inverse: tuple[str, ...]
    """Said of the right end: "is a grandparent of {s}"."""
    relative: tuple[str, ...]
    """Relative clause on the right end: "who is a grandparent of {s}"."""


class Rule(RuleWording):
    """What follows from a path of relations: its ends stand in this relation, its middle stays unsaid."""

    name: str
    path: tuple[str, ...]
    """Relations from the left end to the right one; `~parent` leads from a parent to the child."""
    kinds: tuple[str, ...]
    """Types of all things on the path, both ends among them: one more than relations."""
    distinct: tuple[tuple[int, int], ...] = ()
    """Positions on the path (0 is the left end) that must hold different things: nobody is a sibling of himself."""
    symmetric: bool = False
    """The right end says the same of the left."""
    chinese: RuleWording


class SpanWording(Record):
    """A span's phrases in one language."""

    clue: tuple[str, ...]
    """"died at the age of {n}", with "about 67" for {n}."""


class Span(SpanWording):
    """The years between two dates of the same thing."""

    name: str
    later: str
    """Name of the relation whose date comes later: `died`."""
    earlier: str
    chinese: SpanWording


@cache
def rules() -> dict[str, Rule]:
    """All rules of the generated world by name."""
    return {name: Rule(name=name, **fields) for name, fields in table("derived")["rule"].items()}


@cache
def overlaps() -> dict[str, Rule]:
    """Rules of the generated world whose two relations have to have held at the same time (U9), by name."""
    return {name: Rule(name=name, **fields) for name, fields in table("derived")["overlap"].items()}


@cache
def spans(source: str = "derived") -> dict[tuple[str, str], Span]:
    """(later, earlier) relation -> span. `source`: `derived` for the generated world, `wikipedia_operators`."""
    found = [Span(name=name, **fields) for name, fields in table(source)["span"].items()]
    return {(span.later, span.earlier): span for span in found}
