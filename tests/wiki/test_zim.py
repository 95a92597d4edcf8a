"""ZIM files: made with libzim's own writer, imported like any dump."""

from pathlib import Path

import pytest

from websailor.errors import UserError
from websailor.wiki import import_dump, open_wiki
from websailor.wiki.importing import import_pages
from websailor.wiki.markup_html import scan_html
from websailor.wiki.reader import Wiki

ADA = """<!DOCTYPE html><html><head><title>Ada</title><style>p {color: red}</style></head><body>
<h1>Ada Lovelace</h1>
<table class="infobox biography vcard"><caption>x</caption><tr><th colspan="2">Ada Lovelace</th></tr>
<tr><th>Born</th><td>10 December 1815<br><a href="London">London</a></td></tr>
<tr><th>Known for</th><td><ul><li><a href="Analytical_Engine">Analytical Engine</a></li><li>Notes</li></ul></td></tr>
<tr><th>Children</th><td>3</td></tr></table>
<p><b>Ada Lovelace</b> was a
mathematician who worked on the <a href="./Analytical_Engine#Design">Engine</a><sup class="reference">[1]</sup>,
a machine of 10<sup>3</sup>&nbsp;parts.</p>
<p>She knew <a href="Babbage">Babbage</a>, <a href="https://elsewhere.example/x">others</a>,
<a href="Nowhere">nobody</a> and <a href="../A/London">London</a>.</p>
<h2>Works</h2><ul><li>Notes</li><li>Letters to <a href="Charles_Babbage">him</a></li></ul>
<table class="wikitable"><tr><th>Year</th><th>Event</th></tr><tr><td>1843</td><td><p>Notes</p></td></tr></table>
<h2>References</h2><ol class="references"><li>Not text</li></ol><script>alert(1)</script></body></html>"""
PAGES = {
    "Ada_Lovelace": ("Ada Lovelace", ADA),
    "Analytical_Engine": ("Analytical Engine", "<p>The <b>Analytical Engine</b> was designed by Charles Babbage.</p>"),
    "Charles_Babbage": ("Charles Babbage", "<p>Charles Babbage was born in <a href='London'>London</a> in 1791.</p>"),
    "London": ("London", "<html><body><p>London is the capital of England.</p></body></html>"),
    "empty": ("Empty", "<html><body> </body></html>"),
}


def make_zim(path: Path, pages: dict[str, tuple[str, str]]) -> Path:
    writer = pytest.importorskip("libzim.writer", reason="the extra `zim` is not installed")

    class Article(writer.Item):
        def __init__(self, at: str, title: str, content: str, mimetype: str = "text/html") -> None:
            super().__init__()
            self.at, self.title, self.content, self.mimetype = at, title, content, mimetype

        def get_path(self) -> str:
            return self.at

        def get_title(self) -> str:
            return self.title

        def get_mimetype(self) -> str:
            return self.mimetype

        def get_contentprovider(self) -> object:
            return writer.StringProvider(self.content)

        def get_hints(self) -> dict[object, bool]:
            return {writer.Hint.FRONT_ARTICLE: True}

    with writer.Creator(path) as creator:
        for at, (title, content) in pages.items():
            creator.add_item(Article(at, title, content))
        creator.add_item(Article("style.css", "style", "p {}", "text/css"))
        creator.add_redirection("Babbage", "Babbage", "Charles_Babbage", {})
        creator.add_redirection("Charlie", "Charlie", "Babbage", {})
        creator.set_mainpath("London")
        for name, value in {"Title": "Testwiki", "Language": "eng", "Source": "test.example", "Name": "test"}.items():
            creator.add_metadata(name, value)
    return path


@pytest.fixture(scope="module")
def wiki(tmp_path_factory: pytest.TempPathFactory) -> Wiki:
    directory = tmp_path_factory.mktemp("zim")
    import_dump(make_zim(directory / "test.zim", PAGES), directory / "wiki")
    return open_wiki(directory / "wiki")


def test_articles_and_redirects(wiki: Wiki) -> None:
    assert sorted(wiki.titles()) == ["Ada Lovelace", "Analytical Engine", "Charles Babbage", "London"]
    assert wiki.resolve("Babbage") == wiki.resolve("Charlie") == "Charles Babbage"
    assert (wiki.site.name, wiki.language) == ("Testwiki", "en")
    assert wiki.url("Ada Lovelace") == "https://test.example/wiki/Ada_Lovelace"
    assert wiki.inlinks("London") == 2
    assert wiki.search("capital of England")[0].title == "London"


def test_an_article_reads_as_in_a_browser(wiki: Wiki) -> None:
    page = wiki.page("Ada Lovelace")
    assert page is not None
    assert page.text == (
        "Ada Lovelace\n\n"
        "Ada Lovelace was a mathematician who worked on the Engine, a machine of 10^3 parts.\n\n"
        "She knew Babbage, others, nobody and London.\n\n"
        "Works\n\nNotes\nLetters to him\n\nYear | Event\n1843 | Notes"
    )
    assert page.first_sentence.startswith("Ada Lovelace was a mathematician")
    targets = [(link.anchor, link.target) for link in page.links]
    assert targets == [
        ("Engine", "Analytical Engine"),
        ("Babbage", "Babbage"),
        ("London", "London"),
        ("him", "Charles Babbage"),
    ]
    assert all(page.text[link.offset :].startswith(link.anchor) for link in page.links)


def test_infobox_values_are_typed(wiki: Wiki) -> None:
    page = wiki.page("Ada Lovelace")
    assert page is not None and page.infobox_type == "biography"
    values = {field.key: [value.target or value.date or value.text for value in field.values] for field in page.infobox}
    assert values == {
        "born": ["1815-12-10", "London"],
        "known_for": ["Analytical Engine", "Notes"],
        "children": ["3"],
    }


def test_processes_and_resume_make_the_same_wiki(tmp_path: Path) -> None:
    pages = {f"P{n}": (f"Page {n}", f"<p>Page {n} links to <a href='P{n * 7 % 300}'>it</a>.</p>") for n in range(300)}
    file = make_zim(tmp_path / "many.zim", {**PAGES, **pages})
    found = []
    for workers in (1, 2):
        directory = tmp_path / str(workers)
        directory.mkdir()
        found.append((import_pages(file, directory, workers=workers), list(open_wiki(directory).pages())))
    assert found[0] == found[1] and found[0][0]["pages"] == 304


def test_what_is_no_zim_is_refused(tmp_path: Path) -> None:
    whole = make_zim(tmp_path / "whole.zim", PAGES).read_bytes()
    for name, content in (("cut.zim", whole[: len(whole) // 2]), ("noise.zim", b"ZIM\x04" + bytes(100))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=r"damaged or cut off ZIM file.*download it again"):
            import_dump(tmp_path / name, tmp_path / "wiki")
        assert not (tmp_path / "wiki").exists() and not (tmp_path / "wiki.part").exists()


@pytest.mark.parametrize(
    "source",
    [
        *("", " ", "<", "<p>", "</p>", "<a href='x'>", "<table><td><td>", "\x00<p>\x00", "<infobox>", "<div>" * 3000),
        *("<?xml version='1.0' encoding='x'?><p>a</p>", "<a href='http://['>x</a>"),
        "<table class=infobox><tr><th>a<td>b",
    ],
)
def test_any_input_gives_a_page(source: str) -> None:
    markup = scan_html(source, lambda href: None if "[" in href else "Target")
    assert all(markup.text[link.offset :].startswith(link.anchor) for link in markup.links)
