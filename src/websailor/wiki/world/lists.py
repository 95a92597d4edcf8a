"""Pages beside the entities' own: list and category pages, disambiguation pages, redirects.

A fuzzy clue ("born in the 1950s", "in a settlement of that region") can only be searched when a page collects what it
fits. So every level of every lattice has one: years up to centuries, settlements up to regions, types, initials. Lists
state facts, and `Lists.list_title` says which, so that the truth names them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from websailor.wiki.world.pages import PageWriter

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
"""Relations to settlements with lists by region."""


@dataclass(frozen=True)
class WikiPage:
    """A page as the dump holds it."""

    title: str
    text: str
    namespace: int = 0
    redirect: str | None = None


class Lists:
    """Titles and contents of the lists of a rich world."""

    def __init__(self, writer: PageWriter) -> None:
        self.writer = writer
        self.world = world = writer.world
        self._kind = world.kind_N.tolist()
        self._community = world.community_N.tolist()
        self._object = world.object_F.tolist()
        self._relation = world.relation_F.tolist()
        self._subject = world.subject_F.tolist()
        # The first country of a community, or its first region where the profile has no countries, stands for it.
        self._home_kind = world.kinds.index("country" if "country" in world.kinds else "region")
        members = np.flatnonzero(world.kind_N == self._home_kind)[::-1]
        self.homes = dict(zip(world.community_N[members].tolist(), members.tolist(), strict=True))
        self._region = {**world.literal_by_subject("part_of"), **world.literal_by_subject("located_in")}
        self.by_name = {name: index for index, name in enumerate(world.relations)}

    def plural(self, entity: int) -> str:
        """Plural of the entity's type."""
        return self.writer.kinds[self._kind[entity]].plural

    def home(self, entity: int) -> str:
        """Title of the country (or region) that the entity's community is named by."""
        return self.writer.titles[self.homes[self._community[entity]]]

    def categories(self, entity: int, years: dict[str, int]) -> tuple[str, ...]:
        """Categories of an entity page: its type and country, and the years of the facts it states."""
        if not self.world.config.lists:
            return (self.plural(entity).capitalize(),)
        plural = self.plural(entity).capitalize()
        return (
            plural if self._kind[entity] == self._home_kind else f"{plural} of {self.home(entity)}",
            *(f"{year} {YEARS[name][1]}" for name, year in years.items()),
        )

    def list_title(self, fact: int) -> str | None:
        """The list page that states a fact, or None when no list does."""
        relation = self.world.relations[self._relation[fact]]
        subject = self._subject[fact]
        if relation in YEARS:
            decade = self._object[fact] // 10 * 10
            return f"List of {self.plural(subject)} {YEARS[relation][0]} in the {decade}s ({self.home(subject)})"
        if relation in PLACES and (region := self._region.get(self._object[fact])) is not None:
            return f"List of {self.plural(subject)} {PLACES[relation]} {self.writer.titles[region]}"
        return None

    def pages(self) -> Iterator[WikiPage]:
        """All list pages, lowest level first, then the categories."""
        yield from self._fact_lists()
        yield from self._decade_overviews()
        yield from self._initial_lists()
        yield from self._category_pages()

    def _fact_lists(self) -> Iterator[WikiPage]:
        listed = [self.by_name[name] for name in (*YEARS, *PLACES)]
        titled = [
            (title, fact)
            for fact in np.flatnonzero(np.isin(self.world.relation_F, listed)).tolist()
            if (title := self.list_title(fact)) is not None
        ]
        titled.sort()
        for title, group in groupby(titled, key=lambda pair: pair[0]):
            lines = "\n".join(f"* {self.writer.statement(fact)}." for _, fact in group)
            yield WikiPage(title, f"This is a {title[0].lower()}{title[1:]}.\n\n{lines}\n\n[[Category:Lists]]")

    def _year_groups(self) -> dict[tuple[str, str], dict[int, set[str]]]:
        """(plural, relation) -> decade -> titles of its lists."""
        groups: dict[tuple[str, str], dict[int, set[str]]] = {}
        for name in YEARS:
            for fact in np.flatnonzero(self.world.relation_F == self.by_name[name]).tolist():
                decades = groups.setdefault((self.plural(self._subject[fact]), name), {})
                title = self.list_title(fact)
                assert title is not None
                decades.setdefault(self._object[fact] // 10 * 10, set()).add(title)
        return groups

    def _decade_overviews(self) -> Iterator[WikiPage]:
        """A page per decade that links the countries' lists, and one per half-century and century that links those."""
        for (plural, name), decades in self._year_groups().items():
            words = YEARS[name][0]
            wider: dict[str, list[str]] = {}
            for decade in sorted(decades):
                title = f"List of {plural} {words} in the {decade}s"
                yield _index(title, sorted(decades[decade]))
                century = f"List of {plural} {words} in the {decade // 100 + 1}th century"
                half = f"List of {plural} {words} between {decade // 50 * 50} and {decade // 50 * 50 + 49}"
                for label in (half, century):
                    wider.setdefault(label, []).append(title)
            for label, titles in wider.items():
                yield _index(label, titles)

    def _initial_lists(self) -> Iterator[WikiPage]:
        """A page per country and type, by initial letter."""
        names, links = self.writer.names, self.writer.links
        blocks_of = groupby(range(len(self.world)), key=lambda entity: (self._community[entity], self._kind[entity]))
        for _, members in blocks_of:
            entities = sorted(members, key=names.__getitem__)
            if self._kind[entities[0]] == self._home_kind:
                continue
            title = f"Index of {self.plural(entities[0])} of {self.home(entities[0])}"
            sections = [
                f"== {letter} ==\n" + "\n".join(f"* {links[entity]}" for entity in group)
                for letter, group in groupby(entities, key=lambda entity: names[entity][0])
            ]
            opening = f"This is an {title[0].lower()}{title[1:]}."
            yield WikiPage(title, "\n\n".join([opening, *sections, "[[Category:Lists]]"]))

    def _category_pages(self) -> Iterator[WikiPage]:
        yield WikiPage("Category:Contents", "Everything in this encyclopedia.", namespace=14)
        yield _category("Lists", "Pages that list other pages.", ("Contents",))
        for number, plural in enumerate(kind.plural for kind in self.writer.kinds):
            yield _category(plural.capitalize(), f"Pages about {plural}.", ("Contents",))
            if number == self._home_kind:
                continue
            for home in (self.writer.titles[entity] for entity in sorted(self.homes.values())):
                text = f"Pages about {plural} of [[{home}]]. See [[Index of {plural} of {home}]]."
                yield _category(f"{plural.capitalize()} of {home}", text, (plural.capitalize(),))
        for name, (_, noun) in YEARS.items():
            years = sorted({self._object[fact] for fact in np.flatnonzero(self.world.relation_F == self.by_name[name])})
            for year in years:
                yield _category(f"{year} {noun}", f"Pages for the year {year}.", (f"{year // 10 * 10}s {noun}",))
            for decade in sorted({year // 10 * 10 for year in years}):
                century = f"{decade // 100 + 1}th-century {noun}"
                yield _category(f"{decade}s {noun}", f"Pages for the years {decade} to {decade + 9}.", (century,))
            for century in sorted({year // 100 + 1 for year in years}):
                text = f"Pages for the years {century * 100 - 100} to {century * 100 - 1}."
                yield _category(f"{century}th-century {noun}", text, ("Contents",))


def redirects_and_disambiguations(writer: PageWriter) -> Iterator[WikiPage]:
    """A redirect for every alias, a disambiguation page for every shared name."""
    world = writer.world
    for entity, alias in writer.aliases.items():
        title = writer.titles[entity]
        yield WikiPage(alias, f"#REDIRECT [[{title}]]", redirect=title)
    for entity, other in enumerate(world.homonym_N.tolist()):
        if entity < other:
            name = writer.names[entity]
            lines = "\n".join(
                f"* [[{writer.titles[bearer]}]], {_with_article(world.kinds[world.kind_N[bearer]])}"
                for bearer in (entity, other)
            )
            yield WikiPage(name, f"'''{name}''' may refer to:\n{lines}\n\n{{{{disambiguation}}}}")


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _index(title: str, entries: list[str]) -> WikiPage:
    lines = "\n".join(f"* [[{entry}]]" for entry in entries)
    return WikiPage(title, f"This is a {title[0].lower()}{title[1:]}.\n\n{lines}\n\n[[Category:Lists]]")


def _category(name: str, text: str, parents: tuple[str, ...]) -> WikiPage:
    links = "\n".join(f"[[Category:{parent}]]" for parent in parents)
    return WikiPage(f"Category:{name}", f"{text}\n\n{links}", namespace=14)
