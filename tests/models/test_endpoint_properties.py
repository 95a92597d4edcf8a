"""What holds for every conversation, every reply and every way of cutting a stream."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from websailor.models.endpoint.conversation import native_messages, text_messages
from websailor.models.endpoint.faults import HIDDEN
from websailor.models.endpoint.streaming import Sieve
from websailor.models.endpoint.wire import RawTurn, Unreadable, add_chunk, read_completion
from websailor.models.protocol import cut_at_stop
from websailor.records import Message, ToolCall

words = st.text(alphabet="ab<>/_ \n|tool_response", max_size=30)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("content", "reasoning_content", "tool_calls", "function", "arguments", "name", "id", "index", "finish_reason")
SHAPES = ("choices", "usage", "message", "delta", "logprobs", "token_ids", "prompt_tokens", "completion_tokens", *NAMES)
reply_like = st.recursive(
    anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(SHAPES), inner, max_size=5),
    max_leaves=25,
)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Messages in any order, with calls and results that need not fit."""
    messages = [Message(role="system", content="s"), Message(role="user", content="q")]
    ids = st.sampled_from(["1", "2", "3"])
    for number in range(draw(st.integers(0, 8))):
        role = draw(st.sampled_from(["assistant", "tool", "user"]))
        if role == "tool":
            messages.append(Message(role="tool", content=draw(words), tool_call_id=draw(ids | st.none())))
        elif role == "user":
            messages.append(Message(role="user", content=draw(words)))
        else:
            some = draw(st.lists(ids, unique=True, max_size=3))
            calls = tuple(ToolCall(id=one, name=draw(words), arguments=draw(words)) for one in some)
            messages.append(Message(role="assistant", content=f"turn {number}", tool_calls=calls))
    return messages


@given(conversations())
def test_every_native_call_has_its_result_right_behind_it(messages: list[Message]) -> None:
    waiting: list[str] = []
    for message in native_messages(messages, "reasoning_content"):
        if message["role"] == "tool":
            waiting.remove(message["tool_call_id"])
        else:
            assert not waiting
            waiting = [call["id"] for call in message.get("tool_calls", ())]
            for call in message.get("tool_calls", ()):
                assert isinstance(json.loads(call["function"]["arguments"]), dict)
                assert call["function"]["name"].replace("_", "a").replace("-", "a").isalnum()
    assert not waiting


@given(conversations())
def test_no_result_opens_or_closes_anything(messages: list[Message]) -> None:
    plain = [message if message.role != "assistant" else Message(role="assistant", content="t") for message in messages]
    for sent in (text_messages(plain), native_messages(plain, None)):
        for message in sent:
            assert "<|" not in message["content"]
            if message["role"] == "user" and message["content"].startswith("<tool_response>"):
                inner = message["content"].removeprefix("<tool_response>\n").removesuffix("\n</tool_response>")
                assert cut_at_stop(inner, ("<tool_response>", "</tool_response>", "<tool_call>")) == inner


@settings(max_examples=300)
@given(reply_like)
def test_a_reply_is_read_or_refused(body: Any) -> None:
    for read in (read_completion, lambda given: add_chunk(RawTurn(), given)):
        try:
            read(body)
        except Unreadable as problem:
            assert str(problem)


@given(
    st.lists(st.sampled_from(["a", "<", "<tool", "_resp", "onse>", "<tool_response>", "key", "-1", " "]), max_size=14)
)
def test_a_sieve_does_not_care_how_a_text_is_cut(pieces: list[str]) -> None:
    sieve = Sieve(("<tool_response>",), "key-1")
    let_through = "".join(sieve.feed(piece) for piece in pieces) + sieve.flush()
    assert let_through == cut_at_stop("".join(pieces)).replace("key-1", HIDDEN)
    assert sieve.stopped == ("<tool_response>" in "".join(pieces))
