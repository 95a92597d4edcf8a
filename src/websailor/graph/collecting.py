"""The facts of one page while it is read: each once, entities under their canonical titles, contradictions told apart.

Enters: statements from the infobox, then from tables and sentences. Leaves: `Fact` records. What the infobox states of
a relation that has one object is not stated again by the text; where the text gives another value, both are facts, and
their sources tell them apart.
"""

import re
from hashlib import blake2b
from typing import Protocol

from websailor.records import Fact, Source, ValueType
from websailor.wiki.titles import Site, plain_name

_NAME = re.compile(r"[^\W\d_][^,;()]{2,60}")
_SITE = Site()
_SAME_AMOUNT = 0.01
"""Amounts that differ by less than this share are the same one, rounded."""


class Titles(Protocol):
    """What the titles of a corpus stand for."""

    def resolve(self, title: str) -> str | None:
        """Canonical title of a page, redirects followed; None when the corpus has no such page."""
        ...

    def url(self, title: str) -> str:
        """Address under which the web serves a title."""
        ...


class Sense(Protocol):
    """What a relation means in a corpus."""

    def name(self, relation: str, kind: str) -> str:
        """One name for all relations that state the same about an entity of a type."""
        ...

    def functional(self, relation: str, kind: str) -> bool:
        """True where a subject has one object at most."""
        ...


def fact_id(
    subject: str,
    relation: str,
    value: str,
    value_type: ValueType,
    unit: str | None,
    tenure: tuple[int | None, int | None] = (None, None),
) -> str:
    """The same statement has the same id, whichever page states it."""
    parts = [subject, relation, value, value_type, unit or ""]
    if tenure != (None, None):
        parts.append(f"{tenure[0] or ''}-{tenure[1] or ''}")
    return blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()


def undated_id(fact: Fact) -> str:
    """Id of the same statement without its tenure."""
    return fact_id(fact.subject, fact.relation, fact.object, fact.value_type, fact.unit)


class Collected:
    """The facts of one page, in the order in which it states them."""

    def __init__(self, title: str, kind: str, titles: Titles, sense: Sense) -> None:
        self._kind = kind
        self._titles = titles
        self._sense = sense
        self._own = title
        self._canonical: dict[str, tuple[str, bool] | None] = {title: (title, True)}
        self._settled: dict[str, list[Fact]] = {}
        self._dated: set[str] = set()
        self.facts: dict[str, Fact] = {}
        self.absent: dict[str, None] = {}
        self.called: dict[tuple[str, str], None] = {}

    def settle(self) -> None:
        """What has been collected so far is what the infobox states: text that agrees with it adds nothing."""
        for fact in self.facts.values():
            self._settled.setdefault(self._sense.name(fact.relation, self._kind), []).append(fact)

    def add(
        self,
        subject: str,
        relation: str,
        value_type: ValueType,
        value: str,
        unit: str | None,
        source: Source,
        tenure: tuple[int | None, int | None] = (None, None),
    ) -> str | None:
        """Keep a fact, unless it speaks of no article, or of an entity and itself, or the infobox says it.

        Returns the subject's entity id, None when nothing was said. Of a statement with and without its tenure the one
        with it stays.
        """
        about = self.entity(subject)
        if about is None:
            return None
        if value_type == "entity":
            target = self.entity(value)
            if target is None or target == about:
                return None
            value = target
        unit = unit if value_type == "number" else None
        if about == self._own and self._repeats(relation, value, value_type, unit):
            return about
        undated = fact_id(about, relation, value, value_type, unit)
        key = fact_id(about, relation, value, value_type, unit, tenure)
        if key != undated:
            self.facts.pop(undated, None)
            self._dated.add(undated)
        if key not in self.facts and (key != undated or undated not in self._dated):
            self.facts[key] = Fact(
                id=key,
                subject=about,
                relation=relation,
                object=value,
                value_type=value_type,
                unit=unit,
                start=tenure[0],
                end=tenure[1],
                source=source,
            )
        return about

    def _repeats(self, relation: str, value: str, value_type: ValueType, unit: str | None) -> bool:
        """True when the infobox states this already, of a relation with one object or with this very one."""
        stated = self._settled.get(self._sense.name(relation, self._kind), ())
        if any(fact.value_type == value_type and fact.object == value and fact.relation != relation for fact in stated):
            return True
        if not stated or not self._sense.functional(relation, self._kind):
            return False
        return not all(_differ(fact, value, value_type, unit) for fact in stated)

    def call(self, title: str, name: str) -> None:
        """Remember how a page names an entity: `Danzig` for `Gdańsk`. Only what can be a name of its own counts."""
        about = self.entity(title)
        if about is not None and _NAME.fullmatch(name) and name not in (about, plain_name(about)):
            self.called[about, name] = None

    def entity(self, title: str) -> str | None:
        """Entity id of a link target; None when it is no article."""
        if title not in self._canonical:
            self._canonical[title] = canonical(title, self._titles)
        found = self._canonical[title]
        if found is None:
            return None
        if not found[1]:
            self.absent[found[0]] = None
        return found[0]


def _differ(fact: Fact, value: str, value_type: ValueType, unit: str | None) -> bool:
    """True when two values of a relation cannot both be right: not one with more precision, not one rounded."""
    if fact.value_type != value_type or fact.unit != unit:
        return False
    if value_type == "date":
        return not (fact.object.startswith(value) or value.startswith(fact.object))
    if value_type == "number":
        one, other = float(fact.object), float(value)
        return abs(one - other) > _SAME_AMOUNT * max(abs(one), abs(other))
    return fact.object != value


def canonical(target: str, titles: Titles) -> tuple[str, bool] | None:
    """Entity id of a link target and whether it has a page; None when it is no article (a file, a category)."""
    page = titles.resolve(target)
    if page is not None:
        return page, True
    normal = _SITE.normalise(target)
    if not normal or _SITE.namespace(normal) != 0:
        return None
    return normal, False
