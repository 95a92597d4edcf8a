"""What `questions verify` finds in questions with added operators: labels not earned, silence that proves nothing."""

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from rich_world import rich_world

from websailor import questions
from websailor.cli import execute
from websailor.errors import UserError
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
        if file.name not in ("facts.jsonl", "manifest.json"):
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


def damaged(one: Question, what: str) -> tuple[Question, str]:
    """A question with one thing changed by hand, and what the line about it must hold."""
    measured, clue = one.uncertainty, one.clues[0]
    rest = one.clues[1:]
    decade = next((d.value for d in one.pattern.domains if d.lattice == "decade" and d.value in one.prompt), None)
    changes: dict[str, tuple[dict[str, object], str]] = {
        "label": ({"clues": (clue.model_copy(update={"operator": "U14"}), *rest)}, "clue 1 is no U14"),
        "level": ({"level": 4 - one.level if one.level != 2 else 3}, "level is said to be"),
        "bits": ({"uncertainty": measured.model_copy(update={"fog": measured.fog + 1})}, "fog is said to be"),
        "after": ({"uncertainty": measured.model_copy(update={"after": (1.5, *measured.after[1:])})}, "after is said"),
        "cost": ({"uncertainty": measured.model_copy(update={"oracle_cost": 1})}, "oracle cost is said to be 1, and"),
        "gain": ({"clues": (clue.model_copy(update={"gain": clue.gain + 0.25}), *rest)}, "clue 1 is said to give"),
        "necessary": ({"clues": (clue.model_copy(update={"necessary": not clue.necessary}), *rest)}, "necessary"),
        "alias": ({"aliases": (*one.aliases, "Paris")}, "the alias 'Paris' does not stand for the answer"),
        "clue": ({"clues": (clue.model_copy(update={"text": f"{clue.text[:-1]} of Paris."}), *rest)}, "clue 1 says"),
        "name": ({"prompt": f"{one.prompt} It is near Paris."}, "the prompt says 'near'"),
        "decade": ({"prompt": one.prompt.replace(decade or "", "1770s")}, "the prompt says '1770s'"),
    }
    change, words = changes[what]
    return one.model_copy(update=change), words


@pytest.mark.parametrize(
    "what", ["label", "level", "bits", "after", "cost", "gain", "necessary", "alias", "clue", "name", "decade"]
)
@pytest.mark.parametrize("alone", [False, True], ids=["directory", "file"])
def test_what_was_changed_by_hand_is_found(what: str, alone: bool, tmp_path: Path) -> None:
    """Beside the config of its directory a prompt must be one of this realiser's; a file alone may hold a model's."""
    if not alone:
        (tmp_path / "config.json").write_bytes((made().parent / "config.json").read_bytes())
    one = next(
        one
        for one in read_jsonl(made(), Question)
        if one.pattern.assignment
        and one.clues[0].operator != "U14"
        and any(domain.lattice == "decade" and domain.value in one.prompt for domain in one.pattern.domains)
    )
    wrong, words = damaged(one, what)
    lines = verified(tmp_path / "records.jsonl", [wrong])
    assert lines and all(line.startswith(f"{one.id}: ") for line in lines)
    assert any(words in line for line in lines), lines


def test_every_clause_of_the_query_is_told(tmp_path: Path) -> None:
    """A sentence left out, though its values stand elsewhere, and a phrase turned into another one."""
    (tmp_path / "config.json").write_bytes((made().parent / "config.json").read_bytes())
    found = 0
    for one in read_jsonl(made(), Question):
        for before, after in (("exactly", "at least"), (" no known ", " a known "), (" before ", " after ")):
            if one.pattern.assignment and before in one.prompt:
                wrong = one.model_copy(update={"prompt": one.prompt.replace(before, after)})
                lines = verified(tmp_path / "records.jsonl", [wrong])
                assert any("the prompt" in line for line in lines), one.prompt
                found += 1
        sentences = one.prompt.split(". ")
        states = not any(one.startswith("There may be several") for one in sentences[1:2])
        if len(sentences) > 2 and states and one.pattern.assignment:
            wrong = one.model_copy(update={"prompt": ". ".join([sentences[0], *sentences[2:]])})
            assert any("the prompt does not say" in line for line in verified(tmp_path / "records.jsonl", [wrong]))
            found += 1
    assert found > 3


def test_questions_that_are_gone_are_missed(tmp_path: Path) -> None:
    for name in ("config.json", "manifest.json"):
        (tmp_path / name).write_bytes((made().parent / name).read_bytes())
    found = list(read_jsonl(made(), Question))
    lines = verified(tmp_path / "records.jsonl", found[:-1])
    assert lines == [f"the file: {len(found) - 1} questions are in it, and {len(found)} were made"]


@pytest.mark.parametrize("manifest", ["[1]", "{", '{"counts": 3}'])
def test_a_damaged_manifest_is_one_line(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(UserError, match=r"manifest.json: damaged"):
        verified(tmp_path / "records.jsonl", list(read_jsonl(made(), Question))[:1])


def test_lines_about_the_file_are_no_questions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = made().read_bytes()
    (tmp_path / "records.jsonl").write_bytes(whole[:-40])
    (tmp_path / "config.json").write_bytes((made().parent / "config.json").read_bytes())
    place = ["--wiki", str(rich_world().wiki), "--graph", str(rich_world().graph)]
    assert execute(["questions", "verify", str(tmp_path / "records.jsonl"), *place]) == 1
    left = whole.count(b"\n") - 1
    assert f"{left} of {left} answers proved" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["entities.jsonl", "facts.jsonl"])
def test_a_graph_that_is_cut_in_half_is_refused(name: str, tmp_path: Path) -> None:
    place = rich_world()
    for file in place.graph.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: whole.index(b"\n", len(whole) // 2) + 1])
    with pytest.raises(UserError, match=f"{name} has .* bytes instead of .* `websailor graph build` again"):
        questions.verify(made(), place.wiki, tmp_path)
    with pytest.raises(UserError, match=f"{name} has .* bytes instead of"):
        questions.run(CONFIG, {"wiki": place.wiki, "graph": tmp_path}, tmp_path / "out")
