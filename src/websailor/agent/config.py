"""The limits and the prompt of an episode: the table `agent` of the stages that run one."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from websailor.models.protocol import PromptName


class AgentConfig(BaseModel):
    """Settings of the loop. Reaching a limit is never an error: the trajectory says which one it was."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    prompt: PromptName = "full"
    """`full`: role, tool signatures, format, date. `native`: the same without signatures and format, for endpoints with
    native tool calls. `brief`: a dozen words, for the embedded agent."""
    turns: int = Field(default=100, ge=1, le=100_000)
    """Turns of the model at most."""
    context_tokens: int = Field(default=128 * 1024, ge=1, le=100_000_000)
    """Tokens of the whole conversation at most, the last answer included."""
    max_tokens_per_turn: int = Field(default=10_000, ge=1, le=10_000_000)
    """Tokens of one turn at most."""
    seconds: float | None = Field(default=None, gt=0, le=1e9)
    """Wall time of the episode at most."""
    format_errors: int = Field(default=3, ge=1, le=100_000)
    """Turns in a row without a usable call or answer that end the episode."""
    tool_failures: int = Field(default=10, ge=1, le=100_000)
    """Calls in a row that failed in the tool that end the episode."""
    repeated_calls: Literal["run", "refuse"] = "run"
    """What becomes of a call that this episode has made before, with the same arguments and with success. `run`: the
    tool is asked again. `refuse`: a short observation says that it was made before and what to do instead, so that an
    agent does not go round in circles until its turns are over."""
    citations: bool = False
    """Ask for sources below the answer and tell them from it (`agent.citations`)."""
    date: str | None = None
    """`Current date` of the full prompt, `YYYY-MM-DD`; None is the day of the run."""

    @model_validator(mode="after")
    def _room_for_turns(self) -> Self:
        if self.context_tokens < 3 * self.max_tokens_per_turn:
            raise ValueError(
                f"context_tokens ({self.context_tokens}) must be at least three times max_tokens_per_turn "
                f"({self.max_tokens_per_turn}): room for the question, a turn and the last answer"
            )
        return self

    def speaking(self, protocol: Literal["text", "native"]) -> Self:
        """These settings for an endpoint's protocol: its own tool calls go with the prompt `native`, calls in the text
        with one that does not hide how they are written."""
        prompt: PromptName = "native" if protocol == "native" else "full" if self.prompt == "native" else self.prompt
        return self.model_copy(update={"prompt": prompt})
