"""`websailor ask`: one question to an agent, live or simulated; its turns are shown as they come."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from websailor.cli.output import print_json, stdout
from websailor.errors import UserError
from websailor.models.base import ChatModel, Policy, Reply, Sampling
from websailor.models.protocol import read_turn
from websailor.recipe import make_config
from websailor.records import Message, Pattern, Question, Trajectory, Uncertainty
from websailor.tools.gateway.config import Mode

if TYPE_CHECKING:
    from rich.console import Console

    from websailor.agent import AgentConfig, Episode
    from websailor.models.endpoint import Delta
    from websailor.tools.base import AsyncWeb, Toolbox

LIVE_TOOLS = ("search", "visit", "google_scholar", "PythonInterpreter")
HOW = "more: --live searches the real web, --model openai:MODEL@URL asks another model, `websailor doctor` shows both"


class Narrator:
    """Shows a conversation while it grows: what came in since the last turn, then the turn, piece by piece where the
    model streams."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._shown = 0
        self._streamed = ""
        """Kind of the delta that was shown last in this turn; empty when none was."""

    def hear(self, delta: "Delta") -> None:
        """Show a piece of a turn."""
        styles = {"thought": "italic", "text": "italic", "call": "cyan", "arguments": "cyan", "restart": "red"}
        if delta.kind != self._streamed and self._streamed:
            self._console.print()
        start = "  › " if delta.kind == "call" else "  " if delta.kind != self._streamed else ""
        self._streamed = delta.kind
        self._console.print(
            f"{start}{delta.text}", style=styles[delta.kind], end="", markup=False, highlight=False, soft_wrap=True
        )

    def observations(self, messages: Sequence[Message]) -> None:
        """Show what the tools gave since the last turn."""
        for message in messages[self._shown :]:
            if message.role == "tool":
                for line in message.content.splitlines():
                    self._console.print(f"    {line}", style="dim", markup=False, highlight=False)
        self._shown = len(messages) + 1

    def turn(self, message: Message) -> None:
        """Show a whole turn, but for what was streamed of it."""
        turn = read_turn(message)
        if self._streamed:
            self._console.print()
            self._streamed = ""
        else:
            if turn.thought:
                self._console.print(f"  {turn.thought}", style="italic", markup=False, highlight=False)
            for call in turn.calls:
                self._console.print(f"  › {call.name} {call.arguments}", style="cyan", markup=False, highlight=False)
        if turn.error is not None:
            self._console.print(f"  {turn.error}", style="red", markup=False, highlight=False)


class Narrated:
    """A `ChatModel` whose turns a `Narrator` shows."""

    def __init__(self, model: ChatModel, narrator: Narrator) -> None:
        self._model = model
        self._narrator = narrator

    async def reply(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], sampling: Sampling) -> Reply:
        self._narrator.observations(messages)
        reply = await self._model.reply(messages, tools, sampling)
        self._narrator.turn(reply.message)
        return reply


class Asking(NamedTuple):
    """Everything an episode needs."""

    policy: Policy
    toolbox: "Toolbox"
    web: "AsyncWeb"
    """Where citations are checked."""
    agent: "AgentConfig"


def ask_(
    question: str,
    /,
    *,
    run: Path = Path("runs/quickstart"),
    wiki: Path | None = None,
    model: str | None = None,
    live: bool = False,
    mode: Mode = "live",
    store: Path | None = None,
    reader: str | None = None,
    unsafe_subprocess: bool = False,
    turns: int | None = None,
    temperature: float = 0.7,
    seed: int = 0,
    json: bool = False,
    out: Path = Path("runs/asked"),
) -> int:
    """Ask an agent. Exit code 1 when it ends without an answer, 130 when it is interrupted.

    With nothing else given it is the agent of the quickstart in its simulated web.

    Parameters
    ----------
    question
        The question.
    run
        The run whose wiki and agent are asked.
    wiki
        A wiki directory; default: that of the run.
    model
        A checkpoint folder or openai:MODEL@URL; default: the run's rl/checkpoint, else its sft/checkpoint.
    live
        Search and read the real web instead of a wiki.
    mode
        With --live: live, record, replay or replay-or-live.
    store
        With --live: the file of web results.
    reader
        A model that reads pages for the agent, openai:MODEL@URL; default: the best sentences.
    unsafe_subprocess
        Run the agent's Python programs without a sandbox.
    turns
        Turns of the agent at most.
    temperature
        0 is greedy.
    seed
        Of the sampling.
    json
        Print the trajectory as one line of JSON instead.
    out
        Directory of records.jsonl, to which every episode is added, also an interrupted one.
    """
    from rich.console import Console

    if not question.strip():
        raise UserError("the question is empty: websailor ask 'Which company did ... found?'")
    sampling = make_config(Sampling, {"temperature": temperature}, "flags")
    console = Console(quiet=True) if json else stdout
    narrator = Narrator(console)
    asking = _prepared(run, wiki, model, live, mode, store, reader, unsafe_subprocess, turns, narrator)
    sampling = sampling.model_copy(update={"max_tokens": asking.agent.max_tokens_per_turn})
    if model is None and not live:
        console.print(f"{asking.policy.name} in the simulated web ({HOW})", style="dim", highlight=False)
    trajectory, interrupted = _worked(unproved(question), asking, sampling, seed, narrator)
    _keep(trajectory, out)
    if json:
        print_json(trajectory.model_dump(mode="json"))
    else:
        _show(trajectory)
    return 130 if interrupted else 0 if trajectory.answer is not None else 1


