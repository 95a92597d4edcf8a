"""`ask` shows an episode while it happens, so that a person can read it."""

import asyncio
from io import StringIO
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from websailor.agent import AgentConfig, run_episode
from websailor.cli.ask import Narrated, unproved
from websailor.cli.narration import LONGEST_CALL, MOST_LINES, Flow, Narrator, Splitter
from websailor.models.base import Sampling
from websailor.models.endpoint import Delta
from websailor.models.protocol import answer_turn, call_turn
from websailor.models.scripted import ScriptedModel
from websailor.records import Citation, Message, Page, StopReason, ToolCall
from websailor.tools.config import ToolsConfig
from websailor.tools.memory import InMemoryWeb
from websailor.tools.simulated import web_toolbox

PAGE = Page(
    id=1, title="Melik Works", url="https://world.example/Melik_Works", text="Melik Works was founded by Solak."
)
CALL = call_turn("Need the company.", "search", {"query": ["founded by Solak"]})


def shown(narrate: Narrator, written: StringIO, message: Message) -> list[str]:
    narrate.turn(message)
    lines = [line.rstrip() for line in written.getvalue().splitlines() if line.strip()]
    written.truncate(0)
    written.seek(0)
    return lines


def test_turns_are_shown_in_the_order_they_happen() -> None:
    written = StringIO()
    model = ScriptedModel([CALL, "nothing usable", answer_turn("Found it.", "Melik Works")])
    question = unproved("  Which company did Solak found? ")
    narrator = Narrator(Console(file=written, width=200))
    trajectory = asyncio.run(
        run_episode(
            question,
            Narrated(model, narrator),
            web_toolbox(InMemoryWeb([PAGE]), ToolsConfig(address="title")),
            AgentConfig(prompt="brief", turns=5, context_tokens=4000, max_tokens_per_turn=200),
            Sampling(max_tokens=200),
            0,
            "scripted",
        )
    )
    narrator.ended(trajectory, 1.5)
    assert question.prompt == "Which company did Solak found?"
    assert (trajectory.answer, trajectory.stop) == ("Melik Works", StopReason.ANSWER)
    lines = [line.strip() for line in written.getvalue().splitlines() if line.strip()]
    wanted = ["Need the company.", "› search  founded by Solak", "1. Melik Works", "› nothing usable"]
    wanted += ["after the thought write one", "Found it.", "Melik Works", "3 turns, 1 call"]
    positions = [next(number for number, line in enumerate(lines) if line.startswith(words)) for words in wanted[:4]]
    positions += [
        next(n for n, line in enumerate(lines) if words in line and n > positions[-1]) for words in wanted[4:]
    ]
    assert positions == sorted(positions), lines
    assert sum("after the thought write one" in line for line in lines) == 1, "what is wrong is said once"


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_a_turn_is_told_apart_however_it_is_cut(sizes: list[int]) -> None:
    text = f"{CALL}\na <b> c <\n<answer>x < y</answer>"
    pieces, rest = [], text
    for size in sizes:
        pieces.append(rest[:size])
        rest = rest[size:]
    splitter = Splitter()
    found: dict[str, str] = {}
    told = [part for piece in [*pieces, rest] for part in splitter.feed(piece)]
    for kind, part in [*told, *splitter.flush()]:
        found[kind] = found.get(kind, "") + part
    assert found["thought"].split() == ["Need", "the", "company.", "a", "<b>", "c", "<"]
    assert found["call"].strip() == '{"name": "search", "arguments": {"query": ["founded by Solak"]}}'
    assert found["answer"] == "x < y"


@given(st.lists(st.text(alphabet="abc 的 \n", max_size=12), max_size=30))
def test_prose_is_broken_between_words(pieces: list[str]) -> None:
    written = StringIO()
    flow = Flow(Console(file=written, width=30), "", indent="  ")
    for piece in pieces:
        flow.feed(piece)
    flow.end()
    text = "".join(pieces)
    assert written.getvalue().split() == text.split()
    for line in written.getvalue().splitlines():
        assert sum(2 if one == "的" else 1 for one in line) <= 30 or len(line.split()) == 1
    assert all(line.strip() for line in written.getvalue().splitlines()), "no empty lines"


def test_a_stream_is_shown_while_it_comes_and_once() -> None:
    written = StringIO()
    narrator = Narrator(Console(file=written, width=100))
    narrator.hear(Delta(kind="text", text="<think>\nNeed the com"))
    narrator.hear(Delta(kind="text", text="pany. More"))
    assert "Need the company." in written.getvalue(), "before the turn is over"
    narrator.hear(Delta(kind="restart", text="lost"))
    for begin, end in pairwise(range(0, len(CALL) + 9, 9)):
        narrator.hear(Delta(kind="text", text=CALL[begin:end]))
    lines = shown(narrator, written, Message(role="assistant", content=CALL))
    assert lines == [
        "  Need the company. More",
        "  (the connection was lost, the turn begins again: lost)",
        "  Need the company.",
        "  › search  founded by Solak",
    ]


