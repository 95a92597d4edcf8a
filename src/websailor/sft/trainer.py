"""The training loop of the cold start; run by every process of a group.

Enters: `initial/`, trajectories. Leaves: `checkpoint/`, rows of metrics, `state.pt` while it runs, `result.json` at
the end.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from websailor.errors import UserError
from websailor.files import append_json, read_jsonl, trim_jsonl, write_json
from websailor.models.local.batches import MicroBatch, micro_batches
from websailor.models.local.checkpoint import load_state, save_state
from websailor.models.local.network import Network
from websailor.models.local.optimizer import build_optimizer, learning_rate_factor
from websailor.models.local.parallel import Group
from websailor.models.local.tokenizer import PAD, load_tokenizer, save_tokenizer
from websailor.progress import progress_bar
from websailor.records import Trajectory
from websailor.sft import Config
from websailor.sft.batches import Conversation, Row, copy_batch, draw_batch, encode
from websailor.stopwatch import Elapsed
from websailor.wiki import open_wiki

MICRO_BATCH_TOKENS = 1024
VALIDATE_EVERY = 5
"""Logged steps between measurements on the trajectories held back."""
FLOOR = 0.05
"""The learning-rate factor at the end of the decay."""


def loss_sum(network: Network, batch: MicroBatch[Row]) -> Tensor:
    """Sum of the cross-entropies of the tokens that count, in nats. The LM head runs at those positions alone."""
    hidden_BTD = network.hidden(batch.token_BT)
    logits_KV = network.logits(hidden_BTD[batch.row_K, batch.column_K])
    return functional.cross_entropy(logits_KV.float(), batch.target_K, reduction="sum")


def held_back_questions(question_ids: Sequence[str], count: int) -> set[str]:
    """The questions whose trajectories the loss is measured on: in the order of a hash of their ids, as many as have at
    most `count` trajectories together.

    One id a trajectory. Whatever is collected beside them, and in whatever order, the same questions come first.
    """
    trajectories = Counter(question_ids)
    held_back: set[str] = set()
    total = 0
    for question in sorted(trajectories, key=lambda one: hashlib.blake2b(one.encode()).digest()):
        total += trajectories[question]
        if total > count:
            break
        held_back.add(question)
    return held_back


class Trainer:
    """One process' part of the cold start: what it learns from, the network, and how far it is."""

    def __init__(self, group: Group, config: Config, wiki: Path, trajectories: Path, out: Path) -> None:
        self.group = group
        self.config = config
        self.out = out
        self.tokenizer = load_tokenizer(out / "initial")
        self.network = Network.load(out / "initial")
        self.lexicon = open_wiki(wiki).lexicon if config.rename else ()
        longest = self.network.config.max_positions
        conversations, self.too_long = _read_conversations(trajectories, self.tokenizer, longest)
        held_back = held_back_questions([question for question, _ in conversations], config.validation)
        self.kept = [conversation for question, conversation in conversations if question not in held_back]
        if not self.kept:
            raise UserError(
                f"{trajectories}: only {len(conversations)} trajectories of at most {longest} tokens, "
                f"{config.validation} of them held back: collect more, raise sft.context or lower sft.validation"
            )
        self.validation = [
            encode(self.tokenizer, conversation, None)
            for question, conversation in conversations
            if question in held_back
        ]
        self.words = _copy_vocabulary(self.tokenizer, self.lexicon)
        self.padding = self.tokenizer.token_to_id(PAD) or 0
        self.optimizer = build_optimizer(self.network, config.muon_lr, config.adamw_lr)
        self.copy_steps = config.copy_steps if config.base is None else 0
        self.step = 0
        self._elapsed = Elapsed()
        self._saved = time.monotonic()
        state = load_state(out / "state.pt")
        if state is not None:
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self._elapsed = state["step"], Elapsed(state["seconds"])

    @property
    def copying(self) -> bool:
        return self.step < self.copy_steps

    def done(self) -> float:
        """Share of the run that lies behind, 0 to 1, the same in every process: by steps or by seconds, whichever is
        further. Copy pretraining counts in the seconds, not in the steps."""
        by_steps = max(0, self.step - self.copy_steps) / self.config.steps
        by_seconds = self.group.agree(self._elapsed.seconds) / self.config.seconds if self.config.seconds else 0.0
        return min(1.0, max(by_steps, by_seconds))

    def advance(self, done: float) -> dict[str, Any]:
        """One optimiser step. Returns its row of metrics."""
        rng = np.random.default_rng([self.config.seed, 1, self.step])
        tokens, copying = self.config.tokens_per_step, self.copying
        if copying:
            factor = 1.0
            rows = list(copy_batch(self.words, tokens, rng, self.step / self.copy_steps))
        else:
            factor = learning_rate_factor(
                done, self.step - self.copy_steps, self.config.warmup, self.config.decay, FLOOR
            )
            rows = list(draw_batch(self.kept, self.tokenizer, self.lexicon, tokens, rng, self.config.rename_decades))
        loss, norm = self._update(rows, factor)
        self.step += 1
        return {
            "step": self.step,
            "phase": "copy" if copying else "sft",
            "loss": round(loss, 5),
            "gradient_norm": round(norm, 4),
            "learning_rate_factor": round(factor, 4),
            "seconds": round(self._elapsed.seconds, 2),
        }

    def _update(self, rows: list[Row], factor: float) -> tuple[float, float]:
        """Learn from this process' share of the rows. Returns the mean loss of all processes and the gradient norm."""
        counted = sum(int(row.mask_N[1:].sum()) for row in rows)
        # Dealing the rows out by length gives every process the same amount of work.
        share = sorted(rows, key=lambda row: len(row.token_N))[self.group.rank :: self.group.size]
        self.optimizer.zero_grad()
        total = 0.0
        for batch in micro_batches(share, MICRO_BATCH_TOKENS, self.padding):
            loss = loss_sum(self.network, batch) / counted
            loss.backward()
            total += loss.item()
        self.group.sum_gradients(self.optimizer.parameters)
        return self.group.sum(total)[0], self.optimizer.step(factor)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Mean loss and share of right tokens on the trajectories held back; empty when there are none."""
        if not self.validation:
            return {}
        loss = right = count = 0.0
        for batch in micro_batches(
            self.validation[self.group.rank :: self.group.size], MICRO_BATCH_TOKENS, self.padding
        ):
            hidden_KD = self.network.hidden(batch.token_BT)[batch.row_K, batch.column_K]
            logits_KV = self.network.logits(hidden_KD).float()
            loss += functional.cross_entropy(logits_KV, batch.target_K, reduction="sum").item()
            right += (logits_KV.argmax(-1) == batch.target_K).sum().item()
            count += len(batch.target_K)
        loss, right, count = self.group.sum(loss, right, count)
        return {"validation_loss": round(loss / count, 5), "validation_accuracy": round(right / count, 5)}

    def save_state(self, at_once: bool = False) -> None:
        """Write `state.pt` if the last one is older than `state_every` seconds."""
        if at_once or time.monotonic() - self._saved > self.config.state_every:
            state = {
                "network": self.network.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "step": self.step,
                "seconds": self._elapsed.seconds,
            }
            save_state(self.out / "state.pt", state)
            self._saved = time.monotonic()

    def finish(self) -> None:
        """Write the checkpoint and the counts; the training state is no longer needed."""
        final = self.validate()
        if not self.group.is_first:
            return
        save_tokenizer(self.tokenizer, self.out / "checkpoint")
        self.network.save(self.out / "checkpoint")
        counts = {
            "parameters": self.network.parameter_count(),
            "steps": self.step,
            "trajectories": len(self.kept),
            "too_long": self.too_long,
            "training_seconds": round(self._elapsed.seconds, 1),
            "processes": self.group.size,
        }
        write_json(self.out / "result.json", {**counts, **final})
        (self.out / "state.pt").unlink(missing_ok=True)


def train(group: Group, config: Config, wiki: Path, trajectories: Path, out: Path) -> None:
    """Train from `out/initial` (or from `out/state.pt`) to `out/checkpoint`."""
    trainer = Trainer(group, config, wiki, trajectories, out)
    metrics = out / "metrics.jsonl"
    if group.is_first:
        trim_jsonl(metrics, lambda row: row["step"] <= trainer.step)
    with progress_bar("cold start, %", 100, shown=group.is_first) as bar:
        shown = 0.0
        while (done := trainer.done()) < 1.0:
            row = trainer.advance(done)
            bar.advance(100 * done - shown)
            shown = 100 * done
            if trainer.step % config.log_every == 0:
                if not trainer.copying and trainer.step % (VALIDATE_EVERY * config.log_every) == 0:
                    row |= trainer.validate()
                if group.is_first:
                    append_json(metrics, row)
                    bar.note(f"step {trainer.step}, loss {row['loss']:.3f}")
            if group.is_first:
                trainer.save_state()
        bar.advance(100 - shown)
    trainer.finish()


def _read_conversations(file: Path, tokenizer: Tokenizer, longest: int) -> tuple[list[tuple[str, Conversation]], int]:
    """(id of the question, conversation) of every trajectory that fits, and how many do not."""
    kept: list[tuple[str, Conversation]] = []
    too_long = 0
    for trajectory in read_jsonl(file, Trajectory):
        if len(encode(tokenizer, trajectory.messages, None).token_N) <= longest:
            kept.append((trajectory.question_id, trajectory.messages))
        else:
            too_long += 1
    return kept, too_long


def _copy_vocabulary(tokenizer: Tokenizer, lexicon: Sequence[str]) -> np.ndarray:
    """Tokens that copy pretraining draws from: the name words where there are any, else the whole vocabulary."""
    words = [tokenizer.token_to_id(f"Ġ{word}") for word in lexicon]
    known = [word for word in words if word is not None]
    return np.asarray(known or range(tokenizer.get_vocab_size()), dtype=np.int64)
