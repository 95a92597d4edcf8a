"""A finished graph in columns, however it was made: what entities are described from and measures are taken of.

Axes: N entities in alphabetical order, F facts between entities. Some tens of bytes a fact, so that a whole
encyclopedia fits in memory.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from websailor.graph.builder import MENTIONS, GraphBuilder
from websailor.graph.catalogue import Catalogue
from websailor.graph.statistics import Int64, numbered, popularity, simple_edges
from websailor.records import Entity, Fact
from websailor.tools.base import ToolFailure, Web
from websailor.wiki.titles import plain_name

PLACES = frozenset({"place", "settlement", "region", "state", "province", "site"})
"""Types whose titles carry the larger place after a comma: `Hodgenville, Kentucky`."""
RANKS_LOOKED_AT = 10


@dataclass(frozen=True)
class Grown:
    """The columns."""

    names: Sequence[str]
    """(N,) entity ids, sorted."""
    types: Sequence[str]
    """(N,)"""
    has_page_N: npt.NDArray[np.bool_]
    fact_F2: Int64
    """Facts between entities: subject and object."""
    linked_F: npt.NDArray[np.bool_]
    """Found by following links alone."""
    called: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Entity -> other names by which infoboxes call it."""
    common: Collection[str] = ()
    """Entities whose name is a common noun."""
    relations: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)


def grown(builder: GraphBuilder) -> Grown:
    """The columns of a graph that a walk has grown."""
    names = sorted(builder.nodes)
    nodes = [builder.nodes[name] for name in names]
    edges = [fact for fact in builder.facts.values() if fact.value_type == "entity"]
    return Grown(
        names=names,
        types=[node.type for node in nodes],
        has_page_N=np.array([node.has_page for node in nodes], dtype=bool),
        fact_F2=numbered(names, ((fact.subject, fact.object) for fact in edges)),
        linked_F=np.array([_is_linked(fact) for fact in edges], dtype=bool),
        called=builder.called,
        common={title for title, times in builder.spelling.items() if times > 0},
        relations=Counter(fact.relation for fact in builder.facts.values()),
        sources=Counter(fact.source.kind for fact in builder.facts.values()),
    )


def _is_linked(fact: Fact) -> bool:
    return fact.source.query is None and fact.relation != MENTIONS


def describe(graph: Grown, catalogue: Catalogue, web: Web | None) -> Iterator[Entity]:
    """The entities in alphabetical order, with their statistics.

    `rarity` is log2(pages / (1 + inlinks)), in bits; `homonyms` counts the other pages and entities of the same name;
    `popularity` is PageRank on the facts, 1 on average; `common_noun` is 1 where pages spell the title with a small
    first letter more often than with a capital. `title_rank` is asked of `web`, and is 0 without one.
    """
    known = set(graph.names)
    titles = set(catalogue.titles())
    names = Counter(plain_name(title) for title in titles | known)
    count = len(graph.names)
    degree_N = np.bincount(simple_edges(count, graph.fact_F2).ravel(), minlength=count)
    popularity_N = popularity(count, graph.fact_F2)
    for number, (title, kind) in enumerate(zip(graph.names, graph.types, strict=True)):
        inlinks = catalogue.inlinks(title)
        has_page = bool(graph.has_page_N[number])
        short, comma, _ = title.partition(", ")
        shortened = (short,) if comma and kind in PLACES and short not in known else ()
        yield Entity(
            id=title,
            name=plain_name(title),
            aliases=tuple(dict.fromkeys((*catalogue.aliases(title), *graph.called.get(title, ()), *shortened))),
            kind=kind,
            statistics={
                "degree": int(degree_N[number]),
                "inlinks": inlinks,
                "homonyms": names[plain_name(title)] - 1,
                "title_rank": _rank(title, web) if has_page and web is not None else 0,
                "rarity": round(float(np.log2(max(len(titles), 1) / (1 + inlinks))), 3),
                "popularity": round(float(popularity_N[number]), 3),
                "has_page": float(has_page),
                "common_noun": float(title in graph.common),
            },
        )


def _rank(title: str, web: Web) -> int:
    """Rank of a page for its own title, 0 where it is not found or the search fails."""
    try:
        hits = [hit.title for hit in web.search(title, RANKS_LOOKED_AT)]
    except ToolFailure:
        return 0
    return hits.index(title) + 1 if title in hits else 0


def counted(names: Iterable[str] | Counter[str]) -> dict[str, int]:
    """Names with how often they occur, the most frequent first."""
    return dict(Counter(names).most_common())
