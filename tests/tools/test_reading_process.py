"""Pages that are hard to read: parsers that stall or crash, encodings, locked and broken PDF, pages that send on."""

import asyncio
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from websailor.tools.providers.base import NotThere, Refused
from websailor.tools.providers.bodies import Body
from websailor.tools.providers.encodings import codec, decoded
from websailor.tools.providers.http import Http, refresh
from websailor.tools.providers.page_readers import DirectHttp
from websailor.tools.providers.reading import MOST_CHARACTERS, MOST_TITLE, read
from websailor.tools.providers.reading_process import ReadingProcess
from websailor.tools.safety.addresses import Forbidden
from websailor.tools.safety.leaks import Blocked, LeakGuard

CHINESE = "北京是中华人民共和国的首都，也是全国的政治中心和文化中心。这座城市的人口超过两千万，历史非常悠久。"
JAPANESE = "東京は日本の首都であり、世界最大級の都市のひとつです。人口は千四百万人を超えています。"
TAIWANESE = "臺北市是中華民國的首都，也是政治與文化的中心。這座城市的歷史非常悠久，人口超過兩百萬。"
FRENCH = "Le café où l’été dernier nous avons dîné était très agréable, à côté du théâtre. "
RUSSIAN = "Москва является столицей России и крупнейшим городом страны, в нём живёт много людей."


def body(content: bytes, kind: str = "text/html", charset: str | None = None) -> Body:
    return Body(url="https://example.org/a", content_type=kind, charset=charset, content=content)


@pytest.fixture(scope="module")
def reading() -> Iterator[ReadingProcess]:
    process = ReadingProcess(seconds=3)
    yield process
    process.close()


def asked(reading: ReadingProcess, content: bytes, kind: str = "text/html") -> tuple[str, str]:
    return asyncio.run(reading.read(body(content, kind)))


PAGE = b"<html><head><title>A &amp; B</title></head><body><article><p>" + b"Words that are read. " * 20


# ---------------------------------------------------------------- the process


def test_it_reads_as_the_function_does(reading: ReadingProcess) -> None:
    assert asked(reading, PAGE) == read(body(PAGE))
    with pytest.raises(Refused, match="no readable text"):
        asked(reading, b"<html></html>")
    with pytest.raises(Refused, match="PDF cannot be read"):
        asked(reading, b"%PDF-1.7 and nothing else")


def test_a_page_that_stalls_the_parser_is_given_up_and_the_next_one_read(reading: ReadingProcess) -> None:
    stalling = b"<html><body>" + b"<p><a href=x>y</a><b>z</b><br>" * 150_000
    started = time.monotonic()
    with pytest.raises(Refused, match="takes too long"):
        asked(reading, stalling)
    assert time.monotonic() - started < 10
    assert asked(reading, PAGE)[0] == "A & B"


def test_a_reader_that_died_is_replaced(reading: ReadingProcess) -> None:
    asked(reading, PAGE)
    reading._idle[-1].kill()
    reading._idle[-1].wait()
    assert asked(reading, PAGE)[0] == "A & B"


def test_a_page_that_its_reader_dies_of_is_refused(reading: ReadingProcess) -> None:
    asked(reading, PAGE)
    process = reading._idle[-1]

    async def run() -> None:
        task = asyncio.create_task(reading.read(body(b"<html><body>" + b"<p><a href=x>y</a><b>z</b><br>" * 150_000)))
        await asyncio.sleep(0.5)
        process.kill()
        with pytest.raises(Refused, match="broke down"):
            await task

    asyncio.run(run())
    assert asked(reading, PAGE)[0] == "A & B"


def test_the_reader_knows_no_environment(reading: ReadingProcess) -> None:
    asked(reading, PAGE)
    known = Path(f"/proc/{reading._idle[-1].pid}/environ").read_bytes().split(b"\0")
    assert {variable.partition(b"=")[0] for variable in known if variable} <= {b"PATH", b"PYTHONPATH", b"LANG"}


def test_pages_are_read_side_by_side_and_none_is_left_behind() -> None:
    reading = ReadingProcess()

    async def many() -> list[tuple[str, str]]:
        return await asyncio.gather(*(reading.read(body(PAGE)) for _ in range(6)))

    assert len(set(asyncio.run(many()))) == 1
    processes = list(reading._idle)
    reading.close()
    assert all(process.poll() is not None for process in processes)


