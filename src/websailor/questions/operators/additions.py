"""Adding to a pattern: leaves, untold literals, conditions, each under a name of its own.

Enters: a pattern and facts that are true of its assignment. Leaves: a larger pattern with the same answer among its
answers.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from websailor.questions.corpus import Corpus
from websailor.questions.operators.base import Draft
from websailor.questions.proof.facts import number_of, year_of
from websailor.questions.structure import fresh, is_named, siblings
from websailor.records import Atom, Compare, Condition, Domain, Fact, Pattern


def with_condition(pattern: Pattern, condition: Condition) -> Pattern:
    """The pattern with one more condition."""
    return pattern.model_copy(update={"conditions": (*pattern.conditions, condition)})


def with_domain(pattern: Pattern, domain: Domain) -> Pattern:
    """The pattern with one more domain."""
    return pattern.model_copy(update={"domains": (*pattern.domains, domain)})


def with_untold(pattern: Pattern, variable: str, fact: Fact) -> tuple[Pattern, str]:
    """Add a literal fact about a variable without telling its value. Returns the pattern and the literal's variable."""
    name = fresh(pattern, "v")
    atom = Atom(relation=fact.relation, subject=variable, object=name, fact=fact.id)
    grown = pattern.model_copy(
        update={
            "variables": (*pattern.variables, name),
            "value_types": {**pattern.value_types, name: fact.value_type},
            "atoms": (*pattern.atoms, atom),
            "assignment": {**pattern.assignment, name: fact.object},
        }
    )
    return grown, name


def with_entity(pattern: Pattern, variable: str, fact: Fact, prefix: str = "y") -> tuple[Pattern, str]:
    """Add an entity fact about a variable; its other end gets no domain. Returns the pattern and the other end."""
    name = fresh(pattern, prefix)
    forward = fact.subject == pattern.assignment[variable]
    subject, other = (variable, name) if forward else (name, variable)
    grown = pattern.model_copy(
        update={
            "variables": (*pattern.variables, name),
            "atoms": (*pattern.atoms, Atom(relation=fact.relation, subject=subject, object=other, fact=fact.id)),
            "assignment": {**pattern.assignment, name: fact.object if forward else fact.subject},
        }
    )
    return grown, name


def told_apart(corpus: Corpus, pattern: Pattern, new: str) -> Pattern:
    """The pattern with the inequalities that a reader takes for granted of a new variable."""
    kind = corpus.entity[pattern.assignment[new]].kind
    pairs = [
        (other, new)
        for other in pattern.variables
        if other != new
        and other not in pattern.value_types
        and pattern.assignment[other] != pattern.assignment[new]
        and corpus.entity[pattern.assignment[other]].kind == kind
        and siblings(corpus, pattern, other, new)
    ]
    return pattern.model_copy(update={"distinct": tuple(dict.fromkeys((*pattern.distinct, *pairs)))})


@dataclass(frozen=True, slots=True)
class Literal:
    """A date or number of something that a pattern speaks of, and that it does not tell."""

    variable: str
    """Whose it is."""
    fact: Fact
    kind: str
    """Type of its subject."""

    @property
    def amount(self) -> float:
        """The year of a date, or the number."""
        return year_of(self.fact.object) if self.fact.value_type == "date" else number_of(self.fact.object)

    @property
    def side(self) -> tuple[str, str]:
        """As `Lexicon.can_compare` wants it."""
        return self.fact.relation, self.kind


def literals(draft: Draft, variables: Collection[str]) -> list[Literal]:
    """The dates and numbers of some variables that are one of a kind, have a page, and are not in the pattern."""
    pattern, corpus = draft.pattern, draft.corpus
    told = {(atom.subject, atom.relation) for atom in pattern.atoms}
    found: list[Literal] = []
    for variable in variables:
        entity = pattern.assignment[variable]
        for fact in corpus.literals.get(entity, ()):
            alone = len(corpus.partners[entity, fact.relation, True]) == 1
            literal = Literal(variable, fact, corpus.entity[entity].kind)
            if (
                alone
                and (variable, fact.relation) not in told
                and literal.amount == literal.amount
                and draft.usable(fact)
            ):
                found.append(literal)
    return found


def comparable(draft: Draft) -> tuple[list[Literal], list[Literal]]:
    """Literals to compare: those of described things, and those of all things told of."""
    described = draft.described()
    named = [name for name in draft.pattern.variables if is_named(draft.pattern, name)]
    near = literals(draft, described)
    return near, near + literals(draft, named)


def can_meet(draft: Draft, one: Literal, other: Literal) -> bool:
    """True for two things that words can tell apart: of two clubs, neither of them the focus, "that club" is either,
    unless one of them goes by its name.
    """
    pair = (one.variable, other.variable)
    return one.variable != other.variable and (
        one.kind != other.kind or draft.pattern.focus in pair or any(is_named(draft.pattern, name) for name in pair)
    )


def compared(pattern: Pattern, left: Literal, right: Literal) -> tuple[Pattern, str, str]:
    """The pattern with two untold literals, and their variables."""
    first, one = with_untold(pattern, left.variable, left.fact)
    second, other = with_untold(first, right.variable, right.fact)
    return second, one, other


def in_order(draft: Draft, pairs: Iterable[tuple[Literal, Literal]]) -> Iterator[Pattern]:
    """For each pair that has words for it, the pattern in which one literal is less than the other."""
    for one, other in pairs:
        if draft.corpus.lexicon.can_compare(one.side, other.side):
            pattern, left, right = compared(draft.pattern, one, other)
            is_less = one.amount < other.amount
            guard = Compare(left=left, right=right, high=0.0 if is_less else None, low=None if is_less else 0.0)
            yield with_condition(pattern, guard)


def leaf_facts(draft: Draft, variable: str) -> Iterator[Fact]:
    """Entity facts about a variable that lead to something which the pattern does not speak of."""
    present = set(draft.pattern.assignment.values())
    entity = draft.pattern.assignment[variable]
    for fact in draft.corpus.links.get(entity, ()):
        other = fact.object if fact.subject == entity else fact.subject
        if other not in present and draft.usable(fact):
            yield fact


def roles(draft: Draft, variable: str, among: Collection[str]) -> Sequence[tuple[str, bool]]:
    """(relation, whether it is the subject) in which a thing of the variable's type can stand."""
    kind, lexicon = draft.kind(variable), draft.corpus.lexicon
    found: list[tuple[str, bool]] = []
    for name in sorted(among):
        relation = lexicon.wording(name, kind)
        if relation is None or relation.value_type != "entity":
            continue
        if kind in relation.subject:
            found.append((name, True))
        if kind in relation.object and not relation.symmetric:
            found.append((name, False))
    return found
