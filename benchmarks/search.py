"""Search: queries per second and core, and hit@10, against bm25s and rank_bm25 on the same generated pages.

Run: `python benchmarks/search.py [--pages 100000] [--profile rich] [--queries 2000] [--slow-queries 20]`. A query is
what a solver asks to take one step backwards: the words of a relation and the name of its object ("born in Velan
Torid"). It is hit when the subject of a fact is among the ten results; asked are facts whose relation and object have
at most five subjects. All engines see title, infobox and text of every page; rates are queries per second of CPU time
on one thread. rank_bm25 is slow and gets `--slow-queries` of the queries; 0 leaves it out.
"""

import argparse
import random
import re
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import bm25s
from rank_bm25 import BM25Okapi
from rich.console import Console
from rich.table import Table

from websailor.files import read_jsonl
from websailor.wiki import Config, open_wiki, run
from websailor.wiki.index import page_lines
from websailor.wiki.reader import Wiki
from websailor.wiki.relations import relation
from websailor.wiki.world import TrueFact

Ask = Callable[[str], list[str]]
MOST_SUBJECTS = 5
_WORD = re.compile(r"\w+")


def questions(wiki: Wiki, count: int, seed: int = 0) -> list[tuple[str, str]]:
    """(query, title that it should find), from the truth of the generated world."""
    subjects: dict[tuple[str, str], set[str]] = defaultdict(set)
    for fact in read_jsonl(wiki.path / "facts.jsonl", TrueFact):
        if fact.value_type == "entity":
            subjects[fact.relation, fact.object].add(fact.subject)
    keys = [key for key, found in subjects.items() if len(found) <= MOST_SUBJECTS]
    rng = random.Random(seed)
    asked = []
    for name, target in rng.sample(keys, min(count, len(keys))):
        known = relation(name)
        words = known.query if known else name.replace("_", " ")
        asked.append((f"{words} {target}", rng.choice(sorted(subjects[name, target]))))
    return asked


def measure(ask: Ask, asked: list[tuple[str, str]]) -> tuple[float, float, float]:
    """Queries per CPU second, share of hits among the first ten and among the first three."""
    started = time.process_time()
    results = [ask(query) for query, _ in asked]
    rate = len(asked) / (time.process_time() - started)
    hits = sum(title in found for (_, title), found in zip(asked, results, strict=True))
    early = sum(title in found[:3] for (_, title), found in zip(asked, results, strict=True))
    return rate, hits / len(asked), early / len(asked)


def texts(wiki: Wiki) -> tuple[list[str], list[str]]:
    titles, bodies = [], []
    for page in wiki.pages():
        titles.append(page.title)
        bodies.append("\n".join((page.title, *page_lines(page), page.text)))
    return titles, bodies


def ask_bm25s(titles: list[str], bodies: list[str]) -> Ask:
    retriever = bm25s.BM25()
    retriever.index(bm25s.tokenize(bodies, show_progress=False), show_progress=False)

    def ask(query: str) -> list[str]:
        tokens = bm25s.tokenize(query, show_progress=False)
        rows, _ = retriever.retrieve(tokens, k=min(10, len(titles)), n_threads=0, show_progress=False)
        return [titles[int(row)] for row in rows[0]]

    return ask


def ask_rank_bm25(titles: list[str], bodies: list[str]) -> Ask:
    ranker = BM25Okapi([_WORD.findall(body.lower()) for body in bodies])

    def ask(query: str) -> list[str]:
        scores = ranker.get_scores(_WORD.findall(query.lower()))
        return [titles[int(row)] for row in (-scores).argsort()[:10]]

    return ask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument("--profile", choices=("small", "rich"), default="rich")
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--slow-queries", type=int, default=20)
    options = parser.parse_args()
    table = Table("engine", "queries/s", "hit@10", "hit@3", "queries")

    with tempfile.TemporaryDirectory() as directory:
        started = time.process_time()
        config = Config.model_validate({"world": {"pages": options.pages, "profile": options.profile}})
        run(config, {}, Path(directory) / "wiki")
        wiki = open_wiki(Path(directory) / "wiki")
        size = sum(file.stat().st_size for file in wiki.path.rglob("*") if file.is_file()) / 1e6
        print(f"{len(wiki)} pages generated and imported in {time.process_time() - started:.0f} CPU s, {size:.0f} MB")
        asked = questions(wiki, options.queries)

        def ask(query: str) -> list[str]:
            return [hit.title for hit in wiki.search(query, 10)]

        def row(name: str, asker: Ask, queries: list[tuple[str, str]]) -> None:
            rate, hits, early = measure(asker, queries)
            table.add_row(name, f"{rate:,.0f}", f"{hits:.3f}", f"{early:.3f}", str(len(queries)))

        row("websailor, pages new", ask, asked)
        wiki._results.cache_clear()
        row("websailor, pages read before", ask, asked)
        row("websailor, queries asked before", ask, 5 * asked)
        titles = dict(wiki._store.titles())
        row("  its index alone", lambda query: [titles[hit.pid] for hit in wiki._index.search(query, 10)], asked)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        names, bodies = texts(wiki)
        row("bm25s", ask_bm25s(names, bodies), asked)
        if options.slow_queries:
            row("rank_bm25", ask_rank_bm25(names, bodies), asked[: options.slow_queries])
        Console().print(table)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"peak memory: {before / 1024:.0f} MB before the peers were built, {after / 1024:.0f} MB after")


if __name__ == "__main__":
    main()
