"""Continuous batching: many conversations sampled together from one network, token in, token out.

Enters: conversations that are extended by tokens and asked for a turn, concurrently, from one event loop. Leaves:
sampled tokens with their log-probabilities. What makes it fast:

- one KV cache lives through all turns of a conversation; a turn costs a prefill of the new tokens alone;
- a prompt that another conversation has in the cache (a group's question, a system prompt) is copied, not computed;
- every step takes one token of each row that is decoding and whole prompts of those that begin, packed without padding;
- a row whose agent waits for a tool takes no part, and holds nobody back; finished rows are free for the next.

Sampling draws one uniform number a token from a counter-based generator of (conversation seed, position), so a
conversation does not depend on which others are sampled beside it (up to floating-point rounding).
"""

import asyncio
import weakref
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from websailor.errors import UserError
from websailor.models.base import ContextExceeded
from websailor.models.local.cache import KeyValueCache
from websailor.models.local.network import Network

SHARED_PREFIX = 8
"""Waiting one step for another row's prefill pays from this many common tokens on."""


class Turn(NamedTuple):
    """What was sampled."""

    token_ids: list[int]
    """Including the stop token, if one ended the turn."""
    logprobs: list[float]
    """Natural log-probability of each token under the distribution it was drawn from."""
    truncated: bool
    """True if a limit ended the turn rather than a stop token."""


@dataclass(slots=True, weakref_slot=True, eq=False)
class Conversation:
    """One conversation's tokens; the engine's handle for its cache row. Made by `Engine.open`."""

    seed: int
    token_ids: list[int] = field(default_factory=list)
    own: list[bool] = field(default_factory=list)
    """True where the token was sampled here."""
    logprobs: list[float] = field(default_factory=list)
    """0.0 where the token was not sampled."""
    slot: int = -1
    closed: bool = False


@dataclass(slots=True, eq=False)
class _Request:
    conversation: Conversation
    most: int
    temperature: float
    top_p: float
    future: asyncio.Future[Turn]
    prompt: int
    """Tokens of the conversation before this turn."""


