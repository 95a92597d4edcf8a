"""Milliseconds to prove that a question has one answer, against DuckDB on the same queries in the same run.

Run: `python benchmarks/proof.py [--pages 190000] [--questions 200] [--seed 0]` (needs `duckdb`). The graph is a
generated world of the rich profile; the queries are widened question patterns over sampled subgraphs of 3 to 7
entities, many of them cyclic, and the same with a condition that is true of the answer: a negation, a count, a
comparison, or a time at which one of its facts held. Compared are (a) this package's engine: is this the only answer;
(b) DuckDB, one thread, the query as one SQL join over tables sorted by relation, `limit 2`. Both must agree on every
query. One engine proves all, then the other, as a maker of questions does: neither finds the processor's caches full of
the other's data. Times are CPU time, medians and 95th percentiles.
"""

import argparse
import random
import statistics
import time

import duckdb
import numpy as np

from websailor.questions.config import ALL_LATTICES
from websailor.questions.corpus import Corpus
from websailor.questions.lexicon import Lexicon
from websailor.questions.proof.engine import proves
from websailor.questions.proof.facts import Facts, year_of
from websailor.questions.proof.labels import members
from websailor.questions.shapes.sample import WalkConfig, by_class, draw_focus, sample_subgraphs
from websailor.questions.structure import branches, exact_pattern, with_literal
from websailor.questions.widening import widen
from websailor.records import Compare, Count, Entity, Fact, Pattern, Source, ValueType, Without
from websailor.wiki.world import WorldConfig, generate, true_facts


def generated_corpus(pages: int, seed: int) -> Corpus:
    """The truth of a rich generated world as a graph, without the detour over pages."""
    world = generate(WorldConfig(profile="rich", pages=pages, seed=seed))
    entities = [
        Entity(id=title, name=title, kind=kind)
        for title, kind in zip(world.titles, (world.kinds[number] for number in world.kind_N), strict=True)
    ]
    known = {entity.id for entity in entities}
    facts = [
        Fact(
            id=str(number),
            subject=fact.subject,
            relation=fact.relation,
            object=fact.object,
            value_type=fact.value_type,
            unit=fact.unit,
            start=fact.start,
            end=fact.end,
            source=Source(page=fact.subject, kind="infobox", quote=""),
        )
        for number, fact in enumerate(true_facts(world))
        if fact.subject in known and (fact.value_type != "entity" or fact.object in known)
    ]
    return Corpus(entities, facts, Lexicon(is_generated=True))


def question_patterns(corpus: Corpus, count: int, seed: int) -> list[Pattern]:
    """Patterns that were proved, and the same with one label less, most of which are not unique any more."""
    rng, draws = random.Random(seed), np.random.default_rng(seed)
    samples = sample_subgraphs(corpus.graph, WalkConfig(min_nodes=3, max_nodes=7), np.random.default_rng(seed))
    pool = by_class(sample for sample, _ in zip(samples, range(4000), strict=False))
    found: list[Pattern] = []
    while len(found) < count:
        focus = draw_focus(pool, draws)
        facts = [corpus.tellable[number] for number in focus.sample.facts]
        pattern = exact_pattern(corpus, facts, corpus.entities[focus.node].id, [])
        for entity in list(pattern.assignment.values()):
            for fact in corpus.literals.get(entity, ())[:1]:
                pattern = with_literal(pattern, fact)
        if len(branches(pattern)) > 8 or not proves(corpus.tables, pattern):
            continue
        vague = widen(corpus, pattern, (), frozenset(ALL_LATTICES), 3, rng)
        found.append(vague)
        loose = [domain for domain in vague.domains if domain.lattice in ("decade", "half_century", "initial", "range")]
        if loose and len(found) < count:
            left = tuple(domain for domain in vague.domains if domain != rng.choice(loose))
            found.append(vague.model_copy(update={"domains": left}))
    return found


def with_condition(corpus: Corpus, pattern: Pattern, rng: random.Random) -> Pattern:
    """The pattern with one condition or time that is true of its answer."""
    facts, value = corpus.tables, pattern.assignment
    dates = [name for name, kind in pattern.value_types.items() if kind == "date"]
    tenured = [n for n, atom in enumerate(pattern.atoms) if corpus.fact[atom.fact].start is not None]
    kind = rng.choice(["without", "count", *(["compare"] if len(dates) > 1 else []), *(["at"] if tenured else [])])
    if kind == "at":
        number = rng.choice(tenured)
        atom = pattern.atoms[number].model_copy(update={"at": str(corpus.fact[pattern.atoms[number].fact].start)})
        return pattern.model_copy(update={"atoms": (*pattern.atoms[:number], atom, *pattern.atoms[number + 1 :])})
    if kind == "compare":
        left, right = sorted(rng.sample(dates, 2), key=lambda name: year_of(value[name]))
        told = tuple(domain for domain in pattern.domains if domain.variable not in (left, right))
        return pattern.model_copy(update={"domains": told, "conditions": (Compare(left=left, right=right, high=0.0),)})
    node = np.array([facts.index[value[pattern.focus]]])
    partners = {name: len(table.by_subject.of(node)[1]) for name, table in facts.tables.items() if table.size}
    absent = sorted(name for name, count in partners.items() if not count)
    present = sorted(name for name, count in partners.items() if count)
    if kind == "without" or not present:
        condition = Without(variable=pattern.focus, relation=rng.choice(absent))
    else:
        name = rng.choice(present)
        condition = Count(variable=pattern.focus, relation=name, number=partners[name])
    return pattern.model_copy(update={"conditions": (condition,)})


