"""The text protocol: round trips, and every way to break it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websailor.models.protocol import (
    INTERPRETER,
    answer_turn,
    call_turn,
    cut_at_stop,
    last_chance,
    parse_turn,
    read_turn,
    render_turn,
    stripped,
    system_prompt,
)
from websailor.records import Message, ToolCall

SEARCH = '{"name": "search", "arguments": {"query": ["a b"]}}'

words = st.text(max_size=40)
plain = words.filter(lambda text: "<" not in text)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def test_canonical_form_of_a_call() -> None:
    text = call_turn("Need it.", "search", {"query": ["Zürich 東京"]})
    assert text == (
        "<think>\nNeed it.\n</think>\n"
        '<tool_call>\n{"name": "search", "arguments": {"query": ["Zürich 東京"]}}\n</tool_call>'
    )


def test_canonical_form_of_an_answer() -> None:
    assert answer_turn(" Sure. ", " Melik Works\n") == "<think>\nSure.\n</think>\n<answer>Melik Works</answer>"


@given(thought=plain, name=plain.filter(str.strip), arguments=st.dictionaries(words, values, max_size=4))
def test_calls_survive_the_round_trip(thought: str, name: str, arguments: dict[str, object]) -> None:
    turn = parse_turn(call_turn(thought, name, arguments))
    assert turn.error is None
    assert turn.thought == thought.strip()
    assert turn.calls[0].name == name.strip()
    if name.strip() != INTERPRETER:
        assert json.loads(turn.calls[0].arguments) == stripped(arguments)


@given(thought=plain, answer=plain.filter(str.strip))
def test_answers_survive_the_round_trip(thought: str, answer: str) -> None:
    turn = parse_turn(answer_turn(thought, answer))
    assert (turn.thought, turn.answer, turn.error) == (thought.strip(), answer.strip(), None)


@given(thought=plain, arguments=st.dictionaries(words, values, max_size=3))
def test_rendering_what_was_read_changes_nothing(thought: str, arguments: dict[str, object]) -> None:
    text = call_turn(thought, "search", {name.strip(): stripped(value) for name, value in arguments.items()})
    turn = parse_turn(text)
    assert render_turn(Message(role="assistant", content="", reasoning=turn.thought, tool_calls=turn.calls)) == text


@given(st.text(alphabet=st.sampled_from(list('<>/thinkanswer_ol{}":[] \n')), max_size=80) | st.text(max_size=80))
def test_any_text_is_either_a_call_or_an_answer_or_an_error(text: str) -> None:
    for form in (text, f"<think>{text}", f"<think>x</think>{text}", f"<think>x</think><tool_call>{text}</tool_call>"):
        turn = parse_turn(form)
        assert sum((bool(turn.calls), turn.answer is not None, turn.error is not None)) == 1


def test_whitespace_is_free() -> None:
    tight = parse_turn(f"<think>t</think><tool_call>{SEARCH}</tool_call>")
    loose = parse_turn(f"\n <think>\n\n t \n</think> \n\n<tool_call>  \n{SEARCH}\n\n </tool_call>\n ")
    assert tight == loose
    assert tight.calls[0].arguments == '{"query": ["a b"]}'


def test_string_arguments_are_stripped() -> None:
    turn = parse_turn(
        '<tool_call>{"name": " visit", "arguments": {"url": [" Velan Torid"], "goal": " born "}}</tool_call>'
    )
    assert turn.calls[0].name == "visit"
    assert json.loads(turn.calls[0].arguments) == {"url": ["Velan Torid"], "goal": "born"}


def test_a_call_inside_the_thought_never_runs() -> None:
    inside = f"<think>I could <tool_call>{SEARCH}</tool_call> but no."
    assert parse_turn(inside).calls == ()
    assert "not closed" in (parse_turn(inside).error or "")
    answered = parse_turn(inside + "</think><answer>x</answer>")
    assert (answered.calls, answered.answer) == ((), "x")
    assert parse_turn(inside + "</think>").error is not None


def test_a_thought_without_its_opening_tag_is_still_a_thought() -> None:
    # templates of thinking models write <think> into the prompt
    turn = parse_turn(f"hm <tool_call>{SEARCH}</tool_call> no\n</think>\n<answer>x</answer>")
    assert (turn.calls, turn.answer) == ((), "x")


@pytest.mark.parametrize(
    ("rest", "word"),
    [
        (f"<tool_call>{SEARCH}</tool_call><tool_call>{SEARCH}</tool_call>", "2 calls"),
        (f"<tool_call>{SEARCH}</tool_call><answer>x</answer>", "A call and an answer"),
        ("<answer>x</answer><answer>y</answer>", "2 answers"),
        ("<answer> </answer>", "empty"),
        ("<answer>x", "not closed"),
        ("<answer><answer>x</answer>", "tag"),
        (f"<tool_call>{SEARCH}", "not closed"),
        (f"<tool_call>{SEARCH} and more</tool_call>", "text after the JSON"),
        ('<tool_call>{"name": "search", "arguments": {"query": ["a"}}</tool_call>', "not JSON"),
        ("<tool_call></tool_call>", "not JSON"),
        ("<tool_call>[1]</tool_call>", "needs a name and arguments"),
        ('<tool_call>{"name": "search"}</tool_call>', "needs a name and arguments"),
        ('<tool_call>{"name": "search", "arguments": "a"}</tool_call>', "needs a name and arguments"),
        ('<tool_call>{"name": "search", "arguments": ' + "[" * 100_000 + "</tool_call>", "not JSON"),
        ("</tool_call>", "does not belong"),
        ("</think><answer>x</answer>", "does not belong"),
        ("just words", "Nothing to do"),
        ("", "Nothing to do"),
    ],
)
def test_broken_turns_say_what_is_wrong(rest: str, word: str) -> None:
    turn = parse_turn(f"<think>t</think>{rest}")
    assert word in (turn.error or "")
    assert (turn.calls, turn.answer, turn.thought) == ((), None, "t")


def test_prose_around_the_call_is_ignored() -> None:
    turn = parse_turn(f"<think>t</think>I will search.\n<tool_call>{SEARCH}</tool_call>\nNow I wait.")
    assert turn.calls[0].name == "search"


def test_the_stop_string_cuts() -> None:
    call = f"<think>t</think><tool_call>{SEARCH}</tool_call>\n"
    invented = f"{call}<tool_response>\n1. Invented\n</tool_response>\n<answer>x</answer>"
    assert cut_at_stop(invented).endswith("</tool_call>\n")
    turn = parse_turn(invented)
    assert (len(turn.calls), turn.answer) == (1, None)


def test_interpreter_code_follows_the_json() -> None:
    code = 'if x < 1:\n    print("</tool_call>")'
    text = f'<tool_call>\n{{"name": "{INTERPRETER}", "arguments": {{}}}}\n<code>\n{code}\n</code>\n</tool_call>'
    turn = parse_turn(text)
    assert json.loads(turn.calls[0].arguments) == {"code": code}
    written = render_turn(Message(role="assistant", content="", reasoning="t", tool_calls=turn.calls))
    assert written == f"<think>\nt\n</think>\n{text}"


@pytest.mark.parametrize("name", ["python", "search_python", "my PythonInterpreter", "pythoninterpreter"])
def test_only_the_exact_name_is_the_interpreter(name: str) -> None:
    turn = parse_turn(f'<tool_call>{{"name": "{name}", "arguments": {{}}}}<code>print(1)</code></tool_call>')
    assert turn.calls == ()
    assert turn.error is not None
    mentioned = parse_turn('<tool_call>{"name": "search", "arguments": {"query": ["python code"]}}</tool_call>')
    assert mentioned.calls[0].name == "search"


def test_native_messages() -> None:
    call = ToolCall(id="abc", name="search", arguments='{"query": ["a"')
    native = read_turn(Message(role="assistant", content="", reasoning="t", tool_calls=(call,)))
    assert native.calls == (call,)  # malformed arguments survive: the toolbox answers them
    several = read_turn(Message(role="assistant", content="", reasoning="t", tool_calls=(call, call)))
    assert several.calls == () and "2 calls" in (several.error or "")
    assert read_turn(Message(role="assistant", content=" x ", reasoning="t")).answer == "x"
    assert read_turn(Message(role="assistant", content="<answer>x</answer>", reasoning="t")).answer == "x"
    assert read_turn(Message(role="assistant", content=" ", reasoning="t")).error is not None
    assert read_turn(Message(role="assistant", content="<answer>x", reasoning="t")).error is not None


def test_a_malformed_native_call_is_rendered_as_it_is() -> None:
    call = ToolCall(id="abc", name="search", arguments='{"query": ["a"')
    text = render_turn(Message(role="assistant", content="", reasoning=None, tool_calls=(call,)))
    assert '"arguments": {"query": ["a"}\n</tool_call>' in text


def test_tags_in_thoughts_and_answers_are_refused() -> None:
    with pytest.raises(ValueError, match="thought"):
        answer_turn("a </think> b", "x")
    with pytest.raises(ValueError, match="answer"):
        answer_turn("t", "x </answer> y")


def test_system_prompts() -> None:
    tool = {"type": "function", "function": {"name": "search", "description": "{date}", "parameters": {}}}
    full = system_prompt("full", [tool], "2026-01-02")
    assert json.dumps(tool) in full.replace("2026-01-02", "{date}")
    assert full.endswith("Current date: 2026-01-02")
    assert 8 <= len(system_prompt("brief", [tool], "2026-01-02").split()) <= 16
    assert "<answer>" in last_chance("full") and last_chance("brief")
