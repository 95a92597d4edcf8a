"""Random graphs and queries with every kind of condition, and the same queries as SQL: what a condition means is spelt
out there on its own, over plain tables of statements.
"""

import math
import random
from dataclasses import dataclass

import duckdb

from websailor.questions.proof.facts import Facts, Meaning, facts_from_records, year_of
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

KINDS = ("person", "company", "settlement")
SYMMETRIC = frozenset({"spouse"})
MEANINGS = {name: Meaning(frozenset({name}), frozenset({name})) for name in SYMMETRIC}
ENTITY_RELATIONS = ("knows", "works_for", "lives_in", "spouse")
LITERAL_RELATIONS: dict[str, ValueType] = {"born": "date", "founded": "date", "size": "number", "area": "number"}
UNITS: dict[str | None, float | None] = {"km2": 1.0, "sq mi": 2.589988110336, "m": None, None: None}
"""Units of areas, in square kilometres; a length is none, and an amount without a unit may be anything."""
SOURCES: tuple[SourceKind, ...] = ("infobox", "sentence", "table")


@dataclass(frozen=True)
class Graph:
    """A random graph in both forms."""

    entities: list[Entity]
    facts: list[Fact]
    disputed: set[str]
    """Ids of facts that another source contradicts."""
    tables: Facts


def random_graph(rng: random.Random, entities: int | None = None, facts: int | None = None) -> Graph:
    """A small graph: several values of a relation, cycles, tenures, sources that disagree, shared names, units."""
    count = rng.randint(5, 12) if entities is None else entities
    people = [
        Entity(
            id=f"{rng.choice('ABC')}{number}",
            name=rng.choice(["Ann", "Bob", "Cid", "Dee", f"Xu {number}"]),
            aliases=tuple(rng.sample(["ANN", "Bobby", "Cid"], rng.choice([0, 0, 1]))),
            kind=rng.choice(KINDS),
        )
        for number in range(count)
    ]
    records: list[Fact] = []
    for number in range(rng.randint(40, 120) if facts is None else facts):
        subject = rng.choice(people).id
        unit = None
        if rng.random() < 0.5:
            relation, value, value_type = rng.choice(ENTITY_RELATIONS), rng.choice(people).id, "entity"
        else:
            relation = rng.choice(list(LITERAL_RELATIONS))
            value_type = LITERAL_RELATIONS[relation]
            if value_type == "date":
                value = str(rng.randint(1930, 1960)) + rng.choice(["", "-05-17"])
            else:
                value = rng.choice([str(rng.randint(0, 12)), f"{rng.randint(1, 40) / 4}", "-3"])
                unit = rng.choice(list(UNITS)) if relation == "area" else None
        start = rng.choice([None, rng.randint(1930, 1960)])
        records.append(
            Fact(
                id=f"f{number}",
                subject=subject,
                relation=relation,
                object=value,
                value_type=value_type,
                unit=unit,
                start=start,
                end=rng.choice([None, (start or 1940) + rng.randint(0, 12)]),
                source=Source(page=subject, kind=rng.choice(SOURCES), quote=f"{relation}: {value}"),
            )
        )
    disputed = {fact.id for fact in records if rng.random() < 0.25}
    return Graph(people, records, disputed, facts_from_records(people, records, MEANINGS, disputed=disputed))


def random_question(rng: random.Random, graph: Graph) -> Pattern:
    """A connected query of up to five atoms with labels, inequalities and conditions, satisfiable or not."""
    names, value_types, atoms = ["x0"], dict[str, ValueType](), list[Atom]()
    for _ in range(rng.choice([0, 1, 2, 2, 3, 3, 4, 4, 5])):
        here = rng.choice([name for name in names if name not in value_types])
        if rng.random() < 0.55:
            relation = rng.choice(list(LITERAL_RELATIONS))
            old = [name for name, kind in value_types.items() if kind == LITERAL_RELATIONS[relation]]
            there = rng.choice(old) if old and rng.random() < 0.2 else f"v{len(value_types)}"
            value_types[there] = LITERAL_RELATIONS[relation]
        else:
            relation = rng.choice(ENTITY_RELATIONS)
            old = [name for name in names if name not in value_types]
            there = rng.choice(old) if rng.random() < 0.35 else f"x{len(names)}"
        if there not in names:
            names.append(there)
        pair = (here, there) if there in value_types or rng.random() < 0.5 else (there, here)
        at = rng.choice([str(rng.randint(1930, 1970)), f"{rng.randint(193, 196)}0s"]) if rng.random() < 0.2 else None
        source = rng.choice(SOURCES) if rng.random() < 0.1 else None
        atoms.append(Atom(relation=relation, subject=pair[0], object=pair[1], fact="", at=at, stated_in=source))
    domains = [random_domain(rng, graph, name, value_types) for name in names if rng.random() < 0.3]
    entities = [name for name in names if name not in value_types]
    distinct = {tuple(sorted(rng.sample(entities, 2))) for _ in range(rng.randint(0, 2)) if len(entities) > 1}
    return Pattern(
        focus="x0",
        variables=tuple(names),
        value_types=value_types,
        atoms=tuple(atoms),
        domains=tuple(domains),
        distinct=tuple((one, other) for one, other in sorted(distinct)),
        conditions=tuple(random_conditions(rng, graph, entities, value_types)),
    )