def test_native_turns_hold_their_answer_back() -> None:
    written = StringIO()
    narrator = Narrator(Console(file=written, width=100), native=True)
    narrator.hear(Delta(kind="thought", text="I know it. "))
    narrator.hear(Delta(kind="text", text="Melik Works"))
    assert shown(narrator, written, Message(role="assistant", content="Melik Works", reasoning="I know it.")) == [
        "  I know it."
    ]
    calls = (ToolCall(id="1", name="visit", arguments='{"url": ["a", "b"], "goal": "x"}'),)
    said = Message(role="assistant", content="Let me look.", reasoning="", tool_calls=calls)
    assert shown(narrator, written, said) == ["  Let me look.", "  › visit  a | b · x"]
    broken = Message(role="assistant", content="", reasoning="t", tool_calls=(calls[0], calls[0]))
    assert shown(narrator, written, broken) == ["  t", "  › visit  a | b · x", "  › visit  a | b · x"]


def test_a_long_observation_is_cut_and_says_so() -> None:
    written = StringIO()
    narrator = Narrator(Console(file=written, width=100))
    narrator.observations([Message(role="tool", content="\n\n".join(f"[line] {number}" for number in range(30)))])
    lines = written.getvalue().splitlines()
    assert len(lines) == MOST_LINES + 1
    assert lines[0].rstrip() == "    [line] 0" and lines[-1].strip() == f"({30 - MOST_LINES} more lines)"


def test_no_model_steers_the_terminal() -> None:
    written = StringIO()
    evil = "a\x1b[2Jb\x1b]0;title\x07c\x9b31md\u202ee"
    narrator = Narrator(Console(file=written, width=100))
    narrator.hear(Delta(kind="text", text=f"<think>{evil} "))
    calls = (ToolCall(id="1", name=evil, arguments=f'{{"query": ["{evil}"]}}'),)
    said = Message(role="assistant", content=evil, reasoning="t", tool_calls=calls)
    lines = shown(narrator, written, said)
    narrator.observations([Message(role="tool", content=evil)])
    lines += written.getvalue().splitlines()
    plain = "a[2Jb]0;titlec31mde"
    assert [line.strip() for line in lines] == [plain, plain, f"› {plain}  {plain}", plain]


@pytest.mark.parametrize("arguments", ['{"query": ' + 5000 * "1" + "}", '{"query": ' + 50_000 * "["])
def test_a_call_that_no_one_can_read_is_shown_in_part(arguments: str) -> None:
    written = StringIO()
    call = ToolCall(id="1", name="search", arguments=arguments)
    said = Message(role="assistant", content="", reasoning="t", tool_calls=(call,))
    words = " ".join(shown(Narrator(Console(file=written, width=100)), written, said))
    assert "› search" in words and words.endswith(" ...")
    assert LONGEST_CALL < len(words) < 1.2 * LONGEST_CALL


def test_every_citation_says_whether_its_page_holds_it() -> None:
    written = StringIO()
    citations = [
        Citation(claim="[b]one[/b]", quote="q1", url="https://w.example/1", found=True),
        Citation(claim="two", quote="q2", url="https://w.example/2", found=False),
        Citation(claim="three", quote="q3", url="https://w.example/3", found=None),
        Citation(claim="four", quote="q4", url="", seen_in="call_2", found=True),
    ]
    trajectory = asyncio.run(
        run_episode(
            unproved("?"),
            ScriptedModel([answer_turn("t", "Melik Works")]),
            web_toolbox(InMemoryWeb([PAGE]), ToolsConfig()),
            AgentConfig(),
            Sampling(),
            0,
            "scripted",
        )
    ).model_copy(update={"citations": tuple(citations)})
    Narrator(Console(file=written, width=100)).ended(trajectory, 0.2)
    lines = [line.strip() for line in written.getvalue().splitlines() if line.strip()]
    assert lines[:4] == ["Melik Works", "Sources", "✓ [b]one[/b]", "“q1”"]
    assert "✗ two (the page does not hold this quote)" in lines
    assert "? three (the page could not be loaded, so the quote is not checked)" in lines
    assert lines[-2:] == ["seen in call_2", "1 turn, 0 calls, 22 tokens written · 0.2 s"]
