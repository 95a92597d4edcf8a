"""A stream of subgraphs spread evenly over shapes, and the focus spread evenly over orbits.

Enters: a `Csr` and a `WalkConfig`. Leaves: `Sample`s, no two alike, at most `quota` of one isomorphism class until the
classes run dry, then as many again; `subgraph_record` turns one into the record that is written. Without quotas the few
most common shapes (stars and paths) would be nearly everything.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from websailor.errors import UserError
from websailor.questions.shapes.canonical import MAX_NODES, Form, form_of, weisfeiler_leman
from websailor.questions.shapes.csr import Csr, simple_undirected
from websailor.questions.shapes.walk import draw_batch
from websailor.records import Fact, Shape, Subgraph

DRY_SHARE = 0.02
DRY_BATCHES = 8


class WalkConfig(BaseModel):
    """How subgraphs are drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    min_nodes: int = Field(default=4, ge=2, le=MAX_NODES)
    """Smallest subgraph."""
    max_nodes: int = Field(default=12, ge=2, le=MAX_NODES)
    """Largest subgraph; sizes are drawn uniformly."""
    restart: float = Field(default=0.15, ge=0, lt=1)
    """Probability of going on from a random earlier node."""
    closing: float = Field(default=0.35, ge=0, le=1)
    """Probability of a step that closes a cycle, where one can."""
    chord: float = Field(default=0.5, ge=0, le=1)
    """Probability of keeping an edge between two nodes that was not walked."""
    hub_degree: int = Field(default=300, ge=0)
    """A node with more neighbours is a hub: never part of a cycle. 0: no hubs."""
    min_cycle_rank: int = Field(default=0, ge=0)
    """Fewest independent cycles of a subgraph: 1 asks for cyclic shapes alone."""
    quota: int = Field(default=20, ge=1)
    """Subgraphs of one class before the others have had their turn."""
    batch: int = Field(default=2048, ge=1)
    """Draws per call of the compiled walk; results depend on it."""

    @model_validator(mode="after")
    def _sizes(self) -> "WalkConfig":
        if self.min_nodes > self.max_nodes:
            raise ValueError(f"min_nodes {self.min_nodes} is above max_nodes {self.max_nodes}")
        return self


@dataclass(frozen=True, slots=True)
class Sample:
    """A subgraph in numbers."""

    nodes: tuple[int, ...]
    """Nodes of the `Csr`, the walk's start first."""
    facts: tuple[int, ...]
    """Fact indices (`Csr.out_fact`), parallel to `edges`."""
    edges: tuple[tuple[int, int], ...]
    """(from, to) as positions in `nodes`."""
    form: Form
    """Hash, class, and orbits as positions in `nodes`."""

    @property
    def cycle_rank(self) -> int:
        return len(self.edges) - len(self.nodes) + 1


@dataclass(frozen=True, slots=True)
class Focus:
    """The node that a question will ask for."""

    sample: Sample
    orbit: int
    """Index into `sample.form.orbits`."""
    node: int
    """Node of the `Csr`."""


def hubs(graph: Csr, hub_degree: int) -> npt.NDArray[np.bool_]:
    """(N,) True for nodes with more than `hub_degree` neighbours; 0 means there are no hubs."""
    indptr, _ = simple_undirected(graph)
    return (np.diff(indptr) > hub_degree) & (hub_degree > 0)


def sample_subgraphs(graph: Csr, config: WalkConfig, rng: np.random.Generator) -> Iterator[Sample]:
    """Draw subgraphs without end, or until the graph has no new one to give.

    Raises `UserError` when the graph has no edge, or no cycle although `min_cycle_rank` asks for one.
    """
    indptr, indices = simple_undirected(graph)
    hub_V = hubs(graph, config.hub_degree)
    start_S = np.flatnonzero((np.diff(indptr) > 0) & ~hub_V)
    if len(start_S) == 0:
        raise UserError("the graph has no edge to walk along: build it from more pages or more seeds")
    if config.min_cycle_rank > 0 and not _has_cycle(indptr, indices, hub_V):
        raise UserError(
            "the graph has no cycle (hubs aside), and cyclic subgraphs were asked for: "
            "build it with a higher densify share, or set min_cycle_rank to 0"
        )
    state = np.array([rng.integers(1 << 63)], dtype=np.uint64)
    return _accepted(graph, config, state, indptr, indices, hub_V, start_S)


