"""A reader that asks a model: what does this page say about the goal?

Enters: a page and a goal. Leaves: the model's evidence and summary under the page's title. A reply that is not the JSON
that was asked for is asked again, at most three times; then, or when the model cannot be reached, the extractive reader
answers.
"""

import json
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websailor.errors import UserError
from websailor.models.base import ChatModel, ContextExceeded, Sampling
from websailor.models.fences import fenced
from websailor.records import Message, Page
from websailor.tools.config import ToolsConfig
from websailor.tools.visit import ExtractiveReader, Reader

if TYPE_CHECKING:
    from websailor.models.endpoint import EndpointPolicy

log = logging.getLogger(__name__)

PROMPT = (Path(__file__).parent / "prompts" / "summary.txt").read_text(encoding="utf-8")
ASKED_AGAIN = 3
CHARACTERS = (120_000, 40_000, 12_000)
"""How much of a page is shown; less after the model found it too long."""
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)


class SummaryReader:
    """`model` takes one turn without tools; `fallback` answers when it does not. `policy` is the endpoint behind the
    model, if there is one: what it spends is counted, and it is closed with the tools.
    """

    def __init__(
        self, model: ChatModel, fallback: Reader, max_tokens: int = 2000, policy: "EndpointPolicy | None" = None
    ) -> None:
        self.policy = policy
        self._model = model
        self._fallback = fallback
        self._sampling = Sampling(temperature=0.0, max_tokens=max_tokens, stop=())

    async def __call__(self, page: Page, goal: str) -> str:
        shown = 0
        for _ in range(1 + ASKED_AGAIN):
            asked = PROMPT.format(goal=goal, title=page.title, url=page.url, text=page.text[: CHARACTERS[shown]])
            try:
                reply = await self._model.reply([Message(role="user", content=fenced(asked))], [], self._sampling)
            except UserError as error:
                log.warning("the summary model cannot be used: %s", error)
                break
            except ContextExceeded:
                if shown + 1 == len(CHARACTERS):
                    break
                shown += 1
                continue
            found = read_summary(reply.message.content)
            if found is not None:
                return f"{page.title}\nEvidence: {found['evidence']}\nSummary: {found['summary']}"
        log.warning("the summary model gave no usable summary of %s: read without it", page.url or page.title)
        return await self._fallback(page, goal)


def open_reader(model: str | None, config: ToolsConfig) -> SummaryReader | None:
    """A reader over the endpoint `openai:MODEL@URL`; None for none. Raises `UserError` for a name that is none."""
    if model is None:
        return None
    from websailor.models.endpoint import EndpointModel, EndpointPolicy, parse_endpoint

    policy = EndpointPolicy(parse_endpoint(model))
    return SummaryReader(EndpointModel(policy, 0), ExtractiveReader(config), policy=policy)


def read_summary(text: str) -> dict[str, str] | None:
    """The object in a reply, whatever stands around it; None when its parts are missing or empty."""
    match = _OBJECT.search(text.rpartition("</think>")[2])
    if match is None:
        return None
    try:
        found: Any = json.loads(match.group(), strict=False)
    except (ValueError, RecursionError):
        return None
    parts = {name: found.get(name) for name in ("rational", "evidence", "summary")} if isinstance(found, dict) else {}
    kept = {name: part.strip() for name, part in parts.items() if isinstance(part, str)}
    return kept if kept.get("evidence") and kept.get("summary") else None
