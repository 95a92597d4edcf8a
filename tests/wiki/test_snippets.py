"""Lines that answer a query: the fast way finds what reading every line finds; Chinese pages and mixed queries."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from websailor.records import Page
from websailor.wiki import Config, open_wiki, run
from websailor.wiki.reader import Wiki
from websailor.wiki.snippets import LONGEST_PASSAGE, Face, Wanted, best_line, page_candidates, passage, word_count

MakeWiki = Callable[[dict[str, str]], Wiki]
IRREGULAR = {
    "Skies": "The skies were dying early. Only the happiest cities cry, singly and gently.\n\nUgly news in Zürich.",
    "Naïve": "Naïve façades of Zurich's cafés — “Ångström” dies. The_under_score, semi-colon; e-mail/letters.",
    "Generation": "Generational relations generously generated. Baden Baden, Baden. Velan-Torid met Velan Torid.",
    "数学": "数学家陈景润1933年出生于福建。The mathematician Chen Jingrun—born in Fujian—studied数论 in Xiamen.",
    "Empty": "",
}
QUERIES = (
    *("sky die early", "dying", "lie", "city cries", "only happy", "single gentle", "uglier", "new zurich", "a", ""),
    *("naive facade", "angstrom died", "the under score", "e mail", "semi colon letter", "generate relation", "?!"),
    *("Baden Baden", "Velan Torid", "velan torid lies", "陈景润", "Chen Jingrun 出生", "数论 Xiamen", "生", "über"),
    "born in Fujian 1933",
)


def slow_best_line(page: Page, wiki: Wiki, query: str) -> tuple[str, float]:
    """Every term of every line, looked up one by one."""
    index = wiki._index
    candidates = page_candidates(Face.model_validate_json(page.model_dump_json()), index)
    weights = {term: index.weight(term) for term in index.words(query)}
    weights |= {pair: index.weight(pair, "pair") for pair in index.query_pairs(query)}
    titled = sum(weight for term, weight in weights.items() if term in candidates.title_terms)
    best, best_score = candidates.default, 0.0
    for line in candidates.lines:
        terms = {*index.words(line), *index.pairs(line)} - candidates.title_terms
        score = sum(weight for term, weight in weights.items() if term in terms and weight)
        score -= 0.01 * min(line.count(" ") + 1, 30)
        if score > best_score and terms & {term for term, weight in weights.items() if weight}:
            best, best_score = line, score
    return best, best_score + titled


def check_lines(wiki: Wiki, queries: list[str]) -> int:
    answered = 0
    for page in wiki.pages():
        candidates = page_candidates(Face.model_validate_json(page.model_dump_json()), wiki._index)
        for query in queries:
            line, score = best_line(candidates, Wanted(query, wiki._index), wiki._index)
            expected, expected_score = slow_best_line(page, wiki, query)
            assert (line, round(score, 6)) == (expected, round(expected_score, 6)), (page.title, query)
            answered += line != candidates.default
    return answered


def test_irregular_words_are_found_in_lines(make_wiki: MakeWiki) -> None:
    assert check_lines(make_wiki(IRREGULAR), list(QUERIES)) > 10


def test_lines_of_a_world_are_found(tmp_path: Path) -> None:
    run(Config.model_validate({"world": {"pages": 150}}), {}, tmp_path / "wiki")
    wiki = open_wiki(tmp_path / "wiki")
    rng, words = random.Random(0), sorted({word for page in wiki.pages() for word in page.text.split()})
    assert check_lines(wiki, [" ".join(rng.choices(words, k=rng.randrange(1, 6))) for _ in range(12)]) > 100


def test_lines_of_real_pages_are_found(sample_wiki: Wiki) -> None:
    wanted = ("Albert Einstein", "Animal Farm", "Algeria", "Azerbaijan")
    pages = [page for page in sample_wiki.pages() if page.title in wanted]
    assert len(pages) == 4
    for page in pages:
        candidates = page_candidates(Face.model_validate_json(page.model_dump_json()), sample_wiki._index)
        for query in ("born in Germany", "George Orwell's novella", "highest mountains of Europe", "oil in Baku café"):
            line, score = best_line(candidates, Wanted(query, sample_wiki._index), sample_wiki._index)
            expected, expected_score = slow_best_line(page, sample_wiki, query)
            assert (line, round(score, 6)) == (expected, round(expected_score, 6)), (page.title, query)


def test_passages_hold_the_best_line_and_are_short(sample_wiki: Wiki) -> None:
    for query in ("crew of Apollo 11", "capital of Algeria", "novella about pigs"):
        hits = sample_wiki.search(query, 5)
        assert hits
        for found, hit in zip(sample_wiki.passages(query, 5), hits, strict=True):
            assert (found.title, found.score) == (hit.title, hit.score)
            assert hit.snippet.strip(". ") in found.snippet.replace("\n", " ")
            assert word_count(found.snippet) <= LONGEST_PASSAGE + 60


def test_a_passage_grows_forward_then_backward(make_wiki: MakeWiki) -> None:
    text = " ".join(f"Sentence number {n} has {'many ' * 12}words." for n in range(20))
    wiki = make_wiki({"A": text, "B": "One line about needles."})
    page = page_candidates(Face(title="A", url="u", text=text), wiki._index)
    middle = passage(page, page.lines[10]).split("\n")
    assert middle[0] == page.lines[10] and 4 <= len(middle) <= 7
    last = passage(page, page.lines[19]).split("\n")
    assert last[-1] == page.lines[19] and len(last) == len(middle)
    assert wiki.passages("needles")[0].snippet == "One line about needles."


CHINESE = {
    "爱因斯坦": "{{Infobox person|出生地=[[乌尔姆]]|职业=物理学家}}"
    "阿尔伯特·爱因斯坦出生于德国乌尔姆市，是一位物理学家。他获得了诺贝尔奖。",
    "居里夫人": "玛丽·居里（Marie Curie，1867年—1934年）出生于波兰华沙，是一位化学家。",
    "乌尔姆": "乌尔姆（Ulm）是德国的一座城市，位于多瑙河畔。",
    "Python": "Python是一种广泛使用的编程语言，由吉多·范罗苏姆创造，第一版发布于1991年。",
    "Java": "Java是一种编程语言，由昇陽電腦公司的詹姆斯·高斯林發明，1995年發布。",
    "春": "春是一年四季中的第一季。",
    "东京": "東京は日本の首都である。人口は約1400万人。",
    "Seoul": "서울은 대한민국의 수도이다.",
}


@pytest.fixture(scope="module")
def chinese(make_wiki: MakeWiki) -> Wiki:
    return make_wiki(CHINESE)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("出生于华沙的化学家", "居里夫人"),
        ("爱因斯坦", "爱因斯坦"),
        ("哪位物理学家出生在乌尔姆？", "爱因斯坦"),
        ("乌尔姆", "乌尔姆"),
        ("Ulm 多瑙河", "乌尔姆"),
        ("Marie Curie 出生", "居里夫人"),
        ("编程语言 1991", "Python"),
        ("1995年发布的programming语言Java", "Java"),
        ("吉多·范罗苏姆 python", "Python"),
        ("詹姆斯·高斯林", "Java"),
        ("春", "春"),
        ("日本の首都", "东京"),
        ("대한민국의 수도", "Seoul"),
    ],
)
def test_chinese_and_mixed_queries(chinese: Wiki, query: str, title: str) -> None:
    assert chinese.search(query)[0].title == title


def test_chinese_snippets_answer_and_are_cut(chinese: Wiki, make_wiki: MakeWiki) -> None:
    assert chinese.search("诺贝尔奖")[0].snippet == "他获得了诺贝尔奖。"
    assert chinese.search("爱因斯坦 职业")[0].snippet == "职业: 物理学家"
    long = (
        "，".join(f"第{number}位成员来自某个很远的地方" for number in range(60))
        + "，宝藏埋在华山脚下，"
        + "等等" * 80
        + "。"
    )
    snippet = make_wiki({"名单": long}).search("宝藏埋在哪里")[0].snippet
    assert (
        "宝藏埋在华山脚下" in snippet and len(snippet) <= 70 and snippet.startswith("... ") and snippet.endswith(" ...")
    )
