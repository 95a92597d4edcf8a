"""Some sixty ways out of the sandbox, or to harm from within: each is refused, and for the reason that it should be.

What is forbidden exists: there are a listening socket, files with a canary and a living process outside, so that each
attack would succeed where its protection is missing.
"""

import asyncio
import contextlib
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest
from sandboxed import CANARY, Running, needs_bubblewrap

from websailor.tools.base import ToolFailure
from websailor.tools.providers.bodies import MOST_BYTES
from websailor.tools.sandbox import ProgramResult, SandboxConfig, open_sandbox
from websailor.tools.sandbox.system_calls import CALLS, system_call_filter

MACHINES = {"x86_64": 0, "aarch64": 1}
LIBC = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
DENY = "\nif {} < 0:\n    raise OSError(ctypes.get_errno(), 'refused')\nprint('done')"


class Outside(NamedTuple):
    """What is there to be attacked."""

    port: int
    local: str
    """Address of a Unix socket in the file system."""
    abstract: str
    """Name of a Unix socket that needs no file."""
    file: Path
    process: int


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        file = folder / "secret.txt"
        file.write_text(CANARY)
        file.chmod(0o666)
        abstract = f"websailor-{os.getpid()}"
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            socket.socket(socket.AF_UNIX) as local,
            socket.socket(socket.AF_UNIX) as hidden,
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process,
        ):
            local.bind(str(folder / "socket"))
            (folder / "socket").chmod(0o777)
            hidden.bind(f"\0{abstract}")
            local.listen()
            hidden.listen()
            yield Outside(server.getsockname()[1], str(folder / "socket"), abstract, file, process.pid)
            process.kill()


