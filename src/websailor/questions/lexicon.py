"""Relations and types as questions word them, for a generated encyclopedia or for a real one.

Enters: which of the two a corpus is. Leaves: a `Lexicon`. The generated world's relations are exact and its types
certain. In a real encyclopedia a key means what its infobox makes it mean, several keys say the same, some say it the
other way round, and the type of something without a page is a guess: the lexicon says which facts can be told and what
counts as the same in a proof.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from websailor.questions.proof.facts import Meaning
from websailor.wiki import derived
from websailor.wiki import relations as generated
from websailor.wiki import relations_wikipedia as wikipedia
from websailor.wiki.relations import Kind, Relation, Saying


@dataclass(frozen=True)
class Lexicon:
    """The words of a corpus."""

    is_generated: bool

    def relation(self, name: str, subject_kind: str, object_kind: str | None = None) -> Relation | None:
        """The wording of a relation between two types; None when no question can speak of it.

        `object_kind` is None for a literal.
        """
        if self.is_generated:
            return generated.relation(name)
        found = wikipedia.relation(name, subject_kind)
        if found is None or (object_kind is None) != (found.value_type != "entity"):
            return None
        if object_kind is not None and found.object and not wikipedia.is_among(object_kind, found.object):
            return None
        return found

    def wording(self, name: str, subject_kind: str) -> Relation | None:
        """The wording of a relation for a subject of a type, whatever its object is."""
        return generated.relation(name) if self.is_generated else wikipedia.relation(name, subject_kind)

    def between(self, subject: str, object_: str) -> list[str]:
        """Relations that lead from one type to another, by name."""
        known = generated.relations() if self.is_generated else wikipedia.relations()
        return sorted(one.name for one in known.values() if subject in one.subject and object_ in one.object)

    def sides(self, kind: str, saying: Literal["none", "how_many"]) -> list[tuple[str, bool]]:
        """(relation, whether as its subject) of which a type can be told that there is none, or how many."""
        known = generated.relations() if self.is_generated else wikipedia.relations()
        forward = [(one.name, True) for one in known.values() if kind in one.subject and getattr(one, saying)]
        inverse = [
            (one.name, False) for one in known.values() if kind in one.object and getattr(one, f"{saying}_inverse")
        ]
        return sorted(forward + inverse)

    def can_say(self, saying: Saying, relation: str, subject_kind: str) -> bool:
        """True where a relation has phrases of that sort, for a subject of the type, in both languages.

        Ask before proposing a clue: `can_say("none", "received", "person")`. `Without` is `none` or, with an object,
        `denied`; `Count` is `how_many`; each with `_inverse` where the variable is the relation's object. `Rank` is
        `least` or `most`; an atom with `at` needs `at` and `at_inverse`; U13 needs `shared`, or `shared_inverse` where
        what is shared is the relation's subject.
        """
        found = self.wording(relation, subject_kind)
        return found is not None and bool(getattr(found, saying)) and bool(getattr(found.chinese, saying))

    def can_compare(
        self,
        left: tuple[str, str],
        right: tuple[str, str],
        *,
        measure: Literal["difference", "ratio"] = "difference",
        bounded: bool = False,
        same_thing: bool = False,
    ) -> bool:
        """True where a `Compare` of two literals can be said; each side is (relation, its subject's type).

        `bounded`: told with an amount ("about 12 years after"), not only as before, after, more or less. `same_thing`:
        both literals belong to one thing, so that only a span can say it ("died at the age of about 67").
        """
        one, other = self.wording(*left), self.wording(*right)
        if one is None or other is None or one.value_type != other.value_type:
            return False
        if same_thing:
            return bounded and self.span(one, other) is not None
        if one.name == other.name:
            if measure == "ratio":
                return bool(one.times)
            return bool(one.less_by and one.more_by) if bounded else bool(one.less and one.more)
        return measure == "difference" and all(x.happened and x.event for x in (one, other))

    def span(self, one: Relation, other: Relation) -> derived.Span | None:
        """What says the years between two dates of one thing, whichever comes first."""
        known = derived.spans("derived" if self.is_generated else "wikipedia_operators")
        return known.get((one.name, other.name)) or known.get((other.name, one.name))

    @property
    def rules(self) -> Mapping[str, derived.Rule]:
        """Relations that follow from others (U12). None in a real encyclopedia: nobody knows all that it states."""
        return derived.rules() if self.is_generated else {}

    @property
    def overlaps(self) -> Mapping[str, derived.Rule]:
        """Pairs of relations that can be said to have held at the same time (U9)."""
        return derived.overlaps() if self.is_generated else {}

    def needs_unit(self, name: str, subject_kind: str) -> bool:
        """True where a bare number tells nothing: an area, a height."""
        return (
            not self.is_generated and (found := wikipedia.relation(name, subject_kind)) is not None and found.measured
        )

    def kind(self, name: str) -> Kind | None:
        """How a type of entity is named; None when no question can name it."""
        return generated.kinds().get(name) if self.is_generated else wikipedia.kinds().get(name)

    def noun(self, name: str) -> str | None:
        """The English word for a type."""
        found = self.kind(name)
        if isinstance(found, wikipedia.InfoboxKind):
            return found.noun
        return None if found is None else found.name.replace("_", " ")

    def is_work(self, kind: str) -> bool:
        """True for what goes by a title: books, films, songs."""
        return kind == "work" or kind in self.kinds_within.get("work", ())

    def object_kind(self, name: str, subject_kind: str) -> str | None:
        """The type that a relation's object has for certain, if it has one; the widest, where it may be of several."""
        found = self.relation(name, subject_kind) if self.is_generated else wikipedia.relation(name, subject_kind)
        if found is None or not found.object:
            return None
        wide = found.object[0]
        return wide if {wide, *self.kinds_within.get(wide, ())}.issuperset(found.object) else None

    def states(self, name: str, subject_kind: str) -> bool:
        """True when the relation has words for a subject of the type."""
        return wikipedia.relation(name, subject_kind) is not None

    def is_listed(self, name: str) -> bool:
        """True when some page of a real encyclopedia lists all there is of the relation."""
        return any(one.listed for one in wikipedia.by_key().get(name, ()))

    def mirrored(self, name: str) -> Collection[str]:
        """Relations that state the same with subject and object exchanged."""
        meaning = self.meanings.get(name)
        return () if meaning is None else meaning.mirrored

    def same(self, name: str) -> Collection[str]:
        """Relations that state the same, `name` among them."""
        meaning = self.meanings.get(name)
        return (name,) if meaning is None else meaning.same

    @cached_property
    def kinds_within(self) -> Mapping[str, tuple[str, ...]]:
        """A wide type -> the narrower ones whose members are of that type too."""
        if self.is_generated:
            return {}
        return {kind.name: kind.holds for kind in wikipedia.kinds().values() if kind.holds}

    @cached_property
    def meanings(self) -> Mapping[str, Meaning]:
        """Relation name -> which relations say the same, and which say it the other way round."""
        if self.is_generated:
            both = {one.name for one in generated.relations().values() if one.symmetric}
            return {name: Meaning(frozenset({name}), frozenset({name})) for name in both}
        same: dict[str, set[str]] = {}
        mirrored: dict[str, set[str]] = {}
        groups = wikipedia.relations()
        for group in groups.values():
            for key in group.keys:
                same.setdefault(key, set()).update(group.keys)
                if group.symmetric:
                    mirrored.setdefault(key, set()).update(group.keys)
                if group.mirror is not None:
                    other = groups[group.mirror].keys
                    mirrored.setdefault(key, set()).update(other)
                    for back in other:
                        mirrored.setdefault(back, set()).update(group.keys)
        return {key: Meaning(frozenset(keys), frozenset(mirrored.get(key, ()))) for key, keys in same.items()}
