"""What a graph's statistics say to people, and reading them back.

Enters: `statistics.json` of a finished graph. Leaves: `Comparison`, and the table that `graph build` prints: the graph
that links alone give, the graph with what searches and pairs added, and, where it was asked for, the graph of a plain
expansion with the same budget.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from websailor.errors import UserError
from websailor.files import read_json
from websailor.graph.statistics import GraphStatistics
from websailor.records import Record

if TYPE_CHECKING:
    from rich.table import Table

MEASURES = (
    ("entities", "nodes", "{:,}"),
    ("edges", "edges", "{:,}"),
    ("density", "density", "{:.5f}"),
    ("mean degree", "mean_degree", "{:.2f}"),
    ("clustering", "clustering", "{:.3f}"),
    ("transitivity", "transitivity", "{:.3f}"),
    ("cycle rank", "cycle_rank", "{:,}"),
    ("edges on cycles", "edges_on_cycles", "{:.1%}"),
    ("components", "components", "{:,}"),
    ("giant component", "giant_component", "{:.1%}"),
    ("largest degree", "largest_degree", "{:,}"),
)
"""Name, field of `GraphStatistics`, and how it is written."""


class Comparison(Record):
    """The measures of a graph in its making."""

    before: GraphStatistics
    """What links alone give."""
    after: GraphStatistics
    """With what searches and pairs added."""
    plain: GraphStatistics | None = None
    """Plain expansion from the same seeds with the same budget."""
    sources: dict[str, int] = Field(default_factory=dict)
    """Facts by what states them: `infobox`, `sentence`, `table`."""
    hubs_left_out: tuple[str, ...] = ()
    """Entities that were not expanded because they have too many neighbours."""


def read_statistics(path: Path) -> Comparison:
    """From a finished stage's `statistics.json`. Raises `UserError` where there is none."""
    file = path / "statistics.json"
    if not file.is_file():
        raise UserError(f"{path} holds no finished graph: run `graph build` first")
    content = read_json(file)
    return Comparison.model_validate({name: content[name] for name in Comparison.model_fields if name in content})


def columns(found: Comparison) -> dict[str, GraphStatistics]:
    """What stands side by side, by name."""
    beside = {} if found.plain is None else {"plain expansion": found.plain}
    return {"before": found.before, "after": found.after, **beside}


def rows(found: Comparison) -> list[tuple[str, list[str]]]:
    """Every measure with its value in each column."""
    measured = columns(found).values()
    return [(title, [style.format(getattr(one, field)) for one in measured]) for title, field, style in MEASURES]


def statistics_table(found: Comparison) -> "Table":
    """The measures side by side."""
    from rich.table import Table

    table = Table("", *columns(found), title="Knowledge graph: before and after densification")
    for column in table.columns[1:]:
        column.justify = "right"
    for title, values in rows(found):
        table.add_row(title, *values)
    said = ["hubs: " + ", ".join(f"{name} {degree}" for name, degree in found.after.hubs[:5])]
    if found.hubs_left_out:
        said.append(f"not expanded as hubs: {len(found.hubs_left_out)}")
    if found.sources:
        said.append("facts from " + ", ".join(f"{kind} {count:,}" for kind, count in found.sources.items()))
    if not found.after.cycle_rank:
        said.append("no cycle: questions with a cycle cannot be made of this graph")
    table.caption = "\n".join(said)
    return table
