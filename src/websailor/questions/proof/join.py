"""A join with early projection: what the semi-join fixpoint cannot decide, cycles and inequalities, is decided here.

Enters: a reduced `State`. Leaves: the exact values of the focus. Columns that nothing later needs are projected out and
repeated rows merged after every step, so the table holds what distinguishes rows and no more.
"""

import numpy as np

from websailor.questions.proof.facts import Nodes
from websailor.questions.proof.query import Query
from websailor.questions.proof.reduction import State, is_member, unique

ROW_LIMIT = 20_000_000


class ProofTooLarge(Exception):
    """The join grew beyond `ROW_LIMIT` rows: nobody could answer such a question either."""


def open_atoms(query: Query, state: State) -> list[int]:
    """Atoms between two variables that are both undecided; at a fixpoint the others hold for every candidate."""
    return [
        number
        for number, (_, u, v) in enumerate(query.atoms)
        if u != v and _undecided(state, u) and _undecided(state, v)
    ]


def open_inequalities(query: Query, state: State) -> list[tuple[int, int]]:
    """Inequalities whose two sides still share a candidate."""
    found: list[tuple[int, int]] = []
    for u, v in query.distinct:
        one, other = state.domains[u], state.domains[v]
        if one is not None and other is not None and is_member(one, other).any():
            found.append((u, v))
    return found


def _undecided(state: State, variable: int) -> bool:
    domain = state.domains[variable]
    return domain is None or len(domain) != 1


def parts(query: Query, state: State) -> list[tuple[set[int], list[int], list[tuple[int, int]], bool]]:
    """Connected parts of what is open: (variables, atoms, inequalities, whether the part has a cycle)."""
    atoms = open_atoms(query, state)
    inequalities = open_inequalities(query, state)
    root = list(range(query.size))

    def find(variable: int) -> int:
        while root[variable] != variable:
            variable = root[variable]
        return variable

    cyclic: set[int] = set()
    edges = [(query.atoms[number][1], query.atoms[number][2]) for number in atoms] + inequalities
    for u, v in edges:
        one, other = find(u), find(v)
        if one == other:
            cyclic.add(one)
            continue
        root[one] = other
        if one in cyclic:
            cyclic.add(other)
    groups: dict[int, tuple[set[int], list[int], list[tuple[int, int]], bool]] = {}
    for variable in range(query.size):
        if _undecided(state, variable):
            key = find(variable)
            groups.setdefault(key, (set(), [], [], key in cyclic))[0].add(variable)
    for number in atoms:
        groups[find(query.atoms[number][1])][1].append(number)
    for pair in inequalities:
        groups[find(pair[0])][2].append(pair)
    return list(groups.values())


class _Rows:
    """A table of variable assignments: one column a variable, all equally long."""

    def __init__(self, columns: dict[int, Nodes]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def keep(self, mask: np.ndarray) -> None:
        if not mask.all():
            self.columns = {variable: column[mask] for variable, column in self.columns.items()}

    def match(self, one: int, other: int, pairs: tuple[Nodes, Nodes]) -> None:
        """Keep the rows whose two columns form one of the pairs."""
        width = int(max(pairs[1].max(initial=0), self.columns[other].max(initial=0))) + 1
        known = np.sort(pairs[0] * width + pairs[1])
        self.keep(is_member(self.columns[one] * width + self.columns[other], known))

    def extend(self, one: int, other: int, pairs: tuple[Nodes, Nodes]) -> None:
        """Add column `other`: every partner of the value in column `one`."""
        order = np.argsort(pairs[0], kind="stable")
        key, value = pairs[0][order], pairs[1][order]
        column = self.columns[one]
        first = np.searchsorted(key, column, side="left")
        length = np.searchsorted(key, column, side="right") - first
        total = int(length.sum())
        if total > ROW_LIMIT:
            raise ProofTooLarge(f"{total} rows")
        end = np.cumsum(length)
        index = np.arange(total) + np.repeat(first - end + length, length)
        self.columns = {variable: np.repeat(values, length) for variable, values in self.columns.items()}
        self.columns[other] = value[index]

    def project(self, needed: set[int]) -> None:
        """Drop columns that are not needed and merge equal rows."""
        kept = {variable: column for variable, column in self.columns.items() if variable in needed}
        if len(kept) == len(self.columns):
            return
        if len(kept) == 1:
            variable, column = next(iter(kept.items()))
            self.columns = {variable: unique(column)}
            return
        order = np.lexsort(tuple(kept.values()))
        fresh = np.zeros(len(order), dtype=bool)
        fresh[:1] = True
        for column in kept.values():
            ordered = column[order]
            fresh[1:] |= ordered[1:] != ordered[:-1]
        self.columns = {variable: column[order[fresh]] for variable, column in kept.items()}


def join(
    query: Query, state: State, atoms: list[int], inequalities: list[tuple[int, int]], focus: int
) -> tuple[Nodes, int]:
    """Values of `focus` that satisfy the given atoms and inequalities together, and the largest table met.

    The atoms must be reduced and connected; those that join inequalities alone are found through the candidates.
    """
    waiting = set(atoms)
    unequal = list(inequalities)
    domain = state.domains[focus]
    assert domain is not None
    rows = _Rows({focus: domain})
    largest = len(domain)
    while waiting or unequal:
        rows, touched = _next_step(query, state, rows, waiting, unequal)
        largest = max(largest, touched)
        for pair in [pair for pair in unequal if set(pair) <= set(rows.columns)]:
            rows.keep(rows.columns[pair[0]] != rows.columns[pair[1]])
            unequal.remove(pair)
        if not len(rows):
            return rows.columns[focus], largest
        needed = {focus, *(variable for pair in unequal for variable in pair)}
        for number in waiting:
            needed.update(query.atoms[number][1:])
        rows.project(needed)
    return unique(rows.columns[focus]), largest


def _next_step(
    query: Query, state: State, rows: _Rows, waiting: set[int], unequal: list[tuple[int, int]]
) -> tuple[_Rows, int]:
    """Apply the cheapest atom that touches the table: a check if there is one, else the smallest extension."""
    best: tuple[float, int] | None = None
    for number in waiting:
        _, u, v = query.atoms[number]
        pairs = state.pairs[number]
        assert pairs is not None
        known = (u in rows.columns) + (v in rows.columns)
        if known == 2:
            rows.match(u, v, pairs)
            waiting.discard(number)
            return rows, len(rows)
        if known == 1:
            side = state.domains[u if u in rows.columns else v]
            assert side is not None
            cost = (len(pairs[0]) / max(len(side), 1), number)
            best = cost if best is None else min(best, cost)
    if best is not None:
        number = best[1]
        waiting.discard(number)
        _, u, v = query.atoms[number]
        pairs = state.pairs[number]
        assert pairs is not None
        if u in rows.columns:
            rows.extend(u, v, pairs)
        else:
            rows.extend(v, u, (pairs[1], pairs[0]))
        return rows, len(rows)
    for u, v in unequal:
        if (u in rows.columns) != (v in rows.columns):
            new = v if u in rows.columns else u
            domain = state.domains[new]
            assert domain is not None
            count, width = len(rows), len(domain)
            if count * width > ROW_LIMIT:
                raise ProofTooLarge(f"{count * width} rows")
            columns = {variable: np.repeat(column, width) for variable, column in rows.columns.items()}
            columns[new] = np.tile(domain, count)
            return _Rows(columns), count * width
    raise AssertionError("the atoms are not connected")
