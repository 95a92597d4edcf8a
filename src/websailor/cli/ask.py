"""`websailor ask`: one question to an agent, live or simulated; its turns are shown as they come."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from websailor.cli.flags import AsGiven, given, settings_command
from websailor.cli.narration import Narrator
from websailor.cli.output import print_json, stdout
from websailor.errors import UserError
from websailor.models.base import ChatModel, Policy, Reply, Sampling
from websailor.models.endpoint.config import EndpointSettings
from websailor.models.endpoint.prices import in_words
from websailor.progress import configure_logging
from websailor.recipe import make_config
from websailor.records import Message, Pattern, Question, Trajectory, Uncertainty
from websailor.tools.gateway.config import GatewayConfig

if TYPE_CHECKING:
    from websailor.agent import AgentConfig, Episode
    from websailor.tools.base import AsyncWeb, Toolbox
    from websailor.tools.config import ToolsConfig

EndpointFlags = Annotated[EndpointSettings, AsGiven()]
NO_FLAGS = EndpointSettings.model_construct()
GatewayFlags = Annotated[GatewayConfig, AsGiven()]
NO_GATEWAY_FLAGS = GatewayConfig.model_construct()

TOOLS = ("search", "visit", "google_scholar", "PythonInterpreter")
HOW = "more: --live searches the real web, --model openai:MODEL@URL asks another model, `websailor doctor` shows both"
UNSEEN = "which it has never seen: name a model for it with --model openai:MODEL@URL"


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


class Web(NamedTuple):
    """Where the agent works."""

    run: Path
    wiki: Path | None
    live: bool
    gateway: GatewayConfig
    reader: str | None
    unsafe: bool

    def tools(self) -> "ToolsConfig":
        """All tools, for an agent that is not the run's own."""
        from websailor.tools.config import ToolsConfig
        from websailor.tools.sandbox.base import SandboxConfig

        sandbox = SandboxConfig(kind="unsafe-subprocess" if self.unsafe else "bubblewrap")
        return ToolsConfig(tools=TOOLS, sandbox=sandbox)


class Asking(NamedTuple):
    """Everything an episode needs."""

    policy: Policy
    toolbox: "Toolbox"
    pages: "AsyncWeb"
    """Where citations are checked."""
    agent: "AgentConfig"

    async def aclose(self) -> None:
        """Close connections, the store and the sandbox."""
        for opened in (self.policy, self.toolbox):
            ending = getattr(opened, "aclose", None)
            if ending is not None:
                await ending()


