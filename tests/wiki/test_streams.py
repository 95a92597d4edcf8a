"""Multistream dumps: streams are found, read apart, and an import that is killed goes on where it stopped."""

import bz2
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pytest

from websailor.errors import UserError
from websailor.wiki import import_dump, open_wiki
from websailor.wiki.importing import Sequential, Streams, import_pages, open_source
from websailor.wiki.inlinks import count_inlinks, title_hash
from websailor.wiki.reader import Wiki
from websailor.wiki.streams import Span, find_streams, unpack

MakeDump = Callable[..., str]


def packed_streams(text: str, pages_per_stream: int = 2) -> list[bytes]:
    """The streams of a dump as Wikimedia makes them: the head, pages, the end of the document."""
    starts = [at for at in range(len(text)) if text.startswith("  <page>", at)]
    cuts = [0, *starts[::pages_per_stream], text.index("</mediawiki>"), len(text)]
    return [bz2.compress(text[a:b].encode()) for a, b in pairwise(cuts)]


def many_pages(count: int) -> dict[str, str]:
    pages = {f"Page {n}": f"'''Page {n}''' is number {n} and links to [[Page {n * 7 % count}]]." for n in range(count)}
    return {
        **pages,
        "Alias": "#REDIRECT [[Page 4]]",
        "Talk:London": "Not imported.",
        "Page 3": "'''Page 3''' [[Alias]]",
    }


@pytest.fixture
def dump(tmp_path: Path, make_dump: MakeDump) -> Path:
    file = tmp_path / "wiki-multistream.xml.bz2"
    file.write_bytes(b"".join(packed_streams(make_dump(many_pages(30)))))
    return file


def contents(wiki: Wiki) -> list[object]:
    searched = [hit for n in range(0, 30, 5) for hit in wiki.search(f"page number {n}")]
    return [list(wiki.pages()), [(t, wiki.inlinks(t), wiki.redirects_to(t)) for t in wiki.titles()], searched]


def write_index(dump: Path, streams: list[bytes], name: str, packer: Callable[[bytes], bytes]) -> None:
    starts = list(accumulate(len(stream) for stream in streams))[:-2]
    lines = "".join(f"{start}:{n}:Page {n}: a title\n" for n, start in enumerate(starts) for _ in range(2))
    dump.with_name(name).write_bytes(packer(lines.encode()))


def test_streams_are_found_with_and_without_an_index(dump: Path, make_dump: MakeDump) -> None:
    streams = packed_streams(make_dump(many_pages(30)))
    found = find_streams(dump)
    assert found is not None and found.site.name == "Testwiki"
    assert [span.end - span.start for span in found.spans] == [len(stream) for stream in streams]
    for name, packer in (
        ("wiki-multistream-index.txt.bz2", bz2.compress),
        ("wiki-multistream-index.txt", bytes),
    ):
        write_index(dump, streams, name, packer)
        assert find_streams(dump) == found
        dump.with_name(name).unlink()


@pytest.mark.parametrize("content", [b"5:1:A\n", b"no index at all\n", b"", b"99999999:1:A\n"])
def test_an_index_that_does_not_fit_is_not_believed(dump: Path, content: bytes) -> None:
    found = find_streams(dump)
    dump.with_name("wiki-multistream-index.txt").write_bytes(content)
    assert found is not None and find_streams(dump) == found
    dump.with_name("wiki-multistream-index.txt.bz2").write_bytes(b"BZh9 torn")
    assert find_streams(dump) == found


def test_streams_and_front_to_back_give_the_same_wiki(dump: Path, make_dump: MakeDump) -> None:
    plain = dump.with_name("plain.xml")
    plain.write_text(make_dump(many_pages(30)), encoding="utf-8")
    assert isinstance(open_source(dump), Streams) and isinstance(open_source(plain), Sequential)
    import_dump(plain, dump.with_name("one"))
    import_dump(dump, dump.with_name("two"))
    assert contents(open_wiki(dump.with_name("one"))) == contents(open_wiki(dump.with_name("two")))


