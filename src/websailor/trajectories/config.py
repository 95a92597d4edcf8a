"""What is kept of the right trajectories, and how their thoughts are rewritten: tables of the stage's config.

Apart from what uses them, so that the flags can be described without loading it.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from websailor.records import Question


class FilterConfig(BaseModel):
    """What is kept of the right ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    words: int | None = Field(default=None, ge=50, le=10**9)
    """Longest trajectory, in words and punctuation marks of all messages: `too_long`."""
    tokens: int | None = Field(default=None, ge=50, le=10**9)
    """Longest trajectory, in tokens as the expert counted them; where thoughts were rewritten, the same tokens per byte
    are assumed: `too_many_tokens`."""
    max_turns: int | None = Field(default=None, ge=1, le=100_000)
    """Most turns, the answer's included: `many_turns`."""
    min_calls: int = Field(default=0, ge=0, le=100_000)
    """Fewest calls: `few_calls`."""
    max_calls: int | None = Field(default=None, ge=0, le=100_000)
    """Most calls: `many_calls`."""
    repeated_calls: int = Field(default=0, ge=0, le=100_000)
    """Most calls that repeat an earlier one, argument for argument: `repeated_call`."""
    format_errors: int = Field(default=0, ge=0, le=100_000)
    """Most turns without a usable call: `format`."""
    early_answers: bool = False
    """Keep also those that name the answer before the question or an observation showed it, as a model does that knows
    it by heart; else `leak`."""
    language: Literal["any", "question", "en", "zh"] = "any"
    """Language of the thoughts: that of the question, or a certain one: `language`."""
    language_share: float = Field(default=0.8, ge=0, le=1)
    """Smallest share of the thoughts' words in that language, told by their characters."""

    def language_of(self, question: Question) -> Literal["en", "zh"] | None:
        """What the thoughts on a question should be in; None: anything."""
        if self.language == "any":
            return None
        return question.language if self.language == "question" else self.language


class RewritingConfig(BaseModel):
    """How thoughts are rewritten."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    words: int = Field(default=100, ge=5, le=100_000)
    """Words (or Chinese characters) of a thought at most."""
    observation: int = Field(default=3000, ge=100, le=10**9)
    """Characters of each observation that the rewriter sees."""
    max_tokens: int = Field(default=4000, ge=64, le=1_000_000)
    """Tokens of a reply at most, the rewriter's own thoughts included."""
    temperature: float = Field(default=0.7, ge=0, le=100)
    endpoint: dict[str, Any] = Field(default_factory=dict)
    """How to speak to the rewriter's endpoint: settings as in `EndpointSettings`, for instance `{retries = 2}`."""
