"""The knowledge graph as tables for joins: for every relation its subjects and objects, sorted both ways.

Enters: entities and facts (records), or arrays. Leaves: a frozen `Facts`. Nodes are dense integers: entities first, in
their order, then literals. Equal literals (same type, text and unit) are one node, so that a literal joins like an
entity. Beside the tables, which merge all that states a relation, stand the single statements with their tenures and
kinds of source (`tenures` makes tables of some of them).
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from websailor.errors import UserError
from websailor.questions.naming import plain
from websailor.questions.proof.kernels import ALL, ANYTHING, EVERYTHING, NO_BOUNDS, Bounds, Nodes, edges
from websailor.questions.proof.sets import Members
from websailor.records import Entity, Fact, SourceKind, ValueType

Floats = npt.NDArray[np.float64]

LiteralKey = tuple[ValueType, str, str | None]
"""Type, text and unit."""

UNKNOWN_LITERAL: LiteralKey = ("text", "", None)
"""Stands for what nothing states; no fact has an empty object."""

SOURCE_KINDS: tuple[SourceKind, ...] = ("infobox", "sentence", "table")
ANY_SOURCE = len(SOURCE_KINDS)
"""Stands for the source of what nothing states."""
EVER = 10**6
"""A year beyond all years: the open end of a tenure."""
SPARSE = 16
"""A direction of a relation with fewer rows than one node in so many is searched, not indexed."""

_YEAR = re.compile(r"(-?\d{1,6})(?:-\d\d)?(?:-\d\d)?")


@dataclass(frozen=True, slots=True)
class Rows:
    """One direction of a relation, compressed: only nodes that have a neighbour own a row."""

    keys: Nodes
    """(K,) sorted nodes that have a row."""
    starts: Nodes
    """(K + 1,) row bounds in `values`."""
    values: Nodes
    """(E,) the other ends, sorted within a row."""
    fan: float
    """Values of a row, on average."""
    dense: Bounds = field(default_factory=lambda: NO_BOUNDS)
    """(N + 1,) row bounds of every node, where so many nodes have a row that an index pays; else empty."""

    def of(self, nodes: Nodes, within: Members | None = None) -> tuple[Nodes, Nodes]:
        """All edges of `nodes`: (the node repeated, its neighbour), in the order of `nodes`; with `within`, to those
        neighbours alone.
        """
        mask, among, way = (EVERYTHING, ANYTHING, ALL) if within is None else within.lookup(self.fan * len(nodes))
        return edges(self.keys, self.starts, self.dense, self.values, nodes, mask, among, way)


@dataclass(frozen=True, slots=True)
class Table:
    """One relation."""

    by_subject: Rows
    by_object: Rows

    @property
    def size(self) -> int:
        return len(self.by_subject.values)

    def pairs(self) -> tuple[Nodes, Nodes]:
        """All (subject, object), sorted by subject."""
        rows = self.by_subject
        return np.repeat(rows.keys, np.diff(rows.starts)), rows.values


@dataclass(frozen=True, slots=True)
class Statements:
    """All that states one relation, one row a statement, sorted by subject, then object."""

    subject: Nodes
    object: Nodes
    by_object: Nodes
    """The rows in the order of objects, then subjects."""
    start: npt.NDArray[np.int32]
    """First year; -`EVER` where none is stated."""
    end: npt.NDArray[np.int32]
    """Last year; `EVER` where none is stated."""
    source: npt.NDArray[np.int8]
    """Position in `SOURCE_KINDS`, or `ANY_SOURCE`."""
    disputed: npt.NDArray[np.bool_]
    """Another source states something else instead: it may be false."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The graph of N nodes, of which the first `entity_count` are entities."""

    node_count: int
    entity_count: int
    tables: Mapping[str, Table]
    kind_members: Mapping[str, Nodes]
    """Type -> entities of that type."""
    initial_members: Mapping[str, Nodes]
    """Upper-case first letter of the name -> entities."""
    year: Floats
    """(N - entity_count,) year of each literal; NaN where it states none."""
    number: Floats
    """(N - entity_count,) amount of each literal; NaN where it is none."""
    names: Sequence[str] = ()
    """Entity ids."""
    literals: Sequence[LiteralKey] = ()
    index: Mapping[str, int] = field(default_factory=dict)
    """Entity id -> node."""
    text_index: Mapping[tuple[ValueType, str], Nodes] = field(default_factory=dict)
    """Literals of one type and text, whatever their unit."""
    unknown: Nodes = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """The node that stands for objects which nothing states, if there is one."""
    statements: Mapping[str, Statements] = field(default_factory=dict)
    """Relation -> the statements that its table merges."""
    bearers: Mapping[str, Nodes] = field(default_factory=dict)
    """Name or alias (`plain`) -> entities that bear it."""
    label_cache: dict[tuple[str, ...], Members] = field(default_factory=dict)
    """Members of labels and conditions looked up before (`labels`)."""
    table_cache: dict[tuple[str, str | None, str | None, bool], Table] = field(default_factory=dict)
    """Tables of some of the statements, made before (`tenures`)."""

    @property
    def is_open(self) -> bool:
        """True where what nothing states may yet be so."""
        return bool(len(self.unknown))

    def name(self, node: int) -> str:
        """Entity id, or the literal's text."""
        return self.names[node] if node < self.entity_count else self.literals[node - self.entity_count][1]


