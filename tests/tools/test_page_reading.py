"""Pages as text: HTML, PDF, what cannot be read; a model that reads for the goal; scholar and faults over a wiki."""

import asyncio
import io
import json

import httpx2
import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from websailor.errors import UserError
from websailor.models.base import ContextExceeded, Reply
from websailor.models.scripted import ScriptedModel
from websailor.records import InfoboxField, Message, Page, ToolCall, Value
from websailor.tools.base import EPISODE, Asking, Toolbox, ToolFailure
from websailor.tools.config import ToolsConfig
from websailor.tools.faults import FaultsConfig, FaultyWeb
from websailor.tools.memory import InMemoryWeb
from websailor.tools.providers.base import NotThere, ProviderError, Refused, Throttled, Unavailable
from websailor.tools.providers.bodies import MOST_BYTES, Body
from websailor.tools.providers.http import Http
from websailor.tools.providers.page_readers import DirectHttp
from websailor.tools.providers.reading import read
from websailor.tools.simulated import web_toolbox
from websailor.tools.summary import ASKED_AGAIN, SummaryReader, read_summary
from websailor.tools.visit import ExtractiveReader
from websailor.tools.webs import Blocking, Immediate

HTML = """<!doctype html><html><head><title>Melik  Works</title></head>
<body><nav>Home About</nav><article><h1>Melik Works</h1>
<p>Melik Works is a company that was founded by Velan Torid in 1921. It makes lamps and radios for the whole region.</p>
<table><tr><th>Founded</th><td>1921</td></tr></table>
<p>Its head office stands in Torid Vel, where it employs about two hundred people.</p></article></body></html>"""


