"""A small world of the rich profile, with homonyms and disputes, imported and turned into a graph, for tests of
operators.
"""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from small_world import Place

from websailor import graph, wiki
from websailor.questions.composition import palette_of
from websailor.questions.config import Config
from websailor.questions.corpus import Corpus, load_corpus
from websailor.questions.maker import Maker
from websailor.questions.pools import draw_pools
from websailor.questions.seen import Refused, Seen
from websailor.records import Question
from websailor.wiki import open_wiki

KNOBS = {"profile": "rich", "pages": 900, "homonyms": 0.12, "disagreeing": 0.05, "seed": 4}


@cache
def rich_world() -> Place:
    """Made once a test run."""
    root = Path(mkdtemp(prefix="rich-"))
    wiki.run(wiki.Config.model_validate({"world": KNOBS}), {}, root / "wiki")
    graph.run(graph.Config(whole=True, title_ranks=False), {"wiki": root / "wiki"}, root / "graph")
    return Place(root / "wiki", root / "graph")


@cache
def rich_corpus() -> Corpus:
    place = rich_world()
    return load_corpus(place.graph, True, place.wiki / "facts.jsonl")


@cache
def _maker(config_json: str) -> Maker:
    config, corpus = Config.model_validate_json(config_json), rich_corpus()
    palette = palette_of(corpus, config)
    return Maker(config, corpus, open_wiki(rich_world().wiki), draw_pools(corpus, config, palette.sought), palette)


def rich_maker(config: Config) -> Maker:
    return _maker(config.model_dump_json())


def rich_question(config: Config, index: int, tries: int = 400) -> Question | None:
    """Question `index` as the stage would make it, duplicates aside; None when every try is refused."""
    for attempt in range(tries):
        try:
            return rich_maker(config).attempt("train", index, attempt, Seen())
        except Refused:
            continue
    return None
