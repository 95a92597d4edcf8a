"""Pages of the encyclopedia, and what a search shows of them."""

from websailor.records.base import Record, ValueType


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
    """As the reader sees it; with the years that follow a name in parentheses."""
    target: str | None = None
    """Entity: the title linked to."""
    number: float | None = None
    """Number: the amount, in `unit`. Date: the year (negative before the common era)."""
    unit: str | None = None
    """Number: the unit as written, e.g. `km2`; None for a bare count."""
    date: str | None = None
    """Date: ISO 8601 at the precision that is stated: `1953`, `1953-04` or `1953-04-02`."""
    start: int | None = None
    """First year of the span in parentheses that follows a name: `[[Ada]] (1950–1962)`; `text` shows it too."""
    end: int | None = None
    """Last year of that span; None when it is open, as in `(since 1950)`, or when there is none."""


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
