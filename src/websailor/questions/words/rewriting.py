"""A question in a language model's words, checked clause by clause.

Enters: a proved pattern, new conversations with a model. Leaves: a `Rewriting`: the prompt, each of its sentences, and
what was refused, with the reason. The model sees one clause at a time, with slots for all names and values, so that it
can neither leak nor change them. Its sentence is checked without a model (`fidelity`), then read back by the model into
what it states (`slotted.Reading`); on any mismatch the embedded sentence stays.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from websailor.models.base import ChatModel, Sampling
from websailor.questions.corpus import Corpus
from websailor.questions.words.fidelity import Refusal, refusal
from websailor.questions.words.slotted import Reading, SlottedClause, slotted_clauses
from websailor.records import Message, Pattern, Record, Usage
from websailor.wiki.relations import Language

_PROMPTS = Path(__file__).parent / "prompts"
_JSON = re.compile(r"\{.*\}", re.DOTALL)
_QUOTED = re.compile(r"\A[\"“]([^\"“”]*)[\"”]\Z")
_LANGUAGES: Mapping[Language, str] = {"en": "English", "zh": "Chinese"}
REWRITING = Sampling(temperature=0.8, max_tokens=2000, stop=())
READING = Sampling(temperature=0.0, max_tokens=2000, stop=())


class RefusedSentence(Record):
    """What a model wrote for a clause, and why it may not stand."""

    reason: Refusal
    sentence: str
    """With its slots; empty where the turn was cut off."""


class Told(Record):
    """One clause as the prompt tells it."""

    text: str
    parts: frozenset[tuple[str, int]]
    """What of the pattern it says: (`atom` or `condition`, index)."""
    by_model: bool
    """False where the embedded sentence stayed."""
    refused: tuple[RefusedSentence, ...]
    """One for each try that failed."""


class Rewriting(Record):
    """A question in a model's words."""

    prompt: str
    told: tuple[Told, ...]
    usage: Usage

    @property
    def clauses(self) -> int:
        """How many there are."""
        return len(self.told)

    @property
    def kept(self) -> int:
        """Clauses whose embedded sentence stayed."""
        return sum(not one.by_model for one in self.told)

    @property
    def refused(self) -> dict[Refusal, int]:
        """Reason -> refused sentences; with several tries a clause may count more than once."""
        return dict(Counter(sentence.reason for one in self.told for sentence in one.refused))


class _Read(BaseModel):
    """What a model says a sentence states, as it writes it."""

    model_config = ConfigDict(extra="ignore")

    kinds: list[str]
    directions: list[str] = []
    negated: bool
    slots: dict[str, list[int] | int] = {}
    holds: list[int] = []
    adds: list[str]
    """What the sentence says that neither a phrase nor a link nor a sort of statement says."""

    def agrees(self, reading: Reading) -> bool:
        filled = {
            letter.strip("[] "): frozenset([numbers] if isinstance(numbers, int) else numbers)
            for letter, numbers in self.slots.items()
        }
        kinds, wanted = set(self.kinds), set(reading.kinds)
        # A plain fact often goes with the rest ("works for a company and was born before ..."), and "the same school"
        # may be one, so these decide nothing.
        plain = {"fact", "shared"}
        return (
            not self.adds
            and kinds - plain == wanted - plain
            and set(self.directions) - {"none"} == reading.directions
            and self.negated == reading.negated
            and filled == reading.slots
            and set(self.holds) == reading.holds
        )


async def rewrite(
    corpus: Corpus,
    pattern: Pattern,
    chat: Callable[[], ChatModel],
    language: Language,
    rng: random.Random,
    *,
    tries: int = 1,
    may_be_none: bool = False,
) -> Rewriting:
    """Say a question in the model's words, as far as they hold; the rest in embedded ones.

    Each turn is a conversation of its own, as `chat` opens it; each clause is tried `tries` times at most.
    `may_be_none` as in `realise`. Raises `NoWording` where even the embedded words fail, and whatever the model raises.
    """
    speaker, clauses = slotted_clauses(corpus, pattern, language, rng)
    told: list[Told] = []
    model = _Model(chat)
    for clause in clauses:
        sentence, refused = None, list[RefusedSentence]()
        while sentence is None and len(refused) < tries:
            found = await _reworded(model, clause, language)
            if isinstance(found, str):
                sentence = found
            else:
                refused.append(found)
        text = clause.fill(clause.text if sentence is None else sentence)
        told.append(Told(text=text, parts=clause.parts, by_model=sentence is not None, refused=tuple(refused)))
    prompt = speaker.around(("" if language == "zh" else " ").join(one.text for one in told))
    if may_be_none:
        prompt += speaker.none_allowed()
    return Rewriting(prompt=prompt, told=tuple(told), usage=model.usage)


class _Model:
    """Single turns, counted."""

    def __init__(self, chat: Callable[[], ChatModel]) -> None:
        self.chat = chat
        self.usage = Usage()

    async def ask(self, prompt: str, sampling: Sampling) -> str | None:
        """The model's text; None where it was cut off."""
        reply = await self.chat().reply([Message(role="user", content=prompt)], (), sampling)
        self.usage = Usage(
            prompt_tokens=self.usage.prompt_tokens + reply.usage.prompt_tokens,
            completion_tokens=self.usage.completion_tokens + reply.usage.completion_tokens,
            turns=self.usage.turns + 1,
        )
        return None if reply.truncated else reply.message.content.rpartition("</think>")[2].strip()


async def _reworded(model: _Model, clause: SlottedClause, language: Language) -> str | RefusedSentence:
    """Another sentence for a clause, or why there is none."""
    asked = _prompt("rewriting").format(clause=clause.text, language=_LANGUAGES[language], noun=clause.noun)
    sentence = await model.ask(asked, REWRITING)
    if sentence is None:
        return RefusedSentence(reason="cut_off", sentence="")
    sentence = _QUOTED.sub(r"\1", sentence)
    if (reason := refusal(clause, sentence, language)) is not None:
        return RefusedSentence(reason=reason, sentence=sentence)
    asked = _prompt("reading").format(
        clause=sentence, noun=clause.noun, phrases=_numbered(clause.phrases), links=_numbered(clause.links)
    )
    read = await model.ask(asked, READING)
    if read is None:
        return RefusedSentence(reason="cut_off", sentence=sentence)
    match = _JSON.search(read)
    try:
        parsed = _Read.model_validate_json(match[0] if match else read)
    except ValidationError:
        return RefusedSentence(reason="unreadable", sentence=sentence)
    return sentence if parsed.agrees(clause.reading) else RefusedSentence(reason="reading", sentence=sentence)


def _numbered(texts: Sequence[str]) -> str:
    return "\n".join(f"  {number}. {text}" for number, text in enumerate(texts, 1)) or "  (none)"


def _prompt(name: str) -> str:
    return (_PROMPTS / f"{name}.txt").read_text(encoding="utf-8")
