"""What relations mean in a generated encyclopedia and in a real one.

Leaves: a `Sense` for each. A generated relation means itself. In a real infobox several keys say the same, and what a
key means depends on the type of its subject.
"""

from functools import lru_cache

from websailor.wiki import relations as generated
from websailor.wiki import relations_wikipedia as wikipedia


class GeneratedSense:
    """The relations of the generated world."""

    def name(self, relation: str, kind: str) -> str:  # noqa: ARG002
        return relation

    def functional(self, relation: str, kind: str) -> bool:  # noqa: ARG002
        known = generated.relation(relation)
        return known is not None and known.functional


class WikipediaSense:
    """Infobox keys of Wikipedia."""

    def name(self, relation: str, kind: str) -> str:
        found = _known(relation, kind)
        return relation if found is None else found.name

    def functional(self, relation: str, kind: str) -> bool:
        found = _known(relation, kind)
        return found is not None and found.functional


@lru_cache(maxsize=1 << 14)
def _known(relation: str, kind: str) -> wikipedia.InfoboxRelation | None:
    return wikipedia.relation(relation, kind)