DENIED: dict[str, tuple[str, str]] = {
    # network
    "by address": ("import socket\nsocket.create_connection(('1.1.1.1', 53), 2)", "unreachable"),
    "by address, IPv6": ("import socket\nsocket.create_connection(('2606:4700::1111', 53), 2)", "Errno"),
    "by name": ("import socket\nsocket.getaddrinfo('example.org', 80)", "name resolution"),
    "datagrams": ("import socket\nsocket.socket(2, 2).sendto(b'x', ('8.8.8.8', 53))", "unreachable"),
    "a server of this host": ("import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)", "refused"),
    "raw packets": ("import socket\nsocket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", "not permitted"),
    "packets of the link": ("import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW)", "not permitted"),
    "a web page": ("import urllib.request\nurllib.request.urlopen('http://1.1.1.1', timeout=2)", "unreachable"),
    "a socket file": ("import socket\nsocket.socket(socket.AF_UNIX).connect({local!r})", "No such file"),
    "a socket without a file": ("import socket\nsocket.socket(socket.AF_UNIX).connect('\\0{abstract}')", "refused"),
    # files
    "a file of the host": ("open({file!r}).read()", "No such file"),
    "written over": ("open({file!r}, 'r+').write('x')", "No such file"),
    "through the first process": ("open('/proc/1/root{file!s}').read()", "Permission denied"),
    "through numpy": ("import numpy\nnumpy.fromfile({file!r}, dtype='u1')", "No such file"),
    "through a numpy map": ("import numpy\nnumpy.memmap({file!r}, dtype='u1', mode='r')", "No such file"),
    "through a link": ("import os\nos.symlink({file!r}, 'link')\nopen('link').read()", "No such file"),
    "through a shell": ("import subprocess\nsubprocess.run(['cat', {file!r}], check=True)", "CalledProcessError"),
    "password file": ("open('/etc/passwd').read()", "No such file"),
    "home": ("import os\nos.listdir({home!r})", "No such file"),
    "source tree": ("open({here!r}).read()", "No such file"),
    "write to the interpreter": ("open('/opt/python/lib/x.py', 'w')", "Read-only"),
    "write to the packages": ("open('/opt/packages/numpy/x.py', 'w')", "Read-only"),
    "write to the system": ("open('/usr/bin/x', 'w')", "Read-only"),
    "write to the root": ("open('/x', 'w')", "Read-only"),
    "write to kernel settings": ("open('/proc/sys/kernel/core_pattern', 'w').write('x')", "Errno"),
    "all the memory there is": ("open('/proc/kcore', 'rb').read(1)", "Errno"),
    "a disk": ("import os\nprint([os.open(f'/dev/{{name}}', os.O_RDONLY) for name in {disks!r}])", "No such file"),
    "device nodes": (
        "import os, stat\nos.mknod('/tmp/d', stat.S_IFCHR | 0o600, os.makedev(1, 1))",
        "not permitted",
    ),
    # other processes
    "environment of the first process": ("open('/proc/1/environ', 'rb').read()", "Permission denied"),
    "memory of the first process": ("open('/proc/1/mem', 'rb').read(1)", "Permission denied"),
    "descriptors of the first process": ("import os\nos.listdir('/proc/1/fd')", "Permission denied"),
    "ending a process of the host": ("import os\nos.kill({process}, 9)", "No such process"),
    "looking at a process of the host": ("open('/proc/{process}/cmdline').read()", "No such file"),
    # rights
    "become root": ("import os\nos.setuid(0)", "Errno"),
    "change groups": ("import os\nos.setgroups([0])", "not permitted"),
    "raise limits": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**40, 2**40))",
        "not allowed to raise",
    ),
    "raise priority": ("import os\nos.nice(-10)", "not permitted"),
    "name of the host": ("import socket\nsocket.sethostname('x')", "not permitted"),
    "the clock": ("import time\ntime.clock_settime(time.CLOCK_REALTIME, 0)", "not permitted"),
    # resources
    "a file larger than the disk": ("open('big', 'wb').write(b'0' * (40 * 2**20))", "too large"),
    "more memory than there is": ("x = bytearray(2 * 2**30)", "MemoryError"),
    "many open files": ("x = [open('/dev/null') for _ in range(4000)]", "Too many open files"),
}
CALLED: dict[str, str] = {
    "shmget": "libc.shmget(0x77, 4096, 0o1666)",
    "semget": "libc.semget(0x77, 1, 0o1666)",
    "msgget": "libc.msgget(0x77, 0o1666)",
    "mq_open": "libc.mq_open(b'/x', os.O_CREAT | os.O_RDWR, 0o666, None)",
    "add_key": "libc.syscall({number}, b'user', b'name', b'value', 5, -4)",
    "keyctl": "libc.syscall({number}, 0, -4, 1)",
    "memfd_create": "libc.syscall({number}, b'x', 0)",
    "ptrace": "libc.ptrace(0, 0, 0, 0)",
    "process_vm_readv": "libc.syscall({number}, os.getpid(), 0, 0, 0, 0, 0)",
    "unshare": "libc.unshare(0x10000000)",
    "mount": "libc.mount(b'x', b'/tmp', b'tmpfs', 0, None)",
    "umount2": "libc.umount2(b'/proc', 2)",
    "chroot": "libc.chroot(b'/tmp')",
    "setns": "libc.setns(os.open('/proc/self/ns/net', 0), 0)",
    "fsopen": "libc.syscall({number}, b'tmpfs', 0)",
    "name_to_handle_at": "libc.syscall({number}, -100, b'/tmp', 0, 0, 0)",
    "bpf": "libc.syscall({number}, 0, 0, 0)",
    "userfaultfd": "libc.syscall({number}, 1)",
    "perf_event_open": "libc.syscall({number}, ctypes.create_string_buffer(128), 0, -1, -1, 0)",
    "io_uring_setup": "libc.syscall({number}, 4, ctypes.create_string_buffer(128))",
}
"""System calls that the filter refuses; most of them work for anyone where it is missing."""


def test_there_are_enough_attacks() -> None:
    assert len({code for code, _ in DENIED.values()} | set(CALLED.values())) >= 60