# ---------------------------------------------------------------- what it reads


def test_titles() -> None:
    assert read(body(b"<title>one\n two</title><TITLE>x</TITLE>" + PAGE))[0] == "one two"
    assert read(body(PAGE.replace(b"A &amp; B", b"x" * 9000)))[0] == "x" * MOST_TITLE
    started = time.monotonic()
    with pytest.raises(Refused, match="no readable text"):
        read(body(b"<html>" + b"<title>" * 14_000 + PAGE.replace(b"title>", b"h1>")))
    assert time.monotonic() - started < 5, "not looked for anew at every opening tag"


def test_texts_are_bounded_and_hold_no_control_characters() -> None:
    assert len(read(body(b"word " * 10**6, "text/plain"))[1]) == MOST_CHARACTERS
    text = read(body(b"a\x1b[31mred\x07\r\nnext\tcell\x9b2J", "text/plain", "latin-1"))[1]
    assert text == "a [31mred \nnext\tcell›2J"


@pytest.mark.parametrize("where", ["header", "meta", "nowhere"])
@pytest.mark.parametrize(
    ("text", "name"),
    [
        (CHINESE, "gb18030"),
        (CHINESE, "gb2312"),
        (TAIWANESE, "big5"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc-jp"),
        (RUSSIAN, "windows-1251"),
        (FRENCH, "windows-1252"),
        (CHINESE, "utf-8"),
        (FRENCH, "utf-8"),
    ],
)
def test_encodings(text: str, name: str, where: str) -> None:
    content = (text * 8).encode(name)
    if where == "meta":
        content = f'<html><head><meta http-equiv="x" content="text/html; charset={name}">'.encode() + content
    assert (text * 8) in decoded(content, name if where == "header" else None)


@pytest.mark.parametrize(
    "label",
    ["punycode", "idna", "hex", "zip", "bz2", "rot13", "undefined", "unicode_escape", "utf-7", "mbcs", "\0", " "],
)
def test_codecs_that_are_no_encodings_of_the_web(label: str) -> None:
    assert codec(label) is None
    started = time.monotonic()
    assert decoded(b"a" * 10**6, label) == "a" * 10**6
    assert time.monotonic() - started < 1


@given(st.binary(max_size=300), st.text(max_size=12) | st.sampled_from(["utf-16", "utf-32", "gbk", "latin-1", "hz"]))
def test_any_bytes_are_text(content: bytes, label: str) -> None:
    text = decoded(content, label)
    assert text.encode().decode() == text


def test_a_mark_counts_more_than_a_header() -> None:
    assert decoded("é".encode("utf-8-sig"), "latin-1") == "é"
    assert decoded("é".encode("utf-16"), "latin-1") == "é"
    assert decoded(b"\x93quoted\x94", "iso-8859-1") == "“quoted”"


# ---------------------------------------------------------------- PDF


def locked(password: str, algorithm: str = "RC4-128") -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt(password, algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_locked_pdf_is_refused() -> None:
    with pytest.raises(Refused, match="locked"):
        read(body(locked("secret"), "application/pdf"))


def test_a_pdf_whose_lock_needs_a_library_that_is_not_there() -> None:
    """AES without `cryptography`: pypdf raises what is none of its own errors."""
    content = locked("").replace(b"/V 2", b"/V 5").replace(b"/R 3", b"/R 6")
    with pytest.raises(Refused):
        read(body(content, "application/pdf"))


@given(st.integers(0, 10**9), st.binary(min_size=1, max_size=6))
def test_a_pdf_with_odd_bytes_is_read_or_refused(place: int, odd: bytes) -> None:
    content = bytearray(SOUND)
    content[place % len(content) : place % len(content) + len(odd)] = odd
    try:
        read(body(bytes(content), "application/pdf"))
    except Refused as error:
        assert str(error)


def _sound() -> bytes:
    writer = PdfWriter()
    for _ in range(3):
        writer.add_blank_page(100, 100)
    writer.add_metadata({"/Title": "T"})
    out = io.BytesIO()
    writer.write(out)
    assert len(PdfReader(out).pages) == 3
    return out.getvalue()


SOUND = _sound()


def test_a_pdf_that_says_of_itself_how_large_it_is() -> None:
    """A stream that inflates to a gigabyte ends with the process, not with the agent."""
    import zlib

    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"(x) Tj " * 2**17) for _ in range(400)) + packer.flush()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(packed), packed),
    ]
    content = b"%PDF-1.7\n" + b"".join(b"%d 0 obj\n%b\nendobj\n" % row for row in enumerate(objects, 1))
    reading = ReadingProcess(seconds=6)
    with pytest.raises(Refused):
        asked(reading, content + b"trailer\n<< /Root 1 0 R /Size 5 >>\n%%EOF", "application/pdf")
    reading.close()


