"""The run of the graph stage: opens the corpus, draws seeds, grows the graph, writes entities and statistics."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from websailor.errors import UserError
from websailor.files import StageDirectory, write_json, write_jsonl
from websailor.graph import Config
from websailor.graph.builder import MENTIONS, GraphBuilder
from websailor.graph.possible import possible_facts
from websailor.graph.reader import Reader
from websailor.graph.statistics import GraphStatistics, measure
from websailor.progress import progress_bar
from websailor.records import Entity, Fact, Manifest
from websailor.tools.simulated import SimulatedWeb
from websailor.wiki.titles import plain_name

if TYPE_CHECKING:
    from websailor.wiki import Wiki

RANKS_LOOKED_AT = 10


def build(config: Config, inputs: Mapping[str, Path], out: Path) -> Manifest:
    """See `websailor.graph.run`."""
    from websailor.wiki import open_wiki

    if "wiki" not in inputs:
        raise UserError('the graph needs a corpus: give a wiki directory as input "wiki"')
    with StageDirectory(out, "graph", config, inputs) as stage:
        if stage.finished:
            return stage.manifest()
        wiki = open_wiki(inputs["wiki"])
        rng = np.random.default_rng(config.seed)
        seeds = draw_seeds(wiki, config, rng)

        def keep(fact: Fact) -> None:
            if fact.id not in stage.done:
                stage.append(fact)
            if fact.value_type == "entity":
                bar.advance()

        journal = out / "journal.jsonl"
        with (
            progress_bar("graph", None if config.whole else config.edges) as bar,
            Reader(
                SimulatedWeb(wiki), wiki, config.search_k, journal, config.mentions, generated=bool(wiki.lexicon)
            ) as reader,
        ):
            builder = GraphBuilder(reader, config, iter(seeds), keep, rng)
            if config.whole:
                builder.read_all()
            else:
                builder.build()
            bar.total(max(builder.edges, 1))
        if not builder.edges:
            raise UserError(
                f"{inputs['wiki']} states no facts between entities (no infobox with links was found): "
                "import a dump with infoboxes, or generate a world"
            )
        entities = list(describe(builder, wiki, config.title_ranks))
        facts = list(builder.facts.values())
        before, after = statistics(entities, facts)
        write_jsonl(out / "entities.jsonl", entities)
        write_jsonl(out / "possible.jsonl", list(possible_facts(builder, entities)))
        _second_name(out / "records.jsonl", out / "facts.jsonl")
        write_json(
            out / "statistics.json",
            {
                "before": before.model_dump(mode="json"),
                "after": after.model_dump(mode="json"),
                "kinds": _counted(entity.kind for entity in entities),
                "relations": _counted(fact.relation for fact in facts),
                "without_page": sum(not entity.statistics["has_page"] for entity in entities),
            },
        )
        journal.unlink()
        numbers = {name: value for name, value in after.model_dump().items() if isinstance(value, (int, float))}
        return stage.finish(entities=len(entities), **numbers)


def draw_seeds(wiki: "Wiki", config: Config, rng: np.random.Generator) -> Sequence[str]:
    """The given seeds, then all other titles in random order, rare ones earlier.

    Weighted sampling without replacement (Efraimidis & Spirakis 2006): ascending exponential variates over weights.
    """
    given = []
    for title in config.seeds:
        canonical = wiki.resolve(title)
        if canonical is None:
            raise UserError(f"the corpus has no page {title!r}: choose another seed")
        given.append(canonical)
    titles = sorted(set(wiki.titles()) - set(given))
    if not titles and not given:
        raise UserError("the corpus is empty: import a dump with pages first")
    if config.whole:
        return [*given, *titles]
    weight_N = (1.0 + np.array([wiki.inlinks(title) for title in titles], dtype=np.float64)) ** -config.rarity
    order = np.argsort(rng.exponential(size=len(titles)) / weight_N, kind="stable")
    return [*given, *(titles[position] for position in order.tolist())]


PLACES = frozenset({"place", "settlement", "region", "state", "province", "site"})
"""Types whose titles carry the larger place after a comma: `Hodgenville, Kentucky`."""


def describe(builder: GraphBuilder, wiki: "Wiki", title_ranks: bool) -> Iterator[Entity]:
    """The entities in alphabetical order, with their statistics.

    `rarity` is log2(pages / (1 + inlinks)), in bits; `homonyms` counts the other pages and entities of the same name;
    `common_noun` is 1 where pages spell the title with a small first letter more often than with a capital.
    """
    names = Counter(plain_name(title) for title in {*wiki.titles(), *builder.nodes})
    pages = len(wiki)
    for title in sorted(builder.nodes):
        node = builder.nodes[title]
        inlinks = wiki.inlinks(title)
        rank = 0
        if node.has_page and title_ranks:
            hits = [hit.title for hit in wiki.search(title, RANKS_LOOKED_AT)]
            rank = hits.index(title) + 1 if title in hits else 0
        short, comma, _ = title.partition(", ")
        shortened = (short,) if comma and node.type in PLACES and short not in builder.nodes else ()
        yield Entity(
            id=title,
            name=plain_name(title),
            aliases=tuple(dict.fromkeys((*wiki.redirects_to(title), *builder.called.get(title, ()), *shortened))),
            kind=node.type,
            statistics={
                "degree": len(node.near),
                "inlinks": inlinks,
                "homonyms": names[plain_name(title)] - 1,
                "title_rank": rank,
                "rarity": round(float(np.log2(pages / (1 + inlinks))), 3),
                "has_page": float(node.has_page),
                "common_noun": float(builder.spelling[title] > 0),
            },
        )


def statistics(entities: Sequence[Entity], facts: Sequence[Fact]) -> tuple[GraphStatistics, GraphStatistics]:
    """Measures of the graph that following links alone gives, and of the graph with what searches added."""
    edges = [fact for fact in facts if fact.value_type == "entity"]
    linked = [(fact.subject, fact.object) for fact in edges if fact.source.query is None and fact.relation != MENTIONS]
    ends = sorted({end for pair in linked for end in pair})
    everything = [(fact.subject, fact.object) for fact in edges]
    return measure(ends, linked), measure([entity.id for entity in entities], everything)


def read_statistics(path: Path) -> tuple[GraphStatistics, GraphStatistics]:
    """Before and after, from a finished stage's `statistics.json`."""
    import json

    file = path / "statistics.json"
    if not file.is_file():
        raise UserError(f"{path} holds no finished graph: run `graph build` first")
    content = json.loads(file.read_text(encoding="utf-8"))
    return GraphStatistics.model_validate(content["before"]), GraphStatistics.model_validate(content["after"])


def _counted(names: Iterator[str]) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _second_name(file: Path, name: Path) -> None:
    """Let a file be found under another name, without a second copy where the disk can do that."""
    name.unlink(missing_ok=True)
    try:
        os.link(file, name)
    except OSError:
        shutil.copyfile(file, name)
