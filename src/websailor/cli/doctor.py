"""`websailor doctor`: what is configured, what can be reached, and what is safe; never a secret."""

import asyncio
import os
import platform
import shutil
import sys
import time
from collections.abc import Awaitable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from rich.markup import escape
from rich.table import Table

from websailor.cli.flags import AsGiven, given, settings_command
from websailor.cli.output import stdout
from websailor.errors import UserError
from websailor.models.fences import printable
from websailor.recipe import make_config
from websailor.tools.gateway.config import GatewayConfig

if TYPE_CHECKING:
    from websailor.models.endpoint import EndpointConfig

GatewayFlags = Annotated[GatewayConfig, AsGiven()]
NO_FLAGS = GatewayConfig.model_construct()

State = Literal["ok", "off", "broken"]
MARKS: dict[State, str] = {"ok": "[green]✓[/]", "off": "[dim]–[/]", "broken": "[red]✗[/]"}
SECONDS = 8.0
"""Patience with one service."""


class Finding(NamedTuple):
    """One line of the report."""

    group: str
    name: str
    state: State
    words: str


@settings_command("doctor")
def doctor_(
    *,
    run: Path = Path("runs/quickstart"),
    model: str | None = None,
    gateway: GatewayFlags = NO_FLAGS,
    offline: bool = False,
) -> int:
    """Show what is configured, reachable and safe, and never a secret.

    Exit code 0 when all that is configured works, 1 when something of it does not, 2 when the command line is wrong.

    Parameters
    ----------
    run
        The run that `websailor ask` would use.
    model
        An endpoint to look at: openai:MODEL@URL.
    gateway
        How the live web is reached.
    offline
        Contact nothing.
    """
    services = asyncio.run(_services(model, make_config(GatewayConfig, given(gateway), "gateway"), offline))
    findings = [*_installation(), *_run(run), *services, *asyncio.run(_safety())]
    table = Table(show_header=False, box=None, pad_edge=False)
    for column in ("", "what", "state"):
        table.add_column(column, overflow="fold")
    group = ""
    for finding in findings:
        if finding.group != group:
            group = finding.group
            table.add_row("", f"[bold]{group}[/]", "")
        table.add_row(MARKS[finding.state], escape(printable(finding.name)), escape(printable(finding.words)))
    stdout.print(table)
    return 1 if any(finding.state == "broken" for finding in findings) else 0


def _installation() -> Iterator[Finding]:
    group = "Installation"
    yield Finding(group, "websailor", "ok", f"{version('websailor')} on Python {platform.python_version()}")
    for name, use in (
        ("torch", "training and the local agent"),
        ("transformers", "checkpoints"),
        ("tantivy", "search"),
    ):
        try:
            yield Finding(group, name, "ok", f"{version(name)}: {use}")
        except PackageNotFoundError:
            yield Finding(group, name, "off", f"not installed ({use}): pip install 'websailor[train]'")


def _run(run: Path) -> Iterator[Finding]:
    group = "The embedded agent"
    wiki, checkpoint = run / "wiki" / "manifest.json", None
    for name in ("rl/checkpoint", "sft/checkpoint"):
        if checkpoint is None and (run / name / "config.json").is_file():
            checkpoint = name
    yield Finding(
        group, "simulated web", "ok" if wiki.is_file() else "off", str(wiki.parent) if wiki.is_file() else _make(run)
    )
    yield Finding(
        group, "checkpoint", "ok" if checkpoint else "off", str(run / checkpoint) if checkpoint else _make(run)
    )


def _make(run: Path) -> str:
    return f"none in {run}: websailor quickstart makes one"


async def _services(model: str | None, config: GatewayConfig, offline: bool) -> list[Finding]:
    from websailor.tools.gateway.limits import REDIS
    from websailor.tools.gateway.opening import KINDS, standing
    from websailor.tools.providers.http import CONTACT

    found = [await _endpoint(model, offline)]
    known = standing(config)
    checks = [_reached(one.provider, config, offline) if one.usable else None for one in known]
    done = await asyncio.gather(*(check for check in checks if check is not None))
    reached = iter(done)
    for one in known:
        group = f"Live web: {one.tool}"
        if not one.usable:
            variable = KINDS[one.provider].variable
            is_set = variable is not None and bool(os.environ.get(variable, "").strip())
            found.append(Finding(group, one.provider, "broken" if is_set else "off", one.why))
            continue
        state, words = next(reached)
        found.append(Finding(group, one.provider, state, f"{one.why}; {words}"))
    group = "Sharing"
    contact = os.environ.get(CONTACT, "").strip()
    found.append(
        Finding(
            group,
            CONTACT,
            "ok" if contact else "off",
            "is set" if contact else "not set: some services ask for a contact address",
        )
    )
    if os.environ.get(REDIS, "").strip():
        state, words = ("ok", "not contacted") if offline else await _timed(_limited())
        found.append(Finding(group, REDIS, state, f"is set: limits are shared by hosts; {words}"))
    else:
        found.append(Finding(group, REDIS, "off", "not set: limits are shared by the processes of this host"))
    return [*found, _store(config)]


async def _limited() -> str:
    """Ask the limits that all hosts share for a permission."""
    from websailor.tools.gateway.limits import LimitsLost, SharedLimits

    limits = SharedLimits(Path(os.devnull))
    try:
        given = await limits.acquire("doctor", 1000.0, SECONDS)
    except LimitsLost as error:
        raise UserError(str(error)) from error
    finally:
        limits.close()
    if given is None:
        raise UserError("it gives no permission")
    return "answers"


