"""The run of the graph stage: opens the corpus, draws seeds, grows the graph, writes entities and statistics.

Enters: a config and a wiki directory, or any web with seeds. Leaves: entities, facts, rejects and statistics in the
stage's directory. What a growing graph has read stands in a journal, so that an interrupted run reads no page twice; a
whole wiki is read in one go, without one.
"""

import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from websailor.errors import UserError
from websailor.files import StageDirectory, read_jsonl, replacing, write_json, write_jsonl
from websailor.graph import Config
from websailor.graph.builder import GraphBuilder
from websailor.graph.catalogue import Catalogue, WebCatalogue, WikiCatalogue
from websailor.graph.extraction import Reading, read_page
from websailor.graph.grown import Grown, counted, describe, grown
from websailor.graph.live import LiveWiki, live_site
from websailor.graph.llm_extraction import LlmExtractor, conversations
from websailor.graph.namesakes import namesake_facts
from websailor.graph.possible import Lines, possible_facts
from websailor.graph.reader import Reader, ReadPage
from websailor.graph.report import Comparison
from websailor.graph.statistics import measure_edges
from websailor.graph.whole import WholeGraph
from websailor.models.base import ChatModel
from websailor.progress import Bar, progress_bar
from websailor.records import Entity, Fact, Manifest, Page, Reject
from websailor.tools.base import Web
from websailor.tools.simulated import SimulatedWeb
from websailor.wiki import open_wiki
from websailor.wiki.reader import Wiki

log = logging.getLogger(__name__)

PLAIN = {"expand": 1.0, "densify": 0.0, "returns": 0, "patience": 0, "mentions": False}
"""Settings of a plain expansion: new pages alone, nothing returned to, no pairs."""


def build(
    config: Config,
    inputs: Mapping[str, Path],
    out: Path,
    web: Web | None = None,
    chat: Callable[[], ChatModel] | None = None,
) -> Manifest:
    """See `websailor.graph.run`."""
    if "wiki" not in inputs and web is None and config.web == "simulated":
        raise UserError(
            'the graph needs a corpus: give a wiki directory as input "wiki", or set web = "live" and seeds'
        )
    if config.extractor != "rules" and chat is None and config.model is None:
        raise UserError(f"extractor = {config.extractor} asks a language model: set model to openai:MODEL@URL")
    with StageDirectory(out, "graph", config, inputs) as stage:
        if stage.finished:
            return stage.manifest()
        with ExitStack() as opened:
            if web is None and config.web == "live":
                web = opened.enter_context(LiveWiki(live_site(config.site), config.gateway))
            corpus = _Corpus(config, inputs, web, chat)
            corpus.open(opened)
            made = _whole(stage, corpus) if corpus.streams else _walked(stage, corpus)
            return made.finish()


class _Corpus:
    """The web, its catalogue, and who reads its pages."""

    def __init__(
        self, config: Config, inputs: Mapping[str, Path], web: Web | None, chat: Callable[[], ChatModel] | None
    ) -> None:
        self.config = config
        self.name = str(inputs.get("wiki", "the web"))
        self.wiki: Wiki | None = open_wiki(inputs["wiki"]) if "wiki" in inputs else None
        self.catalogue: Catalogue = (
            WebCatalogue(live_site(config.site)) if self.wiki is None else WikiCatalogue(self.wiki)
        )
        if web is None:
            assert self.wiki is not None
            web = SimulatedWeb(self.wiki)
        self.web = web
        self.streams = config.whole and config.extractor == "rules" and not config.mentions and self.wiki is not None
        """Pages can be read one after the other without a journal."""
        self._chat = chat
        self.extractor: LlmExtractor | None = None

    def open(self, opened: ExitStack) -> None:
        """Connect the language model, where one is wanted, until `opened` is closed."""
        config = self.config
        if config.extractor != "rules":
            self.extractor = opened.enter_context(
                LlmExtractor(
                    self._chat or conversations(config.model or "", config.seed),
                    self.catalogue,
                    config.max_tokens,
                    config.passage,
                    config.passages,
                )
            )

    def read_page(self, page: Page, query: str | None, with_mentions: bool = False) -> Reading:
        """What a page says, by rule, by model, or both."""
        read = partial(read_page, page, self.catalogue, query, with_mentions, self.catalogue.generated)
        if self.extractor is None:
            return read()
        claims = self.extractor.claims(page)
        reading = read(rules=self.config.extractor == "both", said=claims.statements)
        return reading.model_copy(update={"refused": claims.refused})

    def seeds(self, rng: np.random.Generator) -> Sequence[str]:
        return draw_seeds(self.catalogue, self.config, rng)


