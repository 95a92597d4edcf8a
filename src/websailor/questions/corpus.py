"""Everything a question maker reads, loaded once: graph, tables for proofs, arrays for walks, names, the split.

Enters: the graph's `entities.jsonl` and `facts.jsonl`. Leaves: a `Corpus`.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from websailor.errors import UserError
from websailor.files import read_jsonl
from websailor.questions.lexicon import symmetric
from websailor.questions.proof.facts import Facts, facts_from_records
from websailor.questions.shapes.csr import Csr, csr_from_facts
from websailor.records import Entity, Fact

MEMBERSHIP = frozenset({"located_in", "part_of", "subdivision_name", "region", "state", "province", "country"})
"""Relations that lead from a place to the larger one that holds it."""


def plain(text: str) -> str:
    """Text as names are compared: compatibility forms unified, case folded."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


@dataclass(frozen=True)
class Corpus:
    """A knowledge graph, ready for questions."""

    entities: Sequence[Entity]
    facts: Sequence[Fact]

    @cached_property
    def tables(self) -> Facts:
        """What the proof engine joins."""
        return facts_from_records(self.entities, self.facts, symmetric())

    @cached_property
    def graph(self) -> Csr:
        """What the walks run on; fact numbers are positions in `facts`."""
        return csr_from_facts([entity.id for entity in self.entities], self.facts)

    @cached_property
    def entity(self) -> dict[str, Entity]:
        return {entity.id: entity for entity in self.entities}

    @cached_property
    def fact(self) -> dict[str, Fact]:
        return {fact.id: fact for fact in self.facts}

    @cached_property
    def literals(self) -> dict[str, list[Fact]]:
        """Entity id -> its facts whose object is a date, a number or a text."""
        found: dict[str, list[Fact]] = {}
        for fact in self.facts:
            if fact.value_type != "entity":
                found.setdefault(fact.subject, []).append(fact)
        return found

    @cached_property
    def memberships(self) -> dict[str, list[Fact]]:
        """Entity id -> facts that place it within something larger."""
        found: dict[str, list[Fact]] = {}
        for fact in self.facts:
            if fact.value_type == "entity" and fact.relation in MEMBERSHIP:
                found.setdefault(fact.subject, []).append(fact)
        return found

    @cached_property
    def units(self) -> dict[str, set[str | None]]:
        """Relation -> the units its numbers are given in."""
        found: dict[str, set[str | None]] = {}
        for fact in self.facts:
            if fact.value_type == "number":
                found.setdefault(fact.relation, set()).add(fact.unit)
        return found

    @cached_property
    def bearers(self) -> Counter[str]:
        """How many entities bear a name or alias."""
        return Counter(name for entity in self.entities for name in {plain(n) for n in (entity.name, *entity.aliases)})

    def mention(self, entity: Entity) -> str:
        """How a question names an entity: its name, or the full title where others bear that name too."""
        return entity.name if self.bearers[plain(entity.name)] == 1 else entity.id


def load_corpus(graph: Path) -> Corpus:
    """Read a finished graph directory. Raises `UserError` where it is missing or empty."""
    entities = list(read_jsonl(graph / "entities.jsonl", Entity))
    facts = list(read_jsonl(graph / "facts.jsonl", Fact))
    if not facts:
        raise UserError(f"{graph} holds no facts: build the graph from a corpus with links or infoboxes")
    return Corpus(entities, facts)
