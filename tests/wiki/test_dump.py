"""Dumps of every shape: what can be read is read, the rest ends in one line and leaves nothing behind."""

import bz2
import errno
import gzip
import sqlite3
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from websailor.cli import execute
from websailor.errors import ConfigChanged, NoSpace, UserError
from websailor.files import StageDirectory, exclusive
from websailor.wiki import Config, import_dump, open_wiki, run
from websailor.wiki.dump import LONGEST_REVISION, UNPACKED, DumpReader
from websailor.wiki.importing import fill_part, import_pages, is_out_of_space
from websailor.wiki.world import WorldConfig, generate_dump

MakeDump = Callable[..., str]
TITLES = ["Ada Lovelace", "Analytical Engine", "Charles Babbage", "London", "Mercury"]


def refused(source: Path, *words: str) -> str:
    """Import must fail with one line that holds all `words`, and leave nothing behind."""
    out = source.parent / "wiki"
    before = set(source.parent.iterdir())
    with pytest.raises(UserError) as caught:
        import_dump(source, out)
    message = str(caught.value)
    assert "\n" not in message
    assert str(source) in message
    for word in words:
        assert word in message, message
    assert set(source.parent.iterdir()) == before
    return message


def imported(source: Path) -> list[str]:
    out = source.with_name(source.name + ".wiki")
    import_dump(source, out)
    return list(open_wiki(out).titles())


@pytest.mark.parametrize("version", ["", "0.3", "0.10", "0.11", "9.9"])
def test_every_schema_version_is_read(tmp_path: Path, make_dump: MakeDump, version: str) -> None:
    file = tmp_path / "dump.xml"
    file.write_text(make_dump(version=version), encoding="utf-8")
    assert imported(file) == TITLES


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8", "utf-8-sig", "iso-8859-1"])
@pytest.mark.parametrize("suffix", ["", ".bz2", ".gz"])
def test_encodings_and_packings(tmp_path: Path, make_dump: MakeDump, encoding: str, suffix: str) -> None:
    declared = {"utf-16": "UTF-16", "iso-8859-1": "ISO-8859-1"}.get(encoding, "UTF-8")
    pages = {"Köln": "'''Köln''' ist eine Stadt am Rhein."}
    text = make_dump(pages, encoding="" if encoding.startswith("utf-16-") else declared)
    bom = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    pack = {"": bytes, ".bz2": bz2.compress, ".gz": gzip.compress}[suffix]
    file = tmp_path / f"dump.xml{suffix}"
    file.write_bytes(pack(bom + text.encode(encoding)))
    out = tmp_path / "wiki"
    import_dump(file, out)
    page = open_wiki(out).page("Köln")
    assert page is not None and page.text == "Köln ist eine Stadt am Rhein."


def test_without_siteinfo_the_language_decides_the_address(tmp_path: Path, make_dump: MakeDump) -> None:
    file = tmp_path / "dump.xml"
    file.write_text(make_dump(siteinfo="", bare=True).replace('xml:lang="en"', 'xml:lang="de"'), encoding="utf-8")
    assert imported(file) == TITLES
    wiki = open_wiki(tmp_path / "dump.xml.wiki")
    assert wiki.language == "de"
    assert wiki.url("Charles Babbage") == "https://de.wikipedia.org/wiki/Charles_Babbage"
    assert wiki.resolve("Babbage") == "Charles Babbage"
    assert wiki.resolve("Talk:London") is None


def test_old_exports_without_ns_redirect_and_id(tmp_path: Path, make_dump: MakeDump) -> None:
    file = tmp_path / "dump.xml"
    file.write_text(make_dump(bare=True), encoding="utf-8")
    manifest = import_dump(file, tmp_path / "wiki")
    assert manifest.counts["pages"] == 5
    assert manifest.counts["redirects"] == 2
    assert manifest.counts["redirects_without_page"] == 1
    assert manifest.counts["other_namespaces"] == 1


