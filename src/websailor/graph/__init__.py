"""Stage: a dense, cyclic knowledge graph, found from seed entities outwards through search and visit.

Reads a wiki directory (input `wiki`), or a live wiki through the gateway (`web = "live"`) from given seeds. Writes
facts to `records.jsonl` as they are found and, when done, `entities.jsonl`, `statistics.json` (measures before and
after densification and of a plain expansion, kinds, relations, sources) and `facts.jsonl`: `records.jsonl` without what
was taken back since (a fact whose tenure another page told). Every fact keeps the page, the line or sentence, the
address and the search query that led there.

A run that was killed resumes: what was already searched and read is in `journal.jsonl` until the stage is finished, so
the walk is repeated without touching the web and goes on where it stopped.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from websailor.files import StageConfig
from websailor.records import Manifest
from websailor.tools.environment import WebChoice
from websailor.tools.gateway.config import GatewayConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from websailor.models.base import ChatModel
    from websailor.tools.base import Web


class Config(StageConfig):
    """How the graph is grown."""

    web: WebChoice = "simulated"
    """`simulated`: an offline wiki. `live`: the wiki at `site`, from `seeds`, through the gateway."""
    site: str = "https://en.wikipedia.org/wiki/"
    """What the addresses of a live MediaWiki's pages begin with."""
    gateway: GatewayConfig = GatewayConfig()
    """How a live wiki is reached: live, recorded or replayed. It is searched and read itself, not through others."""
    seeds: tuple[str, ...] = ()
    """Titles to start from; empty: `seed_count` of them are drawn, rare ones preferred."""
    seed_count: int = Field(default=32, ge=1)
    """Seeds to begin with. Whenever nothing reachable is left and the budget is not spent, another one is drawn."""
    rarity: float = Field(default=0.5, ge=0)
    """Seeds are drawn in proportion to (1 + inlinks) ** -rarity; 0 draws uniformly."""
    edges: int = Field(default=20_000, ge=1)
    """Budget: facts between entities. Dates and numbers come on top."""
    expand: float = Field(default=0.5, gt=0, le=1)
    """Probability of reading a new entity next; otherwise an earlier one is returned to and searched around."""
    densify: float = Field(default=0.25, ge=0, lt=1)
    """Share of the budget kept for facts among entities that are already in the graph."""
    returns: int = Field(default=2, ge=0)
    """How often an entity is returned to: first its name is searched, then its name with that of a near entity."""
    search_k: int = Field(default=10, ge=1)
    """Results read per search."""
    patience: int = Field(default=200, ge=0)
    """Densification ends after that many searches for pairs in a row that gave nothing new."""
    follow_links: int = Field(default=20, ge=0)
    """Besides the entities of its facts, so many pages that a page links to may be read next."""
    mentions: bool = False
    """Densify with untyped facts too: relation `mentions` joins a page's entity with those that its sentences link to,
    where both are in the graph and no other fact joins them. For corpora whose infoboxes are few."""
    whole: bool = False
    """Read every page of the corpus once instead of walking; no searches, no budget."""
    hub_degree: int = Field(default=300, ge=0)
    """Entities with more neighbours are hubs: the walk neither reads nor returns to them, and pairs are not searched
    through them. 0 = no cap."""
    compare: bool = False
    """Grow a second graph from the same seeds with the same budget by plain expansion (links alone, nothing returned
    to, nothing densified), and report both."""
    extractor: Literal["rules", "llm", "both"] = "rules"
    """Who reads the text of a page: the rules, a language model, or both. Infoboxes are always read by rule."""
    model: str | None = None
    """The language model: `openai:MODEL@URL`."""
    max_tokens: int = Field(default=2000, ge=64)
    """Tokens of one reply of the model."""
    passage: int = Field(default=4000, ge=200)
    """Characters of a page that the model reads at once."""
    passages: int = Field(default=4, ge=1)
    """Passages of a page that the model reads at most."""
    title_ranks: bool = True
    """Search for every entity's title to learn the rank of its own page."""

    @model_validator(mode="after")
    def _fits(self) -> "Config":
        if self.whole and self.compare:
            raise ValueError("whole reads every page: there is no growth to compare; leave whole or compare out")
        if self.model is not None and self.extractor == "rules":
            raise ValueError("extractor = rules asks no model: leave model out, or set extractor to llm or both")
        if self.web == "live" and not self.seeds:
            raise ValueError("nobody knows all titles of a live wiki: name some to start from in seeds")
        parts = urlsplit(self.site)
        if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc or self.site[-1] != "/":
            raise ValueError("site is what the addresses of pages begin with, as https://en.wikipedia.org/wiki/")
        if self.web == "live" and self.whole:
            raise ValueError("a live wiki is not read whole: leave whole out, or import its dump")
        return self


def run(
    config: Config,
    inputs: Mapping[str, Path],
    out: Path,
    web: "Web | None" = None,
    chat: "Callable[[], ChatModel] | None" = None,
) -> Manifest:
    """Build the graph of `inputs["wiki"]` in `out`, or of any `web` (the live one too) from the seeds of the config.

    `chat` gives a conversation with the extractor's model; without it `config.model` is asked. Raises `UserError` when
    the corpus is empty or states no facts.
    """
    from websailor.graph.stage import build

    return build(config, inputs, out, web, chat)


def summary(out: Path) -> "Table":
    """The table that `graph build` prints, of a finished graph. Raises `UserError` where there is none."""
    from websailor.graph.report import read_statistics, statistics_table

    return statistics_table(read_statistics(out))
