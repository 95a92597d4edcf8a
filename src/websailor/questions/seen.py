"""The questions that stand already: no two about the same, none in the same words, not too many with one answer, of one
operator, of one cell.

Enters: questions as they are kept. Leaves: a refusal for one that repeats them, as early in its making as it can be
seen, and how often each operator was used.
"""

from collections import Counter
from collections.abc import Iterable

from websailor.questions.naming import plain
from websailor.questions.structure import identity, told
from websailor.records import Pattern, Question

CELL_BITS = 4
"""Bits of vagueness that one cell spans."""
Cell = tuple[str, str, int]
"""Shape group, rarest operator, bits bucket."""


class Refused(Exception):
    """This try gives no question; the reason is a short stable name for counting."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Seen:
    """What is known of the questions kept so far."""

    def __init__(self, per_answer: int = 0, per_cell: int = 0, per_page: int = 0) -> None:
        self._patterns: set[str] = set()
        self._queries: set[tuple[str, str]] = set()
        self._prompts: set[str] = set()
        self._answers: Counter[str] = Counter()
        self._cells: Counter[Cell] = Counter()
        self._per_answer = per_answer
        self._per_cell = per_cell
        self._pages: Counter[str] = Counter()
        self._per_page = per_page
        self.operators: Counter[str] = Counter()
        """In how many questions each operator is."""

    def add(self, question: Question) -> None:
        """Keep a question in mind."""
        self._patterns.add(identity(question.pattern))
        self._queries.add((question.pattern.assignment.get(question.pattern.focus, ""), told(question.pattern)))
        self._prompts.add(plain(question.prompt))
        self._answers[question.answer] += 1
        self._pages[main_page(evidence.page for evidence in question.evidence)] += 1
        codes = {clue.operator for clue in question.clues}
        self.operators.update(codes)
        self._cells[cell_of(codes, question.uncertainty.cycle_rank, question.uncertainty.fog)] += 1

    def check_answer(self, answer: str) -> None:
        """Raise `Refused` when an answer was asked for often enough."""
        if self._per_answer and self._answers[answer] >= self._per_answer:
            raise Refused("answer_used_up", answer)

    def is_used_up(self, pages: Iterable[str]) -> bool:
        """True when the page that most of these are was asked about often enough."""
        return bool(self._per_page) and self._pages[main_page(pages)] >= self._per_page

    def check_page(self, pages: Iterable[str]) -> None:
        """Raise `Refused` when a question rests on a page that was asked about often enough."""
        named = list(pages)
        if self.is_used_up(named):
            raise Refused("page_used_up", main_page(named))

    def check_pattern(self, pattern: Pattern) -> None:
        """Raise `Refused` for a question about the same."""
        if identity(pattern) in self._patterns:
            raise Refused("duplicate", pattern.assignment.get(pattern.focus, ""))

    def check_query(self, pattern: Pattern) -> None:
        """Raise `Refused` for a question that asks the same of other things, which none of its words tells apart."""
        if (pattern.assignment.get(pattern.focus, ""), told(pattern)) in self._queries:
            raise Refused("duplicate", pattern.assignment.get(pattern.focus, ""))

    def check_prompt(self, prompt: str) -> None:
        """Raise `Refused` for a question in the same words."""
        if plain(prompt) in self._prompts:
            raise Refused("duplicate", prompt)

    def check_cell(self, cell: Cell) -> None:
        """Raise `Refused` when there are enough questions of a cell."""
        if self._per_cell and self._cells[cell] >= self._per_cell:
            raise Refused("cell_full", " ".join(map(str, cell)))


def main_page(pages: Iterable[str]) -> str:
    """The page named most often, the first of several; empty without any."""
    return next((page for page, _ in Counter(pages).most_common(1)), "")


def cell_of(codes: Iterable[str], cycle_rank: int, fog: float) -> Cell:
    """The cell of a question: with or without a cycle, its rarest operator (the one of the highest number), the bucket
    of its bits of vagueness.
    """
    dominant = max(codes, key=lambda code: int(code[1:]), default="U0")
    return "cyclic" if cycle_rank else "tree", dominant, int(fog // CELL_BITS)