def year_of(text: str) -> float:
    """Year of an ISO date of any precision; NaN when it is none."""
    match = _YEAR.fullmatch(text.strip())
    return float(match.group(1)) if match else float("nan")


def number_of(text: str) -> float:
    """Amount of a number in plain digits; NaN when it is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def initial_of(name: str) -> str:
    """First letter or character of a name, upper case; empty when it begins with none."""
    first = name[:1].upper()
    return first if first.isalpha() else ""


def table(subject: Nodes, object_: Nodes, node_count: int = 0) -> Table:
    """Index the edges of one relation; repeated edges are merged. O(E log E)."""
    order, back = np.lexsort((object_, subject)), np.lexsort((subject, object_))
    return Table(
        _rows(*_merged(subject[order], object_[order]), node_count),
        _rows(*_merged(object_[back], subject[back]), node_count),
    )


def table_of_some(stated: Statements, keep: npt.NDArray[np.bool_]) -> Table:
    """`table` of some of the statements, in one pass over all: nothing is sorted again, no index of all nodes made."""
    back = stated.by_object[keep[stated.by_object]]
    return Table(
        _rows(*_merged(stated.subject[keep], stated.object[keep]), 0),
        _rows(*_merged(stated.object[back], stated.subject[back]), 0),
    )


def _merged(key: Nodes, value: Nodes) -> tuple[Nodes, Nodes]:
    """Sorted edges without repeats."""
    if len(key) < 2:
        return key, value
    fresh = np.ones(len(key), dtype=bool)
    fresh[1:] = (key[1:] != key[:-1]) | (value[1:] != value[:-1])
    return key[fresh], value[fresh]


def _rows(key: Nodes, value: Nodes, node_count: int) -> Rows:
    first = np.flatnonzero(np.diff(key, prepend=key[:1] - 1)) if len(key) else np.zeros(0, np.int64)
    keys, starts = key[first], np.append(first, len(key)).astype(np.int64)
    dense = NO_BOUNDS
    if len(keys) * SPARSE > node_count > 0:
        dense = np.zeros(node_count + 1, dtype=np.int32)
        dense[keys + 1] = np.diff(starts)
        np.cumsum(dense, out=dense)
    return Rows(keys, starts, value, len(value) / max(len(keys), 1), dense=dense)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What else states a relation."""

    same: frozenset[str]
    """Relations that state it, itself among them: `birth_place`, `place_of_birth`."""
    mirrored: frozenset[str]
    """Relations that state it with subject and object exchanged; itself, if it is symmetric."""


