"""Clues with conditions and phrases: how a pattern falls into them, and what is measured of them."""

from websailor.questions.level import level_of
from websailor.questions.measure import cycle_rank, fog_of, measure
from websailor.questions.operators.base import Counts
from websailor.questions.oracle import plan_work
from websailor.questions.proof.facts import facts_from_records
from websailor.questions.structure import branches, identity, keep_branches
from websailor.records import (
    Atom,
    Bears,
    Compare,
    Count,
    Domain,
    Entity,
    Fact,
    Pattern,
    Phrase,
    Rank,
    Source,
    ValueType,
    Without,
)

BORN = {"Ann": "1950", "Bob": "1960", "Cid": "1970", "Dee": "1980", "Eve": "1990"}


def fact(name: str, subject: str, relation: str, other: str, value_type: ValueType = "entity") -> Fact:
    source = Source(page=subject, kind="infobox", quote=f"{relation}: {other}")
    return Fact(id=name, subject=subject, relation=relation, object=other, value_type=value_type, source=source)


TABLES = facts_from_records(
    [
        *(Entity(id=name, name=name, kind="person") for name in BORN),
        *(Entity(id=name, name=name, kind="company") for name in ("Kiln", "Lark")),
    ],
    [
        *(fact(f"b{name}", name, "born", year, "date") for name, year in BORN.items()),
        *(fact(f"w{name}", name, "works_for", "Kiln") for name in ("Ann", "Bob", "Cid")),
        fact("wDee", "Dee", "works_for", "Lark"),
        fact("mentor", "Bob", "mentor", "Eve"),
    ],
)


def pattern(**fields: object) -> Pattern:
    """Who works for x1: Bob, who was born (v0) before Eve (x2, v1), his mentor."""
    base = {
        "focus": "x0",
        "variables": ("x0", "x1", "x2", "v0", "v1"),
        "value_types": {"v0": "date", "v1": "date"},
        "atoms": (
            Atom(relation="works_for", subject="x0", object="x1", fact="wBob"),
            Atom(relation="mentor", subject="x0", object="x2", fact="mentor"),
            Atom(relation="born", subject="x0", object="v0", fact="bBob"),
            Atom(relation="born", subject="x2", object="v1", fact="bEve"),
        ),
        "domains": (
            Domain(variable="x0", lattice="kind", value="person"),
            Domain(variable="x1", lattice="kind", value="company"),
            Domain(variable="x2", lattice="kind", value="person"),
        ),
        "assignment": {"x0": "Bob", "x1": "Kiln", "x2": "Eve", "v0": "1960", "v1": "1990"},
    }
    return Pattern.model_validate({**base, **fields})


def test_a_comparison_takes_the_paths_to_both_its_sides() -> None:
    compared = pattern(conditions=(Compare(left="v0", right="v1", high=-2),))
    found = [(set(one.atoms), one.conditions) for one in branches(compared)]
    assert found == [({0}, ()), ({2, 1, 3}, (0,))]


def test_conditions_are_clues_beside_the_path_to_what_they_speak_of() -> None:
    posed = pattern(
        conditions=(
            Rank(relation="born", largest=True),
            Without(variable="x1", relation="mentor"),
            Count(variable="x0", relation="mentor", number=1),
            Bears(variable="x2", name="eve"),
        )
    )
    found = [(set(one.atoms), one.conditions, one.leaf) for one in branches(posed)]
    assert found == [
        ({2}, (), "v0"),
        ({1, 3}, (), "v1"),
        ({0}, (1,), "x1"),
        (set(), (2,), "x0"),
        ({1}, (3,), "x2"),
        (set(), (0,), "x0"),
    ], "the path to x1 says no more than the condition on it; the rank comes last"
    kept = keep_branches(posed, [one for one in branches(posed) if one.conditions in ((1,), (2,))])
    assert [one.relation for one in kept.atoms] == ["works_for"]
    assert [one.kind for one in kept.conditions] == ["without", "count"]


