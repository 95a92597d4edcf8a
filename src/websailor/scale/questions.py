"""Questions as Parquet for `datasets`.

Enters: a file of questions. Leaves: one row per question: prompt, answer and aliases, the measured uncertainty as
columns to filter by, the clues as a list, and the query and the evidence as JSON text, which loads back into records.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from websailor.files import read_jsonl
from websailor.records import Question
from websailor.scale.tables import write_parquet

if TYPE_CHECKING:
    import pyarrow

MEASURES = ("initial", "best_single", "frontier", "necessity", "fog")


def export_questions(records: Path, out: Path) -> int:
    """Write `out` from a JSONL file of questions. Returns the number of rows.

    Raises `UserError` when there is no question, or when pyarrow is not installed.
    """
    return write_parquet((question_row(one) for one in read_jsonl(records, Question)), question_schema, out, records)


def question_row(question: Question) -> dict[str, Any]:
    """One row of the table."""
    measured = question.uncertainty
    return {
        "id": question.id,
        "prompt": question.prompt,
        "answer": question.answer,
        "aliases": list(question.aliases),
        "language": question.language,
        "split": question.split,
        "level": question.level,
        "shape": question.shape,
        "focus_orbit": question.focus_orbit,
        "operators": _distinct([clue.operator for clue in question.clues]),
        **{name: getattr(measured, name) for name in MEASURES},
        "after": list(measured.after),
        "cycle_rank": measured.cycle_rank,
        "oracle_cost": measured.oracle_cost,
        "clues": [
            {"text": clue.text, "operator": clue.operator, "gain": clue.gain, "necessary": clue.necessary}
            for clue in question.clues
        ],
        "pattern": question.pattern.model_dump_json(),
        "evidence": [
            {"clue": one.clue, "page": one.page, "quote": one.quote, "url": one.url} for one in question.evidence
        ],
        "seed": question.seed,
    }


def _distinct(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))


def question_schema() -> "pyarrow.Schema":
    """Column types."""
    import pyarrow

    text, number, whole = pyarrow.string(), pyarrow.float64(), pyarrow.int64()
    clue = pyarrow.struct([("text", text), ("operator", text), ("gain", number), ("necessary", pyarrow.bool_())])
    evidence = pyarrow.struct([("clue", whole), ("page", text), ("quote", text), ("url", text)])
    return pyarrow.schema(
        [
            *((name, text) for name in ("id", "prompt", "answer")),
            ("aliases", pyarrow.list_(text)),
            *((name, text) for name in ("language", "split")),
            ("level", whole),
            ("shape", text),
            ("focus_orbit", whole),
            ("operators", pyarrow.list_(text)),
            *((name, number) for name in MEASURES),
            ("after", pyarrow.list_(number)),
            *((name, whole) for name in ("cycle_rank", "oracle_cost")),
            ("clues", pyarrow.list_(clue)),
            ("pattern", text),
            ("evidence", pyarrow.list_(evidence)),
            ("seed", whole),
        ]
    )