class _Made:
    """A graph that was made, ready to be written down."""

    def __init__(self, stage: StageDirectory, corpus: _Corpus, graph: Grown, lines: Lines) -> None:
        self._stage = stage
        self._corpus = corpus
        self._graph = graph
        self._lines = lines
        self.plain: Grown | None = None
        self.hubs: tuple[str, ...] = ()
        self.counts: dict[str, float] = {}
        if not len(graph.fact_F2):
            raise UserError(_why_empty(corpus))

    def finish(self) -> Manifest:
        """Write entities and statistics; `facts.jsonl` is there already."""
        out, corpus, graph = self._stage.path, self._corpus, self._graph
        ranks = corpus.web if corpus.config.title_ranks else None
        write_jsonl(out / "entities.jsonl", describe(graph, corpus.catalogue, ranks))
        possible: Iterator[Fact] = iter(())
        if not corpus.catalogue.generated:
            facts = list(read_jsonl(out / "facts.jsonl", Fact))
            entities = list(read_jsonl(out / "entities.jsonl", Entity))
            possible = chain(possible_facts(facts, self._lines, entities), namesake_facts(facts))
        write_jsonl(out / "possible.jsonl", possible)
        links = np.unique(graph.fact_F2[graph.linked_F])
        renumbered = np.searchsorted(links, graph.fact_F2[graph.linked_F])
        comparison = Comparison(
            before=measure_edges([graph.names[int(number)] for number in links], renumbered),
            after=measure_edges(graph.names, graph.fact_F2),
            plain=None if self.plain is None else measure_edges(self.plain.names, self.plain.fact_F2),
            sources=counted(graph.sources),
            hubs_left_out=self.hubs,
        )
        if not comparison.after.cycle_rank:
            log.warning(
                "the graph has no cycle: no question with a cycle can be made of it; raise edges or densify, or take a "
                "corpus whose pages link to one another"
            )
        write_json(
            out / "statistics.json",
            {
                **comparison.model_dump(mode="json"),
                "kinds": counted(graph.types),
                "relations": counted(graph.relations),
                "without_page": int((~graph.has_page_N).sum()),
            },
        )
        for name in ("journal.jsonl", "journal.plain.jsonl"):
            (out / name).unlink(missing_ok=True)
        measures = comparison.after.model_dump()
        numbers = {name: value for name, value in measures.items() if isinstance(value, (int, float))}
        return self._stage.finish(entities=len(graph.names), **numbers, **self.counts)


def _why_empty(corpus: _Corpus) -> str:
    wiki = corpus.wiki
    if wiki is not None and not any(page.links for page in wiki.pages()):
        return f"{corpus.name} has no links: a corpus of mere text cannot make a graph; import a dump with its wikitext"
    if wiki is None:
        return "no page that could be read states facts between entities: choose other seeds"
    return (
        f"{corpus.name} states no facts between entities (no infobox with links was found): "
        "import a dump with infoboxes, or generate a world"
    )