def random_conditions(
    rng: random.Random, graph: Graph, entities: list[str], value_types: dict[str, ValueType]
) -> list[Condition]:
    """Up to four conditions, one of them a rank at most."""
    found: list[Condition] = []
    relations = [*ENTITY_RELATIONS, *LITERAL_RELATIONS]
    for _ in range(rng.randint(0, 3)):
        variable, relation = rng.choice(entities), rng.choice(relations)
        forward = relation in LITERAL_RELATIONS or rng.random() < 0.5
        kind = rng.choice(["without", "count", "bears", "compare", "compare", "compare"])
        if kind == "without":
            other = rng.choice([None, rng.choice(graph.entities).id]) if relation in ENTITY_RELATIONS else None
            found.append(Without(variable=variable, relation=relation, forward=forward, object=other))
        elif kind == "count":
            found.append(Count(variable=variable, relation=relation, forward=forward, number=rng.randint(0, 3)))
        elif kind == "bears":
            found.append(Bears(variable=variable, name=rng.choice(["ann", "Bobby", "Cid", "Dee", "nobody"])))
        else:
            same = [sorted(name for name in value_types if value_types[name] == one) for one in ("date", "number")]
            pairs = [pair for pair in same if len(pair) > 1]
            if pairs:
                found.append(_comparison(rng, rng.choice(pairs), value_types))
    if rng.random() < 0.3:
        relation = rng.choice(list(LITERAL_RELATIONS))
        found.append(Rank(relation=relation, largest=rng.random() < 0.5, place=rng.choice([1, 1, 2, 3])))
    return found


def _comparison(rng: random.Random, names: list[str], value_types: dict[str, ValueType]) -> Compare:
    left, right = rng.sample(names, 2)
    ratio = value_types[left] == "number" and rng.random() < 0.5
    low = rng.choice([None, rng.choice([0, 0.5, 1, 2]) if ratio else rng.randint(-15, 10)])
    width = rng.choice([0, 0.25, 1]) if ratio else rng.choice([0, 2, 8])
    high = (low or 0) + width if low is None or rng.random() < 0.5 else None
    return Compare(left=left, right=right, measure="ratio" if ratio else "difference", low=low, high=high)


