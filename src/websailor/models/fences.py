"""Text from outside stays inside its observation: what stands on a page cannot pass for a turn of the conversation.

Enters: text from pages, search results, programs, errors. Leaves: the same text in which every protocol tag and every
special token is visibly changed: `<tool_call>` becomes `‹tool_call›`. The words stay readable; no parser, no chat
template and no terminal takes them for anything else. There are two gates: `fenced`, through which a tool's words come
into a conversation (`tools.base.Toolbox`), and `closed`, through which any message goes into a prompt, whoever wrote
it: there only what would end the message is changed, for prompts explain the tags.
"""

import re

_NAMES = (
    r"think|thinking|reasoning|scratch_pad|tool_calls?|tool_responses?|tool_results?|tool_use|tools?|function_calls?"
    r"|functions?|invoke|parameters?|arg_key|arg_value|answer|code|system|user|assistant|(?:seed|minimax|antml|ai):[\w-]+"
)
_TOKENS = (
    r"s|bos|eos|sop|eop|unk|pad|cls|sep|mask|unused\d+|extra_id_\d+|reserved_\d+|start_of_turn|end_of_turn|turn"
    r"|start_of_image|end_of_image|image_soft_token|image"
)
_BRACKETED = (
    r"INST|TOOL_CALLS|AVAILABLE_TOOLS|TOOL_RESULTS|TOOL_CONTENT|SYSTEM_PROMPT|MODEL_SETTINGS|ARGS|CALL_ID|THINK|PREFIX"
    r"|MIDDLE|SUFFIX|IMG|gMASK|sMASK|MASK|CLS|SEP|PAD|UNK|BOS|EOS|EOD"
)
_OPEN, _CLOSE = "[<\uff1c\ufe64]", "[>\uff1e\ufe65]"
"""Brackets, also those that some tokenizers read as such."""
_TAGS = re.compile(
    rf"{_OPEN}\s*(?P<body>/?\s*(?:{_NAMES})\b[^<>\uff1c\uff1e\ufe64\ufe65]{{0,200}}){_CLOSE}"
    rf"|{_OPEN}\s*[|\uff5c](?P<special>[^<>|\uff5c\n]{{1,60}})[|\uff5c]\s*{_CLOSE}"
    rf"|{_OPEN}(?P<token>/?(?:{_TOKENS})){_CLOSE}"
    rf"|\[(?P<bracketed>/?(?:{_BRACKETED}))\]|<<(?P<sys>/?SYS)>>"
    r"|\](?P<odd><\]\w{1,20}\[>)\[",
    re.IGNORECASE,
)
"""Of this protocol, and what the chat templates of common models take for the border of a turn."""
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e007f]")
"""What steers a terminal or hides words from a person: control characters, changes of direction, letters of tags."""


def fenced(text: str) -> str:
    """Text without anything that reads as a tag of the protocol, a special token or a control character. Idempotent."""
    return closed(_TAGS.sub(_visible, printable(text)))


def printable(text: str) -> str:
    """Text without what steers a terminal or hides words from a person. Idempotent."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def closed(text: str) -> str:
    """Text that cannot open or close a message. Idempotent; the same as the chat template does."""
    return text.replace("<|", "\u2039|").replace("|>", "|\u203a")


def closed_response(text: str) -> str:
    """A tool's text that cannot leave its `<tool_response>` either."""
    return closed(text).replace("</tool_response>", "\u2039/tool_response\u203a")


def _visible(match: re.Match[str]) -> str:
    kind, inner = match.lastgroup, match[match.lastgroup or 0]
    if kind == "bracketed":
        return f"\u27e6{inner}\u27e7"
    if kind == "special":
        return f"\u2039|{inner}|\u203a"
    if kind == "odd":
        return f"\u27e7{inner.translate(_ANGLES)}\u27e6"
    return f"\u2039{inner}\u203a"


_ANGLES = str.maketrans("<>[]", "\u2039\u203a\u27e6\u27e7")
