"""Writes a world as a MediaWiki XML dump (export schema 0.11), and its truth beside it.

What enters: a `World`. What leaves: `FILE.xml` or `FILE.xml.bz2` (several bzip2 streams when it is large), written as a
stream and renamed into place when complete; `world.json` (knobs, lexicon, counts, what is held out) and `facts.jsonl`
(every fact with the pages that state it). A large world is rendered part by part in all cores; the bytes are the same
whatever their number.
"""

import bz2
import gc
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self
from xml.sax.saxutils import escape

from websailor.files import replacing, write_json
from websailor.progress import progress_bar
from websailor.wiki.world.held_out import HeldOut, split_of_seed
from websailor.wiki.world.lists import WikiPage
from websailor.wiki.world.model import TrueFact, World
from websailor.wiki.world.parts import Part, Rendering, parts

NAMESPACES = {-1: "Special", 0: "", 1: "Talk", 4: "Project", 6: "File", 10: "Template", 12: "Help", 14: "Category"}
TIMESTAMP = "2025-01-01T00:00:00Z"
NUMBER = "\0"
"""Stands for a page's id until the parts are put together; XML cannot hold it."""
STREAM_BYTES = 4_000_000
"""Text of one bzip2 stream, at least."""
POOL_FROM_PAGES = 20_000
"""Entities from which a pool of processes pays for its start."""


def base_url(world: World) -> str:
    """Address of the encyclopedia's main page; `.example` is reserved, so no such site can exist."""
    return f"https://{world.config.profile}-{world.config.seed}.world.example/wiki/Main_Page"


def write_dump(world: World, path: Path, workers: int | None = None) -> int:
    """Write the dump, compressed if the name ends in `.bz2`; a failure leaves nothing. Returns how many pages.

    `workers`: processes that render; by default one per core for a large world and none for a small one.
    """
    rendering = Rendering(world)
    wanted, workers = list(parts(rendering)), _workers(world, workers)
    count = 0
    with (
        replacing(path) as temporary,
        _Output(temporary, path.suffix == ".bz2", workers) as out,
        progress_bar("write the dump", len(wanted), shown=workers > 1) as bar,
    ):
        out.write(_siteinfo(world))
        for text in _each(rendering, _xml, wanted, workers):
            numbered = text.split(NUMBER)
            for place in range(1, len(numbered), 2):
                count += 1
                numbered[place] = f"{count}{numbered[place]}{count}"
            out.write("".join(numbered))
            bar.advance()
        out.write("</mediawiki>\n")
    return count


def all_pages(world: World) -> Iterator[WikiPage]:
    """Every page in page id order: entities first, then redirects, disambiguation, lists, categories."""
    rendering = Rendering(world)
    for part in parts(rendering):
        yield from rendering.pages(part)


def write_truth(world: World, directory: Path, prefix: str = "", workers: int | None = None) -> None:
    """Write `<prefix>world.json` and `<prefix>facts.jsonl` into a directory."""
    rendering = Rendering(world)
    workers = _workers(world, workers)
    facts = directory / f"{prefix}facts.jsonl"
    wanted = [part for part in parts(rendering) if part.content == "entities"]
    with (
        replacing(facts) as temporary,
        temporary.open("w", encoding="utf-8") as file,
        progress_bar("write the facts", len(wanted), shown=workers > 1) as bar,
    ):
        for text in _each(rendering, _jsonl, wanted, workers):
            file.write(text)
            bar.advance()
    rule = HeldOut(cell_share=world.config.held_out_cells)
    write_json(
        directory / f"{prefix}world.json",
        {
            "config": world.config.model_dump(mode="json"),
            "seed": world.config.seed,
            "split": split_of_seed(world.config.seed, rule),
            "held_out": rule.model_dump(mode="json"),
            "language": "en",
            "lexicon": list(world.words),
            "entities": len(world),
            "facts": len(world.subject_F),
            "disputed": len(world.disputed_D),
            "kinds": {kind: int((world.kind_N == number).sum()) for number, kind in enumerate(world.kinds)},
        },
    )


def true_facts(world: World) -> Iterator[TrueFact]:
    """Every fact of the world, in column order, with the titles of the pages that state it."""
    rendering = Rendering(world)
    for part in parts(rendering):
        if part.content == "entities":
            yield from rendering.true_facts(part)


