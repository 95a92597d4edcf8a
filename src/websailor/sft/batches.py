"""Batches for the cold start.

Enters: trajectories, a tokenizer, a lexicon. Leaves: rows of tokens with a mask of those that count in the loss. Every
draw depends on (seed, step) alone, so a resumed run sees the very batches it would have seen.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from websailor.models.tokens import encode_conversation
from websailor.records import Message
from websailor.tools.renaming import Renaming

Conversation = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation as tokens."""

    token_N: NDArray[np.int64]
    mask_N: NDArray[np.bool_]
    """True on the agent's own tokens."""


def encode(tokenizer: Tokenizer, conversation: Conversation, renaming: Renaming | None) -> Row:
    """Tokens and mask of a conversation, its name words permuted if a renaming is given."""
    messages = conversation if renaming is None else renaming.rename_trajectory(conversation)
    token_N, mask_N = encode_conversation(tokenizer, messages)
    return Row(np.asarray(token_N, dtype=np.int64), np.asarray(mask_N, dtype=bool))


def draw_batch(
    conversations: Sequence[Conversation],
    tokenizer: Tokenizer,
    lexicon: Sequence[str],
    tokens: int,
    rng: np.random.Generator,
    decades: bool = False,
) -> Iterator[Row]:
    """Random conversations until `tokens` tokens are together; each under its own renaming when there is a lexicon."""
    total = 0
    while total < tokens:
        conversation = conversations[int(rng.integers(len(conversations)))]
        words = random.Random(int(rng.integers(2**63)))
        row = encode(tokenizer, conversation, Renaming.draw(lexicon, words, decades=decades) if lexicon else None)
        total += len(row.token_N)
        yield row


def copy_batch(vocabulary: NDArray[np.int64], tokens: int, rng: np.random.Generator, done: float) -> Iterator[Row]:
    """Random words that recur, in rows that grow with the share `done` of copy pretraining that lies behind.

    Up to 60 %: rows of 32 words, one passage of 4 to 16 over and over. Copying emerges on short rows alone: rows of
    128 with the same number of tokens teach nothing. Then rows of 96, at last of 224: names of two or three words in
    random order, as pages have them. Only what can be foreseen counts: not the first token of a recurrence, nor
    anything seen first.
    """
    length = 32 if done < 0.6 else 96 if done < 0.85 else 224
    for _ in range(max(1, tokens // length)):
        if length == 32:
            passage = rng.choice(vocabulary, size=int(rng.integers(4, 17)))
            yield Row(np.resize(passage, length), np.arange(length) > len(passage))
        else:
            yield _recurring_names(vocabulary, length, rng)


def _recurring_names(vocabulary: NDArray[np.int64], length: int, rng: np.random.Generator) -> Row:
    names = [rng.choice(vocabulary, size=int(rng.integers(2, 4))) for _ in range(length // 6)]
    seen = np.zeros(len(names), dtype=bool)
    tokens: list[int] = []
    counted: list[bool] = []
    while len(tokens) < length:
        index = int(rng.integers(len(names)))
        name = names[index].tolist()
        tokens += name
        counted += [False] + [bool(seen[index])] * (len(name) - 1)
        seen[index] = True
    return Row(np.asarray(tokens[:length], dtype=np.int64), np.asarray(counted[:length]))
