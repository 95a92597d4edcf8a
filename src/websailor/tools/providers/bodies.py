"""Bodies of replies: bounded, inflated bit by bit, and known by what they hold.

Enters: a streamed response. Leaves: a `Body` of at most `MOST_BYTES`. Compressed bodies are inflated here and not by
the client, which would inflate each piece whole: 64 KB of a bomb are 64 MB.
"""

import json
import zlib
from dataclasses import dataclass
from typing import Any

import httpx2

from websailor.tools.providers.base import Refused, Unavailable
from websailor.tools.providers.encodings import decoded

MOST_BYTES = 8 * 2**20
"""Largest body that is read, after inflating."""
READABLE = (
    "text/",
    "application/xhtml+xml",
    "application/xml",
    "application/json",
    "application/pdf",
    "application/rss",
    "application/atom",
)
"""Beginnings of content types that a page may have."""
UNTOLD = ("", "application/octet-stream", "binary/octet-stream", "application/download", "unknown/unknown")
"""Content types that say nothing: what the body begins with tells."""
_TOO_LARGE = f"the reply is larger than {MOST_BYTES // 2**20} MB"
_HTML_BEGINS = (b"<!doctype html", b"<html", b"<head", b"<?xml")


@dataclass(frozen=True, slots=True)
class Body:
    """A reply that was read to its end."""

    url: str
    content_type: str
    """Without parameters, lower case."""
    charset: str | None
    content: bytes

    @property
    def text(self) -> str:
        """See `encodings.decoded`."""
        return decoded(self.content, self.charset)

    @property
    def is_pdf(self) -> bool:
        return self.content_type == "application/pdf" or self.content.startswith(b"%PDF-")

    @property
    def is_html(self) -> bool:
        begin = self.content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        return "html" in self.content_type or begin.startswith(_HTML_BEGINS)

    @property
    def is_binary(self) -> bool:
        """No text, whatever its type says: text has no zero bytes unless it is UTF-16 or UTF-32, which say so."""
        wide = (self.charset or "").lower().startswith(("utf-16", "utf-32")) or self.content[:2] in (
            b"\xff\xfe",
            b"\xfe\xff",
        )
        return not wide and b"\0" in self.content[:4096]

    def json(self) -> Any:
        """Raises `Unavailable` where it is none: a proxy's error page instead of the answer."""
        try:
            return json.loads(self.content.decode(json.detect_encoding(self.content), "replace"))
        except (ValueError, RecursionError):
            told = self.content_type or "no content type"
        raise Unavailable(f"the reply is no JSON ({told})")


def check_page(body: Body) -> None:
    """Raise `Refused` unless a page can be read: by its type, and by what it holds."""
    if body.is_pdf:
        return
    if body.is_binary:
        raise Refused("the page is no text, whatever it says it is")
    told = body.content_type
    if told.startswith(READABLE) or (told in UNTOLD and body.is_html):
        return
    raise Refused(f"the page is {told or 'of no stated type'}, which cannot be read")


async def read_body(response: httpx2.Response) -> bytes:
    """The inflated body. Raises `Refused` once it is larger than `MOST_BYTES`, `Unavailable` when it breaks off."""
    declared = response.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > MOST_BYTES:
        raise Refused(_TOO_LARGE)
    if response.is_stream_consumed:  # a transport that keeps whole replies in memory
        return _bounded(response.content)
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    inflater = _Inflater(encoding) if encoding not in ("identity", "") else None
    parts: list[bytes] = []
    size = 0
    async for raw in response.aiter_raw():
        part = inflater.inflate(raw, MOST_BYTES + 1 - size) if inflater else raw
        size += len(part)
        if size > MOST_BYTES:
            raise Refused(_TOO_LARGE)
        parts.append(part)
    if inflater is not None and not inflater.ended:
        raise Unavailable("the reply broke off")
    return b"".join(parts)


def _bounded(content: bytes) -> bytes:
    if len(content) > MOST_BYTES:
        raise Refused(_TOO_LARGE)
    return content


class _Inflater:
    """gzip (of several members, too) and deflate (with and without its header)."""

    def __init__(self, encoding: str) -> None:
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise Refused(f"the reply is packed as {encoding[:40]}, which was not asked for")
        self._bits = zlib.MAX_WBITS if encoding == "deflate" else 16 + zlib.MAX_WBITS
        self._member = zlib.decompressobj(self._bits)
        self._begun = False

    @property
    def ended(self) -> bool:
        """Nothing is missing: the last member is complete, or nothing came at all."""
        return self._member.eof or not self._begun

    def inflate(self, data: bytes, most: int) -> bytes:
        """At most `most` bytes of what `data` holds."""
        out: list[bytes] = []
        while data and most > 0:
            if self._member.eof:
                if not data.strip(b"\0"):
                    break  # padding behind the last member
                self._member = zlib.decompressobj(self._bits)
            part = self._next(data, most)
            self._begun = True
            out.append(part)
            most -= len(part)
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        return b"".join(out)

    def _next(self, data: bytes, most: int) -> bytes:
        try:
            return self._member.decompress(data, most)
        except zlib.error as error:
            if self._begun or self._bits != zlib.MAX_WBITS:
                raise Unavailable("the reply is damaged") from error
        self._bits = -zlib.MAX_WBITS  # deflate without its header, as some servers send it
        self._member = zlib.decompressobj(self._bits)
        try:
            return self._member.decompress(data, most)
        except zlib.error as error:
            raise Unavailable("the reply is damaged") from error
