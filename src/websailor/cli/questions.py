"""`websailor questions make | rewrite | show | verify | stats`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from websailor.cli.flags import AsGiven, RecipeFile, settings_command, stage_config
from websailor.cli.output import print_line, show_bars, show_counts
from websailor.cli.records import pick, record_file
from websailor.errors import UserError
from websailor.files import read_jsonl, replacing
from websailor.questions import Config, RewritingConfig, rewrite, run, verify
from websailor.recipe import existing_file
from websailor.records import Question

Flags = Annotated[Config, Parameter(name="*"), AsGiven()]
NO_FLAGS = Config.model_construct()
RewritingFlags = Annotated[RewritingConfig, Parameter(name="*"), AsGiven()]
NO_REWRITING_FLAGS = RewritingConfig.model_construct()


@settings_command("make")
def make_(*, wiki: Path, graph: Path, out: Path, recipe: RecipeFile = None, flags: Flags = NO_FLAGS) -> None:
    """Make questions from a knowledge graph; what is refused keeps its reason in rejects.jsonl.

    Parameters
    ----------
    wiki
        A wiki directory.
    graph
        A graph directory.
    out
        The directory to make: records.jsonl, rejects.jsonl.
    """
    manifest = run(stage_config(Config, flags, recipe, "questions"), {"wiki": wiki, "graph": graph}, out)
    show_counts(str(out), manifest.counts)


@settings_command("rewrite")
def rewrite_(
    questions: Path, /, *, wiki: Path, graph: Path, out: Path, flags: RewritingFlags = NO_REWRITING_FLAGS
) -> None:
    """Have a language model say questions in its words; what it gets wrong is refused and keeps the old ones.

    Parameters
    ----------
    questions
        A questions directory or its records.jsonl.
    wiki
        The wiki directory that the questions were made from.
    graph
        The graph directory that the questions were made from.
    out
        The questions directory to make: records.jsonl, rejects.jsonl.
    """
    inputs = {"wiki": wiki, "graph": graph, "questions": questions}
    manifest = rewrite(stage_config(RewritingConfig, flags, None, "rewriting"), inputs, out)
    show_counts(str(out), manifest.counts)


def show_(file: Path, id: str | None = None, /, *, count: int = 5, svg: Path | None = None) -> None:
    """Print questions with their query, subgraph, clues, bits and evidence.

    Parameters
    ----------
    file
        A questions directory or its records.jsonl.
    id
        One question; default: the first ones.
    count
        How many.
    svg
        Write the subgraph of the (first) question as a drawing.
    """
    from websailor.report.drawing import query_text
    from websailor.report.tree import pattern_tree, standalone_svg

    if svg is not None and svg.suffix != ".svg":
        raise UserError(f"--svg {svg}: the file ends in .svg")
    for number, question in enumerate(pick(read_jsonl(record_file(file), Question), id, count, file)):
        if svg is not None and number == 0:
            with replacing(svg) as temporary:
                temporary.write_text(standalone_svg(question.pattern, {}), encoding="utf-8")
        print_line(f"{question.id} · level {question.level} · {question.split.replace('_', '-')}")
        print_line(f"  {question.prompt}")
        print_line(
            f"  answer: {question.answer}" + (f" (also {', '.join(question.aliases)})" if question.aliases else "")
        )
        left = (question.uncertainty.initial, *question.uncertainty.after)
        print_line("  bits:   " + " → ".join(f"{bits:.1f}" for bits in left))
        measured = question.uncertainty
        print_line(
            f"  fog {measured.fog:.1f} bits · frontier {measured.frontier:.1f} bits · "
            f"necessity {measured.necessity:.2f} · cycle rank {measured.cycle_rank} · "
            f"{measured.oracle_cost} tool calls of the oracle"
        )
        for line in pattern_tree(question.pattern, {}).splitlines():
            print_line(f"    {line}")
        for line in query_text(question.pattern, {}).splitlines():
            print_line(f"    {line}")
        for position, clue in enumerate(question.clues):
            print_line(f"  {clue.operator:<4} {clue.text}")
            for item in question.evidence:
                if item.clue == position:
                    print_line(f"         {item.page}: {item.quote}")
        print_line("")


def verify_(file: Path, /, *, wiki: Path, graph: Path) -> int:
    """Prove every answer again: exit code 0 if all are proved, 1 if one is not (it is named).

    Parameters
    ----------
    file
        A questions directory or its records.jsonl.
    wiki
        The wiki directory that the evidence is checked in.
    graph
        The graph directory that the proofs run on.
    """
    records = existing_file(file / "records.jsonl" if file.is_dir() else file, "file of records")
    failed = verify(records, wiki, graph)
    for line in failed:
        print_line(f"not proved: {line}")
    named = {line.partition(": ")[0] for line in failed}
    sound = [question.id not in named for question in read_jsonl(records, Question)]
    print_line(f"{sum(sound)} of {len(sound)} answers proved")
    return 1 if failed else 0


def stats_(file: Path, /) -> None:
    """Shapes, operators, bits and levels of a question file.

    Parameters
    ----------
    file
        A questions directory or its records.jsonl.
    """
    from websailor.report.question_set import histograms, totals

    questions = list(read_jsonl(record_file(file), Question))
    if not questions:
        raise UserError(f"{file}: no question in it")
    show_counts(str(file), totals(questions))
    for title, rows in histograms(questions):
        show_bars(title, rows)
