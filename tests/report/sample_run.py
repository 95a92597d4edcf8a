"""A small run directory, written through the same records and files as a real one; the report is tested on it."""

import json
import math
import random
from pathlib import Path

from websailor.files import write_json, write_jsonl
from websailor.records import (
    Atom,
    Clue,
    Domain,
    Entity,
    Evidence,
    Fact,
    Manifest,
    Message,
    Observation,
    Pattern,
    Question,
    Reject,
    Score,
    Source,
    Step,
    StopReason,
    ToolCall,
    Trajectory,
    Uncertainty,
    Usage,
)

WORDS = (
    "Torid",
    "Velan",
    "Solak",
    "Marn",
    "Dovi",
    "Aren",
    "Melik",
    "Ossa",
    "Pell",
    "Ruun",
    "Kether",
    "Isk",
    "Lomar",
    "Wend",
)
KINDS = ("person", "settlement", "company", "school", "work", "club")
RELATIONS = ("born_in", "employed_by", "studied_at", "founded_by", "author", "based_in", "member_of", "spouse")
LIFT = {"expert": 0.93, "untrained": 0.0, "sft": 0.42, "rl": 0.61}


def write_sample_run(path: Path, seed: int = 0, hostile: str = "") -> Path:
    """Write every stage. `hostile` is put into names, prompts, quotes, thoughts and observations."""
    rng = random.Random(seed)
    entities = [
        Entity(
            id=f"{a} {b}{hostile}",
            name=f"{a} {b}{hostile}",
            kind=rng.choice(KINDS),
            statistics={"degree": 3.0, "has_page": 1.0},
        )
        for a in WORDS
        for b in rng.sample(WORDS, 6)
        if a != b
    ]
    ids = [entity.id for entity in entities]
    facts = []
    for number in range(len(ids) * 2):
        near = rng.randrange(len(ids))
        subject, object_ = ids[near], ids[(near + rng.choice((1, 1, 2, 3, 5, 8))) % len(ids)]
        facts.append(fact(number, rng.choice(RELATIONS), subject, object_, hostile))
    stage(path, "wiki", {"pages": 1240, "redirects": 96}, seconds=4.2)
    stage(
        path,
        "graph",
        {
            "records": len(facts),
            "facts": len(facts),
            "entities": len(ids),
            "clustering": 0.197,
            "cycle_rank": 92,
            "density": 2.1,
        },
        seconds=2.7,
    )
    write_jsonl(path / "graph" / "entities.jsonl", entities)
    write_jsonl(path / "graph" / "facts.jsonl", facts)

    questions = [question(number, rng, facts, hostile) for number in range(40)]
    rejects = {"not_unique": 214, "leak": 61, "no_evidence": 12, "crosses_split": 8}
    stage(
        path,
        "questions",
        {"records": 40, "rejects": 295, **{f"reject_{k}": v for k, v in rejects.items()}},
        seconds=9.1,
    )
    write_jsonl(path / "questions" / "records.jsonl", questions)
    write_jsonl(
        path / "questions" / "rejects.jsonl", [Reject(id="r1", reason="not_unique", detail=f"3 answers {hostile}")]
    )

    stage(path, "trajectories", {"records": 40, "rejects": 5, "reject_wrong_answer": 5}, seconds=6.0)
    write_jsonl(path / "trajectories" / "records.jsonl", [episode(q, "expert", 0.95, rng, hostile) for q in questions])
    stage(path, "sft", {"steps": 900, "tokens": 2_700_000}, seconds=211.0)
    rows(
        path / "sft",
        [{"step": s, "loss": 3.2 * math.exp(-s / 160) + 0.31 + rng.random() * 0.03} for s in range(0, 900, 10)],
    )
    stage(path, "rl", {"steps": 60}, seconds=240.0)
    rows(
        path / "rl",
        [
            {
                "step": s,
                "reward": 0.42 + 0.2 * (1 - math.exp(-s / 18)) + rng.random() * 0.05,
                "entropy": 0.35 + 0.04 * rng.random(),
                "drift_largest": 0.004 + 0.004 * rng.random(),
                "drift_mean": 0.0004,
                "pass_rate": 0.42 + 0.2 * (1 - math.exp(-s / 18)),
                "own_tokens": 40 + 12 * (1 - math.exp(-s / 18)),
                "format_errors": 0.01 * rng.random(),
                "tool_calls": 2.2 + 1.1 * (1 - math.exp(-s / 20)),
                "zero_variance": 0.5 + 0.1 * rng.random(),
                **({"held_out_pass_at_1": 0.42 + 0.19 * (1 - math.exp(-s / 15))} if s % 10 == 0 else {}),
            }
            for s in range(60)
        ],
    )
    for system, share in LIFT.items():
        out = f"evaluation/{system}"
        counts = {
            "questions": 256,
            "pass_at_1": share,
            "pass_at_1_low": max(share - 0.05, 0),
            "pass_at_1_high": min(share + 0.05, 1),
        }
        stage(
            path,
            out,
            {**counts, "pass_at_3": min(1.0, share * 1.25), "format_errors": 0.004, "tool_calls": 2 + share},
            seconds=10.0,
        )
        write_jsonl(
            path / out / "records.jsonl",
            [episode(q, system, share, rng, hostile) for q in questions if q.split == "held_out"],
        )
    write_json(path / "config.json", {"name": path.name})
    return path