def duckdb_tables(facts: Facts) -> duckdb.DuckDBPyConnection:
    """One table a relation, subject and object as integers, sorted by subject, symmetric ones in both directions."""
    connection = duckdb.connect(config={"temp_directory": ""})
    connection.execute("set threads = 1")
    for name, stated in facts.statements.items():
        columns = {"s": stated.subject, "o": stated.object, "first": stated.start, "last": stated.end}
        connection.register("frame", columns)
        connection.execute(f'create table "{name}" as select distinct s, o, first, last from frame order by s')
    connection.register("frame", {"node": np.arange(facts.entity_count, facts.node_count), "year": facts.year})
    connection.execute("create table literal as select node, year from frame order by node")
    return connection


def sql(pattern: Pattern) -> str:
    """The pattern as one join; what a label means stands in the table `label`."""
    places: dict[str, str] = {}
    tables, conditions = [], []
    for number, atom in enumerate(pattern.atoms):
        tables.append(f'"{atom.relation}" a{number}')
        for name, column in ((atom.subject, f"a{number}.s"), (atom.object, f"a{number}.o")):
            if name in places:
                conditions.append(f"{column} = {places[name]}")
            places.setdefault(name, column)
        if atom.at is not None:
            conditions.append(f"a{number}.first <= {atom.at} and a{number}.last >= {atom.at}")
    for condition in pattern.conditions:
        if isinstance(condition, Compare):
            for name in (condition.left, condition.right):
                tables.append(f"literal n{name}")
                conditions.append(f"n{name}.node = {places[name]}")
            conditions.append(f"n{condition.left}.year - n{condition.right}.year <= {condition.high}")
        elif isinstance(condition, Without):
            conditions.append(f'{places[condition.variable]} not in (select s from "{condition.relation}")')
        elif isinstance(condition, Count):
            owners = f'select s from "{condition.relation}" group by s having count(distinct o) = {condition.number}'
            conditions.append(f"{places[condition.variable]} in ({owners})")
    for domain in pattern.domains:
        value_type = pattern.value_types.get(domain.variable, "entity")
        label = f"{domain.lattice}|{value_type}|{domain.value}".replace("'", "''")
        conditions.append(f"{places[domain.variable]} in (select node from label where name = '{label}')")
    conditions.extend(f"{places[one]} <> {places[other]}" for one, other in pattern.distinct)
    return f"select distinct {places[pattern.focus]} from {', '.join(tables)} where {' and '.join(conditions)} limit 2"


def store_labels(connection: duckdb.DuckDBPyConnection, facts: Facts, patterns: list[Pattern]) -> None:
    """The members of every label that the queries use, looked up before the clock starts, as the engine's cache has
    them.
    """
    labels: set[tuple[str, ValueType, str]] = {
        (domain.lattice, pattern.value_types.get(domain.variable, "entity"), domain.value)
        for pattern in patterns
        for domain in pattern.domains
    }
    names, nodes = [], []
    for lattice, value_type, value in sorted(labels):
        found = members(facts, lattice, value, value_type)
        names.append(np.full(len(found), f"{lattice}|{value_type}|{value}"))
        nodes.append(found)
    connection.register("frame", {"name": np.concatenate(names), "node": np.concatenate(nodes)})
    connection.execute("create table label as select name, node from frame order by name, node")


def main() -> None:
    parser = argparse.ArgumentParser(description="Proofs against DuckDB")
    parser.add_argument("--pages", type=int, default=190_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    corpus = generated_corpus(options.pages, options.seed)
    facts = corpus.tables
    plain = question_patterns(corpus, options.questions, options.seed)
    rng = random.Random(options.seed)
    posed = [with_condition(corpus, pattern, rng) for pattern in plain]
    connection = duckdb_tables(facts)
    store_labels(connection, facts, plain)
    print(f"{len(corpus.facts)} facts")
    for name, patterns in (("question patterns", plain), ("with a condition", posed)):
        compare(name, facts, connection, patterns)


def compare(name: str, facts: Facts, connection: duckdb.DuckDBPyConnection, patterns: list[Pattern]) -> None:
    """Prove every pattern with both, and print how long it took."""
    own, other, verdicts, differing = [], [], [], 0
    for pattern in patterns:
        start = time.process_time()
        verdicts.append(proves(facts, pattern))
        own.append(1000 * (time.process_time() - start))
    for pattern, verdict in zip(patterns, verdicts, strict=True):
        query = sql(pattern)
        start = time.process_time()
        answers = [node for (node,) in connection.execute(query).fetchall()]
        other.append(1000 * (time.process_time() - start))
        differing += verdict != (answers == [facts.index[pattern.assignment[pattern.focus]]])
    cyclic = sum(any(branch.closing is not None for branch in branches(pattern)) for pattern in patterns)
    atoms = statistics.mean(len(pattern.atoms) for pattern in patterns)
    print(f"{name}: {len(patterns)} queries ({cyclic} cyclic, {atoms:.1f} atoms on average)")
    for engine, times in (("websailor", own), ("DuckDB", other)):
        middle, total = statistics.median(times), sum(times) / 1000
        high = float(np.percentile(times, 95))
        print(f"{engine:>10}: median {middle:8.2f} ms, 95 % {high:8.2f} ms, total {total:6.2f} s")
    print(f"   verdicts that differ: {differing}; total time ratio {sum(other) / max(sum(own), 1e-9):.0f}x")


if __name__ == "__main__":
    main()