@needs_bubblewrap
@pytest.mark.parametrize("name", DENIED)
def test_denied(running: Running, outside: Outside, name: str) -> None:
    code, words = DENIED[name]
    disks = [path.name for path in Path("/sys/class/block").glob("*")] or ["sda"]
    places = {**outside._asdict(), "file": str(outside.file), "home": str(Path.home()), "here": __file__}
    result = running.run(code.format(**places, disks=disks))
    assert (result.status, words in result.stderr) == ("error", True), f"{name}: {result}"
    assert CANARY not in result.stdout + result.stderr


@needs_bubblewrap
@pytest.mark.skipif(platform.machine() not in MACHINES, reason="the numbers of system calls are not known here")
@pytest.mark.parametrize("name", CALLED)
def test_system_calls_are_refused(running: Running, name: str) -> None:
    number = CALLS[name][MACHINES[platform.machine()]]
    result = running.run(LIBC + DENY.format(CALLED[name].format(number=number)))
    assert "PermissionError: [Errno 1] refused" in result.stderr, f"{name}: {result}"


@needs_bubblewrap
def test_a_nested_user_namespace_cannot_be_made_in_any_way(running: Running) -> None:
    """By `clone`, which a filter cannot tell from a fork: here the kernel's own bound on namespaces holds."""
    code = f"{LIBC}print(libc.syscall({({'x86_64': 56}).get(platform.machine(), 220)}, 0x10000000 | 17, 0, 0, 0, 0))"
    assert running.run(code).stdout == "-1\n"


@needs_bubblewrap
def test_a_filter_is_in_force_and_cannot_be_taken_away(running: Running) -> None:
    status = running.run("print(open('/proc/self/status').read())").stdout
    assert "NoNewPrivs:\t1" in status
    if platform.machine() in MACHINES:
        assert "Seccomp:\t2" in status


def test_the_filter_of_each_machine() -> None:
    for machine in MACHINES:
        made = system_call_filter(machine)
        assert made is not None
        assert len(made) == 8 * (len(CALLS) + 7)
    assert system_call_filter("riscv64") is None


@needs_bubblewrap
def test_signals_to_all_reach_nobody_else(running: Running, outside: Outside) -> None:
    assert "No such process" in running.run("import os\nos.kill(-1, 9)").stderr
    os.kill(outside.process, 0)
    assert running.run("print(1)").stdout == "1\n"


@needs_bubblewrap
def test_deep_folders_do_not_bring_the_sandbox_down(running: Running) -> None:
    """Deeper than a path can be named, and than Python can go down."""
    result = running.run("import os\nfor _ in range(2500):\n    os.mkdir('d')\n    os.chdir('d')\nprint('deep')")
    assert (result.status, result.stdout) == ("ok", "deep\n")
    assert running.run("import os\nprint(os.listdir('/tmp'), os.listdir())").stdout == "['work'] []\n"


@needs_bubblewrap
def test_odd_files_are_removed(running: Running) -> None:
    code = (
        "import os\nos.mkfifo('pipe')\nos.symlink('/usr', 'link')\nos.symlink('.', 'self')\nos.mkdir('\\n')\n"
        "os.makedirs('a/b/c')\nopen('a/b/c/d', 'w').close()\n"
        "for name in ('a/b/c', 'a/b', 'a', '/tmp/work'):\n    os.chmod(name, 0)"
    )
    assert running.run(code).status == "ok"
    after = running.run("import os\nprint(os.listdir('/tmp'), os.listdir(), 'bin' in os.listdir('/usr'))")
    assert after.stdout == "['work'] [] True\n"


@needs_bubblewrap
def test_what_is_left_behind_may_write_on_and_on(running: Running) -> None:
    code = "import os\nif os.fork() == 0:\n    os.setsid()\n    while True:\n        os.write(1, b'x' * 4096)\nprint(1)"
    started = time.monotonic()
    result = running.run(code)
    assert result.status == "ok"
    assert time.monotonic() - started < 3


