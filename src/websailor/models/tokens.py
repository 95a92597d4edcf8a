r"""Messages <-> text <-> tokens: ChatML, with the mask of the agent's own tokens.

Enters: a conversation and a tokenizer. Leaves: `ids_N` and `mask_N`, mask 1 on what the agent wrote, its closing
`<|im_end|>` included. The same text comes from `CHAT_TEMPLATE` in transformers. A conversation is cut into pieces at
the borders of the agent's turns and each piece is tokenized alone, as the engine does when it samples: concatenated,
the pieces are the whole text.

    prompt_text([system, user])
    <|im_start|>system\n...<|im_end|>\n<|im_start|>user\n...<|im_end|>\n<|im_start|>assistant\n (the agent's turn)
    <think>\n...\n</tool_call><|im_end|> observation_text(tool)
    \n<|im_start|>user\n<tool_response>\n...\n</tool_response><|im_end|>\n<|im_start|>assistant\n
"""

import json
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Protocol

from websailor.models.fences import closed, closed_response
from websailor.models.protocol import render_turn
from websailor.records import Message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

IM_START = "<|im_start|>"
IM_END = "<|im_end|>"
GENERATION_PROMPT = f"{IM_START}assistant\n"

CHAT_TEMPLATE = (files("websailor.models") / "prompts" / "chat_template.jinja").read_text(encoding="utf-8").strip()
"""Jinja source for `tokenizer_config.json`, with `{% generation %}` markers; `as_chat` gives the dictionaries it
takes."""

RESPONSE_TEMPLATE: dict[str, Any] = json.loads(
    (files("websailor.models") / "prompts" / "response_template.json").read_text(encoding="utf-8")
)
"""How transformers reads an agent's turn back into such a dictionary (`tokenizer.parse_response`); TRL asks for it."""


class Tokenizer(Protocol):
    """`tokenizers.Tokenizer` or a fast tokenizer of transformers."""

    def encode(self, sequence: Any, /, *, add_special_tokens: bool) -> Any:
        """Token ids as a list, or an object that has them in `ids`."""
        ...


def encode_text(tokenizer: Tokenizer, text: str) -> list[int]:
    """Token ids of `text`; no special tokens are added, those in the text are recognised."""
    encoded = tokenizer.encode(text, add_special_tokens=False)
    return list(getattr(encoded, "ids", encoded))


def as_chat(message: Message) -> dict[str, Any]:
    """The dictionary that chat templates and training libraries take; an assistant message becomes its text."""
    content = render_turn(message) if message.role == "assistant" else message.content
    return {"role": message.role, "content": content}


def render(messages: Sequence[Message], generation_prompt: bool = False) -> str:
    """The whole conversation as text; with `generation_prompt` it ends where the agent's next turn begins.

    A conversation is the beginning of its continuation: the line end after a turn's `<|im_end|>` belongs to what
    follows.
    """
    text = "".join(text for text, _ in pieces(messages))
    if not generation_prompt:
        return text
    return text + ("\n" if messages and messages[-1].role == "assistant" else "") + GENERATION_PROMPT


def prompt_text(messages: Sequence[Message]) -> str:
    """What stands before the agent's next turn: the conversation and the opening of that turn."""
    return render(messages, generation_prompt=True)


def observation_text(*messages: Message) -> str:
    """What is appended between two turns of the agent: the line end after its `<|im_end|>`, `messages`, the opening of
    the next turn."""
    assert all(message.role != "assistant" for message in messages), "the agent's own turns are not observations"
    return "\n" + render(messages, generation_prompt=True)


def turn_text(message: Message) -> str:
    """What the agent writes in a turn, with the closing `<|im_end|>`."""
    return render_turn(message) + IM_END


def pieces(messages: Sequence[Message]) -> Iterator[tuple[str, bool]]:
    """(text, own) in order: prompt, turn, observation, turn, ... Joined they are `render(messages)`."""
    pending = ""
    for message in messages:
        if message.role == "assistant":
            yield pending + GENERATION_PROMPT, False
            yield turn_text(message), True
            pending = "\n"
        else:
            pending += _block(message)
    if pending and messages[-1].role != "assistant":
        yield pending, False


def encode_conversation(
    tokenizer: Tokenizer, messages: Sequence[Message]
) -> "tuple[NDArray[np.int32], NDArray[np.bool_]]":
    """Tokens of the conversation and the mask of the agent's own: `(ids_N int32, mask_N bool)`.

    A conversation that ends with the agent's turn ends with its `<|im_end|>`.
    """
    import numpy as np  # costs 0.1 s: the agent loop needs this module's texts alone

    ids: list[int] = []
    mask: list[bool] = []
    for text, own in pieces(messages):
        piece = encode_text(tokenizer, text)
        ids += piece
        mask += [own] * len(piece)
    return np.asarray(ids, dtype=np.int32), np.asarray(mask, dtype=np.bool_)


def _block(message: Message) -> str:
    if message.role == "tool":
        return f"{IM_START}user\n<tool_response>\n{closed_response(message.content)}\n</tool_response>{IM_END}\n"
    return f"{IM_START}{message.role}\n{closed(message.content)}{IM_END}\n"
