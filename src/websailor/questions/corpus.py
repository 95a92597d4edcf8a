"""Everything a question maker reads, loaded once: graph, tables for proofs, arrays for walks, names, the split.

Enters: the graph's `entities.jsonl` and `facts.jsonl`, and of a generated world the list of what is true in it. Leaves:
a `Corpus`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel

from websailor.errors import UserError
from websailor.files import read_jsonl
from websailor.questions.lexicon import Lexicon
from websailor.questions.naming import plain
from websailor.questions.proof.facts import Facts, facts_from_records, number_of, year_of
from websailor.questions.shapes.csr import Csr, csr_from_facts
from websailor.records import Entity, Fact
from websailor.wiki.relations import Relation

UNKNOWN = "thing"
"""The type of an entity of which nothing is known."""
MEMBERSHIP = frozenset({"located_in", "part_of", "subdivision_name", "region", "state", "province", "country"})
"""Relations that lead from a place to the larger one that holds it."""

NOTATION = frozenset(
    {"Coordinated Universal Time", "Greenwich Mean Time", "Circa", "Floruit", "Present", "Statelessness"}
)
"""Articles that an infobox links to in order to explain how a value is written; they are no value."""

ROUNDING = 1e-4
"""Amounts that are no further apart, as a share of them, are the same amount."""

_BETWEEN = re.compile(r"[,:;]\s+")
_PARENTHESIS = re.compile(r"\s*\([^()]*\)")
_TOPIC = re.compile(
    r"(?:Lists?|History|Demograph\w*|Languages?|Religions?|Politics|Economy|Culture|Geography|Outline|Index|Flag"
    r"|Coat of arms|Constitution|Time|Ethnic groups|Climate|Music|Education) (?:of|in) "
)
"""Titles of articles about a topic; an infobox that links to one means something else by it."""


def _words(text: str) -> list[str]:
    return _PARENTHESIS.sub("", plain(text)).split()


def _abbreviates(short: list[str], name: list[str]) -> bool:
    """True for the name itself, for its first or last words, and for it with more between the first and the last."""
    if not short or not name:
        return False
    if short in (name[: len(short)], name[-len(short) :]):
        return True
    return len(short) > len(name) > 1 and (short[0], short[-1]) == (name[0], name[-1])


@dataclass(frozen=True)
class Corpus:
    """A knowledge graph, ready for questions."""

    entities: Sequence[Entity]
    facts: Sequence[Fact]
    lexicon: Lexicon
    possible: Sequence[Fact] = ()
    """What pages may state besides: counted against every proof, never asked about."""
    complete: frozenset[str] = frozenset()
    """Relations of which the graph holds every fact that is true, so that what it does not state is false."""

    @cached_property
    def tables(self) -> Facts:
        """What the proof engine joins."""
        untyped = {entity.id for entity in self.entities if entity.id not in self.typed}
        return facts_from_records(
            self.entities,
            [*self.facts, *self.possible],
            self.lexicon.meanings,
            untyped,
            self.lexicon.kinds_within,
            self._unstated(),
            self.disputes,
        )

    def _unstated(self) -> dict[str, set[str]]:
        """Relation -> entities that could have an object in it and of which none is stated.

        Of a generated encyclopedia everything is known, and of what some page lists in full.
        """
        if self.lexicon.is_generated:
            return {}
        stated: dict[str, set[str]] = {}
        for fact in (*self.facts, *self.possible):
            for name in self.lexicon.same(fact.relation):
                stated.setdefault(name, set()).add(fact.subject)
            for name in self.lexicon.mirrored(fact.relation) if fact.value_type == "entity" else ():
                stated.setdefault(name, set()).add(fact.object)
        return {
            name: {
                entity.id
                for entity in self.entities
                if entity.id not in stated[name]
                and (entity.id not in self.typed or self.lexicon.states(name, entity.kind))
            }
            for name in sorted({fact.relation for fact in self.tellable})
            if not self.lexicon.is_listed(name)
        }

    @cached_property
    def typed(self) -> frozenset[str]:
        """Entities whose type is certain: their own page tells it, or a relation whose objects are all of one type."""
        return frozenset(entity.id for entity in self.entities if entity.statistics.get("type_known", 1))

    def relation(self, fact: Fact) -> Relation | None:
        """How a fact is worded; None when no question can tell it."""
        other = self.entity[fact.object].kind if fact.value_type == "entity" else None
        return self.lexicon.relation(fact.relation, self.entity[fact.subject].kind, other)

    @cached_property
    def tellable(self) -> list[Fact]:
        """The facts that a question can word."""
        return [
            fact
            for fact in self.facts
            if self.relation(fact) is not None
            and not _TOPIC.match(fact.object)
            and fact.object not in NOTATION
            and self._is_shown(fact)
        ]

    def _is_shown(self, fact: Fact) -> bool:
        """True when who reads the quote sees which entity it names, though a link may hide its title: `Einstein` will
        do for `Albert Einstein`, and `WAT` does not for `West Africa Time`.
        """
        if self.lexicon.is_generated or fact.value_type != "entity" or fact.source.kind != "infobox":
            return True
        entity = self.entity[fact.object]
        values = [_words(value) for value in _BETWEEN.split(fact.source.quote)]
        # Redirects lead to a page under its other names; without a page, other names are what some infobox wrote.
        aliases = entity.aliases if entity.statistics.get("has_page", 1) else ()
        names = [_words(name) for name in {entity.id.partition(", ")[0], entity.id, entity.name, *aliases}]
        return any(_abbreviates(value, name) for name in names for value in values)

    @cached_property
    def graph(self) -> Csr:
        """What the walks run on; fact numbers are positions in `tellable`."""
        return csr_from_facts([entity.id for entity in self.entities], self.tellable)

    @cached_property
    def entity(self) -> dict[str, Entity]:
        return {entity.id: entity for entity in self.entities}

    @cached_property
    def ended(self) -> frozenset[str]:
        """Relations of which some facts held for a time only, so that a question tells all of them in the past."""
        return frozenset(fact.relation for fact in self.facts if fact.end is not None)

    @cached_property
    def fact(self) -> dict[str, Fact]:
        return {fact.id: fact for fact in self.facts}

    @cached_property
    def literals(self) -> dict[str, list[Fact]]:
        """Entity id -> its facts whose object is a date or a number; of a relation whose numbers share one unit."""
        found: dict[str, list[Fact]] = {}
        for fact in self.tellable:
            if fact.value_type == "date" or (fact.value_type == "number" and self._comparable(fact)):
                found.setdefault(fact.subject, []).append(fact)
        return found

    @cached_property
    def memberships(self) -> dict[str, list[Fact]]:
        """Entity id -> facts that place it within something larger."""
        found: dict[str, list[Fact]] = {}
        for fact in self.tellable:
            if fact.value_type == "entity" and fact.relation in MEMBERSHIP:
                found.setdefault(fact.subject, []).append(fact)
        return found

    @cached_property
    def links(self) -> dict[str, list[Fact]]:
        """Entity id -> its tellable facts with other entities, in either direction."""
        found: dict[str, list[Fact]] = {}
        for fact in self.tellable:
            if fact.value_type == "entity":
                found.setdefault(fact.subject, []).append(fact)
                found.setdefault(fact.object, []).append(fact)
        return found

    @cached_property
    def partners(self) -> dict[tuple[str, str, bool], list[Fact]]:
        """(entity id, relation, whether it is the subject) -> the tellable facts; a symmetric relation is stated by
        both.
        """
        found: dict[tuple[str, str, bool], list[Fact]] = {}
        for fact in self.tellable:
            found.setdefault((fact.subject, fact.relation, True), []).append(fact)
            if fact.value_type == "entity":
                found.setdefault((fact.object, fact.relation, False), []).append(fact)
        return found

    @cached_property
    def newest(self) -> dict[str, float]:
        """Relation -> the latest year among its dates."""
        found: dict[str, float] = {}
        for fact in self.facts:
            if fact.value_type == "date" and (year := year_of(fact.object)) == year:
                found[fact.relation] = max(found.get(fact.relation, year), year)
        return found

    @cached_property
    def disputes(self) -> dict[str, Fact]:
        """Fact id -> what another kind of source states instead of it, where only one of them can be true."""
        stated: dict[tuple[str, str], list[Fact]] = {}
        for fact in self.tellable:
            relation = self.relation(fact)
            if relation is not None and relation.functional and (self.lexicon.is_generated or _is_amount(fact)):
                stated.setdefault((fact.subject, fact.relation), []).append(fact)
        found: dict[str, Fact] = {}
        for facts in stated.values():
            if len(facts) == 2 and facts[0].source.kind != facts[1].source.kind and _differ(*facts):
                found[facts[0].id], found[facts[1].id] = facts[1], facts[0]
        return found

    @cached_property
    def of_name(self) -> dict[str, list[str]]:
        """Name or alias, as `plain` gives it -> ids of those that bear it."""
        found: dict[str, list[str]] = {}
        for entity in self.entities:
            for name in {plain(name) for name in (entity.name, *entity.aliases)}:
                found.setdefault(name, []).append(entity.id)
        return found

    def homonyms(self, entity: Entity) -> list[str]:
        """Ids of all that bear the entity's name, itself among them."""
        return self.of_name[plain(entity.name)]

    def other_names(self, entity: Entity) -> tuple[str, ...]:
        """Names beside its own that stand for the entity alone."""
        others = dict.fromkeys((entity.id, *entity.aliases))
        return tuple(name for name in others if name != entity.name and len(self.of_name.get(plain(name), ())) <= 1)

    def _comparable(self, fact: Fact) -> bool:
        """True when all numbers that state the relation share one unit, so that a proof may compare them."""
        if fact.unit is None and self.lexicon.needs_unit(fact.relation, self.entity[fact.subject].kind):
            return False
        meaning = self.lexicon.meanings.get(fact.relation)
        names = meaning.same if meaning is not None else {fact.relation}
        return len({unit for name in names for unit in self.units.get(name, ())}) == 1

    @cached_property
    def units(self) -> dict[str, set[str | None]]:
        """Relation -> the units its numbers are given in."""
        found: dict[str, set[str | None]] = {}
        for fact in self.facts:
            if fact.value_type == "number":
                found.setdefault(fact.relation, set()).add(fact.unit)
        return found

    def nameable(self, entity: Entity) -> bool:
        """True when a question may say what the entity is: its type is certain and has a word."""
        return entity.id in self.typed and self.lexicon.kind(entity.kind) is not None

    @cached_property
    def dated(self) -> dict[str, Fact]:
        """Works of a real encyclopedia that have no page of their own -> a fact with their one year."""
        found: dict[str, list[Fact]] = {}
        for fact in self.tellable:
            if fact.value_type == "date" and self.is_title_alone(fact.subject):
                found.setdefault(fact.subject, []).append(fact)
        return {name: facts[0] for name, facts in found.items() if len({year_of(one.object) for one in facts}) == 1}

    def is_title_alone(self, name: str) -> bool:
        """True for a work without a page of its own: others may have its title, and nothing here tells of them."""
        entity = self.entity[name]
        return (
            not self.lexicon.is_generated
            and not entity.statistics.get("has_page", 1)
            and self.lexicon.is_work(entity.kind)
        )

    def mention(self, entity: Entity) -> str:
        """How a question names an entity: its name, or the full title where others bear that name too; a common noun
        with a small letter. A work without a page goes by its title and year: others may have the title.
        """
        if (dated := self.dated.get(entity.id)) is not None:
            return f"{entity.name} ({year_of(dated.object):.0f})"
        if entity.id.endswith(")") and not self.lexicon.is_generated and self.lexicon.is_work(entity.kind):
            return entity.id
        name = entity.name if len(self.homonyms(entity)) == 1 else entity.id
        return name[:1].lower() + name[1:] if entity.statistics.get("common_noun") else name


