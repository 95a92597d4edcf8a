"""The level of a question, and the leak test that decides the lowest.

Enters: a measured question in words, and the wiki's search. Leaves: 1, 2 or 3.
"""

from websailor.questions.measure import cycle_rank
from websailor.questions.proof.facts import Facts
from websailor.questions.proof.labels import members
from websailor.questions.proof.tenures import table_of
from websailor.questions.structure import Branch, domain_of, is_named
from websailor.records import Pattern, Rank
from websailor.wiki.reader import Wiki

WIDE_BITS = 3.0
MANY_ANCHORS = 3
HARDEST = 3


def leaks(wiki: Wiki, answer: str, texts: tuple[str, ...], rank: int) -> bool:
    """True when a search for the question, or for one clue of it, shows the answer's page among the first `rank`."""
    return any(wiki.finds(text, answer, rank) for text in texts)


def is_one_functional_hop(facts: Facts, pattern: Pattern) -> bool:
    """True when a single atom leads from a name to the answer without a choice."""
    if len(pattern.atoms) != 1:
        return False
    (atom,) = pattern.atoms
    outer = atom.object if atom.subject == pattern.focus else atom.subject
    if not is_named(pattern, outer):
        return False
    table, name = table_of(facts, atom), domain_of(pattern, outer, "entity")
    assert table is not None and name is not None
    rows = table.by_object if outer == atom.object else table.by_subject
    return len(rows.of(members(facts, "entity", name.value))[1]) == 1


def level_of(pattern: Pattern, clues: list[Branch], frontier: float, trivial: bool) -> int:
    """1: a leak or one functional step. 3: nothing named, a frontier of at least 3 bits, and a cycle or three anchors.
    2: the rest.

    An anchor is what a clue ends in; every condition is one more, but for the rank, which holds on to nothing. A name
    that several bear, or of something that a negation excludes, leads nowhere by itself.
    """
    if trivial:
        return 1
    nameless = not any(domain.lattice == "entity" for domain in pattern.domains)
    ranks = {number for number, one in enumerate(pattern.conditions) if isinstance(one, Rank)}
    anchors = {(clue.leaf, clue.conditions) for clue in clues if ranks.isdisjoint(clue.conditions)}
    tangled = cycle_rank(pattern) > 0 or len(anchors) >= MANY_ANCHORS
    return HARDEST if nameless and tangled and frontier >= WIDE_BITS else 2
