"""What a fetched body says: title and text of HTML, PDF and plain text.

Enters: a `Body`. Leaves: its title and its text as Markdown, both bounded, or `Refused`. Parsers of HTML and PDF are
large and meet whatever a page's author thought of: `reading_process` runs this module in a process of its own, which is
what `main` serves. There, on descriptor 0, comes one body after the other (JSON that describes it, then its content,
each after its length in 4 bytes) and on descriptor 1 goes what `read` gave, as JSON framed alike.
"""

import html
import io
import json
import re
import sys
import time
from typing import Any, BinaryIO

from websailor.tools.providers.base import Refused
from websailor.tools.providers.bodies import Body

MOST_CHARACTERS = 400_000
MOST_PDF_PAGES = 200
MOST_TITLE = 500
PDF_SECONDS = 8.0
"""Pages of a PDF are read so long; what was read by then is the text."""
MEMORY_BYTES = 2**31
"""Address space of the process."""
_UNPRINTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")


def read(body: Body) -> tuple[str, str]:
    """Title and text of a fetched body. Raises `Refused` where it cannot be read."""
    title, text = _pdf(body.content) if body.is_pdf else _html(body) if body.is_html else ("", body.text)
    text = _UNPRINTED.sub(" ", text.replace("\r\n", "\n"))[:MOST_CHARACTERS]
    if not text.strip():
        raise Refused("the page holds no readable text")
    return " ".join(_UNPRINTED.sub(" ", title[: 4 * MOST_TITLE]).split())[:MOST_TITLE], text


def _html(body: Body) -> tuple[str, str]:
    import trafilatura

    source = body.text
    text = trafilatura.extract(
        source,
        url=body.url,
        output_format="markdown",
        include_tables=True,
        include_links=False,
        include_comments=False,
        favor_recall=True,
    )
    return _title(source), text or ""


def _title(source: str) -> str:
    """What stands between the title tags: looked for once, without the search that a pattern would begin anew at every
    opening tag."""
    head = source[:100_000]
    lower = head.lower()
    if len(lower) != len(head):  # some capitals have longer small letters
        lower = head
    start = lower.find(">", lower.find("<title") + 1) if "<title" in lower else -1
    end = lower.find("</title", start)
    return html.unescape(head[start + 1 : end]) if 0 <= start < end else ""


def _pdf(content: bytes) -> tuple[str, str]:
    from pypdf import PdfReader

    last = time.monotonic() + PDF_SECONDS
    texts: list[str] = []
    size = 0
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused("the PDF is locked")
        for number, page in enumerate(reader.pages):
            if number >= MOST_PDF_PAGES or size > MOST_CHARACTERS or time.monotonic() > last:
                break
            texts.append(page.extract_text())
            size += len(texts[-1])
        title = str((reader.metadata.title if reader.metadata else None) or "")
    except Refused:
        raise
    except Exception as error:
        # Broken files make pypdf raise almost anything; what it read before is still what the file says.
        if not texts:
            raise Refused(f"the PDF cannot be read ({type(error).__name__})") from error
        title = ""
    return title, "\n\n".join(texts)


def main() -> None:
    """Read bodies until the other side closes the pipe."""
    import logging
    import resource

    import pypdf  # noqa: F401 -- before the memory is bounded, and before the clock of the first page runs
    import trafilatura  # noqa: F401

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable()
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    send(replies, {"ready": True})
    while (described := receive(requests)) is not None:
        send(replies, _answer(json.loads(described), receive(requests) or b""))


def _answer(described: dict[str, Any], content: bytes) -> dict[str, str]:
    try:
        title, text = read(Body(content=content, **described))
    except Refused as error:
        return {"refused": str(error)}
    except Exception as error:  # noqa: BLE001 -- whatever a parser raises, it is the page that it cannot read
        return {"refused": f"the page cannot be read ({type(error).__name__})"}
    return {"title": title, "text": text}


def framed(content: bytes) -> bytes:
    """Content after its length."""
    return len(content).to_bytes(4, "big") + content


def send(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Write a message as framed JSON."""
    stream.write(framed(json.dumps(message).encode()))
    stream.flush()


def receive(stream: BinaryIO) -> bytes | None:
    """The next frame; None where the stream has ended."""
    size = stream.read(4)
    return stream.read(int.from_bytes(size, "big")) if len(size) == 4 else None


if __name__ == "__main__":
    main()
