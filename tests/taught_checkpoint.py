"""A checkpoint that knows one conversation by heart: a local agent that does what a test wants."""

from collections.abc import Sequence
from pathlib import Path

import torch

from websailor.models.local.network import Network, NetworkConfig
from websailor.models.local.tokenizer import END, PAD, build_word_tokenizer, save_tokenizer
from websailor.models.tokens import encode_conversation, render
from websailor.records import Message


def teach(lesson: Sequence[Message], folder: Path) -> None:
    """Write a network of two layers that was taught the assistant's turns of `lesson`, as a Hugging Face folder."""
    tokenizer = build_word_tokenizer([render(lesson)], always=[message.content for message in lesson])
    ids_N, mask_N = encode_conversation(tokenizer, lesson)
    network = Network(
        NetworkConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=64,
            layers=2,
            heads=2,
            kv_heads=1,
            head_dim=32,
            intermediate=128,
            max_positions=512,
            eos_token_id=tokenizer.token_to_id(END),
            pad_token_id=tokenizer.token_to_id(PAD),
        )
    ).initialise(0)
    tokens_BT = torch.tensor(ids_N, dtype=torch.long)[None]
    own_N = torch.tensor(mask_N[1:])
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    loss = torch.tensor(0.0)
    for _ in range(150):
        logits_NV = network(tokens_BT[:, :-1])[0]
        loss = torch.nn.functional.cross_entropy(logits_NV[own_N], tokens_BT[0, 1:][own_N])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
    network.save(folder)
    save_tokenizer(tokenizer, folder)
