"""The wiki directory as the rest of the package sees it: pages, redirects, links, addresses, threads and processes."""

import pickle
import random
import sqlite3
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from websailor.errors import UserError
from websailor.records import Page
from websailor.wiki import import_dump, open_wiki
from websailor.wiki.reader import Wiki
from websailor.wiki.store import PageStore, StoreWriter
from websailor.wiki.titles import Site, plain_name


def test_pages_in_the_order_of_the_dump(small_wiki: Wiki) -> None:
    titles = ["Ada Lovelace", "Analytical Engine", "Charles Babbage", "London", "Mercury"]
    assert list(small_wiki.titles()) == titles
    assert [page.title for page in small_wiki.pages()] == titles
    assert len(small_wiki) == 5
    assert small_wiki.language == "en"
    assert small_wiki.lexicon == ()


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("Charles Babbage", "Charles Babbage"),
        ("charles Babbage", "Charles Babbage"),
        (" Charles_Babbage ", "Charles Babbage"),
        ("Charles Babbage#Life", "Charles Babbage"),
        ("Babbage", "Charles Babbage"),
        ("Charlie Babbage", "Charles Babbage"),
        (":London", "London"),
        ("charles babbage", None),
        ("Lost", None),
        ("No such page", None),
        ("Talk:London", None),
        ("", None),
        ("#", None),
        ("'; DROP TABLE page; --", None),
    ],
)
def test_resolve(small_wiki: Wiki, asked: str, title: str | None) -> None:
    assert small_wiki.resolve(asked) == title
    page = small_wiki.page(asked)
    assert (page.title if page else None) == title


def test_inlinks_and_redirects(small_wiki: Wiki) -> None:
    assert small_wiki.redirects_to("Charles Babbage") == ("Babbage", "Charlie Babbage")
    assert small_wiki.redirects_to("nothing") == ()
    assert small_wiki.inlinks("London") == 2
    assert small_wiki.inlinks("Analytical Engine") == 2
    assert small_wiki.inlinks("Ada Lovelace") == 0
    assert small_wiki.inlinks("nothing") == 0


def test_inlinks_count_pages_also_through_redirects(tmp_path: Path, make_dump: Callable[..., str]) -> None:
    pages = {"A": "A.", "Alpha": "#REDIRECT [[A]]", "B": "[[A]] [[A]] [[Alpha]]", "C": "[[alpha|x]]", "D": "No link."}
    source = tmp_path / "dump.xml"
    source.write_text(make_dump(pages), encoding="utf-8")
    import_dump(source, tmp_path / "wiki")
    assert open_wiki(tmp_path / "wiki").inlinks("A") == 3


def test_redirect_circles_lead_nowhere(tmp_path: Path, make_dump: Callable[..., str]) -> None:
    pages = {"A": "#REDIRECT [[B]]", "B": "#REDIRECT [[A]]", "C": "Text.", "D": "#REDIRECT [[D]]"}
    source = tmp_path / "dump.xml"
    source.write_text(make_dump(pages), encoding="utf-8")
    import_dump(source, tmp_path / "wiki")
    wiki = open_wiki(tmp_path / "wiki")
    assert [wiki.resolve(title) for title in "ABCD"] == [None, None, "C", None]


def test_addresses(small_wiki: Wiki) -> None:
    url = small_wiki.url("charles Babbage")
    assert url == "https://test.example/wiki/Charles_Babbage"
    assert small_wiki.title_of(url) == "Charles Babbage"
    assert small_wiki.title_of("HTTP://TEST.example/wiki/charles_Babbage?action=raw#Life") == "Charles Babbage"
    assert small_wiki.title_of("test.example/wiki/London") == "London"
    assert small_wiki.title_of("https://test.example/other/London") is None
    assert small_wiki.title_of("https://elsewhere.org/wiki/London") is None
    for nothing in ("", "London", "https://test.example/wiki/", "http://[", "::::", "https://[::1"):
        assert small_wiki.title_of(nothing) is None


def test_every_address_leads_back_to_its_title() -> None:
    site = Site()
    odd = [
        "C++",
        "AC/DC",
        "50% off",
        "What? Who!",
        "Café (song)",
        'The "Best"',
        "中国",
        "A&B",
        "Me, Myself & I",
        "Ærø",
        "1+1=2",
    ]
    for title in odd:
        assert site.title_of(site.url(title)) == title
        assert " " not in site.url(title) and site.url(title).isascii()


def test_namespaces() -> None:
    site = Site()
    assert site.namespace("2001: A Space Odyssey") == 0
    assert site.namespace("Category:Rivers") == 14
    assert site.namespace("user_talk:X") == 3
    assert site.normalise("ß") == "ß"
    assert Site(case_sensitive=True).normalise("iPod") == "iPod"
    assert plain_name("Anthem (novella)") == "Anthem"
    assert plain_name("(x)") == "(x)"


