"""Search and visit over the in-memory web: what they print, what they pick, what they refuse."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from websailor.records import InfoboxField, Observation, Page, ToolCall, Value
from websailor.tools.base import Toolbox
from websailor.tools.config import ToolsConfig
from websailor.tools.extract import best_sentence, extract, readable
from websailor.tools.memory import InMemoryWeb
from websailor.tools.search import clipped
from websailor.tools.simulated import web_toolbox


def field(key: str, *texts: str) -> InfoboxField:
    return InfoboxField(key=key, values=tuple(Value(type="text", text=text) for text in texts))


PAGES = [
    Page(
        id=1,
        title="Velan Torid",
        url="https://w.example/Velan_Torid",
        text="Velan Torid is a writer. Velan Torid was born in Torid Vel. Velan Torid works for Melik Works."
        "\n\nSo it goes.",
        infobox=(field("born_in", "Torid Vel"), field("born", "1953"), field("employed_by", "Melik Works", "Dovi Co")),
    ),
    Page(
        id=2,
        title="Melik Works",
        url="https://w.example/Melik_Works",
        text="Melik Works is a company. It was founded by Aren Solak in 1921.",
        infobox=(field("founded_by", "Aren Solak"),),
    ),
    Page(id=3, title="Mélik", url="https://w.example/Mélik", redirect_to="Melik Works"),
    Page(id=4, title="Torid Vel", url="https://w.example/Torid_Vel", text="Torid Vel is a town."),
]
TITLES = ToolsConfig(address="title", top_k=2)


def toolbox(config: ToolsConfig) -> Toolbox:
    return web_toolbox(InMemoryWeb(PAGES), config)


def ask(box: Toolbox, name: str, arguments: str) -> Observation:
    return asyncio.run(box.call(ToolCall(id="1", name=name, arguments=arguments)))


def test_search_by_title_prints_a_line_for_each_hit() -> None:
    seen = ask(toolbox(TITLES), "search", '{"query": ["company founded by Aren Solak"]}')
    assert seen.content.split("\n")[0] == "1. Melik Works: It was founded by Aren Solak in 1921."
    assert "https" not in seen.content


def test_search_by_url_prints_links() -> None:
    seen = ask(toolbox(ToolsConfig(top_k=1)), "search", '{"query": ["company founded by Aren Solak"]}')
    assert seen.content == (
        "A search for 'company founded by Aren Solak' found 1 results:\n\n"
        "1. [Melik Works](https://w.example/Melik_Works)\nIt was founded by Aren Solak in 1921."
    )


def test_queries_are_batched() -> None:
    box = toolbox(TITLES)
    both = ask(box, "search", '{"query": ["Aren Solak", "zzz"]}').content
    first, second = both.split("\n=======\n")
    assert first == ask(box, "search", '{"query": "Aren Solak"}').content
    assert second == "No results."
    many = ask(box, "search", '{"query": ["a"' + ', "a"' * 10 + "]}")
    assert "at most 10" in many.content and many.status == "error"


@pytest.mark.parametrize("address", ["Velan Torid", "https://w.example/Velan_Torid"])
def test_visit_answers_the_goal(address: str) -> None:
    seen = ask(toolbox(TITLES), "visit", f'{{"url": ["{address}"], "goal": "Who employs Velan Torid?"}}')
    assert seen.content == "Velan Torid\nemployed by: Melik Works, Dovi Co"


def test_visit_takes_one_goal_for_each_page() -> None:
    box = toolbox(TITLES)
    seen = ask(box, "visit", '{"url": ["Velan Torid", "Mélik"], "goal": ["born", "founder"]}').content
    assert seen == (
        "Velan Torid\nborn in: Torid Vel\nborn: 1953\nVelan Torid was born in Torid Vel."
        "\n=======\nMelik Works\nfounded by: Aren Solak\nIt was founded by Aren Solak in 1921."
    )
    wrong = ask(box, "visit", '{"url": ["Velan Torid"], "goal": ["born", "founder"]}')
    assert "2 goals for 1 pages" in wrong.content and wrong.status == "error"


def test_a_missing_page_does_not_spoil_the_others() -> None:
    box = toolbox(TITLES)
    some = ask(box, "visit", '{"url": ["Nobody", "Torid Vel"], "goal": "what"}')
    assert some.status == "ok" and some.content.startswith("There is no page Nobody.\n=======\nTorid Vel\n")
    assert ask(box, "visit", '{"url": ["Nobody"], "goal": "what"}').status == "error"


def test_a_goal_that_nothing_matches_shows_how_the_page_begins() -> None:
    page = readable(PAGES[0])
    shown = extract(page, "zzz", 1, 2)
    assert shown == "Velan Torid\nborn in: Torid Vel\nborn: 1953\nVelan Torid is a writer."


def test_rare_words_weigh_more_than_common_ones() -> None:
    text = "Alpha met Beta. Alpha met Gamma. Alpha met Delta. Omega slept."
    page = readable(Page(id=1, title="T", url="u", text=text))
    assert best_sentence(page, "Alpha met Gamma") == "Alpha met Gamma."
    assert extract(page, "Alpha Omega", 1, 0) == "T\nOmega slept."
    assert extract(page, "Gamma Omega", 2, 0) == "T\nAlpha met Gamma. Omega slept."


def test_chinese_pages_are_read() -> None:
    page = readable(Page(id=1, title="张三", url="u", text="张三是作家。他出生于北京。他喜欢茶。"))
    assert extract(page, "出生地", 1, 0) == "张三\n他出生于北京。"


@given(st.text(max_size=200), st.text(max_size=30), st.integers(0, 3), st.integers(0, 3))
def test_extracts_are_deterministic_and_bounded(text: str, goal: str, sentences: int, fields: int) -> None:
    page = Page(id=1, title="T", url="u", text=text, infobox=(field("a", "b"), field(text[:5], text)))
    shown = extract(readable(page), goal, sentences, fields)
    assert shown == extract(readable(page), goal, sentences, fields)
    assert shown.startswith("T")
    assert len(shown) <= 2 * len(text) + 200


def test_long_snippets_are_clipped() -> None:
    assert clipped("a  b\nc", 3) == "a b c"
    assert clipped("a b c d", 3) == "a b c ..."


def test_the_cache_changes_nothing() -> None:
    cached, bare = toolbox(TITLES), toolbox(TITLES.model_copy(update={"cache": 0}))
    for _ in range(2):
        for name, arguments in (
            ("search", '{"query": ["Velan"]}'),
            ("visit", '{"url": ["Velan Torid"], "goal": "born"}'),
        ):
            assert ask(cached, name, arguments).content == ask(bare, name, arguments).content
