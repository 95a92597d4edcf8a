"""Wikitext of a world's pages.

What enters: a `World`. What leaves: one wikitext string per entity, with the infobox (keys are relation names), the sentences,
links and categories. The page states exactly the facts whose `place_F` says so, so the truth map can be read off the columns.
"""

from websailor.wiki.relations import Kind, Relation, kinds, relations
from websailor.wiki.world.creation import lead_slots
from websailor.wiki.world.model import INFOBOX, TEXT, World


class PageWriter:
    """Renders entity pages. Holds plain lists of the columns: element access on numpy arrays would cost more than the rest."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.names = world.names
        self.titles = world.titles
        self.links = [
            f"[[{name}]]" if name == title else f"[[{title}|{name}]]"
            for name, title in zip(self.names, self.titles, strict=True)
        ]
        self._first = world.first_fact_N.tolist()
        self._relation = world.relation_F.tolist()
        self._object = world.object_F.tolist()
        self._place = world.place_F.tolist()
        self._dice = world.dice_F.tolist()
        self._kind = world.kind_N.tolist()
        known = relations()
        self._relations: list[Relation] = [known[name] for name in world.relations]
        self._kinds: list[Kind] = [kinds()[name] for name in world.kinds]
        self._leads = [[(lead, lead_slots(lead)) for lead in kind.leads] for kind in self._kinds]

    def object_text(self, relation: int, value: int) -> str:
        """An object as it is written on a page: a link, or the literal."""
        if self._relations[relation].value_type == "entity":
            return self.links[value]
        return str(value)

    def wikitext(self, entity: int) -> str:
        """The page of one entity."""
        kind = self._kinds[self._kind[entity]]
        facts = range(self._first[entity], self._first[entity + 1])
        return f"{self._infobox(kind, facts)}\n{self._text(entity, facts)}\n\n[[Category:{kind.plural.capitalize()}]]"

    def _infobox(self, kind: Kind, facts: range) -> str:
        lines = [f"{{{{Infobox {kind.name}"]
        before = -1
        for fact in facts:
            if not self._place[fact] & INFOBOX:
                continue
            relation = self._relation[fact]
            written = self.object_text(relation, self._object[fact])
            if relation == before:
                lines[-1] += f", {written}"
            else:
                lines.append(f"| {self._relations[relation].name} = {written}")
            before = relation
        return "\n".join([*lines, "}}"])

    def _text(self, entity: int, facts: range) -> str:
        told = [fact for fact in facts if self._place[fact] & TEXT]
        by_name = {self._relations[self._relation[fact]].name: fact for fact in told}
        lead, slots = next(
            (lead, slots) for lead, slots in self._leads[self._kind[entity]] if all(slot in by_name for slot in slots)
        )
        values = {slot: self._written(by_name[slot]) for slot in slots}
        sentences = [lead.format(s=f"'''{self.names[entity]}'''", **values)]
        in_lead = {by_name[slot] for slot in slots}
        sentences.extend(self._sentence(entity, fact) for fact in told if fact not in in_lead)
        return " ".join(sentences)

    def _written(self, fact: int) -> str:
        return self.object_text(self._relation[fact], self._object[fact])

    def _sentence(self, entity: int, fact: int) -> str:
        dice = self._dice[fact]
        options = self._relations[self._relation[fact]].sentences[: self.world.config.phrasings]
        template = options[dice % len(options)]
        spoken = (dice >> 8) % 1000 < 1000 * self.world.config.pronouns and template.startswith("{s} ")
        subject = self._pronoun(entity) if spoken else self.names[entity]
        return template.format(s=subject, o=self._written(fact))

    def _pronoun(self, entity: int) -> str:
        if self._kinds[self._kind[entity]].name != "person":
            return "It"
        return "She" if self.world.female_N[entity] else "He"
