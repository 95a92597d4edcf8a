"""Subgraph sampling and Weisfeiler-Leman hashing per second, against the same in networkx.

Run: `python benchmarks/shapes.py [--nodes 20000] [--samples 10000] [--rounds 5]`. Both sides draw connected subgraphs
of 4 to 12 nodes from one clustered graph by random walk with restart, cycle-closing steps and chords, and hash each by
three rounds of refinement that tell out-edges from in-edges. Preparing the graph is not counted. Rounds alternate;
medians and their ratio are printed. "exact" adds what networkx has no counterpart for: the isomorphism class and the
automorphism orbits of every sample.
"""

import argparse
import platform
import random
import statistics
import time
import warnings
from collections.abc import Callable

import networkx as nx
import numpy as np

from websailor.questions.shapes.canonical import WL_ROUNDS, form_of, hash_of_words, weisfeiler_leman
from websailor.questions.shapes.csr import Csr, Int32, Int64, csr_from_arrays, simple_undirected
from websailor.questions.shapes.sample import WalkConfig
from websailor.questions.shapes.walk import draw_batch

warnings.filterwarnings("ignore", message="The hashes produced for")
CONFIG = WalkConfig()


def clustered_graph(nodes: int) -> tuple[nx.DiGraph, Csr]:
    """Holme-Kim graph, every edge pointing from the later to the earlier node."""
    graph = nx.powerlaw_cluster_graph(nodes, 4, 0.3, seed=1)
    directed = nx.DiGraph(graph.edges)
    edge_E2 = np.array(directed.edges, dtype=np.int32)
    names = [str(node) for node in range(nodes)]
    arrays = csr_from_arrays(names, edge_E2[:, 0], np.zeros(len(edge_E2), np.int32), edge_E2[:, 1])
    return directed, arrays


def ours(graph: Csr, near: tuple[Int64, Int32], samples: int, seed: int, exact: bool) -> int:
    indptr, indices = near
    hub_V = np.diff(indptr) > CONFIG.hub_degree
    size_B, _, _, _, out_BN = draw_batch(
        np.array([seed], dtype=np.uint64),
        indptr,
        indices,
        graph.out_indptr,
        graph.out_indices,
        hub_V,
        np.flatnonzero(~hub_V),
        samples,
        CONFIG.min_nodes,
        CONFIG.max_nodes,
        CONFIG.restart,
        CONFIG.closing,
        CONFIG.chord,
    )
    words, settled_B = weisfeiler_leman(size_B, out_BN)
    if exact:
        forms = (
            form_of(size, out_BN[row], words[row].tobytes(), bool(settled_B[row]))
            for row, size in enumerate(size_B.tolist())
        )
        return len({form.class_id for form in forms})
    return len({hash_of_words(size, words[row].tobytes()) for row, size in enumerate(size_B.tolist())})


def networkx_walk(
    graph: nx.DiGraph, near: nx.Graph, starts: list[int], hubs: set[int], rng: random.Random
) -> nx.DiGraph:
    """The walk of `questions.shapes.walk`, written with networkx."""
    wanted = rng.randint(CONFIG.min_nodes, CONFIG.max_nodes)
    here = rng.choice(starts)
    members, walked = [here], set()
    while len(members) < wanted:
        if len(members) > 1 and (rng.random() < CONFIG.restart or here in hubs):
            here = rng.choice(members)
            continue
        if len(members) > 1 and rng.random() < CONFIG.closing:
            partner = rng.choice(members)
            common = (
                [node for node in nx.common_neighbors(near, here, partner) if node not in hubs and node not in members]
                if partner != here and partner not in hubs
                else []
            )
            if common:
                node = rng.choice(common)
                walked |= {frozenset((here, node)), frozenset((partner, node))}
                members.append(node)
                here = node
                continue
        node = rng.choice(list(near[here]))
        if node not in members:
            members.append(node)
            walked.add(frozenset((here, node)))
        here = node
    result = nx.DiGraph()
    for one, other in graph.subgraph(members).edges:
        if frozenset((one, other)) in walked or (not hubs & {one, other} and rng.random() < CONFIG.chord):
            result.add_edge(one, other)
    return result


def theirs(graph: nx.DiGraph, near: nx.Graph, samples: int, seed: int) -> int:
    rng = random.Random(seed)
    hubs = {node for node, degree in near.degree if degree > CONFIG.hub_degree}
    starts = [node for node in near if node not in hubs]
    hashes = set()
    for _ in range(samples):
        sample = networkx_walk(graph, near, starts, hubs, rng)
        hashes.add(nx.weisfeiler_lehman_graph_hash(sample, iterations=WL_ROUNDS))
    return len(hashes)


def per_second(task: Callable[[], object], samples: int) -> float:
    started = time.process_time()
    task()
    return samples / (time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--nodes", type=int, default=20_000)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    graph, arrays = clustered_graph(options.nodes)
    near, near_arrays = graph.to_undirected(), simple_undirected(arrays)
    ours(arrays, near_arrays, 10, 0, exact=True)
    fewer = max(1, options.samples // 20)
    rows: dict[str, list[float]] = {"websailor, WL": [], "websailor, WL + exact": [], "networkx, WL": []}
    for seed in range(options.rounds):
        rows["websailor, WL"].append(
            per_second(lambda s=seed: ours(arrays, near_arrays, options.samples, s, False), options.samples)
        )
        rows["websailor, WL + exact"].append(
            per_second(lambda s=seed: ours(arrays, near_arrays, options.samples, s, True), options.samples)
        )
        rows["networkx, WL"].append(per_second(lambda s=seed: theirs(graph, near, fewer, s), fewer))
    reference = statistics.median(rows["networkx, WL"])
    print(
        f"{options.nodes} nodes, {len(arrays.out_indices)} edges, {options.samples} samples a round, "
        f"{options.rounds} rounds, Python {platform.python_version()}, networkx {nx.__version__}"
    )
    print(f"{'':24}{'median per CPU second':>22}{'range':>24}{'ratio':>8}")
    for name, values in rows.items():
        median = statistics.median(values)
        print(f"{name:24}{median:>22,.0f}{f'{min(values):,.0f} .. {max(values):,.0f}':>24}{median / reference:>8.1f}")


if __name__ == "__main__":
    main()
