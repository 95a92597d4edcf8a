"""Small random graphs and queries, and the same queries as SQL: the reference for the proof engine."""

import random
from dataclasses import dataclass

import duckdb

from websailor.questions.proof.facts import Facts, Meaning, facts_from_records
from websailor.records import Atom, Domain, Entity, Fact, Pattern, Source, ValueType

KINDS = ("person", "company", "settlement")
SYMMETRIC = frozenset({"spouse"})
MEANINGS = {name: Meaning(frozenset({name}), frozenset({name})) for name in SYMMETRIC}
ENTITY_RELATIONS = ("knows", "works_for", "lives_in", "spouse")
LITERAL_RELATIONS: dict[str, ValueType] = {"born": "date", "size": "number"}


@dataclass(frozen=True)
class World:
    """A random graph in both forms."""

    entities: list[Entity]
    facts: list[Fact]
    tables: Facts
    database: duckdb.DuckDBPyConnection


def random_world(seed: int, entities: int, facts: int) -> World:
    """A graph whose relations have several values and cycles."""
    rng = random.Random(seed)
    people = [
        Entity(id=f"{rng.choice('ABC')}{number}", name=f"{rng.choice('ABC')}{number}", kind=rng.choice(KINDS))
        for number in range(entities)
    ]
    records: list[Fact] = []
    for number in range(facts):
        subject = rng.choice(people).id
        if rng.random() < 0.7:
            relation, value, value_type = rng.choice(ENTITY_RELATIONS), rng.choice(people).id, "entity"
        else:
            relation = rng.choice(list(LITERAL_RELATIONS))
            value_type = LITERAL_RELATIONS[relation]
            value = str(rng.randint(1880, 2020)) if value_type == "date" else str(rng.randint(1, 60))
            if value_type == "date" and rng.random() < 0.3:
                value += "-05-17"
        source = Source(page=subject, kind="infobox", quote=f"{relation}: {value}")
        records.append(
            Fact(
                id=f"f{number}", subject=subject, relation=relation, object=value, value_type=value_type, source=source
            )
        )
    return World(people, records, facts_from_records(people, records, MEANINGS), _database(people, records))


def _database(entities: list[Entity], facts: list[Fact]) -> duckdb.DuckDBPyConnection:
    """Tables `fact(relation, s, o)` and `node(name, kind, letter, year, amount)`; literals are nodes named by type and
    text.
    """
    connection = duckdb.connect(config={"temp_directory": ""})
    connection.execute("create table fact(relation text, s text, o text)")
    connection.execute("create table node(name text, kind text, letter text, year integer, amount double)")
    connection.executemany(
        "insert into node values (?, ?, ?, null, null)", [(e.id, e.kind, e.name[0].upper()) for e in entities]
    )
    literals = {(fact.value_type, fact.object) for fact in facts if fact.value_type != "entity"}
    rows = [
        (f"{kind}|{text}", int(text[:4]) if kind == "date" else None, float(text) if kind == "number" else None)
        for kind, text in sorted(literals)
    ]
    if rows:
        connection.executemany("insert into node values (?, null, null, ?, ?)", rows)
    edges: list[tuple[str, str, str]] = []
    for fact in facts:
        other = fact.object if fact.value_type == "entity" else f"{fact.value_type}|{fact.object}"
        edges.append((fact.relation, fact.subject, other))
        if fact.relation in SYMMETRIC:
            edges.append((fact.relation, other, fact.subject))
    connection.executemany("insert into fact values (?, ?, ?)", edges)
    return connection