def test_a_phrase_is_one_clue_and_goes_as_one() -> None:
    atoms = tuple(
        Atom(relation=relation, subject=one, object=middle, fact=f"{relation}{one}")
        for relation, middle in (("works_for", "x1"), ("lives_in", "x3"))
        for one in ("x0", "x2")
    )
    phrase = Phrase(operator="U13", name="", atoms=(0, 1, 2, 3), left="x0", right="x2")
    names = ("x0", "x1", "x2", "x3")
    alike = Pattern(focus="x0", variables=names, atoms=atoms, phrases=(phrase,), assignment={n: n for n in names})
    (clue,) = branches(alike)
    assert set(clue.atoms) == {0, 1, 2, 3}
    assert clue.closing is None
    assert cycle_rank(alike) == 1
    named = alike.model_copy(update={"domains": (Domain(variable="x2", lattice="entity", value="x2"),)})
    assert len(branches(named)) == 1
    assert cycle_rank(named) == 0, "two ways to a name are no cycle"
    longer = Atom(relation="mentor", subject="x0", object="y", fact="m")
    more = alike.model_copy(
        update={
            "atoms": (longer, *atoms),
            "variables": (*names, "y"),
            "phrases": (phrase.model_copy(update={"atoms": (1, 2, 3, 4)}),),
            "assignment": {**alike.assignment, "y": "y"},
        }
    )
    other = next(one for one in branches(more) if one.atoms != (0,))
    assert keep_branches(more, [other]) == alike
    assert not keep_branches(more, [one for one in branches(more) if one != other]).phrases


def test_the_identity_of_a_question_knows_its_conditions() -> None:
    renamed = {"x0": "x0", "x1": "y1", "x2": "y2", "v0": "w0", "v1": "w1"}
    one = pattern(
        conditions=(Compare(left="v0", right="v1", high=-2), Count(variable="x1", relation="mentor", number=0))
    )
    other = Pattern.model_validate_json(
        "".join(renamed.get(part, part) for part in one.model_dump_json().replace('"', '\x00"\x00').split("\x00"))
    )
    assert other.variables == tuple(renamed.values())
    assert identity(one) == identity(other)
    assert identity(one) != identity(pattern())
    early = one.atoms[0].model_copy(update={"at": "1990s"})
    assert identity(one) != identity(one.model_copy(update={"atoms": (early, *one.atoms[1:])}))
    assert identity(pattern(assignment={})), "a question without an answer has an identity too"


def test_a_rank_is_measured_last_and_is_necessary() -> None:
    oldest = pattern(
        variables=("x0", "x1"),
        value_types={},
        atoms=(pattern().atoms[0],),
        domains=(pattern().domains[0], Domain(variable="x1", lattice="entity", value="Kiln")),
        assignment={"x0": "Cid", "x1": "Kiln"},
        conditions=(Rank(relation="born", largest=True),),
    )
    clues = branches(oldest)
    counts = Counts(TABLES, oldest)
    assert [TABLES.name(int(node)) for node in counts.nodes_of_clues(clues)] == ["Cid"]
    work = plan_work(TABLES, oldest)
    measured = measure(counts, clues[::-1], work)
    assert measured.necessary == (True, True), "without the employer Eve is the last born: one answer, but not this one"
    assert measured.gains[0] > 1.5 > measured.gains[1] > 0.7
    assert measured.uncertainty.best_single > 1.5, "the rank of all there are leads elsewhere"
    without_rank = plan_work(TABLES, oldest.model_copy(update={"conditions": ()}))
    assert work.visits == without_rank.visits + 3, "all employees of Kiln are looked at"


def test_fog_counts_what_labels_and_silence_admit() -> None:
    untold = pattern(conditions=(Compare(left="v0", right="v1", high=-2),))
    exact = untold.model_copy(update={"domains": (Domain(variable="x1", lattice="entity", value="Kiln"),)})
    years = len(BORN)
    assert round(2 ** fog_of(TABLES, exact)) == years * years
    decade = exact.model_copy(
        update={"domains": (*exact.domains, Domain(variable="v0", lattice="decade", value="1960s"))}
    )
    assert round(2 ** fog_of(TABLES, decade)) == years * 10
    assert round(2 ** fog_of(TABLES, untold)) == years * years * 2, "a company, of two that employ somebody"


def test_levels_count_conditions_as_anchors() -> None:
    posed = pattern(
        conditions=(Count(variable="x0", relation="mentor", number=1), Without(variable="x1", relation="born"))
    )
    few = keep_branches(posed, [one for one in branches(posed) if one.conditions])
    assert level_of(few, branches(few), 5.0, False) == 2
    assert level_of(posed, branches(posed), 5.0, False) == 3
    assert level_of(posed, branches(posed), 2.0, False) == 2
    assert level_of(posed, branches(posed), 5.0, True) == 1
