"""Page text stays inside its observation: what stands on a page cannot pass for a turn of the conversation.

Enters: text from pages, search results, programs. Leaves: the same text in which every protocol tag is visibly changed:
`<tool_call>` becomes `‹tool_call›`. The words stay readable; no parser and no chat template takes them for a tag or a
special token.
"""

import re

_TAGS = re.compile(
    r"<\s*(?P<body>/?\s*(?:think|tool_call|tool_response|tools?|answer|code|system|user|assistant)\b[^<>]{0,40})>"
    r"|<\s*[|\uff5c](?P<special>[^<>|\uff5c\n]{1,40})[|\uff5c]\s*>"
    r"|<(?P<token>/?(?:s|bos|eos|unk|pad|start_of_turn|end_of_turn|turn))>"
    r"|\[(?P<inst>/?INST)\]|<<(?P<sys>/?SYS)>>",
    re.IGNORECASE,
)
"""Of this protocol, and what the chat templates of common models take for the border of a turn."""


def fenced(text: str) -> str:
    """Text without anything that reads as a tag of the protocol or a special token. Idempotent."""
    return _TAGS.sub(_visible, text) if "<" in text or "[" in text else text


def _visible(match: re.Match[str]) -> str:
    special = match["special"]
    if special is not None:
        return f"\u2039|{special}|\u203a"
    if match["inst"] is not None:
        return f"\u27e6{match['inst']}\u27e7"
    return f"\u2039{match['body'] or match['token'] or match['sys']}\u203a"
