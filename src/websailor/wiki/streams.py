"""The streams of a multistream dump: about a hundred pages each, unpacked and parsed apart from one another.

A path enters, spans of bytes leave, each a whole number of pages. They come from the index file beside the dump or,
without one, from a search for the bytes that start a bzip2 stream. A file that is not cut at pages (one stream only, or
packed by a parallel bzip2) has no such spans; it is read from front to back instead.
"""

import bz2
import logging
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] -- built from Cython, without stubs

from websailor.errors import UserError
from websailor.wiki.batches import Batch, read_batch
from websailor.wiki.dump import DumpReader, RawPage, page_elements
from websailor.wiki.titles import Site

log = logging.getLogger(__name__)

LARGEST_STREAM = 64_000_000
"""Bytes; a larger one would not fit a worker's memory when it is unpacked."""
LARGEST_UNPACKED = 512_000_000
"""Bytes of a stream; a hundred pages of the largest size that MediaWiki allows are 200 MB."""
_MAGIC = re.compile(rb"BZh[1-9]1AY&SY")
_ROOT = re.compile(rb"<mediawiki\b[^<>]*>")
_ENCODING = re.compile(rb"""<\?xml[^<>]*encoding=["']([^"']+)["']""")
_END = b"</mediawiki>"


class Span(NamedTuple):
    """Where a stream stands in the file."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Multistream:
    """A dump in streams."""

    path: Path
    site: Site
    root: bytes
    """The opening tag of the document."""
    spans: tuple[Span, ...]
    """All streams in the order of the file; the first holds the head, the last the end of the document."""

    def read(self, span: Span) -> Iterator[RawPage]:
        """The pages of one stream. `UserError` when it is damaged or cut off."""
        text = unpack(self.path, span)
        if span == self.spans[0]:
            text = text[_ROOT.search(text).end() :]  # pyright: ignore[reportOptionalMemberAccess] -- found before
        text = text.rstrip().removesuffix(_END)
        pages = 0
        try:
            for page in page_elements((self.root, text, _END), self.site, first_id=span.start):
                pages += 1
                yield page
        except etree.XMLSyntaxError as error:
            raise UserError(
                f"{self.path}: damaged in the stream at byte {span.start}, after its page {pages}: {error.msg}: "
                "download it again"
            ) from error


def read_stream(dictionary: bytes | None, dump: Multistream, span: Span) -> Batch:
    """A stream as a unit of work."""
    return read_batch(dictionary, dump.read(span), dump.site)


def unpack(path: Path, span: Span) -> bytes:
    """The unpacked bytes of a stream. `UserError` when it is damaged or does not end where the next one begins."""
    with path.open("rb") as file:
        file.seek(span.start)
        rest = file.read(span.end - span.start)
    parts = []
    while rest:
        stream = bz2.BZ2Decompressor()
        try:
            parts.append(stream.decompress(rest, LARGEST_UNPACKED))
        except OSError as error:
            if parts:
                # Padding after the last stream.
                break
            raise UserError(f"{path}: damaged bzip2 data after byte {span.start}: download it again") from error
        if not stream.eof and not stream.needs_input:
            raise UserError(
                f"{path}: damaged: the stream at byte {span.start} unpacks to more than {LARGEST_UNPACKED} bytes: "
                "download it again"
            )
        if not stream.eof:
            raise UserError(
                f"{path}: cut off or damaged: the stream at byte {span.start} has no end: download it again"
            )
        rest = stream.unused_data
    return b"".join(parts)


def find_streams(path: Path) -> Multistream | None:
    """The streams of a dump; None when it is not made of streams that are cut at pages.

    `UserError` when it is, but its end is missing: better said now than after hours of parsing.
    """
    with path.open("rb") as file:
        if file.read(3) != b"BZh":
            return None
    starts = _from_index(path) or _from_scan(path)
    if not starts or starts[0]:
        return None
    ends = [*starts[1:], path.stat().st_size]
    spans = tuple(Span(start, end) for start, end in zip(starts, ends, strict=True))
    if len(spans) < 3 or max(end - start for start, end in spans) > LARGEST_STREAM:
        return None
    head = unpack(path, spans[0])
    root, encoding = _ROOT.search(head), _ENCODING.search(head)
    if (
        root is None
        or (encoding is not None and encoding[1].lower() not in (b"utf-8", b"utf8", b"us-ascii"))
        or b"<!DOCTYPE" in head[: root.end()]
        or not head.rstrip().endswith((root[0], b"</siteinfo>", b"</page>"))
        or not unpack(path, spans[1]).lstrip().startswith(b"<page")
    ):
        return None
    if not unpack(path, spans[-1]).rstrip().endswith(_END):
        raise UserError(
            f"{path}: cut off: its last stream, at byte {spans[-1].start}, does not end the document: download it again"
        )
    return Multistream(path, DumpReader.site_of(path), root[0], spans)


def _from_scan(path: Path) -> list[int]:
    """Every place where a bzip2 stream starts; ten bytes in a row are no accident."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return [match.start() for match in _MAGIC.finditer(content)]


def _from_index(path: Path) -> list[int]:
    """Starts of the streams by the index that Wikimedia publishes beside a dump (`offset:page id:title` lines)."""
    name = path.name.removesuffix(".bz2").removesuffix(".xml")
    for index in (path.with_name(f"{name}-index.txt.bz2"), path.with_name(f"{name}-index.txt")):
        if index.is_file():
            break
    else:
        return []
    try:
        with bz2.open(index) if index.suffix == ".bz2" else index.open("rb") as lines:
            offsets = sorted({int(line.partition(b":")[0]) for line in lines})
    except (OSError, EOFError, ValueError) as error:
        log.warning("%s: unreadable (%s): looking for the streams in the dump itself", index, error)
        return []
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if not offsets or any(not _MAGIC.match(content, offset) for offset in offsets):
            log.warning("%s: belongs to another dump: looking for the streams in the dump itself", index)
            return []
        # The end of the document is a stream of its own, which the index does not name.
        after = [match.start() for match in _MAGIC.finditer(content, offsets[-1] + 1)]
    return [*([0] if offsets[0] else []), *offsets, *after]
