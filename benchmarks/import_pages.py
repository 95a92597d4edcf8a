"""Pages read per second, against mwparserfromhell on the same pages in the same run.

Run: `python benchmarks/import_pages.py [DUMP] [--rounds 5]`. DUMP is a MediaWiki dump with real pages (default: the
sample in ../shared/data). Compared are (a) this package: text with flattened tables and expanded templates, links with
offsets, categories, first sentence, typed infobox; (b) mwparserfromhell for everything: plain text, links, infobox
fields as text. Rounds alternate; pages per CPU second, medians and their ratio are printed, then the rate of a whole
import.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mwparserfromhell

from websailor.wiki import import_dump
from websailor.wiki.dump import DumpReader, RawPage
from websailor.wiki.pages import read_page
from websailor.wiki.scanner import is_infobox
from websailor.wiki.titles import Site

ROOT = Path(__file__).parents[1]
SAMPLE = Path(os.environ.get("WEBSAILOR_SHARED", ROOT.parent / "shared")) / "data" / "enwiki-sample.xml.bz2"


def with_mwparserfromhell(pages: list[RawPage]) -> int:
    """Text, links and infobox fields of every page; returns how many things were found."""
    found = 0
    for raw in pages:
        tree = mwparserfromhell.parse(raw.text)
        found += len(tree.strip_code())
        found += sum(1 for _ in tree.ifilter_wikilinks())
        for template in tree.ifilter_templates(recursive=False):
            if is_infobox(str(template.name).strip().lower()):
                found += sum(len(parameter.value.strip_code()) for parameter in template.params)
    return found


def with_websailor(pages: list[RawPage], site: Site) -> int:
    """The same and more, as pages."""
    found = 0
    for raw in pages:
        page = read_page(raw, site)
        found += len(page.text) + len(page.links) + len(page.infobox)
    return found


def rate(pages: list[RawPage], work: Callable[[], int]) -> float:
    started = time.process_time()
    work()
    return len(pages) / (time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dump", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not options.dump.is_file():
        sys.exit(f"{options.dump}: no such file: give a MediaWiki dump")

    reader = DumpReader(options.dump)
    started = time.process_time()
    pages = [raw for raw in reader if raw.namespace == 0 and raw.redirect_to is None]
    unpacking = time.process_time() - started
    kilobytes = sum(len(raw.text.encode()) for raw in pages) / 1024
    print(f"{len(pages)} pages of {kilobytes / len(pages):.1f} KB on average; {unpacking:.2f} s to unpack and read XML")

    ours, theirs = [], []
    for number in range(options.rounds):
        ours.append(rate(pages, lambda: with_websailor(pages, reader.site)))
        theirs.append(rate(pages, lambda: with_mwparserfromhell(pages)))
        print(
            f"round {number + 1}: websailor {ours[-1]:.0f}, mwparserfromhell {theirs[-1]:.1f} pages/s", file=sys.stderr
        )
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    for name, rates in (("websailor", ours), ("mwparserfromhell", theirs)):
        median = statistics.median(rates)
        megabytes = median * kilobytes / len(pages) / 1024
        print(f"{name:<18}{median:8.1f} pages per CPU second  {megabytes:6.2f} MB/s")
    print(f"ratio (median of {options.rounds} rounds): {ratio:.1f}")

    with tempfile.TemporaryDirectory() as directory:
        started, wall = time.process_time(), time.perf_counter()
        manifest = import_dump(options.dump, Path(directory) / "wiki")
        seconds = time.process_time() - started
        size = sum(file.stat().st_size for file in Path(directory).rglob("*") if file.is_file())
        print(
            f"whole import (unpack, read, store, index): {manifest.counts['pages'] / seconds:.1f} pages per CPU s, "
            f"{time.perf_counter() - wall:.1f} s, {size / 1e6:.1f} MB on disk"
        )


if __name__ == "__main__":
    main()