def test_multistream(tmp_path: Path, make_dump: MakeDump) -> None:
    text = make_dump().encode()
    cuts = [0, *(at for at in range(len(text)) if text.startswith(b"  <page>", at)), len(text)]
    streams = [bz2.compress(text[a:b]) for a, b in pairwise(cuts)]
    file = tmp_path / "dump-multistream.xml.bz2"
    file.write_bytes(b"".join(streams))
    assert imported(file) == TITLES


def test_history_dumps_give_the_newest_revision(tmp_path: Path, make_dump: MakeDump) -> None:
    text = make_dump({"A": "new text"})
    old = '<revision><id>0</id><text xml:space="preserve">old text</text></revision>'
    file = tmp_path / "dump.xml"
    file.write_text(text.replace("<revision>", old + "<revision>"), encoding="utf-8")
    assert [page.text for page in DumpReader(file)] == ["new text"]


def test_other_models_and_deleted_texts_are_no_pages(tmp_path: Path, make_dump: MakeDump) -> None:
    text = make_dump({"Code": "a = 1", "Gone": "x", "A": "Text."})
    text = text.replace("<text", "<model>Scribunto</model><text", 1)
    text = text.replace('<text xml:space="preserve">x</text>', '<text deleted="deleted" />')
    file = tmp_path / "dump.xml"
    file.write_text(text, encoding="utf-8")
    manifest = import_dump(file, tmp_path / "wiki")
    assert manifest.counts["other_models"] == 1
    assert list(open_wiki(tmp_path / "wiki").titles()) == ["Gone", "A"]


def test_titles_are_normalised_and_the_first_of_two_stays(tmp_path: Path, make_dump: MakeDump) -> None:
    file = tmp_path / "dump.xml"
    file.write_text(make_dump({"new_York  City": "First.", "New York City": "Second."}), encoding="utf-8")
    manifest = import_dump(file, tmp_path / "wiki")
    wiki = open_wiki(tmp_path / "wiki")
    assert list(wiki.titles()) == ["New York City"]
    assert manifest.counts["duplicate_titles"] == 1
    page = wiki.page("new York_City")
    assert page is not None and page.text == "First."


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("suffix", ["", ".bz2", ".gz"])
def test_a_dump_cut_off_anywhere_says_where(tmp_path: Path, make_dump: MakeDump, share: float, suffix: str) -> None:
    pages = {f"Page {number}": f"Text {number} " + "words that fill the page " * 40 for number in range(200)}
    whole = {"": bytes, ".bz2": bz2.compress, ".gz": gzip.compress}[suffix](make_dump(pages).encode())
    cut = int(len(whole) * share)
    file = tmp_path / f"dump.xml{suffix}"
    file.write_bytes(whole[:cut])
    message = refused(file, "cut off", "byte")
    if not suffix:
        assert f"byte {cut}" in message
        if share > 0.1:
            assert "after page" in message and "'Page " in message


def test_a_multistream_cut_between_streams_is_noticed(tmp_path: Path, make_dump: MakeDump) -> None:
    text = make_dump().encode()
    middle = text.index(b"  <page><title>London")
    file = tmp_path / "dump.xml.bz2"
    file.write_bytes(bz2.compress(text[:middle]))
    refused(file, "cut off after page 3 ('Charles Babbage')", "byte")


