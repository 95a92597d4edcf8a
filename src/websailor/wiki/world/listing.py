"""Which facts stand in lists, and in which one: the lattices of years, amounts and places.

What enters: a `World`. What leaves: groups of facts, one list page each, with their titles. A fuzzy clue ("born in the
1950s", "in a settlement of that region", "has between 40,000 and 50,000 inhabitants") can only be searched when a page
collects what it fits; `lists` writes those pages and the wider ones above them.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from websailor.wiki.relations import kinds
from websailor.wiki.world.model import World

YEARS = {
    "born": ("born", "births"),
    "died": ("who died", "deaths"),
    "founded": ("founded", "foundings"),
    "published": ("published", "publications"),
    "held": ("held", "events held"),
    "opened": ("opened", "openings"),
}
"""Relations with lists by decade: words of the list's title, words of the year's category."""
PLACES = {
    "born_in": "born in",
    "lives_in": "who live in",
    "died_in": "who died in",
    "hq_in": "with their head office in",
    "campus_in": "with their campus in",
    "based_in": "based in",
    "site_in": "standing in",
    "held_in": "held in",
    "set_in": "set in",
    "located_in": "located in",
}
"""Relations to settlements (or regions) with lists by region."""
AMOUNTS = {
    "population": "with a population between {low} and {high}",
    "area": "that cover between {low} and {high} km2",
    "length": "between {low} and {high} m long",
    "capacity": "with room for between {low} and {high} visitors",
    "pages": "with between {low} and {high} pages",
    "edition": "of edition number {low} to {high}",
}
"""Relations with lists by order of magnitude, divided by first digit."""


class Group(NamedTuple):
    """What a list page collects."""

    relation: str
    plural: str
    """Of the subjects' type."""
    place: int
    """The entity whose name the title bears: a country, or a region for `PLACES`."""
    bucket: int
    """Decade of years, lower bound of amounts, 0 for places."""


def first_digit_range(amount: int) -> tuple[int, int]:
    """The range between round numbers that holds an amount: 45321 -> (40000, 50000); below 10: (1, 10)."""
    if amount < 10:
        return 1, 10
    step = 10 ** (len(str(amount)) - 1)
    return amount // step * step, (amount // step + 1) * step


