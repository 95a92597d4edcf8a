"""Facts that an infobox may state although no link says so: `languages: English 95.1%`, or `English` with another link.

Enters: a built graph and its entities. Leaves: facts that are too uncertain to ask about and too likely to overlook: a
proof that an answer is the only one has to count them.
"""

import re
from collections.abc import Iterator, Sequence

from websailor.graph.builder import GraphBuilder
from websailor.graph.collecting import fact_id
from websailor.records import Entity, Fact, Source
from websailor.wiki import relations_wikipedia


def possible_facts(builder: GraphBuilder, entities: Sequence[Entity]) -> Iterator[Fact]:
    """One fact for every field that names, by any of its names, an entity to which a field of that meaning links on
    another page, and does not link to it.
    """
    names = {entity.id: (entity.name, *entity.aliases) for entity in entities}
    linked: dict[str, dict[str, None]] = {}
    for fact in builder.facts.values():
        if fact.value_type == "entity":
            for key in _same(fact.relation):
                linked.setdefault(key, {})[fact.object] = None
    patterns = {key: _pattern(objects, names) for key, objects in linked.items()}
    for title, lines in builder.lines.items():
        if title not in builder.nodes:
            continue
        for relation, quote in lines:
            if relation not in patterns:
                continue
            pattern, targets = patterns[relation]
            source = Source(page=title, kind="infobox", quote=quote)
            found = dict.fromkeys(pattern.findall(quote.partition(": ")[2]))
            for target in dict.fromkeys(target for name in found for target in targets[name]):
                key = fact_id(title, relation, target, "entity", None)
                if target != title and key not in builder.facts:
                    yield Fact(id=key, subject=title, relation=relation, object=target, source=source)


def _same(key: str) -> set[str]:
    """Keys that state what the key states, in some infobox."""
    return {key}.union(*(one.keys for one in relations_wikipedia.by_key().get(key, ())))


def _pattern(
    objects: dict[str, None], names: dict[str, tuple[str, ...]]
) -> tuple[re.Pattern[str], dict[str, dict[str, None]]]:
    targets: dict[str, dict[str, None]] = {}
    for target in objects:
        for name in names[target]:
            targets.setdefault(name, {})[target] = None
    longest = sorted(targets, key=lambda name: (-len(name), name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)"), targets
