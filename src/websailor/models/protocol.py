r"""The ReAct text protocol: an agent's turn as text and back.

Enters: an assistant `Message`. Leaves: its canonical text (`render_turn`), or what the text asks for (`parse_turn`,
`read_turn`). A turn is `<think>\n...\n</think>` and then exactly one of `<tool_call>\n{"name": ..., "arguments":
{...}}\n</tool_call>` and `<answer>...</answer>`. Whitespace is free, structure is not: nothing inside `<think>` ever
runs, and of two calls none runs.
"""

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from websailor.models.base import STOP_STRINGS
from websailor.records import Message, Record, ToolCall

INTERPRETER = "PythonInterpreter"
"""The one tool whose argument may follow the JSON in a `<code>` block."""

PromptName = Literal["full", "native", "brief"]

_TAG = re.compile(r"</?(?:think|tool_call|tool_response|answer)>")
_CODE = re.compile(r"\s*<code>(.*?)</code>\s*(?=</tool_call>)", re.DOTALL)
_CALL_FORM = '{"name": "search", "arguments": {"query": ["words"]}}'


class ParsedTurn(Record):
    """What a turn asks for. Exactly one of `calls`, `answer` and `error` is set."""

    thought: str = ""
    calls: tuple[ToolCall, ...] = ()
    """At most one call."""
    answer: str | None = None
    error: str | None = None
    """Why nothing can be done with the turn, in words for the agent."""


class _Malformed(Exception):
    """The text breaks the protocol; the message is for the agent."""


# ---------------------------------------------------------------- text -> turn


def has_tag(text: str) -> bool:
    """Whether a tag of the protocol stands in the text."""
    return _TAG.search(text) is not None


def cut_at_stop(text: str, stop: Iterable[str] = STOP_STRINGS) -> str:
    """The text before the first stop string."""
    ends = [position for word in stop if (position := text.find(word)) >= 0]
    return text[: min(ends)] if ends else text


def parse_turn(text: str, call_id: str = "call") -> ParsedTurn:
    """Read a turn. A turn that breaks the protocol comes back with `error`; this never raises."""
    text = cut_at_stop(text)
    thought, end, rest = text.partition("</think>")
    if not end:
        if "<think>" in text:
            opened = text.partition("<think>")[2]
            return ParsedTurn(
                thought=opened.strip(),
                error="The thought was not closed: write </think> before the call or the answer.",
            )
        thought, rest = "", text
    thought = thought.strip().removeprefix("<think>").strip()
    try:
        return _parse_action(thought, rest, call_id)
    except _Malformed as problem:
        return ParsedTurn(thought=thought, error=str(problem))


def read_turn(message: Message, call_id: str = "call") -> ParsedTurn:
    """Read an assistant message in either form: text protocol in `content`, or native `reasoning` and `tool_calls`."""
    if message.tool_calls:
        thought = (message.reasoning if message.reasoning is not None else message.content).strip()
        if len(message.tool_calls) > 1:
            return ParsedTurn(thought=thought, error=_several(len(message.tool_calls)))
        return ParsedTurn(thought=thought, calls=message.tool_calls)
    if message.reasoning is None:
        return parse_turn(message.content, call_id)
    thought = message.reasoning.strip()
    if _TAG.search(message.content):
        try:
            return _parse_action(thought, cut_at_stop(message.content), call_id)
        except _Malformed as problem:
            return ParsedTurn(thought=thought, error=str(problem))
    answer = message.content.strip()
    if not answer:
        return ParsedTurn(thought=thought, error=_NOTHING)
    return ParsedTurn(thought=thought, answer=answer)


_NOTHING = "Nothing to do: after the thought write one <tool_call> or one <answer>."


def _several(number: int) -> str:
    return f"{number} calls in one turn: none was run. Make one call a turn."


def _parse_action(thought: str, text: str, call_id: str) -> ParsedTurn:
    """Read what follows the thought: one call or one answer; prose around it is ignored, further tags are not."""
    calls: list[ToolCall] = []
    answers: list[str] = []
    position = 0
    while tag := _TAG.search(text, position):
        if tag[0] == "<tool_call>":
            call, position = _parse_call(text, tag.end(), call_id)
            calls.append(call)
        elif tag[0] == "<answer>":
            close = text.find("</answer>", tag.end())
            if close < 0:
                raise _Malformed("The answer was not closed: write <answer>...</answer>.")
            answers.append(text[tag.end() : close].strip())
            position = close + len("</answer>")
        else:
            raise _Malformed(f"{tag[0]} does not belong there: one thought, then one <tool_call> or one <answer>.")
    if len(calls) > 1:
        raise _Malformed(_several(len(calls)))
    if calls and answers:
        raise _Malformed("A call and an answer in one turn: the call was not run. Make the call, or answer.")
    if len(answers) > 1:
        raise _Malformed(f"{len(answers)} answers in one turn: give one.")
    if calls:
        return ParsedTurn(thought=thought, calls=tuple(calls))
    if not answers:
        raise _Malformed(_NOTHING)
    if not answers[0]:
        raise _Malformed("The answer is empty.")
    if _TAG.search(answers[0]):
        raise _Malformed("The answer holds a tag: write the answer alone.")
    return ParsedTurn(thought=thought, answer=answers[0])


