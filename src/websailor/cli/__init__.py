"""The commands. Results go to stdout, logs and progress to stderr; a user's mistake ends in one line and exit code 2.

A command's module is imported only when that command runs, so `--help` needs nothing heavy: the flags of a stage are
read off its `Config`.
"""

import errno
import io
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from cyclopts import App, CycloptsError, Group, UnknownCommandError
from pydantic import ValidationError

from websailor.errors import UserError
from websailor.models.fences import printable
from websailor.progress import stderr
from websailor.recipe import first_problem, nearest

DISK_FULL = ("No space left on device", "database or disk is full", "StorageFull", "Disk quota exceeded")
"""How libraries that do not raise `OSError` say it."""

MEMORY_FULL = ("can't allocate memory", "CUDA out of memory", "Cannot allocate memory")

WRONG_PATH = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOENT),
    *(errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP),
)
"""What the system says of a path that cannot be used as the user wants."""

SETTINGS = """

After it, every setting can be given as --table.key value:

--name second --seed 1 --wiki.source dump.xml.bz2 --sft.seconds 300 --rl.no-rename

`websailor sft --help` lists the keys of the table sft, and so on for every stage. Started again with the same settings,
a run goes on where it stopped."""

WHOLE = {
    "quickstart": ("runs", "The whole way on a small generated world, in minutes." + SETTINGS),
    "run": ("runs", "Run a recipe from its first table to its last." + SETTINGS),
    "report": ("publish", "Write the report page of a run."),
    "ask": ("ask", "Ask a trained agent; its turns are shown as they come."),
    "doctor": ("doctor", "Show what is configured, reachable and safe."),
}
STAGES = {
    "sft": ("training", "Cold start: train a checkpoint on trajectories."),
    "rl": ("training", "Reinforcement learning from a checkpoint."),
    "evaluate": ("evaluate", "pass@1 and pass@k of a system on questions."),
    "export": ("publish", "Write trajectories or questions as Parquet for datasets and TRL."),
}
GROUPS = {
    "wiki": (
        "The offline web: make one, search it, read it.",
        {
            "generate": "Write a fictional encyclopedia as a MediaWiki dump.",
            "import": "Import a dump (or a generated world) into a searchable wiki.",
            "search": "Search a wiki as the agent does.",
            "show": "Show one page.",
        },
    ),
    "serve": (
        "Servers for agents and trainers made elsewhere.",
        {"web": "Search and pages of a wiki over HTTP."},
    ),
    "graph": ("The knowledge graph.", {"build": "Grow the knowledge graph of a wiki."}),
    "questions": (
        "Questions with a proof of their one answer.",
        {
            "make": "Make questions from a knowledge graph.",
            "rewrite": "Have a language model say questions in its words.",
            "show": "Print questions with their clues and evidence.",
            "verify": "Prove every answer again.",
            "stats": "Shapes, operators, bits and levels of a question file.",
        },
    ),
    "trajectories": (
        "Episodes of the expert.",
        {
            "collect": "Let the expert work the questions and keep what is right.",
            "show": "Print episodes step by step.",
        },
    ),
}


def make_app() -> App:
    """All commands, none of them imported yet."""
    app = App(
        name="websailor",
        help="From an encyclopedia to proved research questions, and to a web agent trained on them.",
        version=lambda: version("websailor"),
        suppress_keyboard_interrupt=False,
    )
    whole, stages = Group.create_ordered("The whole way"), Group.create_ordered("Stage by stage")
    for commands, group in ((WHOLE, whole), (STAGES, stages)):
        for name, (module, text) in commands.items():
            app.command(f"websailor.cli.{module}:{name}_", name=name, help=text, group=group)
    for name, (words, commands) in GROUPS.items():
        below = App(name=name, help=words, group=stages)
        for command, text in commands.items():
            below.command(f"websailor.cli.{name}:{command}_", name=command, help=text)
        app.command(below)
    return app


def main() -> None:
    """Entry point of the `websailor` command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What the terminal's encoding lacks is shown escaped.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(execute(sys.argv[1:]))


def execute(tokens: Sequence[str]) -> int:
    """Run one command line.

    Returns the exit code: 0 done, 1 a check failed, 2 something the user can mend, 130 interrupted.
    """
    try:
        result = make_app()(list(tokens), exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _fail(_usage_problem(error, tokens))
    except UserError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        stderr.print("interrupted: what is finished is kept; run the same command again to go on")
        return 130
    except BrokenPipeError:
        # The reader of our output left, as `head` does; what is still buffered must not complain at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if disk_full(error):
            logging.getLogger(__name__).debug("disk full", exc_info=True)
            return _fail(f"the disk is full{_where(error)}: free some space and run the same command again")
        if out_of_memory(error):
            logging.getLogger(__name__).debug("out of memory", exc_info=True)
            return _fail("not enough memory: choose a smaller model, context or batch, and run the same command again")
        if isinstance(error, OSError) and error.errno in WRONG_PATH and error.filename is not None:
            logging.getLogger(__name__).debug("wrong path", exc_info=True)
            return _fail(f"{error.filename}: {error.strerror}: name another path, or change this one and its rights")
        raise
    return result if isinstance(result, int) else 0


def disk_full(error: BaseException | None) -> bool:
    """True if an error, or what caused it, says that no space is left."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if any(words in str(error) for words in DISK_FULL):
            return True
        error = error.__cause__ or error.__context__
    return False


def out_of_memory(error: BaseException) -> bool:
    """True if an error says that memory could not be had, in the words of Python, the system or torch."""
    no_memory = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or no_memory or any(words in str(error) for words in MEMORY_FULL)


def _where(error: BaseException) -> str:
    name = getattr(error, "filename", None)
    return f" ({name})" if name else ""


def _usage_problem(error: CycloptsError, tokens: Sequence[str]) -> str:
    if isinstance(error, UnknownCommandError):
        known = list(GROUPS[tokens[0]][1]) if tokens[0] in GROUPS else [*WHOLE, *STAGES, *GROUPS]
        word = tokens[1] if tokens[0] in GROUPS else tokens[0]
        return f"unknown command '{word}'{nearest(word, known)}"
    if isinstance(error.__cause__, ValidationError):
        return first_problem(error.__cause__)
    return str(error)


def _fail(message: str) -> int:
    stderr.print(f"error: {printable(' '.join(message.split()))}", markup=False, highlight=False, soft_wrap=True)
    return 2
