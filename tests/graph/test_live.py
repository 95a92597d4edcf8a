"""A graph of a live wiki: a MediaWiki on loopback, recorded, replayed, and as its dump would have given it."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from websailor.cli import execute
from websailor.files import read_jsonl
from websailor.graph.reader import FAILURES_IN_A_ROW
from websailor.records import Fact, Reject
from websailor.tools.providers.loopback import LoopbackServer, Request, http

PAGES = {
    "Ada Lin": "{{Infobox person|name=Ada Lin|birth_place=[[Torid]]|spouse=[[Ben Mar]]|birth_date=3 May 1953}}\n"
    "'''Ada Lin''' is a [[Velan|person of Velan]].",
    "Ben Mar": "{{Infobox person|name=Ben Mar|birth_place=[[Velan]]|spouse=[[A. Lin]]|alma_mater=[[Melik College]]}}",
    "A. Lin": "#REDIRECT [[Ada Lin]]",
    "Torid": "{{Infobox settlement|name=Torid|leader=[[Ben Mar]]}}",
    "Melik College": "{{Infobox university|name=Melik College|city=[[Torid]]}}",
}
EVERYTHING = {
    ("Ada Lin", "birth_place", "Torid"),
    ("Ada Lin", "spouse", "Ben Mar"),
    ("Ada Lin", "birth_date", "1953-05-03"),
    ("Ben Mar", "birth_place", "Velan"),
    ("Ben Mar", "spouse", "Ada Lin"),
    ("Ben Mar", "alma_mater", "Melik College"),
    ("Torid", "leader", "Ben Mar"),
    ("Melik College", "city", "Torid"),
}


class MediaWiki(LoopbackServer):
    """Search by title, and the wikitext of a page."""

    def __init__(self, pages: Mapping[str, str] = PAGES) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.is_down = False
        self._pages = pages

    @property
    def site(self) -> str:
        return f"{self.root}/wiki/"

    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(request.target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append(unquote(request.target))
        if self.is_down:
            writer.write(http(503, b"Try again later.", "text/plain"))
            return
        if parts.path == "/w/rest.php/v1/search/page":
            found = [title for title in self._pages if set(query["q"].split()) & set(title.split())]
            rows = [{"title": title, "key": title.replace(" ", "_"), "excerpt": ""} for title in found]
            writer.write(http(200, json.dumps({"pages": rows}).encode()))
            return
        text = self._pages.get(unquote(parts.path.removeprefix("/wiki/")).replace("_", " "))
        if text is None or query != {"action": "raw"}:
            writer.write(http(404, b"There is no such page.", "text/plain"))
        else:
            writer.write(http(200, text.encode(), "text/x-wiki; charset=UTF-8"))


@pytest.fixture
def wiki() -> Iterator[MediaWiki]:
    with MediaWiki() as running:
        yield running


def build(wiki: MediaWiki, out: Path, mode: str, seed: str = "ada Lin", follow_links: int = 20) -> int:
    dials = {
        "web": "live",
        "site": wiki.site,
        "seeds": seed,
        "follow-links": str(follow_links),
        "gateway.mode": mode,
        "gateway.store": str(out.parent / "web.sqlite"),
        "gateway.allowed-hosts": urlsplit(wiki.root).netloc,
        "gateway.backoff-seconds": "0.01",
    }
    return execute(["graph", "build", "--out", str(out), *(word for k, v in dials.items() for word in (f"--{k}", v))])


def test_a_live_wiki_gives_the_graph_of_its_wikitext(
    wiki: MediaWiki, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(wiki, tmp_path / "record", "record") == 0, capsys.readouterr().err
    facts = list(read_jsonl(tmp_path / "record" / "facts.jsonl", Fact))
    assert {(one.subject, one.relation, one.object) for one in facts} == EVERYTHING
    assert {one.source.url for one in facts} <= {f"{wiki.site}{title.replace(' ', '_')}" for title in PAGES}
    asked = len(wiki.asked)
    assert asked >= len(PAGES)
    assert build(wiki, tmp_path / "replay", "replay") == 0, capsys.readouterr().err
    assert len(wiki.asked) == asked, "a replay asks nobody"
    first, second = ((tmp_path / mode / "facts.jsonl").read_bytes() for mode in ("record", "replay"))
    assert first == second


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--web", "live"], "name some to start from in seeds"),
        (["--web", "live", "--seeds", "Ada", "--whole"], "leave whole out, or import its dump"),
        (["--web", "live", "--seeds", "Ada", "--wiki", "w"], "leave out --wiki, or --web live"),
        (["--web", "live", "--seeds", "Ada", "--site", "en.wikipedia.org"], "what the addresses of pages begin with"),
        (["--web", "live", "--seeds", "Ada", "--site", "ftp://x/wiki/"], "what the addresses of pages begin with"),
        ([], "name a wiki with --wiki, or take the real web with --web live"),
    ],
)
def test_what_does_not_fit_is_one_line(
    more: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["graph", "build", "--out", str(tmp_path / "graph"), *more]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert words in line
    assert not (tmp_path / "graph").exists()


def test_a_wiki_that_was_down_is_asked_again(
    wiki: MediaWiki, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wiki.is_down = True
    for _ in range(2):
        assert build(wiki, tmp_path / "graph", "live") == 2
        assert "the web does not answer" in capsys.readouterr().err
    wiki.is_down = False
    assert build(wiki, tmp_path / "graph", "live") == 0, capsys.readouterr().err
    assert build(wiki, tmp_path / "other", "live") == 0, capsys.readouterr().err
    for name in ("facts.jsonl", "entities.jsonl", "rejects.jsonl"):
        assert (tmp_path / "graph" / name).read_bytes() == (tmp_path / "other" / name).read_bytes(), name


def test_links_to_pages_that_do_not_exist_are_no_outage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are answers, in a replay, too."""
    red = {f"R{number}" for number in range(FAILURES_IN_A_ROW + 1)}
    pages = {**PAGES, "Ada Lin": PAGES["Ada Lin"] + "".join(f" [[{title}]]" for title in sorted(red))}
    with MediaWiki(pages) as wiki:
        for mode in ("record", "replay"):
            assert build(wiki, tmp_path / mode, mode, follow_links=2 * len(red)) == 0, capsys.readouterr().err
    rejects = {one.id for one in read_jsonl(tmp_path / "replay" / "rejects.jsonl", Reject)}
    assert rejects >= {f"page:{title}" for title in red}


def test_a_seed_that_is_no_page_is_said(wiki: MediaWiki, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(wiki, tmp_path / "graph", "live", "Nobody At All") == 2
    assert "choose other seeds" in capsys.readouterr().err
