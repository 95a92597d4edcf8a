"""The knobs of the generated encyclopedia. A profile supplies the defaults; explicit values win."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Profile = Literal["small", "rich"]

DEFAULTS: dict[Profile, dict[str, Any]] = {
    "small": {
        "pages": 2000,
        "community_size": 50,
        "density": 1.0,
        "closing": 0.7,
        "leak": 0.0,
        "zipf": 0.0,
        "homonyms": 0.0,
        "redirects": 0.0,
        "stubs": 0.0,
        "near_misses": 0.0,
        "disagreeing": 0.0,
        "lists": False,
        "sentences": 4,
        "spread": 0.0,
        "phrasings": 2,
        "pronouns": 1.0,
        "hidden": 0.0,
        "held_out_cells": 0.0,
    },
    "rich": {
        "pages": 10_000,
        "community_size": 400,
        "density": 1.0,
        "closing": 0.5,
        "leak": 0.1,
        "zipf": 0.8,
        "homonyms": 0.03,
        "redirects": 0.15,
        "stubs": 0.1,
        "near_misses": 0.05,
        "disagreeing": 0.03,
        "lists": True,
        "sentences": 10,
        "spread": 0.9,
        "phrasings": 3,
        "pronouns": 0.6,
        "hidden": 0.15,
        "held_out_cells": 0.1,
    },
}


_SMALL = DEFAULTS["small"]


class WorldConfig(BaseModel):
    """What a generated world looks like. Knobs left out take the profile's default."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    profile: Profile = "small"
    """`small`: seven types, short pages, few name words, for a tiny model. `rich`: twelve types, for real models."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of the whole world; the same knobs and seed give the same bytes."""
    pages: int = Field(default=_SMALL["pages"], ge=30, le=5_000_000)
    """Entities, each with a page of its own (redirects, disambiguation, list and category pages come on top)."""
    community_size: int = Field(default=_SMALL["community_size"], ge=30)
    """Entities that form a community; relations stay inside it but for `leak`."""
    communities: int | None = Field(default=None, ge=1)
    """Number of communities; by default it follows from `pages` and `community_size`."""
    density: float = Field(default=_SMALL["density"], ge=0, le=2)
    """Factor on the share of entities that carry a relation which not all of them need."""
    closing: float = Field(default=_SMALL["closing"], ge=0, le=1)
    """Probability that a target is the end of a typed path (home := where the employer sits), so that cycles close."""
    leak: float = Field(default=_SMALL["leak"], ge=0, le=1)
    """Share of relations that lead out of the community."""
    zipf: float = Field(default=_SMALL["zipf"], ge=0, le=2)
    """Exponent of popularity: 0 spreads targets evenly, larger values favour few."""
    homonyms: float = Field(default=_SMALL["homonyms"], ge=0, le=0.5)
    """Share of entities that bear the name of another."""
    redirects: float = Field(default=_SMALL["redirects"], ge=0, le=1)
    """Share of entities with an alias that redirects to them."""
    stubs: float = Field(default=_SMALL["stubs"], ge=0, le=1)
    """Share of entities whose page states little."""
    near_misses: float = Field(default=_SMALL["near_misses"], ge=0, le=0.5)
    """Share of the people and works that are paired with one that agrees in most but not in all (rich)."""
    disagreeing: float = Field(default=_SMALL["disagreeing"], ge=0, le=0.2)
    """Share of pages whose text contradicts their infobox in one year, number, place or field."""
    lists: bool = False
    """Write list pages and category pages."""
    sentences: int = Field(default=_SMALL["sentences"], ge=1, le=200)
    """Most sentences on a page (small); median of the page length (rich)."""
    spread: float = Field(default=_SMALL["spread"], ge=0, le=2)
    """Sigma of the log-normal page length; 0 = every page is as long as its facts allow."""
    phrasings: int = Field(default=_SMALL["phrasings"], ge=1, le=3)
    """Phrasings per relation that pages draw from."""
    pronouns: float = Field(default=_SMALL["pronouns"], ge=0, le=1)
    """Probability that a sentence after the first says "he", "she" or "it"."""
    hidden: float = Field(default=_SMALL["hidden"], ge=0, le=1)
    """Share of facts that stand in one place of their page alone: infobox, text or table."""
    held_out_cells: float = Field(default=_SMALL["held_out_cells"], ge=0, lt=1)
    """Share of the (shape, type) cells that training never sees; see `held_out`."""
    lexicon: int | None = Field(default=None, ge=40, le=100_000)
    """Name words; by default 220 (small) or 800 (rich), more where that many pages need more names."""

    @model_validator(mode="before")
    @classmethod
    def _fill_from_profile(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        given = {name: value for name, value in values.items() if value is not None}
        return {**DEFAULTS.get(given.get("profile", "small"), {}), **given}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.communities is not None and self.pages < 30 * self.communities:
            raise ValueError(
                f"{self.communities} communities need at least {30 * self.communities} pages, not {self.pages}"
            )
        if self.lexicon is not None and self.lexicon * (self.lexicon - 1) // 4 < self.pages:
            raise ValueError(
                f"{self.lexicon} name words are too few for {self.pages} pages: take more or leave `lexicon` out"
            )
        return self

    @property
    def community_count(self) -> int:
        """Communities the entities are divided into."""
        return self.communities or max(1, round(self.pages / self.community_size))

    @property
    def lexicon_size(self) -> int:
        """Name words in use."""
        if self.lexicon is not None:
            return self.lexicon
        base = 220 if self.profile == "small" else 800
        return max(base, int((10 * self.pages) ** 0.5) + 1)
