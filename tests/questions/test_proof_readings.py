"""Where readers or sources differ, a proof holds for all of them: counterexamples that one reading decides."""

import pytest

from websailor.questions.measure import fog_of
from websailor.questions.operators import PROPOSERS
from websailor.questions.operators.base import Case, Counts
from websailor.questions.proof.engine import ask, proves
from websailor.questions.proof.facts import Facts, facts_from_records
from websailor.questions.structure import branches
from websailor.records import (
    Atom,
    Bears,
    Compare,
    Condition,
    Count,
    Domain,
    Entity,
    Fact,
    Pattern,
    Rank,
    Source,
    SourceKind,
    ValueType,
    Without,
)


def fact(
    subject: str,
    relation: str,
    value: str,
    value_type: ValueType = "entity",
    kind: SourceKind = "infobox",
    unit: str | None = None,
    start: int | None = None,
    end: int | None = None,
) -> Fact:
    return Fact(
        id=f"{subject} {relation} {value}",
        subject=subject,
        relation=relation,
        object=value,
        value_type=value_type,
        unit=unit,
        start=start,
        end=end,
        source=Source(page=subject, kind=kind, quote=f"{relation}: {value}"),
    )


def corpus(*facts: Fact, disputed: tuple[str, ...] = ()) -> Facts:
    names = {name: "person" for one in facts for name in [one.subject]}
    names |= {one.object: names.get(one.object, "place") for one in facts if one.value_type == "entity"}
    entities = [Entity(id=name, name=name.partition(" (")[0], kind=kind) for name, kind in names.items()]
    return facts_from_records(entities, facts, disputed=disputed)


def found(tables: Facts, pattern: Pattern) -> list[str]:
    return [tables.name(int(node)) for node in ask(tables, pattern).nodes]


def dated(lattice: str, value: str, *conditions: Condition) -> Pattern:
    """Who was born at a time, and what else holds of him."""
    return Pattern(
        focus="x0",
        variables=("x0", "v0"),
        value_types={"v0": "date"},
        atoms=(Atom(relation="born", subject="x0", object="v0", fact=""),),
        domains=(Domain(variable="v0", lattice=lattice, value=value),),
        conditions=conditions,
        assignment={"x0": "Bob", "v0": "1930"},
    )


PEOPLE = [("Ann", "1900"), ("Bob", "1930"), ("Cid", "1940"), ("Dee", "1950"), ("Eve", "1960")]


def test_a_place_that_a_disputed_century_decides_is_no_single_answer() -> None:
    """Ann, of 1900, belongs to the 20th century for some: Bob is the second-born of it for them, Cid for the others."""
    tables = corpus(*(fact(name, "born", year, "date") for name, year in PEOPLE))
    second = dated("century", "20", Rank(relation="born", largest=False, place=2))
    assert found(tables, second) == ["Bob", "Cid"]
    assert not proves(tables, second)
    clear = dated("half_century", "1900-1949", Rank(relation="born", largest=False, place=2))
    assert proves(tables, clear), "here nobody doubts that Ann belongs"
    last = dated("century", "20", Rank(relation="born", largest=True, place=2))
    assert found(tables, last) == ["Dee"], "who doubtfully comes before is far from this end"


def test_a_place_that_equal_years_decide_is_no_single_answer() -> None:
    """Of those born later than Fay, two were perhaps born in her year: they count for some, and not for others."""
    tables = corpus(*(fact(name, "born", year, "date") for name, year in [*PEOPLE, ("Fay", "1900")]))
    pattern = dated("year", "1930", Rank(relation="born", largest=False, place=2))
    compared = pattern.model_copy(
        update={
            "variables": ("x0", "v0", "x1", "v1"),
            "value_types": {"v0": "date", "v1": "date"},
            "atoms": (*pattern.atoms, Atom(relation="born", subject="x1", object="v1", fact="")),
            "domains": (Domain(variable="x1", lattice="entity", value="Fay"),),
            "conditions": (*pattern.conditions, Compare(left="v0", right="v1", low=0.0)),
        }
    )
    assert found(tables, compared) == ["Ann", "Bob", "Cid", "Fay"]


def test_what_sources_dispute_does_not_rule_a_rival_out() -> None:
    born = [
        fact("Ann", "born_in", "Ulm"),
        fact("Bob", "born_in", "Jena"),
        fact("Bob", "born_in", "Ulm", kind="sentence"),
        fact("Cid", "born_in", "Ulm"),
    ]
    tables = corpus(*born, disputed=(born[1].id, born[2].id))
    bare = Pattern(
        focus="x0", variables=("x0",), atoms=(), domains=(Domain(variable="x0", lattice="kind", value="person"),)
    )

    def fitting(condition: Condition, kind: str = "person") -> list[str]:
        domain = Domain(variable="x0", lattice="kind", value=kind)
        return found(tables, bare.model_copy(update={"domains": (domain,), "conditions": (condition,)}))

    assert fitting(Without(variable="x0", relation="born_in", object="Ulm")) == ["Bob"]
    three, two = (Count(variable="x0", relation="born_in", forward=False, number=number) for number in (3, 2))
    assert fitting(three, "place") == fitting(two, "place") == ["Ulm"]
    assert fitting(Without(variable="x0", relation="born_in", forward=False), "place") == ["Jena"]
    by_text = Atom(relation="born_in", subject="x0", object="x1", fact="", stated_in="sentence")
    pattern = Pattern(
        focus="x0",
        variables=("x0", "x1"),
        atoms=(by_text,),
        domains=(Domain(variable="x1", lattice="entity", value="Ulm"),),
    )
    assert found(tables, pattern) == ["Ann", "Bob", "Cid"], "the text may well repeat what the infobox says of Ann"
    ruled = pattern.model_copy(update={"atoms": (by_text.model_copy(update={"stated_in": "infobox"}),)})
    assert found(tables, ruled) == ["Ann", "Cid"]


