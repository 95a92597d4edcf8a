"""A turn while it grows: the deltas that a listener sees.

Enters: pieces of text as they come. Leaves: `Delta` records. Text is held back as long as it may be the beginning of a
stop string or of the key, so that a listener never sees what is not part of the turn.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from websailor.models.endpoint.faults import HIDDEN
from websailor.models.endpoint.wire import Piece, whole_characters
from websailor.records import Record

DeltaKind = Literal["thought", "text", "call", "arguments", "restart"]


class Delta(Record):
    """A piece of a turn."""

    kind: DeltaKind
    """`call` is the name of a native call, `arguments` its JSON. `restart`: the attempt was lost, all deltas of this
    turn are void, and `text` says why."""
    text: str
    call: int | None = None
    """Number of the call in the turn."""


Listener = Callable[[Delta], None]
"""Is told every delta as it comes."""


class Sieve:
    """Lets text through up to the first stop string, with the secret replaced."""

    def __init__(self, stop: Sequence[str] = (), secret: str | None = None) -> None:
        self._stop = tuple(word for word in stop if word)
        self._secret = secret
        self._held = ""
        self.stopped = False
        """True once a stop string came; nothing passes any more."""

    def feed(self, text: str) -> str:
        """Add text; returns what is certain by now."""
        if self.stopped:
            return ""
        self._held += text
        ends = [position for word in self._stop if (position := self._held.find(word)) >= 0]
        if ends:
            self.stopped = True
            return self._release(min(ends))
        words = (*self._stop, self._secret) if self._secret else self._stop
        if self._secret:
            self._held = self._held.replace(self._secret, HIDDEN)
        half = int("\ud800" <= self._held[-1:] <= "\udbff")  # the other half of the character is still to come
        return self._release(len(self._held) - max((half, *(_overlap(self._held, word) for word in words))))

    def flush(self) -> str:
        """What was held back, at the end of the turn."""
        return "" if self.stopped else self._release(len(self._held))

    def _release(self, end: int) -> str:
        certain, self._held = whole_characters(self._held[:end]), self._held[end:]
        return certain.replace(self._secret, HIDDEN) if self._secret else certain


def _overlap(text: str, word: str) -> int:
    """Length of the longest end of `text` that begins `word`."""
    return next((size for size in range(min(len(text), len(word) - 1), 0, -1) if text.endswith(word[:size])), 0)


class Telling:
    """Turns the pieces of a reply into deltas, attempt by attempt."""

    def __init__(self, listener: Listener | None, stop: Sequence[str], secret: str | None) -> None:
        self._listener = listener
        self._stop = tuple(stop)
        self._secret = secret
        self._told = False
        self._begin()

    def _begin(self) -> None:
        self._text = Sieve(self._stop, self._secret)
        self._thought = Sieve((), self._secret)
        self._calls: dict[int, Sieve] = {}

    @property
    def stopped(self) -> bool:
        """True once the text holds a stop string: whatever follows is not part of the turn."""
        return self._text.stopped

    def add(self, piece: Piece) -> None:
        if piece.thought:
            self._tell("thought", self._thought.feed(piece.thought))
        if piece.text:
            self._tell("text", self._text.feed(piece.text))
        for number, name, arguments in piece.calls:
            self._tell("call", name, number)
            self._tell("arguments", self._calls.setdefault(number, Sieve((), self._secret)).feed(arguments), number)

    def finish(self) -> None:
        self._tell("thought", self._thought.flush())
        self._tell("text", self._text.flush())
        for number, sieve in self._calls.items():
            self._tell("arguments", sieve.flush(), number)

    def restart(self, reason: str) -> None:
        """Void what was told; what follows is another attempt."""
        if self._told:
            self._tell("restart", reason)
        self._told = False
        self._begin()

    def _tell(self, kind: DeltaKind, text: str, call: int | None = None) -> None:
        if text and self._listener is not None:
            self._told = True
            self._listener(Delta(kind=kind, text=text, call=call))
