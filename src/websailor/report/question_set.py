"""A set of questions as a whole: shapes, operators, bits, work, and how it reads beside a published set.

Enters: questions, and the prompts of a published set where one was given. Leaves: what the page's sections show.
"""

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from statistics import mean, median
from typing import Any

from websailor.diversity import effective_number
from websailor.questions.shapes.canonical import MAX_NODES, Form, shape_of
from websailor.records import Pattern, Question
from websailor.report.charts import bars
from websailor.report.drawing import entity_edges, entity_variables, shape_svg
from websailor.report.reading import profile

OPERATORS = {
    "U0": "plain",
    "U1": "fuzzy value",
    "U2": "intersection",
    "U3": "nested reference",
    "U4": "cycle",
    "U5": "negation",
    "U6": "comparison",
    "U7": "superlative",
    "U8": "count",
    "U9": "time",
    "U10": "homonym",
    "U11": "unit",
    "U12": "inference",
    "U13": "merged entities",
    "U14": "conflict",
    "U15": "distractor",
    "U16": "no such thing",
}

STRUCTURAL = frozenset({"U0"})
"""Not an operator: a clue told as it is."""
BINS = 12
"""Most bars of a histogram."""


def operators_of(question: Question) -> frozenset[str]:
    """The different uncertainty operators of a question."""
    return frozenset(clue.operator for clue in question.clues) - STRUCTURAL


