"""The parts that a world's dump and truth are rendered in, one after another or in several processes.

What enters: a `World`. What leaves: `Part`s in the order of the dump, and the pages and facts of each.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from websailor.wiki.relations import relations
from websailor.wiki.world import lists
from websailor.wiki.world.listing import Listing
from websailor.wiki.world.lists import WikiPage
from websailor.wiki.world.model import DISAGREES, INFOBOX, ON_OBJECT, TABLE, TEXT, TrueFact, World
from websailor.wiki.world.pages import PageWriter

PART = 2_000
"""Entities or lists of one part."""
BRIEF_PART = 10_000
"""Pages of a few words (redirects, categories) of one part."""

Content = Literal[
    "entities",
    "redirects",
    "disambiguations",
    "fact lists",
    "overviews",
    "initials",
    "initials everywhere",
    "categories",
    "home categories",
    "place categories",
]


class Part(NamedTuple):
    """A run of pages: of so many entities, groups, runs of groups, blocks or communities."""

    content: Content
    first: int = 0
    last: int = 0


class Rendering:
    """A world with what its pages and facts need besides."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.listing = Listing(world)
        self.lists = world.config.lists

    def prepare(self) -> None:
        """Compute now what would otherwise be computed in each process."""
        world = self.world
        _ = world.names, world.titles, world.links, world.aliases, world.first_fact_N, world.towards_objects_T
        _ = self._asides_by_fact, world.said
        if self.lists:
            _ = self.listing.first_R, self.listing.group_F, self.listing.region_N, self.listing.country_N

    def pages(self, part: Part) -> Iterator[WikiPage]:
        """The pages of a part."""
        world, listing = self.world, self.listing
        content, first, last = part
        match content:
            case "entities":
                return self._entities(part)
            case "redirects":
                return lists.redirects(world, first, last)
            case "disambiguations":
                return lists.disambiguations(world, first, last)
            case "fact lists":
                return lists.fact_lists(listing, first, last)
            case "overviews":
                return lists.overviews(listing, first, last)
            case "initials":
                return lists.initials(listing, first, last)
            case "initials everywhere":
                return lists.initials_everywhere(listing)
            case "categories":
                return lists.category_pages(listing)
            case "home categories":
                return lists.home_categories(listing, first, last)
            case "place categories":
                return lists.place_categories(listing, first, last)

    def _entities(self, part: Part) -> Iterator[WikiPage]:
        writer = PageWriter(self.world, part.first, part.last)
        categories = lists.categories_of(self.listing, writer.facts)
        for entity in writer.entities:
            text = writer.wikitext(entity, categories(entity, writer.own_facts(entity)))
            yield WikiPage(self.world.titles[entity], text)

    @cached_property
    def _asides_by_fact(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(fact, page) of every aside, sorted by fact."""
        order = np.argsort(self.world.aside_fact_A, kind="stable")
        return self.world.aside_fact_A[order], self.world.aside_page_A[order]

    def true_facts(self, part: Part) -> Iterator[TrueFact]:
        """The facts of a part's entities, in column order, with the titles of the pages that state them."""
        world, titles = self.world, self.world.titles
        types, units = world.value_types(), [known.unit for known in relations().values()]
        first, last = world.first_fact_N[[part.first, part.last]].tolist()
        told_fact, told_page = self._asides_by_fact
        first_aside = np.searchsorted(told_fact, np.arange(first, last + 1))
        aside_page = told_page[first_aside[0] : first_aside[-1]].tolist()
        first_aside = (first_aside - first_aside[0]).tolist()
        group = self.listing.group_F[first:last].tolist() if self.lists else [-1] * (last - first)
        columns = (world.subject_F, world.relation_F, world.object_F, world.start_F, world.end_F, world.place_F)
        rows = zip(*(column[first:last].tolist() for column in columns), group, strict=True)

        def written(relation: int, value: int) -> str:
            if types[relation] == "entity":
                return titles[value]
            return world.texts[value] if types[relation] == "text" else str(value)

        for row, (subject, relation, value, start, end, place, listed) in enumerate(rows):
            pages = [titles[subject]] if place & (INFOBOX | TEXT | TABLE) else []
            if place & ON_OBJECT:
                pages.append(titles[value])
            pages.extend(titles[page] for page in aside_page[first_aside[row] : first_aside[row + 1]])
            if listed >= 0:
                pages.append(self.listing.title(listed))
            disputed = bool(place & DISAGREES)
            yield TrueFact(
                subject=titles[subject],
                relation=world.relations[relation],
                object=written(relation, value),
                value_type=types[relation],
                unit=units[relation],
                start=start or None,
                end=end or None,
                pages=tuple(dict.fromkeys(pages)),
                disputed=disputed,
                said=written(relation, world.said[first + row]) if disputed else None,
            )


def parts(rendering: Rendering) -> Iterator[Part]:
    """Every part in page id order: entities first, then redirects, disambiguation, lists, categories."""
    listing, size = rendering.listing, len(rendering.world)
    yield from _cut("entities", size, PART)
    yield from _cut("redirects", size, BRIEF_PART)
    yield from _cut("disambiguations", size, BRIEF_PART)
    if rendering.lists:
        yield from _cut("fact lists", len(listing), PART)
        yield from _cut("overviews", len(listing.first_R) - 1, 1)
        yield from _cut("initials", len(listing.first_B) - 1, PART // 10)
        yield Part("initials everywhere")
        yield Part("categories")
        yield from _cut("home categories", len(listing.home_C), PART // 10)
        yield from _cut("place categories", len(listing), BRIEF_PART)


def _cut(content: Content, count: int, size: int) -> Iterator[Part]:
    return (Part(content, first, min(first + size, count)) for first in range(0, count, size))
