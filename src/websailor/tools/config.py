"""How the tools answer: the table `tools` of the stages that run an agent."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from websailor.tools.faults import FaultsConfig
from websailor.tools.sandbox.base import SandboxConfig

ToolChoice = Literal["search", "visit", "google_scholar", "PythonInterpreter"]


class ToolsConfig(BaseModel):
    """Settings of search and visit."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    tools: tuple[ToolChoice, ...] = ("search", "visit")
    """What the agent may call, in the order in which it is told."""
    top_k: int = Field(default=10, ge=1, le=1000)
    """Search results per query."""
    snippet_words: int = Field(default=30, ge=1, le=100_000)
    """Words of a snippet at most."""
    address: Literal["url", "title"] = "url"
    """How pages are named to the agent: by URL, or by title (shorter, for the embedded agent)."""
    visit_sentences: int = Field(default=5, ge=0, le=1_000_000)
    """Sentences of a page at most."""
    visit_fields: int = Field(default=8, ge=0, le=100_000)
    """Infobox lines of a page at most."""
    batch: int = Field(default=10, ge=1, le=1000)
    """Queries or pages in one call at most."""
    cache: int = Field(default=4096, ge=0, le=10**9)
    """Results kept in memory per tool: the rollouts of a group ask alike."""
    faults: FaultsConfig = FaultsConfig()
    """What goes wrong on the simulated web."""
    sandbox: SandboxConfig = SandboxConfig()
    """Where Python programs run."""