@settings_command("ask")
def ask_(
    question: str,
    /,
    *,
    run: Path = Path("runs/quickstart"),
    wiki: Path | None = None,
    model: str | None = None,
    endpoint: EndpointFlags = NO_FLAGS,
    live: bool = False,
    gateway: GatewayFlags = NO_GATEWAY_FLAGS,
    reader: str | None = None,
    unsafe_subprocess: bool = False,
    turns: int | None = None,
    temperature: float = 0.7,
    seed: int = 0,
    json: bool = False,
    out: Path = Path("runs/asked"),
) -> int:
    """Ask an agent. Exit code 0 with an answer, 1 without one, 2 when something is missing, 130 when interrupted.

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
    endpoint
        How to speak to an endpoint.
    live
        Search and read the real web instead of a wiki.
    gateway
        How the live web is reached.
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

    from websailor.agent import Episode

    configure_logging()
    question = question.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # bytes that the locale lacks
    if not question.strip():
        raise UserError("the question is empty: websailor ask 'Which company did ... found?'")
    if given(gateway) and not live:
        raise UserError("--gateway settings are of the real web: add --live, or leave them out")
    if live and wiki is not None:
        raise UserError("on the live web there is no wiki: leave out --wiki, or --live")
    sampling = make_config(Sampling, {"temperature": temperature}, "flags")
    settings = make_config(EndpointSettings, {"stream": True, **given(endpoint)}, "endpoint")
    console = Console(quiet=True) if json else stdout
    narrator = Narrator(console, native=settings.protocol == "native")
    web = Web(run, wiki, live, make_config(GatewayConfig, given(gateway), "gateway"), reader, unsafe_subprocess)
    asking = _prepared(web, model, settings, turns, narrator)
    sampling = sampling.model_copy(update={"max_tokens": asking.agent.max_tokens_per_turn})
    if model is None:
        where = f"on the real web, {UNSEEN}" if live else f"in the simulated web ({HOW})"
        console.print(f"{asking.policy.name} {where}", style="dim", highlight=False)
    asked = unproved(question)
    narrated = Narrated(asking.policy.episode(asked, seed), narrator)
    episode = Episode(asked, narrated, asking.toolbox, asking.agent, sampling, seed, asking.policy.name)
    started = time.monotonic()
    trajectory, interrupted = _worked(episode, asking, out)
    try:
        _keep(trajectory, out)
    finally:  # what cannot be kept is shown all the same
        if json:
            print_json(trajectory.model_dump(mode="json"))
        else:
            narrator.ended(trajectory, time.monotonic() - started)
            for role, other in asking.toolbox.asked.items():
                console.print(f"{role} {in_words(other.spent)}", style="dim", markup=False, highlight=False)
    return 130 if interrupted else 0 if trajectory.answer is not None else 1


def _prepared(web: Web, model: str | None, settings: EndpointSettings, turns: int | None, narrator: Narrator) -> Asking:
    """Model, tools and limits of what was asked for."""
    from websailor.agent import AgentConfig
    from websailor.evaluation import Config

    of_run = _evaluation_settings(web.run, Config)
    tools, agent = of_run.tools, of_run.agent
    policy: Policy
    if model is not None and model.startswith("openai:"):
        from websailor.models.endpoint import EndpointPolicy, parse_endpoint

        policy = EndpointPolicy(parse_endpoint(model, **settings.model_dump()), listener=narrator.hear)
        agent = AgentConfig(citations=True).speaking(settings.protocol)
        tools = web.tools()
    else:
        from websailor.models.local.policy import LocalPolicy

        policy = LocalPolicy(Path(model) if model is not None else _checkpoint(web.run))
        tools = web.tools() if web.live else tools
    if turns is not None:
        agent = make_config(AgentConfig, {**agent.model_dump(), "turns": turns}, "flags")
    toolbox, pages = _tools(web, tools)
    return Asking(policy, toolbox, pages, agent)


def _tools(web: Web, config: "ToolsConfig") -> tuple["Toolbox", "AsyncWeb"]:
    from websailor.tools.simulated import SimulatedScholar, SimulatedWeb, toolbox
    from websailor.tools.summary import open_reader
    from websailor.tools.webs import Immediate

    reader = open_reader(web.reader, config)
    if web.live:
        from websailor.tools.gateway.opening import open_gateway
        from websailor.tools.live import LiveWeb, live_toolbox

        gateway = open_gateway(web.gateway)
        return live_toolbox(gateway, config, reader), LiveWeb(gateway)
    from websailor.wiki import open_wiki

    folder = web.wiki or web.run / "wiki"
    if web.wiki is None and not folder.is_dir():
        raise UserError(
            f"{web.run}: no wiki in it: run `websailor quickstart` first, or name one with --wiki, or --live"
        )
    wiki = open_wiki(folder)
    pages = Immediate(SimulatedWeb(wiki))
    return toolbox(pages, config, Immediate(SimulatedScholar(wiki)), reader), pages


def _worked(episode: "Episode", asking: Asking, out: Path) -> tuple[Trajectory, bool]:
    """The episode with its citations, and whether a person stopped it. Of one that breaks down, what had happened so
    far is kept."""
    _records(out).open("a").close()  # a place that cannot be written is told before anything is paid for
    try:
        return asyncio.run(_cited(episode, asking)), False
    except KeyboardInterrupt:
        return episode.trajectory(), True
    except Exception as error:
        _keep(episode.trajectory().model_copy(update={"error": f"{type(error).__name__}: {error}"}), out)
        if isinstance(error, UserError) and episode.turns:
            raise UserError(f"{error} (what happened so far is in {out / 'records.jsonl'})") from error
        raise


async def _cited(episode: "Episode", asking: Asking) -> Trajectory:
    from websailor.agent.citations import checked, from_observations

    try:
        trajectory = await episode.work()
        found = trajectory.citations
        if not found and trajectory.answer is not None:
            found = from_observations(trajectory.answer, trajectory.steps)
        return trajectory.model_copy(update={"citations": await checked(found, asking.pages)})
    finally:
        await asking.aclose()


def _keep(trajectory: Trajectory, out: Path) -> None:
    """Add the episode to the file of asked questions."""
    with _records(out).open("a", encoding="utf-8") as file:
        file.write(trajectory.model_dump_json() + "\n")


def _records(out: Path) -> Path:
    """The file of asked questions, its directory made."""
    out.mkdir(parents=True, exist_ok=True)
    return out / "records.jsonl"


def unproved(prompt: str) -> Question:
    """A user's question as a record: no pattern, no known answer."""
    nothing = Uncertainty(initial=0, after=(), best_single=0, frontier=0, necessity=0, cycle_rank=0, oracle_cost=0)
    words = prompt.strip()
    return Question(
        id=f"asked-{hashlib.blake2b(words.encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}",
        prompt=words,
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
    raise UserError(
        f"{run}: no trained checkpoint in it: run `websailor quickstart` first, or name a model with --model"
    )


def _evaluation_settings(run: Path, config: Any) -> Any:
    """Tools and limits that the run's agent was evaluated with; the defaults where there is no run."""
    from websailor.files import read_json

    file = run / "config.json"
    if not file.is_file():
        return config()
    recipe = read_json(file)
    if not isinstance(recipe, dict) or not isinstance(recipe.get("evaluation"), dict):
        raise UserError(f"{run}: not the directory of a run (its config.json names no evaluation): name one with --run")
    return make_config(config, recipe["evaluation"], str(file))
