"""The default sandbox: bubblewrap around a warm fork server.

Enters: programs. Leaves: their results. Inside there is no network, no home, no other process and nothing to write to
but a small folder in memory; the environment is empty from the start (a cleared one could still be read back), and
system calls that no program needs are refused (`system_calls`). The interpreter and its packages are mounted read-only
at fixed places, so it does not matter where they are installed. When we are root, an unprivileged user starts
bubblewrap: as root the limit on processes would not hold.
"""

import asyncio
import contextlib
import json
import logging
import os
import shlex
import shutil
import struct
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from websailor.tools.sandbox.base import ProgramResult, SandboxConfig, SandboxUnavailable
from websailor.tools.sandbox.control_groups import make_groups, remove_groups
from websailor.tools.sandbox.system_calls import system_call_filter

log = logging.getLogger(__name__)

NOBODY = 65534
PYTHON, PACKAGES = "/opt/python", "/opt/packages"
"""Where the interpreter and its packages are inside."""
SERVER_BYTES, SERVER_PROCESSES = 256 * 2**20, 8
"""What the server itself and what starts it may use, on top of a program."""
GRACE = 5.0
"""Seconds after which a server that does not answer is killed."""
START = 30.0
"""Seconds that a server may take to start."""
INSTALL = "install bubblewrap (apt-get install bubblewrap), or name a remote sandbox, or accept --unsafe-subprocess"


def launch_command(
    config: SandboxConfig, stage: Path, groups: Sequence[Path] = (), system_calls: int | None = None
) -> list[str]:
    """The command that starts one server. `stage` is an empty folder that anyone may enter, `groups` are the control
    groups that the server is to be in, `system_calls` is the descriptor from which their filter is read."""
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise SandboxUnavailable(f"no sandbox for Python: bubblewrap is not installed; {INSTALL}")
    prefix, packages = Path(sys.base_prefix), Path(sysconfig.get_path("purelib"))
    program = f"{PYTHON}/bin/{Path(getattr(sys, '_base_executable', sys.executable)).resolve().name}"
    if prefix == Path("/usr"):
        program = f"/usr/bin/{Path(program).name}"
    root = os.geteuid() == 0
    seen_prefix, seen_packages = (stage / "python", stage / "packages") if root else (prefix, packages)
    inside = [
        bwrap,
        *("--unshare-all", "--unshare-user", "--disable-userns", "--uid", str(NOBODY), "--gid", str(NOBODY)),
        *("--die-with-parent", "--new-session", "--as-pid-1", "--hostname", "sandbox", "--cap-drop", "ALL"),
        *(("--seccomp", str(system_calls)) if system_calls is not None else ()),
        *_system_mounts(),
        *("--ro-bind", str(seen_prefix), PYTHON, "--ro-bind", str(seen_packages), PACKAGES),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--size", str(config.disk_mb * 2**20), "--tmpfs", "/tmp", "--size", "1048576", "--tmpfs", "/dev/shm"),
        *("--remount-ro", "/", "--chdir", "/tmp"),
        *("--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8"),
        *("--setenv", "OPENBLAS_NUM_THREADS", "1", "--setenv", "OMP_NUM_THREADS", "1"),
        *("--setenv", "LD_LIBRARY_PATH", f"{PYTHON}/lib"),
        *("--", program, "-I", "-S", "-B", "-c", _bootstrap(), *config.preload),
    ]
    if not root:
        return ["/usr/bin/env", "-i", *inside]
    for folder in ("python", "packages"):
        (stage / folder).mkdir(exist_ok=True)
    joining = "".join(f"echo $$ > {shlex.quote(str(group))}/cgroup.procs && " for group in groups)
    script = (
        f"{joining}"
        'mount --bind "$1" "$2" && mount --bind "$3" "$4" && shift 4 && '
        f'exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups --inh-caps=-all "$@"'
    )
    mounts = [str(prefix), str(seen_prefix), str(packages), str(seen_packages)]
    return [
        *("/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"),
        *("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", *mounts, *inside),
    ]


def _system_mounts() -> list[str]:
    """Read-only system folders, as links where the system has links."""
    found: list[str] = []
    for name in ("usr", "bin", "lib", "lib32", "lib64", "sbin"):
        path = Path("/", name)
        if path.is_symlink():
            found += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            found += ["--ro-bind", str(path), str(path)]
    for name in ("ld.so.cache", "alternatives"):
        if Path("/etc", name).exists():
            found += ["--ro-bind", f"/etc/{name}", f"/etc/{name}"]
    return found


def _bootstrap() -> str:
    source = (Path(__file__).parent / "server.py").read_text(encoding="utf-8")
    return f"import sys\nsys.path.append({PACKAGES!r})\n{source}"


