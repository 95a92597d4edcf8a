"""Search: what should be found is found, anything may be asked, and the same question has the same answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from websailor.files import read_jsonl
from websailor.wiki import Config, open_wiki, run
from websailor.wiki.index import POSTINGS_BUDGET, name_pairs
from websailor.wiki.reader import Wiki
from websailor.wiki.snippets import LONGEST_SNIPPET
from websailor.wiki.world import TrueFact


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Wiki:
    out = tmp_path_factory.mktemp("world") / "wiki"
    run(Config.model_validate({"world": {"pages": 800}}), {}, out)
    return open_wiki(out)


def titles(wiki: Wiki, query: str, k: int = 10) -> list[str]:
    return [hit.title for hit in wiki.search(query, k)]


def test_words_of_title_text_and_infobox_are_found(small_wiki: Wiki) -> None:
    assert titles(small_wiki, "analytical engine")[0] == "Analytical Engine"
    assert titles(small_wiki, "capital of England") == ["London"]
    assert titles(small_wiki, "born 1791")[0] == "Charles Babbage"
    assert set(titles(small_wiki, "december 1815")) == {"Ada Lovelace"}
    assert titles(small_wiki, "thames") == ["London"]


def test_a_title_or_redirect_finds_its_page_first(small_wiki: Wiki) -> None:
    assert titles(small_wiki, "London")[0] == "London"
    assert titles(small_wiki, "Charlie Babbage")[0] == "Charles Babbage"
    assert titles(small_wiki, "london", k=1) == ["London"]


def test_word_forms_and_accents(make_wiki: Callable[[dict[str, str]], Wiki]) -> None:
    pages = {"Zürich": "A city with many churches.", "Bern": "The city has one station.", "Ål": "A village."}
    wiki = make_wiki(pages)
    assert titles(wiki, "zurich") == ["Zürich"]
    assert titles(wiki, "church") == ["Zürich"]
    assert titles(wiki, "STATIONS") == ["Bern"]


WEIRD = [
    "", " ", "C++ (", '"unclosed', "foo:bar", "title:london", "AND OR NOT", "a AND", "*", "~", "^2", "[a TO b]", "{",
    "\\", "+", "-x",
    "(((((", "))", "london)", "field:", ":", "'; DROP TABLE page", "\x00", "\U0001f600", "…", "中", "a" * 5000,
    "london " * 500, "é" * 90,
    "1e309", "/regex/", "lon*", "\u200b", "\ud7ff", "who? what! when; where, why: how", "(born 1791) OR",
    '"Ada Lovelace" +born -died',
]  # fmt: skip


@pytest.mark.parametrize("query", WEIRD)
def test_models_may_ask_anything(small_wiki: Wiki, query: str) -> None:
    hits = small_wiki.search(query)
    assert len(hits) <= 10
    assert "london" not in query.lower() or hits


@settings(max_examples=150, deadline=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=80), k=st.integers(-2, 30))
def test_any_text_is_a_query(small_wiki: Wiki, query: str, k: int) -> None:
    assert len(small_wiki.search(query, k)) <= max(0, k)


@pytest.mark.parametrize("k", [10**5, 10**10, 10**30])
def test_more_hits_than_pages_are_all_pages_that_fit(small_wiki: Wiki, k: int) -> None:
    assert small_wiki.search("london", k) == small_wiki.search("london", len(small_wiki))


def test_results_repeat_and_scores_fall(world: Wiki) -> None:
    again = open_wiki(world.path)
    for title in list(world.titles())[:40]:
        hits = world.search(f"born in {title}", 10)
        assert hits and hits == again.search(f"born in {title}", 10)
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)
        assert len({hit.title for hit in hits}) == len(hits)


def test_what_is_found_is_what_is_shown(world: Wiki) -> None:
    """`finds` takes a short way to the same answer: for pages shown, offered but not shown, not offered, and none."""
    names = list(world.titles())[:40]
    queries = [f"born in {names[0]}", "a person who works for a company", names[1], "", "zzzz"]
    for query in queries:
        for k in (0, 1, 3, 10):
            shown = titles(open_wiki(world.path), query, k)
            assert [name for name in names if world.finds(query, name, k)] == [name for name in names if name in shown]
    assert not world.finds(queries[0], "No such page")


def test_results_may_be_changed_by_the_caller(small_wiki: Wiki) -> None:
    small_wiki.search("london").clear()
    assert small_wiki.search("london")


def test_threads_agree(world: Wiki) -> None:
    queries = [f"works for {title}" for title in list(world.titles())[:60]]
    alone = [titles(world, query) for query in queries]
    fresh = open_wiki(world.path)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda query: titles(fresh, query), queries)) == alone


def test_snippets_are_short_lines_of_the_page(world: Wiki) -> None:
    for title in list(world.titles())[:60]:
        hits = world.search(f"{title} founded by")
        assert hits
        for hit in hits:
            page = world.page(hit.title)
            assert page is not None and hit.url == page.url
            assert len(hit.snippet.split()) <= LONGEST_SNIPPET + 2
            box = [f"{f.key.replace('_', ' ')}: {', '.join(v.text for v in f.values)}" for f in page.infobox]
            assert hit.snippet in box or hit.snippet.strip(". ") in " ".join(page.text.split())


def test_the_snippet_answers_the_query(small_wiki: Wiki) -> None:
    by_title = {hit.title: hit.snippet for hit in small_wiki.search("born in London 1791")}
    assert by_title["Charles Babbage"] == "Charles Babbage was born in London in 1791."
    assert by_title["Ada Lovelace"] == "birth place: London"
    assert small_wiki.search("Ada Lovelace")[0].snippet.startswith("Ada Lovelace was a mathematician")


def test_long_sentences_are_cut_around_the_words_asked_for(make_wiki: Callable[[dict[str, str]], Wiki]) -> None:
    text = "The list holds " + " ".join(f"item{n}" for n in range(200)) + " and a treasure at the end of it all."
    wiki = make_wiki({"List": text})
    snippet = wiki.search("treasure end")[0].snippet
    assert "treasure" in snippet and snippet.startswith("... ") and len(snippet.split()) <= LONGEST_SNIPPET + 1


def test_facts_of_a_world_are_found_through_their_object(world: Wiki) -> None:
    """`<relation> <object>` finds the subject: what every step backwards through the graph needs."""
    facts = [fact for fact in read_jsonl(world.path / "facts.jsonl", TrueFact) if fact.value_type == "entity"]
    asked = facts[:: max(1, len(facts) // 300)]
    found = 0
    for fact in asked:
        subjects = {other.subject for other in facts if (other.relation, other.object) == (fact.relation, fact.object)}
        if len(subjects) > 8:
            found += 1
            continue
        found += fact.subject in titles(world, f"{fact.relation.replace('_', ' ')} {fact.object}")
    assert found / len(asked) > 0.97


def test_name_pairs() -> None:
    assert name_pairs("Velan Torid College in New-York, the Big Apple") == "VelanTorid ToridCollege NewYork BigApple"
    assert name_pairs("The Beatles met Of Mice And Men") == ""
    assert name_pairs("") == ""


def test_common_words_do_not_select_pages_when_rare_ones_can(make_wiki: Callable[[dict[str, str]], Wiki]) -> None:
    """A planned query: every page says "common", and the postings are more than the budget."""
    pages = {f"Page {n}": f"common words common to all pages number{n}" for n in range(POSTINGS_BUDGET // 4)}
    pages["Needle"] = "common words and one needle"
    wiki = make_wiki(pages)
    assert titles(wiki, "common words common to all pages needle") == ["Needle"]
    assert len(titles(wiki, "common words")) == 10


def test_real_pages(sample_wiki: Wiki) -> None:
    for query, title in {
        "Albert Einstein": "Albert Einstein",
        "author of The Fountainhead": "Ayn Rand",
        "Neil Armstrong stepped onto the lunar surface in July 1969": "Apollo 11",
        "tennis player born in Las Vegas": "Andre Agassi",
        "George Orwell novella pigs farm": "Animal Farm",
        "Fields Medal 1982 noncommutative geometry": "Alain Connes",
        "Catalan film directed by Ventura Pons": "Actrius",
        "country whose capital is Luanda": "Angola",
        "AynRand": "Ayn Rand",
    }.items():
        assert titles(sample_wiki, query)[0] == title, query
    crew = sample_wiki.search("Apollo 11 crew members")[0]
    assert crew.snippet == 'crew members: Neil A. Armstrong, Michael Collins, Edwin E. "Buzz" Aldrin, Jr.'