def _is_amount(fact: Fact) -> bool:
    return fact.value_type in ("date", "number")


def _differ(one: Fact, other: Fact) -> bool:
    """True when both cannot be true: years or amounts apart, or different things."""
    if one.value_type != other.value_type or not _is_amount(one):
        return one.object != other.object
    measure = year_of if one.value_type == "date" else number_of
    first, second = measure(one.object), measure(other.object)
    return one.unit == other.unit and abs(first - second) > ROUNDING * max(abs(first), abs(second))


def load_corpus(graph: Path, is_generated: bool, truth: Path | None = None) -> Corpus:
    """Read a finished graph directory, of a generated encyclopedia or a real one. Raises `UserError` if it is empty.

    `truth` is the list of all facts of a generated world (`facts.jsonl` of its wiki directory): without it no relation
    counts as complete.
    """
    entities = list(read_jsonl(graph / "entities.jsonl", Entity))
    facts = list(read_jsonl(graph / "facts.jsonl", Fact))
    if not facts:
        raise UserError(f"{graph} holds no facts: build the graph from a corpus with links or infoboxes")
    if not {fact.subject for fact in facts} <= {entity.id for entity in entities}:
        raise UserError(f"{graph}: entities.jsonl lacks some that facts.jsonl speaks of: build the graph again")
    lexicon = Lexicon(is_generated)
    beside = graph / "possible.jsonl"
    possible = list(read_jsonl(beside, Fact)) if beside.is_file() else []
    known = is_generated and truth is not None and truth.is_file()
    complete = complete_relations(facts, truth) if known and truth is not None else frozenset[str]()
    return Corpus(_with_known_types(entities, facts, lexicon), facts, lexicon, possible, complete)


