"""One step of reinforcement learning: this trainer against TRL's GRPOTrainer, same model, same tools, same run.

Enters: nothing. Leaves: a table of seconds for rollouts, training and the whole step. Both sides start from one
checkpoint that has learned one conversation by heart (four turns of about 50 sampled tokens, three searches, about 660
tokens in all), so both sample the same work, parse it, run the tools in process and take one optimiser step over all of
it. Rewards alternate inside every group, so no rollout can be skipped. One thread, float32. CPU seconds, so that a busy
machine does not favour either side.

    python benchmarks/rl_step.py                        # 16 questions x 8 rollouts, 4.07M parameters
    python benchmarks/rl_step.py --questions 2 --hidden 64   # a minute
"""

import argparse
import asyncio
import json
import logging
import os
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

import torch
from torch.nn import functional

from websailor.agent import AgentConfig, run_episode
from websailor.models.base import Sampling
from websailor.models.local.network import Network, NetworkConfig
from websailor.models.local.optimizer import build_optimizer
from websailor.models.local.parallel import Group
from websailor.models.local.policy import LocalPolicy
from websailor.models.local.tokenizer import END, PAD, build_word_tokenizer, load_tokenizer, save_tokenizer
from websailor.models.protocol import answer_turn, call_turn, system_prompt
from websailor.models.scripted import ScriptedModel
from websailor.models.tokens import as_chat, encode_conversation
from websailor.records import Page, Pattern, Question, Score, Trajectory, Uncertainty
from websailor.rl import Config
from websailor.rl.rollout import Environment
from websailor.rl.source import UniformSource
from websailor.rl.trainer import Trainer
from websailor.tools.base import Toolbox
from websailor.tools.config import ToolsConfig
from websailor.tools.memory import InMemoryWeb
from websailor.tools.simulated import web_toolbox

WORDS = [
    one + two
    for one in ("ba", "de", "fi", "go", "lu", "me", "no", "pa")
    for two in ("ran", "sil", "tor", "vel", "wen", "zum", "kip")
]
"""All different: a text that repeats itself is hard to know by heart."""
AGENT = AgentConfig(prompt="brief", turns=6, context_tokens=2048, max_tokens_per_turn=128, date="2026-01-01")
THOUGHT = " ".join(WORDS[:38]) + "."
ANSWER_THOUGHT = " ".join(WORDS[:49]) + "."


def toolbox() -> Toolbox:
    """Search over a few pages whose snippets make observations of about 130 tokens."""
    sentence = " ".join(WORDS[:19])
    pages = [
        Page(id=index, title=f"{word} page", url=f"w/{word}", text=f"{word} {sentence}.")
        for index, word in enumerate(WORDS[:12])
    ]
    return web_toolbox(InMemoryWeb(pages), ToolsConfig(top_k=5, address="title"))


def make_questions(count: int) -> list[Question]:
    """Questions that differ in a number; the conversation about them is the same."""
    return [
        Question(
            id=f"q{number}",
            prompt=f"Question {number}: which {' '.join(WORDS[:15])} is meant here?",
            answer=WORDS[0],
            pattern=Pattern(focus="x", variables=("x",), atoms=()),
            clues=(),
            level=1,
            uncertainty=Uncertainty(
                initial=1, after=(0,), best_single=1, frontier=1, necessity=1, cycle_rank=0, oracle_cost=1
            ),
            evidence=(),
            shape="none",
            focus_orbit=0,
            seed=0,
        )
        for number in range(count)
    ]


def script() -> list[str]:
    """Three searches and an answer, about 50 tokens each."""
    searches = [call_turn(THOUGHT, "search", {"query": [f"{word} page {WORDS[0]}"]}) for word in WORDS[:3]]
    return [*searches, answer_turn(ANSWER_THOUGHT, WORDS[0])]


async def conversations(questions: list[Question]) -> list[Trajectory]:
    """The conversation as the agent loop really has it."""
    return [
        await run_episode(question, ScriptedModel(script()), toolbox(), AGENT, Sampling(), 0, "script")
        for question in questions
    ]


def make_checkpoint(folder: Path, questions: list[Question], hidden: int, vocabulary: int) -> None:
    """Train a network on the conversation until it says it by heart."""
    trajectories = asyncio.run(conversations(questions))
    texts = [as_chat(message)["content"] for trajectory in trajectories for message in trajectory.messages]
    tokenizer = build_word_tokenizer(texts)
    network = Network(
        NetworkConfig(
            vocab_size=max(vocabulary, tokenizer.get_vocab_size()),
            hidden_size=hidden,
            heads=hidden // 32,
            intermediate=3 * hidden,
            max_positions=2048,
            eos_token_id=tokenizer.token_to_id(END),
            pad_token_id=tokenizer.token_to_id(PAD),
        )
    ).initialise(0)
    encoded = [encode_conversation(tokenizer, trajectory.messages) for trajectory in trajectories[:2]]
    own = sum(int(mask.sum()) for _, mask in encoded) / len(encoded)
    print(
        f"{network.parameter_count() / 1e6:.2f}M parameters, {len(encoded[0][0])} tokens a rollout, {own:.0f} sampled"
    )
    optimizer = build_optimizer(network, None, 3e-3)
    steps, total = 0, 1.0
    while steps < 400:
        steps += 1
        optimizer.zero_grad()
        total = 0.0
        for ids, mask in encoded:
            tokens = torch.from_numpy(ids).long()
            own_N = torch.from_numpy(mask[1:])
            logits = network.logits(network.hidden(tokens[None, :-1])[0][own_N])
            loss = functional.cross_entropy(logits, tokens[1:][own_N]) / len(encoded)
            loss.backward()
            total += loss.item()
        if total < 1e-4:
            break
        optimizer.step()
    print(f"learned by heart in {steps} steps, loss {total:.1g}")
    network.save(folder)
    save_tokenizer(tokenizer, folder)