class Engine:
    """Samples turns for many conversations from `network`, whose weights may change between conversations.

    `rows`: conversations in the cache at once; more of them wait. `context`: longest conversation in tokens.
    `stop_ids`: tokens that end a turn. Use from one event loop at a time; several `asyncio.run` in a row are fine.
    """

    def __init__(
        self,
        network: Network,
        stop_ids: Iterable[int],
        rows: int = 192,
        context: int = 2048,
        prefill_tokens: int = 2048,
    ) -> None:
        self.network = network
        self.context = min(context, network.config.max_positions)
        self.rows = rows
        self.prefill_tokens = prefill_tokens
        self.sampled_tokens = 0
        self.prefilled_tokens = 0
        self.copied_tokens = 0
        self.steps = 0
        self._stop_ids = np.asarray(sorted(set(stop_ids)), dtype=np.int64)
        self._cache = KeyValueCache(network.config, rows, self.context)
        self._token_RM = np.zeros((rows, self.context), dtype=np.int64)
        self._logprob_RM = np.zeros((rows, self.context), dtype=np.float32)
        self._length_R = np.zeros(rows, dtype=np.int64)
        """Positions whose keys and values are in the cache."""
        self._known_R = np.zeros(rows, dtype=np.int64)
        """Positions whose token is known; the last one of a decoding row is not in the cache yet."""
        self._end_R = np.zeros(rows, dtype=np.int64)
        """Position at which the turn is cut off."""
        self._temperature_R = np.ones(rows, dtype=np.float32)
        self._top_p_R = np.ones(rows, dtype=np.float32)
        self._seed_R = np.zeros(rows, dtype=np.uint64)
        self._owner_R: list[weakref.ref[Conversation] | None] = [None] * rows
        self._request_R: list[_Request | None] = [None] * rows
        self._free: deque[int] = deque(range(rows))
        self._idle: dict[int, None] = {}
        """Rows of open conversations that wait for their agent, longest wait first."""
        self._waiting: deque[_Request] = deque()
        self._prefilling: list[int] = []
        self._decoding = np.zeros(0, dtype=np.int64)
        self._task: asyncio.Task[None] | None = None
        self._weights = self._weights_version()

    # ------------------------------------------------------------ conversations

    def open(self, seed: int) -> Conversation:
        """A new, empty conversation. Its cache row is given back by `close`, or when it is garbage collected."""
        return Conversation(seed)

    def close(self, conversation: Conversation) -> None:
        """Give the conversation's cache row back; it cannot be extended any more. A turn under way is cancelled."""
        slot, conversation.slot = conversation.slot, -1
        conversation.closed = True
        if slot < 0:
            return
        request, self._request_R[slot] = self._request_R[slot], None
        if request is not None:
            request.future.cancel()
            self._prefilling = [row for row in self._prefilling if row != slot]
            self._decoding = self._decoding[self._decoding != slot]
        self._release(slot)

    async def turn(
        self,
        conversation: Conversation,
        new_ids: Sequence[int],
        max_tokens: int,
        temperature: float = 1.0,
        top_p: float = 1.0,
    ) -> Turn:
        """Append `new_ids` to the conversation and sample a turn of at most `max_tokens`, which is appended too.

        Temperature 0 is greedy. Raises `ContextExceeded`, and appends nothing, when no token would fit after `new_ids`.
        """
        assert not conversation.closed, "the conversation is closed"
        prompt = len(conversation.token_ids) + len(new_ids)
        assert prompt > 0 and max_tokens > 0, "nothing to read, or nothing to write"
        if prompt >= self.context:
            raise ContextExceeded(prompt, self.context)
        conversation.token_ids.extend(new_ids)
        conversation.own.extend([False] * len(new_ids))
        conversation.logprobs.extend([0.0] * len(new_ids))
        most = min(max_tokens, self.context - prompt)
        future: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Request(conversation, most, temperature, top_p, future, prompt))
        self._idle.pop(conversation.slot, None)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._serve())
            self._task.add_done_callback(self._served)
        try:
            return await future
        except asyncio.CancelledError:
            self.close(conversation)  # half a turn is of no use to anyone
            raise

    # ------------------------------------------------------------ serving

    async def _serve(self) -> None:
        """Step as long as there is work. Agents run between the steps, when their turn is there."""
        await asyncio.sleep(0)
        while self._waiting or self._prefilling or len(self._decoding):
            self._admit()
            if self._prefilling or len(self._decoding):
                self._step()
            await asyncio.sleep(0)

    def _served(self, task: asyncio.Task[None]) -> None:
        """A defect in a step reaches everyone who waits; so does the end of the event loop."""
        if not task.cancelled() and task.exception() is None:
            return
        requests = [*self._waiting, *(request for request in self._request_R if request is not None)]
        self._waiting.clear()
        for request in requests:
            error = None if task.cancelled() else task.exception()
            if error is not None and not request.future.done():
                request.future.set_exception(error)
            self.close(request.conversation)
            request.future.cancel()

    def _admit(self) -> None:
        """Give waiting requests their rows, first come, first served."""
        self._check_weights()
        stalled = not self._prefilling and not len(self._decoding)
        still: deque[_Request] = deque()
        while self._waiting:
            request = self._waiting.popleft()
            conversation = request.conversation
            if request.future.done() or conversation.closed:
                request.future.cancel()
                continue
            if conversation.slot < 0:
                if not self._free and stalled and self._idle:
                    self._evict()
                if not self._free or not self._take_row(conversation):
                    still.append(request)
                    continue
            slot = conversation.slot
            known = int(self._known_R[slot])
            self._token_RM[slot, known : request.prompt] = conversation.token_ids[known:]
            self._known_R[slot] = request.prompt
            self._end_R[slot] = request.prompt + request.most
            self._temperature_R[slot] = request.temperature
            self._top_p_R[slot] = request.top_p
            self._seed_R[slot] = conversation.seed & 0xFFFFFFFFFFFFFFFF
            self._request_R[slot] = request
            self._prefilling.append(slot)
        self._waiting = still

    def _take_row(self, conversation: Conversation) -> bool:
        """Give a row with the longest prefix that any row holds. False: better wait for a prefill that is under way."""
        # The last token is always computed: its logits are needed.
        prompt = np.asarray(conversation.token_ids[:-1], dtype=np.int64)
        count = len(prompt)
        same_RM = self._token_RM[:, :count] == prompt
        common_R = (
            np.where(same_RM.all(axis=1), count, same_RM.argmin(axis=1)) if count else np.zeros(self.rows, np.int64)
        )
        cached_R = np.minimum(common_R, self._length_R)
        source = int(cached_R.argmax())
        shared = int(cached_R[source])
        if self._prefilling:
            coming_R = np.minimum(common_R, self._known_R)[self._prefilling]
            if int(coming_R.max()) >= shared + SHARED_PREFIX:
                return False
        slot = self._free.popleft()
        if shared and source != slot:
            self._cache.reserve(slot, shared)
            self._cache.copy(source, slot, shared)
            self._token_RM[slot, :shared] = prompt[:shared]
        self.copied_tokens += shared
        self._length_R[slot] = shared
        self._known_R[slot] = shared
        self._owner_R[slot] = weakref.ref(conversation, lambda _, slot=slot: self._release(slot))
        conversation.slot = slot
        return True

    @torch.inference_mode()
    def _step(self) -> None:
        """Feed one token of each decoding row and the new tokens of prefilling ones; sample where a row's end."""
        rows, positions = [self._decoding], [self._length_R[self._decoding]]
        self._length_R[self._decoding] += 1
        complete: list[int] = []
        last: list[int] = []
        packed, most = len(self._decoding), len(self._decoding) + self.prefill_tokens
        for slot in self._prefilling:
            start, known = int(self._length_R[slot]), int(self._known_R[slot])
            end = min(known, start + most - packed)
            rows.append(np.full(end - start, slot))
            positions.append(np.arange(start, end))
            packed += end - start
            self._length_R[slot] = end
            if end < known:
                break
            complete.append(slot)
            last.append(packed - 1)
        self.steps += 1
        self.prefilled_tokens += packed - len(self._decoding)
        row_S, position_S = np.concatenate(rows), np.concatenate(positions)
        self._cache.reserve(int(row_S.max()), int(position_S.max()) + 1)
        token_S = torch.from_numpy(self._token_RM[row_S, position_S])
        hidden_SD = self.network.step(token_S, torch.from_numpy(position_S), self._cache.at(row_S, position_S))
        last_N = torch.as_tensor([*range(len(self._decoding)), *last])
        sampling_N = np.concatenate((self._decoding, np.asarray(complete, dtype=np.int64)))
        self._prefilling = self._prefilling[len(complete) :]
        if len(sampling_N):
            self._sample(self.network.logits(hidden_SD[last_N]), sampling_N)

    def _sample(self, logits_NV: Tensor, slot_N: NDArray[np.int64]) -> None:
        position_N = self._known_R[slot_N]
        uniform_N = uniform(self._seed_R[slot_N], position_N)
        token_N, logprob_N = draw(logits_NV, uniform_N, self._temperature_R[slot_N], self._top_p_R[slot_N])
        self._token_RM[slot_N, position_N] = token_N
        self._logprob_RM[slot_N, position_N] = logprob_N
        self._known_R[slot_N] += 1
        self.sampled_tokens += len(slot_N)
        stopped_N = np.isin(token_N, self._stop_ids)
        done_N = stopped_N | (self._known_R[slot_N] >= self._end_R[slot_N])
        for slot, stopped in zip(slot_N[done_N].tolist(), stopped_N[done_N].tolist(), strict=True):
            self._finish(slot, truncated=not stopped)
        self._decoding = slot_N[~done_N]

    def _finish(self, slot: int, truncated: bool) -> None:
        request, self._request_R[slot] = self._request_R[slot], None
        assert request is not None
        end = int(self._known_R[slot])
        token_ids = self._token_RM[slot, request.prompt : end].tolist()
        logprobs = self._logprob_RM[slot, request.prompt : end].tolist()
        conversation = request.conversation
        conversation.token_ids.extend(token_ids)
        conversation.own.extend([True] * len(token_ids))
        conversation.logprobs.extend(logprobs)
        self._idle[slot] = None
        if not request.future.done():
            request.future.set_result(Turn(token_ids, logprobs, truncated))

    # ------------------------------------------------------------ rows

    def _release(self, slot: int) -> None:
        """Free a row. What it holds stays a source of shared prefixes until the row is taken again."""
        self._owner_R[slot] = None
        self._idle.pop(slot, None)
        self._free.append(slot)

    def _evict(self) -> None:
        """Waiting agents hold every row and nothing can run: the longest wait loses its row, to prefill anew."""
        slot = next(iter(self._idle))
        owner = self._owner_R[slot]
        conversation = owner() if owner is not None else None
        if conversation is not None:
            conversation.slot = -1
        self._release(slot)

    def _weights_version(self) -> int:
        return sum(parameter._version for parameter in self.network.parameters())

    def _check_weights(self) -> None:
        """After an update of the weights nothing in the cache is true any more."""
        version = self._weights_version()
        if version != self._weights:
            assert len(self._free) == self.rows, "the weights changed while conversations were open"
            self._weights = version
            self._length_R[:] = 0