def complete_relations(facts: Sequence[Fact], truth: Path) -> frozenset[str]:
    """The relations of which every fact that is true stands among `facts`."""
    stated = {(fact.subject, fact.relation, fact.object) for fact in facts}
    found: set[str] = set()
    lacking: set[str] = set()
    for true in read_jsonl(truth, _Truth):
        found.add(true.relation)
        if (true.subject, true.relation, true.object) not in stated:
            lacking.add(true.relation)
    return frozenset(found - lacking)


class _Truth(BaseModel):
    """A line of a generated world's list of facts, as far as completeness concerns it."""

    subject: str
    relation: str
    object: str


def _with_known_types(entities: list[Entity], facts: list[Fact], lexicon: Lexicon) -> list[Entity]:
    """Entities with the type that is certain, or with `type_known` 0 where none is.

    An entity's own page tells its type. Without one, a relation tells it whose objects are all of one type (a director
    is a person), or a table whose column holds things of one type (films), unless two of them disagree; what the graph
    guessed stays as a guess.
    """
    kinds = {entity.id: entity.kind for entity in entities}
    sure: dict[str, set[str]] = {}
    for fact in facts:
        if (
            fact.value_type == "entity"
            and (kind := lexicon.object_kind(fact.relation, kinds[fact.subject])) is not None
        ):
            sure.setdefault(fact.object, set()).add(kind)
        if fact.source.kind == "table" and fact.source.page not in (fact.subject, fact.object):
            sure.setdefault(fact.subject, set()).add(kinds[fact.subject])
    known: list[Entity] = []
    for entity in entities:
        told = sure.get(entity.id, set())
        if entity.statistics.get("has_page", 1) and entity.kind != UNKNOWN:
            known.append(entity)
        elif len(told) == 1:
            known.append(entity.model_copy(update={"kind": next(iter(told))}))
        else:
            known.append(entity.model_copy(update={"statistics": {**entity.statistics, "type_known": 0.0}}))
    return known
