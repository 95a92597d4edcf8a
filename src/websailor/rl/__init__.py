"""Stage: reinforcement learning in the simulated web.

Reads `wiki`, `questions` (records.jsonl of Question; those of the split `train` are trained on, `held_out` ones
measured) and `checkpoint` (a Hugging Face folder, or the directory of a stage that made one). Writes `checkpoint/` (a
Hugging Face folder), `metrics.jsonl` (one row a step), `records.jsonl` (one trajectory a step, to look at) and, while
it runs, `state.pt`, from which a killed run goes on at the exact step.

A step: fresh rollouts of a batch of questions, rewards, advantages, one optimiser step. Strictly on-policy: the trainer
recomputes the log-probability of every sampled token and stops if it is not what the sampler recorded.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from websailor.agent.config import AgentConfig
from websailor.errors import UserError
from websailor.files import StageConfig, StageDirectory, read_json
from websailor.records import Manifest
from websailor.tools.config import ToolsConfig

if TYPE_CHECKING:
    from websailor.rl.source import QuestionSource


class Config(StageConfig):
    """Settings of reinforcement learning. Defaults are the embedded agent's."""

    questions: int = Field(default=24, ge=1, le=100_000)
    """Questions of a batch, over all processes."""
    rollouts: int = Field(default=8, ge=2, le=10_000)
    """Episodes of every question."""
    steps: int = Field(default=80, ge=1, le=10**9)
    """Optimiser steps."""
    seconds: float = Field(default=0.0, ge=0, le=1e9)
    """Wall-clock budget; training ends with the step that exceeds it. 0: `steps` decides alone."""
    optimizer: Literal["adamw", "muon"] = "adamw"
    """`muon`: Muon for the matrices, AdamW for the rest."""
    learning_rate: float = Field(default=5e-4, gt=0, le=1)
    """AdamW's."""
    muon_lr: float = Field(default=2e-3, gt=0, le=1)
    """Muon's, for matrices, when it is used."""
    warmup: int = Field(default=0, ge=0, le=10**9)
    """Steps of linear warm-up."""
    decay: float = Field(default=0.0, ge=0, le=1)
    """Share of the run, at its end, over which the learning rate falls linearly to a tenth."""
    gradient_clip: float = Field(default=1.0, gt=0, le=1e6)
    """Global norm."""
    temperature: float = Field(default=1.0, gt=0, le=100)
    """Of the rollouts; the trainer's distribution has the same."""
    reward: Literal["v1", "v2"] = "v2"
    """`v1`: 0.1 format + 0.9 answer. `v2`: answer, less `format_penalty` for a broken protocol."""
    format_penalty: float = Field(default=0.1, ge=0, lt=0.5)
    """What a broken protocol costs in `v2`."""
    baseline: Literal["leave_one_out", "standardised"] = "leave_one_out"
    """What is taken from a reward: the mean of the others in its group (RLOO), or that of the group, in units of its
    spread (GRPO)."""
    replacement: Literal["none", "duplicate", "dynamic"] = "none"
    """Of groups with equal rewards: kept, replaced by copies of mixed groups (DUPO), or rolled out again (DAPO)."""
    dynamic_rounds: int = Field(default=4, ge=1, le=1000)
    """`dynamic`: batches rolled out for one step at most."""
    leave_out_truncated: bool = True
    """Leave negatives that a limit (turns, context, time) ended without an answer out of the loss: WebSailor-V2's
    conservative treatment of negatives. The next two settings say which of them."""
    leave_out_broken: bool = False
    """Also those that broke the protocol on their way: the literal rule. Off, because the embedded agent, which learns
    the protocol from nothing, then has nothing that holds it there: it drifts away from it within twenty steps."""
    leave_out_turn_limit: bool = True
    """Also those that used up their turns. The paper speaks of exceeding a length limit. Off, an episode that goes
    round in circles until its turns are over is an ordinary negative, and circling is unlearnt."""
    truncated_in_baseline: bool = False
    """Count what is left out in the baseline nevertheless."""
    clip_low: float = Field(default=0.2, gt=0, le=1)
    """How far below 1 the ratio of new to old probability still counts."""
    clip_high: float = Field(default=0.28, gt=0, le=100)
    """How far above 1 it still counts."""
    drift_limit: float = Field(default=0.05, gt=0, le=100)
    """Largest difference between the sampler's and the trainer's log-probability of a token; above it the run stops."""
    rename: bool = True
    """Give every group names of its own (generated worlds only)."""
    rename_decades: bool = False
    """Let the decades change places too; not where questions compare years."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the matrix products; weights, sums and logits stay float32. `auto`: bfloat16 where the CPU has it."""
    micro_batch_tokens: int = Field(default=4096, ge=1, le=10**9)
    """Tokens of one forward and backward pass, padding included."""
    evaluate_every: int = Field(default=20, ge=0, le=10**9)
    """Steps between measurements on held-out questions, also before the first and after the last; 0: never."""
    evaluation_questions: int = Field(default=128, ge=1, le=10**6)
    """Held-out questions measured, one episode each."""
    state_every: int = Field(default=5, ge=1, le=10**9)
    """Steps between saved training states."""
    checkpoint_every: int = Field(default=0, ge=0, le=10**9)
    """Steps between checkpoints kept in `checkpoints/`; 0: only the last."""
    processes: int = Field(default=0, ge=0, le=1024)
    """Data-parallel processes; 0: one a core."""
    agent: AgentConfig = AgentConfig(prompt="brief", turns=8, context_tokens=1024, max_tokens_per_turn=128)
    """Limits and prompt of an episode."""
    tools: ToolsConfig = ToolsConfig(top_k=5, address="title")
    """How the simulated web answers."""


def run(config: Config, inputs: Mapping[str, Path], out: Path, source: "QuestionSource | None" = None) -> Manifest:
    """Train and write `checkpoint/`. Returns the manifest; a finished directory returns at once.

    `source` decides what is trained on; without one, all training questions take turns. Raises `UserError` when the
    checkpoint is of another tokenizer, when there is no question, or when the directory holds another run.
    """
    checkpoint = checkpoint_folder(inputs["checkpoint"])
    with StageDirectory(
        out, "rl", config, {name: inputs[name] for name in ("wiki", "questions", "checkpoint")}
    ) as stage:
        if stage.finished:
            return stage.manifest()

        from websailor.models.local.parallel import run_parallel
        from websailor.rl.trainer import train

        run_parallel(train, config.processes, config, inputs["wiki"], inputs["questions"], checkpoint, out, source)
        return stage.finish(**read_json(out / "result.json"))


def checkpoint_folder(path: Path) -> Path:
    """The Hugging Face folder that `path` is, or that the stage directory `path` holds."""
    for folder in (path / "checkpoint", path):
        if (folder / "tokenizer.json").is_file() and (folder / "model.safetensors").is_file():
            return folder
    raise UserError(
        f"{path}: no checkpoint there (config.json, model.safetensors, tokenizer.json): run `websailor sft`"
    )