def test_a_page_survives_the_store_unchanged(tmp_path: Path) -> None:
    rng = random.Random(4)
    words = ["alpha", "beta", "gamma", "delta", "中国", "é"]
    pages = [
        Page(id=n, title=f"P {n}", url=f"u{n}", text=" ".join(rng.choices(words, k=rng.randrange(200))))
        for n in range(2300)
    ]
    with StoreWriter(tmp_path) as writer:
        for page in pages:
            writer.add(page)
        counts = writer.finish(Site())
    store = PageStore(tmp_path)
    assert counts["pages"] == store.pages == 2300
    assert [store.read(pid) for pid, _ in store.titles()] == pages
    assert store.pid("P 7") is not None and store.pid("P 99999") is None


def test_the_store_is_opened_read_only(small_wiki: Wiki) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        small_wiki._store._run("DELETE FROM page")


def _titles_through(wiki: Wiki, title: str) -> str | None:
    page = wiki.page(title)
    return page.title + str(len(wiki.search("babbage"))) if page else None


def test_threads_processes_and_pickling(small_wiki: Wiki) -> None:
    again = pickle.loads(pickle.dumps(small_wiki))
    assert list(again.titles()) == list(small_wiki.titles())
    asked = ["London", "Babbage", "nothing"] * 40
    expected = [_titles_through(small_wiki, title) for title in asked]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(_titles_through, [again] * len(asked), asked)) == expected
    for method in ("spawn", "fork"):
        with ProcessPoolExecutor(2, mp_context=get_context(method)) as pool:
            assert list(pool.map(_titles_through, [small_wiki] * 6, asked[:6])) == expected[:6]


def test_paths_with_odd_characters(tmp_path: Path, make_dump: Callable[..., str]) -> None:
    directory = tmp_path / "a ?b#c%20 é"
    directory.mkdir()
    (directory / "dump.xml").write_text(make_dump(), encoding="utf-8")
    import_dump(directory / "dump.xml", directory / "wiki")
    assert len(open_wiki(directory / "wiki")) == 5


def test_what_is_no_wiki_is_refused(tmp_path: Path, small_wiki: Wiki) -> None:
    with pytest.raises(UserError, match="not a wiki directory"):
        open_wiki(tmp_path / "nowhere")
    with pytest.raises(UserError, match="not a wiki directory"):
        open_wiki(tmp_path)
    (tmp_path / "pages.sqlite").write_bytes(b"no database, but long enough to look at" * 100)
    with pytest.raises(UserError, match="import the dump again"):
        open_wiki(tmp_path)
    (tmp_path / "pages.sqlite").write_bytes((small_wiki.path / "pages.sqlite").read_bytes())
    with pytest.raises(UserError, match="search index is missing"):
        open_wiki(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("index/meta.json", b"{", "index has .* bytes instead of .* run `websailor wiki import` again"),
        ("index/.managed.json", b"junk", "index has .* bytes instead of .* run `websailor wiki import` again"),
        ("world.json", b"{", "not JSON"),
    ],
)
def test_a_damaged_wiki_is_refused(
    tmp_path: Path, make_dump: Callable[..., str], file: str, content: bytes, words: str
) -> None:
    (tmp_path / "dump.xml").write_text(make_dump({"A": "[[B]]", "B": "text"}), encoding="utf-8")
    import_dump(tmp_path / "dump.xml", tmp_path / "wiki")
    (tmp_path / "wiki" / file).write_bytes(content)
    with pytest.raises(UserError, match=words):
        open_wiki(tmp_path / "wiki")


@pytest.mark.parametrize("file", ["meta.json", ".managed.json"])
def test_an_index_that_is_damaged_at_its_size_is_refused(
    tmp_path: Path, make_dump: Callable[..., str], file: str
) -> None:
    (tmp_path / "dump.xml").write_text(make_dump({"A": "[[B]]", "B": "text"}), encoding="utf-8")
    import_dump(tmp_path / "dump.xml", tmp_path / "wiki")
    damaged = tmp_path / "wiki" / "index" / file
    damaged.write_bytes(b"{" * damaged.stat().st_size)
    with pytest.raises(UserError, match="index is damaged: import the dump again"):
        open_wiki(tmp_path / "wiki")


def test_a_damaged_page_is_said_where_it_is_read(tmp_path: Path, make_dump: Callable[..., str]) -> None:
    (tmp_path / "dump.xml").write_text(make_dump({"A": "[[B]]", "B": "text"}), encoding="utf-8")
    import_dump(tmp_path / "dump.xml", tmp_path / "wiki")
    with sqlite3.connect(tmp_path / "wiki" / "pages.sqlite") as connection:
        connection.execute("UPDATE page SET body = ? WHERE title = 'B'", (b"junk",))
    connection.close()
    wiki = open_wiki(tmp_path / "wiki")
    assert wiki.page("A") is not None
    with pytest.raises(UserError, match=r"damaged .* import the dump again"):
        wiki.page("B")
