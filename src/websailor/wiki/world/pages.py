"""Wikitext of a world's entity pages.

What enters: a `World`. What leaves: one wikitext string per entity: infobox (keys are relation names), sentences, a
table, links, categories. A page states exactly the facts that the columns place on it, so the truth is read off them.
"""

from functools import cached_property
from itertools import groupby

import numpy as np

from websailor.wiki.relations import Kind, Relation, kinds, relations
from websailor.wiki.world.model import DISAGREES, INFOBOX, ON_OBJECT, TABLE, TEXT, World
from websailor.wiki.world.placement import lead_slots

ALIAS_LINKS = 16
"""One link in so many, to an entity with an alias, goes through the redirect."""


class PageWriter:
    """Renders entity pages. Holds plain lists of the columns: reading numpy arrays one element at a time costs more."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.names = world.names
        self.titles = world.titles
        self.aliases = world.aliases
        self.links = [
            f"[[{name}]]" if name == title else f"[[{title}|{name}]]"
            for name, title in zip(self.names, self.titles, strict=True)
        ]
        self._first = world.first_fact_N.tolist()
        self._subject = world.subject_F.tolist()
        self._relation = world.relation_F.tolist()
        self._object = world.object_F.tolist()
        self._place = world.place_F.tolist()
        self._dice = world.dice_F.tolist()
        self._start, self._end = world.start_F.tolist(), world.end_F.tolist()
        self._kind = world.kind_N.tolist()
        self._female = world.female_N.tolist()
        known = relations()
        self._relations: list[Relation] = [known[name] for name in world.relations]
        self.kinds: list[Kind] = [kinds()[name] for name in world.kinds]
        self._leads = [[(lead, lead_slots(lead)) for lead in kind.leads] for kind in self.kinds]
        self._first_aside = np.searchsorted(world.aside_page_A, np.arange(len(world) + 1)).tolist()
        self._aside_fact = world.aside_fact_A.tolist()

    @cached_property
    def _towards(self) -> tuple[list[int], list[int]]:
        """Facts that the object's page states: (first row of every entity, facts sorted by object)."""
        facts = np.flatnonzero(self.world.place_F & ON_OBJECT)
        facts = facts[np.argsort(self.world.object_F[facts], kind="stable")]
        first = np.searchsorted(self.world.object_F[facts], np.arange(len(self.world) + 1))
        return first.tolist(), facts.tolist()

    def wikitext(self, entity: int, categories: tuple[str, ...]) -> str:
        """The page of one entity."""
        kind = self.kinds[self._kind[entity]]
        facts = range(self._first[entity], self._first[entity + 1])
        blocks = [f"{self._infobox(kind, facts)}\n{self._opening(entity, facts)}"]
        if table := self._table(facts):
            blocks.append(f"== Record ==\n{table}")
        if context := self._context(entity):
            blocks.append(f"== Context ==\n{context}")
        blocks.append("\n".join(f"[[Category:{category}]]" for category in categories))
        return "\n\n".join(blocks)

    def statement(self, fact: int) -> str:
        """A plain clause that states a fact, with links, as lists print it."""
        relation = self._relations[self._relation[fact]]
        return f"{self.links[self._subject[fact]]} {relation.clue[0].format(o=self._value(fact))}"

    def _value(self, fact: int, in_text: bool = False) -> str:
        """The object as a page writes it: a link, a year, an amount with its unit, or a text."""
        relation, value = self._relations[self._relation[fact]], self._object[fact]
        if relation.value_type == "entity":
            alias = self.aliases.get(value) if in_text and self._dice[fact] % ALIAS_LINKS == 0 else None
            return f"[[{alias}|{self.names[value]}]]" if alias else self.links[value]
        if relation.value_type == "text":
            return self.world.texts[value]
        shift = self._dice[fact] % 5 + 1 if in_text and self._place[fact] & DISAGREES else 0
        if relation.value_type == "date":
            return str(value + shift)
        value += shift * max(1, value // 10) if shift else 0
        if relation.unit is None:
            return f"{value:,}"
        if in_text and self._dice[fact] & 64:
            return f"{{{{convert|{value}|{relation.unit}}}}}"
        return f"{value:,} {relation.unit}"

    def _years(self, fact: int) -> str:
        """The tenure of a fact, as it follows the object in an infobox or table."""
        start, end = self._start[fact], self._end[fact]
        if not start:
            return ""
        return f" ({start}–{end})" if end else f" (since {start})"

    def _infobox(self, kind: Kind, facts: range) -> str:
        lines = [f"{{{{Infobox {kind.name}"]
        before = -1
        for fact in facts:
            if not self._place[fact] & INFOBOX:
                continue
            relation = self._relation[fact]
            written = self._value(fact) + self._years(fact)
            if relation == before:
                lines[-1] += f", {written}"
            else:
                lines.append(f"| {self._relations[relation].name} = {written}")
            before = relation
        return "\n".join([*lines, "}}"])

    def _opening(self, entity: int, facts: range) -> str:
        """The page's text about itself: the lead sentence, then the other facts that stand in the text."""
        told = [fact for fact in facts if self._place[fact] & TEXT]
        by_name = {self._relations[self._relation[fact]].name: fact for fact in told}
        lead, slots = next(
            (lead, slots) for lead, slots in self._leads[self._kind[entity]] if all(slot in by_name for slot in slots)
        )
        values = {slot: self._value(by_name[slot], in_text=True) for slot in slots}
        alias = self.aliases.get(entity)
        known_as = f" (also known as '''{alias}''')" if alias else ""
        sentences = [lead.format(s=f"'''{self.names[entity]}'''{known_as}", **values)]
        in_lead = {by_name[slot] for slot in slots}
        sentences.extend(self._sentence(fact, own=True) for fact in told if fact not in in_lead)
        return " ".join(sentences)

    def _context(self, entity: int) -> str:
        """What the page says about its neighbours."""
        first, facts = self._towards
        sentences = []
        towards = facts[first[entity] : first[entity + 1]]
        for relation, group in groupby(sorted(towards, key=self._relation.__getitem__), self._relation.__getitem__):
            subjects = [self.links[self._subject[fact]] for fact in group]
            phrase = self._relations[relation].inverse[0].format(s=_enumerate(subjects))
            sentences.append(f"{self.names[entity]} {phrase}.")
        asides = self._aside_fact[self._first_aside[entity] : self._first_aside[entity + 1]]
        sentences.extend(self._sentence(fact, own=False) for fact in asides)
        return " ".join(sentences)

    def _sentence(self, fact: int, own: bool) -> str:
        """A sentence that states a fact, on its subject's page (by name or pronoun) or on another (by link)."""
        relation, subject, dice = self._relations[self._relation[fact]], self._subject[fact], self._dice[fact]
        start, end = self._start[fact], self._end[fact]
        options = relation.sentences
        if start and relation.since:
            options = relation.tenure if end else relation.since
        options = options[: self.world.config.phrasings]
        template = options[dice % len(options)]
        spoken = own and (dice >> 8) % 1000 < 1000 * self.world.config.pronouns and template.startswith("{s} ")
        by_name = self.names[subject] if own else self.links[subject]
        named = self._pronoun(subject) if spoken else by_name
        return template.format(s=named, o=self._value(fact, in_text=True), start=start, end=end)

    def _pronoun(self, entity: int) -> str:
        if self.kinds[self._kind[entity]].name != "person":
            return "It"
        return "She" if self._female[entity] else "He"

    def _table(self, facts: range) -> str:
        rows = []
        for fact in facts:
            if self._place[fact] & TABLE:
                noun = self._relations[self._relation[fact]].noun
                rows.append(f"|-\n| {noun.capitalize()} || {self._value(fact)}{self._years(fact)}")
        return "\n".join(['{| class="wikitable"', "! Item !! Detail", *rows, "|}"]) if rows else ""


def _enumerate(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
