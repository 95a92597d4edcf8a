"""The knowledge graph as plain numpy arrays: compressed sparse rows.

Enters: entity ids and the entity-to-entity facts among them (literal values, dates and numbers, are attributes of
an entity and no nodes here). Leaves: a frozen `Csr`, the one input of the walks. Nodes and facts are dense integers;
`nodes` names the former, and the fact index is the position in the list of facts that the caller handed over, so that
a caller finds his record again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from websailor.errors import UserError
from websailor.records import Fact

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Csr:
    """A directed multigraph of N nodes and E edges.

    The edges that leave node v stand at positions `out_indptr[v] : out_indptr[v + 1]` of the edge arrays, sorted by
    (target, relation). Self-loops and parallel edges are kept.
    """

    nodes: tuple[str, ...]
    """Entity ids; a node is its position here."""
    out_indptr: Int64
    """(N + 1,)"""
    out_indices: Int32
    """(E,) the object."""
    out_fact: Int32
    """(E,) position of the fact in the caller's list."""

    @property
    def node_count(self) -> int:
        return len(self.out_indptr) - 1


def csr_from_arrays(
    nodes: Sequence[str], subject_E: Int32, relation_E: Int32, object_E: Int32, fact_E: Int32 | None = None
) -> Csr:
    """Sort edges into rows, O(E log E). `relation_E` puts parallel edges in order; `fact_E` defaults to 0..E-1."""
    fact_E = np.arange(len(subject_E), dtype=np.int32) if fact_E is None else np.asarray(fact_E, dtype=np.int32)
    subject_E, relation_E, object_E = (np.asarray(part, dtype=np.int32) for part in (subject_E, relation_E, object_E))
    assert len(subject_E) == len(relation_E) == len(object_E) == len(fact_E)
    order_E = np.lexsort((fact_E, relation_E, object_E, subject_E))
    indptr = np.zeros(len(nodes) + 1, dtype=np.int64)
    np.cumsum(np.bincount(subject_E, minlength=len(nodes)), out=indptr[1:])
    return Csr(tuple(nodes), indptr, object_E[order_E], fact_E[order_E])


def csr_from_facts(nodes: Sequence[str], facts: Sequence[Fact]) -> Csr:
    """The graph of the entity facts among `nodes`; literal facts are left out, relations are numbered by name.

    A fact about an entity that `nodes` lacks raises `UserError`: the two files do not belong together.
    """
    number_of: Mapping[str, int] = {name: number for number, name in enumerate(nodes)}
    edges = [(position, fact) for position, fact in enumerate(facts) if fact.value_type == "entity"]
    relations = sorted({fact.relation for _, fact in edges})
    relation_of = {name: number for number, name in enumerate(relations)}
    try:
        table = np.array(
            [
                (number_of[fact.subject], relation_of[fact.relation], number_of[fact.object], position)
                for position, fact in edges
            ],
            dtype=np.int32,
        ).reshape(-1, 4)
    except KeyError as error:
        raise UserError(
            f"a fact speaks of {error.args[0]!r}, which is no entity of this graph: build the graph again"
        ) from error
    return csr_from_arrays(nodes, table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def simple_undirected(graph: Csr) -> tuple[Int64, Int32]:
    """Neighbours without direction, multiplicity and self-loops: `(indptr (N + 1,), indices)`, every row sorted."""
    count = graph.node_count
    source_E = np.repeat(np.arange(count, dtype=np.int64), np.diff(graph.out_indptr))
    target_E = graph.out_indices.astype(np.int64)
    keep_E = source_E != target_E
    source_E, target_E = source_E[keep_E], target_E[keep_E]
    pair = np.unique(np.concatenate([source_E * count + target_E, target_E * count + source_E]))
    indptr = np.zeros(count + 1, dtype=np.int64)
    if len(pair):
        np.cumsum(np.bincount(pair // count, minlength=count), out=indptr[1:])
    return indptr, (pair % max(count, 1)).astype(np.int32)
