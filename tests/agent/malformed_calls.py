"""Turns that ask for a call and get it wrong, each in another way.

Each has a name, the turn, what its observation must say is wrong, and what it must say to do.
"""

from typing import NamedTuple

from websailor.records import Message, ToolCall

FORM = '{"name": "search", "arguments": {"query": ["words"]}}'
"""How a turn that cannot be read is told to write a call."""
SEARCH = '{"name": "search", "arguments": {"query": ["..."]}}'
"""How a call of search with wrong arguments is told to be written."""
VISIT = '{"name": "visit", "arguments": {"url": ["..."], "goal": "..."}}'
TOOLS = "Tools: search, visit, PythonInterpreter"
RIGHT = '{"name": "search", "arguments": {"query": ["a"]}}'
CLOSE = "Write </tool_call> after the JSON."


class Malformed(NamedTuple):
    """One kind."""

    name: str
    turn: str | Message
    wrong: str
    to_do: str


def call(body: str) -> str:
    return f"<think>\nt\n</think>\n<tool_call>\n{body}\n</tool_call>"


def search(arguments: str) -> str:
    return call(f'{{"name": "search", "arguments": {arguments}}}')


def visit(arguments: str) -> str:
    return call(f'{{"name": "visit", "arguments": {arguments}}}')


def native(*calls: tuple[str, str]) -> Message:
    made = tuple(ToolCall(id=f"c{number}", name=name, arguments=text) for number, (name, text) in enumerate(calls))
    return Message(role="assistant", content="", reasoning="t", tool_calls=made)


