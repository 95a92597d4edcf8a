"""The process inside the sandbox: forks a fresh child for every program. Standard library only.

Enters: on file descriptor 0 one request after the other, a 4-byte length and JSON `{"code", "seconds", "limits"}`.
Leaves: on descriptor 1, framed alike, `{"status", "exit_code", "stdout", "stderr", "cut", "seconds"}` with status `ok`,
`error`, `timeout` or `killed`; the first frame says `{"ready": ...}`.

This process is the first of its process namespace: what a program leaves behind is killed with `kill(-1)`, which spares
nothing else, and no program can signal it. It is not dumpable, so a program of the same user can neither trace it nor
read its memory or environment. Modules that are slow to import are imported once, before the first fork.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import struct
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG = 4, 38, 1
WORK = "/tmp/work"
"""Where programs run; emptied after each."""
LEFT_BEHIND = 0.5
"""Seconds for which output is read after a program has ended: something that it left behind may write on and on."""


def main() -> None:
    """Serve until the other side closes the pipe."""
    requests, replies = os.dup(0), os.dup(1)
    for descriptor in (requests, replies):
        os.set_inheritable(descriptor, False)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    # Without a handler, the first process of a namespace gets no signal from within.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    loaded = []
    for name in sys.argv[1:]:
        with contextlib.suppress(ImportError):  # the runtime may lack it; programs then get their own ImportError
            __import__(name)
            loaded.append(name)
    _write(replies, {"ready": loaded, "first": os.getpid() == 1})
    while (request := _read(requests)) is not None:
        _write(replies, _run(request, (requests, replies)))


def _read(descriptor: int) -> Any:
    header = _exactly(descriptor, 4)
    return None if header is None else json.loads(_exactly(descriptor, struct.unpack(">I", header)[0]) or b"null")


def _exactly(descriptor: int, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        part = os.read(descriptor, size - len(data))
        if not part:
            return None
        data += part
    return data


def _write(descriptor: int, message: Any) -> None:
    body = json.dumps(message).encode()
    data = memoryview(struct.pack(">I", len(body)) + body)
    while data:
        data = data[os.write(descriptor, data) :]


def _run(request: dict[str, Any], private: tuple[int, int]) -> dict[str, Any]:
    limits, seconds = request["limits"], request["seconds"]
    Path(WORK).mkdir(mode=0o700, exist_ok=True)
    out_read, out_write = os.pipe()
    error_read, error_write = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        _become(request["code"], limits, out_write, error_write, private)
    os.close(out_write)
    os.close(error_write)
    texts, cut, status, code = _watch(child, (out_read, error_read), started + seconds, limits["output_bytes"])
    _sweep()
    return {
        "status": status or ("ok" if code == 0 else "error" if code > 0 else "killed"),
        "exit_code": code,
        "stdout": texts[0].decode("utf-8", "replace"),
        "stderr": texts[1].decode("utf-8", "replace"),
        "cut": cut,
        "seconds": round(time.monotonic() - started, 4),
    }


def _watch(child: int, pipes: tuple[int, int], deadline: float, most: int) -> tuple[list[bytes], bool, str, int]:
    """Read both pipes until the child has ended or its time is over; what is more than `most` bytes is thrown away."""
    texts, open_pipes, cut, status, code = [b"", b""], list(pipes), False, "", 0
    ended, over = False, 0.0
    while not ended or open_pipes:
        left = deadline - time.monotonic()
        if left <= 0 and not ended:
            status = "timeout"
            os.kill(child, signal.SIGKILL)
        ready, _, _ = select.select(open_pipes, [], [], 0 if ended else min(max(left, 0.0), 0.02))
        for pipe in ready:
            part = os.read(pipe, 65536)
            which = pipes.index(pipe)
            if not part:
                open_pipes.remove(pipe)
                continue
            room = most - len(texts[which])
            texts[which] += part[:room]
            cut = cut or len(part) > room
        if not ended:
            found, result = os.waitpid(child, os.WNOHANG)
            if found:
                ended, code, over = True, os.waitstatus_to_exitcode(result), time.monotonic()
        elif not ready or time.monotonic() > over + LEFT_BEHIND:
            break  # what holds the pipes open now is a process the program left behind
    for pipe in pipes:
        os.close(pipe)
    return texts, cut, status, code


def _sweep() -> None:
    """Kill and collect whatever a program left behind, and remove its files."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, 0)[0]:
            pass
    for folder in (Path("/tmp"), Path("/dev/shm")):
        if folder.is_dir():
            _empty(folder)


def _empty(folder: Path) -> None:
    """Remove all files, however deep they lie: what is in a folder comes up one level before the folder goes, for a
    path may be too long to be named. A program may have taken away its own right to look into a folder."""
    name, moved = os.urandom(8).hex(), 0
    while paths := list(folder.iterdir()):
        for path in paths:
            if not _opened(path):
                path.unlink()
                continue
            for inner in list(path.iterdir()):
                _opened(inner)
                moved += 1
                inner.rename(folder / f"{name}-{moved}")
            path.rmdir()


def _opened(path: Path) -> bool:
    """Whether it is a folder, which can be looked into from now on."""
    if path.is_symlink() or not path.is_dir():
        return False
    path.chmod(0o700)
    return True


def _become(code: str, limits: dict[str, int], out: int, error: int, private: tuple[int, int]) -> NoReturn:
    """The child: limited, with pipes for output, in an empty folder, and then the program."""
    status = 70
    try:
        os.setsid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(error, 2)
        for descriptor in private:
            os.close(descriptor)
        os.closerange(3, 256)
        os.chdir(WORK)
        for name, value in (
            (resource.RLIMIT_AS, limits["memory_bytes"]),
            (resource.RLIMIT_CPU, limits["cpu_seconds"]),
            (resource.RLIMIT_FSIZE, limits["file_bytes"]),
            (resource.RLIMIT_NPROC, limits["processes"]),
            (resource.RLIMIT_NOFILE, 256),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(name, (value, value))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.argv = ["program.py"]
        sys.path.insert(0, WORK)
        sys.stdin, sys.stdout, sys.stderr = (
            open(descriptor, mode, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 -- ends with the process
            for descriptor, mode in ((0, "r"), (1, "w"), (2, "w"))
        )
        status = _execute(code)
    finally:
        with contextlib.suppress(Exception):  # a program may have closed its own output
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _execute(code: str) -> int:
    """Run the program; its exit code."""
    scope: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
    try:
        exec(compile(code, "program.py", "exec"), scope)
        return 0
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 255
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException as error:  # noqa: BLE001 -- whatever a program raises is printed as Python would print it
        below = error.__traceback__.tb_next if error.__traceback__ else None
        traceback.print_exception(type(error), error, below)
        return 1


if __name__ == "__main__":
    main()
