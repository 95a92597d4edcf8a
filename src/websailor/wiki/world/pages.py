"""Wikitext of a world's entity pages.

What enters: a `World` and a range of its entities. What leaves: one wikitext string per entity: infobox (keys are
relation names), sentences, a table, links, categories. A page states exactly the facts that the columns place on it, so
the truth is read off them.
"""

from itertools import groupby

import numpy as np

from websailor.wiki.english import listed
from websailor.wiki.relations import Kind
from websailor.wiki.world.model import INFOBOX, TABLE, TEXT, World
from websailor.wiki.world.placement import lead_slots
from websailor.wiki.world.statements import Statements

MOST_PHRASINGS = 3
"""First sentences vary where the phrasings of the relations all do."""


class PageWriter:
    """Renders the pages of the entities from `first` up to `last`, by default of all.

    The statements are the entities' own facts, then those of others that their pages state: facts towards them, asides.
    """

    def __init__(self, world: World, first: int = 0, last: int | None = None) -> None:
        self.world = world
        self.entities = range(first, len(world) if last is None else last)
        bounds = np.array([first, self.entities.stop])
        own_first, own_last = world.first_fact_N[bounds].tolist()
        towards_first, towards_last = np.searchsorted(world.towards_objects_T, bounds).tolist()
        aside_first, aside_last = np.searchsorted(world.aside_page_A, bounds).tolist()
        towards = world.towards_T[towards_first:towards_last]
        asides = world.aside_fact_A[aside_first:aside_last]
        self.facts = Statements(world, np.concatenate([np.arange(own_first, own_last), towards, asides]))
        ends = np.arange(first, self.entities.stop + 1)
        own, before = own_last - own_first, own_last - own_first + len(towards)
        self._own = (world.first_fact_N[first : self.entities.stop + 1] - own_first).tolist()
        self._towards = (np.searchsorted(world.object_F[towards], ends) + own).tolist()
        self._asides = (np.searchsorted(world.aside_page_A[aside_first:aside_last], ends) + before).tolist()
        self._kind = world.kind_N[first : self.entities.stop].tolist()
        self._leads = [[lead_slots(lead) for lead in kind.leads] for kind in self.facts.kinds]
        self._worded = [_by_slots(kind, varied=world.config.phrasings == MOST_PHRASINGS) for kind in self.facts.kinds]

    def own_facts(self, entity: int) -> range:
        """The entity's facts, as numbers of `facts`."""
        place = entity - self.entities.start
        return range(self._own[place], self._own[place + 1])

    def wikitext(self, entity: int, categories: tuple[str, ...]) -> str:
        """The page of one entity."""
        kind = self.facts.kinds[self._kind[entity - self.entities.start]]
        facts = self.own_facts(entity)
        blocks = [f"{self._infobox(kind, facts)}\n{self._opening(entity, facts)}"]
        if table := self._table(facts):
            blocks.append(f"== Record ==\n{table}")
        if context := self._context(entity):
            blocks.append(f"== Context ==\n{context}")
        blocks.append("\n".join(f"[[Category:{category}]]" for category in categories))
        return "\n\n".join(blocks)

    def _infobox(self, kind: Kind, facts: range) -> str:
        said = self.facts
        lines = [f"{{{{Infobox {kind.name}"]
        before = -1
        for fact in facts:
            if not said.place[fact] & INFOBOX:
                continue
            relation = said.relation[fact]
            written = said.value(fact) + said.years(fact)
            if relation == before:
                lines[-1] += f", {written}"
            else:
                lines.append(f"| {said.relations[relation].name} = {written}")
            before = relation
        return "\n".join([*lines, "}}"])

    def _opening(self, entity: int, facts: range) -> str:
        """The page's text about itself: the lead sentence, then the other facts that stand in the text."""
        said = self.facts
        told = [fact for fact in facts if said.place[fact] & TEXT]
        by_name = {said.relations[said.relation[fact]].name: fact for fact in told}
        kind = self._kind[entity - self.entities.start]
        slots = next(slots for slots in self._leads[kind] if all(slot in by_name for slot in slots))
        options = self._worded[kind][frozenset(slots)]
        lead = options[self.world.dice_N[entity] % len(options)]
        values = {slot: said.value(by_name[slot], in_text=True) for slot in slots}
        alias = said.aliases.get(entity)
        known_as = f" (also known as '''{alias}''')" if alias else ""
        sentences = [lead.format(s=f"'''{said.names[entity]}'''{known_as}", **values)]
        in_lead = {by_name[slot] for slot in slots}
        sentences.extend(said.sentence(fact, entity) for fact in told if fact not in in_lead)
        return " ".join(sentences)

    def _context(self, entity: int) -> str:
        """What the page says about its neighbours."""
        said, place = self.facts, entity - self.entities.start
        sentences = []
        towards = sorted(range(self._towards[place], self._towards[place + 1]), key=said.relation.__getitem__)
        for relation, group in groupby(towards, said.relation.__getitem__):
            facts = list(group)
            if any(said.start[fact] for fact in facts):
                # Each has its own years.
                sentences.extend(said.sentence(fact, entity) for fact in facts)
                continue
            subjects = [said.links[said.subject[fact]] for fact in facts]
            phrase = said.relations[relation].inverse[0].format(s=listed(subjects))
            sentences.append(f"{said.names[entity]} {phrase}.")
        asides = range(self._asides[place], self._asides[place + 1])
        sentences.extend(said.sentence(fact, entity) for fact in asides)
        return " ".join(sentences)

    def _table(self, facts: range) -> str:
        said, rows = self.facts, []
        for fact in facts:
            if said.place[fact] & TABLE:
                noun = said.relations[said.relation[fact]].noun
                rows.append(f"|-\n| {noun.capitalize()} || {said.value(fact)}{said.years(fact)}")
        return "\n".join(['{| class="wikitable"', "! Item !! Detail", *rows, "|}"]) if rows else ""


def _by_slots(kind: Kind, varied: bool) -> dict[frozenset[str], list[str]]:
    """Relations that a first sentence states -> its wordings."""
    found: dict[frozenset[str], list[str]] = {}
    for lead in (*kind.leads, *(kind.other_leads if varied else ())):
        found.setdefault(frozenset(lead_slots(lead)), []).append(lead)
    return found