NOT_JSON = (
    ("a bracket is missing", '{"name": "search", "arguments": {"query": ["a"}}'),
    ("a brace is missing", '{"name": "search", "arguments": {"query": ["a"]}'),
    ("a brace too few and a word", '{"name": "search", "arguments": {"query": ["a"]} ok'),
    ("single quotes", "{'name': 'search', 'arguments': {'query': ['a']}}"),
    ("typographic quotes", "{“name”: “search”, “arguments”: {“query”: [“a”]}}"),
    ("a trailing comma", '{"name": "search", "arguments": {"query": ["a",]}}'),
    ("keys without quotes", '{name: "search", arguments: {query: ["a"]}}'),
    ("a literal of Python", '{"name": "search", "arguments": {"query": None}}'),
    ("a comment", '{"name": "search", // look\n "arguments": {"query": ["a"]}}'),
    ("an unescaped quote", '{"name": "search", "arguments": {"query": ["the "blue" one"]}}'),
    ("an escape that JSON does not have", '{"name": "search", "arguments": {"query": ["\\x41"]}}'),
    ("an equals sign", '{"name" = "search", "arguments" = {"query": ["a"]}}'),
    ("nothing", ""),
    ("words", "search for a"),
    ("words before the JSON", f"Call: {RIGHT}"),
    ("a function call", 'search(query=["a"])'),
    ("XML", "<name>search</name><query>a</query>"),
    ("another model's XML", "<function=search><parameter=query>a</parameter></function>"),
    ("YAML", "name: search\narguments:\n  query: [a]"),
    ("a fence of Markdown", f"```json\n{RIGHT}\n```"),
    ("nested without end", "[" * 3_000),
    ("code before the JSON", '<code>\nprint(1)\n</code>\n{"name": "PythonInterpreter", "arguments": {}}'),
    ("code in place of JSON", "print(1)"),
)
NOT_A_CALL = (
    ("a text", '"search"'),
    ("a number", "5"),
    ("null", "null"),
    ("a list of calls", f"[{RIGHT}]"),
    ("no name", '{"arguments": {"query": ["a"]}}'),
    ("no arguments", '{"name": "search"}'),
    ("arguments beside the name", '{"name": "search", "query": ["a"]}'),
    ("a name that is a number", '{"name": 7, "arguments": {"query": ["a"]}}'),
    ("a name that is null", '{"name": null, "arguments": {"query": ["a"]}}'),
    ("arguments as text", '{"name": "search", "arguments": "{\\"query\\": [\\"a\\"]}"}'),
    ("arguments as a list", '{"name": "search", "arguments": ["a"]}'),
    ("arguments that are null", '{"name": "search", "arguments": null}'),
    ("parameters for arguments", '{"name": "search", "parameters": {"query": ["a"]}}'),
    ("the wrapping of an API", f'{{"type": "function", "function": {RIGHT}}}'),
)
NO_SUCH_TOOL = (
    ("an unknown tool", "browse"),
    ("another case", "Search"),
    ("a namespace", "functions.search"),
    ("python", "python"),
    ("the interpreter in lower case", "pythoninterpreter"),
    ("a name that contains the interpreter's", "run_PythonInterpreter"),
    ("an empty name", ""),
    ("two names", "search, visit"),
)
WRONG_SEARCH = (
    ("no argument at all", "{}", 'the argument "query" is missing'),
    ("another argument", '{"q": ["a"]}', 'there is no argument "q"; the argument "query" is missing'),
    ("an argument too many", '{"query": ["a"], "k": 5}', 'no argument "k"'),
    ("no query in the list", '{"query": []}', '"query" is empty'),
    ("an empty query", '{"query": [" "]}', '"query[0]" is empty'),
    ("a query that is a number", '{"query": 5}', '"query" must be an array of strings'),
    ("a query that is no number", '{"query": [NaN]}', '"query[0]" must be a string'),
    ("a query that is an object", '{"query": {"text": "a"}}', '"query" must be an array of strings'),
    ("a query that is null", '{"query": null}', '"query" must be an array of strings'),
    ("a query that is a truth", '{"query": [true]}', '"query[0]" must be a string'),
    ("a list in the list", '{"query": [["a"]]}', '"query[0]" must be a string'),
)
WRONG_VISIT = (
    ("a visit without a goal", '{"url": ["u1"]}', '"goal" is missing'),
    ("a visit without a page", '{"goal": "x"}', '"url" is missing'),
    ("a page that is a number", '{"url": [1], "goal": "x"}', '"url[0]" must be a string'),
    ("a goal that is a number", '{"url": ["u1"], "goal": 1}', '"goal" must be a string or an array of strings'),
    ("an empty goal", '{"url": ["u1"], "goal": ""}', '"goal" is empty'),
)
NOTHING = "Nothing to do"
ONE = "write one <tool_call> or one <answer>"

