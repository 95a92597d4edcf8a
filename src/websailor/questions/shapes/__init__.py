"""Subgraphs of distinct shape: walks, Weisfeiler-Leman classes, automorphism orbits.

Enters: the knowledge graph as a `csr.Csr`. Leaves: `records.Subgraph`, spread evenly over isomorphism classes, and a
focus node for each, spread evenly over orbits. `csr` holds the arrays, `walk` the random walk with restart, `canonical`
the exact class and the orbits of a small graph, `sample` the stream of subgraphs and the choice of the focus.
"""
