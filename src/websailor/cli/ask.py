"""`websailor ask`: one question to a trained agent, its turns shown as they come."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websailor.cli.output import print_json, stdout
from websailor.errors import UserError
from websailor.models.base import ChatModel, Reply, Sampling
from websailor.models.protocol import read_turn
from websailor.recipe import make_config
from websailor.records import Message, Pattern, Question, Uncertainty

if TYPE_CHECKING:
    from rich.console import Console


class Narrated:
    """A `ChatModel` that shows a conversation while it grows: what came in since the last turn, then the turn."""

    def __init__(self, model: ChatModel, console: "Console") -> None:
        self._model = model
        self._console = console
        self._shown = 0

    async def reply(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], sampling: Sampling) -> Reply:
        for message in messages[self._shown :]:
            if message.role == "tool":
                for line in message.content.splitlines():
                    self._console.print(f"    {line}", style="dim", markup=False, highlight=False)
        reply = await self._model.reply(messages, tools, sampling)
        turn = read_turn(reply.message)
        if turn.error is not None:
            self._console.print(f"  {turn.error}", style="red", markup=False, highlight=False)
        if turn.thought:
            self._console.print(f"  {turn.thought}", style="italic", markup=False, highlight=False)
        for call in turn.calls:
            self._console.print(f"  › {call.name} {call.arguments}", style="cyan", markup=False, highlight=False)
        self._shown = len(messages) + 1
        return reply


def ask_(
    question: str,
    /,
    *,
    run: Path = Path("runs/quickstart"),
    wiki: Path | None = None,
    model: Path | None = None,
    temperature: float = 0.7,
    seed: int = 0,
    json: bool = False,
) -> int:
    """Ask a trained agent a question about its wiki. Exit code 1 when it ends without an answer.

    Parameters
    ----------
    question
        The question, in the words of the wiki.
    run
        The run whose wiki and agent are asked.
    wiki
        A wiki directory; default: that of the run.
    model
        A checkpoint folder; default: the run's rl/checkpoint, else its sft/checkpoint.
    temperature
        0 is greedy.
    seed
        Of the sampling.
    json
        Print the trajectory as one line of JSON instead.
    """
    from rich.console import Console

    from websailor.agent import run_episode
    from websailor.evaluation import Config
    from websailor.models.local.policy import LocalPolicy
    from websailor.tools.simulated import simulated_toolbox
    from websailor.wiki import open_wiki

    if not question.strip():
        raise UserError("the question is empty: websailor ask 'Which company did ... found?'")
    checkpoint = model or _checkpoint(run)
    settings = _evaluation_settings(run, Config)
    sampling = make_config(
        Sampling, {"temperature": temperature, "max_tokens": settings.agent.max_tokens_per_turn}, "flags"
    )
    opened = open_wiki(wiki or run / "wiki")
    asked = unproved(question)
    policy = LocalPolicy(checkpoint)
    console = Console(quiet=True) if json else stdout
    trajectory = asyncio.run(
        run_episode(
            asked,
            Narrated(policy.episode(asked, seed), console),
            simulated_toolbox(opened, settings.tools),
            settings.agent,
            sampling,
            seed,
            policy.name,
        )
    )
    if json:
        print_json(trajectory.model_dump(mode="json"))
    elif trajectory.answer is not None:
        stdout.print(f"[bold]{trajectory.answer}[/bold]", highlight=False)
    else:
        stdout.print(f"no answer: {trajectory.stop.value.replace('_', ' ')}")
    return 0 if trajectory.answer is not None else 1


def unproved(prompt: str) -> Question:
    """A user's question as a record: no pattern, no known answer."""
    nothing = Uncertainty(initial=0, after=(), best_single=0, frontier=0, necessity=0, cycle_rank=0, oracle_cost=0)
    return Question(
        id="asked",
        prompt=prompt.strip(),
        answer="",
        pattern=Pattern(focus="x", variables=("x",), atoms=()),
        clues=(),
        level=0,
        uncertainty=nothing,
        evidence=(),
        shape="",
        focus_orbit=0,
        seed=0,
    )


def _checkpoint(run: Path) -> Path:
    for name in ("rl/checkpoint", "sft/checkpoint"):
        if (run / name / "config.json").is_file():
            return run / name
    raise UserError(f"{run}: no trained checkpoint in it: run `websailor quickstart` first, or name one with --model")


def _evaluation_settings(run: Path, config: Any) -> Any:
    """Tools and limits that the run's agent was evaluated with; the defaults where there is no run."""
    from websailor.files import read_json

    file = run / "config.json"
    if not file.is_file():
        return config()
    found = read_json(file)
    return make_config(config, found.get("evaluation", {}) if isinstance(found, dict) else {}, str(file))