@pytest.mark.parametrize("limit", [None, 7, 1000])
def test_the_number_of_processes_changes_nothing(dump: Path, limit: int | None) -> None:
    made = []
    for workers in (1, 2):
        directory = dump.with_name(f"wiki{workers}")
        directory.mkdir()
        made.append((import_pages(dump, directory, limit=limit, workers=workers), contents(open_wiki(directory))))
    assert made[0] == made[1]
    assert made[0][0]["pages"] == min(limit or 30, 30)


def test_streams_that_are_not_cut_at_pages_are_read_from_front_to_back(tmp_path: Path, make_dump: MakeDump) -> None:
    """What a parallel bzip2 writes."""
    text = make_dump(many_pages(30)).encode()
    file = tmp_path / "dump.xml.bz2"
    file.write_bytes(b"".join(bz2.compress(text[at : at + 500]) for at in range(0, len(text), 500)))
    assert find_streams(file) is None
    assert import_dump(file, tmp_path / "wiki").counts["pages"] == 30


def test_utf16_streams_are_read_from_front_to_back(tmp_path: Path, make_dump: MakeDump) -> None:
    text = make_dump({"A": "a", "B": "b"}, encoding="UTF-16")
    whole = text.encode("utf-16")
    file = tmp_path / "dump.xml.bz2"
    file.write_bytes(b"".join(bz2.compress(whole[at : at + 400]) for at in range(0, len(whole), 400)))
    assert find_streams(file) is None
    assert import_dump(file, tmp_path / "wiki").counts["pages"] == 2