def _store(config: GatewayConfig) -> Finding:
    """Where results of the web are kept; looked at, not made."""
    from websailor.tools.gateway.opening import store_file
    from websailor.tools.gateway.store import Store

    file = store_file(config)
    there = next(one for one in (file, *file.parents) if one.exists())
    problem = "" if os.access(there, os.W_OK) else f"{there} cannot be written"
    if there != file:
        problem = problem if there.is_dir() else f"{there} is no directory"
    else:
        try:
            Store(file, written=False).close()
        except UserError as error:
            problem = str(error) if file.is_file() else f"{file} is a directory"
    words = problem or (str(file) if there == file else f"{file}: will be made")
    return Finding("Sharing", "store of web results", "broken" if problem else "ok", words)


async def _endpoint(model: str | None, offline: bool) -> Finding:
    group = "Model"
    if model is None:
        return Finding(group, "endpoint", "off", "none named (--model openai:MODEL@URL): ask uses the local checkpoint")
    from websailor.models.endpoint import parse_endpoint
    from websailor.models.endpoint.config import read_key

    config = parse_endpoint(model)
    try:
        key = read_key(config)
    except UserError as error:
        return Finding(group, config.model, "broken", str(error))
    with_key = f"{config.base_url}, {'no key' if key is None else f'{config.api_key_env} is set'}"
    if offline:
        return Finding(group, config.model, "ok", f"{with_key}; not contacted")
    state, words = await _timed(_listed(config, key))
    return Finding(group, config.model, state, f"{with_key}; {words}")


async def _listed(config: "EndpointConfig", key: str | None) -> str:
    """GET /models, which endpoints of this kind know; what they list is theirs and may be nothing."""
    import httpx2

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx2.AsyncClient(timeout=SECONDS, headers=headers, trust_env=not config.is_local) as client:
        response = await client.get(f"{config.base_url}/models")
    status = response.status_code
    if status in (401, 403):
        what = f"the key in {config.api_key_env} is refused" if key else "wants a key: write openai:MODEL@URL#VARIABLE"
        raise UserError(f"{what} (HTTP {status})")
    if status == 404:
        return "answers, but lists no models (HTTP 404): check that the URL ends as in http://localhost:8000/v1"
    if status >= 300:
        raise UserError(f"does not list its models (HTTP {status})")
    try:
        names = [str(one["id"]) for one in response.json()["data"]]
    except (ValueError, KeyError, TypeError):
        return "answers, but lists no models"
    if config.model not in names:
        listed = f"; it lists {', '.join(names[:5])}{', ...' if len(names) > 5 else ''}" if names else ""
        raise UserError(f"does not list this model{listed}".replace(key or "\0", "[key]"))
    return "has the model, answers"


async def _reached(provider: str, config: GatewayConfig, offline: bool) -> tuple[State, str]:
    if offline:
        return "ok", "not contacted"
    from websailor.tools.gateway.opening import KINDS
    from websailor.tools.providers.base import key_of
    from websailor.tools.providers.http import Http

    kind = KINDS[provider]
    key = key_of(kind.variable) if kind.variable else None
    http = Http(SECONDS)
    asked = {"url": "https://example.org/"} if kind.make.tool == "visit" else {"query": "encyclopedia"}

    async def ask() -> str:
        payload = await kind.make(http, key=key, base=config.bases.get(provider))(asked)
        return f"answers with {len(payload['hits'])} results" if "hits" in payload else "reads pages"

    try:
        state, words = await _timed(ask())
    finally:
        await http.aclose()
    # What works without a key may be out of reach without anything being wrong with the configuration.
    return ("off" if state == "broken" and not key and provider not in config.bases else state), words


async def _timed(work: Awaitable[str]) -> tuple[State, str]:
    import httpx2

    from websailor.tools.base import ToolFailure
    from websailor.tools.providers.base import ProviderError

    started = time.monotonic()
    try:
        words = await asyncio.wait_for(work, SECONDS)
    except TimeoutError:
        return "broken", f"no answer within {SECONDS:g} s"
    except (ProviderError, ToolFailure, UserError) as error:
        return "broken", str(error)
    except httpx2.HTTPError as error:
        return "broken", f"cannot be reached ({type(error).__name__})"
    return "ok", f"{words} in {time.monotonic() - started:.1f} s"


PROBE = "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 9), 1)\nexcept OSError:\n    print('closed')"


async def _safety() -> list[Finding]:
    from websailor.tools.sandbox import SandboxConfig, SandboxUnavailable, open_sandbox

    group = "Python sandbox"
    sandbox = open_sandbox(SandboxConfig(workers=1, seconds=10))
    try:
        started = time.monotonic()
        first = await sandbox.run("print(6 * 7)")
        cold, started = time.monotonic() - started, time.monotonic()
        probe = await sandbox.run(PROBE)
        warm = time.monotonic() - started
    except SandboxUnavailable as error:
        return [Finding(group, "bubblewrap", "off", str(error))]
    finally:
        await sandbox.aclose()
    works = first.stdout == "42\n"
    closed = probe.stdout == "closed\n"
    found = [
        Finding(
            group,
            "bubblewrap",
            "ok" if works else "broken",
            f"{shutil.which('bwrap')}; starts in {cold:.2f} s, then {1000 * warm:.0f} ms a program"
            if works
            else first.stderr[-200:],
        ),
        Finding(group, "network inside", "ok" if closed else "broken", "closed" if closed else "open: do not use it"),
    ]
    if sys.platform != "linux":
        found.append(Finding(group, "platform", "off", "bubblewrap exists on Linux alone: name a remote sandbox"))
    return found