@needs_bubblewrap
def test_hidden_output_and_odd_endings(running: Running) -> None:
    for code, status in (
        ("import os\nos._exit(0)", "ok"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "killed"),
        ("import os\nos.close(1)\nos.close(2)", "ok"),
        ("raise SystemExit('words')", "error"),
        ("import os\nos.execv('/usr/bin/env', ['env'])", "ok"),
        ("\0", "error"),
    ):
        assert running.run(code).status == status, code
    assert running.run("print(1)").stdout == "1\n"


def unsafely(code: str, seconds: float = 20) -> ProgramResult:
    sandbox = open_sandbox(SandboxConfig(kind="unsafe-subprocess", seconds=20, output_kb=4))
    return asyncio.run(sandbox.run(code, seconds))


def test_the_unsafe_one_keeps_a_bounded_output() -> None:
    """It reads on, so that the program can end."""
    result = unsafely("import sys\nprint('y' * 10**8)\nprint('z' * 10**7, file=sys.stderr)\nsys.exit(3)")
    assert (result.status, result.exit_code, result.cut) == ("error", 3, True)
    assert len(result.stdout) == len(result.stderr) == 4096


def test_the_unsafe_one_holds_little_in_memory() -> None:
    tracemalloc.start()
    unsafely("print('y' * 10**8)")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_the_unsafe_one_is_not_held_by_what_a_program_leaves_behind() -> None:
    daemon = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(4)\n    os._exit(0)\nprint('end')"
    started = time.monotonic()
    assert unsafely(daemon).stdout == "end\n"
    assert time.monotonic() - started < 3.5


def test_the_unsafe_one_shows_what_was_printed_before_the_time_was_over() -> None:
    result = unsafely("import time\nprint('begun', flush=True)\ntime.sleep(60)", 0.7)
    assert (result.status, result.stdout) == ("timeout", "begun\n")


class Fusion(BaseHTTPRequestHandler):
    """A SandboxFusion server that answers what the test wants."""

    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b""
    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        self.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(self.status)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(self.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def remotely(body: bytes, status: int = 200) -> ProgramResult | str:
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Answering", (Fusion,), {"body": body, "status": status})
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        async def run() -> ProgramResult | str:
            sandbox = open_sandbox(
                SandboxConfig(kind="remote", address=f"http://127.0.0.1:{server.server_port}", output_kb=1)
            )
            try:
                return await sandbox.run("print(1)")
            except ToolFailure as failure:
                return str(failure)
            finally:
                await sandbox.aclose()

        try:
            return asyncio.run(run())
        finally:
            server.shutdown()


def fused(**run: Any) -> bytes:
    return json.dumps({"status": "Success", "message": "", "run_result": {"status": "Finished", **run}}).encode()


def test_the_remote_protocol() -> None:
    done = remotely(fused(stdout="1\n", stderr="", return_code=0, execution_time=0.1))
    assert done == ProgramResult(status="ok", stdout="1\n", exit_code=0, seconds=0.1)
    assert Fusion.asked[-1]["language"] == "python"
    assert Fusion.asked[-1]["code"] == "print(1)"
    failed = remotely(fused(stdout="", stderr="Traceback", return_code=1, execution_time=0.1))
    assert isinstance(failed, ProgramResult)
    assert failed.status == "error"
    late = remotely(fused(status="TimeLimitExceeded", stdout="x" * 5000, return_code=None))
    assert isinstance(late, ProgramResult)
    assert (late.status, late.cut, len(late.stdout)) == ("timeout", True, 1024)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 200),
        (b"<html>proxy</html>", 200),
        (b"[1]", 200),
        (b'{"run_result": 3}', 200),
        (b'{"status": "SandboxError", "message": "no room"}', 200),
        (b"[" * 100_000, 200),
        (b" " * (MOST_BYTES + 1), 200),
        (b"{}", 500),
        (b"{}", 302),
    ],
)
def test_a_remote_sandbox_that_gives_no_usable_reply(body: bytes, status: int) -> None:
    said = remotely(body, status)
    assert isinstance(said, str)
    assert said.startswith("The Python sandbox ")
