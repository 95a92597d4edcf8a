"""A dump -> a wiki directory: pages are parsed (on all cores when there are many), stored, linked and indexed.

Everything is written into `<out>.part` beside the target and renamed at the end, so that a half-written wiki never
stands under the final name. An import that is killed goes on where it stopped: units of work (streams of a multistream
dump, runs of pages of any other) that are stored are not parsed again. The index is built at the end, in one go.
"""

import errno
import logging
import os
import shutil
import sqlite3
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from websailor.errors import ConfigChanged, NoSpace, UserError
from websailor.files import StageDirectory, exclusive, holds_work, require_space
from websailor.progress import progress_bar
from websailor.records import Manifest, Page
from websailor.wiki import zim
from websailor.wiki.batches import Batch, prepare_worker, read_batch
from websailor.wiki.dump import DumpReader
from websailor.wiki.index import DIRECTORY_NAME as INDEX_NAME
from websailor.wiki.index import build_index
from websailor.wiki.store import PageStore, StoreWriter
from websailor.wiki.streams import Multistream, find_streams, read_stream
from websailor.wiki.titles import Site
from websailor.wiki.world import generate_dump, truth_prefix

if TYPE_CHECKING:
    from websailor.wiki import Config

log = logging.getLogger(__name__)

TRUTH_FILES = ("world.json", "facts.jsonl")
"""What a generated world leaves beside its dump: knobs and name words, and every fact with the pages that state it."""
CHUNK = 64
"""Pages of a dump without streams that make a unit of work."""
_POOL_FROM_BYTES = 20_000_000
"""Size of dump from which a pool of processes pays for its start."""


class Task(NamedTuple):
    """A unit of work; `work(dictionary, *arguments)` does it in any process."""

    work: Callable[..., Batch]
    arguments: tuple[Any, ...]
    position: int
    """Bytes of the source that are read when it is done."""


class Source(Protocol):
    """Where pages come from: a sequence of units of work, the same whenever it is read."""

    @property
    def site(self) -> Site: ...

    def tasks(self, done: int) -> Iterator[Task]: ...


def open_source(path: Path) -> Source:
    """The pages of a dump or a ZIM file. `UserError` says what is wrong with a file that is none."""
    with path.open("rb") as file:
        if file.read(len(zim.MAGIC)) == zim.MAGIC:
            return Zim(path)
    dump = find_streams(path)
    return Sequential(path) if dump is None else Streams(dump)


class Streams:
    """A multistream dump: every stream is unpacked and parsed by itself."""

    def __init__(self, dump: Multistream) -> None:
        self._dump = dump
        self.site = dump.site

    def tasks(self, done: int) -> Iterator[Task]:
        """The streams behind the first `done`."""
        for span in self._dump.spans[done:]:
            yield Task(read_stream, (self._dump, span), span.end)


class Sequential:
    """Any other dump: one process reads it from front to back, others parse what it finds."""

    def __init__(self, path: Path) -> None:
        self._reader = DumpReader(path)

    @property
    def site(self) -> Site:
        return self._reader.site

    def tasks(self, done: int) -> Iterator[Task]:
        """Runs of pages; the first `done` are read, since there is no other way past them, but not handed out."""
        pages = iter(self._reader)
        for number in count():
            raws = list(islice(pages, CHUNK))
            if not raws:
                return
            if number >= done:
                yield Task(read_batch, (raws, self.site), self._reader.position)