def random_pattern(rng: random.Random, world: World) -> Pattern:
    """A connected query of one to six atoms, with cycles, literals, labels and inequalities, satisfiable or not."""
    names = ["x0"]
    value_types: dict[str, ValueType] = {}
    atoms: list[Atom] = []
    for _ in range(rng.randint(1, 6)):
        here = rng.choice([name for name in names if name not in value_types])
        if rng.random() < 0.25:
            relation = rng.choice(list(LITERAL_RELATIONS))
            old = [name for name, kind in value_types.items() if kind == LITERAL_RELATIONS[relation]]
            there = rng.choice(old) if old and rng.random() < 0.4 else f"v{len(value_types)}"
            value_types[there] = LITERAL_RELATIONS[relation]
        else:
            relation = rng.choice(ENTITY_RELATIONS)
            old = [name for name in names if name not in value_types and name != here]
            there = rng.choice(old) if old and rng.random() < 0.4 else f"x{len(names)}"
        if there not in names:
            names.append(there)
        pair = (here, there) if there in value_types or rng.random() < 0.5 else (there, here)
        atoms.append(Atom(relation=relation, subject=pair[0], object=pair[1], fact=""))
    domains = [domain for name in names if rng.random() < 0.4 and (domain := _domain(rng, world, name, value_types))]
    entities = [name for name in names if name not in value_types]
    distinct: set[tuple[str, str]] = set()
    for _ in range(rng.randint(0, 3)):
        if len(entities) > 1:
            one, other = sorted(rng.sample(entities, 2))
            distinct.add((one, other))
    return Pattern(
        focus="x0",
        variables=tuple(names),
        value_types=value_types,
        atoms=tuple(atoms),
        domains=tuple(domains),
        distinct=tuple(sorted(distinct)),
    )


def _domain(rng: random.Random, world: World, name: str, value_types: dict[str, ValueType]) -> Domain | None:
    kind = value_types.get(name)
    if kind is None:
        lattice = rng.choice(["entity", "kind", "kind", "initial"])
        value = {"entity": rng.choice(world.entities).id, "kind": rng.choice(KINDS), "initial": rng.choice("ABC")}[
            lattice
        ]
        return Domain(variable=name, lattice=lattice, value=value)
    if kind == "date":
        year = rng.randint(1880, 2020)
        lattice = rng.choice(["year", "decade", "half_century", "century"])
        value = {
            "year": str(year),
            "decade": f"{year // 10 * 10}s",
            "half_century": f"{year // 50 * 50}-{year // 50 * 50 + 49}",
            "century": str(year // 100 + 1),
        }[lattice]
        return Domain(variable=name, lattice=lattice, value=value)
    low = rng.randint(0, 50)
    if rng.random() < 0.3:
        return Domain(variable=name, lattice="value", value=str(low))
    return Domain(variable=name, lattice="range", value=f"{low}..{low + rng.choice([5, 10, 30])}")


def sql(pattern: Pattern) -> str:
    """The query as one join; what a label means is spelt out here on its own."""
    places: dict[str, str] = {}
    conditions: list[str] = []
    tables: list[str] = []
    for number, atom in enumerate(pattern.atoms):
        tables.append(f"fact a{number}")
        conditions.append(f"a{number}.relation = '{atom.relation}'")
        for name, column in ((atom.subject, f"a{number}.s"), (atom.object, f"a{number}.o")):
            if name in places:
                conditions.append(f"{column} = {places[name]}")
            places.setdefault(name, column)
    for number, domain in enumerate(pattern.domains):
        tables.append(f"node n{number}")
        conditions.append(f"n{number}.name = {places[domain.variable]}")
        conditions.append(_condition(domain, f"n{number}", pattern.value_types.get(domain.variable, "entity")))
    conditions.extend(f"{places[one]} <> {places[other]}" for one, other in pattern.distinct)
    return f"select distinct {places[pattern.focus]} from {', '.join(tables)} where {' and '.join(conditions)}"


def _condition(domain: Domain, node: str, value_type: ValueType) -> str:
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
            return f"{node}.year between {value}00 - 100 and {value}00"
        case "range":
            return f"{node}.amount between {value.replace('..', ' and ')}"
    return f"{node}.name = '{value_type}|{value}'"
