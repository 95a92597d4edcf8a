"""Pages beside the entities' own: list and category pages, disambiguation pages, redirects.

What enters: a `World` and the groups of its listed facts. What leaves: `WikiPage`s. Every level of every lattice has a
page: a country's decades, amounts and initials, a region's places, and above them half-centuries, centuries, countries
and all countries together, each linking to the level below. Lists state facts, and the truth names them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from websailor.wiki.english import with_article
from websailor.wiki.relations import kinds, relations
from websailor.wiki.world.listing import (
    AMOUNTS,
    PLACES,
    YEARS,
    Listing,
    amount_title,
    decade_title,
    first_digit_range,
    place_title,
    wider_titles,
)
from websailor.wiki.world.model import World
from websailor.wiki.world.statements import Statements


@dataclass(frozen=True)
class WikiPage:
    """A page as the dump holds it."""

    title: str
    text: str
    namespace: int = 0
    redirect: str | None = None


def fact_lists(listing: Listing, first: int, last: int) -> Iterator[WikiPage]:
    """The pages of the groups from `first` up to `last`: every fact of a group in a line."""
    bounds = listing.first_G[first : last + 1]
    said = Statements(listing.world, listing.rows[bounds[0] : bounds[-1]])
    starts = (bounds - bounds[0]).tolist()
    for number, (begin, end) in enumerate(pairwise(starts), first):
        title = listing.title(number)
        facts = range(begin, end)
        if listing.groups[number].relation in AMOUNTS:
            body = "\n\n".join(_by_first_digit(said, facts))
        else:
            body = "\n".join(f"* {said.clause(fact)}." for fact in facts)
        plural = listing.groups[number].plural
        yield WikiPage(title, f"{_opening(title, plural)}\n\n{body}\n\n[[Category:Lists]]")


def _by_first_digit(said: Statements, facts: range) -> Iterator[str]:
    for bounds, group in groupby(facts, key=lambda fact: first_digit_range(said.object[fact])):
        lines = "\n".join(f"* {said.clause(fact)}." for fact in group)
        yield f"== {_span(*bounds)} ==\n{lines}"


def _span(low: int, high: int) -> str:
    return f"Between {low:,} and {high:,}"


def overviews(listing: Listing, first: int, last: int) -> Iterator[WikiPage]:
    """Pages that link lists, of the runs from `first` up to `last`: half-centuries and centuries, amounts everywhere,
    countries.
    """
    numbers = range(listing.first_R[first], listing.first_R[last])
    keyed = groupby(numbers, key=lambda number: listing.groups[number][:2])
    for (relation, plural), members in keyed:
        if relation in YEARS:
            yield from _wider_years(listing, relation, plural, list(members))
        elif relation in AMOUNTS:
            yield from _amounts_everywhere(listing, relation, plural, list(members))
        else:
            yield from _countries(listing, relation, plural, list(members))


def _wider_years(listing: Listing, relation: str, plural: str, groups: list[int]) -> Iterator[WikiPage]:
    """Half-centuries and centuries of each country, then decades, half-centuries and centuries of all."""
    everywhere: dict[int, list[str]] = {}
    for place, members in groupby(groups, key=lambda number: listing.groups[number].place):
        wider: dict[str, list[str]] = {}
        for number in members:
            decade, title = listing.groups[number].bucket, listing.title(number)
            everywhere.setdefault(decade, []).append(title)
            for label in wider_titles(relation, plural, decade):
                wider.setdefault(f"{label} ({listing.world.titles[place]})", []).append(title)
        yield from (_index(title, plural, entries) for title, entries in wider.items())
    wider = {}
    for decade in sorted(everywhere):
        title = decade_title(relation, plural, decade)
        yield _index(title, plural, everywhere[decade])
        for label in wider_titles(relation, plural, decade):
            wider.setdefault(label, []).append(title)
    yield from (_index(title, plural, entries) for title, entries in wider.items())


def _amounts_everywhere(listing: Listing, relation: str, plural: str, groups: list[int]) -> Iterator[WikiPage]:
    """A page for each first digit and one for each order of magnitude, over all countries."""
    world = listing.world
    ranges: dict[tuple[int, int], list[str]] = {}
    wider: dict[int, set[str]] = {}
    for number in groups:
        bucket, title = listing.groups[number].bucket, listing.title(number)
        amounts = world.object_F[listing.rows[listing.first_G[number] : listing.first_G[number + 1]]].tolist()
        for bounds in dict.fromkeys(map(first_digit_range, amounts)):
            section = f"{title}#{_span(*bounds)}|{title}"
            ranges.setdefault(bounds, []).append(section)
            wider.setdefault(bucket, set()).add(amount_title(relation, plural, *bounds))
    titles = {amount_title(relation, plural, *bounds): entries for bounds, entries in sorted(ranges.items())}
    for title, entries in titles.items():
        yield _index(title, plural, entries)
    for bucket in sorted(wider):
        title = amount_title(relation, plural, bucket, bucket * 10)
        if title not in titles:
            yield _index(title, plural, [entry for entry in titles if entry in wider[bucket]])


def _countries(listing: Listing, relation: str, plural: str, groups: list[int]) -> Iterator[WikiPage]:
    """A page for each country that links those of its regions."""
    regions: dict[int, list[str]] = {}
    for number in groups:
        country = int(listing.country_N[listing.groups[number].place])
        if country >= 0:
            regions.setdefault(country, []).append(listing.title(number))
    for country, entries in regions.items():
        yield _index(place_title(relation, plural, listing.world.titles[country]), plural, entries)


def initials(listing: Listing, first: int, last: int) -> Iterator[WikiPage]:
    """A page by initial letter for each block from `first` up to `last`: the entities of one country and type."""
    world = listing.world
    for begin, end in pairwise(listing.first_B[first : last + 1]):
        if world.kind_N[begin] == listing.home_kind:
            continue
        title = _index_title(listing, begin)
        sections = [
            f"== {letter} ==\n" + "\n".join(f"* {world.links[entity]}" for entity in members)
            for letter, members in _by_letter(world, range(begin, end))
        ]
        yield WikiPage(
            title,
            "\n\n".join([_opening(title, listing.kinds[world.kind_N[begin]].plural), *sections, "[[Category:Lists]]"]),
        )


def initials_everywhere(listing: Listing) -> Iterator[WikiPage]:
    """A page per type and letter, and one per type, that link to those of the countries."""
    world = listing.world
    letters: dict[tuple[int, str], list[str]] = {}
    indices: dict[int, list[str]] = {}
    for begin, end in pairwise(listing.first_B):
        kind = int(world.kind_N[begin])
        if kind == listing.home_kind:
            continue
        title = _index_title(listing, begin)
        indices.setdefault(kind, []).append(title)
        for letter in sorted({name[0] for name in world.names[begin:end]}):
            letters.setdefault((kind, letter), []).append(f"{title}#{letter}|{title}")
    homes = np.flatnonzero(world.kind_N == listing.home_kind).tolist()
    for letter, members in _by_letter(world, homes):
        letters[listing.home_kind, letter] = [_target(world.links[entity]) for entity in members]
        indices.setdefault(listing.home_kind, []).extend(letters[listing.home_kind, letter])
    for (kind, letter), entries in sorted(letters.items()):
        plural = listing.kinds[kind].plural
        yield _index(f"List of {plural} whose names begin with {letter}", plural, entries)
    for kind, entries in sorted(indices.items()):
        plural = listing.kinds[kind].plural
        yield _index(f"Index of {plural}", plural, entries)


def _index_title(listing: Listing, entity: int) -> str:
    return f"Index of {listing.kinds[listing.world.kind_N[entity]].plural} of {listing.home(entity)}"


def _by_letter(world: World, entities: range | list[int]) -> Iterator[tuple[str, Iterator[int]]]:
    return groupby(sorted(entities, key=world.names.__getitem__), key=lambda entity: world.names[entity][0])


def _target(link: str) -> str:
    return link.removeprefix("[[").removesuffix("]]")


def category_pages(listing: Listing) -> Iterator[WikiPage]:
    """The widest categories: types, years up to centuries, countries."""
    world = listing.world
    yield WikiPage("Category:Contents", "Everything in this encyclopedia.", namespace=14)
    yield _category("Lists", "Pages that list other pages.", ("Contents",))
    for plural in (kind.plural for kind in listing.kinds):
        yield _category(plural.capitalize(), f"Pages about {plural}.", ("Contents",))
    for name, (_, noun) in YEARS.items():
        years = np.unique(world.object_F[world.relation_F == world.relations.index(name)]).tolist()
        yield from _year_categories(noun, years)
    groups = (group for group in listing.groups if group.relation in PLACES)
    countries = dict.fromkeys((group.relation, group.plural, int(listing.country_N[group.place])) for group in groups)
    for relation, plural, country in countries:
        if country >= 0:
            name = place_category(relation, plural, world.titles[country])
            yield _category(name, "Pages by region.", ("Contents",))


def home_categories(listing: Listing, first: int, last: int) -> Iterator[WikiPage]:
    """The types of the countries of the communities from `first` up to `last`."""
    for home in (listing.world.titles[entity] for entity in listing.home_C[first:last].tolist()):
        for number, plural in enumerate(kind.plural for kind in listing.kinds):
            if number != listing.home_kind:
                text = f"Pages about {plural} of [[{home}]]. See [[Index of {plural} of {home}]]."
                yield _category(f"{plural.capitalize()} of {home}", text, (plural.capitalize(),))


def _year_categories(noun: str, years: list[int]) -> Iterator[WikiPage]:
    for year in years:
        yield _category(f"{year} {noun}", f"Pages for the year {year}.", (f"{year // 10 * 10}s {noun}",))
    for decade in sorted({year // 10 * 10 for year in years}):
        half = f"{decade // 50 * 50}–{decade // 50 * 50 + 49} {noun}"
        yield _category(f"{decade}s {noun}", f"Pages for the years {decade} to {decade + 9}.", (half,))
    for first in sorted({year // 50 * 50 for year in years}):
        century = f"{first // 100 + 1}th-century {noun}"
        text = f"Pages for the years {first} to {first + 49}."
        yield _category(f"{first}–{first + 49} {noun}", text, (century,))
    for century in sorted({year // 100 + 1 for year in years}):
        text = f"Pages for the years {century * 100 - 100} to {century * 100 - 1}."
        yield _category(f"{century}th-century {noun}", text, ("Contents",))


def place_categories(listing: Listing, first: int, last: int) -> Iterator[WikiPage]:
    """A category for every list of a region's places among the groups from `first` up to `last`."""
    titles = listing.world.titles
    for number, group in enumerate(listing.groups[first:last], first):
        if group.relation in PLACES:
            country = int(listing.country_N[group.place])
            above = place_category(group.relation, group.plural, titles[country]) if country >= 0 else "Contents"
            name = place_category(group.relation, group.plural, titles[group.place])
            yield _category(name, f"See [[{listing.title(number)}]].", (above,))