def uniform(seed_N: NDArray[np.uint64], position_N: NDArray[np.int64]) -> NDArray[np.float32]:
    """Uniform numbers in [0, 1) from (seed, position): SplitMix64 (Steele, Lea, Flood 2014), 24 bits."""
    with np.errstate(over="ignore"):
        z = _mix(seed_N + np.uint64(0x9E3779B97F4A7C15)) + position_N.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        return (_mix(z) >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def draw(
    logits_NV: Tensor,
    uniform_N: NDArray[np.float32],
    temperature_N: NDArray[np.float32],
    top_p_N: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Sample one token a row by inverting the cumulative distribution at `uniform_N`.

    Returns tokens [N] and their natural log-probabilities [N] under softmax(logits / temperature) within the nucleus
    `top_p`; a temperature of 0 takes the most likely token, with its log-probability at temperature 1. Raises
    `UserError` when the weights are damaged or diverged, so that there is no distribution.
    """
    logits_NV = logits_NV.float()
    greedy_N = temperature_N == 0
    if (temperature_N != 1).any():
        logits_NV = logits_NV / torch.from_numpy(np.where(greedy_N, np.float32(1), temperature_N))[:, None]
    if (top_p_N < 1).any():
        logits_NV = _nucleus(logits_NV, torch.from_numpy(top_p_N))
    logprob_NV = torch.log_softmax(logits_NV, dim=-1)
    cumulative_NV = logprob_NV.exp().cumsum(dim=-1)
    total_N1 = cumulative_NV[:, -1:]
    if not total_N1.isfinite().all():
        raise UserError("the model's logits are not finite: take another checkpoint, or lower the learning rates")
    target_N1 = torch.minimum(torch.from_numpy(uniform_N)[:, None] * total_N1, total_N1.nextafter(torch.zeros(1)))
    token_N = torch.searchsorted(cumulative_NV, target_N1, right=True)[:, 0]
    if greedy_N.any():
        token_N = torch.where(torch.from_numpy(greedy_N), logits_NV.argmax(dim=-1), token_N)
    return token_N.numpy(), logprob_NV.gather(1, token_N[:, None])[:, 0].numpy()


def _nucleus(logits_NV: Tensor, top_p_N: Tensor) -> Tensor:
    """Minus infinity outside the smallest set of tokens whose probability reaches `top_p`."""
    ordered_NV, order_NV = logits_NV.sort(dim=-1, descending=True)
    probability_NV = ordered_NV.softmax(dim=-1)
    before_NV = probability_NV.cumsum(dim=-1) - probability_NV
    ordered_NV = ordered_NV.masked_fill(before_NV >= top_p_N[:, None], float("-inf"))
    return torch.empty_like(logits_NV).scatter_(1, order_NV, ordered_NV)
