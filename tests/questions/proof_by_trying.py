"""The slowest reference for the proof engine: every assignment of the variables is tried."""

import math
from itertools import product

from proof_oracles import SYMMETRIC, UNITS, Graph

from websailor.questions.structure import speaks_of
from websailor.records import Atom, Bears, Compare, Condition, Count, Domain, Entity, Fact, Pattern, Rank


def brute_force(graph: Graph, pattern: Pattern) -> set[str]:
    """Every assignment of the variables tried; names of those values of the focus that satisfy all but a rank."""
    edges = [(fact.relation, fact.subject, _literal(fact), fact) for fact in graph.facts] + [
        (fact.relation, fact.object, fact.subject, fact) for fact in graph.facts if fact.relation in SYMMETRIC
    ]
    literals = {end: fact for _, _, end, fact in edges if fact.value_type != "entity"}
    entity = {one.id: one for one in graph.entities}
    choices = [
        [end for end, fact in literals.items() if fact.value_type == pattern.value_types[name]]
        if name in pattern.value_types
        else list(entity)
        for name in pattern.variables
    ]
    found: set[str] = set()
    for values in product(*choices):
        value = dict(zip(pattern.variables, values, strict=True))
        if value[pattern.focus] in found:
            continue
        if (
            all(_holds(edges, atom, value, graph.disputed) for atom in pattern.atoms)
            and all(value[one] != value[other] for one, other in pattern.distinct)
            and all(_fits(one, value[one.variable], entity, literals) for one in pattern.domains)
            and all(_meets(one, value, entity, literals, edges, graph.disputed) for one in pattern.conditions)
        ):
            found.add(value[pattern.focus])
    return found


def _literal(fact: Fact) -> str:
    return fact.object if fact.value_type == "entity" else f"{fact.value_type}|{fact.object}|{fact.unit}"


def _holds(edges: list[tuple[str, str, str, Fact]], atom: Atom, value: dict[str, str], disputed: set[str]) -> bool:
    said = (atom.relation, value[atom.subject], value[atom.object])
    for relation, subject, other, fact in edges:
        anywhere = atom.stated_in is None or fact.id not in disputed
        if (relation, subject, other) == said and (anywhere or atom.stated_in == fact.source.kind):
            years = set(range(fact.start or 1900, (fact.end or 2000) + 1))
            first = int((atom.at or "1900").removesuffix("s"))
            if atom.at is None or years & set(range(first, first + (10 if atom.at.endswith("s") else 1))):
                return True
    return False


def _fits(domain: Domain, value: str, entity: dict[str, Entity], literals: dict[str, Fact]) -> bool:
    if value in entity:
        one = entity[value]
        return domain.value == {"entity": one.id, "kind": one.kind, "initial": one.name[0].upper()}[domain.lattice]
    fact = literals[value]
    match domain.lattice:
        case "value":
            return fact.object == domain.value
        case "range":
            low, high = map(float, domain.value.split(".."))
            return low <= float(fact.object) <= high
        case "converted":
            span, unit = domain.value.split(" ", 1)
            low, high = map(float, span.split(".."))
            factor, own = UNITS[unit], UNITS[fact.unit]
            assert factor is not None
            amount = float(fact.object) * (own or 0) / factor
            return fact.unit is None or (own is not None and low * 0.997 <= amount <= high * 1.003)
    year, label = int(fact.object[:4]), domain.value
    years = {
        "year": lambda: (int(label), int(label)),
        "decade": lambda: (int(label[:-1]), int(label[:-1]) + 9),
        "half_century": lambda: (int(label[:4]), int(label[5:])),
        "century": lambda: (int(label) * 100 - 100, int(label) * 100),
    }
    first, last = years[domain.lattice]()
    return first <= year <= last


def _meets(
    condition: Condition,
    value: dict[str, str],
    entity: dict[str, Entity],
    literals: dict[str, Fact],
    edges: list[tuple[str, str, str, Fact]],
    disputed: set[str],
) -> bool:
    if isinstance(condition, Rank):
        return True
    here = [value[name] for name in speaks_of(condition, "")]
    if isinstance(condition, Compare):
        left, right = (
            float(literals[one].object[:4] if literals[one].value_type == "date" else literals[one].object)
            for one in here
        )
        if condition.measure == "difference":
            measure = left - right
        elif min(left, right) < 0 or left == right == 0:
            return True
        else:
            measure = left / right if right else math.inf
        return (condition.low is None or measure >= condition.low) and (
            condition.high is None or measure <= condition.high
        )
    if isinstance(condition, Bears):
        one = entity[here[0]]
        return condition.name.casefold() in {name.casefold() for name in (one.name, *one.aliases)}
    told = [
        (other if condition.forward else subject, fact.id in disputed)
        for relation, subject, other, fact in edges
        if relation == condition.relation and (subject if condition.forward else other) == here[0]
    ]
    sure = {partner for partner, doubted in told if not doubted}
    if isinstance(condition, Count):
        return len(sure) <= condition.number <= len({partner for partner, _ in told})
    return not sure if condition.object is None else condition.object not in sure
