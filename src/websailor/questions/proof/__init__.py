"""The proof engine: the exact set of answers of a question over a knowledge graph.

Enters: `facts.Facts` (the graph as numpy arrays, one table a relation, literals as nodes) and a `query.Query`. Leaves:
Ans(Q), the values of the focus for which some assignment of the other variables satisfies every atom, domain and
inequality. `facts` holds the arrays, `labels` the members of a lattice label ("1950s"), `query` translates a
`records.Pattern`, `reduction` runs semi-joins to a fixpoint, `engine` decides what the fixpoint leaves open.
"""
