"""The sandbox: what programs may do, what their limits are, and what is said where there is no isolation."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest
from sandboxed import CANARY, CONFIG, Running, needs_bubblewrap

from websailor.records import ToolCall
from websailor.tools.base import Toolbox
from websailor.tools.python import PythonInterpreter, told
from websailor.tools.sandbox import ProgramResult, SandboxConfig, SandboxUnavailable, open_sandbox
from websailor.tools.sandbox.bubblewrap import BubblewrapSandbox, launch_command
from websailor.tools.sandbox.control_groups import make_groups


@needs_bubblewrap
def test_programs_run_and_print(running: Running) -> None:
    result = running.run("import math\nprint(math.factorial(20))")
    assert (result.status, result.stdout, result.stderr, result.exit_code) == ("ok", "2432902008176640000\n", "", 0)


@needs_bubblewrap
def test_numpy_is_warm(running: Running) -> None:
    pytest.importorskip("numpy")
    result = running.run("import numpy\nprint(numpy.arange(10).sum())")
    assert result.stdout == "45\n"
    assert result.seconds < 1.0


@needs_bubblewrap
def test_errors_look_as_python_prints_them(running: Running) -> None:
    result = running.run("def f():\n    return 1 / 0\n\nf()")
    assert result.status == "error"
    assert result.exit_code == 1
    assert 'File "program.py", line 4, in <module>' in result.stderr
    assert result.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert "server" not in result.stderr
    assert running.run("import sys\nsys.exit(3)").exit_code == 3
    assert running.run("def f(:").status == "error"


@needs_bubblewrap
def test_nothing_is_remembered(running: Running) -> None:
    running.run("import math, builtins\nx = 5\nmath.pi = 3\nbuiltins.y = 6\nopen('kept.txt', 'w').write('kept')")
    result = running.run(
        "import os, math, builtins\nprint(os.listdir('.'), os.listdir('/tmp'), 'x' in globals(), math.pi > 3.1, "
        "hasattr(builtins, 'y'))"
    )
    assert result.stdout == "[] ['work'] False True False\n"


@needs_bubblewrap
def test_programs_run_side_by_side_and_time_is_their_own() -> None:
    async def both() -> tuple[list[ProgramResult], float]:
        sandbox = BubblewrapSandbox(CONFIG.model_copy(update={"workers": 2}))
        try:
            await sandbox.run("print(1)")
            started = time.monotonic()
            done = await asyncio.gather(*(sandbox.run("import time\ntime.sleep(0.5)\nprint(2)") for _ in range(2)))
            return list(done), time.monotonic() - started
        finally:
            await sandbox.aclose()

    try:
        results, _ = asyncio.run(both())
    except SandboxUnavailable as error:
        pytest.skip(f"no isolation here: {error}")
    assert [one.stdout for one in results] == ["2\n", "2\n"]


@needs_bubblewrap
def test_the_environment_is_empty(running: Running) -> None:
    result = running.run(
        "import os, glob\nprint(dict(os.environ))\n"
        "for name in glob.glob('/proc/[0-9]*/environ') + ['/proc/self/environ']:\n"
        "    try:\n        print(open(name, 'rb').read())\n    except OSError as error:\n        print(error)"
    )
    assert result.status == "ok"
    assert CANARY not in result.stdout
    assert "WEBSAILOR" not in result.stdout
    assert str(Path.home()) not in result.stdout


@needs_bubblewrap
def test_no_other_process_is_seen(running: Running) -> None:
    result = running.run(
        "import os\nprint(sorted(name for name in os.listdir('/proc') if name.isdigit()), os.getpid())"
    )
    first, own = result.stdout.rsplit(" ", 1)
    assert first == f"['1', '{own.strip()}']"


@needs_bubblewrap
def test_the_first_process_survives_signals(running: Running) -> None:
    result = running.run("import os\nfor number in range(1, 32):\n    os.kill(1, number)\nprint('sent')")
    assert result.stdout == "sent\n"
    assert running.run("print(1)").stdout == "1\n"


@needs_bubblewrap
def test_a_fork_bomb_ends(running: Running) -> None:
    code = (
        "import os, time\nmade = 0\ntry:\n    while True:\n        if os.fork() == 0:\n            time.sleep(60)\n"
        "        made += 1\nexcept OSError:\n    print(made)"
    )
    result = running.run(code)
    assert 0 < int(result.stdout) < CONFIG.processes
    assert running.run("import os\nprint([n for n in os.listdir('/proc') if n.isdigit()])").stdout.count("'") == 4


@needs_bubblewrap
def test_threads_are_bounded(running: Running) -> None:
    code = (
        "import threading, time\nmade = 0\ntry:\n    while made < 500:\n"
        "        threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n        made += 1\n"
        "except RuntimeError:\n    pass\nprint(made)"
    )
    assert int(running.run(code).stdout) < CONFIG.processes


@needs_bubblewrap
def test_endless_work_is_stopped(running: Running) -> None:
    for code in (
        "while True:\n    pass",
        "import time\ntime.sleep(99)",
        "import signal\nsignal.signal(15, lambda *_: None)\nwhile True:\n    pass",
    ):
        started = time.monotonic()
        result = running.run(code, seconds=0.5)
        assert result.status == "timeout"
        assert time.monotonic() - started < 4
    assert running.run("print(1)").stdout == "1\n"


@needs_bubblewrap
def test_a_daemon_dies_with_its_program(running: Running) -> None:
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        for descriptor in (0, 1, 2):\n            os.close(descriptor)\n"
        "        while True:\n            time.sleep(0.1)\n            open('/tmp/still-here', 'w').write('x')\n"
        "    os._exit(0)\nprint('started')"
    )
    started = time.monotonic()
    assert running.run(code).stdout.strip() == "started"
    assert time.monotonic() - started < 3
    after = running.run("import os, time\ntime.sleep(0.4)\nprint(os.path.exists('/tmp/still-here'))")
    assert after.stdout == "False\n"


@needs_bubblewrap
def test_a_child_that_holds_the_output_does_not_hold_the_call(running: Running) -> None:
    started = time.monotonic()
    result = running.run("import os, time\nif os.fork() == 0:\n    time.sleep(60)\nprint('done')")
    assert "done" in result.stdout
    assert time.monotonic() - started < 3


@needs_bubblewrap
def test_output_is_bounded(running: Running) -> None:
    result = running.run("import sys\nprint('y' * 10**7)\nprint('z' * 10**7, file=sys.stderr)")
    assert result.cut
    assert len(result.stdout) == len(result.stderr) == CONFIG.output_kb * 1024
    assert "left out" in told(result)


@needs_bubblewrap
def test_output_that_is_no_text(running: Running) -> None:
    result = running.run("import os\nos.write(1, bytes(range(256)))\nprint('\\ud800')")
    assert result.status in ("ok", "error")


@needs_bubblewrap
def test_the_disk_is_small_and_emptied(running: Running) -> None:
    code = (
        "import os\nwritten = 0\ntry:\n    for number in range(100):\n        with open(f'f{number}', 'wb') as file:\n"
        "            written += file.write(b'0' * 2**20)\nexcept OSError:\n    pass\nprint(written // 2**20)"
    )
    assert int(running.run(code).stdout) <= CONFIG.disk_mb
    assert int(running.run(code).stdout) >= CONFIG.disk_mb - 2
    hidden = (
        "import os\nos.makedirs('/tmp/a/b')\nopen('/tmp/a/b/c', 'w').close()\n"
        "os.chmod('/tmp/a/b', 0)\nos.chmod('/tmp/a', 0)"
    )
    assert running.run(hidden).status == "ok"
    assert running.run("import os\nprint(os.listdir('/tmp'))").stdout == "['work']\n"


@needs_bubblewrap
def test_shared_memory_is_emptied(running: Running) -> None:
    running.run("open('/dev/shm/left', 'w').write('x')")
    assert running.run("import os\nprint(os.listdir('/dev/shm'))").stdout == "[]\n"


@needs_bubblewrap
def test_a_program_cannot_speak_for_the_server(running: Running) -> None:
    code = (
        "import os\nfor descriptor in range(3, 200):\n    try:\n        os.write(descriptor, b'\\0\\0\\0\\x02{}')\n"
        "        print('wrote', descriptor)\n    except OSError:\n        pass\nprint('end')"
    )
    assert running.run(code).stdout == "end\n"
    assert running.run("print(7)").stdout == "7\n"


@needs_bubblewrap
def test_a_lost_server_is_replaced(running: Running) -> None:
    running.runner.run(running.sandbox._idle[0].stop())
    assert running.run("print(1)").status == "killed"
    assert running.run("print(2)").stdout == "2\n"


@needs_bubblewrap
def test_memory_of_all_processes_together(running: Running) -> None:
    groups = make_groups(2**28, 40) if os.geteuid() == 0 else []
    if not groups:
        pytest.skip("no control group can be made here: memory is bounded for each process only")
    for group in groups:
        group.rmdir()
    code = (
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n        x = b'1' * (200 * 2**20)\n"
        "        time.sleep(1.5)\n        os._exit(0)\nalive = 0\nfor _ in range(8):\n"
        "    alive += os.waitstatus_to_exitcode(os.wait()[1]) == 0\nprint(alive)"
    )
    result = running.run(code)
    assert result.status in ("killed", "timeout") or int(result.stdout) < 8
    assert running.run("print(3)").status in ("ok", "killed")
    assert running.run("print(4)").stdout == "4\n"


@needs_bubblewrap
def test_giving_up_while_a_server_starts_leaves_none_behind(running: Running) -> None:
    async def give_up() -> list[str]:
        sandbox = BubblewrapSandbox(CONFIG)
        task = asyncio.create_task(sandbox.run("print(1)"))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        await sandbox.aclose()
        return children

    before = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert set(asyncio.run(give_up())) <= set(before)


def test_without_bubblewrap_nothing_runs(tmp_path: Path) -> None:
    path = os.environ["PATH"]
    os.environ["PATH"] = str(tmp_path)
    try:
        with pytest.raises(SandboxUnavailable, match="apt-get install bubblewrap"):
            launch_command(CONFIG, tmp_path)
        box = Toolbox([PythonInterpreter(open_sandbox(CONFIG))])
        seen = asyncio.run(box.call(ToolCall(id="1", name="PythonInterpreter", arguments='{"code": "print(1)"}')))
    finally:
        os.environ["PATH"] = path
    assert seen.status == "error"
    assert "bubblewrap" in seen.content


def test_the_unsafe_one_must_be_asked_for() -> None:
    assert SandboxConfig().kind == "bubblewrap"
    sandbox = open_sandbox(SandboxConfig(kind="unsafe-subprocess", seconds=2))
    result = asyncio.run(sandbox.run("print(6 * 7)"))
    assert (result.status, result.stdout) == ("ok", "42\n")
    assert asyncio.run(sandbox.run("import time\ntime.sleep(30)", 0.5)).status == "timeout"
    assert asyncio.run(sandbox.run("1/0")).status == "error"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (ProgramResult(status="ok", stdout="1\n"), "stdout:\n1"),
        (ProgramResult(status="ok"), "Finished execution without output."),
        (ProgramResult(status="error", exit_code=3), "Exit code 3."),
        (ProgramResult(status="timeout", seconds=30), "[Stopped after 30 s: the program took too long.]"),
        (ProgramResult(status="error", stdout="a", stderr="b"), "stdout:\na\nstderr:\nb"),
    ],
)
def test_what_the_agent_is_told(result: ProgramResult, words: str) -> None:
    assert told(result) == words


def test_interpreter_arguments() -> None:
    box = Toolbox([PythonInterpreter(open_sandbox(SandboxConfig(kind="unsafe-subprocess", seconds=5)))])

    def ask(arguments: str) -> str:
        return asyncio.run(box.call(ToolCall(id="1", name="PythonInterpreter", arguments=arguments))).content

    assert ask('{"code": "print(1 + 1)"}') == "stdout:\n2"
    assert "There is no program" in ask("{}")
    assert sys.executable not in ask('{"code": "print(open(1))"}')