class Listing:
    """The groups of a world's listed facts, in the order of their pages."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.kinds = [kinds()[name] for name in world.kinds]
        # The first country of a community, or its first region where the profile has no countries, stands for it.
        self.home_kind = world.kinds.index("country" if "country" in world.kinds else "region")
        members = np.flatnonzero(world.kind_N == self.home_kind)[::-1]
        self.home_C = np.zeros(int(world.community_N[-1]) + 1, np.int64)
        self.home_C[world.community_N[members]] = members

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Listed facts, group after group."""
        return self._grouped[0]

    @cached_property
    def first_G(self) -> NDArray[np.int64]:
        """Where in `rows` each group begins, and the end as last."""
        return self._grouped[1]

    def home(self, entity: int) -> str:
        """Title of the country (or region) that the entity's community is named by."""
        return self.world.titles[self.home_C[self.world.community_N[entity]]]

    @cached_property
    def region_N(self) -> NDArray[np.int64]:
        """The region that each place lies in (a region lies in itself), -1 where there is none."""
        world = self.world
        found = np.full(len(world), -1)
        for name in ("part_of", "located_in"):
            rows = np.flatnonzero(world.relation_F == world.relations.index(name))
            rows = rows[world.kind_N[world.object_F[rows]] == world.kinds.index("region")]
            found[world.subject_F[rows]] = world.object_F[rows]
        regions = np.flatnonzero(world.kind_N == world.kinds.index("region"))
        found[regions] = regions
        return found

    @cached_property
    def country_N(self) -> NDArray[np.int64]:
        """The country that each region is part of, -1 where there is none."""
        world = self.world
        found = np.full(len(world), -1)
        rows = np.flatnonzero(world.relation_F == world.relations.index("part_of"))
        if "country" in world.kinds:
            rows = rows[world.kind_N[world.object_F[rows]] == world.kinds.index("country")]
            found[world.subject_F[rows]] = world.object_F[rows]
        return found

    @cached_property
    def _grouped(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        world = self.world
        by_name = {name: index for index, name in enumerate(world.relations)}
        place_F = np.full(len(world.subject_F), -1)
        bucket_F = np.zeros(len(world.subject_F), np.int64)
        relation_F = world.relation_F
        years, amounts, places = (
            np.isin(relation_F, [by_name[name] for name in names]) for names in (YEARS, AMOUNTS, PLACES)
        )
        at_home = years | amounts
        place_F[at_home] = self.home_C[world.community_N[world.subject_F[at_home]]]
        place_F[places] = self.region_N[world.object_F[places]]
        bucket_F[years] = world.object_F[years] // 10 * 10
        magnitude = np.floor(np.log10(np.maximum(world.object_F[amounts], 1)) + 1e-9).astype(np.int64)
        bucket_F[amounts] = 10**magnitude
        rows = np.flatnonzero(place_F >= 0)
        within = np.where(amounts[rows], world.object_F[rows], 0)
        keys = (bucket_F[rows], place_F[rows], world.kind_N[world.subject_F[rows]].astype(np.int64), relation_F[rows])
        order = np.lexsort((rows, within, *keys))
        rows = rows[order]
        new = np.zeros(len(rows), bool)
        new[:1] = True
        for key in keys:
            new[1:] |= np.diff(key[order].astype(np.int64)) != 0
        return rows, np.append(np.flatnonzero(new), len(rows))

    @cached_property
    def group_F(self) -> NDArray[np.int32]:
        """Group of every fact, -1 for what no list states."""
        found = np.full(len(self.world.subject_F), -1, np.int32)
        found[self.rows] = np.repeat(np.arange(len(self)), np.diff(self.first_G))
        return found

    def __len__(self) -> int:
        return len(self.first_G) - 1

    @cached_property
    def groups(self) -> list[Group]:
        """What each group collects."""
        world = self.world
        facts = self.rows[self.first_G[:-1]]
        subject_G, object_G = world.subject_F[facts], world.object_F[facts]
        columns = (
            world.relation_F[facts],
            world.kind_N[subject_G],
            object_G,
            self.home_C[world.community_N[subject_G]],
        )
        found = []
        for relation, kind, value, home in zip(*(column.tolist() for column in columns), strict=True):
            name, plural = world.relations[relation], self.kinds[kind].plural
            if name in PLACES:
                found.append(Group(name, plural, int(self.region_N[value]), 0))
            else:
                bucket = value // 10 * 10 if name in YEARS else 10 ** (len(str(value)) - 1)
                found.append(Group(name, plural, home, bucket))
        return found

    @cached_property
    def first_R(self) -> list[int]:
        """Where each run of groups of one relation and type begins, and the end as last."""
        groups = self.groups
        starts = [n for n, group in enumerate(groups) if n == 0 or group[:2] != groups[n - 1][:2]]
        return [*starts, len(groups)]

    @cached_property
    def first_B(self) -> list[int]:
        """Where each block of entities of one community and type begins, and the end as last."""
        kind_N = self.world.kind_N
        return [0, *(np.flatnonzero(np.diff(kind_N)) + 1).tolist(), len(kind_N)]

    def title(self, number: int) -> str:
        """Title of a group's page."""
        group = self.groups[number]
        place = self.world.titles[group.place]
        if group.relation in PLACES:
            return place_title(group.relation, group.plural, place)
        if group.relation in YEARS:
            return f"{decade_title(group.relation, group.plural, group.bucket)} ({place})"
        return f"{amount_title(group.relation, group.plural, group.bucket, group.bucket * 10)} ({place})"


def place_title(relation: str, plural: str, place: str) -> str:
    """Title of what stands in a relation to a region or country."""
    return f"List of {plural} {PLACES[relation]} {place}"


def decade_title(relation: str, plural: str, decade: int) -> str:
    """Title of what happened in a decade."""
    return f"List of {plural} {YEARS[relation][0]} in the {decade}s"


def wider_titles(relation: str, plural: str, decade: int) -> tuple[str, str]:
    """Titles of the half-century and the century that hold a decade."""
    words = f"List of {plural} {YEARS[relation][0]}"
    return (
        f"{words} between {decade // 50 * 50} and {decade // 50 * 50 + 49}",
        f"{words} in the {decade // 100 + 1}th century",
    )


def amount_title(relation: str, plural: str, low: int, high: int) -> str:
    """Title of what has an amount in a range."""
    return f"List of {plural} {AMOUNTS[relation].format(low=f'{low:,}', high=f'{high:,}')}"