def stage(path: Path, name: str, counts: dict[str, float], seconds: float) -> None:
    directory = path / name
    directory.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(
        stage=name.split("/")[0],
        config={"seed": 0},
        inputs={},
        versions={"websailor": "0.1.0"},
        seed=0,
        counts=counts,
        seconds=seconds,
    )
    write_json(directory / "manifest.json", manifest.model_dump(mode="json"))


def rows(directory: Path, values: list[dict[str, float]]) -> None:
    (directory / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in values), encoding="utf-8")


def fact(number: int, relation: str, subject: str, object_: str, hostile: str) -> Fact:
    quote = f"{subject} {relation.replace('_', ' ')} {object_}.{hostile}"
    return Fact(
        id=f"f{number}",
        subject=subject,
        relation=relation,
        object=object_,
        source=Source(page=subject, kind="sentence", quote=quote),
    )


def question(number: int, rng: random.Random, facts: list[Fact], hostile: str) -> Question:
    one, two, three = rng.sample(facts, 3)
    shape = number % 3
    atoms = [
        Atom(relation=one.relation, subject="x", object="y", fact=one.id),
        Atom(relation=two.relation, subject="y", object="z", fact=two.id),
    ]
    variables = ["x", "y", "z"]
    if shape == 1:
        atoms.append(Atom(relation=three.relation, subject="x", object="z", fact=three.id))
    if shape == 2:
        atoms.append(Atom(relation="born", subject="x", object="b", fact=three.id))
        variables.append("b")
    assignment = {"x": one.subject, "y": one.object, "z": two.object, "b": "1953"}
    pattern = Pattern(
        focus="x",
        variables=tuple(variables),
        value_types={"b": "date"} if shape == 2 else {},
        atoms=tuple(atoms),
        domains=(
            Domain(variable="x", lattice="kind", value="person"),
            Domain(variable="z", lattice="entity", value=two.object),
            *((Domain(variable="b", lattice="decade", value="1950s"),) if shape == 2 else ()),
        ),
        distinct=(("x", "z"),) if shape == 1 else (),
        assignment={variable: assignment[variable] for variable in variables},
    )
    clues = tuple(
        Clue(
            text=f"is tied by {atom.relation.replace('_', ' ')} to another{hostile}",
            operator=operator,
            facts=(atom.fact,),
            variables=(atom.subject, atom.object),
            gain=2.4,
        )
        for atom, operator in zip(atoms, ("U3", "U1", "U4"), strict=False)
    )
    return Question(
        id=f"q{number:03d}",
        prompt=f"Which person is tied to the one that {two.object} knows, and was born in the 1950s?{hostile}",
        answer=one.subject,
        aliases=("The Younger" + hostile,) if number % 4 == 0 else (),
        pattern=pattern,
        clues=clues,
        level=1 + number % 3,
        uncertainty=Uncertainty(
            initial=8.1,
            after=(5.4, 2.3, 0.0)[: len(clues)] if len(clues) == 3 else (3.0, 0.0),
            best_single=3.1,
            frontier=5.2,
            necessity=1.0,
            cycle_rank=int(shape == 1),
            oracle_cost=4,
        ),
        evidence=tuple(
            Evidence(clue=position, fact=atom.fact, page=one.subject, quote=f"{one.subject} was born there.{hostile}")
            for position, atom in enumerate(atoms)
        ),
        shape=f"shape{shape}",
        focus_orbit=0,
        split="held_out" if number % 2 else "train",
        seed=0,
    )


def episode(question: Question, model: str, share: float, rng: random.Random, hostile: str) -> Trajectory:
    right = rng.random() < share
    answer = question.answer if right else "Melik Works"
    calls = [
        ("Need the company." + hostile, "search", json.dumps({"query": [f"company founded by Velan Torid{hostile}"]})),
        (
            "Candidates Aren Solak, Dovi Marn. Check Aren Solak.",
            "visit",
            json.dumps({"url": ["Aren Solak"], "goal": "birth year"}),
        ),
    ]
    steps = [
        Step(
            thought=thought,
            call=ToolCall(id=f"c{n}", name=name, arguments=arguments),
            observation=Observation(
                content=f"1. Melik Works: founded by Velan Torid in 1931.\n2. Solak College: a school in Ossa.{hostile}"
            ),
        )
        for n, (thought, name, arguments) in enumerate(calls)
    ]
    steps.append(Step(thought="born 1953 is in the 1950s. Yes.", call=None, observation=None))
    return Trajectory(
        id=f"{model}-{question.id}",
        question_id=question.id,
        model=model,
        seed=0,
        messages=(Message(role="user", content=question.prompt), Message(role="assistant", content=answer)),
        steps=tuple(steps),
        answer=answer,
        stop=StopReason.ANSWER,
        usage=Usage(turns=3, tool_calls=2),
        score=Score(value=float(right), reason="match", judge="exact"),
    )
