"""Pages read per second, and what of them is found, against mwparserfromhell on the same pages in the same run.

Run: `python benchmarks/import_pages.py [DUMP] [--rounds 5]`. DUMP is a MediaWiki dump with real pages (default: the
sample in ../shared/data). Compared are (a) this package: text with flattened tables and expanded templates, links with
offsets, categories, first sentence, typed infobox; (b) mwparserfromhell for everything: plain text, links, infobox
fields as text. Rounds alternate; pages per CPU second, medians and their ratio are printed, then the rate of a whole
import.

Recall is the share of what mwparserfromhell finds that this package finds too: titles linked to; words of three letters
and more of its plain text; keys of the infobox that have a value and are no picture, caption or address. Captions of
pictures, footnotes and sections that hold only references, which this package leaves out on purpose, are not counted.
Then the inline templates: how often each of the
commonest stands in the pages, and how often it leaves words.
"""

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import mwparserfromhell

from websailor.wiki import import_dump
from websailor.wiki.dump import DumpReader, RawPage
from websailor.wiki.infobox import field_key, skipped_key
from websailor.wiki.marks import without_marks
from websailor.wiki.pages import read_page
from websailor.wiki.scanner import is_infobox, scan, unescape
from websailor.wiki.templates import is_text
from websailor.wiki.titles import Site

ROOT = Path(__file__).parents[1]
SAMPLE = Path(os.environ.get("WEBSAILOR_SHARED", ROOT.parent / "shared")) / "data" / "enwiki-sample.xml.bz2"
_REFERENCES = re.compile(
    r"\n==\s*(?:References|External links|Notes|Footnotes|Citations|Sources|Further reading)[^=\n]*=="
)
_LEFT_OUT = re.compile(
    r"<!--.*?-->|<ref[^<>]*/>|<(ref|gallery|math|timeline|score)\b[^<>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]{3,}")


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


def recall(pages: list[RawPage], site: Site) -> dict[str, tuple[int, int]]:
    """What is counted -> (found by both, found by mwparserfromhell)."""
    counts = {"links": (0, 0), "words of the text": (0, 0), "infobox keys": (0, 0)}

    def count(name: str, ours: set[str], theirs: set[str]) -> None:
        found, wanted = counts[name]
        counts[name] = (found + len(ours & theirs), wanted + len(theirs))

    for raw in pages:
        page = read_page(raw, site)
        source = _REFERENCES.split(_LEFT_OUT.sub("", raw.text))[0]
        tree = mwparserfromhell.parse(source, skip_style_tags=True)
        for node in tree.filter_wikilinks():
            if str(node.title).lower().startswith(("file:", "image:")) and tree.contains(node):
                tree.remove(node)
        titles = {str(node.title).partition("#")[0].strip() for node in tree.ifilter_wikilinks()}
        count(
            "links",
            {link.target for link in page.links},
            {site.normalise(title) for title in titles if title and ":" not in title and "{" not in title},
        )
        for template in tree.ifilter_templates(recursive=False):
            if is_infobox(str(template.name.strip_code()).replace("_", " ").strip().lower()):
                inner = any("{{infobox" in str(parameter.value).lower() for parameter in template.params)
                keys = {
                    field_key(str(parameter.name))
                    for parameter in template.params
                    if parameter.showkey and any(map(str.isalnum, str(parameter.value.strip_code())))
                }
                keys = {key for key in keys if not skipped_key(key)}
                box = scan(source, site, raw.title).infobox
                if not inner and box is not None:
                    # Before they are named as the box shows them.
                    ours = {field_key(key) for key, value in box.fields if without_marks(unescape(value)).strip()}
                    count("infobox keys", ours, keys)
                break
        count("words of the text", set(_WORD.findall(page.text.lower())), set(_words_of(tree)))
    return counts


def _words_of(tree: mwparserfromhell.wikicode.Wikicode) -> list[str]:
    for template in tree.filter_templates(recursive=False):
        # What a template shows is not in its arguments.
        if template in tree:
            tree.remove(template)
    return _WORD.findall(str(tree.strip_code()).lower())


def inline_templates(pages: list[RawPage], most: int = 20) -> list[tuple[str, int, int]]:
    """The commonest templates that show words: name, uses, uses that left words."""
    uses: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    for raw in pages:
        for template in mwparserfromhell.parse(raw.text, skip_style_tags=True).ifilter_templates():
            name = str(template.name.strip_code()).replace("_", " ").strip().lower()
            if is_text(name):
                uses[name] += 1
                shown[name] += bool(scan(str(template), Site(), raw.title).text)
    return [(name, count, shown[name]) for name, count in uses.most_common(most)]


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
    for name, (found, wanted) in recall(pages, reader.site).items():
        print(f"recall of {name:<18}{found / wanted:7.3%}  ({wanted})")
    for name, uses, shown in inline_templates(pages):
        print(f"  {{{{{name}}}}}: {uses} uses, {shown / uses:.1%} with words")
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
