"""The engine behind the `ChatModel` and `Policy` seams.

Enters: messages. Leaves: replies with token ids and log-probabilities. A session keeps the ids of its conversation and
encodes only messages it has not seen: what was sampled is never tokenised again, so a trainer sees the very tokens that
were drawn.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from websailor.errors import UserError
from websailor.models.base import Reply, Sampling
from websailor.models.local.engine import Conversation, Engine
from websailor.models.local.network import Network
from websailor.models.local.tokenizer import END, PAD, START, load_tokenizer
from websailor.models.protocol import cut_at_stop
from websailor.models.tokens import encode_text, observation_text, prompt_text
from websailor.records import Message, Question, Usage


class LocalSession:
    """One conversation with the engine: the local `ChatModel`. `close` gives its cache row back."""

    def __init__(self, engine: Engine, tokenizer: Tokenizer, seed: int, greedy: bool = False) -> None:
        self.conversation: Conversation = engine.open(seed)
        """Tokens, mask and log-probabilities of everything said so far."""
        self._engine = engine
        self._tokenizer = tokenizer
        self._greedy = greedy
        self._seen: list[Message] = []
        end = tokenizer.token_to_id(END)
        assert end is not None, "not a chat tokenizer"
        self._end = end

    async def reply(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], sampling: Sampling) -> Reply:
        """Take one turn. `messages` continue those of the last call; raises `ContextExceeded` when they do not fit.

        `tools` stand in the system message already.
        """
        del tools
        seen = len(self._seen)
        assert list(messages[:seen]) == self._seen, "a message that the model has read was changed"
        new_ids: list[int] = []
        if self._seen:
            if self.conversation.token_ids[-1] != self._end:
                new_ids.append(self._end)  # the turn was cut off: close it before the next message opens
            new_ids += encode_text(self._tokenizer, observation_text(*messages[seen:]))
        else:
            new_ids += encode_text(self._tokenizer, prompt_text(messages))
        prompt_tokens = len(self.conversation.token_ids) + len(new_ids)
        turn = await self._engine.turn(
            self.conversation,
            new_ids,
            sampling.max_tokens,
            temperature=0.0 if self._greedy else sampling.temperature,
            top_p=sampling.top_p,
        )
        written = turn.token_ids if turn.truncated else turn.token_ids[:-1]
        text = self._tokenizer.decode(written, skip_special_tokens=False).lstrip(" ")
        message = Message(role="assistant", content=cut_at_stop(text, sampling.stop))
        self._seen = [*messages, message]
        return Reply(
            message=message,
            usage=Usage(prompt_tokens=prompt_tokens, completion_tokens=len(turn.token_ids), cost=0.0, turns=1),
            token_ids=turn.token_ids,
            logprobs=turn.logprobs,
            truncated=turn.truncated,
        )

    def close(self) -> None:
        """Free the cache row. What was recorded stays."""
        self._engine.close(self.conversation)


class LocalPolicy:
    """A checkpoint as a policy. Every episode is a conversation with one shared engine."""

    def __init__(
        self,
        checkpoint: Path,
        name: str | None = None,
        greedy: bool = False,
        rows: int = 192,
        context: int | None = None,
    ) -> None:
        tokenizer = load_tokenizer(checkpoint)
        network = Network.load(checkpoint).compute_in("auto")
        check_tokenizer(tokenizer, network, checkpoint)
        self._join(network, tokenizer, name or checkpoint.resolve().parent.name, greedy, rows, context)

    @classmethod
    def of(
        cls,
        network: Network,
        tokenizer: Tokenizer,
        name: str = "local",
        greedy: bool = False,
        rows: int = 192,
        context: int | None = None,
    ) -> "LocalPolicy":
        """A policy over a network in memory, for instance one in training."""
        policy = cls.__new__(cls)
        policy._join(network, tokenizer, name, greedy, rows, context)
        return policy

    def _join(
        self, network: Network, tokenizer: Tokenizer, name: str, greedy: bool, rows: int, context: int | None
    ) -> None:
        self.name = name
        self.greedy = greedy
        self.tokenizer = tokenizer
        self.engine = Engine(network, stop_ids(tokenizer), rows=rows, context=context or network.config.max_positions)

    def episode(self, question: Question, seed: int) -> LocalSession:
        """A fresh conversation; the same question and seed give the same one."""
        return LocalSession(self.engine, self.tokenizer, conversation_seed(question.id, seed), self.greedy)


def conversation_seed(question_id: str, seed: int) -> int:
    """64 bits from a question and a seed."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{question_id}".encode(), digest_size=8).digest(), "big")


def stop_ids(tokenizer: Tokenizer) -> list[int]:
    """Tokens after which the agent has no say: the end of its turn, the end of text, and whatever opens a message."""
    vocabulary = tokenizer.get_vocab()
    return [index for token, index in vocabulary.items() if START in token or token in (END, PAD)]


def check_tokenizer(tokenizer: Tokenizer, network: Network, folder: Path) -> None:
    """Raise `UserError` when the tokenizer has ids beyond the network's embedding, or another end of turn."""
    size = max(tokenizer.get_vocab().values()) + 1
    ends = (None, tokenizer.token_to_id(END), tokenizer.token_to_id(PAD))
    if size > network.config.vocab_size or network.config.eos_token_id not in ends:
        raise UserError(
            f"{folder}: the tokenizer has {size} entries, the weights {network.config.vocab_size}: "
            "they are of different checkpoints, put the right tokenizer.json beside the weights"
        )


def check_lexicon(tokenizer: Tokenizer, lexicon: Sequence[str], folder: Path) -> None:
    """Raise `UserError` when a word tokenizer was made for a world of other names: it would spell them in bytes."""
    if json.loads(tokenizer.to_str())["model"].get("merges"):
        return
    unknown = [word for word in lexicon if tokenizer.token_to_id(f"Ġ{word}") is None]
    if len(unknown) > len(lexicon) // 5:
        raise UserError(
            f"{folder}: its tokenizer lacks {len(unknown)} of this wiki's {len(lexicon)} name words "
            f"({unknown[0]}, ...): it belongs to another wiki, run `websailor sft` on this one"
        )