def _workers(world: World, workers: int | None) -> int:
    if workers is not None:
        return workers
    return (os.cpu_count() or 1) if len(world) >= POOL_FROM_PAGES else 1


def _xml(rendering: Rendering, part: Part) -> str:
    return "".join(_page(page) for page in rendering.pages(part))


def _jsonl(rendering: Rendering, part: Part) -> str:
    return "".join(fact.model_dump_json(exclude_none=True) + "\n" for fact in rendering.true_facts(part))


Render = Callable[[Rendering, Part], str]


def _each(rendering: Rendering, render: Render, wanted: Iterable[Part], workers: int) -> Iterator[str]:
    """The text of every part, in order."""
    if workers <= 1:
        for part in wanted:
            yield render(rendering, part)
        return
    rendering.prepare()
    with ProcessPoolExecutor(workers, initializer=_take, initargs=(rendering,)) as pool:
        waiting: list[Future[str]] = []
        for part in wanted:
            waiting.append(pool.submit(_render, render, part))
            # A short queue keeps memory flat.
            if len(waiting) >= 3 * workers:
                yield waiting.pop(0).result()
        for text in waiting:
            yield text.result()


_taken: list[Rendering] = []
"""What a worker process renders, handed over once."""


def _take(rendering: Rendering) -> None:
    _taken[:] = [rendering]
    # The collector would copy into each process what they share.
    gc.freeze()


def _render(render: Render, part: Part) -> str:
    return render(_taken[0], part)


class _Output:
    """A text file, or a bzip2 file whose streams are compressed by `workers` threads (bz2 works without the lock)."""

    def __init__(self, path: Path, compressed: bool, workers: int) -> None:
        self._file = path.open("wb")
        self._pool = ThreadPoolExecutor(workers) if compressed else None
        self._waiting: list[Future[bytes]] = []
        self._most = 2 * workers
        self._stream: list[bytes] = []
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def write(self, text: str) -> None:
        data = text.encode()
        if self._pool is None:
            self._file.write(data)
            return
        self._stream.append(data)
        self._bytes += len(data)
        if self._bytes >= STREAM_BYTES:
            self._compress(self._pool)

    def _compress(self, pool: ThreadPoolExecutor) -> None:
        self._waiting.append(pool.submit(bz2.compress, b"".join(self._stream), 5))
        self._stream, self._bytes = [], 0
        while len(self._waiting) > self._most:
            self._file.write(self._waiting.pop(0).result())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if self._pool is None:
                return
            with self._pool:
                if kind is None:
                    self._compress(self._pool)
                    for stream in self._waiting:
                        self._file.write(stream.result())


def _siteinfo(world: World) -> str:
    rows = "\n".join(
        f'      <namespace key="{key}" case="first-letter"' + (f">{name}</namespace>" if name else " />")
        for key, name in NAMESPACES.items()
    )
    return (
        '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">\n'
        "  <siteinfo>\n"
        f"    <sitename>World {world.config.seed}</sitename>\n"
        f"    <dbname>world{world.config.seed}</dbname>\n"
        f"    <base>{base_url(world)}</base>\n"
        "    <generator>websailor</generator>\n"
        "    <case>first-letter</case>\n"
        f"    <namespaces>\n{rows}\n    </namespaces>\n"
        "  </siteinfo>\n"
    )


def _page(page: WikiPage) -> str:
    target = escape(page.redirect or "", {'"': "&quot;"})
    pointer = f'    <redirect title="{target}" />\n' if page.redirect else ""
    return (
        f"  <page>\n    <title>{escape(page.title)}</title>\n    <ns>{page.namespace}</ns>\n    <id>{NUMBER}</id>\n"
        f"{pointer}"
        f"    <revision>\n      <id>{NUMBER}</id>\n      <timestamp>{TIMESTAMP}</timestamp>\n"
        "      <model>wikitext</model>\n      <format>text/x-wiki</format>\n"
        f'      <text bytes="{len(page.text.encode())}" xml:space="preserve">{escape(page.text)}</text>\n'
        "    </revision>\n  </page>\n"
    )
