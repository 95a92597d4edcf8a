"""`websailor questions make | show | verify | stats`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from websailor.cli.flags import AsGiven, RecipeFile, stage_config
from websailor.cli.output import print_line, show_counts
from websailor.cli.records import pick, record_file
from websailor.files import read_jsonl
from websailor.questions import Config, run, verify
from websailor.records import Question

Flags = Annotated[Config, Parameter(name="*"), AsGiven()]
NO_FLAGS = Config.model_construct()


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


def show_(file: Path, id: str | None = None, /, *, count: int = 5) -> None:
    """Print questions with their clues, bits, proof and evidence.

    Parameters
    ----------
    file
        A questions directory or its records.jsonl.
    id
        One question; default: the first ones.
    count
        How many.
    """
    from websailor.report.drawing import query_text

    for question in pick(read_jsonl(record_file(file), Question), id, count, file):
        print_line(f"{question.id} · level {question.level} · {question.split.replace('_', '-')}")
        print_line(f"  {question.prompt}")
        print_line(
            f"  answer: {question.answer}" + (f" (also {', '.join(question.aliases)})" if question.aliases else "")
        )
        left = (question.uncertainty.initial, *question.uncertainty.after)
        print_line("  bits:   " + " → ".join(f"{bits:.1f}" for bits in left))
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
    records = record_file(file)
    failed = verify(records, wiki, graph)
    for line in failed:
        print_line(f"not proved: {line}")
    total = sum(1 for _ in read_jsonl(records, Question))
    print_line(f"{total - len(failed)} of {total} answers proved")
    return 1 if failed else 0


def stats_(file: Path, /) -> None:
    """Shapes, operators, bits and levels of a question file.

    Parameters
    ----------
    file
        A questions directory or its records.jsonl.
    """
    from collections import Counter
    from statistics import mean

    from websailor.errors import UserError
    from websailor.report.question_set import effective_number

    questions = list(read_jsonl(record_file(file), Question))
    if not questions:
        raise UserError(f"{file}: no question in it")
    shapes = Counter(question.shape for question in questions)
    show_counts(
        f"{file}",
        {
            "questions": len(questions),
            "shapes": len(shapes),
            "effective shapes": round(effective_number(shapes.values()), 2),
            "clues per question": round(mean(len(question.clues) for question in questions), 3),
            "bits at the start": round(mean(question.uncertainty.initial for question in questions), 3),
            "bits of the frontier": round(mean(question.uncertainty.frontier for question in questions), 3),
            "necessity": round(mean(question.uncertainty.necessity for question in questions), 3),
            "oracle cost": round(mean(question.uncertainty.oracle_cost for question in questions), 3),
            **{
                f"level {key}": value
                for key, value in sorted(Counter(question.level for question in questions).items())
            },
            **{
                f"split {key}": value
                for key, value in sorted(Counter(question.split for question in questions).items())
            },
            **{
                f"operator {key}": value
                for key, value in sorted(
                    Counter(clue.operator for question in questions for clue in question.clues).items()
                )
            },
        },
    )
