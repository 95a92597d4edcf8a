"""One small generated world, imported and turned into a graph, for all tests of the questions stage."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from websailor import graph, wiki
from websailor.questions.config import Config
from websailor.questions.corpus import Corpus, load_corpus
from websailor.questions.maker import Maker
from websailor.questions.pools import Part, draw_pools
from websailor.questions.seen import Refused, Seen
from websailor.records import Question
from websailor.wiki import open_wiki


@dataclass(frozen=True)
class Place:
    """Where the world lies."""

    wiki: Path
    graph: Path

    @property
    def inputs(self) -> dict[str, Path]:
        return {"wiki": self.wiki, "graph": self.graph}


@cache
def small_world() -> Place:
    """400 pages in communities of about 50; made once a test run."""
    root = Path(mkdtemp(prefix="questions-"))
    wiki.run(wiki.Config.model_validate({"seed": 5, "world": {"pages": 400}}), {}, root / "wiki")
    graph.run(graph.Config(whole=True, title_ranks=False), {"wiki": root / "wiki"}, root / "graph")
    return Place(root / "wiki", root / "graph")


@cache
def small_corpus() -> Corpus:
    return load_corpus(small_world().graph, is_generated=True)


@cache
def _maker(config_json: str) -> Maker:
    config = Config.model_validate_json(config_json)
    return Maker(config, small_corpus(), open_wiki(small_world().wiki), draw_pools(small_corpus(), config))


def maker(config: Config) -> Maker:
    return _maker(config.model_dump_json())


def first_question(config: Config, part: Part, index: int, tries: int = 400) -> Question | None:
    """Question `index` as the stage would make it, duplicates aside; None when every try is refused."""
    for attempt in range(tries):
        try:
            return maker(config).attempt(part, index, attempt, Seen())
        except Refused:
            continue
    return None