def place_category(relation: str, plural: str, place: str) -> str:
    """Name of the category of what stands in a relation to a region or country."""
    return f"{plural.capitalize()} {PLACES[relation]} {place}"


def categories_of(listing: Listing, said: Statements) -> Callable[[int, range], tuple[str, ...]]:
    """Entity and its facts (numbers of `said`) -> its categories: type and country, years, places."""
    world = listing.world
    known = list(relations())
    years = {known.index(name): noun for name, (_, noun) in YEARS.items()}
    places = {known.index(name): name for name in PLACES}

    def categories(entity: int, facts: range) -> tuple[str, ...]:
        kind = int(world.kind_N[entity])
        plural = listing.kinds[kind].plural
        found = [plural.capitalize()]
        if not world.config.lists:
            return tuple(found)
        if kind != listing.home_kind:
            found = [f"{plural.capitalize()} of {listing.home(entity)}"]
        for fact in facts:
            relation, value = said.relation[fact], said.object[fact]
            if relation in years:
                found.append(f"{value} {years[relation]}")
            elif relation in places and (region := int(listing.region_N[value])) >= 0:
                found.append(place_category(places[relation], plural, world.titles[region]))
        return tuple(found)

    return categories


def redirects(world: World, first: int, last: int) -> Iterator[WikiPage]:
    """A redirect for every alias of the entities from `first` up to `last`."""
    for entity in (np.flatnonzero(world.alias_N2[first:last, 0] >= 0) + first).tolist():
        title = world.titles[entity]
        yield WikiPage(world.aliases[entity], f"#REDIRECT [[{title}]]", redirect=title)


