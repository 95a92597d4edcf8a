"""`ask` shows an episode while it happens."""

import asyncio
from io import StringIO

from rich.console import Console

from websailor.agent import AgentConfig, run_episode
from websailor.cli.ask import Narrated, Narrator, unproved
from websailor.models.base import Sampling
from websailor.models.protocol import answer_turn, call_turn
from websailor.models.scripted import ScriptedModel
from websailor.records import Page, StopReason
from websailor.tools.config import ToolsConfig
from websailor.tools.memory import InMemoryWeb
from websailor.tools.simulated import web_toolbox

PAGE = Page(
    id=1, title="Melik Works", url="https://world.example/Melik_Works", text="Melik Works was founded by Solak."
)


def test_turns_are_shown_in_the_order_they_happen() -> None:
    written = StringIO()
    model = ScriptedModel(
        [
            call_turn("Need the company.", "search", {"query": ["founded by Solak"]}),
            "nothing usable",
            answer_turn("Found it.", "Melik Works"),
        ]
    )
    question = unproved("  Which company did Solak found? ")
    trajectory = asyncio.run(
        run_episode(
            question,
            Narrated(model, Narrator(Console(file=written, width=200))),
            web_toolbox(InMemoryWeb([PAGE]), ToolsConfig(address="title")),
            AgentConfig(prompt="brief", turns=5, context_tokens=4000, max_tokens_per_turn=200),
            Sampling(max_tokens=200),
            0,
            "scripted",
        )
    )
    assert question.prompt == "Which company did Solak found?"
    assert (trajectory.answer, trajectory.stop) == ("Melik Works", StopReason.ANSWER)
    shown = [line.strip() for line in written.getvalue().splitlines() if line.strip()]
    wanted = ["Need the company.", "› search", "1. Melik Works", "after the thought write one", "Found it."]
    positions = [next(number for number, line in enumerate(shown) if words in line) for words in wanted]
    assert positions == sorted(positions), shown
