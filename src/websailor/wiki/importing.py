"""A dump -> a wiki directory: pages are parsed (on all cores when there are many), stored, linked and indexed.

Everything is written into `<out>.part` beside the target and renamed at the end, so that a half-written wiki never
stands under the final name, whatever interrupts the import.
"""

import errno
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from websailor.errors import UserError
from websailor.files import StageDirectory, exclusive, require_space
from websailor.progress import progress_bar
from websailor.records import Manifest, Page
from websailor.wiki.dump import DumpReader, RawPage
from websailor.wiki.index import build_index
from websailor.wiki.pages import read_page
from websailor.wiki.store import PageStore, StoreWriter
from websailor.wiki.titles import Site
from websailor.wiki.world import generate_dump, truth_prefix

if TYPE_CHECKING:
    from websailor.wiki import Config

log = logging.getLogger(__name__)

TRUTH_FILES = ("world.json", "facts.jsonl")
"""What a generated world leaves beside its dump: knobs and name words, and every fact with the pages that state it."""
CHUNK = 64
"""Pages handed to a worker at once."""
_POOL_FROM_BYTES = 20_000_000
"""Size of dump from which a pool of processes pays for its start."""


def import_pages(
    source: Path, directory: Path, limit: int | None = None, workers: int | None = None
) -> dict[str, float]:
    """Fill `directory` with the pages of the dump `source`. Returns counts.

    `workers`: processes that parse; by default one per core for a large dump and none for a small one. The result is
    the same whatever their number.

    `UserError` when the file is no whole dump or holds no page of the main namespace; what was written is then useless.
    """
    reader = DumpReader(source)
    require_space(directory, 2 * reader.size)
    counts = {"other_namespaces": 0.0, "other_models": 0.0}
    with StoreWriter(directory) as writer, progress_bar("import pages", reader.size) as bar:
        seen = stored = 0
        for page in _parsed(_wanted(reader, counts, limit), reader, workers):
            writer.add(page)
            stored += page.redirect_to is None
            if reader.position > seen:
                bar.advance(reader.position - seen)
                seen = reader.position
                bar.note(f"{stored} pages")
        if not stored:
            raise UserError(f"{source}: holds no page (of the main namespace, with text): nothing to import")
        counts |= writer.finish(reader.site)
    store = PageStore(directory)
    with progress_bar("index pages", store.pages) as bar:
        build_index(directory, _indexed(store, bar.advance))
    return counts


def _indexed(store: PageStore, advance: Callable[[], None]) -> Iterator[tuple[int, Page, tuple[str, ...]]]:
    for pid, _ in store.titles():
        yield pid, store.read(pid), store.redirects(pid)
        advance()


def _wanted(reader: DumpReader, counts: dict[str, float], limit: int | None) -> Iterator[RawPage]:
    """Pages of the main namespace in wikitext; the others are counted."""
    taken = 0
    for raw in reader:
        if raw.namespace != 0:
            counts["other_namespaces"] += 1
        elif raw.model != "wikitext":
            counts["other_models"] += 1
        else:
            yield raw
            taken += raw.redirect_to is None
            if limit is not None and taken >= limit:
                return


def _parsed(raws: Iterable[RawPage], reader: DumpReader, workers: int | None) -> Iterator[Page]:
    if workers is None:
        workers = (os.cpu_count() or 1) if reader.size >= _POOL_FROM_BYTES else 1
    if workers <= 1:
        for raw in raws:
            yield read_page(raw, reader.site)
        return
    iterator = iter(raws)
    with ProcessPoolExecutor(workers) as pool:
        waiting = []
        while chunk := list(islice(iterator, CHUNK)):
            waiting.append(pool.submit(_read_pages, chunk, reader.site))
            # A short queue keeps memory flat and the order of the dump.
            if len(waiting) >= 4 * workers:
                yield from waiting.pop(0).result()
        for future in waiting:
            yield from future.result()


def _read_pages(raws: list[RawPage], site: Site) -> list[Page]:
    return [read_page(raw, site) for raw in raws]


def run_import(config: "Config", inputs: Mapping[str, Path], out: Path) -> Manifest:
    """The stage itself: see `websailor.wiki.run`."""
    source = inputs.get("source", config.source)
    named = {"source": source} if source is not None else {}
    if source is not None and not source.is_file():
        raise UserError(f"{source}: no such file: give a MediaWiki XML dump (.xml, .xml.bz2 or .xml.gz)")
    if out.exists():
        if (out / "config.json").is_file():
            with StageDirectory(out, "wiki", config, named) as stage:
                if stage.finished:
                    return stage.manifest()
        elif not out.is_dir() or any(out.iterdir()):
            raise UserError(f"{out}: exists and is no wiki directory: choose another --out")
    part = out.with_name(out.name + ".part")
    if part.is_dir():
        with exclusive(part):
            _discard(part)
    try:
        with StageDirectory(part, "wiki", config, named) as stage:
            counts = _fill(config, source, part)
            manifest = stage.finish(**counts)
        _discard(out)
        part.replace(out)
    except BaseException as error:
        _discard(part)
        if is_out_of_space(error):
            raise UserError(f"{out}: the disk is full: free some space and run the same command again") from error
        raise
    log.info("%s: %d pages, %d redirects", out, manifest.counts["pages"], manifest.counts["redirects"])
    return manifest


def is_out_of_space(error: BaseException) -> bool:
    """True when the operating system, SQLite or the index writer say that the disk is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    full = ("disk is full", "No space left on device")
    return isinstance(error, sqlite3.OperationalError | ValueError) and any(words in str(error) for words in full)


def _fill(config: "Config", source: Path | None, directory: Path) -> dict[str, float]:
    """Import `source`, or a world generated for the purpose; the truth of a generated world comes along."""
    if source is not None:
        for name in TRUTH_FILES:
            truth = source.with_name(truth_prefix(source) + name)
            if truth.is_file():
                shutil.copyfile(truth, directory / name)
        return import_pages(source, directory, config.limit)
    dump = directory / "dump.xml"
    generate_dump(config.world, dump)
    for name in TRUTH_FILES:
        (directory / (truth_prefix(dump) + name)).replace(directory / name)
    try:
        return import_pages(dump, directory, config.limit)
    finally:
        dump.unlink()


def _discard(directory: Path) -> None:
    if directory.exists():
        shutil.rmtree(directory)
