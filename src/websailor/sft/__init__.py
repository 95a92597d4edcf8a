"""Stage: cold start. Supervised fine-tuning of a local model on expert trajectories.

Reads `trajectories` (records.jsonl of Trajectory) and `wiki` (its texts for the tokenizer, its lexicon for renaming).
Writes `initial/` (the untrained checkpoint), `checkpoint/` (Hugging Face folder), `metrics.jsonl` (one row a logged
step) and, while it runs, `state.pt`, from which a killed run goes on.

The loss counts the agent's own tokens only (thoughts, calls, answer). Starting from nothing, the network first learns
to copy (random words that recur); then every trajectory is seen under a fresh permutation of the name words, so that
names can only be copied from the conversation and never learnt by heart.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from websailor.errors import UserError
from websailor.files import StageConfig, StageDirectory, read_json
from websailor.records import Manifest


class Config(StageConfig):
    """Settings of the cold start. Defaults are the embedded agent's: 0.85M parameters, minutes on two cores."""

    base: Path | None = None
    """Checkpoint folder to start from; None starts from fresh weights and a tokenizer built here."""
    tokenizer: Literal["auto", "word", "bpe"] = "auto"
    """`word` for generated worlds, `bpe` for real text; `auto` decides by whether the wiki has a lexicon."""
    vocabulary: int = Field(default=8192, ge=300, le=1_000_000)
    """Most entries of a fresh tokenizer (protocol tokens come on top)."""
    hidden_size: int = Field(default=128, ge=8, le=32_768)
    """Width of the network from scratch."""
    layers: int = Field(default=4, ge=1, le=512)
    """Its layers."""
    heads: int = Field(default=4, ge=1, le=512)
    """Its attention heads."""
    kv_heads: int = Field(default=2, ge=1, le=512)
    """Its heads of keys and values, each shared by as many attention heads."""
    head_dim: int = Field(default=32, ge=2, le=1024)
    """Width of one of its heads."""
    intermediate: int = Field(default=384, ge=8, le=262_144)
    """Width inside its feed-forward layers."""
    rope_theta: float = Field(default=100_000.0, gt=1, le=1e12)
    """Slow rotary frequencies are what a head compares names with: at 10,000 a head of 32 has too few of them."""
    context: int = Field(default=2048, ge=64, le=10_000_000)
    """Longest conversation in tokens; longer trajectories are left out and counted."""
    copy_steps: int = Field(default=220, ge=0, le=10**9)
    """Steps of copy pretraining (only from fresh weights). Without it the tiny model never learns to use what it
    reads."""
    steps: int = Field(default=2000, ge=1, le=10**9)
    """Optimiser steps."""
    seconds: float = Field(default=0.0, ge=0, le=1e9)
    """Wall-clock budget; the learning rate decays to its end by then. 0: no budget, `steps` decides alone."""
    tokens_per_step: int = Field(default=3000, ge=64, le=10**9)
    """Tokens of one batch over all processes, padding not counted."""
    muon_lr: float = Field(default=0.02, gt=0, le=1)
    """Muon's learning rate, for matrices."""
    adamw_lr: float = Field(default=8e-3, gt=0, le=1)
    """AdamW's learning rate, for embeddings and norms."""
    warmup: int = Field(default=20, ge=0, le=10**9)
    """Steps of linear warm-up."""
    decay: float = Field(default=0.4, ge=0, le=1)
    """Share of the run, at its end, over which the learning rate falls linearly to a twentieth."""
    rename: bool = True
    """Permute the lexicon's name words anew each time a trajectory is drawn (generated worlds only)."""
    rename_decades: bool = False
    """Let the decades change places too; not where questions compare years."""
    validation: int = Field(default=64, ge=0, le=10**6)
    """Trajectories held back to measure the loss on: those of whole questions, chosen by a hash of their ids."""
    log_every: int = Field(default=20, ge=1, le=10**9)
    """Steps between two rows of `metrics.jsonl`."""
    processes: int = Field(default=0, ge=0, le=1024)
    """Data-parallel processes; 0: one a core."""
    state_every: float = Field(default=20.0, gt=0, le=1e9)
    """Seconds between saved training states."""

    @model_validator(mode="after")
    def _heads_that_a_network_can_have(self) -> Self:
        if self.heads % self.kv_heads:
            raise ValueError(f"heads ({self.heads}) must be a multiple of kv_heads ({self.kv_heads})")
        if self.head_dim % 4:
            raise ValueError(f"head_dim ({self.head_dim}) must be a multiple of 4")
        return self


def run(config: Config, inputs: Mapping[str, Path], out: Path) -> Manifest:
    """Train and write `checkpoint/`. Returns the manifest; a finished directory returns at once.

    Raises `UserError` when there is no trajectory to learn from, or when the directory holds another run.
    """
    read = {name: inputs[name] for name in ("wiki", "trajectories")}
    if config.base is not None:
        read["base"] = config.base
    with StageDirectory(out, "sft", config, read) as stage:
        if stage.finished:
            return stage.manifest()
        trajectories = inputs["trajectories"] / "records.jsonl"
        if not trajectories.is_file() or trajectories.stat().st_size == 0:
            raise UserError(f"{trajectories}: no trajectories: run `websailor trajectories collect` first")

        from websailor.models.local.parallel import run_parallel
        from websailor.sft.preparation import prepare
        from websailor.sft.trainer import train

        prepare(config, inputs["wiki"], trajectories, out)
        run_parallel(train, config.processes, config, inputs["wiki"], trajectories, out)
        return stage.finish(**read_json(out / "result.json"))
