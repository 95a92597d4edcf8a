"""A policy that is asked once per conversation, for tests of judges and rewriters.

Enters: the replies in order, over all conversations. Leaves: the same, and what it was asked.
"""

from websailor.models.base import ChatModel
from websailor.models.scripted import ScriptedModel
from websailor.records import Question


class OneReplyEach:
    """Gives `replies` in order, one in each conversation, and keeps what it was asked."""

    name = "listed"

    def __init__(self, *replies: str) -> None:
        self._replies = list(replies)
        self.opened: list[ScriptedModel] = []

    def episode(self, question: Question, seed: int) -> ChatModel:
        self.opened.append(ScriptedModel(self._replies[len(self.opened) :]))
        return self.opened[-1]

    @property
    def prompts(self) -> list[str]:
        """The last message of each conversation as it began."""
        return [model.seen[0][-1].content for model in self.opened]