def test_a_missing_end_is_noticed_before_any_work(dump: Path, make_dump: MakeDump) -> None:
    streams = packed_streams(make_dump(many_pages(30)))
    dump.write_bytes(b"".join(streams[:-2]))
    with pytest.raises(UserError, match=r"cut off: its last stream, at byte .*download it again"):
        import_dump(dump, dump.with_name("wiki"))
    dump.write_bytes(b"".join(streams)[:-20])
    with pytest.raises(UserError, match="cut off or damaged: the stream at byte"):
        import_dump(dump, dump.with_name("wiki"))
    assert not dump.with_name("wiki").exists() and not dump.with_name("wiki.part").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_damage_in_a_stream_is_named(dump: Path, make_dump: MakeDump, workers: int) -> None:
    streams = packed_streams(make_dump(many_pages(30)))
    at = sum(map(len, streams[:5]))
    broken = bytearray(streams[5])
    broken[len(broken) // 2] ^= 0xFF
    dump.write_bytes(b"".join([*streams[:5], bytes(broken), *streams[6:]]))
    dump.with_name("wiki").mkdir()
    with pytest.raises(UserError, match=f"damaged bzip2 data after byte {at}"):
        import_pages(dump, dump.with_name("wiki"), workers=workers)
    torn = bz2.compress(bz2.decompress(streams[5]).replace(b"</title>", b"</titel>", 1))
    dump.write_bytes(b"".join([*streams[:5], torn, *streams[6:]]))
    with pytest.raises(UserError, match=f"damaged in the stream at byte {at}, after its page 0"):
        import_pages(dump, dump.with_name("wiki"), workers=workers)


def test_padding_after_the_last_stream_is_no_damage(dump: Path) -> None:
    size = dump.stat().st_size
    with dump.open("ab") as file:
        file.write(bytes(100))
    found = find_streams(dump)
    assert found is not None
    assert unpack(dump, Span(found.spans[-1].start, size + 100)).strip() == b"</mediawiki>"


def committed(part: Path) -> int:
    """Units of work that an import has stored so far."""
    file = part / "pages.sqlite"
    if not file.is_file():
        return 0
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        row = connection.execute("SELECT json_extract(value, '$.units') FROM meta WHERE key = 'progress'").fetchone()
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
    return row[0] if row else 0


IMPORT = """
import sys
from pathlib import Path
from websailor.wiki.importing import import_pages

if __name__ == "__main__":
    import_pages(Path(sys.argv[1]), Path(sys.argv[2]), workers=int(sys.argv[3]))
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_import_goes_on_where_it_stopped(tmp_path: Path, make_dump: MakeDump, workers: int) -> None:
    pages = {f"Page {n}": f"'''Page {n}''' " + f"links to [[Page {n * 7 % 5000}]] and more. " * 6 for n in range(5000)}
    streams = packed_streams(make_dump({**pages, "Alias": "#REDIRECT [[Page 4]]"}), 50)
    dump, part = tmp_path / "dump.xml.bz2", tmp_path / "part"
    dump.write_bytes(b"".join(streams))
    part.mkdir()
    script = tmp_path / "script.py"
    script.write_text(IMPORT, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script), str(dump), str(part), str(workers)],
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while committed(part) < 45:
        assert process.poll() is None, "ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.wait()
    done = committed(part)
    assert 45 <= done < len(streams)
    while list(of_session(process.pid)):
        assert time.monotonic() < deadline, "workers outlive the import"
        time.sleep(0.02)

    # Whatever was stored is not read again: it could not be.
    whole = dump.read_bytes()
    spans = [0, *accumulate(map(len, streams))]
    spoilt = bytearray(whole)
    spoilt[spans[2] + 10 : spans[done] - 10] = bytes(spans[done] - spans[2] - 20)
    for number in range(2, done):
        spoilt[spans[number] : spans[number] + 10] = streams[number][:10]
    dump.write_bytes(spoilt)
    counts = import_pages(dump, part, workers=workers)
    dump.write_bytes(whole)
    (tmp_path / "whole").mkdir()
    assert counts == import_pages(dump, tmp_path / "whole", workers=1)
    assert contents(open_wiki(part)) == contents(open_wiki(tmp_path / "whole"))


def of_session(session: int) -> Iterator[int]:
    """Processes of a session that are still alive."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                yield int(entry.name)


def test_an_import_killed_on_the_command_line_goes_on(tmp_path: Path, make_dump: MakeDump) -> None:
    """Also in a dump without streams; and what another dump has left is thrown away."""
    pages = {
        f"Page {n}": f"'''Page {n}''' " + f"links to [[Page {n * 7 % 6000}]] and more. " * 6 for n in range(15_000)
    }
    dump, out = tmp_path / "dump.xml", tmp_path / "wiki"
    dump.write_text(make_dump(pages), encoding="utf-8")
    command = [sys.executable, "-m", "websailor.cli", "wiki", "import", str(dump), "--out", str(out)]
    for stop in (signal.SIGKILL, signal.SIGINT):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 120
        before = committed(tmp_path / "wiki.part")
        while committed(tmp_path / "wiki.part") < max(40, before + 5):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.005)
        os.kill(process.pid, stop)
        process.communicate()
        assert not out.exists() and committed(tmp_path / "wiki.part") > before
    assert import_dump(dump, out).counts["pages"] == 15_000
    assert not (tmp_path / "wiki.part").exists()
    assert not list(out.glob("*.u64")) and not list(out.glob("*-wal"))


def test_inlinks_are_counted_in_slices(tmp_path: Path) -> None:
    titles = [(f"T{n}", n // 2 + 1) for n in range(200)]
    links = [f"T{n * n % 260}" for n in range(4000)]
    file = tmp_path / "links"
    file.write_bytes(b"".join(map(title_hash, links)))
    expected = np.zeros(100, int)
    pid_of = dict(titles)
    for title in links:
        if title in pid_of:
            expected[pid_of[title] - 1] += 1
    for size in (10**9, 4096, 500):
        assert count_inlinks(file, titles, 100, slice_bytes=size).tolist() == expected.tolist()
    file.write_bytes(b"")
    assert count_inlinks(file, titles, 100).tolist() == [0] * 100
