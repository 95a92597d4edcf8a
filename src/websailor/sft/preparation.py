"""What training starts from: a tokenizer and weights in `initial/`.

Enters: the wiki's texts, the trajectories, or an existing checkpoint. Leaves: a Hugging Face folder.
"""

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer

from websailor.errors import UserError
from websailor.files import read_jsonl
from websailor.models.local.induction import set_previous_token_head
from websailor.models.local.network import Network, NetworkConfig
from websailor.models.local.tokenizer import (
    END,
    PAD,
    build_word_tokenizer,
    load_tokenizer,
    save_tokenizer,
    train_bpe_tokenizer,
)
from websailor.records import Trajectory
from websailor.sft import Config
from websailor.wiki import open_wiki
from websailor.wiki.reader import Wiki

SAMPLED_PAGES = 3000
"""Pages read to build a tokenizer."""
SAMPLED_TRAJECTORIES = 2000


def prepare(config: Config, wiki: Path, trajectories: Path, out: Path) -> None:
    """Make `out/initial`, once: fresh weights and tokenizer, or a copy of `config.base`."""
    folder = out / "initial"
    if (folder / "model.safetensors").is_file():
        return
    if config.base is not None:
        Network.load(config.base)
        load_tokenizer(config.base)
        partial = out / "initial.part"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for file in config.base.iterdir():
            if file.suffix in {".json", ".safetensors", ".jinja"}:
                shutil.copy2(file, partial)
        partial.replace(folder)
        return
    tokenizer = _build_tokenizer(config, open_wiki(wiki), trajectories)
    save_tokenizer(tokenizer, folder)
    shape = NetworkConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=config.hidden_size,
        layers=config.layers,
        heads=config.heads,
        kv_heads=config.kv_heads,
        head_dim=config.head_dim,
        intermediate=config.intermediate,
        rope_theta=config.rope_theta,
        max_positions=config.context,
        eos_token_id=tokenizer.token_to_id(END),
        pad_token_id=tokenizer.token_to_id(PAD),
    )
    network = Network(shape).initialise(config.seed)
    set_previous_token_head(network)
    network.save(folder)


def _build_tokenizer(config: Config, wiki: Wiki, trajectories: Path) -> Tokenizer:
    texts = _texts(wiki, trajectories)
    kind = config.tokenizer if config.tokenizer != "auto" else ("word" if wiki.lexicon else "bpe")
    if kind == "word":
        if not wiki.lexicon:
            raise UserError('this wiki has no lexicon: set sft.tokenizer to "bpe" (or "auto")')
        return build_word_tokenizer(texts, config.vocabulary, always=wiki.lexicon)
    return train_bpe_tokenizer(texts, config.vocabulary)


def _texts(wiki: Wiki, trajectories: Path) -> Iterator[str]:
    for trajectory in islice(read_jsonl(trajectories, Trajectory), SAMPLED_TRAJECTORIES):
        for message in trajectory.messages:
            yield message.content
            if message.reasoning:
                yield message.reasoning
            for call in message.tool_calls:
                yield call.arguments
    for page in islice(wiki.pages(), SAMPLED_PAGES):
        yield page.title
        yield page.text
        for field in page.infobox:
            yield f"{field.key}: {', '.join(value.text for value in field.values)}"