class Alternating:
    """Right and wrong by turns: no group is without variance."""

    async def __call__(self, question: Question, trajectory: Trajectory) -> Score:
        del question
        return Score(value=float(trajectory.seed % 2), reason="by turns", judge="benchmark")


def measure_ours(checkpoint: Path, questions: list[Question], rollouts: int, steps: int, out: Path) -> dict[str, float]:
    """CPU seconds of a step, the first one not counted."""
    config = Config(questions=len(questions), rollouts=rollouts, learning_rate=1e-7, agent=AGENT, precision="float32")
    network = Network.load(checkpoint)
    environment = Environment(toolbox(), Alternating(), AGENT, Sampling(max_tokens=AGENT.max_tokens_per_turn))
    policy = LocalPolicy.of(network, load_tokenizer(checkpoint), rows=len(questions) * rollouts, context=2048)
    trainer = Trainer(Group(), config, network, policy, environment, UniformSource(questions, 0), [], out)
    spent = {"rollout": 0.0, "step": 0.0, "tokens": 0.0}
    fresh_batch = trainer.fresh_batch

    def timed() -> Any:
        started = time.process_time()
        batch = fresh_batch()
        spent["rollout"] += time.process_time() - started
        return batch

    trainer.fresh_batch = timed
    for step in range(steps + 1):
        if step == 1:
            spent = dict.fromkeys(spent, 0.0)
        started = time.process_time()
        row = trainer.take_step()
        spent["step"] += time.process_time() - started
        spent["tokens"] += row["tokens"]
    return {name: value / steps for name, value in spent.items()}


def measure_trl(checkpoint: Path, questions: list[Question], rollouts: int, steps: int, out: Path) -> dict[str, float]:
    """CPU seconds of a GRPOTrainer step, the first one not counted."""
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl.trainer.grpo_config import GRPOConfig
    from trl.trainer.grpo_trainer import GRPOTrainer

    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    search_tool = toolbox()

    def search(query: list[str]) -> str:
        """Search the web.

        Args:
            query: What to search for.
        """
        from websailor.records import ToolCall

        call = ToolCall(id="call", name="search", arguments=json.dumps({"query": query}))
        return asyncio.run(search_tool.call(call)).content

    def by_turns(completions: list[Any], **_: Any) -> list[float | None]:
        return [float(index % 2) for index in range(len(completions))]

    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    system = system_prompt("brief", search_tool.signatures, "2026-01-01")
    prompts = [
        [{"role": "system", "content": system}, {"role": "user", "content": question.prompt}] for question in questions
    ]
    batch = len(questions) * rollouts
    per_device = min(16, batch)
    config = GRPOConfig(
        output_dir=str(out),
        use_cpu=True,
        bf16=False,
        per_device_train_batch_size=per_device,
        gradient_accumulation_steps=batch // per_device,
        gradient_checkpointing=False,
        num_generations=rollouts,
        max_completion_length=900,
        temperature=1.0,
        beta=0.0,
        loss_type="dapo",
        scale_rewards="none",
        learning_rate=1e-7,
        max_steps=steps + 1,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        dataloader_num_workers=0,
    )
    spent = {"rollout": 0.0, "step": 0.0, "tokens": 0.0}

    class Clock(TrainerCallback):
        """CPU seconds between the borders of a step."""

        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            del args, control, kwargs
            if state.global_step <= 1:
                spent.update(dict.fromkeys(spent, 0.0))
            self.started = time.process_time()

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            del args, state, control, kwargs
            spent["step"] += time.process_time() - self.started

    class Timed(GRPOTrainer):
        """Counts the generation apart."""

        def _generate(self, prompts: list) -> Any:
            started = time.process_time()
            result = super()._generate(prompts)
            spent["rollout"] += time.process_time() - started
            lengths = [len(one) + len(other) for one, other in zip(result[0], result[1], strict=True)]
            spent["tokens"] += sum(lengths) / len(lengths)
            return result

    trainer = Timed(
        model=AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32),
        reward_funcs=by_turns,
        args=config,
        train_dataset=Dataset.from_list([{"prompt": prompt} for prompt in prompts]),
        processing_class=tokenizer,
        tools=[search],
        callbacks=[Clock()],
    )
    trainer.train()
    return {name: value / steps for name, value in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=16)
    parser.add_argument("--rollouts", type=int, default=8)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--vocabulary", type=int, default=4096)
    parser.add_argument("--steps", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    questions = make_questions(arguments.questions)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "checkpoint"
        make_checkpoint(checkpoint, questions, arguments.hidden, arguments.vocabulary)
        size = (arguments.rollouts, arguments.steps, Path(folder))
        rows = {
            "TRL GRPOTrainer": measure_trl(checkpoint, questions, *size),
            "websailor": measure_ours(checkpoint, questions, *size),
        }
    print(f"{arguments.questions} x {arguments.rollouts} rollouts, float32, one thread, CPU seconds a step")
    print(f"{'':18}{'rollout':>9}{'train':>9}{'step':>9}{'tokens':>9}")
    for name, row in rows.items():
        train = row["step"] - row["rollout"]
        print(f"{name:18}{row['rollout']:9.2f}{train:9.2f}{row['step']:9.2f}{row['tokens']:9.0f}")
    theirs, ours = rows.values()
    ratios = [
        theirs["rollout"] / ours["rollout"],
        (theirs["step"] - theirs["rollout"]) / (ours["step"] - ours["rollout"]),
        theirs["step"] / ours["step"],
    ]
    print(f"{'ratio':18}" + "".join(f"{ratio:8.1f}x" for ratio in ratios))


if __name__ == "__main__":
    main()