def disambiguations(world: World, first: int, last: int) -> Iterator[WikiPage]:
    """A disambiguation page for every name whose first bearer is among the entities from `first` up to `last`."""
    for entity in (np.flatnonzero(world.homonym_N[first:last] > np.arange(first, last)) + first).tolist():
        name = world.names[entity]
        lines = "\n".join(
            f"* [[{world.titles[bearer]}]], {with_article(world.kinds[world.kind_N[bearer]])}"
            for bearer in (entity, int(world.homonym_N[entity]))
        )
        yield WikiPage(name, f"'''{name}''' may refer to:\n{lines}\n\n{{{{disambiguation}}}}")


def _opening(title: str, plural: str) -> str:
    """What a list is. Its type stands in the singular, too: people search in either number."""
    kind = next(kind.name for kind in kinds().values() if kind.plural == plural)
    return f"This is {with_article(title[0].lower() + title[1:])}. Every {kind} that belongs here is listed."


def _index(title: str, plural: str, entries: list[str]) -> WikiPage:
    lines = "\n".join(f"* [[{entry}]]" for entry in entries)
    return WikiPage(title, f"{_opening(title, plural)}\n\n{lines}\n\n[[Category:Lists]]")


def _category(name: str, text: str, parents: tuple[str, ...]) -> WikiPage:
    links = "\n".join(f"[[Category:{parent}]]" for parent in parents)
    return WikiPage(f"Category:{name}", f"{text}\n\n{links}", namespace=14)