def facts_from_records(
    entities: Sequence[Entity],
    facts: Iterable[Fact],
    meanings: Mapping[str, Meaning] | None = None,
    untyped: Collection[str] = frozenset(),
    kinds_within: Mapping[str, Collection[str]] | None = None,
    unknown: Mapping[str, Collection[str]] | None = None,
    disputed: Collection[str] = (),
) -> Facts:
    """Build the tables. A relation holds where any relation of its `Meaning` was stated (by default: it alone).

    Entities in `untyped` have a type that nobody knows for certain: they count as members of every type, so that a
    proof does not rest on a guess. `kinds_within` names the types that a wider one holds (a city is a place too).
    `unknown` names, for a relation, the entities of which nothing states an object. Their object is a node of its own:
    any label of a date or an amount may be true of it, it may be of any type, and it is nothing that is named. So no
    rival is ruled out by what an encyclopedia merely does not say. `disputed` are the ids of facts of which only one
    source can be right. A fact about an entity that is not in `entities` raises `UserError`: the two files do not
    belong together.
    """
    index = {entity.id: number for number, entity in enumerate(entities)}
    literal_index: dict[LiteralKey, int] = {}
    edges: dict[str, _Columns] = {}
    for fact in facts:
        try:
            subject = index[fact.subject]
            if fact.value_type == "entity":
                other = index[fact.object]
            else:
                key = (fact.value_type, fact.object, fact.unit)
                other = literal_index.setdefault(key, len(entities) + len(literal_index))
        except KeyError as error:
            raise UserError(
                f"fact {fact.id} speaks of {error.args[0]!r}, which is no entity of this graph: build the graph again"
            ) from error
        subjects, objects, starts, ends, sources, doubted = edges.setdefault(fact.relation, ([], [], [], [], [], []))
        subjects.append(subject)
        objects.append(other)
        starts.append(-EVER if fact.start is None else fact.start)
        ends.append(EVER if fact.end is None else fact.end)
        sources.append(SOURCE_KINDS.index(fact.source.kind))
        doubted.append(int(fact.id in disputed))
    nothing = np.zeros(0, dtype=np.int64)
    if unknown:
        blank = literal_index.setdefault(UNKNOWN_LITERAL, len(entities) + len(literal_index))
        nothing = np.array([blank], dtype=np.int64)
    literals = tuple(literal_index)
    by_text: dict[tuple[ValueType, str], list[int]] = {}
    for (value_type, text, _), node in literal_index.items():
        by_text.setdefault((value_type, text), []).append(node)
    anything = np.array(sorted(index[name] for name in untyped), dtype=np.int64)
    typed = _group((entity.kind if entity.id not in untyped else "") for entity in entities)
    typed.pop("", None)
    for wide, narrow in (kinds_within or {}).items():
        held = [typed[kind] for kind in (wide, *narrow) if kind in typed]
        if held:
            typed[wide] = np.unique(np.concatenate(held))
    anything = np.concatenate([anything, nothing])
    unstated = {name: (sorted(index[one] for one in ones), nothing) for name, ones in (unknown or {}).items()}
    node_count = len(entities) + len(literals)
    statements = _statements(edges, meanings or {}, unstated)
    return Facts(
        node_count=node_count,
        entity_count=len(entities),
        tables={name: table(one.subject, one.object, node_count) for name, one in statements.items()},
        kind_members={kind: np.union1d(nodes, anything) for kind, nodes in typed.items()},
        initial_members=_group(initial_of(entity.name) for entity in entities),
        year=np.array([year_of(text) for _, text, _ in literals], dtype=np.float64),
        number=np.array([number_of(text) if kind == "number" else np.nan for kind, text, _ in literals], dtype=float),
        names=tuple(entity.id for entity in entities),
        literals=literals,
        index=index,
        text_index={key: np.array(nodes, dtype=np.int64) for key, nodes in by_text.items()},
        unknown=nothing,
        statements=statements,
        bearers=_bearers(entities, nothing),
    )


_Columns = tuple[list[int], list[int], list[int], list[int], list[int], list[int]]
"""Subjects, objects, first years, last years, kinds of source, whether disputed."""


def _statements(
    edges: Mapping[str, _Columns],
    meanings: Mapping[str, Meaning],
    unstated: Mapping[str, tuple[list[int], Nodes]],
) -> dict[str, Statements]:
    merged: dict[str, Statements] = {}
    for name in edges:
        meaning = meanings.get(name, Meaning(frozenset({name}), frozenset()))
        stated = [edges[other] for other in sorted(meaning.same & edges.keys())]
        stated += [_turned(edges[other]) for other in sorted(meaning.mirrored & edges.keys())]
        if name in unstated:
            subjects, nothing = unstated[name]
            count = len(subjects)
            blank = nothing.tolist() * count
            stated.append((subjects, blank, [-EVER] * count, [EVER] * count, [ANY_SOURCE] * count, [0] * count))
        columns = [np.concatenate([np.array(part[n], dtype=np.int64) for part in stated]) for n in range(6)]
        order = np.lexsort((columns[1], columns[0]))
        subject, other, start, end, source, doubted = (column[order] for column in columns)
        merged[name] = Statements(
            subject,
            other,
            np.lexsort((subject, other)),
            start.astype(np.int32),
            end.astype(np.int32),
            source.astype(np.int8),
            doubted.astype(np.bool_),
        )
    return merged


def _turned(columns: _Columns) -> _Columns:
    return columns[1], columns[0], *columns[2:]


def _bearers(entities: Sequence[Entity], nothing: Nodes) -> dict[str, Nodes]:
    """What nothing states may bear any name."""
    found: dict[str, list[int]] = {}
    for node, entity in enumerate(entities):
        for name in {plain(text) for text in (entity.name, *entity.aliases)}:
            found.setdefault(name, []).append(node)
    return {name: np.array([*nodes, *nothing], dtype=np.int64) for name, nodes in found.items()}


def _group(labels: Iterable[str]) -> dict[str, Nodes]:
    groups: dict[str, list[int]] = {}
    for node, label in enumerate(labels):
        groups.setdefault(label, []).append(node)
    return {label: np.array(nodes, dtype=np.int64) for label, nodes in groups.items()}