class Zim:
    """A ZIM file: every process opens it and reads entries of its own."""

    def __init__(self, path: Path) -> None:
        self._archive = zim.open_zim(path)
        self._size = path.stat().st_size
        self._file = zim.ZimFile(path, path.stat().st_mtime_ns)
        self.site = zim.zim_site(self._archive)

    def tasks(self, done: int) -> Iterator[Task]:
        """Runs of entries behind the first `done` runs."""
        count = zim.entry_count(self._archive)
        for first, last in zim.ranges(self._archive, done):
            yield Task(zim.read_entries, (self._file, self.site, first, last), self._size * last // count)


def import_pages(
    source: Path, directory: Path, limit: int | None = None, workers: int | None = None
) -> dict[str, float]:
    """Fill `directory` with the pages of the dump `source`. Returns counts.

    `workers`: processes that parse; by default one per core for a large dump and none for a small one. The result is
    the same whatever their number. A directory that an interrupted import has left is completed: what is stored is not
    parsed again.

    `UserError` when the file is no whole dump or holds no page of the main namespace; what was written is then useless.
    """
    size = source.stat().st_size
    stored = sum(file.stat().st_size for file in directory.glob("pages.sqlite*"))
    require_space(directory, 2 * size - stored)
    with StoreWriter(directory) as writer:
        counts = writer.complete or _store_pages(source, size, writer, limit, workers)
    store = PageStore(directory)
    index = directory / INDEX_NAME
    _discard(index)
    with progress_bar("index pages", store.pages) as bar:
        build_index(directory, _indexed(store, bar.advance))
    return counts


def _store_pages(
    source: Path, size: int, writer: StoreWriter, limit: int | None, workers: int | None
) -> dict[str, float]:
    if workers is None:
        workers = (os.cpu_count() or 1) if size >= _POOL_FROM_BYTES else 1
    opened, progress = open_source(source), writer.progress
    if progress.units:
        log.info("%s: going on behind unit %d, %d pages", source, progress.units, progress.pages)
    full = limit is not None and progress.pages >= limit
    with progress_bar("import pages", size) as bar, closing(_batches(opened, writer, workers)) as batches:
        seen = 0
        for position, batch in () if full else batches:
            for entry in batch.entries:
                if isinstance(entry, str):
                    writer.skip(entry)
                    continue
                writer.add_packed(entry, batch.compressed)
                full = limit is not None and writer.pages >= limit
                if full:
                    break
            writer.commit()
            bar.advance(position - seen)
            seen = position
            bar.note(f"{writer.pages} pages")
            if full:
                break
    if not writer.pages:
        raise UserError(f"{source}: holds no page (of the main namespace, with text): nothing to import")
    return writer.finish(opened.site)


def _batches(source: Source, writer: StoreWriter, workers: int) -> Generator[tuple[int, Batch], None, None]:
    """What the units of work give, in their order, with the bytes of the source read so far."""
    tasks = source.tasks(writer.progress.units)
    if workers <= 1:
        for task in tasks:
            yield task.position, task.work(writer.dictionary, *task.arguments)
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("forkserver"), initializer=prepare_worker)
    try:
        waiting: deque[tuple[int, Future[Batch]]] = deque()
        for task in tasks:
            waiting.append((task.position, pool.submit(task.work, writer.dictionary, *task.arguments)))
            # A short queue keeps memory flat.
            if len(waiting) >= 4 * workers:
                position, future = waiting.popleft()
                yield position, future.result()
        for position, future in waiting:
            yield position, future.result()
    except BrokenProcessPool as error:
        raise UserError(
            "a parsing process died: run the same command again to go on. If memory was short, free some; "
            'a script that imports needs `if __name__ == "__main__":`, since processes that parse load it too'
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _indexed(store: PageStore, advance: Callable[[], None]) -> Iterator[tuple[int, Page, tuple[str, ...]]]:
    for pid, _ in store.titles():
        yield pid, store.read(pid), store.redirects(pid)
        advance()


def run_import(config: "Config", inputs: Mapping[str, Path], out: Path) -> Manifest:
    """The stage itself: see `websailor.wiki.run`."""
    source = inputs.get("source", config.source)
    named = {"source": source} if source is not None else {}
    if source is not None and not source.is_file():
        raise UserError(f"{source}: no such file: give a MediaWiki XML dump (.xml, .xml.bz2 or .xml.gz) or a ZIM file")
    if out.exists():
        if (out / "config.json").is_file():
            with StageDirectory(out, "wiki", config, named) as stage:
                if stage.finished:
                    return stage.manifest()
        elif not out.is_dir() or any(out.iterdir()):
            raise UserError(f"{out}: exists and is no wiki directory: choose another --out")
    part = out.with_name(out.name + ".part")
    if part.is_dir() and not _goes_on(part, config, named):
        with exclusive(part):
            _discard(part)
    manifest = fill_part(config, source, part, named)
    _discard(out)
    part.replace(out)
    log.info("%s: %d pages, %d redirects", out, manifest.counts["pages"], manifest.counts["redirects"])
    return manifest


def fill_part(config: "Config", source: Path | None, part: Path, inputs: Mapping[str, Path]) -> Manifest:
    """Make the wiki in `part`, or complete what an interrupted import has left there; what came to nothing is removed.

    Raises `UserError` where another process is at work in it, and leaves that alone.
    """
    with StageDirectory(part, "wiki", config, inputs) as stage:
        try:
            counts = _fill(config, source, part)
            return stage.finish(**counts)
        except BaseException as error:
            full = is_out_of_space(error)
            # What is stored of a dump is kept for the next try, as after a kill.
            kept = inputs and holds_work(part) and (full or isinstance(error, KeyboardInterrupt))
            if not kept:
                _discard(part)
            if full and not isinstance(error, UserError):
                raise NoSpace(f"{part}: the disk is full: free some space and run the same command again") from error
            raise


def _goes_on(part: Path, config: "Config", inputs: Mapping[str, Path]) -> bool:
    """True for what an interrupted import of the same dump, with the same settings, has left."""
    if config.source is None and not inputs:
        # A generated dump is not kept: making it again is most of the work.
        return False
    try:
        with StageDirectory(part, "wiki", config, inputs), StoreWriter(part):
            return True
    except (ConfigChanged, sqlite3.DatabaseError) as error:
        log.info("%s: starting anew: %s", part, error)
        return False


def is_out_of_space(error: BaseException) -> bool:
    """True when we, the operating system, SQLite or the index writer say that the disk is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    if isinstance(error, NoSpace):
        return True
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
