"""What commands print: results for people and pipes, on stdout."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from websailor.models.fences import printable
from websailor.records import Usage


class Output(Console):
    """Standard output; a reader that leaves is the front door's matter (rich would exit with 1, our "check failed").

    Its width is that of the moment something is printed, not that of its making.
    """

    def __init__(self) -> None:
        super().__init__(highlight=False, emoji=False)
        self._width = None

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


stdout = Output()
BAR = 40
"""Characters of the longest bar."""


def show_counts(title: str, counts: Mapping[str, float]) -> None:
    """A stage's counts, one a line."""
    table = Table(title=escape(title), title_justify="left", show_header=False, box=None, padding=(0, 2))
    for key, value in counts.items():
        table.add_row(key.replace("_", " "), f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}")
    stdout.print(table)


def show_spending(out: Path) -> None:
    """What a run's endpoints cost, a line for each role; nothing where there is none."""
    from websailor.models.endpoint.prices import in_words
    from websailor.models.endpoint.spending import spent_by_role

    for role, spent in spent_by_role(out).items():
        print_line(f"{role} {in_words(spent)}")


def usage_in_words(usage: Usage) -> str:
    """How long an episode was, and what it cost where an endpoint worked it."""
    numbers = {"turn": usage.turns, "call": usage.tool_calls, "token": usage.completion_tokens}
    tokens = (
        ", ".join(f"{number:,} {name}{'' if number == 1 else 's'}" for name, number in numbers.items()) + " written"
    )
    if usage.cost == 0 and usage.currency is None:
        return tokens
    cost = "cost unknown" if usage.cost is None else f"{usage.cost:.2g} {usage.currency}"
    return f"{tokens}, {usage.sent_tokens:,} read, {cost}"


def show_bars(title: str, rows: Sequence[tuple[str, float]]) -> None:
    """A histogram, a line for each bin."""
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2))
    highest = max((value for _, value in rows), default=0) or 1
    for name, value in rows:
        table.add_row(name, f"{value:,.0f}", "█" * round(BAR * value / highest) or ("▏" if value else ""))
    stdout.print(table)


def print_json(value: Any) -> None:
    """One line of JSON, for pipes: whatever the terminal's encoding, it reads as what was given."""
    text = json.dumps(value, ensure_ascii=not stdout.encoding.startswith("utf"))
    stdout.print(text, markup=False, soft_wrap=True)


def print_line(text: str) -> None:
    """A line as it is: no wrapping, no markup, and nothing that steers the terminal."""
    stdout.print(printable(text), markup=False, soft_wrap=True)
