"""The training loop of the cold start; run by every process of a group.

Enters: `initial/`, trajectories. Leaves: `checkpoint/`, rows of metrics, `state.pt` while it runs, `result.json` at the end.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from websailor.errors import UserError
from websailor.files import read_jsonl, write_json
from websailor.models.local.checkpoint import load_state, save_state
from websailor.models.local.network import Network
from websailor.models.local.optimizer import NetworkOptimizer, build_optimizer
from websailor.models.local.parallel import Group
from websailor.models.local.tokenizer import PAD, load_tokenizer, save_tokenizer
from websailor.progress import progress_bar
from websailor.records import Trajectory
from websailor.sft import Config
from websailor.sft.batches import Conversation, MicroBatch, Row, copy_batch, draw_batch, encode, micro_batches
from websailor.wiki import open_wiki

MICRO_BATCH_TOKENS = 1024
FLOOR = 0.05
"""The learning-rate factor at the end of the decay."""


def loss_sum(network: Network, batch: MicroBatch) -> Tensor:
    """Sum of the cross-entropies of the tokens that count, in nats. The LM head runs at those positions alone."""
    hidden_BTD = network.hidden(batch.tokens_BT)
    logits_KV = network.logits(hidden_BTD[batch.rows_K, batch.columns_K])
    return functional.cross_entropy(logits_KV.float(), batch.targets_K, reduction="sum")


def learning_rate_factor(done: float, step: int, config: Config) -> float:
    """Linear warm-up over `config.warmup` steps, then constant, then linear decay over the last `config.decay` of the run.

    `done` is the share of the run that lies behind, by steps or by seconds, whichever is further.
    """
    warm = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    if config.decay == 0:
        return warm
    left = min(1.0, max(0.0, (1.0 - done) / config.decay))
    return warm * (FLOOR + (1.0 - FLOOR) * left)


@dataclass(slots=True)
class _Clock:
    """Seconds of training, summed over interruptions."""

    before: float = 0.0
    started: float = 0.0

    @property
    def seconds(self) -> float:
        return self.before + time.monotonic() - self.started


def train(group: Group, config: Config, wiki: Path, trajectories: Path, out: Path) -> None:
    """Train from `out/initial` (or from `out/state.pt`) to `out/checkpoint`."""
    tokenizer = load_tokenizer(out / "initial")
    network = Network.load(out / "initial")
    lexicon = open_wiki(wiki).lexicon if config.rename else ()
    conversations, too_long = _read_conversations(trajectories, tokenizer, network.config.max_positions)
    held_back, kept = conversations[: config.validation], conversations[config.validation :]
    if not kept:
        raise UserError(
            f"{trajectories}: only {len(conversations)} trajectories of at most {network.config.max_positions} tokens, "
            f"{config.validation} of them held back: collect more, raise sft.context or lower sft.validation"
        )
    rng = np.random.default_rng([config.seed, 0])
    validation = [encode(tokenizer, conversation, None) for conversation in held_back]
    optimizer = build_optimizer(network, config.muon_lr, config.adamw_lr)
    words = _copy_vocabulary(tokenizer, lexicon)
    copy_steps = config.copy_steps if config.base is None else 0
    state = load_state(out / "state.pt")
    step, clock = _restore(state, network, optimizer)
    if group.is_first:
        _trim_metrics(out / "metrics.jsonl", step)
    padding = tokenizer.token_to_id(PAD) or 0
    last_saved = time.monotonic()
    total = copy_steps + config.steps
    with progress_bar("cold start", total) if group.is_first else _silence() as bar:
        bar.advance(step)
        while step < total:
            rng = np.random.default_rng([config.seed, 1, step])
            copying = step < copy_steps
            if copying:
                rows = list(copy_batch(words, config.tokens_per_step, rng, step / copy_steps))
                factor = 1.0
            else:
                rows = list(draw_batch(kept, tokenizer, lexicon, config.tokens_per_step, rng, config.rename_decades))
                elapsed = group.agree(clock.seconds) if config.seconds else 0.0
                done = max((step - copy_steps) / config.steps, elapsed / config.seconds if config.seconds else 0.0)
                if done >= 1.0:
                    break
                factor = learning_rate_factor(done, step - copy_steps, config)
            loss, norm = _update(group, network, optimizer, rows, padding, factor)
            step += 1
            bar.advance()
            if step % config.log_every == 0 or step == total:
                row: dict[str, Any] = {
                    "step": step,
                    "phase": "copy" if copying else "sft",
                    "loss": round(loss, 5),
                    "gradient_norm": round(norm, 4),
                    "learning_rate_factor": round(factor, 4),
                    "seconds": round(clock.seconds, 2),
                }
                if not copying and validation and step % (5 * config.log_every) == 0:
                    row |= _validate(group, network, validation, padding)
                if group.is_first:
                    _append(out / "metrics.jsonl", row)
                    bar.note(f"loss {loss:.3f}")
            if group.is_first and time.monotonic() - last_saved > config.state_every:
                save_state(out / "state.pt", _state(network, optimizer, step, clock.seconds))
                last_saved = time.monotonic()
        final = _validate(group, network, validation, padding) if validation else {}
    if group.is_first:
        folder = out / "checkpoint"
        save_tokenizer(tokenizer, folder)
        network.save(folder)
        write_json(
            out / "result.json",
            {
                "parameters": network.parameter_count(),
                "steps": step,
                "trajectories": len(kept),
                "too_long": too_long,
                "training_seconds": round(clock.seconds, 1),
                "processes": group.size,
                **final,
            },
        )
        (out / "state.pt").unlink(missing_ok=True)


def read_result(out: Path) -> dict[str, float]:
    """Counts of a finished training, for the manifest."""
    return json.loads((out / "result.json").read_text(encoding="utf-8"))


def _update(
    group: Group, network: Network, optimizer: NetworkOptimizer, rows: list[Row], padding: int, factor: float
) -> tuple[float, float]:
    """One step on this process' share of the rows. Returns the mean loss over all processes and the gradient norm."""
    counted = sum(int(row.mask_N[1:].sum()) for row in rows)
    # Dealing the rows out by length gives every process the same amount of work.
    share = sorted(rows, key=lambda row: len(row.tokens_N))[group.rank :: group.size]
    optimizer.zero_grad()
    total = 0.0
    for batch in micro_batches(share, MICRO_BATCH_TOKENS, padding):
        loss = loss_sum(network, batch) / counted
        loss.backward()
        total += loss.item()
    group.sum_gradients(optimizer.parameters)
    return group.sum(total)[0], optimizer.step(factor)


