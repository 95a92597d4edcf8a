"""What conversations cost: tokens as the endpoint counted them, money by a table of prices.

Enters: a TOML file and the usage of each reply. Leaves: `Spending`. A model that is not in the table has no cost, and
tokens that the endpoint did not report are never guessed into one.

    currency = "USD"

    [models."qwen3-30b"]
    input = 0.10          # per million tokens
    cached_input = 0.02   # of the prompt's tokens that came from a cache; left out, they cost as `input`
    output = 0.30         # thoughts included
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from websailor.errors import UserError
from websailor.recipe import first_problem, read_table
from websailor.records import Record


class Price(BaseModel):
    """Prices of one model."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    input: float = Field(ge=0)
    """A million tokens of the prompt."""
    output: float = Field(ge=0)
    """A million tokens of the reply, thoughts included."""
    cached_input: float | None = Field(default=None, ge=0)
    """A million tokens of the prompt that came from a cache; None: as `input`."""


class Prices(BaseModel):
    """A table of prices."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    currency: str = "USD"
    """What the numbers mean."""
    models: Mapping[str, Price] = Field(default_factory=dict)
    """Prices by the model's name at the endpoint."""


class Metered(Record):
    """Tokens of one reply as the endpoint reported them."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    """Part of `prompt_tokens`."""
    reasoning_tokens: int = 0
    """Part of `completion_tokens`."""


class Spending(Record):
    """What an endpoint was asked for so far."""

    model: str = ""
    """The model's name there."""
    replies: int = 0
    unmetered: int = 0
    """Replies without usage: their tokens and their cost are not in the sums."""
    retries: int = 0
    """Attempts that came to nothing and were made again; what they cost is not known."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost: float | None = None
    """Of all metered replies; None when the model's price is not known."""
    currency: str | None = None


def load_prices(path: Path) -> Prices:
    """Read a table of prices. Raises `UserError` that names the key."""
    try:
        return Prices.model_validate(read_table(path, "table of prices"))
    except ValidationError as error:
        raise UserError(f"{path}: {first_problem(error)}") from error


def cost(metered: Metered, price: Price) -> float:
    """Money for one reply, in the table's currency."""
    cached_price = price.input if price.cached_input is None else price.cached_input
    fresh = metered.prompt_tokens - metered.cached_tokens
    return (
        fresh * price.input + metered.cached_tokens * cached_price + metered.completion_tokens * price.output
    ) / 1_000_000


class Ledger:
    """Adds up what replies cost."""

    def __init__(self, model: str, prices: Prices | None = None) -> None:
        self._price = None if prices is None else prices.models.get(model)
        self.currency = None if self._price is None or prices is None else prices.currency
        """Of the price; None where there is none."""
        self.spent = Spending(model=model, cost=None if self._price is None else 0.0, currency=self.currency)
        """The sums so far."""

    def cost(self, metered: Metered | None) -> float | None:
        """Money for one reply; None when the model's price or the reply's tokens are not known."""
        return None if metered is None or self._price is None else cost(metered, self._price)

    def book(self, metered: Metered | None) -> None:
        """Enter a reply."""
        before = self.spent
        update: dict[str, float | int] = {
            "replies": before.replies + 1,
            "unmetered": before.unmetered + (metered is None),
        }
        if metered is not None:
            for name in ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens"):
                update[name] = getattr(before, name) + getattr(metered, name)
            if before.cost is not None:
                update["cost"] = before.cost + (self.cost(metered) or 0.0)
        self.spent = before.model_copy(update=update)

    def book_retry(self) -> None:
        """Enter an attempt that came to nothing and is made again."""
        self.spent = self.spent.model_copy(update={"retries": self.spent.retries + 1})


def in_words(spent: Spending) -> str:
    """One line for people."""
    tokens = f"{spent.prompt_tokens:,} tokens in, {spent.completion_tokens:,} out"
    return f"{spent.model}: {spent.replies:,} replies, {tokens}, {money(spent.cost, spent.currency, spent.unmetered)}"


def money(cost: float | None, currency: str | None, unmetered: int = 0) -> str:
    """A cost as people read it; one that is not known is said to be so."""
    if cost is None:
        return "cost unknown (no price of this model: name a table with --endpoint.prices)"
    amount = f"{cost:.2f}" if cost >= 1 else f"{cost:.2g}"
    return f"{amount} {currency}" + (f" and what {unmetered} replies without usage cost" if unmetered else "")
