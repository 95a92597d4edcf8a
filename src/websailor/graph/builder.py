"""The walk that grows a knowledge graph, and its densification.

Enters: a `Reader`, seeds, a budget. Leaves: facts, in the order found, and what is known of each entity. Reading a page
adds its facts and makes their objects entities; an entity whose page was not read yet is the frontier. With probability
`expand` a frontier page is read next, otherwise an earlier entity is returned to: its name is searched, later its name
together with that of an entity two steps away, and pages among the hits that state facts about known entities join the
graph. When the growing share of the budget is spent, the rest goes into facts among entities that are already there.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from websailor.graph import Config
from websailor.graph.collecting import fact_id, undated_id
from websailor.graph.extraction import Reading
from websailor.graph.kinds import UNKNOWN, kind_of_object
from websailor.graph.reader import Reader
from websailor.records import Fact, Source
from websailor.wiki.titles import plain_name

MENTIONS = "mentions"


@dataclass(slots=True)
class Node:
    """What is known of an entity while the graph grows."""

    kind: str = UNKNOWN
    """From its page; `thing` until that was read."""
    votes: Counter[str] = field(default_factory=Counter)
    """Types that the relations pointing at it suggest."""
    has_page: bool = True
    near: set[str] = field(default_factory=set)
    """Entities that a fact joins it with."""
    returns: int = 0

    @property
    def type(self) -> str:
        """Best guess at the entity's type."""
        return self.kind if self.kind != UNKNOWN or not self.votes else self.votes.most_common(1)[0][0]


