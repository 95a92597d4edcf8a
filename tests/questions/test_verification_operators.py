"""What `questions verify` finds in questions with added operators: labels not earned, silence that proves nothing."""

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from rich_world import rich_world

from websailor import questions
from websailor.files import read_jsonl
from websailor.questions import Config
from websailor.records import Count, Question, Rank, Without

CONFIG = Config.model_validate(
    {
        "palette": "all",
        "operators_per_question": "2..5",
        "max_clues": 6,
        "level": "1,2,3",
        "named_anchors": "0,1",
        "count": 14,
        "pool": 1200,
        "attempts": 80,
    }
)


@cache
def made() -> Path:
    out = Path(mkdtemp(prefix="verified-")) / "q"
    questions.run(CONFIG, rich_world().inputs, out)
    return out / "records.jsonl"


def verified(path: Path, found: list[Question]) -> list[str]:
    path.write_text("".join(one.model_dump_json() + "\n" for one in found), encoding="utf-8")
    return questions.verify(path, rich_world().wiki, rich_world().graph)


def test_what_was_made_is_proved_again() -> None:
    assert len(list(read_jsonl(made(), Question))) > 10
    assert questions.verify(made(), rich_world().wiki, rich_world().graph) == []


def test_a_label_that_is_not_earned_is_named(tmp_path: Path) -> None:
    one = next(one for one in read_jsonl(made(), Question) if one.pattern.assignment)
    for code in ("U7", "U10", "U14", "U15"):
        place = next(n for n, clue in enumerate(one.clues) if clue.operator != code)
        clues = [clue.model_copy(update={"operator": code}) if n == place else clue for n, clue in enumerate(one.clues)]
        lines = verified(tmp_path / "q.jsonl", [one.model_copy(update={"clues": tuple(clues)})])
        assert lines == [f"{one.id}: clue {place + 1} is no {code}"]


def test_a_clue_that_hides_what_it_counts_is_named(tmp_path: Path) -> None:
    counted = next(
        (one, n)
        for one in read_jsonl(made(), Question)
        for n, clue in enumerate(one.clues)
        if clue.operator in ("U8", "U7", "U5") and len(clue.facts) > 1
    )
    one, place = counted
    clues = list(one.clues)
    clues[place] = clues[place].model_copy(update={"facts": clues[place].facts[:-1]})
    lines = verified(tmp_path / "q.jsonl", [one.model_copy(update={"clues": tuple(clues)})])
    assert f"{one.id}: clue {place + 1} tells other facts than the query" in lines


def test_silence_of_a_graph_that_lacks_facts_proves_nothing(tmp_path: Path) -> None:
    """A true fact that neither clue nor answer touches is taken out of the graph."""
    place = rich_world()
    one, relation = next(
        (one, condition.relation)
        for one in read_jsonl(made(), Question)
        for condition in one.pattern.conditions
        if isinstance(condition, Without | Count | Rank)
    )
    used = {fact for clue in one.clues for fact in clue.facts} | {atom.fact for atom in one.pattern.atoms}
    lines = (place.graph / "facts.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    records = [(json.loads(line), line) for line in lines]
    lost = next(
        record["id"]
        for record, _ in records
        if record["relation"] == relation and record["id"] not in used and record["source"]["kind"] == "infobox"
    )
    smaller = tmp_path / "graph"
    smaller.mkdir()
    for file in place.graph.iterdir():
        if file.name != "facts.jsonl":
            (smaller / file.name).symlink_to(file)
    kept = "".join(line for record, line in records if record["id"] != lost)
    (smaller / "facts.jsonl").write_text(kept, encoding="utf-8")
    path = tmp_path / "q.jsonl"
    path.write_text(one.model_dump_json() + "\n", encoding="utf-8")
    found = questions.verify(path, place.wiki, smaller)
    assert any("of which the graph lacks facts" in line for line in found), found


@pytest.mark.parametrize("answer", ["Paris", "nobody knows"])
def test_a_question_without_an_answer_says_so(answer: str, tmp_path: Path) -> None:
    """A question whose witness is taken away is no question that nothing fits."""
    one = next(one for one in read_jsonl(made(), Question) if one.pattern.assignment)
    bare = one.pattern.model_copy(update={"assignment": {}})
    lines = verified(tmp_path / "q.jsonl", [one.model_copy(update={"pattern": bare, "answer": answer})])
    assert any("not none" in line for line in lines)
    assert any("does not say that there is none" in line for line in lines)