def _prepared(
    run: Path,
    wiki: Path | None,
    model: str | None,
    live: bool,
    mode: Mode,
    store: Path | None,
    reader: str | None,
    unsafe: bool,
    turns: int | None,
    narrator: Narrator,
) -> Asking:
    """Model, tools and limits of what was asked for."""
    from websailor.agent import AgentConfig
    from websailor.evaluation import Config
    from websailor.tools.config import ToolsConfig
    from websailor.tools.sandbox.base import SandboxConfig

    remote = model is not None and model.startswith("openai:")
    settings = _evaluation_settings(run, Config)
    if remote or live:
        sandbox = SandboxConfig(kind="unsafe-subprocess" if unsafe else "bubblewrap")
        tools = ToolsConfig(tools=LIVE_TOOLS, sandbox=sandbox)
        agent = AgentConfig(citations=remote)
    else:
        tools, agent = settings.tools, settings.agent
    policy = _policy(model, run, narrator)
    if remote and getattr(policy, "config").protocol == "native":  # noqa: B009 -- only an endpoint's policy has it
        agent = agent.model_copy(update={"prompt": "native"})
    if turns is not None:
        agent = make_config(AgentConfig, {**agent.model_dump(), "turns": turns}, "flags")
    toolbox, web = _tools(run, wiki, live, mode, store, reader, tools)
    return Asking(policy, toolbox, web, agent)


def _policy(model: str | None, run: Path, narrator: Narrator) -> Policy:
    if model is not None and model.startswith("openai:"):
        from websailor.models.endpoint import EndpointPolicy, parse_endpoint

        return EndpointPolicy(parse_endpoint(model, stream=True), listener=narrator.hear)
    from websailor.models.local.policy import LocalPolicy

    return LocalPolicy(Path(model) if model is not None else _checkpoint(run))


def _tools(
    run: Path, wiki: Path | None, live: bool, mode: Mode, store: Path | None, reader: str | None, config: Any
) -> tuple["Toolbox", "AsyncWeb"]:
    from websailor.tools.simulated import SimulatedScholar, SimulatedWeb, toolbox
    from websailor.tools.webs import Immediate

    reading = None
    if reader is not None:
        from websailor.models.endpoint import EndpointPolicy, parse_endpoint
        from websailor.tools.summary import SummaryReader
        from websailor.tools.visit import ExtractiveReader

        summariser = EndpointPolicy(parse_endpoint(reader)).episode(unproved("read"), 0)
        reading = SummaryReader(summariser, ExtractiveReader(config))
    if live:
        from websailor.tools.gateway import GatewayConfig
        from websailor.tools.gateway.opening import open_gateway
        from websailor.tools.live import LiveWeb, live_toolbox

        gateway = open_gateway(GatewayConfig(mode=mode, store=store))
        return live_toolbox(gateway, config, reading), LiveWeb(gateway)
    from websailor.wiki import open_wiki

    opened = open_wiki(wiki or run / "wiki")
    web = Immediate(SimulatedWeb(opened))
    return toolbox(web, config, Immediate(SimulatedScholar(opened)), reading), web


def _worked(
    question: Question, asking: Asking, sampling: Sampling, seed: int, narrator: Narrator
) -> tuple[Trajectory, bool]:
    """The episode with its citations, and whether a person stopped it: then what had happened so far."""
    from websailor.agent import Episode

    model = Narrated(asking.policy.episode(question, seed), narrator)
    episode = Episode(question, model, asking.toolbox, asking.agent, sampling, seed, asking.policy.name)
    try:
        return asyncio.run(_cited(episode, asking)), False
    except KeyboardInterrupt:
        return episode.trajectory(), True


async def _cited(episode: "Episode", asking: Asking) -> Trajectory:
    from websailor.agent.citations import checked, from_observations

    trajectory = await episode.work()
    if trajectory.citations:
        found = await checked(trajectory.citations, asking.web)
    elif trajectory.answer is not None:
        found = from_observations(trajectory.answer, trajectory.steps)
    else:
        found = ()
    return trajectory.model_copy(update={"citations": found})


def _show(trajectory: Trajectory) -> None:
    """The answer and what it rests on."""
    if trajectory.answer is None:
        stdout.print(f"no answer: {trajectory.stop.value.replace('_', ' ')}")
    else:
        stdout.print(f"[bold]{_escaped(trajectory.answer)}[/bold]", highlight=False)
    for citation in trajectory.citations:
        flag = {True: "[green]✓[/]", False: "[red]not on the page[/]", None: "[yellow]not checked[/]"}[citation.found]
        stdout.print(f"  {flag} {_escaped(citation.claim)}: “{_escaped(citation.quote)}”", highlight=False)
        if citation.url:
            stdout.print(f"      {citation.url}", style="dim", markup=False, highlight=False)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _keep(trajectory: Trajectory, out: Path) -> None:
    """Add the episode to the file of asked questions."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "records.jsonl").open("a", encoding="utf-8") as file:
        file.write(trajectory.model_dump_json() + "\n")


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
    recipe = read_json(file)
    if not isinstance(recipe, dict) or "evaluation" not in recipe:
        raise UserError(f"{run}: not the directory of a run (its config.json names no evaluation): name one with --run")
    return config.model_validate(recipe["evaluation"])