@pytest.mark.parametrize(("amount", "fits"), [("103.4", True), ("103.9", True), ("103", False)])
def test_an_amount_near_the_end_of_a_converted_range_may_be_in_it(amount: str, fits: bool) -> None:
    """40 square miles are 103.6 square kilometres; with 2.6 to the square mile they are 104."""
    tables = corpus(fact("Ann", "area", "115", "number", unit="km2"), fact("Bob", "area", amount, "number", unit="km2"))
    pattern = Pattern(
        focus="x0",
        variables=("x0", "v0"),
        value_types={"v0": "number"},
        atoms=(Atom(relation="area", subject="x0", object="v0", fact=""),),
        domains=(Domain(variable="v0", lattice="converted", value="40..50 sq mi"),),
    )
    assert ("Bob" in found(tables, pattern)) == fits


def test_a_time_outside_the_tenure_of_the_witness_is_not_claimed() -> None:
    tables = corpus(
        fact("Ann", "works_for", "Kiln", start=1950, end=1960),
        fact("Bob", "works_for", "Kiln", start=1970, end=1980),
    )

    def case(at: str) -> Case:
        pattern = Pattern(
            focus="x0",
            variables=("x0", "x1"),
            atoms=(Atom(relation="works_for", subject="x0", object="x1", fact="", at=at),),
            domains=(Domain(variable="x1", lattice="entity", value="Kiln"),),
            assignment={"x0": "Ann", "x1": "Kiln"},
        )
        assert proves(tables, pattern)
        return Case(Counts(tables, pattern), branches(pattern), branches(pattern)[0])

    assert PROPOSERS["U9"].holds(case("1955"))
    assert not PROPOSERS["U9"].holds(case("1950")), "in 1950 he had perhaps not begun"


def test_a_homonym_beside_a_rank_is_judged_by_the_answer() -> None:
    """Two places named Ulm, both tied to the one who ranks first: the name does not tell which is meant."""
    tables = corpus(
        fact("Ann", "knows", "Ulm (A)"),
        fact("Ann", "knows", "Ulm (B)"),
        fact("Bob", "knows", "Ulm (A)"),
        fact("Ann", "born", "1900", "date"),
        fact("Bob", "born", "1950", "date"),
    )
    pattern = Pattern(
        focus="x0",
        variables=("x0", "x1"),
        atoms=(Atom(relation="knows", subject="x0", object="x1", fact=""),),
        conditions=(Bears(variable="x1", name="Ulm"), Rank(relation="born", largest=False)),
        assignment={"x0": "Ann", "x1": "Ulm (A)"},
    )
    assert proves(tables, pattern)
    clue = next(one for one in branches(pattern) if one.conditions == (0,))
    assert not PROPOSERS["U10"].holds(Case(Counts(tables, pattern), branches(pattern), clue))
    other = pattern.model_copy(
        update={
            "conditions": (pattern.conditions[0], Rank(relation="born", largest=True)),
            "assignment": {"x0": "Bob", "x1": "Ulm (A)"},
        }
    )
    assert proves(tables, other)
    assert PROPOSERS["U10"].holds(Case(Counts(tables, other), branches(other), clue))


def test_a_thing_in_the_place_of_a_date_rules_nobody_out() -> None:
    """Real infoboxes give either for the same key: what a thing's year is nobody knows."""
    tables = corpus(
        fact("Ann", "founded", "1900", "date"),
        fact("Bob", "founded", "Ulm"),
        fact("Cid", "founded", "1980", "date"),
        fact("Dee", "founded", "1950", "date"),
    )
    pattern = Pattern(
        focus="x0",
        variables=("x0", "v0", "x1", "v1"),
        value_types={"v0": "date", "v1": "date"},
        atoms=tuple(Atom(relation="founded", subject=f"x{n}", object=f"v{n}", fact="") for n in (0, 1)),
        domains=(Domain(variable="x1", lattice="entity", value="Dee"),),
        conditions=(Compare(left="v0", right="v1", high=-2),),
        assignment={"x0": "Ann", "x1": "Dee", "v0": "1900", "v1": "1950"},
    )
    assert found(tables, pattern) == ["Ann", "Bob"]
    assert round(2 ** fog_of(tables, pattern)) == 3 * 3
