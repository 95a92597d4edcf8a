"""Tokenizers for local models, in the Hugging Face format.

Enters: texts of the offline web and of trajectories. Leaves: a `tokenizers.Tokenizer`, saved beside the weights so that
transformers, TRL and vLLM load the same folder.

Two kinds, one mechanism (byte-level, so nothing is ever unknown):
- `word`: every word of a small world is one token (`ignore_merges` looks whole words up before any merge), single bytes
  are the fallback. Digits come in groups of up to three from the left, so 1953 and 1950s share their first token and
  a decade can be read off.
- `bpe`: ordinary byte-level BPE for real text.

Fragments of the agent protocol that never change (`<tool_call>` with the opening of its JSON and so on) are single
added tokens: a tool call costs a dozen tokens, not fifty. A word that follows such a fragment or a line break is
encoded as if a space stood before it, so that a name is one and the same token wherever it stands; decoding is exact
but for that one space, which every reader of the protocol strips.
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from websailor.errors import UserError
from websailor.models.tokens import CHAT_TEMPLATE, RESPONSE_TEMPLATE

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"

FRAGMENTS = (
    "\n",
    "<|im_start|>system\n",
    "<|im_start|>user\n",
    "\n<|im_start|>user\n",
    "\n<|im_start|>assistant\n",
    "\n<|im_start|>user\n<tool_response>\n",
    "\n</tool_response>",
    "\n=======\n",
    "<think>\n",
    "\n</think>\n<tool_call>\n",
    "\n</think>\n<answer>",
    "</answer>",
    "\n</tool_call>",
    '{"name": "search", "arguments": {"query": ["',
    '"]}}',
    '{"name": "visit", "arguments": {"url": ["',
    '"], "goal": "',
    '"}}',
    '", "',
)
"""Protocol text that is one token each; see `websailor.models.protocol`."""

_PIECES = r"Ġ?[A-Za-z¡-ĉċ-ğġ-\x{10ffff}]+|Ġ?[0-9]{1,3}|Ġ?[!-/:-@\[-`{-~]|Ċ|Ġ|."
"""Applied to text whose bytes are already mapped to printable characters (a space is `Ġ`, a line break `Ċ`)."""


def _skeleton(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(  # pyright: ignore[reportAttributeAccessIssue]
        [
            pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False),
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    return tokenizer


def _add_protocol_tokens(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in (PAD, START, END)])
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in FRAGMENTS])
    return tokenizer


def _bytes() -> list[str]:
    return sorted(pre_tokenizers.ByteLevel.alphabet())


def build_word_tokenizer(texts: Iterable[str], most: int = 4000, always: Iterable[str] = ()) -> Tokenizer:
    """One token for each of the `most` most frequent words, bytes for the rest.

    The words of `always` (the lexicon of a generated world) are included in any case, with and without a space before
    them.
    """
    probe = _add_protocol_tokens(_skeleton(models.BPE(vocab={b: i for i, b in enumerate(_bytes())}, merges=[])))
    splitter = probe.pre_tokenizer
    counts: Counter[str] = Counter()
    for text in texts:
        for line in text.split("\n"):
            counts.update(piece for piece, _ in splitter.pre_tokenize_str(line))
    kept = dict.fromkeys(form for word in always for form in (f"Ġ{word}", word))
    for word, _ in counts.most_common():
        if len(kept) >= most:
            break
        kept.setdefault(word)
    vocabulary = _bytes()
    known = set(vocabulary)
    vocabulary += [word for word in kept if word not in known]
    model = models.BPE(vocab={token: i for i, token in enumerate(vocabulary)}, merges=[], ignore_merges=True)
    return _add_protocol_tokens(_skeleton(model))


def train_bpe_tokenizer(texts: Iterable[str], vocabulary: int = 8192) -> Tokenizer:
    """Byte-level BPE with `vocabulary` entries before the protocol tokens."""
    tokenizer = _skeleton(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return _add_protocol_tokens(tokenizer)


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json` (with the chat template) into a checkpoint folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": PAD,
        "clean_up_tokenization_spaces": False,
        "chat_template": CHAT_TEMPLATE,
        "response_template": RESPONSE_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read a checkpoint's tokenizer; `UserError` when there is none or when it lacks the chat tokens."""
    file = folder / "tokenizer.json"
    if not file.is_file():
        raise UserError(f"{folder}: no tokenizer.json there: give the folder of a checkpoint")
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        raise UserError(f"{file}: not a tokenizer ({error}): the checkpoint is damaged, make it again") from error
    missing = [token for token in (START, END) if tokenizer.token_to_id(token) is None]
    if missing:
        raise UserError(f"{file}: lacks {', '.join(missing)}: a tokenizer with ChatML tokens is needed")
    return tokenizer