def _accepted(
    graph: Csr,
    config: WalkConfig,
    state: npt.NDArray[np.uint64],
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.int32],
    hub_V: npt.NDArray[np.bool_],
    start_S: npt.NDArray[np.int64],
) -> Iterator[Sample]:
    known: set[bytes] = set()
    taken: Counter[str] = Counter()
    class_of: dict[bytes, str] = {}
    quota, dry = config.quota, 0
    while dry < DRY_BATCHES:
        size_B, node_BN, edges_B, edge_BE3, out_BN = draw_batch(
            state,
            indptr,
            indices,
            graph.out_indptr,
            graph.out_indices,
            hub_V,
            start_S,
            config.batch,
            config.min_nodes,
            config.max_nodes,
            config.restart,
            config.closing,
            config.chord,
        )
        words, settled_B = weisfeiler_leman(size_B, out_BN)
        usable_B = (size_B > 0) & (edges_B - size_B + 1 >= config.min_cycle_rank)
        accepted = new = 0
        for row in np.flatnonzero(usable_B).tolist():
            size, edges = int(size_B[row]), int(edges_B[row])
            words_of_row, settled = words[row].tobytes(), bool(settled_B[row])
            if settled and taken[class_of.get(words_of_row, "")] >= quota:
                continue
            edge_E3 = edge_BE3[row, :edges]
            fact_E = graph.out_fact[edge_E3[:, 2]]
            identity = np.sort(fact_E).tobytes()
            if identity in known:
                continue
            new += 1
            form = form_of(size, out_BN[row], words_of_row, settled)
            if settled:
                class_of[words_of_row] = form.class_id
            if taken[form.class_id] >= quota:
                continue
            known.add(identity)
            taken[form.class_id] += 1
            accepted += 1
            yield Sample(
                tuple(node_BN[row, :size].tolist()),
                tuple(fact_E.tolist()),
                tuple((source, target) for source, target, _ in edge_E3.tolist()),
                form,
            )
        dry = 0 if accepted else dry + 1
        if accepted < DRY_SHARE * config.batch:
            quota += config.quota
            dry = dry if new == 0 else 0


def _has_cycle(indptr: npt.NDArray[np.int64], indices: npt.NDArray[np.int32], hub_V: npt.NDArray[np.bool_]) -> bool:
    """True if the graph without its hubs has a cycle: peel off nodes of degree one until none is left."""
    source_E = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    keep_E = ~(hub_V[source_E] | hub_V[indices])
    source_E, target_E = source_E[keep_E], indices[keep_E]
    while len(source_E):
        degree_V = np.bincount(source_E, minlength=len(hub_V))
        core_E = (degree_V[source_E] > 1) & (degree_V[target_E] > 1)
        if core_E.all():
            return True
        source_E, target_E = source_E[core_E], target_E[core_E]
    return False


def subgraph_record(sample: Sample, graph: Csr, facts: Sequence[Fact]) -> Subgraph:
    """The record of a sample; `facts` is the list that `Csr.out_fact` counts."""
    entities = tuple(graph.nodes[node] for node in sample.nodes)
    ids = tuple(facts[index].id for index in sample.facts)
    shape = Shape(
        wl_hash=sample.form.wl_hash,
        class_id=sample.form.class_id,
        size=len(entities),
        cycle_rank=sample.cycle_rank,
        orbits=tuple(tuple(entities[place] for place in orbit) for orbit in sample.form.orbits),
    )
    identity = blake2b("\n".join(sorted(ids)).encode(), digest_size=8).hexdigest()
    return Subgraph(id=identity, entities=entities, facts=ids, shape=shape)


def by_class(samples: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Samples under their class id, classes in order of first appearance."""
    pool: dict[str, list[Sample]] = {}
    for sample in samples:
        pool.setdefault(sample.form.class_id, []).append(sample)
    return pool


def focus_in(sample: Sample, rng: np.random.Generator) -> Focus:
    """Draw a focus of one subgraph: orbit uniform, then node uniform."""
    orbit = int(rng.integers(len(sample.form.orbits)))
    members = sample.form.orbits[orbit]
    return Focus(sample, orbit, sample.nodes[members[int(rng.integers(len(members)))]])


def draw_focus(pool: Mapping[str, Sequence[Sample]], rng: np.random.Generator) -> Focus:
    """Draw from a pool (`by_class`): class uniform, a subgraph of it uniform, orbit uniform, node uniform."""
    if not pool:
        raise ValueError("an empty pool has no focus")
    classes = list(pool)
    samples = pool[classes[int(rng.integers(len(classes)))]]
    return focus_in(samples[int(rng.integers(len(samples)))], rng)
