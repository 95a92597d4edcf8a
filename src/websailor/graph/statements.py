"""What text states, before it is a fact: the common tongue of everything that reads sentences and tables."""

from typing import NamedTuple

from websailor.records import ValueType

LONGEST_QUOTE = 400
"""Characters of a sentence or row that still makes a quote."""


class Statement(NamedTuple):
    """A fact as text states it; entities as link targets, not yet resolved."""

    subject: str | None
    """None: the page's own entity."""
    relation: str
    value_type: ValueType
    object: str | None
    """None: the page's own entity. A number is in plain digits, a date in ISO form."""
    quote: str
    table: bool
    start: int | None = None
    """First year in which it held, where the text says so."""
    end: int | None = None
    unit: str | None = None
    subject_kind: str | None = None
    """Type that the words give the subject: "the novel ..."."""
    called: str | None = None
    """How the text calls the object, where that may be another name of it."""