def test_damage_in_the_middle(tmp_path: Path, make_dump: MakeDump) -> None:
    pages = {f"Page {number}": "words " * 300 for number in range(2000)}
    whole = bytearray(make_dump(pages).encode())
    whole[len(whole) // 2 : len(whole) // 2 + 20] = b"</page></page></page"
    file = tmp_path / "dump.xml"
    file.write_bytes(whole)
    refused(file, "damaged after page", "byte")
    packed = bytearray(bz2.compress(make_dump(pages).encode()))
    packed[len(packed) // 2] ^= 0xFF
    file = tmp_path / "dump.xml.bz2"
    file.write_bytes(packed)
    refused(file, "damaged bzip2 data", "byte")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.xml", b"", "empty"),
        ("blank.xml", b"\n\n", "empty"),
        ("text.xml", b"Just some text, no markup at all.", "not a MediaWiki XML dump, at byte 0"),
        ("page.html", b"<!DOCTYPE html><html><body><p>x</p></body></html>", "<html>"),
        ("feed.xml", b"<?xml version='1.0'?><rss><page><title>x</title></page></rss>", "<rss>"),
        ("nonsense.gz", b"\x1f\x8b this is not gzip", "damaged gzip data"),
        ("nonsense.bz2", b"BZh9 this is not bzip2", "damaged bzip2 data"),
        ("named.xml.gz", b"plain nonsense under a packed name", "not a MediaWiki XML dump"),
        ("wiki.zim", b"ZIM\x04" + bytes(80), "ZIM file"),
        ("wiki.7z", b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        ("wiki.xml.xz", b"\xfd7zXZ\x00", "unxz"),
        ("wiki.xml.zst", b"(\xb5/\xfd\x00", "Zstandard"),
        ("random.bin", bytes(range(256)) * 40, "not a MediaWiki XML dump"),
        ("siteinfo.xml", b"<mediawiki><siteinfo></siteinfo></mediawiki>", "holds no page"),
        ("nothing.xml", b"<mediawiki/>", "holds no page"),
        ("packed.xml.bz2", bz2.compress(b"<mediawiki></mediawiki>"), "holds no page"),
        ("noise.xml.bz2", bz2.compress(b"no xml inside"), "not a MediaWiki XML dump"),
    ],
)
def test_what_is_no_dump_is_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    refused(file, words)


@pytest.mark.parametrize(("suffix", "pack"), [(".bz2", bz2.compress), (".gz", gzip.compress)])
def test_a_file_that_unpacks_without_end_is_refused_in_bounded_memory(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    page = b"<mediawiki><page><title>A</title><revision><text>"
    bomb = tmp_path / f"bomb.xml{suffix}"
    bomb.write_bytes(pack(page + b"a" * (LONGEST_REVISION + 2 * UNPACKED)))
    assert bomb.stat().st_size < 200_000
    refused(bomb, "damaged after page 0", "no page ends within")


@pytest.mark.parametrize("pack", [bz2.compress, gzip.compress])
@pytest.mark.parametrize("spare", [-1, 0, 1])
def test_what_fills_the_unpacked_blocks_exactly_is_whole(
    tmp_path: Path, pack: Callable[[bytes], bytes], spare: int
) -> None:
    head = b"<mediawiki><page><title>A</title><revision><text>"
    tail = b"</text></revision></page></mediawiki>"
    text = b"a" * (2 * UNPACKED + spare - len(head) - len(tail))
    file = tmp_path / "dump.xml.packed"
    file.write_bytes(pack(head + text + tail))
    assert [len(page.text) for page in DumpReader(file)] == [len(text)]


def test_numbers_and_addresses_that_are_none_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "dump.xml"
    file.write_text(
        "<mediawiki><siteinfo><base>http://[bad/Main</base><namespaces><namespace key='--1'>X</namespace></namespaces>"
        "</siteinfo><page><title>A</title><ns>²</ns><id>²</id><revision><text>x</text></revision></page>"
        "<page><title>B</title><ns>--1</ns><id>7</id><revision><text>y</text></revision></page></mediawiki>",
        encoding="utf-8",
    )
    assert [(page.title, page.namespace, page.id) for page in DumpReader(file)] == [("A", 0, 1), ("B", 0, 7)]


def test_only_talk_pages_or_only_redirects_is_nothing_to_import(tmp_path: Path, make_dump: MakeDump) -> None:
    file = tmp_path / "talk.xml"
    file.write_text(make_dump({"Talk:A": "x", "B": "#REDIRECT [[C]]"}), encoding="utf-8")
    refused(file, "holds no page")


def test_a_missing_file_and_a_directory(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        import_dump(tmp_path / "nowhere.xml", tmp_path / "wiki")
    with pytest.raises(UserError, match="no such file"):
        import_dump(tmp_path, tmp_path / "wiki")


def test_entities_are_never_expanded(tmp_path: Path) -> None:
    bomb = (
        '<!DOCTYPE mediawiki [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
        '<!ENTITY c SYSTEM "file:///etc/hostname">]>'
        "<mediawiki><page><title>A</title><ns>0</ns><revision><text>Before. &b; &c; After.</text></revision></page>"
        "</mediawiki>"
    )
    file = tmp_path / "bomb.xml"
    file.write_text(bomb, encoding="utf-8")
    assert all("aaaa" not in page.text for page in DumpReader(file))


def test_a_finished_wiki_is_left_alone_and_another_config_is_refused(tmp_path: Path, make_dump: MakeDump) -> None:
    source = tmp_path / "dump.xml"
    source.write_text(make_dump(), encoding="utf-8")
    out = tmp_path / "wiki"
    first = import_dump(source, out)
    stamp = (out / "pages.sqlite").stat().st_mtime_ns
    assert import_dump(source, out) == first
    assert (out / "pages.sqlite").stat().st_mtime_ns == stamp
    with pytest.raises(ConfigChanged, match="limit"):
        import_dump(source, out, limit=2)
    source.write_text(make_dump({"Other": "Another dump."}), encoding="utf-8")
    with pytest.raises(ConfigChanged, match="source"):
        import_dump(source, out)
    assert list(open_wiki(out).titles()) == TITLES


def test_a_failed_import_does_not_touch_what_stood_there(tmp_path: Path, make_dump: MakeDump) -> None:
    out = tmp_path / "wiki"
    out.mkdir()
    (out / "mine.txt").write_text("do not delete")
    source = tmp_path / "dump.xml"
    source.write_text(make_dump(), encoding="utf-8")
    with pytest.raises(UserError, match="no wiki directory"):
        import_dump(source, out)
    assert (out / "mine.txt").read_text() == "do not delete"


def test_what_an_interrupted_import_left_is_replaced(tmp_path: Path, make_dump: MakeDump) -> None:
    source = tmp_path / "dump.xml"
    source.write_text(make_dump(), encoding="utf-8")
    part = tmp_path / "wiki.part"
    part.mkdir()
    (part / "pages.sqlite").write_bytes(b"half a file")
    import_dump(source, tmp_path / "wiki")
    assert list(open_wiki(tmp_path / "wiki").titles()) == TITLES
    assert not part.exists()


def test_two_dumps_are_one_too_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["wiki", "import", "a.xml", "--source", "b.xml", "--out", str(tmp_path / "wiki")]) == 2
    assert "name one dump" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_two_imports_at_once_do_not_take_each_other_s_work(tmp_path: Path, make_dump: MakeDump) -> None:
    source, part = tmp_path / "dump.xml", tmp_path / "wiki.part"
    source.write_text(make_dump(), encoding="utf-8")
    part.mkdir()
    with exclusive(part):
        (part / "pages.sqlite").write_bytes(b"of the other")
        for begin in (
            lambda: fill_part(Config(source=source), source, part, {"source": source}),
            lambda: import_dump(source, tmp_path / "wiki"),
        ):
            with pytest.raises(UserError, match="another process is working here"):
                begin()
        assert (part / "pages.sqlite").read_bytes() == b"of the other"


def test_what_is_stored_outlives_a_disk_that_is_full(tmp_path: Path, make_dump: MakeDump) -> None:
    """What says so here is the check beforehand: the dump has grown to more than any disk holds."""
    source, part = tmp_path / "dump.xml", tmp_path / "wiki.part"
    source.write_text(make_dump(), encoding="utf-8")
    config, inputs = Config(source=source), {"source": source}
    with StageDirectory(part, "wiki", config, inputs):
        import_pages(source, part)
    stored = (part / "pages.sqlite").read_bytes()
    huge = tmp_path / "huge.xml"
    with huge.open("wb") as file:
        file.truncate(1 << 42)
    with pytest.raises(NoSpace, match="free some space"):
        fill_part(config, huge, part, inputs)
    assert (part / "pages.sqlite").read_bytes() == stored
    assert import_dump(source, tmp_path / "wiki").counts["pages"] == len(TITLES)
    assert not part.exists()
    with pytest.raises(NoSpace, match="free some space"):
        fill_part(config, huge, part, inputs)
    assert not part.exists(), "nothing was stored"


def test_many_processes_make_the_same_wiki(tmp_path: Path, make_dump: MakeDump) -> None:
    pages = {f"Page {n}": f"'''Page {n}''' links to [[Page {n * 7 % 300}]]." for n in range(300)}
    source = tmp_path / "dump.xml"
    source.write_text(make_dump({**pages, "Alias": "#REDIRECT [[Page 4]]"}), encoding="utf-8")
    found = []
    for workers in (1, 3):
        directory = tmp_path / f"wiki{workers}"
        directory.mkdir()
        counts = import_pages(source, directory, workers=workers)
        wiki = open_wiki(directory)
        found.append((counts, list(wiki.pages()), [hit for n in range(20) for hit in wiki.search(f"page {n}")]))
    assert found[0] == found[1]
    source.write_bytes(source.read_bytes()[:-2000])
    (tmp_path / "cut").mkdir()
    with pytest.raises(UserError, match="cut off"):
        import_pages(source, tmp_path / "cut", workers=2)


def test_limit_counts_pages_not_redirects(tmp_path: Path, make_dump: MakeDump) -> None:
    source = tmp_path / "dump.xml"
    source.write_text(make_dump(), encoding="utf-8")
    assert import_dump(source, tmp_path / "wiki", limit=3).counts["pages"] == 3


def test_the_truth_beside_a_generated_dump_comes_along(tmp_path: Path) -> None:
    dump = tmp_path / "w.xml.bz2"
    generate_dump(WorldConfig.model_validate({"pages": 60, "seed": 2}), dump)
    import_dump(dump, tmp_path / "wiki")
    wiki = open_wiki(tmp_path / "wiki")
    assert wiki.lexicon
    assert (tmp_path / "wiki" / "facts.jsonl").read_bytes() == (tmp_path / "w.facts.jsonl").read_bytes()
    assert wiki.url("X").startswith("https://small-2.world.example/wiki/")


def test_a_full_disk_is_known_by_its_errors() -> None:
    assert is_out_of_space(OSError(errno.ENOSPC, "No space left on device"))
    assert is_out_of_space(sqlite3.OperationalError("database or disk is full"))
    assert not is_out_of_space(OSError(errno.EACCES, "Permission denied"))
    assert not is_out_of_space(sqlite3.OperationalError("no such table: page"))
    assert not is_out_of_space(KeyboardInterrupt())


def test_a_generated_world_takes_the_same_road(tmp_path: Path) -> None:
    config = Config.model_validate({"seed": 3, "world": {"pages": 120}})
    assert config.world.seed == 3
    manifest = run(config, {}, tmp_path / "wiki")
    wiki = open_wiki(tmp_path / "wiki")
    assert manifest.counts["pages"] == len(wiki) >= 120
    assert wiki.lexicon
    assert (tmp_path / "wiki" / "facts.jsonl").stat().st_size > 0
    assert not list((tmp_path / "wiki").glob("dump*"))
    assert all(page.infobox and page.first_sentence for page in wiki.pages())
    names = set(wiki.lexicon)
    assert sum(any(word in names for word in title.split()) for title in wiki.titles()) > 0.9 * len(wiki)