@torch.no_grad()
def _validate(group: Group, network: Network, rows: Sequence[Row], padding: int) -> dict[str, float]:
    """Mean loss and share of right tokens on held-back trajectories."""
    loss = right = count = 0.0
    for batch in micro_batches(rows[group.rank :: group.size], MICRO_BATCH_TOKENS, padding):
        logits_KV = network.logits(network.hidden(batch.tokens_BT)[batch.rows_K, batch.columns_K]).float()
        loss += functional.cross_entropy(logits_KV, batch.targets_K, reduction="sum").item()
        right += (logits_KV.argmax(-1) == batch.targets_K).sum().item()
        count += len(batch.targets_K)
    loss, right, count = group.sum(loss, right, count)
    return {"validation_loss": round(loss / count, 5), "validation_accuracy": round(right / count, 5)}


def _read_conversations(file: Path, tokenizer: Tokenizer, longest: int) -> tuple[list[Conversation], int]:
    kept: list[Conversation] = []
    too_long = 0
    for trajectory in read_jsonl(file, Trajectory):
        if len(encode(tokenizer, trajectory.messages, None).tokens_N) <= longest:
            kept.append(trajectory.messages)
        else:
            too_long += 1
    return kept, too_long


def _copy_vocabulary(tokenizer: Tokenizer, lexicon: Sequence[str]) -> np.ndarray:
    """Tokens that copy pretraining draws from: the name words where there are any, else the whole vocabulary."""
    words = [tokenizer.token_to_id(f"Ġ{word}") for word in lexicon]
    known = [word for word in words if word is not None]
    return np.asarray(known or range(tokenizer.get_vocab_size()), dtype=np.int64)


def _state(network: Network, optimizer: NetworkOptimizer, step: int, seconds: float) -> dict[str, Any]:
    return {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "seconds": seconds}


def _restore(state: dict[str, Any] | None, network: Network, optimizer: NetworkOptimizer) -> tuple[int, _Clock]:
    if state is None:
        return 0, _Clock(0.0, time.monotonic())
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"], _Clock(state["seconds"], time.monotonic())


def _trim_metrics(file: Path, step: int) -> None:
    """Drop rows that an interrupted run logged after the state it is resumed from."""
    if file.is_file():
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(line for line in lines if json.loads(line)["step"] <= step), encoding="utf-8")


def _append(file: Path, row: dict[str, Any]) -> None:
    with file.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(row) + "\n")


class _silence:
    """Stands where a progress bar would; only the first process shows one."""

    def __enter__(self) -> "_silence":
        return self

    def __exit__(self, *_: object) -> None:
        return

    def advance(self, amount: float = 1) -> None:
        return

    def note(self, text: str) -> None:
        return
