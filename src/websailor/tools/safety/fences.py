"""Page text stays inside its observation: what stands on a page cannot pass for a turn of the conversation.

Enters: text from pages, search results, programs. Leaves: the same text in which every protocol tag is visibly changed:
`<tool_call>` becomes `‹tool_call›`. The words stay readable; no parser and no chat template takes them for a tag or a
special token.
"""

import re

_TAGS = re.compile(
    r"<\s*(?P<body>(?P<slash>/?)\s*(?:think|tool_call|tool_response|tools?|answer|code|system|user|assistant)\b[^<>]{0,40})>"
    r"|<\s*\|(?P<special>[^<>|\n]{1,40})\|\s*>",
    re.IGNORECASE,
)


def fenced(text: str) -> str:
    """Text without anything that reads as a tag of the protocol or a special token. Idempotent."""
    return _TAGS.sub(_visible, text) if "<" in text else text


def _visible(match: re.Match[str]) -> str:
    special = match["special"]
    return f"‹|{special}|›" if special is not None else f"‹{match['body']}›"