def random_domain(rng: random.Random, graph: Graph, name: str, value_types: dict[str, ValueType]) -> Domain:
    kind = value_types.get(name)
    if kind is None:
        lattice = rng.choice(["entity", "kind", "kind", "kind", "initial", "initial"])
        value = {"entity": rng.choice(graph.entities).id, "kind": rng.choice(KINDS), "initial": rng.choice("ABC")}
        return Domain(variable=name, lattice=lattice, value=value[lattice])
    if kind == "date":
        year = rng.randint(1930, 1960)
        lattice = rng.choice(["year", "decade", "decade", "half_century", "century"])
        first = year // 50 * 50
        value = {
            "year": str(year),
            "decade": f"{year // 10 * 10}s",
            "half_century": f"{first}-{first + 49}",
            "century": str(year // 100 + 1),
        }
        return Domain(variable=name, lattice=lattice, value=value[lattice])
    low = rng.randint(0, 8)
    lattice = rng.choice(["value", "range", "range", "converted", "converted"])
    span = f"{low}..{low + rng.choice([2, 6])}"
    text = {"value": str(low), "range": span, "converted": f"{span} {rng.choice(['km2', 'sq mi'])}"}
    return Domain(variable=name, lattice=lattice, value=text[lattice])


class Sql:
    """All graphs in one database, each under its number; the answers of a query on one of them."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(config={"temp_directory": ""})
        self.connection.execute("set threads = 1")
        for name, columns in (
            ("fact", "g int, relation text, s text, o text, first int, last int, source text, doubted bool"),
            ("node", "g int, name text, kind text, letter text, year int, amount double, square double, blank bool"),
            ("bearer", "g int, name text, called text"),
        ):
            self.connection.execute(f"create table {name}({columns})")

    def add(self, number: int, graph: Graph) -> None:
        """Store a graph; literals are nodes named by type, text and unit."""
        nodes: list[tuple[object, ...]] = [
            (number, e.id, e.kind, e.name[0].upper(), None, None, None, False) for e in graph.entities
        ]
        literals: dict[str, Fact] = {}
        edges = []
        for fact in graph.facts:
            other = fact.object
            if fact.value_type != "entity":
                other = f"{fact.value_type}|{fact.object}|{fact.unit}"
                literals[other] = fact
            row = (fact.start or -9999, fact.end or 9999, fact.source.kind, fact.id in graph.disputed)
            edges.append((number, fact.relation, fact.subject, other, *row))
            if fact.relation in SYMMETRIC:
                edges.append((number, fact.relation, other, fact.subject, *row))
        for name, fact in literals.items():
            year = int(year_of(fact.object)) if fact.value_type == "date" else None
            amount = float(fact.object) if fact.value_type == "number" else None
            factor = UNITS[fact.unit]
            square = amount * factor if amount is not None and factor is not None else None
            nodes.append((number, name, None, None, year, amount, square, fact.unit is None))
        named = [(number, e.id, called.casefold()) for e in graph.entities for called in {e.name, *e.aliases}]
        for name, rows in (("node", nodes), ("fact", edges), ("bearer", named)):
            if rows:
                marks = ", ".join("?" for _ in rows[0])
                self.connection.executemany(f"insert into {name} values ({marks})", rows)

    def answers(self, number: int, pattern: Pattern) -> set[str]:
        query = _select(number, pattern)
        return {name for (name,) in self.connection.execute(query).fetchall()}


def _select(number: int, pattern: Pattern, strict: bool = False) -> str:
    """`strict`: whom no reader would leave out, whatever source he believes."""
    places: dict[str, str] = {}
    tables, where = [], ["true"]
    for place, atom in enumerate(pattern.atoms):
        a = f"a{place}"
        tables.append(f"fact {a}")
        where.append(f"{a}.g = {number} and {a}.relation = '{atom.relation}'")
        for name, column in ((atom.subject, f"{a}.s"), (atom.object, f"{a}.o")):
            if name in places:
                where.append(f"{column} = {places[name]}")
            places.setdefault(name, column)
        if atom.at is not None:
            year = int(atom.at.removesuffix("s"))
            end = year + 9 * atom.at.endswith("s")
            inside = f"{a}.first > -9999 and {a}.first < {year} and {a}.last > {end}"
            where.append(inside if strict else f"{a}.first <= {end} and {a}.last >= {year}")
        if atom.stated_in is not None:
            where.append(f"({a}.source = '{atom.stated_in}'{'' if strict else f' or not {a}.doubted'})")
        elif strict:
            where.append(f"not {a}.doubted")
    for one, other in (phrase.atoms for phrase in pattern.phrases if phrase.operator == "U9"):
        shared = "<" if strict else "<="
        where.append(f"a{one}.first {shared} a{other}.last and a{other}.first {shared} a{one}.last")
    for name in {pattern.focus, *(d.variable for d in pattern.domains), *_compared(pattern)}:
        tables.append(f"node n_{name}")
        where.append(f"n_{name}.g = {number} and n_{name}.name = {places.setdefault(name, f'n_{name}.name')}")
    where.append(f"n_{pattern.focus}.kind is not null")
    for domain in pattern.domains:
        value_type = pattern.value_types.get(domain.variable, "entity")
        where.append(_label(domain, f"n_{domain.variable}", value_type, strict))
    where.extend(f"{places[one]} <> {places[other]}" for one, other in pattern.distinct)
    told = [one for one in pattern.conditions if not isinstance(one, Rank)]
    where.extend(_clause(number, one, places, pattern, strict) for one in told)
    rest = f"select distinct {places[pattern.focus]} as c from {', '.join(tables)} where {' and '.join(where)}"
    rank = next((one for one in pattern.conditions if isinstance(one, Rank)), None)
    return rest if rank is None or strict else _ranked(number, rank, rest, _select(number, pattern, strict=True))


def _compared(pattern: Pattern) -> set[str]:
    return {name for one in pattern.conditions if isinstance(one, Compare) for name in (one.left, one.right)}


def _label(domain: Domain, node: str, value_type: ValueType, strict: bool) -> str:
    value = domain.value
    match domain.lattice:
        case "entity":
            return f"{node}.name = '{value}'"
        case "kind":
            return f"{node}.kind = '{value}'"
        case "initial":
            return f"{node}.letter = '{value}'"
        case "year":
            return f"{node}.year = {value}"
        case "decade":
            return f"{node}.year between {value[:-1]} and {value[:-1]} + 9"
        case "half_century":
            return f"{node}.year between {value.replace('-', ' and ')}"
        case "century":
            return f"{node}.year between {value}00 - 100 + {int(strict)} and {value}00 - {int(strict)}"
        case "range":
            low, high = value.split("..")
            return f"{node}.amount {'>' if strict else '>='} {low} and {node}.amount {'<' if strict else '<='} {high}"
        case "converted":
            span, unit = value.split(" ", 1)
            low, high = (float(end) * (UNITS[unit] or math.nan) for end in span.split(".."))
            slack = -0.003 if strict else 0.003
            inside = f"{node}.square between {low * (1 - slack)} and {high * (1 + slack)}"
            return inside if strict else f"({node}.blank or {inside})"
    return f"{node}.name like '{value_type}|{value}|%'"


def _clause(number: int, condition: Condition, places: dict[str, str], pattern: Pattern, strict: bool) -> str:
    if isinstance(condition, Compare):
        column = "year" if pattern.value_types[condition.left] == "date" else "amount"
        left, right = f"n_{condition.left}.{column}", f"n_{condition.right}.{column}"
        measure, undefined = f"({left} - {right})", "false"
        if condition.measure == "ratio":
            undefined = f"({left} < 0 or {right} < 0 or ({left} = 0 and {right} = 0))"
            measure = f"(case when {right} > 0 then {left} / {right} else 1e300 end)"
        bounds = [f"{measure} >{'' if strict else '='} {condition.low}"] if condition.low is not None else []
        bounds += [f"{measure} <{'' if strict else '='} {condition.high}"] if condition.high is not None else []
        if strict and condition.low is not None and condition.high is not None:
            middle, reach = (condition.low + condition.high) / 2, 0.4 * (condition.high - condition.low) / 2
            bounds = [f"{measure} between {middle - reach!r} and {middle + reach!r}"]
        return f"({undefined} or ({' and '.join(bounds) or 'true'}))"
    assert not isinstance(condition, Rank)
    variable = places[condition.variable]
    if isinstance(condition, Bears):
        return f"{variable} in (select name from bearer where g = {number} and called = '{condition.name.casefold()}')"
    here, there = ("s", "o") if condition.forward else ("o", "s")
    owners = f"select {here} from fact where g = {number} and relation = '{condition.relation}'"
    if isinstance(condition, Count) and condition.number:
        most, least = f"count(distinct {there})", f"count(distinct case when not doubted then {there} end)"
        many = f"{condition.number} between {least} and {most}" + (f" and {least} = {most}" if strict else "")
        return f"{variable} in ({owners} group by {here} having {many})"
    named = f" and {there} = '{condition.object}'" if isinstance(condition, Without) and condition.object else ""
    return f"{variable} not in ({owners}{named}{'' if strict else ' and not doubted'})"


def _ranked(number: int, rank: Rank, rest: str, certain: str) -> str:
    """For each candidate the values that it may have; it stays if it may be the k-th at one of its ends or at one of
    another's: fewer than k others that are certain lie surely before that value, and at least k - 1 may lie before it
    or at it.
    """
    sign = "-" if rank.largest else ""
    value = f"{sign}coalesce(n.year, n.amount)"
    bounds = (
        f"select c, coalesce(min({value}), -1e9) as low, coalesce(max({value}), 1e9) as high from rest "
        f"left join fact f on f.g = {number} and f.relation = '{rank.relation}' and f.s = c "
        f"left join node n on n.g = {number} and n.name = f.o group by c"
    )
    standings = (
        "select b.c, x, sum((o.high < x and s.c is not null)::int) as surely, sum((o.low <= x)::int) as maybe "
        "from bound b join point on x between b.low and b.high left join bound o on o.c <> b.c "
        "left join sure s on s.c = o.c group by b.c, x"
    )
    return (
        f"with rest as ({rest}), sure as ({certain}), bound as ({bounds}), "
        f"point as (select low as x from bound union select high from bound), standing as ({standings}) "
        f"select distinct c from standing where coalesce(surely, 0) < {rank.place} "
        f"and coalesce(maybe, 0) >= {rank.place - 1}"
    )
