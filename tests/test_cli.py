"""The command line from outside: what it prints where, its exit codes, and what it imports."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from toy_questions import trajectory
from websailor import cli
from websailor.cli.flags import given, stage_config
from websailor.errors import UserError
from websailor.graph import Config as GraphConfig
from websailor.records import Message

HEAVY = ("torch", "transformers", "tokenizers", "numpy", "numba", "tantivy", "lxml", "pyarrow", "jinja2")
COMMANDS = [
    [],
    *([name] for name in (*cli.WHOLE, *cli.STAGES, *cli.GROUPS)),
    *([group, name] for group, (_, names) in cli.GROUPS.items() for name in names),
]


def websailor(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "websailor.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200"},
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_imports_nothing_heavy(command: list[str]) -> None:
    code = (
        "import sys\nfrom websailor.cli import execute\n"
        f"assert execute({[*command, '--help']!r}) == 0\n"
        f"heavy = sorted(set({HEAVY!r}) & set(sys.modules))\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage: websailor" in done.stdout


@pytest.mark.slow
def test_help_with_many_settings_takes_little_longer_than_help_without() -> None:
    def seconds(*command: str) -> float:
        """Processor time of a `--help`, the best of five."""
        took = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert websailor(*command, "--help").returncode == 0
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return min(took)

    assert seconds("trajectories", "collect") < 3 * seconds(), "the sources of the settings are read once"


@pytest.mark.parametrize("command", [command for command in COMMANDS if command], ids=" ".join)
def test_every_setting_is_explained(command: list[str]) -> None:
    _, apps, _ = cli.make_app().parse_commands(command)
    if apps[-1].default_command is None:
        return
    for argument in apps[-1].assemble_argument_collection(parse_docstring=True):
        if argument.parameter.show is not False and not argument.children and argument.parse:
            assert argument.parameter.help or argument.field_info.help, argument.name


@pytest.mark.parametrize("command", [command for command in COMMANDS if command], ids=" ".join)
def test_no_two_settings_share_a_flag(command: list[str]) -> None:
    _, apps, _ = cli.make_app().parse_commands(command)
    if apps[-1].default_command is None:
        return
    names = [name for argument in apps[-1].assemble_argument_collection() for name in argument.names]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["quickstrat"], "unknown command 'quickstrat'; did you mean 'quickstart'?"),
        (["wiki", "imprt"], "unknown command 'imprt'; did you mean 'import'?"),
        (["graph", "build", "--wiki", "w", "--out", "o", "--edgs", "3"], "--edgs. Did you mean --edges?"),
        (["quickstart", "--sft.secnds", "3"], "flags: unknown key 'sft.secnds'; did you mean 'seconds'?"),
        (["quickstart", "--stf.seconds", "3"], "flags: unknown table 'stf'; did you mean 'sft'?"),
        (["quickstart", "--sft.seconds"], "--sft.seconds needs a value"),
        (["run", "nowhere.toml"], "nowhere.toml: no such recipe"),
        (["graph", "build", "--wiki", "nowhere", "--out", "o"], "nowhere"),
        (["wiki", "generate", "--pages", "many", "--out", "w.xml"], "pages: Input should be a valid integer"),
        (["wiki", "generate", "--out", "w.json"], "a dump ends in .xml or .xml.bz2"),
        (["report", "nowhere"], "nowhere: no such run directory"),
        (["questions", "show", "nowhere.jsonl"], "nowhere.jsonl: no such file of records"),
        (["ask", "Who?", "--run", "nowhere"], "no trained checkpoint"),
        (["export", "nowhere", "--out", "x.csv"], "the file ends in .parquet"),
        (["ask", "Who?", "--model", ".", "--temperature", "nan"], "temperature: Input should be a finite number"),
        (["trajectories", "show", "/dev/null"], "/dev/null: no such file of records"),
        (["run", "."], ".: is a directory: name a recipe in it"),
        (["wiki", "import", "two\nlines.xml", "--out", "w"], "two lines.xml: no such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = websailor(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert not list(tmp_path.iterdir()), "a refused command leaves nothing behind"


@pytest.mark.parametrize("stage", ["questions", "trajectories"])
def test_what_holds_no_record_is_said(tmp_path: Path, stage: str) -> None:
    (tmp_path / "none.jsonl").touch()
    (tmp_path / "zeros.jsonl").write_bytes(bytes(500))
    for more in (["none.jsonl"], ["none.jsonl", "q1"], ["zeros.jsonl"]):
        done = websailor(stage, "show", *more, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{more[0]}: no record in it" in done.stderr
    assert "--count -3: at least 1" in websailor(stage, "show", "none.jsonl", "--count", "-3", cwd=tmp_path).stderr


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_too_little_memory_is_recognised_however_it_is_said(error: Exception) -> None:
    assert cli.out_of_memory(error)
    assert not cli.out_of_memory(ValueError("something else"))


def test_a_path_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    recipe = str(Path(__file__).parents[1] / "recipes" / "quickstart.toml")
    for arguments in (["run", recipe, "--runs", "file"], ["wiki", "import", recipe, "--out", "file/w"]):
        done = websailor(*arguments, cwd=tmp_path)
        (line,) = done.stderr.strip().splitlines()
        assert (done.returncode, line.startswith("error: file")) == (2, True), done.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_flags_lie_over_the_table_and_are_checked_together(tmp_path: Path) -> None:
    recipe = tmp_path / "r.toml"
    recipe.write_text("[graph]\nedges = 50\nexpand = 0.9\n")
    flags = GraphConfig.model_construct(edges="60")
    assert given(flags) == {"edges": "60"}
    config = stage_config(GraphConfig, flags, recipe, "graph")
    assert (config.edges, config.expand, config.search_k) == (60, 0.9, 10)
    recipe.write_text("[graph]\nedgs = 50\n")
    with pytest.raises(UserError, match=r"unknown key 'graph\.edgs'; did you mean 'edges'"):
        stage_config(GraphConfig, flags, recipe, "graph")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "runs/x/records.jsonl"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError("Error while serializing: IoError(Os { code: 28, kind: StorageFull })"),
        RuntimeError("PytorchStreamWriter failed: No space left on device"),
    ],
)
def test_a_full_disk_is_recognised_however_it_is_said(error: Exception) -> None:
    assert cli.disk_full(error)
    wrapped = RuntimeError("stage failed")
    wrapped.__cause__ = error
    assert cli.disk_full(wrapped)
    assert not cli.disk_full(ValueError("something else"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_ends_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "websailor.cli", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [3, 30_000])
def test_a_reader_that_leaves_is_no_error(tmp_path: Path, words: int) -> None:
    file = tmp_path / "records.jsonl"
    messages = (Message(role="user", content="Who? " * words),)
    file.write_text((trajectory(messages=messages).model_dump_json() + "\n") * 20, encoding="utf-8")
    command = f"{sys.executable} -m websailor.cli trajectories show {file} --count 20"
    shell = ["bash", "-c", f"set -o pipefail; {command} | head -n 1"]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_without_unicode_gets_escapes(tmp_path: Path) -> None:
    dump = tmp_path / "d.xml"
    page = "<page><title>Łódź 日本</title><ns>0</ns><revision><text>Łódź is a city.</text></revision></page>"
    dump.write_text(f"<mediawiki>{page}</mediawiki>", encoding="utf-8")
    assert websailor("wiki", "import", str(dump), "--out", "w", cwd=tmp_path).returncode == 0
    command = [sys.executable, "-m", "websailor.cli", "wiki", "search", "city", "--wiki", "w"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert r"\u0141\xf3d\u017a \u65e5\u672c" in done.stdout


def test_an_interrupt_says_how_to_go_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "websailor.cli", "wiki", "import", "--world.pages", "200000", "--out", "w"]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        # A shell starts background jobs with interrupts ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    stderr = ""
    for last in (False, False, True):
        process.send_signal(signal.SIGINT)
        try:
            _, stderr = process.communicate(timeout=30)
            break
        except subprocess.TimeoutExpired:  # Python drops what is raised inside a finaliser: people press again
            if last:
                process.kill()
                raise
    assert process.returncode in (130, -signal.SIGINT), stderr  # a shell shows both as 130
    assert "run the same command again to go on" in stderr
    assert "Traceback" not in stderr


def test_wiki_commands_print_results_on_stdout(tmp_path: Path) -> None:
    assert (
        websailor("wiki", "generate", "--pages", "60", "--seed", "3", "--out", "w.xml.bz2", cwd=tmp_path).returncode
        == 0
    )
    assert websailor("wiki", "import", "w.xml.bz2", "--out", "wiki", cwd=tmp_path).returncode == 0
    world = json.loads((tmp_path / "wiki" / "world.json").read_text())
    found = websailor("wiki", "search", world["lexicon"][0], "--wiki", "wiki", "--k", "3", cwd=tmp_path)
    assert found.returncode == 0
    assert found.stderr == ""
    title = json.loads((tmp_path / "wiki" / "facts.jsonl").read_text().splitlines()[0])["subject"]
    page = websailor("wiki", "show", title, "--wiki", "wiki", cwd=tmp_path)
    assert page.stdout.startswith(title)
    wrong = websailor("wiki", "show", title[:-1], "--wiki", "wiki", cwd=tmp_path)
    assert wrong.returncode == 2
    assert f"no page '{title[:-1]}'" in wrong.stderr
