"""Patterns for reading: true facts of a small rich world in the form of every operator, made without the maker.

They are not proved to have one answer: the tests of words ask how a question reads, not whether it is hard.
"""

import random
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from tempfile import mkdtemp

from websailor import graph, wiki
from websailor.questions.corpus import Corpus, load_corpus
from websailor.questions.operators.additions import with_condition, with_entity, with_untold
from websailor.questions.operators.u1_fuzzy import year_label
from websailor.questions.proof.facts import year_of
from websailor.questions.structure import exact_pattern, with_literal
from websailor.records import Atom, Bears, Compare, Count, Domain, Fact, Pattern, Phrase, Rank, Without

OPERATORS = tuple(f"U{number}" for number in range(1, 17))


@cache
def rich_corpus() -> Corpus:
    """600 pages of the rich profile; made once a test run."""
    root = Path(mkdtemp(prefix="words-"))
    wiki.run(wiki.Config.model_validate({"seed": 11, "world": {"profile": "rich", "pages": 600}}), {}, root / "wiki")
    graph.run(graph.Config(whole=True, title_ranks=False), {"wiki": root / "wiki"}, root / "graph")
    return load_corpus(root / "graph", is_generated=True)


@dataclass(frozen=True)
class Reader:
    """Draws patterns from a corpus."""

    corpus: Corpus
    rng: random.Random

    def pattern(self, operator: str) -> Pattern:
        """A pattern with at least one use of the operator."""
        for _ in range(2000):
            made = self._made(operator)
            if made is not None:
                return made
        raise LookupError(f"no pattern for {operator}")

    def _made(self, operator: str) -> Pattern | None:
        base = self._base(links=3 if operator == "U2" else 2, depth=2 if operator in ("U3", "U10") else 1)
        if base is None or operator in ("U2", "U3", "U15", "U16"):
            return base
        grow = {
            "U1": self._fuzzy,
            "U4": self._cycle,
            "U5": self._without,
            "U6": self._compare,
            "U7": self._rank,
            "U8": self._count,
            "U9": self._time,
            "U10": self._homonym,
            "U11": self._derived_number,
            "U12": self._inferred,
            "U13": self._alike,
            "U14": self._stated,
        }
        return grow[operator](base)

    # ------------------------------------------------------------ the plain part

    def _links(self, entity: str, kinds: set[str] | None = None) -> list[Fact]:
        found = [fact for fact in self._by_entity.get(entity, ()) if fact.value_type == "entity"]
        return [f for f in found if kinds is None or self.corpus.entity[other_end(f, entity)].kind in kinds]

    @cached_property
    def _by_entity(self) -> dict[str, list[Fact]]:
        found: dict[str, list[Fact]] = {entity.id: [] for entity in self.corpus.entities}
        for fact in self.corpus.tellable:
            found[fact.subject].append(fact)
            if fact.value_type == "entity":
                found[fact.object].append(fact)
        return found

    def _base(self, links: int, depth: int) -> Pattern | None:
        """A focus with some facts, one of which leads to something described in turn."""
        focus = self.rng.choice(self.corpus.entities).id
        around = self._links(focus)
        if len(around) < links:
            return None
        chosen = self.rng.sample(around, links)
        if len({other_end(fact, focus) for fact in chosen}) < links:
            return None
        if len({(fact.relation, fact.subject == focus) for fact in chosen}) < links:
            return None
        middle = focus
        for number in range(depth):
            middle = other_end(chosen[0 if number == 0 else -1], middle)
            taken = {end for fact in chosen for end in (fact.subject, fact.object)}
            further = [fact for fact in self._links(middle) if other_end(fact, middle) not in taken]
            if not further:
                return None
            chosen.append(self.rng.choice(further))
        return self._with_date(exact_pattern(self.corpus, list(dict.fromkeys(chosen)), focus, []))

    def _with_date(self, pattern: Pattern) -> Pattern:
        dates = [f for f in self.corpus.literals.get(pattern.assignment[pattern.focus], ()) if f.value_type == "date"]
        if not dates or self.rng.random() < 0.5:
            return pattern
        grown = with_literal(pattern, self.rng.choice(dates))
        name = grown.variables[-1]
        lattice = self.rng.choice(["decade", "half_century", "century"])
        label = year_label(lattice, int(year_of(grown.assignment[name])))
        return with_domains(grown, name, Domain(variable=name, lattice=lattice, value=label))

    # ------------------------------------------------------------ operators

    def _described(self, pattern: Pattern) -> list[str]:
        named = {domain.variable for domain in pattern.domains if domain.lattice == "entity"}
        return [name for name in pattern.variables if name not in named and name not in pattern.value_types]

    def _kind(self, pattern: Pattern, variable: str) -> str:
        return self.corpus.entity[pattern.assignment[variable]].kind

    def _fuzzy(self, pattern: Pattern) -> Pattern | None:
        named = [domain.variable for domain in pattern.domains if domain.lattice == "entity"]
        if not named:
            return None
        name = self.rng.choice(named)
        entity = self.corpus.entity[pattern.assignment[name]]
        return with_domains(
            pattern,
            name,
            Domain(variable=name, lattice="kind", value=entity.kind),
            Domain(variable=name, lattice="initial", value=entity.name[0]),
        )

    def _cycle(self, pattern: Pattern) -> Pattern | None:
        present = {entity: name for name, entity in pattern.assignment.items() if name not in pattern.value_types}
        told = {atom.fact for atom in pattern.atoms}
        for fact in self._links(pattern.assignment[pattern.focus]):
            for other in self._links(other_end(fact, pattern.assignment[pattern.focus])):
                if {other.subject, other.object} <= present.keys() | {fact.subject, fact.object} and not {
                    fact.id,
                    other.id,
                } <= told:
                    facts = [self.corpus.fact[atom.fact] for atom in pattern.atoms if atom.object in present.values()]
                    facts = list(dict.fromkeys([*facts, fact, other]))
                    return exact_pattern(self.corpus, facts, pattern.assignment[pattern.focus], [])
        return None

    def _without(self, pattern: Pattern) -> Pattern | None:
        variable = self.rng.choice(self._described(pattern))
        entity, kind = pattern.assignment[variable], self._kind(pattern, variable)
        for name in self.rng.sample(sorted(self.corpus.tables.tables), 20):
            relation = self.corpus.lexicon.wording(name, kind)
            if relation is None or (relation.value_type != "entity" and name != "died"):
                continue
            for forward in (True, False):
                if kind not in (relation.subject if forward else relation.object):
                    continue
                has = [f for f in self._by_entity[entity] if (f.subject if forward else f.object) == entity]
                own = {other_end(fact, entity) for fact in has if fact.relation == name}
                if not own and self.corpus.lexicon.can_say("none" if forward else "none_inverse", name, kind):
                    return with_condition(pattern, Without(variable=variable, relation=name, forward=forward))
                if own and self.corpus.lexicon.can_say("denied" if forward else "denied_inverse", name, kind):
                    ends = {f.object if forward else f.subject for f in self.corpus.facts if f.relation == name}
                    denied = self.rng.choice(sorted(ends - own))
                    return with_condition(
                        pattern, Without(variable=variable, relation=name, forward=forward, object=denied)
                    )
        return None

    def _amounts(self, pattern: Pattern, value_type: str) -> list[tuple[str, Fact]]:
        told = {(atom.subject, atom.relation) for atom in pattern.atoms}
        return [
            (name, fact)
            for name, entity in pattern.assignment.items()
            if name not in pattern.value_types
            for fact in self.corpus.literals.get(entity, ())
            if fact.value_type == value_type and (name, fact.relation) not in told
        ]

    def _compare(self, pattern: Pattern) -> Pattern | None:
        for value_type in self.rng.sample(["date", "number"], 2):
            known = self._amounts(pattern, value_type)
            self.rng.shuffle(known)
            for one, left in known:
                for other, right in known:
                    if one != other and left.relation == right.relation:
                        return self._compared(pattern, (one, left), (other, right), {})
        return None

    def _compared(
        self, pattern: Pattern, one: tuple[str, Fact], other: tuple[str, Fact], bounds: dict[str, object]
    ) -> Pattern | None:
        pattern, left = with_untold(pattern, *one)
        pattern, right = with_untold(pattern, *other)
        difference = value(one[1]) - value(other[1])
        if abs(difference) < 3:
            return None
        fields = bounds or {"low" if difference > 0 else "high": 0.0}
        return with_condition(pattern, Compare.model_validate({"left": left, "right": right, **fields}))

    def _rank(self, pattern: Pattern) -> Pattern | None:
        known = [fact for name, fact in self._amounts(pattern, self.rng.choice(["date", "number"])) if name == "x0"]
        if not known:
            return None
        relation = self.rng.choice(known).relation
        rank = Rank(relation=relation, largest=self.rng.random() < 0.5, place=self.rng.choice([1, 1, 2, 3]))
        return with_condition(pattern, rank)

    def _count(self, pattern: Pattern) -> Pattern | None:
        variable = self.rng.choice(self._described(pattern))
        entity, kind = pattern.assignment[variable], self._kind(pattern, variable)
        choices = [
            (fact.relation, forward, sum(other.relation == fact.relation for other in group))
            for forward in (True, False)
            for group in [[f for f in self._links(entity) if (f.subject if forward else f.object) == entity]]
            for fact in group
            if self.corpus.lexicon.can_say("how_many" if forward else "how_many_inverse", fact.relation, kind)
        ]
        if not choices:
            return None
        relation, forward, number = self.rng.choice(sorted(set(choices)))
        return with_condition(pattern, Count(variable=variable, relation=relation, forward=forward, number=number))

    def _time(self, pattern: Pattern) -> Pattern | None:
        timed = [
            number
            for number, atom in enumerate(pattern.atoms)
            if self.corpus.lexicon.can_say("at", atom.relation, self._kind(pattern, atom.subject))
        ]
        if timed and self.rng.random() < 0.7:
            number = self.rng.choice(timed)
            label = self.rng.choice([str(self.rng.randint(1890, 1990)), f"{self.rng.randint(189, 198)}0s"])
            atoms = list(pattern.atoms)
            atoms[number] = atoms[number].model_copy(update={"at": label})
            return pattern.model_copy(update={"atoms": tuple(atoms)})
        known = self._amounts(pattern, "date")
        self.rng.shuffle(known)
        for one, left in known:
            for other, right in known:
                if one != other and left.relation != right.relation:
                    return self._compared(pattern, (one, left), (other, right), {})
        return None

    def _homonym(self, pattern: Pattern) -> Pattern | None:
        variables = [name for name in self._described(pattern) if name != pattern.focus]
        named = [domain.variable for domain in pattern.domains if domain.lattice == "entity"]
        if not variables + named:
            return None
        variable = self.rng.choice(variables + named)
        entity = self.corpus.entity[pattern.assignment[variable]]
        borne = with_domains(pattern, variable, Domain(variable=variable, lattice="kind", value=entity.kind))
        return with_condition(borne, Bears(variable=variable, name=entity.name))

    def _derived_number(self, pattern: Pattern) -> Pattern | None:
        focus = pattern.assignment[pattern.focus]
        measured = [f for f in self.corpus.literals.get(focus, ()) if f.unit in ("km2", "m")]
        if measured and self.rng.random() < 0.5:
            grown = with_literal(pattern, self.rng.choice(measured))
            name = grown.variables[-1]
            label = "40..50 sq mi" if grown.atoms[-1].relation == "area" else "1,000..1,500 ft".replace(",", "")
            return with_domains(grown, name, Domain(variable=name, lattice="converted", value=label))
        known = self._amounts(pattern, self.rng.choice(["date", "number"]))
        self.rng.shuffle(known)
        for one, left in known:
            for other, right in known:
                difference = value(left) - value(right)
                if left.value_type == "date" and left != right and (one != other or difference > 20):
                    if one == other and {left.relation, right.relation} != {"born", "died"}:
                        continue
                    bounds = {"low": difference - 1, "high": difference + 1}
                    return self._compared(pattern, (one, left), (other, right), dict(bounds))
                if left.value_type == "number" and one != other and left.relation == right.relation:
                    ratio = max(2, round(value(left) / value(right)))
                    bounds = {"measure": "ratio", "low": ratio - 0.2, "high": ratio + 0.2}
                    if value(left) > value(right):
                        return self._compared(pattern, (one, left), (other, right), dict(bounds))
        return None

    def _inferred(self, pattern: Pattern) -> Pattern | None:
        rules = [
            rule for rule in self.corpus.lexicon.rules.values() if rule.kinds[0] == self._kind(pattern, pattern.focus)
        ]
        self.rng.shuffle(rules)
        for rule in rules:
            path = self._path(pattern.assignment[pattern.focus], rule.path)
            if path is None or other_end(path[-1], path_start(path, pattern.assignment["x0"])) in (
                pattern.assignment.values()
            ):
                continue
            return self._phrased(pattern, "U12", rule.name, path)
        return None

    def _path(self, start: str, steps: tuple[str, ...]) -> list[Fact] | None:
        path: list[Fact] = []
        seen, here = {start}, start
        for step in steps:
            name = step.removeprefix("~")
            choices = [
                fact
                for fact in self._links(here)
                if fact.relation == name
                and (fact.object if step.startswith("~") else fact.subject) == here
                and other_end(fact, here) not in seen
            ]
            if not choices:
                return None
            path.append(self.rng.choice(choices))
            here = other_end(path[-1], here)
            seen.add(here)
        return path

    def _phrased(self, pattern: Pattern, operator: str, name: str, path: list[Fact]) -> Pattern:
        """The pattern with a phrase over a path from the focus; its end is named or told in one clause."""
        here, first = pattern.focus, len(pattern.atoms)
        for fact in path:
            pattern, here = with_entity(pattern, here, fact)
        atoms = tuple(range(first, len(pattern.atoms)))
        phrase = Phrase(operator=operator, name=name, atoms=atoms, left=pattern.focus, right=here)
        pattern = pattern.model_copy(update={"phrases": (phrase,)})
        return self._end_told(pattern, here)

    def _end_told(self, pattern: Pattern, end: str) -> Pattern:
        entity = pattern.assignment[end]
        further = [f for f in self._links(entity) if other_end(f, entity) not in pattern.assignment.values()]
        if not further or self.rng.random() < 0.5:
            return with_domains(pattern, end, Domain(variable=end, lattice="entity", value=entity))
        pattern, leaf = with_entity(pattern, end, self.rng.choice(further))
        pattern = with_domains(pattern, leaf, Domain(variable=leaf, lattice="entity", value=pattern.assignment[leaf]))
        kind = Domain(variable=end, lattice="kind", value=self.corpus.entity[entity].kind)
        return with_domains(pattern, end, kind)

    def _alike(self, pattern: Pattern) -> Pattern | None:
        focus = pattern.assignment[pattern.focus]
        own = {
            (fact.relation, fact.object)
            for fact in self._links(focus)
            if fact.subject == focus and self.corpus.lexicon.can_say("shared", fact.relation, self._kind(pattern, "x0"))
        }
        for other in self.rng.sample(self.corpus.entities, len(self.corpus.entities)):
            both = [
                fact
                for fact in self._links(other.id)
                if fact.subject == other.id and (fact.relation, fact.object) in own
            ]
            if len(both) < 2 or other.id in pattern.assignment.values():
                continue
            return self._shared(pattern, other.id, both[:2])
        return None

    def _shared(self, pattern: Pattern, other: str, both: list[Fact]) -> Pattern:
        right = "w"
        focus = pattern.assignment[pattern.focus]
        pattern = pattern.model_copy(
            update={"variables": (*pattern.variables, right), "assignment": {**pattern.assignment, right: other}}
        )
        first = len(pattern.atoms)
        for fact in both:
            mine = next(f for f in self._links(focus) if (f.relation, f.object) == (fact.relation, fact.object))
            pattern, middle = with_entity(pattern, pattern.focus, mine)
            theirs = Atom(relation=fact.relation, subject=right, object=middle, fact=fact.id)
            pattern = pattern.model_copy(update={"atoms": (*pattern.atoms, theirs)})
        atoms = tuple(range(first, len(pattern.atoms)))
        phrase = Phrase(operator="U13", name="", atoms=atoms, left=pattern.focus, right=right)
        return self._end_told(pattern.model_copy(update={"phrases": (phrase,)}), right)

    def _stated(self, pattern: Pattern) -> Pattern | None:
        atoms = list(pattern.atoms)
        number = self.rng.randrange(len(atoms))
        source = self.rng.choice(["infobox", "sentence"])
        atoms[number] = atoms[number].model_copy(update={"stated_in": source})
        return pattern.model_copy(update={"atoms": tuple(atoms)})


def other_end(fact: Fact, entity: str) -> str:
    return fact.object if fact.subject == entity else fact.subject


def path_start(path: list[Fact], start: str) -> str:
    """Where the last step of a path begins."""
    here = start
    for fact in path[:-1]:
        here = other_end(fact, here)
    return here


def value(fact: Fact) -> float:
    return year_of(fact.object) if fact.value_type == "date" else float(fact.object)


def with_domains(pattern: Pattern, variable: str, *domains: Domain) -> Pattern:
    others = tuple(domain for domain in pattern.domains if domain.variable != variable)
    return pattern.model_copy(update={"domains": (*others, *domains)})
