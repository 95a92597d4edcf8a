"""Entity renaming: the same world under other names, so that an agent learns to read names and not to remember them.

Enters: the name words of a generated world. Leaves: a permutation of them that can be applied to any text and undone
exactly, and a toolbox that speaks in the new names: what the agent asks is translated back, what it reads is
translated.
"""

import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

from websailor.models.protocol import dump_arguments
from websailor.records import Message, Observation, Question, ToolCall
from websailor.tools.base import Toolbox

_PLAIN_WORD = re.compile(r"[^\W_]+")


class Renaming:
    """A permutation of words. Words are found whole, in their exact case, also within URLs (`Velan_Torid`).

    Because the new names are the old ones in another order, `invert(apply(text)) == text` for every text.
    """

    def __init__(self, mapping: Mapping[str, str]) -> None:
        """Raises `ValueError` unless `mapping` is a permutation of words made of letters and digits."""
        if set(mapping) != set(mapping.values()):
            raise ValueError("a renaming must be a permutation: every word once as the old and once as the new name")
        odd = next((word for word in mapping if not _PLAIN_WORD.fullmatch(word)), None)
        if odd is not None:
            raise ValueError(f"{odd!r} is not a plain word of letters and digits")
        self.mapping = dict(mapping)
        self._inverse = {new: old for old, new in mapping.items()}
        firsts = "".join(sorted({word[0] for word in mapping}))
        # only words with a first letter of the lexicon are looked up: in lower-case prose that is a small share
        self._words = re.compile(rf"(?<![^\W_])[{re.escape(firsts)}][^\W_]*") if firsts else None

    @classmethod
    def draw(
        cls, lexicon: Sequence[str], rng: random.Random, keep_initial: bool = False, decades: bool = False
    ) -> Self:
        """A uniformly random permutation of `lexicon`; with `keep_initial` every word keeps its first letter.

        With `decades` the decades of the twentieth century change places too: `1953` and `1950s` become, say, `1913`
        and `1910s`, so that what a label means stays true and no year can be learnt by heart. The order of years is
        lost: leave it off where questions compare years.
        """
        groups: dict[str, list[str]] = defaultdict(list)
        for word in lexicon:
            groups[word[0] if keep_initial else ""].append(word)
        mapping = {}
        for group in groups.values():
            mapping.update(zip(group, rng.sample(group, len(group)), strict=True))
        if decades:
            for old, new in zip(range(10), rng.sample(range(10), 10), strict=True):
                for ending in (*"0123456789", "0s"):
                    mapping[f"19{old}{ending}"] = f"19{new}{ending}"
        return cls(mapping)

    def apply(self, text: str) -> str:
        """The text in the new names."""
        return self._substitute(self.mapping, text)

    def invert(self, text: str) -> str:
        """The text in the old names."""
        return self._substitute(self._inverse, text)

    def _substitute(self, mapping: dict[str, str], text: str) -> str:
        if self._words is None:
            return text
        return self._words.sub(lambda word: mapping.get(word[0], word[0]), text)

    def rename_trajectory(self, messages: Iterable[Message]) -> tuple[Message, ...]:
        """The conversation in the new names: contents, thoughts, arguments."""
        return tuple(
            message.model_copy(
                update={
                    "content": self.apply(message.content),
                    "reasoning": None if message.reasoning is None else self.apply(message.reasoning),
                    "tool_calls": tuple(
                        call.model_copy(update={"arguments": self.apply_json(call.arguments)})
                        for call in message.tool_calls
                    ),
                }
            )
            for message in messages
        )

    def rename_question(self, question: Question) -> Question:
        """The question with prompt, answer and aliases in the new names; pattern and evidence stay as they are."""
        return question.model_copy(
            update={
                "prompt": self.apply(question.prompt),
                "answer": self.apply(question.answer),
                "aliases": tuple(map(self.apply, question.aliases)),
            }
        )

    def apply_json(self, text: str) -> str:
        """JSON text with every string value in the new names; text that is not JSON is renamed as it stands."""
        return _map_json(text, self.apply)

    def invert_json(self, text: str) -> str:
        """JSON text with every string value in the old names."""
        return _map_json(text, self.invert)


def _map_json(text: str, change: Callable[[str], str]) -> str:
    try:
        value = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return change(text)
    return dump_arguments(_map_strings(value, change))


def _map_strings(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_map_strings(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _map_strings(item, change) for key, item in value.items()}
    return value


class RenamedToolbox(Toolbox):
    """A toolbox whose world bears other names: arguments are translated back, observations forward."""

    def __init__(self, toolbox: Toolbox, renaming: Renaming) -> None:
        super().__init__(toolbox.tools)
        self._toolbox = toolbox
        self._renaming = renaming

    async def call(self, call: ToolCall) -> Observation:
        asked = call.model_copy(update={"arguments": self._renaming.invert_json(call.arguments)})
        observation = await self._toolbox.call(asked)
        return observation.model_copy(update={"content": self._renaming.apply(observation.content)})
