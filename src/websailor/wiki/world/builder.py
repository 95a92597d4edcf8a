"""Draws the relations of a world, whole columns at a time.

What enters: how many entities of each type each community has. What leaves: columns of facts. A target is drawn in one
of three ways: evenly (every company gets its share of employees), by popularity (Zipf), or as the end of a typed path
that already exists (home := where the employer sits), which is what closes cycles. Every step is linear in the number
of subjects, but for sorting.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from websailor.wiki.world.config import WorldConfig

Ints = NDArray[np.int64]
Guard = Callable[[Ints, Ints], NDArray[np.bool_]]

TRIES = 6
"""Draws per subject before a relation that finds no valid target is left out."""


class Builder:
    """Entities in blocks of one community and type; relations are added one after another.

    `one[name]` maps each entity to its target of a relation (the last one, if several), or -1; `pairs[name]` holds
    (subject, object) of all; `tenures[name]` is aligned with it: first and last year, 0 where not stated;
    `literals[name]` maps each entity to a year or amount, 0 where it has none.
    """

    def __init__(self, config: WorldConfig, kinds: Sequence[str], count_CK: Ints, random: np.random.Generator) -> None:
        self.config = config
        self.random = random
        self.kinds = tuple(kinds)
        self.count_CK = count_CK
        flat = count_CK.ravel()
        self.start_CK = (np.cumsum(flat) - flat).reshape(count_CK.shape)
        communities, types = count_CK.shape
        self.community_N: Ints = np.repeat(np.repeat(np.arange(communities), types), flat)
        self.kind_N: Ints = np.repeat(np.tile(np.arange(types), communities), flat)
        self.size = len(self.kind_N)
        self.one: dict[str, Ints] = {}
        self.pairs: dict[str, tuple[Ints, Ints]] = {}
        self.literals: dict[str, Ints] = {}
        self.tenures: dict[str, tuple[Ints, Ints]] = {}
        self._inverse: dict[str, tuple[Ints, Ints]] = {}

    def of_kind(self, kind: str, share: float = 1.0) -> Ints:
        """Entities of a type, or a random share of them (scaled by `density` when below 1), ascending."""
        members = np.flatnonzero(self.kind_N == self.kinds.index(kind))
        if share >= 1:
            return members
        return members[self.random.random(len(members)) < share * self.config.density]

    def is_kind(self, entities: Ints, kind: str) -> NDArray[np.bool_]:
        """Which of the entities are of a type (-1 never is)."""
        return (entities >= 0) & (self.kind_N[entities] == self.kinds.index(kind))

    def popular(self, subjects: Ints, kind: str, leak: float | None = None) -> Ints:
        """A target of a type for each subject, of its own community but for the leak; -1 where there is none."""
        communities = self.community_N[subjects]
        away = self.random.random(len(subjects)) < (self.config.leak if leak is None else leak)
        communities = np.where(away, self.random.integers(len(self.count_CK), size=len(subjects)), communities)
        column = self.kinds.index(kind)
        count = self.count_CK[communities, column]
        uniform = self.random.random(len(subjects))
        power = 1 - self.config.zipf
        if abs(power) < 1e-6:
            rank = (count + 1.0) ** uniform - 1
        else:
            rank = ((count + 1.0) ** power * uniform + 1 - uniform) ** (1 / power) - 1
        rank = np.minimum(rank.astype(np.int64), count - 1)
        return np.where(count > 0, self.start_CK[communities, column] + rank, -1)

    def balanced(self, subjects: Ints, kind: str, low: int, high: int, pool: float = 1.0) -> Ints:
        """Targets of the community: a share `pool` of them, `low` to `high` subjects each as far as numbers allow."""
        column = self.kinds.index(kind)
        targets = self.of_kind(kind)
        targets = targets[np.lexsort((self.random.random(len(targets)), self.community_N[targets]))]
        first_C = np.cumsum(self.count_CK[:, column]) - self.count_CK[:, column]
        order = np.lexsort((self.random.random(len(subjects)), self.community_N[subjects]))
        community = self.community_N[subjects][order]
        per_C = np.bincount(community, minlength=len(self.count_CK))
        rank = np.arange(len(subjects)) - (np.cumsum(per_C) - per_C)[community]
        size_C = np.where(self.count_CK[:, column] > 0, np.maximum(1, np.ceil(pool * self.count_CK[:, column])), 0)
        size = size_C.astype(np.int64)[community]
        safe = np.maximum(size, 1)
        beyond = rank - low * safe
        slot = np.where(beyond < 0, rank % safe, (beyond // max(high - low, 1)) % safe)
        chosen = np.full(len(subjects), -1)
        found = size > 0
        chosen[order[found]] = targets[(first_C[community] + slot)[found]]
        return chosen

    def path(self, start: Ints, hops: Sequence[str]) -> Ints:
        """Walk a typed path from each entity: `name` follows a relation, `~name` picks a subject that points here."""
        here = start.copy()
        for hop in hops:
            if hop.startswith("~"):
                here = self._step_back(here, hop[1:])
            else:
                here = np.where(here >= 0, self.one[hop][here], -1)
        return here

    def _step_back(self, here: Ints, relation: str) -> Ints:
        if relation not in self._inverse:
            subjects, objects = self.pairs[relation]
            order = np.argsort(objects, kind="stable")
            first = np.searchsorted(objects[order], np.arange(self.size + 1))
            self._inverse[relation] = (first, subjects[order])
        first, subjects = self._inverse[relation]
        count = np.where(here >= 0, first[here + 1] - first[here], 0)
        pick = first[here] + (self.random.random(len(here)) * count).astype(np.int64)
        found = np.full(len(here), -1)
        found[count > 0] = subjects[pick[count > 0]]
        return found

    def choose(
        self,
        subjects: Ints,
        kind: str,
        paths: Sequence[Sequence[str]] = (),
        guard: Guard | None = None,
    ) -> Ints:
        """A target each: with probability `closing` the end of a path, else by popularity; -1 where none is valid."""
        chosen = np.full(len(subjects), -1)
        closing = (
            np.flatnonzero(self.random.random(len(subjects)) < self.config.closing) if paths else np.array([], int)
        )
        for attempt in range(TRIES):
            closing = closing[chosen[closing] < 0]
            hops = paths[attempt % len(paths)] if paths else ()
            self._accept(chosen, subjects, closing, self.path(subjects[closing], hops), kind, guard)
        for _ in range(TRIES):
            open_ = np.flatnonzero(chosen < 0)
            self._accept(chosen, subjects, open_, self.popular(subjects[open_], kind), kind, guard)
        return chosen

    def _accept(self, chosen: Ints, subjects: Ints, rows: Ints, drawn: Ints, kind: str, guard: Guard | None) -> None:
        valid = self.is_kind(drawn, kind) & (drawn != subjects[rows])
        if guard is not None:
            valid &= guard(subjects[rows], np.maximum(drawn, 0))
        chosen[rows[valid]] = drawn[valid]

    def add(self, relation: str, subjects: Ints, objects: Ints) -> None:
        """Add facts of an entity relation; objects of -1 are left out, doubles too."""
        keep = objects >= 0
        subjects, objects = subjects[keep], objects[keep]
        if relation in self.pairs:
            subjects = np.concatenate([self.pairs[relation][0], subjects])
            objects = np.concatenate([self.pairs[relation][1], objects])
        _, unique = np.unique(subjects * self.size + objects, return_index=True)
        subjects, objects = subjects[unique], objects[unique]
        self.pairs[relation] = (subjects, objects)
        self._inverse.pop(relation, None)
        one = np.full(self.size, -1)
        one[subjects] = objects
        self.one[relation] = one

    def filter(self, relation: str, keep: NDArray[np.bool_]) -> None:
        """Leave out the facts of a relation that are not to be kept (a mask over its pairs)."""
        subjects, objects = self.pairs.pop(relation)
        self.add(relation, subjects[keep], objects[keep])

    def several(self, kind: str, share: float, most: int) -> Ints:
        """A share of the entities of a type, each repeated one to `most` times."""
        members = self.of_kind(kind, share)
        return np.repeat(members, self.random.integers(1, most + 1, size=len(members)))

    def couples(self, members: Ints, order_by: Ints, share: float) -> tuple[Ints, Ints]:
        """Disjoint pairs of members of one community whose `order_by` values lie close together."""
        order = members[np.lexsort((order_by + self.random.random(len(members)) * 12, self.community_N[members]))]
        order = order[: len(order) // 2 * 2]
        left, right = order[::2], order[1::2]
        wanted = self.random.random(len(left)) < min(1.0, share * self.config.density)
        keep = wanted & (self.community_N[left] == self.community_N[right])
        return left[keep], right[keep]

    def set_years(self, relation: str, entities: Ints, low: int | Ints, high: int | Ints) -> None:
        """Draw a year in [low, high] for each entity; `high` gives way where it lies before `low`."""
        column = self.literals.setdefault(relation, np.zeros(self.size, np.int64))
        low_M = np.broadcast_to(np.asarray(low), entities.shape)
        span = np.maximum(np.asarray(high) - low_M, 0) + 1
        column[entities] = low_M + (self.random.random(len(entities)) * span).astype(np.int64)

    def set_amounts(self, relation: str, entities: Ints, low: int, high: int) -> None:
        """Draw a whole number for each entity, log-uniform in [low, high]."""
        column = self.literals.setdefault(relation, np.zeros(self.size, np.int64))
        column[entities] = np.exp(self.random.uniform(np.log(low), np.log(high + 1), len(entities))).astype(np.int64)