MALFORMED = (
    *(Malformed(f"JSON: {name}", call(body), "The call is not JSON", FORM) for name, body in NOT_JSON),
    *(Malformed(f"form: {name}", call(body), "The call needs a name and arguments", FORM) for name, body in NOT_A_CALL),
    *(
        Malformed(
            f"tool: {name}", call(f'{{"name": "{tool}", "arguments": {{}}}}'), f'There is no tool "{tool}"', TOOLS
        )
        for name, tool in NO_SUCH_TOOL
    ),
    *(Malformed(f"search: {name}", search(body), wrong, SEARCH) for name, body, wrong in WRONG_SEARCH),
    *(Malformed(f"visit: {name}", visit(body), wrong, VISIT) for name, body, wrong in WRONG_VISIT),
    Malformed(
        "visit: goals that do not match",
        visit('{"url": ["u1"], "goal": ["a", "b"]}'),
        "2 goals for 1 pages",
        "give one goal, or one for each page",
    ),
    Malformed(
        "search: too many queries", search(f'{{"query": {["a"] * 11}}}'.replace("'", '"')), "11 queries", "at most 10"
    ),
    Malformed(
        "python: no program",
        call('{"name": "PythonInterpreter", "arguments": {}}'),
        "There is no program",
        '"arguments": {"code": "print(...)"}}',
    ),
    Malformed(
        "python: a program that is a number",
        call('{"name": "PythonInterpreter", "arguments": {"code": 5}}'),
        '"code" must be a string',
        '{"name": "PythonInterpreter", "arguments": {"code": "..."}}',
    ),
    Malformed(
        "python: a program without its end",
        call('{"name": "PythonInterpreter", "arguments": {}}\n<code>\nprint(1)'),
        "There is text after the JSON",
        "Write the JSON alone",
    ),
    Malformed(
        "search: a program", call(f"{RIGHT}\n<code>\nprint(1)\n</code>"), "text after the JSON", "the JSON alone"
    ),
    Malformed("turn: words after the JSON", call(f"{RIGHT} please"), "text after the JSON", "Write the JSON alone"),
    Malformed("turn: two objects in one call", call(f"{RIGHT}\n{RIGHT}"), "text after the JSON", "the JSON alone"),
    Malformed("turn: a brace too many", call(RIGHT + "}"), "text after the JSON", "Write the JSON alone"),
    Malformed("turn: no end of the call", f"<think>t</think><tool_call>{RIGHT}", "was not closed", CLOSE),
    Malformed("turn: another end", f"<think>t</think><tool_call>{RIGHT}</call>", "was not closed", CLOSE),
    Malformed("turn: cut off in the JSON", f"<think>t</think><tool_call>{RIGHT[:30]}", "The call is not JSON", FORM),
    Malformed("turn: a call in a call", call(f"<tool_call>\n{RIGHT}\n</tool_call>"), "The call is not JSON", FORM),
    Malformed(
        "turn: only the end of a call",
        f"<think>t</think>{RIGHT}</tool_call>",
        "does not belong there",
        "one <tool_call>",
    ),
    Malformed(
        "turn: two calls", call(RIGHT) + call(RIGHT).partition("</think>")[2], "2 calls in one turn", "Make one call"
    ),
    Malformed(
        "turn: a call and an answer",
        call(RIGHT) + "<answer>a</answer>",
        "A call and an answer",
        "Make the call, or answer",
    ),
    Malformed(
        "turn: a call in the answer",
        f"<think>t</think><answer>{call(RIGHT)}</answer>",
        "holds a tag",
        "the answer alone",
    ),
    Malformed(
        "turn: a call in an open thought",
        f"<think>t {call(RIGHT)[16:]}".replace("</think>", ""),
        "not closed",
        "write </think>",
    ),
    Malformed("turn: tags in capitals", f"<think>t</think><TOOL_CALL>{RIGHT}</TOOL_CALL>", NOTHING, ONE),
    Malformed("turn: a tag of another family", f"<think>t</think><function_call>{RIGHT}</function_call>", NOTHING, ONE),
    Malformed("turn: JSON without tags", f"<think>t</think>{RIGHT}", NOTHING, ONE),
    Malformed("turn: a made up response", "<think>t</think><tool_response>a</tool_response>", NOTHING, ONE),
    Malformed("turn: a thought alone", "<think>t</think>", NOTHING, ONE),
    Malformed("turn: nothing", "", NOTHING, ONE),
    Malformed("native: arguments that are not JSON", native(("search", '{"query": ')), "are not JSON", SEARCH),
    Malformed("native: no arguments", native(("search", "")), "are not JSON", SEARCH),
    Malformed("native: arguments as a list", native(("search", '["a"]')), "must be a JSON object", SEARCH),
    Malformed(
        "native: arguments encoded twice",
        native(("search", '"{\\"query\\": [\\"a\\"]}"')),
        "must be a JSON object",
        SEARCH,
    ),
    Malformed("native: no name", native(("", '{"query": ["a"]}')), 'There is no tool ""', TOOLS),
    Malformed(
        "native: two calls",
        native(("search", '{"query": ["a"]}'), ("search", '{"query": ["b"]}')),
        "2 calls",
        "Make one call",
    ),
)
