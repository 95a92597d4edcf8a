"""An episode as a person reads it in a terminal, while it happens.

Enters: deltas of a turn that streams, whole turns, observations, the ended trajectory. Leaves: text on the console:
thoughts as prose, each call on one line, what the tools gave below it and not at length, at the end the answer and what
it rests on. Tags and JSON of the protocol are not shown; what cannot be read as a call is shown as it was written.
Nothing that a model or a page wrote steers the terminal.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.padding import Padding
from rich.text import Text

from websailor.cli.output import usage_in_words
from websailor.models.fences import printable
from websailor.models.protocol import read_turn
from websailor.records import Citation, Message, ToolCall, Trajectory

if TYPE_CHECKING:
    from rich.console import Console

    from websailor.models.endpoint import Delta

MOST_LINES = 12
"""Lines of an observation that are shown; the records have all of it."""
MOST_CHARACTERS = 400
"""Of one line."""
LONGEST_CALL = 4000
"""Characters of a call that are shown: a program may be long."""
OPENING = {"<think>": "thought", "<tool_call>": "call", "<answer>": "answer"}
CLOSING = ("</think>", "</tool_call>", "</answer>")
_TAG = re.compile("|".join((*OPENING, *CLOSING)))


class Splitter:
    """Text of the protocol that comes in pieces, told apart: (`thought`, `call` or `answer`, text) without its tags.

    What stands outside all tags is a thought. What may be the beginning of a tag waits for the rest of it.
    """

    def __init__(self) -> None:
        self._kind = "thought"
        self._held = ""

    def feed(self, text: str) -> Iterator[tuple[str, str]]:
        self._held += text
        while tag := _TAG.search(self._held):
            yield self._kind, self._held[: tag.start()]
            self._held = self._held[tag.end() :]
            self._kind = OPENING.get(tag[0], "thought")
        words = (*OPENING, *CLOSING)
        sure = self._held.rfind("<")
        if sure < 0 or not any(word.startswith(self._held[sure:]) for word in words):
            sure = len(self._held)
        if sure:
            yield self._kind, self._held[:sure]
            self._held = self._held[sure:]

    def flush(self) -> Iterator[tuple[str, str]]:
        if self._held:
            yield self._kind, self._held
        self._held = ""


class Flow:
    """Prose that comes in pieces, broken between words at the edge of the terminal."""

    def __init__(self, console: "Console", style: str, indent: str = "  ") -> None:
        self._console = console
        self._style = style
        self._indent = indent
        self._column = 0
        self._held = ""
        self._begun = False

    def feed(self, text: str) -> None:
        *whole, self._held = re.split(r"(?<=\s)", self._held + text)
        for word in whole:
            self._word(word)

    def end(self) -> None:
        """Write what is left, and end the line."""
        if self._held.strip():
            self._word(self._held)
        self._held = ""
        if self._column:
            self._console.print()
        self._column = 0
        self._begun = False

    def _word(self, word: str) -> None:
        plain = printable(word).strip()
        if plain:
            self._begun = True
            if self._column and self._column + 1 + cell_len(plain) > self._console.width:
                self._console.print()
                self._column = 0
            lead = " " if self._column else self._indent
            self._write(lead + plain)
            self._column += cell_len(lead + plain)
        if "\n" in word and self._begun and self._column:
            self._console.print()
            self._column = 0

    def _write(self, text: str) -> None:
        self._console.print(text, style=self._style, end="", markup=False, highlight=False, soft_wrap=True)


class Narrator:
    """Shows a conversation while it grows: what came in since the last turn, then the turn, piece by piece where the
    model streams. In a `native` conversation what is written beside thoughts and calls is the answer."""

    def __init__(self, console: "Console", native: bool = False) -> None:
        self._console = console
        self._native = native
        self._shown = 0
        self._thought = Flow(console, "italic")
        self._begin()

    def _begin(self) -> None:
        self._splitter = Splitter()
        self._told = False
        """Whether anything of the turn's thought has been shown."""

    def hear(self, delta: "Delta") -> None:
        """Show a piece of a turn. Calls are shown when they are whole, the answer at the end."""
        if delta.kind == "restart":
            self._thought.end()
            self._line(f"  (the connection was lost, the turn begins again: {delta.text})", "red")
            self._begin()
        elif delta.kind == "thought":
            self._think(delta.text)
        elif delta.kind == "text" and not self._native:
            for kind, text in self._splitter.feed(delta.text):
                if kind == "thought":
                    self._think(text)

    def turn(self, message: Message) -> None:
        """Show the rest of a turn that is whole now."""
        for kind, text in self._splitter.flush():
            if kind == "thought":
                self._think(text)
        turn = read_turn(message)
        if not self._told and turn.thought:
            self._think(turn.thought)
        self._thought.end()
        if message.tool_calls or turn.calls:
            if message.reasoning is not None and message.content.strip():
                self._line(f"  {message.content.strip()}", "italic")
            for call in message.tool_calls or turn.calls:
                self._line(f"  › {_cut(f'{call.name}  {_arguments(call)}', LONGEST_CALL)}", "cyan")
        elif turn.error is not None and (written := _unreadable(message.content)):
            self._line(f"  › {written}", "cyan")
        self._begin()

    def observations(self, messages: Sequence[Message]) -> None:
        """Show what the tools gave since the last turn."""
        said = next((one for one in reversed(messages) if one.role == "assistant"), None)
        wrong = said is not None and read_turn(said).error is not None
        for message in messages[self._shown :]:
            if message.role == "tool":
                self._observation(message.content, "red" if wrong else "dim")
        self._shown = len(messages) + 1

    def _observation(self, content: str, style: str) -> None:
        lines = [line.strip() for line in content.splitlines() if line.strip()]
        for line in lines[:MOST_LINES]:
            self._line(f"    {_cut(line, MOST_CHARACTERS)}", style)
        if len(lines) > MOST_LINES:
            self._line(f"    ({len(lines) - MOST_LINES} more lines)", style)

    def _think(self, text: str) -> None:
        self._told = self._told or bool(text.strip())
        self._thought.feed(text)

    def _line(self, text: str, style: str) -> None:
        """A line that goes on below its own beginning where it is too long for the terminal."""
        text = printable(text)
        plain = text.lstrip()
        indent = len(text) - len(plain)
        self._console.print(Padding(Text(plain, style=style), (0, 0, 0, indent), expand=False))

    def ended(self, trajectory: Trajectory, seconds: float) -> None:
        """Show the answer and what it rests on, or why there is none; then what it took."""
        self._thought.end()
        self._console.print()
        if trajectory.answer is None:
            why = trajectory.stop.value.replace("_", " ")
            more = f" ({trajectory.error})" if trajectory.error else ""
            self._line(f"No answer: {why}{more}", "bold")
        else:
            self._line(trajectory.answer, "bold")
        if trajectory.citations:
            self._console.print()
            self._line("Sources", "dim")
        for citation in trajectory.citations:
            self._citation(citation)
        self._console.print()
        self._line(f"{usage_in_words(trajectory.usage)} · {seconds:.1f} s", "dim")

    def _citation(self, citation: Citation) -> None:
        mark, style, words = {
            True: ("✓", "green", ""),
            False: ("✗", "red", " (the page does not hold this quote)"),
            None: ("?", "yellow", " (the page could not be loaded, so the quote is not checked)"),
        }[citation.found]
        self._line(f"  {mark} {citation.claim}{words}", style)
        self._line(f"      “{citation.quote}”", "")
        self._line(f"      {citation.url or f'seen in {citation.seen_in}'}", "dim")


def _arguments(call: ToolCall) -> str:
    """Arguments as words; what is no JSON as it was written."""
    try:
        arguments = json.loads(call.arguments, strict=False)
    except (ValueError, RecursionError):  # also a number of thousands of digits
        return call.arguments
    if not isinstance(arguments, dict):
        return call.arguments
    return " · ".join(_value(value) for value in arguments.values() if value)


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[:characters]} ..."


def _value(value: Any) -> str:
    if isinstance(value, list):
        return " | ".join(_value(one) for one in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _unreadable(content: str) -> str:
    """What a turn that breaks the protocol holds besides its thought."""
    return " ".join(content.rpartition("</think>")[2].split())[:MOST_CHARACTERS]