class Draw:
    """A set from which a random member is taken in constant time, the same for the same random numbers."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._members: list[str] = []
        self._place: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._members)

    def add(self, member: str) -> None:
        if member not in self._place:
            self._place[member] = len(self._members)
            self._members.append(member)

    def discard(self, member: str) -> None:
        place = self._place.pop(member, None)
        if place is None:
            return
        last = self._members.pop()
        if last != member:
            self._members[place] = last
            self._place[last] = place

    def peek(self) -> str:
        return self._members[int(self._rng.integers(len(self._members)))]

    def take(self) -> str:
        member = self.peek()
        self.discard(member)
        return member


class GraphBuilder:
    """One graph in the making. `keep` receives every fact once, as soon as it is accepted."""

    def __init__(
        self,
        reader: Reader,
        config: Config,
        seeds: Iterator[str],
        keep: Callable[[Fact], None],
        rng: np.random.Generator,
    ) -> None:
        self._reader = reader
        self._config = config
        self._seeds = seeds
        self._keep = keep
        self._rng = rng
        self._frontier = Draw(rng)
        self._earlier = Draw(rng)
        self._readings: dict[str, Reading | None] = {}
        self._expanded: set[str] = set()
        self._mentioning: list[Reading] = []
        self.nodes: dict[str, Node] = {}
        self.facts: dict[str, Fact] = {}
        self._limit = config.edges
        self.lines: dict[str, tuple[tuple[str, str], ...]] = {}
        """Title -> relation and line of every infobox field that names something."""
        self.called: dict[str, dict[str, None]] = {}
        """Title -> other names by which infoboxes call it."""
        self.spelling: Counter[str] = Counter()
        """Title -> pages that write it with a small first letter, less those that write it with a capital."""
        self.edges = 0
        """Facts between entities: what the budget counts."""
        self.hubs: dict[str, None] = {}
        """Entities that were not read or returned to because they have too many neighbours."""
        self.revised = False
        """True when a fact that was kept has since been taken back or is told under another title."""
        self.refused: dict[str, tuple[tuple[str, str], ...]] = {}
        """Page -> what a model said of it that was not taken, each with the reason and the claim."""
        self._dated: set[str] = set()

    def build(self) -> None:
        """Grow, then densify, within the budget."""
        for seed in islice(self._seeds, len(self._config.seeds) or self._config.seed_count):
            self._frontier.add(seed)
        budget, share = self._config.edges, 1 - self._config.densify
        self._limit = round(budget * share)
        while self._grow_to_limit():
            self._limit = budget
            self._close()
            self._join_pairs()
            if self.edges >= budget:
                break
            # Nothing more closes among what is known: what is left of the budget is shared out again.
            self._limit = self.edges + max(1, round((budget - self.edges) * share))
        self._limit = budget
        self._mention()

    def _grow_to_limit(self) -> bool:
        """Grow up to the limit; False when there was nothing to grow by."""
        before = len(self._expanded)
        while self.edges < self._limit and self._grow():
            pass
        return len(self._expanded) > before

    def read_all(self) -> None:
        """Read every seed and nothing else: the graph of a whole corpus."""
        for title in self._seeds:
            if (reading := self._read(title, None)) is not None:
                self._add(reading)
        self._limit = sys.maxsize
        self._mention()

    def _grow(self) -> bool:
        """One step; False when nothing is left to do."""
        if self._frontier and (not self._earlier or self._rng.random() < self._config.expand):
            self._expand(self._frontier.take())
        elif self._earlier:
            self._return_to(self._earlier.peek())
        else:
            seed = next(self._seeds, None)
            if seed is None:
                return False
            self._expand(seed)
        return True

    def _is_hub(self, title: str) -> bool:
        """True for an entity with more neighbours than the cap: a cycle through it is none that anyone reasons
        about."""
        node, cap = self.nodes.get(title), self._config.hub_degree
        if not cap or node is None or len(node.near) <= cap:
            return False
        self.hubs[title] = None
        return True

    def _expand(self, title: str) -> None:
        if title in self._expanded or self._is_hub(title):
            return
        reading = self._read(title, None)
        if reading is None:
            if title in self.nodes:
                self.nodes[title].has_page = False
            return
        self._add(reading)

    def _return_to(self, title: str) -> None:
        """Look for more facts about an entity that was read before."""
        node = self.nodes[title]
        if node.returns >= self._config.returns or self._is_hub(title):
            self._earlier.discard(title)
            return
        other = self._near_stranger(title) if node.returns else None
        query = plain_name(title) if other is None else f"{plain_name(title)} {plain_name(other)}"
        node.returns += 1
        for reading in self._found(query):
            if any(end in self.nodes for end in _spoken_of(reading)):
                self._add(reading)

    def _near_stranger(self, title: str) -> str | None:
        """A random entity two steps away that no fact joins with this one; neither it nor what lies between is a
        hub."""
        near = [name for name in sorted(self.nodes[title].near) if not self._is_hub(name)]
        if not near:
            return None
        middle = near[int(self._rng.integers(len(near)))]
        strangers = sorted(self.nodes[middle].near - self.nodes[title].near - {title})
        strangers = [name for name in strangers if not self._is_hub(name)]
        return strangers[int(self._rng.integers(len(strangers)))] if strangers else None

    def _close(self) -> None:
        """Read the known entities that were never read, keeping facts between known entities alone."""
        waiting = sorted(name for name, node in self.nodes.items() if node.has_page and name not in self._expanded)
        for position in self._rng.permutation(len(waiting)).tolist():
            if self.edges >= self._limit:
                return
            title = waiting[position]
            if self._is_hub(title):
                continue
            reading = self._read(title, None)
            if reading is None:
                self.nodes[title].has_page = False
            else:
                self._add(reading, known_only=True)

    def _join_pairs(self) -> None:
        """Search for pairs of near entities and take pages that join two or more known ones."""
        names = sorted(name for name, node in self.nodes.items() if node.near and not self._is_hub(name))
        fruitless = 0
        while names and fruitless < self._config.patience and self.edges < self._limit:
            title = names[int(self._rng.integers(len(names)))]
            other = self._near_stranger(title)
            before = self.edges
            if other is not None:
                for reading in self._found(f"{plain_name(title)} {plain_name(other)}"):
                    known = {end for end in _spoken_of(reading) if end in self.nodes}
                    if reading.title in self.nodes or len(known) > 1:
                        self._add(reading, known_only=True)
            fruitless = 0 if self.edges > before else fruitless + 1

    def _mention(self) -> None:
        """Join known entities that no fact joins, where the page of one speaks of the other."""
        for reading in self._mentioning:
            node = self.nodes.get(reading.title)
            for target, sentence in reading.mentions if node is not None else ():
                if self.edges >= self._limit:
                    return
                if node is None or target not in self.nodes or target in node.near:
                    continue
                query = reading.facts[0].source.query if reading.facts else None
                source = Source(page=reading.title, kind="sentence", quote=sentence, url=reading.url, query=query)
                key = fact_id(reading.title, MENTIONS, target, "entity", None)
                fact = Fact(id=key, subject=reading.title, relation=MENTIONS, object=target, source=source)
                self._accept(fact, set())

    def _found(self, query: str) -> Iterator[Reading]:
        """Hits of a search that have not joined the graph yet, while the budget lasts."""
        for title in self._reader.search(query):
            if (
                self.edges < self._limit
                and title not in self._expanded
                and (reading := self._read(title, query)) is not None
            ):
                yield reading

    def _read(self, title: str, query: str | None) -> Reading | None:
        if title not in self._readings:
            reading = self._reader.read(title, query)
            if reading is not None and reading.refused:
                self.refused[reading.title] = reading.refused
            if reading is not None and reading.title != title:
                self._expanded.add(title)
                self._rename(title, reading.title)
                if reading.title in self._expanded:
                    reading = None
            self._readings[title] = reading
        return self._readings[title]

    def _rename(self, old: str, new: str) -> None:
        """Two titles turned out to be one page: what was told of the one is told of the other."""
        self._frontier.discard(old)
        self._earlier.discard(old)
        node = self.nodes.pop(old, None)
        if node is None:
            return
        self.revised = True
        kept = self.nodes.setdefault(new, Node())
        kept.votes.update(node.votes)
        for name in node.near - {new}:
            self.nodes[name].near.discard(old)
            self.nodes[name].near.add(new)
            kept.near.add(name)
        kept.near.discard(old)
        for fact in [fact for fact in self.facts.values() if old in ends(fact)]:
            self._take_back(fact)
            told = retold(fact, {old: new})
            if told is not None and told.id not in self.facts:
                self.facts[told.id] = told
                self.edges += told.value_type == "entity"

    def _take_back(self, fact: Fact) -> None:
        del self.facts[fact.id]
        self.edges -= fact.value_type == "entity"
        self.revised = True

    def _add(self, reading: Reading, known_only: bool = False) -> None:
        """Take a page's facts; with `known_only` none that would bring in another entity than the page's own."""
        self._expanded.add(reading.title)
        self._readings.pop(reading.title, None)
        self._frontier.discard(reading.title)
        if reading.mentions:
            self._mentioning.append(reading)
        if reading.lines:
            self.lines[reading.title] = reading.lines
        for title, name in reading.called:
            self.called.setdefault(title, {})[name] = None
        self.spelling.update(reading.small)
        self.spelling.subtract(reading.great)
        accepted = [fact for fact in reading.facts if fact.id not in self.facts]
        own = reading.title
        if known_only:
            accepted = [fact for fact in accepted if all(end in self.nodes or end == own for end in ends(fact))]
        elif self.nodes:
            # A list tells of many entities: only those that have to do with the graph join it.
            accepted = [fact for fact in accepted if any(end in self.nodes or end == own for end in ends(fact))]
        absent = set(reading.absent)
        for fact in accepted:
            self._accept(fact, absent)
        for title, kind in reading.kinds:
            if (node := self.nodes.get(title)) is not None:
                node.votes[kind] += 1
        if (node := self.nodes.get(reading.title)) is not None:
            node.kind = reading.kind
            self._earlier.add(reading.title)
        if not known_only:
            for title in reading.linked[: self._config.follow_links]:
                if title not in self._expanded:
                    self._frontier.add(title)

    def _accept(self, fact: Fact, absent: set[str]) -> None:
        if fact.start is not None or fact.end is not None:
            undated = undated_id(fact)
            self._dated.add(undated)
            if undated in self.facts:
                # The same without its tenure was found on another page.
                self._take_back(self.facts[undated])
        elif fact.id in self._dated:
            return
        self.facts[fact.id] = fact
        self._keep(fact)
        for end in sorted(ends(fact)):
            if end not in self.nodes:
                self.nodes[end] = Node(has_page=end not in absent)
                if end not in absent and end not in self._expanded:
                    self._frontier.add(end)
        if fact.value_type == "entity":
            self.edges += 1
            subject, target = self.nodes[fact.subject], self.nodes[fact.object]
            subject.near.add(fact.object)
            target.near.add(fact.subject)
            if (guess := kind_of_object(fact.relation)) != UNKNOWN:
                target.votes[guess] += 1


def ends(fact: Fact) -> set[str]:
    """The entities that a fact speaks of."""
    return {fact.subject, fact.object} if fact.value_type == "entity" else {fact.subject}


def retold(fact: Fact, names: dict[str, str]) -> Fact | None:
    """The fact with other names for its ends; None when it then speaks of an entity and itself."""
    subject = names.get(fact.subject, fact.subject)
    target = names.get(fact.object, fact.object) if fact.value_type == "entity" else fact.object
    if fact.value_type == "entity" and subject == target:
        return None
    told = fact.model_copy(update={"subject": subject, "object": target})
    tenure = (fact.start, fact.end)
    key = fact_id(subject, fact.relation, target, fact.value_type, fact.unit, tenure)
    return told.model_copy(update={"id": key})


def _spoken_of(reading: Reading) -> set[str]:
    """The entities that a page's facts speak of."""
    return {end for fact in reading.facts for end in ends(fact)}
