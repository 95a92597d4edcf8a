"""The questions that stand already: no two about the same, none in the same words, not too many with one answer.

Enters: questions as they are kept. Leaves: a refusal for one that repeats them, as early in its making as it can be
seen.
"""

from collections import Counter

from websailor.questions.corpus import plain
from websailor.questions.structure import identity
from websailor.records import Pattern, Question


class Refused(Exception):
    """This try gives no question; the reason is a short stable name for counting."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Seen:
    """What is known of the questions kept so far."""

    def __init__(self, per_answer: int = 0) -> None:
        self._patterns: set[str] = set()
        self._prompts: set[str] = set()
        self._answers: Counter[str] = Counter()
        self._per_answer = per_answer

    def add(self, question: Question) -> None:
        """Keep a question in mind."""
        self._patterns.add(identity(question.pattern))
        self._prompts.add(plain(question.prompt))
        self._answers[question.answer] += 1

    def check_answer(self, answer: str) -> None:
        """Raise `Refused` when an answer was asked for often enough."""
        if self._per_answer and self._answers[answer] >= self._per_answer:
            raise Refused("answer_used_up", answer)

    def check_pattern(self, pattern: Pattern) -> None:
        """Raise `Refused` for a question about the same."""
        if identity(pattern) in self._patterns:
            raise Refused("duplicate", pattern.assignment[pattern.focus])

    def check_prompt(self, prompt: str) -> None:
        """Raise `Refused` for a question in the same words."""
        if plain(prompt) in self._prompts:
            raise Refused("duplicate", prompt)