def _parse_call(text: str, start: int, call_id: str) -> tuple[ToolCall, int]:
    """Read a call whose `<tool_call>` ends at `start`. Returns it and the position after `</tool_call>`."""
    while start < len(text) and text[start].isspace():
        start += 1
    try:
        value, end = json.JSONDecoder(strict=False).raw_decode(text, start)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        where = (
            f"{error.msg} at character {error.pos - start}"
            if isinstance(error, json.JSONDecodeError)
            else "too deeply nested"
            if isinstance(error, RecursionError)
            else "a number is too long"
        )
        raise _Malformed(f"The call is not JSON ({where}): none was run. Write {_CALL_FORM}") from error
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("name"), str)
        or not isinstance(value.get("arguments"), dict)
    ):
        raise _Malformed(f"The call needs a name and arguments: none was run. Write {_CALL_FORM}")
    name, arguments = value["name"].strip(), stripped(value["arguments"])
    if name == INTERPRETER and (code := _CODE.match(text, end)):
        arguments["code"] = code[1].strip("\n")
        end = code.end()
    close = re.compile(r"\s*</tool_call>").match(text, end)
    if not close:
        if "</tool_call>" not in text[end:]:
            raise _Malformed("The call was not closed: none was run. Write </tool_call> after the JSON.")
        raise _Malformed("There is text after the JSON of the call: none was run. Write the JSON alone.")
    return ToolCall(id=call_id, name=name, arguments=dump_arguments(arguments)), close.end()


def stripped(value: Any) -> Any:
    """The JSON value with whitespace cut from both ends of every string in it."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return [stripped(item) for item in value]
    if isinstance(value, dict):
        return {key: stripped(item) for key, item in value.items()}
    return value


# ---------------------------------------------------------------- turn -> text


def dump_arguments(arguments: Any) -> str:
    """Canonical JSON: one line, characters as they are; protocol tags inside strings are escaped so that no reader
    takes them for tags."""
    text = json.dumps(arguments, ensure_ascii=False)
    return _TAG.sub(lambda tag: "\\u003c" + tag[0][1:], text)


def canonical_call(call: ToolCall) -> tuple[str, str]:
    """(name, arguments): the same for two calls that ask the same, however their JSON is laid out."""
    try:
        arguments = json.loads(call.arguments, strict=False)
        return call.name, json.dumps(arguments, ensure_ascii=False, sort_keys=True)
    except (ValueError, RecursionError):
        return call.name, call.arguments


def render_turn(message: Message) -> str:
    """Canonical text of an assistant message; `content` alone (the text protocol) is returned as it is.

    Raises `ValueError` when the thought or the answer holds a protocol tag.
    """
    if message.reasoning is None and not message.tool_calls:
        return message.content
    thought = (message.reasoning or "").strip()
    if _TAG.search(thought):
        raise ValueError(f"a thought cannot hold a protocol tag: {thought!r}")
    head = f"<think>\n{thought}\n</think>\n"
    if message.tool_calls:
        return head + "\n".join(_render_call(call) for call in message.tool_calls)
    if _TAG.search(message.content):
        if read_turn(message).answer is None:
            raise ValueError(f"an answer cannot hold a protocol tag: {message.content!r}")
        return head + message.content.strip()
    return f"{head}<answer>{message.content.strip()}</answer>"


def _render_call(call: ToolCall) -> str:
    code, text = "", call.arguments
    try:
        arguments = json.loads(call.arguments, strict=False)
    except (ValueError, RecursionError):
        arguments = None  # malformed as the model wrote it: kept as it is
    if arguments is not None:
        if call.name == INTERPRETER and isinstance(arguments, dict) and isinstance(arguments.get("code"), str):
            code = f"\n<code>\n{arguments.pop('code')}\n</code>"
        text = dump_arguments(arguments)
    return (
        f'<tool_call>\n{{"name": {json.dumps(call.name, ensure_ascii=False)}, "arguments": {text}}}{code}\n</tool_call>'
    )


def call_turn(thought: str, name: str, arguments: dict[str, Any]) -> str:
    """Text of a turn that calls a tool."""
    call = ToolCall(id="call", name=name, arguments=json.dumps(arguments, ensure_ascii=False))
    return render_turn(Message(role="assistant", content="", reasoning=thought, tool_calls=(call,)))


def answer_turn(thought: str, answer: str) -> str:
    """Text of a turn that answers."""
    return render_turn(Message(role="assistant", content=answer, reasoning=thought))


# ---------------------------------------------------------------- system prompt


@cache
def prompt(name: str) -> str:
    """Text of `prompts/<name>.txt`."""
    return (files("websailor.models") / "prompts" / f"{name}.txt").read_text(encoding="utf-8").strip()


def system_prompt(name: PromptName, tools: Sequence[dict[str, Any]], date: str) -> str:
    """System message: `full` carries the tools' JSON signatures and the date (`YYYY-MM-DD`), `native` the date alone,
    for endpoints that are given the signatures beside the conversation; `brief` is a dozen plain words."""
    if name == "brief":
        return prompt("brief")
    if name == "native":
        return prompt("native").replace("{date}", date)
    signatures = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools)
    return prompt("full").replace("{tools}", signatures).replace("{date}", date)


def repeated_call(name: PromptName) -> str:
    """Observation for a call that was made before."""
    return prompt(f"repeated_call_{'brief' if name == 'brief' else 'full'}")


def last_chance(name: PromptName) -> str:
    """User message that asks for the final answer when the context is used up."""
    return prompt(f"last_chance_{name}")
