"""How fast a fresh network learns to copy, with and without the previous-token head.

Run: `python benchmarks/copying.py [--steps 160] [--seeds 1]`. Trains the embedded agent's network on the short rows
of copy pretraining (random words, passages of 4 to 16 that recur) with the cold start's learning rates and prints the
loss on the words that can be foreseen, in nats, at every fifth of the run; ln(vocabulary) is the loss of a guess.
"""

import argparse
import math
import statistics

import numpy as np
import torch

from websailor.models.local.batches import micro_batches
from websailor.models.local.induction import set_previous_token_head
from websailor.models.local.network import Network, NetworkConfig
from websailor.models.local.optimizer import build_optimizer
from websailor.sft import Config
from websailor.sft.batches import copy_batch
from websailor.sft.trainer import MICRO_BATCH_TOKENS, loss_sum

WORDS = 220
VOCABULARY = 1200


def losses(with_head: bool, steps: int, seed: int) -> list[float]:
    """Loss at every step of one run."""
    config = Config()
    network = Network(NetworkConfig(vocab_size=VOCABULARY, rope_theta=config.rope_theta)).initialise(seed)
    if with_head:
        set_previous_token_head(network)
    optimizer = build_optimizer(network, config.muon_lr, config.adamw_lr)
    history = []
    for step in range(steps):
        rows = list(copy_batch(np.arange(WORDS), config.tokens_per_step, np.random.default_rng([seed, step]), 0.0))
        counted = sum(int(row.mask_N[1:].sum()) for row in rows)
        optimizer.zero_grad()
        total = 0.0
        for batch in micro_batches(rows, MICRO_BATCH_TOKENS):
            loss = loss_sum(network, batch) / counted
            loss.backward()
            total += loss.item()
        optimizer.step()
        history.append(total)
    return history


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=160)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    points = [arguments.steps * fifth // 5 for fifth in range(1, 6)]
    print(f"a guess: {math.log(WORDS):.2f} nats")
    print(f"{'step':<24}" + "".join(f"{point:>8}" for point in points))
    for name, with_head in (("with the head", True), ("without", False)):
        runs = [losses(with_head, arguments.steps, seed) for seed in range(arguments.seeds)]
        medians = [statistics.median(run[point - 1] for run in runs) for point in points]
        print(f"{name:<24}" + "".join(f"{value:>8.2f}" for value in medians))


if __name__ == "__main__":
    main()
