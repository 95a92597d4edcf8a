"""How a world's pages word single facts.

What enters: a `World` and the rows of some facts. What leaves: wikitext of their objects, tenures and sentences. Only
the columns of those rows are held, as plain lists: reading numpy arrays one element at a time costs more, and lists of
all the facts of a large world would not fit into memory.
"""

import numpy as np
from numpy.typing import NDArray

from websailor.wiki.relations import Kind, Relation, kinds, relations
from websailor.wiki.world.model import DISAGREES, World

ALIAS_LINKS = 16
"""One link in so many, to an entity with an alias, goes through the redirect."""


class Statements:
    """Some facts of a world, numbered from 0 in the order of `rows`."""

    def __init__(self, world: World, rows: NDArray[np.int64]) -> None:
        self.world = world
        self.names, self.titles, self.links, self.aliases = world.names, world.titles, world.links, world.aliases
        self.fact = rows.tolist()
        self.subject: list[int] = world.subject_F[rows].tolist()
        self.relation: list[int] = world.relation_F[rows].tolist()
        self.object: list[int] = world.object_F[rows].tolist()
        self.place: list[int] = world.place_F[rows].tolist()
        self.dice: list[int] = world.dice_F[rows].tolist()
        self.start: list[int] = world.start_F[rows].tolist()
        self.end: list[int] = world.end_F[rows].tolist()
        known = relations()
        self.relations: list[Relation] = [known[name] for name in world.relations]
        self.kinds: list[Kind] = [kinds()[name] for name in world.kinds]

    def value(self, row: int, in_text: bool = False) -> str:
        """The object as a page writes it: a link, a year, an amount with its unit, or a text."""
        relation, value = self.relations[self.relation[row]], self.object[row]
        if in_text and self.place[row] & DISAGREES:
            value = self.world.said[self.fact[row]]
        if relation.value_type == "entity":
            alias = self.aliases.get(value) if in_text and self.dice[row] % ALIAS_LINKS == 0 else None
            return f"[[{alias}|{self.names[value]}]]" if alias else self.links[value]
        if relation.value_type == "text":
            return self.world.texts[value]
        if relation.value_type == "date":
            return str(value)
        if relation.unit is None:
            return f"{value:,}"
        if in_text and self.dice[row] & 64:
            return f"{{{{convert|{value}|{relation.unit}}}}}"
        return f"{value:,} {relation.unit}"

    def years(self, row: int) -> str:
        """The tenure of a fact, as it follows the object in an infobox or table."""
        start, end = self.start[row], self.end[row]
        if not start:
            return ""
        return f" ({start}–{end})" if end else f" (since {start})"

    def clause(self, row: int) -> str:
        """A plain clause that states a fact, with links, as lists print it."""
        relation = self.relations[self.relation[row]]
        return f"{self.links[self.subject[row]]} {relation.clue[0].format(o=self.value(row))}"

    def sentence(self, row: int, page: int) -> str:
        """A sentence that states a fact on the page of an entity, which is named without a link (or by a pronoun)."""
        relation, subject, dice = self.relations[self.relation[row]], self.subject[row], self.dice[row]
        start, end = self.start[row], self.end[row]
        config = self.world.config
        options = relation.sentences
        if start and relation.since:
            options = relation.tenure if end else relation.since
        options = options[: config.phrasings]
        template = options[dice % len(options)]
        own = subject == page
        spoken = own and (dice >> 8) % 1000 < 1000 * config.pronouns and template.startswith("{s} ")
        by_name = self.names[subject] if own else self.links[subject]
        named = self._pronoun(subject) if spoken else by_name
        entity = relation.value_type == "entity"
        thing = self.names[page] if entity and self.object[row] == page else self.value(row, in_text=True)
        return template.format(s=named, o=thing, start=start, end=end)

    def _pronoun(self, entity: int) -> str:
        if self.kinds[self.world.kind_N[entity]].name != "person":
            return "It"
        return "She" if self.world.female_N[entity] else "He"
