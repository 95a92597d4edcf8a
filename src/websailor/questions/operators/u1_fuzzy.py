"""U1, fuzzy: an exact anchor, date or number is replaced by a label of its lattice.

Formal: D_v := members(lattice, label). Lattices: named entity -> first letter and type -> type; year -> decade -> half
century -> century; number -> range between round numbers; a place -> "a place in R", a nested atom whose anchor is R.
Applies to every leaf of a pattern. To prove beyond uniqueness: the label is true of the witness, in the strict reading.
Example: "born in 1953" -> "born in the 1950s" -> "born between 1950 and 1999" -> "born in the 20th century".
"""

import math

import numpy as np

from websailor.questions.corpus import Corpus
from websailor.questions.operators.base import Case
from websailor.questions.proof.facts import initial_of, year_of
from websailor.questions.proof.labels import YEAR_LATTICES, members, number_bounds, year_bounds
from websailor.questions.structure import domain_of, fresh
from websailor.records import Atom, Domain, Pattern

EXACT = frozenset({"entity", "day", "year", "value"})
YEARS = ("day", "year", "decade", "half_century", "century")
FIRST_YEAR = 1000
"""Decades of earlier years are not how anyone speaks."""


class Fuzzy:
    """See the module."""

    code = "U1"

    def applies(self, case: Case) -> bool:
        return any(
            domain.variable == case.branch.leaf and domain.lattice not in EXACT for domain in case.pattern.domains
        )

    def holds(self, case: Case) -> bool:
        return all(is_true(case, domain) for domain in case.pattern.domains if domain.variable == case.branch.leaf)


def is_true(case: Case, domain: Domain) -> bool:
    """True when a label fits the witness however it is read."""
    pattern = case.pattern
    value = pattern.assignment[domain.variable]
    value_type = pattern.value_types.get(domain.variable, "entity")
    if domain.lattice in YEAR_LATTICES:
        first, last = year_bounds(domain.lattice, domain.value, strict=True)
        return first <= year_of(value) <= last
    if domain.lattice == "range":
        low, high = number_bounds(domain.value)
        return low <= float(value) <= high
    if value_type != "entity":
        return value == domain.value
    node = case.facts.index[value]
    return bool(np.isin(node, members(case.facts, domain.lattice, domain.value)))


def next_step(corpus: Corpus, pattern: Pattern, variable: str, lattices: frozenset[str]) -> Pattern | None:
    """The pattern with one leaf one lattice step vaguer; None at the top, or where no allowed lattice leads further."""
    value_type = pattern.value_types.get(variable, "entity")
    if value_type == "entity":
        return _vaguer_entity(corpus, pattern, variable, lattices)
    domain = domain_of(pattern, variable)
    if domain is None or domain.lattice == "converted":
        return None
    if value_type == "date":
        vaguer = _vaguer_year(domain, pattern.assignment[variable], lattices)
        if vaguer is not None and year_bounds(vaguer.lattice, vaguer.value)[1] > _newest(corpus, pattern, variable):
            return None
    else:
        vaguer = _vaguer_number(domain, pattern.assignment[variable]) if "range" in lattices else None
    return None if vaguer is None else replaced(pattern, variable, [vaguer])


def _newest(corpus: Corpus, pattern: Pattern, variable: str) -> float:
    """The last year of a list: a decade that is not over when it is written goes on without it."""
    atom = next(atom for atom in pattern.atoms if atom.object == variable)
    if corpus.lexicon.is_generated or not corpus.lexicon.is_listed(atom.relation):
        return math.inf
    return corpus.newest.get(atom.relation, math.inf)


def replaced(pattern: Pattern, variable: str, domains: list[Domain]) -> Pattern:
    """The pattern with other domains for one variable."""
    others = [domain for domain in pattern.domains if domain.variable != variable]
    return pattern.model_copy(update={"domains": (*others, *domains)})


def _vaguer_entity(corpus: Corpus, pattern: Pattern, variable: str, lattices: frozenset[str]) -> Pattern | None:
    """First letter and type, then the type alone; the latter only for what other atoms describe too ("married a person"
    tells nothing).
    """
    entity = corpus.entity[pattern.assignment[variable]]
    kinds = [Domain(variable=variable, lattice="kind", value=entity.kind)] if corpus.nameable(entity) else []
    letter = initial_of(entity.name)
    described = sum(variable in (atom.subject, atom.object) for atom in pattern.atoms) > 1
    if not described:
        lattices = lattices - {"kind"}
    if domain_of(pattern, variable, "entity") is not None and kinds:
        if "initial" in lattices and letter:
            return replaced(pattern, variable, [*kinds, Domain(variable=variable, lattice="initial", value=letter)])
        return replaced(pattern, variable, kinds) if "kind" in lattices else None
    if domain_of(pattern, variable, "initial") is not None and "kind" in lattices and kinds:
        return replaced(pattern, variable, kinds)
    return None


def _vaguer_year(domain: Domain, text: str, lattices: frozenset[str]) -> Domain | None:
    year = year_of(text)
    if math.isnan(year) or year < FIRST_YEAR:
        return None
    for lattice in YEARS[YEARS.index(domain.lattice) + 1 :]:
        if (lattice in lattices or lattice == "year") and not (lattice == "century" and year % 100 == 0):
            return Domain(variable=domain.variable, lattice=lattice, value=year_label(lattice, int(year)))
    return None


def year_label(lattice: str, year: int) -> str:
    """Label of the lattice's step that holds a year: `1953`, `1950s`, `1950-1999`, `20`."""
    if lattice == "year":
        return str(year)
    if lattice == "decade":
        return f"{year // 10 * 10}s"
    if lattice == "half_century":
        return f"{year // 50 * 50}-{year // 50 * 50 + 49}"
    assert lattice == "century"
    return str(year // 100 + 1)


def _vaguer_number(domain: Domain, text: str) -> Domain | None:
    """Ranges between multiples of a power of ten, each inside the next: 45321 -> 45000..46000 -> 40000..50000."""
    number = float(text)
    if number < 10:
        return None
    top = 10 ** int(math.log10(number) + 1e-9)
    if domain.lattice == "value":
        width = max(top // 10, 1)
    else:
        low, high = number_bounds(domain.value)
        width = round(high - low) * 10
    if width > top:
        return None
    first = math.floor(number / width) * width
    return Domain(variable=domain.variable, lattice="range", value=f"{first:.0f}..{first + width:.0f}")


def within_larger(corpus: Corpus, pattern: Pattern, variable: str) -> Pattern | None:
    """A named place as "a place in R": the anchor moves one atom outwards, to the place that holds it. None where none
    is known.
    """
    entity = corpus.entity[pattern.assignment[variable]]
    if domain_of(pattern, variable, "entity") is None or not corpus.nameable(entity):
        return None
    for fact in corpus.memberships.get(entity.id, ()):
        if fact.object in pattern.assignment.values():
            continue
        larger = fresh(pattern, "r")
        moved = replaced(pattern, variable, [Domain(variable=variable, lattice="kind", value=entity.kind)])
        return moved.model_copy(
            update={
                "variables": (*pattern.variables, larger),
                "atoms": (*pattern.atoms, Atom(relation=fact.relation, subject=variable, object=larger, fact=fact.id)),
                "domains": (*moved.domains, Domain(variable=larger, lattice="entity", value=fact.object)),
                "assignment": {**pattern.assignment, larger: fact.object},
            }
        )
    return None
