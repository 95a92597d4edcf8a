"""How real Wikipedia infobox keys are worded in questions: only keys whose phrase reads well.

Enters: `wording/wikipedia.toml` beside this module. Leaves: the same records as `relations`, looked up by infobox key.
"""

from functools import cache

from websailor.wiki.relations import Kind, Language, Relation, Wording


@cache
def relations() -> dict[str, Relation]:
    """All worded infobox keys."""
    return {}


@cache
def kinds() -> dict[str, Kind]:
    """All worded types, named as infobox templates are."""
    return {}


def relation(name: str) -> Relation | None:
    """The relation of an infobox key; None when the key has no words."""
    return relations().get(name)


def wording(name: str, language: Language = "en") -> Wording | None:
    """The phrases of an infobox key in a language."""
    found = relation(name)
    return found.chinese if found is not None and language == "zh" else found
