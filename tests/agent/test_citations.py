"""Citations: told from the answer, checked against pages, found where a model wrote none."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from websailor.agent.citations import checked, from_observations, holds, split_answer
from websailor.records import Citation, InfoboxField, Observation, Page, Step, ToolCall, Value
from websailor.tools.memory import InMemoryWeb
from websailor.tools.webs import Immediate

PAGE = Page(
    id=1,
    title="Velan Torid",
    url="https://w.example/Velan_Torid",
    text="Velan Torid was a writer. Torid founded Melik Works in 1921, together with Aren Solak.",
    infobox=(InfoboxField(key="born", values=(Value(type="date", text="2 April 1895"),)),),
)
ANSWER = """Melik Works

Sources:
- Torid founded the company | "Torid founded Melik Works in 1921" | https://w.example/Velan_Torid
2. It is small | “It employs two people.” | <https://w.example/Melik_Works>
"""


def test_sources_are_told_from_the_answer() -> None:
    answer, citations = split_answer(ANSWER)
    assert answer == "Melik Works"
    assert [(one.claim, one.quote, one.url) for one in citations] == [
        ("Torid founded the company", "Torid founded Melik Works in 1921", "https://w.example/Velan_Torid"),
        ("It is small", "It employs two people.", "https://w.example/Melik_Works"),
    ]


def test_chinese_heading() -> None:
    assert split_answer("北京\n来源：\n- 首都 | “北京是首都。” | https://w.example/B")[0] == "北京"


def test_what_is_no_list_of_sources_stays_in_the_answer() -> None:
    for text in ("Melik Works", "Sources: unknown", "Sources:\n- just words", "", "a\nSources:\n"):
        assert split_answer(text) == (text.strip(), ())


@given(st.text(max_size=200))
def test_any_text_is_taken(text: str) -> None:
    answer, citations = split_answer(text)
    assert answer in text
    assert citations or answer == text.strip()


def test_quotes_are_checked_against_their_pages() -> None:
    url = PAGE.url
    cited = [
        Citation(claim="a", quote="torid founded Melik Works, in 1921", url=url),
        Citation(claim="b", quote="Velan Torid was ... together with Aren Solak", url=url),
        Citation(claim="c", quote="born 2 April 1895", url=url),
        Citation(claim="d", quote="Torid sold Melik Works in 1921", url=url),
        Citation(claim="e", quote="together with Aren Solak ... Velan Torid was a writer", url=url),
        Citation(claim="f", quote="Torid founded Melik Works", url="https://w.example/none"),
        Citation(claim="g", quote="in", url=url),
    ]
    done = asyncio.run(checked(cited, Immediate(InMemoryWeb([PAGE]))))
    assert [one.found for one in done] == [True, True, True, False, False, None, False]


def is_whole_quote(text: str) -> bool:
    """Long enough to be told apart, and nothing left out."""
    return sum(one.isalnum() for one in text) >= 16 and not any(mark in text for mark in ("...", "…", "["))


QUOTES = st.lists(st.text("abcdé XYZ09.,;“(", min_size=1), min_size=8).map("".join) | st.text(min_size=16)


@given(QUOTES.filter(is_whole_quote), st.text(), st.text())
def test_a_part_of_a_text_is_held(quote: str, before: str, after: str) -> None:
    assert holds(f"{before} {quote} {after}", quote)


def test_observations_stand_in_for_missing_citations() -> None:
    def step(number: int, content: str, status: str = "ok") -> Step:
        call = ToolCall(id=f"call_{number}", name="visit", arguments="{}")
        observation = Observation(content=content, status="error" if status == "error" else "ok")
        return Step(thought="", call=call, observation=observation)

    steps = [
        step(1, "1. Melik Works: Melik Works is a company. It is old."),
        step(2, "There is no page Melik Works in the error.", "error"),
        step(3, "Velan Torid\nTorid founded Melik Works in 1921."),
    ]
    found = from_observations("Melik Works", steps)
    assert [one.seen_in for one in found] == ["call_3", "call_1"]
    assert found[0].quote == "Torid founded Melik Works in 1921."
    assert all(one.found for one in found)
    assert from_observations("?", steps) == ()


def test_a_search_without_results_is_no_source() -> None:
    call = ToolCall(id="call_1", name="search", arguments='{"query": ["x"]}')
    nothing = Observation(content="No results for 'x'. Try fewer or other words.", status="ok")
    assert from_observations("Melik Works", [Step(thought="", call=call, observation=nothing)]) == ()
