"""Relations and types as questions word them: the generated world's lexicon, then the one for Wikipedia infoboxes."""

from websailor.wiki import relations as generated
from websailor.wiki import relations_wikipedia as wikipedia
from websailor.wiki.relations import Kind, Language, Relation, Wording


def relation(name: str) -> Relation | None:
    """The wording of a relation or infobox key; None when no question can speak of it."""
    return generated.relation(name) or wikipedia.relation(name)


def wording(name: str, language: Language) -> Wording | None:
    """The phrases of a relation in a language."""
    found = relation(name)
    return found.chinese if found is not None and language == "zh" else found


def kind(name: str) -> Kind | None:
    """How a type of entity is named; None when no question can name it."""
    return generated.kinds().get(name) or wikipedia.kinds().get(name)


def symmetric() -> frozenset[str]:
    """Names of the relations that hold in both directions."""
    everything = [*generated.relations().values(), *wikipedia.relations().values()]
    return frozenset(relation.name for relation in everything if relation.symmetric)
