"""A join with early projection: what the semi-join fixpoint cannot decide, cycles of atoms, inequalities and guards, is
decided here.

Enters: a reduced `State`. Leaves: the exact values of the focus. Columns that nothing later needs are projected out and
repeated rows merged after every step, so the table holds what distinguishes rows and no more.
"""

from dataclasses import dataclass

import numpy as np

from websailor.questions.proof.guards import Guard
from websailor.questions.proof.query import Query
from websailor.questions.proof.reduction import CORE, State
from websailor.questions.proof.sets import ROW_LIMIT, Mask, Nodes, ProofTooLarge, is_member, unique


@dataclass(frozen=True, slots=True)
class Link:
    """A test on two variables that no table states: they differ, or a guard admits them."""

    ends: tuple[int, int]
    guard: Guard | None = None

    def passes(self, one: Nodes, other: Nodes) -> Mask:
        return one != other if self.guard is None else self.guard.passes(one, other)


@dataclass(slots=True)
class Part:
    """A connected part of what is open."""

    variables: set[int]
    atoms: list[int]
    links: list[Link]
    is_cyclic: bool


def open_atoms(query: Query, state: State) -> list[int]:
    """Atoms of the core between two variables that are both undecided; at a fixpoint the others hold for every
    candidate.
    """
    parent = state.plan.parent
    return [
        number
        for number, (_, u, v) in enumerate(query.atoms)
        if parent[number] == CORE and _undecided(state, u) and _undecided(state, v)
    ]


def open_links(query: Query, state: State) -> list[Link]:
    """Inequalities whose two sides still share a candidate, and guards that some pair of candidates fails."""
    found: list[Link] = []
    for u, v in query.distinct:
        one, other = state.domains[u], state.domains[v]
        if one is not None and other is not None and is_member(one.nodes, other.nodes).any():
            found.append(Link((u, v)))
    for guard in query.guards:
        left, right = state.domains[guard.left], state.domains[guard.right]
        assert left is not None and right is not None
        if guard.left != guard.right and guard.is_open(left.nodes, right.nodes):
            found.append(Link((guard.left, guard.right), guard))
    return found


def _undecided(state: State, variable: int) -> bool:
    domain = state.domains[variable]
    return domain is None or len(domain) != 1


def parts(query: Query, state: State) -> list[Part]:
    """What the fixpoint leaves open. A part without a cycle is decided: every candidate there belongs to a solution."""
    atoms = open_atoms(query, state)
    links = open_links(query, state)
    root = list(range(query.size))

    def find(variable: int) -> int:
        while root[variable] != variable:
            variable = root[variable]
        return variable

    cyclic: set[int] = set()
    edges = [(query.atoms[number][1], query.atoms[number][2]) for number in atoms] + [link.ends for link in links]
    for u, v in edges:
        one, other = find(u), find(v)
        if one == other:
            cyclic.add(one)
            continue
        root[one] = other
        if one in cyclic:
            cyclic.add(other)
    groups: dict[int, Part] = {}
    for u, v in edges:
        key = find(u)
        groups.setdefault(key, Part(set(), [], [], key in cyclic)).variables.update((u, v))
    for number in atoms:
        groups[find(query.atoms[number][1])].atoms.append(number)
    for link in links:
        groups[find(link.ends[0])].links.append(link)
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


def join(query: Query, state: State, part: Part, focus: int) -> tuple[Nodes, int]:
    """Values of `focus` that satisfy a part's atoms and links together, and the largest table met.

    The atoms must be reduced; pieces that links alone join are found through the candidates.
    """
    waiting = set(part.atoms)
    links = list(part.links)
    domain = state.domains[focus]
    assert domain is not None
    rows = _Rows({focus: domain.nodes})
    largest = len(domain)
    while waiting or links:
        rows, touched = _next_step(query, state, rows, waiting, links)
        largest = max(largest, touched)
        for link in [link for link in links if set(link.ends) <= rows.columns.keys()]:
            rows.keep(link.passes(rows.columns[link.ends[0]], rows.columns[link.ends[1]]))
            links.remove(link)
        if not len(rows):
            return rows.columns[focus], largest
        needed = {focus, *(variable for link in links for variable in link.ends)}
        for number in waiting:
            needed.update(query.atoms[number][1:])
        rows.project(needed)
    return unique(rows.columns[focus]), largest


def _next_step(query: Query, state: State, rows: _Rows, waiting: set[int], links: list[Link]) -> tuple[_Rows, int]:
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
    for u, v in (link.ends for link in links):
        if (u in rows.columns) != (v in rows.columns):
            new = v if u in rows.columns else u
            domain = state.domains[new]
            assert domain is not None
            count, width = len(rows), len(domain)
            if count * width > ROW_LIMIT:
                raise ProofTooLarge(f"{count * width} rows")
            columns = {variable: np.repeat(column, width) for variable, column in rows.columns.items()}
            columns[new] = np.tile(domain.nodes, count)
            return _Rows(columns), count * width
    raise AssertionError("the atoms are not connected")
