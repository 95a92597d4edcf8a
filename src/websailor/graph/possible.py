"""Facts that an infobox may state although no link says so: `languages: English 95.1%`, or `English` with another link.

Enters: the facts of a built graph, its entities, and the lines of its infoboxes. Leaves: facts that are too uncertain
to ask about and too likely to overlook: a proof that an answer is the only one has to count them.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from websailor.graph.collecting import fact_id
from websailor.records import Entity, Fact, Source
from websailor.wiki import relations_wikipedia

Lines = dict[str, tuple[tuple[str, str], ...]]
"""Title -> relation and line of every infobox field that names something."""


def possible_facts(facts: Iterable[Fact], lines: Lines, entities: Sequence[Entity]) -> Iterator[Fact]:
    """One fact for every field that names, by any of its names, an entity to which a field of that meaning links on
    another page, and does not link to it.
    """
    names = {entity.id: (entity.name, *entity.aliases) for entity in entities}
    linked: dict[str, dict[str, None]] = {}
    known: set[str] = set()
    for fact in facts:
        known.add(fact_id(fact.subject, fact.relation, fact.object, fact.value_type, fact.unit))
        if fact.value_type == "entity":
            for key in _same(fact.relation):
                linked.setdefault(key, {})[fact.object] = None
    named = {key: _by_name(objects, names) for key, objects in linked.items()}
    longest = {key: max(map(len, targets), default=0) for key, targets in named.items()}
    for title, fields in lines.items():
        if title not in names:
            continue
        for relation, quote in fields:
            if relation not in named:
                continue
            source = Source(page=title, kind="infobox", quote=quote)
            found = _names_in(quote.partition(": ")[2], named[relation], longest[relation])
            for target in dict.fromkeys(target for name in found for target in named[relation][name]):
                key = fact_id(title, relation, target, "entity", None)
                if target != title and key not in known:
                    yield Fact(id=key, subject=title, relation=relation, object=target, source=source)


def _same(key: str) -> set[str]:
    """Keys that state what the key states, in some infobox."""
    return {key}.union(*(one.keys for one in relations_wikipedia.by_key().get(key, ())))


def _by_name(objects: dict[str, None], names: Mapping[str, tuple[str, ...]]) -> dict[str, dict[str, None]]:
    targets: dict[str, dict[str, None]] = {}
    for target in objects:
        for name in names[target]:
            targets.setdefault(name, {})[target] = None
    return targets


def _names_in(text: str, names: Collection[str], longest: int) -> list[str]:
    """The names that stand in a text as whole words, from left to right, the longest at each place."""
    edges = [
        place
        for place in range(len(text) + 1)
        if place in (0, len(text)) or not (_is_word(text[place - 1]) and _is_word(text[place]))
    ]
    found: dict[str, None] = {}
    free = 0
    for start in edges:
        if start < free:
            continue
        for end in reversed([edge for edge in edges if start < edge <= start + longest]):
            if text[start:end] in names:
                found[text[start:end]] = None
                free = end
                break
    return list(found)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
