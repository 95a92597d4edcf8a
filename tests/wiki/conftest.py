"""Dumps for the tests: hand-written ones of any shape, and the sample of real Wikipedia pages where it is at hand."""

import os
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest

from websailor.wiki import import_dump, open_wiki
from websailor.wiki.reader import Wiki

MakeWiki = Callable[[dict[str, str]], Wiki]

SITEINFO = """<siteinfo><sitename>Testwiki</sitename><dbname>testwiki</dbname>
<base>https://test.example/wiki/Main_Page</base><case>first-letter</case><namespaces>
<namespace key="0" /><namespace key="1">Talk</namespace><namespace key="6">File</namespace>
<namespace key="14">Category</namespace><namespace key="4">Testwiki</namespace></namespaces></siteinfo>"""

PAGES = {
    "Ada Lovelace": "{{Infobox person|birth_date={{birth date|1815|12|10}}|birth_place=[[London]]}}\n"
    "'''Ada Lovelace''' was a [[mathematician]] who worked on the [[Analytical Engine]].",
    "Analytical Engine": "The '''Analytical Engine''' was designed by [[Charles Babbage]]. Ada wrote notes on it.",
    "Charles Babbage": "'''Charles Babbage''' was born in [[London]] in 1791. He designed the [[analytical Engine]].",
    "London": "'''London''' is the capital of [[England]]. It lies on the Thames.",
    "Babbage": "#REDIRECT [[Charles Babbage]]",
    "Charlie Babbage": "#redirect [[Babbage]]",
    "Lost": "#REDIRECT [[No such page]]",
    "Talk:London": "About London.",
    "Mercury": "'''Mercury''' may be:\n* [[Mercury (planet)]]\n* [[Mercury (element)]]\n{{disambiguation}}",
}


def dump_text(
    pages: dict[str, str] = PAGES,
    siteinfo: str = SITEINFO,
    version: str = "0.11",
    bare: bool = False,
    encoding: str = "",
) -> str:
    """A dump as text; `bare` leaves out what old exports lack: `<ns>`, `<redirect>`, ids."""
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n' if encoding else ""
    schema = f' xmlns="http://www.mediawiki.org/xml/export-{version}/"' if version else ""
    parts = [f'{head}<mediawiki{schema} version="{version}" xml:lang="en">{siteinfo}\n']
    for number, (title, text) in enumerate(pages.items(), 1):
        details = "" if bare else f"<ns>{1 if title.startswith('Talk:') else 0}</ns><id>{number}</id>"
        if not bare and text.lower().startswith("#redirect"):
            details += f"<redirect title={quoteattr(text.partition('[[')[2].partition(']]')[0])} />"
        parts.append(
            f"  <page><title>{escape(title)}</title>{details}<revision><id>{number}</id>"
            f'<text xml:space="preserve">{escape(text)}</text></revision></page>\n'
        )
    return "".join(parts) + "</mediawiki>\n"


@pytest.fixture(scope="session")
def make_dump() -> Callable[..., str]:
    return dump_text


@pytest.fixture(scope="session")
def make_wiki(tmp_path_factory: pytest.TempPathFactory) -> MakeWiki:
    """Pages, imported."""

    def make(pages: dict[str, str]) -> Wiki:
        directory = tmp_path_factory.mktemp("made")
        (directory / "dump.xml").write_text(dump_text(pages), encoding="utf-8")
        import_dump(directory / "dump.xml", directory / "wiki")
        return open_wiki(directory / "wiki")

    return make


@pytest.fixture(scope="session")
def small_wiki(make_wiki: MakeWiki) -> Wiki:
    """The hand-written pages, imported."""
    return make_wiki(PAGES)


@pytest.fixture(scope="session")
def sample_dump() -> Path:
    """206 pages of the English Wikipedia of 2016, half of them redirects."""
    root = Path(__file__).parents[2]
    shared = Path(os.environ.get("WEBSAILOR_SHARED", root.parent / "shared"))
    sample = shared / "data" / "enwiki-sample.xml.bz2"
    if not sample.is_file():
        pytest.skip(f"no real sample at {sample}: set WEBSAILOR_SHARED")
    return sample


@pytest.fixture(scope="session")
def sample_wiki(sample_dump: Path, tmp_path_factory: pytest.TempPathFactory) -> Wiki:
    """The real sample, imported."""
    out = tmp_path_factory.mktemp("sample") / "wiki"
    import_dump(sample_dump, out)
    return open_wiki(out)