# ---------------------------------------------------------------- pages that send on


@pytest.mark.parametrize(
    ("tag", "where"),
    [
        ('<meta http-equiv="refresh" content="0; url=/next">', "/next"),
        ("<META HTTP-EQUIV=REFRESH CONTENT=0;URL=https://b.example.org/>", "https://b.example.org/"),
        ("<meta http-equiv='refresh' content=\"1;URL='/a?b=1&amp;c=2'\">", "/a?b=1&c=2"),
        ('<meta http-equiv="refresh" content="300">', None),
        ('<meta http-equiv="refresh" content="300; url=/later">', None),
        ('<meta name="description" content="0; url=/x">', None),
        ("<meta " * 2000, None),
    ],
)
def test_where_a_page_sends_its_reader(tag: str, where: str | None) -> None:
    assert refresh(body(f"<html><head>{tag}</head>".encode())) == where
    assert refresh(body(tag.encode(), "text/plain")) is None


class Site(httpx2.AsyncBaseTransport):
    """Pages by address; keeps what was asked for, with its cookies."""

    def __init__(self, **pages: httpx2.Response) -> None:
        self.seen: list[tuple[str, str]] = []
        self._pages = pages

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.seen.append((str(request.url), request.headers.get("cookie", "")))
        return self._pages[request.url.path.strip("/") or "home"]


def html(content: str, **headers: str) -> httpx2.Response:
    return httpx2.Response(200, headers={"content-type": "text/html", **headers}, content=content.encode())


def sent_to(where: str) -> httpx2.Response:
    return html(f'<html><meta http-equiv="refresh" content="0;url={where}">')


def visit(site: Site, times: int = 1) -> list[object]:
    async def run() -> list[object]:
        http = Http(page_transport=site, guard=LeakGuard(urls=["secret.example.org"]))
        try:
            return [await DirectHttp(http)({"url": "https://a.example.org/"}) for _ in range(times)]
        finally:
            await http.aclose()

    return asyncio.run(run())


def test_a_page_that_sends_on_is_followed_as_a_redirect_is() -> None:
    site = Site(home=sent_to("/next"), next=html(PAGE.decode()))
    (found,) = visit(site)
    assert json.loads(json.dumps(found))["url"] == "https://a.example.org/next"
    for target, kind in (
        ("http://127.0.0.1/", Forbidden),
        ("http://169.254.169.254/latest", Forbidden),
        ("file:///etc/passwd", Forbidden),
        ("data:text/html,x", Forbidden),
        ("javascript:alert(1)", Forbidden),
        ("https://secret.example.org/x", Blocked),
        ("/", Refused),
    ):
        site = Site(home=sent_to(target))
        with pytest.raises(kind):
            visit(site)
        assert {address for address, _ in site.seen} == {"https://a.example.org/"}


def test_cookies_live_as_long_as_one_visit() -> None:
    moved = httpx2.Response(302, headers={"location": "/next", "set-cookie": "seen=1; Path=/"})
    site = Site(home=moved, next=html(PAGE.decode(), **{"set-cookie": "other=2"}))
    visit(site, times=2)
    assert [cookie for _, cookie in site.seen] == ["", "seen=1", "", "seen=1"]


@pytest.mark.parametrize(("status", "kind"), [(401, Refused), (402, Refused), (403, Refused), (404, NotThere)])
def test_a_locked_page_is_no_wrong_key(status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind) as error:
        visit(Site(home=httpx2.Response(status)))
    assert type(error.value) is kind
