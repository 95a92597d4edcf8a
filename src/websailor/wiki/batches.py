"""A unit of work of an import: raw pages enter, packed pages leave, in any process.

What leaves is small and final (compressed JSON and hashes of link targets), so that the one process that writes the
store does nothing but write.
"""

import os
import signal
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import connection, parent_process
from typing import NamedTuple

import zstandard

from websailor.records import Page
from websailor.wiki.dump import RawPage
from websailor.wiki.inlinks import title_hash
from websailor.wiki.pages import read_page
from websailor.wiki.titles import Site

COMPRESSION_LEVEL = 6


class Packed(NamedTuple):
    """A page, ready to be stored."""

    title: str
    redirect_to: str | None
    body: bytes
    """JSON, compressed once the dictionary is known; empty for a redirect."""
    size: int
    """Bytes of the JSON."""
    links: bytes
    """Hashes of the titles linked to, each once."""


@dataclass(slots=True)
class Batch:
    """What a unit of work gave, in the order of the source. A page of no interest is the name of its reason."""

    compressed: bool
    entries: list[Packed | str] = field(default_factory=list)


def pack(page: Page, dictionary: bytes | None) -> Packed:
    """Encode a page. `dictionary`: the store's compression dictionary, None while there is none, empty when there never
    will be."""
    if page.redirect_to is not None:
        return Packed(page.title, page.redirect_to, b"", 0, b"")
    body = page.model_dump_json(exclude_defaults=True).encode()
    links = b"".join(map(title_hash, sorted({link.target for link in page.links})))
    packed = body if dictionary is None else compressor(dictionary).compress(body)
    return Packed(page.title, None, packed, len(body), links)


@lru_cache(maxsize=1)
def compressor(dictionary: bytes) -> zstandard.ZstdCompressor:
    """A compressor with that dictionary, or without one when it is empty."""
    if not dictionary:
        return zstandard.ZstdCompressor(level=COMPRESSION_LEVEL)
    return zstandard.ZstdCompressor(level=COMPRESSION_LEVEL, dict_data=zstandard.ZstdCompressionDict(dictionary))


def read_batch(dictionary: bytes | None, raws: Iterable[RawPage], site: Site) -> Batch:
    """Parse the pages of the main namespace that are in wikitext."""
    batch = Batch(compressed=dictionary is not None)
    for raw in raws:
        if raw.namespace != 0:
            batch.entries.append("other_namespaces")
        elif raw.model != "wikitext":
            batch.entries.append("other_models")
        else:
            batch.entries.append(pack(read_page(raw, site), dictionary))
    return batch


def prepare_worker() -> None:
    """Set a worker process up: Ctrl-C is its parent's matter, and it ends when its parent is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def end_with_parent() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