def histogram(values: Sequence[float], unit: str = "") -> list[tuple[str, float]]:
    """Counts in at most `BINS` bins of whole width: `0-2`, `3-5`, ...; a bin of one whole number is named by it.

    Values are rounded down to whole numbers first, so `3` holds all from 3 to below 4.
    """
    if not values:
        return []
    whole = [math.floor(value) for value in values]
    low, high = min(whole), max(whole)
    width = max(1, math.ceil((high - low + 1) / BINS))
    counts = Counter((value - low) // width for value in whole)
    suffix = f" {unit}" if unit else ""
    return [
        (f"{first}{suffix}" if width == 1 else f"{first}\N{EN DASH}{first + width - 1}{suffix}", counts[position])
        for position in range((high - low) // width + 1)
        for first in (low + position * width,)
    ]


def place(pattern: Pattern) -> tuple[str, int]:
    """Isomorphism class of the entities that a finished question speaks of, and the orbit of the one it asks for. The
    subgraph it was drawn from may have been larger. Classes of more than `MAX_NODES` entities are told by their size.
    """
    nodes = entity_variables(pattern)
    index = {variable: position for position, variable in enumerate(nodes)}
    if len(nodes) > MAX_NODES:
        return f"{len(nodes)} entities", 0
    form = _form(len(nodes), tuple(sorted(set(entity_edges(pattern, index)))))
    return form.class_id, next(number for number, orbit in enumerate(form.orbits) if index[pattern.focus] in orbit)


@lru_cache(maxsize=1 << 14)
def _form(size: int, edges: tuple[tuple[int, int], ...]) -> Form:
    return shape_of(size, edges)


def totals(questions: Sequence[Question]) -> dict[str, float]:
    """The set in numbers: evenness over shapes and the places of the focus, means of what was measured."""
    cells = Counter(place(question.pattern) for question in questions)
    classes = Counter(shape for shape, _ in cells.elements())
    measured = [question.uncertainty for question in questions]
    return {
        "questions": len(questions),
        "shapes": len(classes),
        "effective shapes": round(effective_number(classes.values()), 2),
        "places of the focus": len(cells),
        "effective places": round(effective_number(cells.values()), 2),
        "clues per question": round(mean(len(question.clues) for question in questions), 3),
        "operators per question": round(mean(len(operators_of(question)) for question in questions), 3),
        "bits at the start": round(mean(one.initial for one in measured), 3),
        "bits of fog": round(mean(one.fog for one in measured), 3),
        "bits of the frontier": round(mean(one.frontier for one in measured), 3),
        "necessity": round(mean(one.necessity for one in measured), 3),
        "oracle cost": round(mean(one.oracle_cost for one in measured), 3),
        **{f"split {key}": count for key, count in sorted(Counter(question.split for question in questions).items())},
    }


def histograms(questions: Sequence[Question]) -> list[tuple[str, list[tuple[str, float]]]]:
    """What the questions are like, property by property: title, and counts by bin."""
    operators = Counter(clue.operator for question in questions for clue in question.clues)
    levels = Counter(question.level for question in questions)
    measured = [question.uncertainty for question in questions]
    return [
        (
            "Operators over all clues",
            [
                (f"{operator} {OPERATORS.get(operator, '')}", count)
                for operator, count in sorted(operators.items(), key=lambda pair: int(pair[0][1:]))
            ],
        ),
        ("Different operators in a question", histogram([len(operators_of(question)) for question in questions])),
        ("Levels", [(f"level {level}", count) for level, count in sorted(levels.items())]),
        ("Bits taken away by vagueness", histogram([one.fog for one in measured])),
        ("Bits of the widest choice", histogram([one.frontier for one in measured])),
        ("Tool calls of the oracle", histogram([one.oracle_cost for one in measured])),
    ]


def shape_section(questions: Sequence[Question]) -> dict[str, Any] | None:
    """The shapes questions have, how evenly they and the places of the focus are used, and what makes them hard."""
    if not questions:
        return None
    shapes = [place(question.pattern)[0] for question in questions]
    classes = Counter(shapes)
    shown = dict(zip(shapes, questions, strict=True))
    numbers = totals(questions)
    return {
        "shapes": [
            {
                "drawing": shape_svg(shown[shape].pattern),
                "count": count,
                "size": len(entity_variables(shown[shape].pattern)),
            }
            for shape, count in classes.most_common(24)
        ],
        "classes": int(numbers["shapes"]),
        "effective": numbers["effective shapes"],
        "cells": int(numbers["places of the focus"]),
        "effective_cells": numbers["effective places"],
        "charts": [(title, bars(rows, title)) for title, rows in histograms(questions)],
    }


def side_by_side(questions: Sequence[Question], published: Sequence[str]) -> dict[str, Any] | None:
    """How our questions and a published set read, measured on the prompts alone; and what is known of ours besides."""
    if not questions or not published:
        return None
    ours, theirs = profile([question.prompt for question in questions]), profile(published)
    operators = sorted(
        {operator for one in (ours, theirs) for operator in one.shares}, key=lambda operator: int(operator[1:])
    )
    return {
        "rows": [
            ("prompts", str(ours.prompts), str(theirs.prompts)),
            ("words, English (median)", _length(ours.words), _length(theirs.words)),
            ("characters, Chinese (median)", _length(ours.characters), _length(theirs.characters)),
            *(
                (name, f"{getattr(ours, field):.1f}", f"{getattr(theirs, field):.1f}")
                for name, field in (("sentences", "sentences"), ("clauses", "clauses"), ("operators", "operators"))
            ),
        ],
        "operators": [
            {
                "name": f"{operator} {OPERATORS[operator]}",
                "ours": ours.shares.get(operator, 0.0),
                "theirs": theirs.shares.get(operator, 0.0),
            }
            for operator in operators
        ],
        "proved": [
            ("clues of a question", f"{mean(len(question.clues) for question in questions):.1f}"),
            ("operators of a question", f"{mean(len(operators_of(question)) for question in questions):.1f}"),
            ("tool calls of the oracle (median)", f"{median(q.uncertainty.oracle_cost for q in questions):.0f}"),
            ("bits taken away by vagueness (median)", f"{median(q.uncertainty.fog for q in questions):.1f}"),
        ],
    }


def _length(value: float | None) -> str:
    return "\N{EN DASH}" if value is None else f"{value:.0f}"