def _walked(stage: StageDirectory, corpus: _Corpus) -> _Made:
    """Grow a graph from its seeds."""
    config, out = corpus.config, stage.path

    def keep(fact: Fact) -> None:
        if fact.id not in stage.done:
            stage.append(fact)
        if fact.value_type == "entity":
            bar.advance()

    with progress_bar("graph", None if config.whole else config.edges) as bar:
        builder, reader = _grow(config, corpus, out / "journal.jsonl", keep)
        bar.total(max(builder.edges, 1))
    if not builder.edges and reader.last_silence is not None:
        raise UserError(f"the web does not answer: {reader.last_silence} Build again when it does")
    if builder.revised:
        write_jsonl(out / "facts.jsonl", iter(builder.facts.values()))
    else:
        _second_name(out / "records.jsonl", out / "facts.jsonl")
    made = _Made(stage, corpus, grown(builder), builder.lines)
    for title, failure in reader.unread.items():
        _refuse(stage, f"page:{title}", "unreadable_page", failure)
    for title, refused in builder.refused.items():
        for number, (reason, detail) in enumerate(refused):
            _refuse(stage, f"claim:{title}:{number}", reason, detail)
    made.hubs = tuple(builder.hubs)
    made.counts = {"searches_failed": reader.failures["search"]} if reader.failures["search"] else {}
    if config.compare:
        plain_config = config.model_copy(update=PLAIN)
        with progress_bar("plain expansion", config.edges) as bar:
            plain, _ = _grow(plain_config, corpus, out / "journal.plain.jsonl", lambda _: bar.advance())
        made.plain = grown(plain)
    return made


def _grow(config: Config, corpus: _Corpus, journal: Path, keep: Callable[[Fact], None]) -> tuple[GraphBuilder, Reader]:
    rng = np.random.default_rng(config.seed)
    seeds = corpus.seeds(rng)
    read: ReadPage = partial(corpus.read_page, with_mentions=config.mentions)
    with Reader(corpus.web, corpus.catalogue, read, config.search_k, journal) as reader:
        builder = GraphBuilder(reader, config, iter(seeds), keep, rng)
        if config.whole:
            builder.read_all()
        else:
            builder.build()
    return builder, reader


def _refuse(stage: StageDirectory, identifier: str, reason: str, detail: str) -> None:
    if identifier not in stage.done:
        stage.reject(Reject(id=identifier, reason=reason, detail=detail))


def _whole(stage: StageDirectory, corpus: _Corpus) -> _Made:
    """Read every page once, keeping no more in memory than the columns of the graph."""
    wiki, out = corpus.wiki, stage.path
    assert wiki is not None

    def keep(fact: Fact) -> None:
        if fact.id not in stage.done:
            stage.append(fact)

    def readings(bar: Bar) -> Iterator[Reading]:
        for title in corpus.seeds(np.random.default_rng(corpus.config.seed)):
            page = wiki.page(title)
            assert page is not None, title
            yield corpus.read_page(page, None)
            bar.advance()

    graph = WholeGraph(corpus.catalogue, keep)
    with progress_bar("graph", len(wiki)) as bar:
        graph.read(readings(bar))
    if graph.taken_back:
        _without(out / "records.jsonl", graph.taken_back, out / "facts.jsonl")
    else:
        _second_name(out / "records.jsonl", out / "facts.jsonl")
    return _Made(stage, corpus, graph.grown(), graph.lines)


def draw_seeds(catalogue: Catalogue, config: Config, rng: np.random.Generator) -> Sequence[str]:
    """The given seeds, then all other titles in random order, rare ones earlier.

    Weighted sampling without replacement (Efraimidis & Spirakis 2006): ascending exponential variates over weights.
    """
    given = []
    for title in config.seeds:
        canonical = catalogue.resolve(title)
        if canonical is None:
            raise UserError(f"the corpus has no page {title!r}: choose another seed")
        given.append(canonical)
    titles = sorted(set(catalogue.titles()) - set(given))
    if not titles and not given:
        raise UserError("the corpus is empty, or its titles are not known: import a dump with pages, or give seeds")
    if config.whole:
        return [*given, *titles]
    weight_N = (1.0 + np.array([catalogue.inlinks(title) for title in titles], dtype=np.float64)) ** -config.rarity
    order = np.argsort(rng.exponential(size=len(titles)) / weight_N, kind="stable")
    return [*given, *(titles[position] for position in order.tolist())]


def _without(file: Path, rows: set[int], name: Path) -> None:
    """Copy a file of lines, those in `rows` left out."""
    with replacing(name) as temporary, file.open("rb") as before, temporary.open("wb") as after:
        after.writelines(line for row, line in enumerate(before) if row not in rows)


def _second_name(file: Path, name: Path) -> None:
    """Let a file be found under another name, without a second copy where the disk can do that."""
    name.unlink(missing_ok=True)
    try:
        os.link(file, name)
    except OSError:
        shutil.copyfile(file, name)
