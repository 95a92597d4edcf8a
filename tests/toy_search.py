"""A toy task for the trainer: one search, then a name. One name is right; the policy starts with any of eight."""

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional

from toy_questions import question
from websailor.agent import AgentConfig
from websailor.models.base import Sampling
from websailor.models.local.network import Network, NetworkConfig
from websailor.models.local.parallel import Group
from websailor.models.local.policy import LocalPolicy
from websailor.models.local.tokenizer import END, build_word_tokenizer, load_tokenizer, save_tokenizer
from websailor.models.protocol import answer_turn, call_turn, system_prompt
from websailor.models.tokens import encode_conversation, prompt_text
from websailor.records import Message, Page, Question
from websailor.rl import Config
from websailor.rl.rollout import Environment
from websailor.rl.source import QuestionSource, UniformSource
from websailor.rl.trainer import Trainer
from websailor.scoring import ExactMatch
from websailor.tools.config import ToolsConfig
from websailor.tools.memory import InMemoryWeb
from websailor.tools.simulated import web_toolbox

LEXICON = ("Aren", "Dovi", "Melik", "Solak", "Torid", "Velan", "Zemir", "Kasto")
AGENT = AgentConfig(prompt="brief", turns=4, context_tokens=192, max_tokens_per_turn=24, date="2026-01-01")
TOOLS = ToolsConfig(top_k=1, address="title")
SYSTEM = Message(role="system", content=system_prompt("brief", [], "2026-01-01"))


RIGHT = "Dovi"


def questions(count: int, seed: int = 0, split: str = "train") -> list[Question]:
    """Names are mentioned to no purpose: the answer is always the same."""
    rng = np.random.default_rng(seed)
    pairs = [rng.choice(LEXICON, 2, replace=False) for _ in range(count)]
    return [
        question(f"q{seed * 1000 + number}", f"Which one, {one} or {two}?", RIGHT, split=split)
        for number, (one, two) in enumerate(pairs)
    ]


def web() -> InMemoryWeb:
    return InMemoryWeb(
        Page(id=i, title=name, url=f"u/{name}", text=f"{name} is a name.", first_sentence=f"{name} is a name.")
        for i, name in enumerate(LEXICON)
    )


def environment(agent: AgentConfig = AGENT, lexicon: Sequence[str] = ()) -> Environment:
    sampling = Sampling(max_tokens=agent.max_tokens_per_turn)
    return Environment(web_toolbox(web(), TOOLS), ExactMatch(), agent, sampling, lexicon)


def conversation(asked: Question, said: str) -> list[Message]:
    return [
        SYSTEM,
        Message(role="user", content=asked.prompt),
        Message(role="assistant", content=call_turn("Look.", "search", {"query": ["Velan"]})),
        Message(role="tool", content="1. Velan: Velan is a name."),
        Message(role="assistant", content=answer_turn("Seen.", said)),
    ]


@cache
def tokenizer() -> Tokenizer:
    texts = [prompt_text(conversation(one, one.answer)) for one in questions(50)]
    return build_word_tokenizer(texts, always=LEXICON)


@cache
def trained_weights(steps: int = 90) -> tuple[NetworkConfig, dict[str, torch.Tensor]]:
    """A network that keeps the protocol and answers with any name; a second or two of supervised training, once."""
    config = NetworkConfig(
        vocab_size=tokenizer().get_vocab_size(),
        hidden_size=32,
        layers=2,
        heads=2,
        kv_heads=1,
        head_dim=16,
        intermediate=64,
        max_positions=256,
        eos_token_id=tokenizer().token_to_id(END),
    )
    network = Network(config).initialise(0)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2, weight_decay=0.0)
    rng = np.random.default_rng(0)
    for step in range(steps):
        rows = []
        for asked in questions(16, seed=step + 1):
            rows.append(encode_conversation(tokenizer(), conversation(asked, str(rng.choice(LEXICON)))))
        width = max(len(ids) for ids, _ in rows)
        tokens = np.zeros((len(rows), width), dtype=np.int64)
        mask = np.zeros((len(rows), width), dtype=bool)
        for index, (ids, own) in enumerate(rows):
            tokens[index, : len(ids)], mask[index, : len(ids)] = ids, own
        tokens_BT, mask_BT = torch.from_numpy(tokens), torch.from_numpy(mask)
        logits = network.logits(network.hidden(tokens_BT)[:, :-1][mask_BT[:, 1:]])
        loss = functional.cross_entropy(logits, tokens_BT[:, 1:][mask_BT[:, 1:]])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return config, {name: value.detach().clone() for name, value in network.state_dict().items()}


def trained_network() -> Network:
    """A fresh copy of the trained toy network."""
    config, weights = trained_weights()
    network = Network(config)
    network.load_state_dict(weights)
    return network


def write_checkpoint(folder: Path) -> None:
    """The toy policy as a Hugging Face folder."""
    save_tokenizer(tokenizer(), folder)
    trained_network().save(folder)


def trainer(
    group: Group,
    checkpoint: Path,
    out: Path,
    config: Config,
    agent: AgentConfig = AGENT,
    source: QuestionSource | None = None,
) -> Trainer:
    """A trainer on the toy task."""
    network = Network.load(checkpoint)
    policy = LocalPolicy.of(network, load_tokenizer(checkpoint), context=agent.context_tokens)
    source = source or UniformSource(questions(64), config.seed)
    return Trainer(group, config, network, policy, environment(agent), source, questions(24, 7, "held_out"), out)


def configuration(**changes: Any) -> Config:
    """Settings under which the toy is learned in some twenty steps."""
    return Config(
        **{"questions": 8, "steps": 20, "learning_rate": 2e-3, "evaluate_every": 10, "processes": 1, **changes}
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    trainer(Group(), Path(sys.argv[1]), Path(sys.argv[2]), configuration(steps=8, state_every=2)).run()