@contextlib.contextmanager
def _readable(content: bytes | None) -> Iterator[int | None]:
    """A descriptor from which a child can read so much as fits into a pipe."""
    if content is None:
        yield None
        return
    reading, writing = os.pipe()
    try:
        os.write(writing, content)
        os.close(writing)
        yield reading
    finally:
        os.close(reading)


class _Worker:
    """One server and its pipes."""

    def __init__(self, process: asyncio.subprocess.Process, groups: list[Path]) -> None:
        self._process = process
        self._groups = groups

    @classmethod
    async def start(cls, config: SandboxConfig, stage: Path) -> "_Worker":
        memory, processes = config.memory_mb * 2**20 + SERVER_BYTES, config.processes + SERVER_PROCESSES
        groups = make_groups(memory, processes) if os.geteuid() == 0 else []
        with _readable(system_call_filter()) as descriptor:
            process = await asyncio.create_subprocess_exec(
                *launch_command(config, stage, groups, descriptor),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={},
                cwd="/",
                start_new_session=True,
                pass_fds=() if descriptor is None else (descriptor,),
            )
        worker = cls(process, groups)
        try:
            ready = await asyncio.wait_for(worker._receive(), START)
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            await worker.stop()
            assert process.stderr is not None
            said = (await process.stderr.read(2000)).decode("utf-8", "replace").strip().splitlines()
            raise SandboxUnavailable(
                f"no sandbox for Python: bubblewrap cannot isolate here ({said[-1] if said else 'no reason given'}); "
                "allow unprivileged user namespaces, or name a remote sandbox, or accept --unsafe-subprocess"
            ) from error
        except BaseException:  # whoever waited gave up: nothing may stay behind
            await worker.stop()
            raise
        if not ready["first"]:
            await worker.stop()
            raise SandboxUnavailable(
                "no sandbox for Python: bubblewrap is too old for --as-pid-1; install 0.6 or later"
            )
        return worker

    async def call(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """One program. Raises `EOFError` or `TimeoutError` when the server is lost: stop it then."""
        assert self._process.stdin is not None
        body = json.dumps(request).encode()
        self._process.stdin.write(struct.pack(">I", len(body)) + body)
        return await asyncio.wait_for(self._receive(), seconds + GRACE)

    async def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        (size,) = struct.unpack(">I", await self._process.stdout.readexactly(4))
        return json.loads(await self._process.stdout.readexactly(size))

    async def stop(self) -> None:
        """Kill the server; everything inside dies with it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        await self._process.wait()
        for _ in range(50):
            try:
                remove_groups(self._groups)
                return
            except OSError:  # the last processes are still on their way out
                await asyncio.sleep(0.02)
        log.warning("the control groups of a sandbox could not be removed: %s", ", ".join(map(str, self._groups)))


class BubblewrapSandbox:
    """`config.workers` servers, started when they are first needed and replaced when they are lost."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self._stage: tempfile.TemporaryDirectory[str] | None = None
        self._idle: list[_Worker] = []
        self._closed = False
        self._room = asyncio.Semaphore(config.workers)

    async def run(self, code: str, seconds: float | None = None) -> ProgramResult:
        self._closed = False
        allowed = min(seconds or self._config.seconds, self._config.seconds)
        request = {"code": code, "seconds": allowed, "limits": self._limits(allowed)}
        async with self._room:
            worker = self._idle.pop() if self._idle else await _Worker.start(self._config, self._stage_folder())
            try:
                reply = await worker.call(request, allowed)
            except (EOFError, TimeoutError, OSError):
                await worker.stop()
                return ProgramResult(status="killed", stderr="The program brought its sandbox down.")
            except BaseException:
                await worker.stop()
                raise
            if self._closed:
                await worker.stop()
            else:
                self._idle.append(worker)
        return ProgramResult.model_validate(reply)

    def _limits(self, seconds: float) -> dict[str, int]:
        config = self._config
        return {
            "memory_bytes": config.memory_mb * 2**20,
            "cpu_seconds": int(seconds) + 1,
            "file_bytes": config.disk_mb * 2**20,
            "processes": config.processes,
            "output_bytes": config.output_kb * 1024,
        }

    def _stage_folder(self) -> Path:
        if self._stage is None:
            self._stage = tempfile.TemporaryDirectory(prefix="websailor-")
            Path(self._stage.name).chmod(0o755)
        return Path(self._stage.name)

    async def aclose(self) -> None:
        self._closed = True
        while self._idle:
            await self._idle.pop().stop()
        if self._stage is not None:
            self._stage.cleanup()
            self._stage = None
