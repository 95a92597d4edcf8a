"""Pages from the web as text: fetched directly, or through a reader service.

Enters: a URL as a model wrote it. Leaves: `{"url", "title", "text"}`, text as Markdown. HTML goes through trafilatura,
PDF through pypdf; both run outside the event loop and in bounded size.
"""

import asyncio
import html
import io
import re
import time
from collections.abc import Mapping
from typing import Any

from websailor.tools.providers.base import Payload, Refused, Secret, Unavailable
from websailor.tools.providers.bodies import Body
from websailor.tools.providers.http import Service
from websailor.tools.safety.addresses import parsed_url

MOST_CHARACTERS = 400_000
MOST_PDF_PAGES = 200
MOST_TITLE = 500
PDF_SECONDS = 15.0
"""Pages of a PDF are read so long; what was read by then is the text."""
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


class DirectHttp(Service):
    """GET the page itself."""

    name = "direct"
    tool = "visit"
    per_second = 10.0

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        body = await self._http.page(str(arguments["url"]))
        title, text = await asyncio.to_thread(read, body)
        if not text.strip():
            raise Refused("the page holds no readable text")
        return {"url": body.url, "title": title, "text": text[:MOST_CHARACTERS]}


class JinaReader(Service):
    """r.jina.ai: a service that renders pages and gives them as Markdown. About 20 calls a minute without a key."""

    name = "jina"
    tool = "visit"
    per_second = 1 / 3
    base = "https://r.jina.ai"

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        url = str(parsed_url(str(arguments["url"])))
        headers: dict[str, str | Secret] = {"Accept": "application/json"}
        if self._key:
            headers["Authorization"] = self._key.after("Bearer ")
        reply = (await self._http.api("GET", f"{self._base}/{url}", headers=headers)).json()
        data = reply.get("data") if isinstance(reply, Mapping) else None
        if not isinstance(data, Mapping) or not isinstance(data.get("content"), str):
            raise Unavailable("the reply has another form than documented")
        if not data["content"].strip():
            raise Refused("the page holds no readable text")
        url = str(data.get("url") or url)  # where redirects led to: that is what the leak guard must see
        return {"url": url, "title": str(data.get("title") or ""), "text": data["content"][:MOST_CHARACTERS]}


def read(body: Body) -> tuple[str, str]:
    """Title and text of a fetched body. Raises `Refused` where it cannot be read."""
    if body.is_pdf:
        return _pdf(body.content)
    if body.is_html:
        return _html(body)
    return "", body.text


def _html(body: Body) -> tuple[str, str]:
    import trafilatura
    from trafilatura.utils import decode_file

    # Where the header names no encoding, the page itself does, or its bytes tell.
    source = body.text if body.charset else decode_file(body.content)
    text = trafilatura.extract(
        source,
        url=body.url,
        output_format="markdown",
        include_tables=True,
        include_links=False,
        include_comments=False,
        favor_recall=True,
    )
    found = _TITLE.search(source[:100_000])
    title = " ".join(html.unescape(found.group(1)).split()) if found else ""
    if not text:
        raise Refused("the page holds no readable text")
    return title[:MOST_TITLE], text


def _pdf(content: bytes) -> tuple[str, str]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    last = time.monotonic() + PDF_SECONDS  # a thread cannot be cancelled
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Refused("the PDF is locked")
        texts: list[str] = []
        size = 0
        for number, page in enumerate(reader.pages):
            if number >= MOST_PDF_PAGES or size > MOST_CHARACTERS or time.monotonic() > last:
                break
            texts.append(page.extract_text())
            size += len(texts[-1])
        title = str((reader.metadata.title if reader.metadata else None) or "")
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise Refused(f"the PDF cannot be read ({type(error).__name__})") from error
    return title, "\n\n".join(texts)