class Scripted(httpx2.AsyncBaseTransport):
    """One response, whoever asks."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._response


def body(content: bytes, kind: str, charset: str | None = None) -> Body:
    return Body(url="https://example.org/a", content_type=kind, charset=charset, content=content)


def pdf(text: str) -> bytes:
    writer = PdfWriter()
    page = writer.add_blank_page(300, 200)
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
    )
    stream = DecodedStreamObject()
    stream.set_data(f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode())
    page[NameObject("/Contents")] = stream
    writer.add_metadata({"/Title": "A Report"})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def fetched(response: httpx2.Response) -> object:
    async def run() -> object:
        http = Http(page_transport=Scripted(response))
        try:
            return await DirectHttp(http)({"url": "https://example.org/a"})
        finally:
            await http.aclose()

    return asyncio.run(run())


def test_html_loses_its_frame_and_keeps_its_tables() -> None:
    title, text = read(body(HTML.encode(), "text/html"))
    assert title == "Melik Works"
    assert "founded by Velan Torid in 1921" in text
    assert "1921" in text.replace("in 1921", "", 1)
    assert "Home About" not in text


def test_encodings() -> None:
    page = HTML.replace("Velan", "Vélan")
    assert "Vélan" in read(body(page.encode("latin-1"), "text/html", "latin-1"))[1]
    assert "北京" in read(body("北京是首都。".encode("gb18030"), "text/plain", "gb18030"))[1]
    assert "caf" in read(body("café".encode(), "text/plain", "no-such-charset"))[1]


def test_the_page_itself_names_its_encoding() -> None:
    page = HTML.replace("<head>", '<head><meta charset="gb2312">').replace(
        "Melik  Works</title>", "北京 &amp; 上海</title>"
    )
    title, _ = read(body(page.encode("gb2312"), "text/html"))
    assert title == "北京 & 上海"


def test_pdf() -> None:
    title, text = read(body(pdf("The lamp works were founded in 1921"), "application/pdf"))
    assert title == "A Report"
    assert "founded in 1921" in text
    assert read(body(pdf("Wrongly labelled"), "application/octet-stream"))[1].strip() == "Wrongly labelled"


@pytest.mark.parametrize("content", [b"%PDF-1.7 and then nothing", b"%PDF-", pdf("x")[:300]])
def test_a_broken_pdf_is_refused_with_words(content: bytes) -> None:
    with pytest.raises(Refused, match="PDF cannot be read"):
        read(body(content, "application/pdf"))


def test_a_page_through_http() -> None:
    found = fetched(httpx2.Response(200, headers={"content-type": "text/html; charset=utf-8"}, content=HTML.encode()))
    assert isinstance(found, dict)
    assert (found["url"], found["title"]) == ("https://example.org/a", "Melik Works")


@pytest.mark.parametrize(
    ("status", "headers", "content", "kind"),
    [
        (404, {}, b"", NotThere),
        (410, {}, b"", NotThere),
        (403, {}, b"", Refused),
        (429, {"retry-after": "3"}, b"", Throttled),
        (500, {}, b"", Unavailable),
        (503, {"retry-after": "3"}, b"", Throttled),
        (200, {"content-type": "image/png"}, b"x", Refused),
        (200, {"content-type": "text/html"}, b"<html></html>", Refused),
        (200, {"content-type": "text/html", "content-length": str(MOST_BYTES + 1)}, b"x", Refused),
        (200, {"content-type": "text/plain"}, b"x" * (MOST_BYTES + 1), Refused),
        (302, {"location": "http://127.0.0.1/"}, b"", ToolFailure),
    ],
)
def test_what_a_page_may_do_instead(
    status: int, headers: dict[str, str], content: bytes, kind: type[Exception]
) -> None:
    with pytest.raises(kind) as error:
        fetched(httpx2.Response(status, headers=headers, content=content))
    assert isinstance(error.value, ProviderError | ToolFailure)


PAGE = Page(id=1, title="Melik Works", url="https://w.example/M", text="It was founded in 1921. It makes lamps.")
GOOD = json.dumps({"rational": "first sentence", "evidence": "It was founded in 1921.", "summary": "Founded in 1921."})


def summarise(*replies: str) -> tuple[str, int]:
    model = ScriptedModel([Message(role="assistant", content=reply) for reply in replies])
    reader = SummaryReader(model, ExtractiveReader(ToolsConfig()))
    return asyncio.run(reader(PAGE, "when was it founded")), len(replies)


def test_a_summary_model_reads_for_the_goal() -> None:
    text, _ = summarise(f"<think>hm</think>Here: {GOOD}")
    assert text == "Melik Works\nEvidence: It was founded in 1921.\nSummary: Founded in 1921."


def test_it_is_asked_again_and_then_the_extract_answers() -> None:
    assert "Summary" in summarise("no", "{}", '{"evidence": 3}', GOOD)[0]
    text, _ = summarise(*["no json"] * (1 + ASKED_AGAIN))
    assert text.startswith("Melik Works\n")
    assert "founded in 1921" in text
    assert "Summary" not in text


def test_a_model_that_cannot_be_reached_is_said_and_the_extract_answers(caplog: pytest.LogCaptureFixture) -> None:
    class Gone:
        async def reply(self, messages: object, tools: object, sampling: object) -> Reply:
            raise UserError("no endpoint at http://127.0.0.1:1")

    text = asyncio.run(SummaryReader(Gone(), ExtractiveReader(ToolsConfig()))(PAGE, "when was it founded"))
    assert "founded in 1921" in text
    assert "no endpoint" in caplog.text


def test_a_page_that_is_too_long_is_shown_shorter() -> None:
    class Short:
        def __init__(self) -> None:
            self.asked: list[int] = []

        async def reply(self, messages: object, tools: object, sampling: object) -> Reply:
            assert isinstance(messages, list)
            length = len(messages[0].content)
            self.asked.append(length)
            if length > 30_000:
                raise ContextExceeded(length, 30_000)
            return Reply(message=Message(role="assistant", content=GOOD))

    model = Short()
    long = PAGE.model_copy(update={"text": "word " * 60_000})
    assert "Summary" in asyncio.run(SummaryReader(model, ExtractiveReader(ToolsConfig()))(long, "goal"))
    assert model.asked == sorted(model.asked, reverse=True)


def test_read_summary_takes_no_half() -> None:
    assert read_summary('{"evidence": "e"}') is None
    assert read_summary("[1]") is None
    assert read_summary("{" * 5000) is None


def person(number: int) -> Page:
    return Page(
        id=number, title=f"Person {number}", url=f"w/{number}", text=f"Person {number} is a writer. Lives here."
    )


PEOPLE = [person(number) for number in range(30)]
BOOK = Page(
    id=99,
    title="A Book",
    url="w/99",
    text="A Book is a novel by a writer.",
    infobox=(InfoboxField(key="author", values=(Value(type="text", text="Person 1"),)),),
)
FAULTS = FaultsConfig(seed=1, throttled=0.2, broken=0.2, dead=0.2, truncated=0.1, changed=0.2)


def episode(box: Toolbox, name: str) -> list[str]:
    async def run() -> list[str]:
        EPISODE.set(Asking(name))
        told = []
        for number in range(30):
            for call in (
                ToolCall(id="1", name="search", arguments=json.dumps({"query": [f"writer {number}"]})),
                ToolCall(id="2", name="visit", arguments=json.dumps({"url": [f"Person {number}"], "goal": "writer"})),
            ):
                told.append((await box.call(call)).content)
        return told

    return asyncio.run(run())


def test_faults_follow_from_the_seed_and_the_episode_alone() -> None:
    config = ToolsConfig(address="title", faults=FAULTS)
    box = web_toolbox(InMemoryWeb(PEOPLE), config)
    first = episode(box, "a")
    between = episode(box, "b")
    again = episode(web_toolbox(InMemoryWeb(PEOPLE), config), "a")
    assert first == again
    assert first != between
    other = config.model_copy(update={"faults": FAULTS.model_copy(update={"seed": 2})})
    assert episode(web_toolbox(InMemoryWeb(PEOPLE), other), "a") != first


def test_faults_are_as_frequent_as_asked() -> None:
    told = episode(web_toolbox(InMemoryWeb(PEOPLE), ToolsConfig(address="title", faults=FAULTS)), "a")
    share = {words: sum(words in text for text in told) / len(told) for words in ("429", "503", "no page")}
    assert 0.08 < share["429"] < 0.35
    assert 0.08 < share["503"] < 0.35
    assert 0.02 < share["no page"] < 0.25
    clean = episode(web_toolbox(InMemoryWeb(PEOPLE), ToolsConfig(address="title")), "a")
    assert not any("HTTP" in text for text in clean)


def test_a_dead_page_stays_dead() -> None:
    web = FaultyWeb(Immediate(InMemoryWeb(PEOPLE)), FaultsConfig(dead=0.5))

    def dead(number: int) -> bool:
        try:
            asyncio.run(web.fetch(f"Person {number}"))
        except ToolFailure:
            return True
        return False

    first = [dead(number) for number in range(20)]
    assert first == [dead(number) for number in range(20)]
    assert 0 < sum(first) < 20


def test_faults_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="add up to more than 1"):
        FaultsConfig(throttled=0.6, broken=0.6)


def test_an_async_web_can_be_read_by_those_who_wait() -> None:
    with Blocking(Immediate(InMemoryWeb([*PEOPLE, BOOK]))) as web:
        assert web.fetch("A Book").title == "A Book"
        assert web.search("novel", 1)[0].title == "A Book"
        with pytest.raises(ToolFailure):
            web.fetch("none")
