"""The graph of a whole corpus in one pass: every page is read once, nothing is searched.

Enters: an imported wiki. Leaves: facts, handed on as they are found and not kept, and a `Grown`. A fact costs some
hundred bytes of memory: its id, its row, two node numbers. Rows are numbered as facts were handed on, so that those
which are taken back (another page told the tenure) can be left out of the file in the end.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np

from websailor.graph.catalogue import Catalogue
from websailor.graph.collecting import undated_id
from websailor.graph.extraction import Reading
from websailor.graph.grown import Grown
from websailor.graph.kinds import UNKNOWN, kind_of_object
from websailor.graph.possible import Lines
from websailor.records import Fact


class WholeGraph:
    """The graph of a corpus in the making; `keep` receives every fact once."""

    def __init__(self, catalogue: Catalogue, keep: Callable[[Fact], None]) -> None:
        self._catalogue = catalogue
        self._keep = keep
        self._row: dict[int, int] = {}
        """Fact id -> row."""
        self._dated: set[int] = set()
        self._number: dict[str, int] = {}
        """Entity -> node, in the order found."""
        self._subject, self._object = array("i"), array("i")
        """(rows,) nodes; the object is -1 for a literal."""
        self._kinds: dict[int, str] = {}
        self._votes: dict[int, Counter[str]] = {}
        self._absent: set[int] = set()
        self._relations: Counter[str] = Counter()
        self._sources: Counter[str] = Counter()
        self._called: dict[str, dict[str, None]] = {}
        self._spelling: Counter[str] = Counter()
        self.taken_back: set[int] = set()
        """Rows that no longer count."""
        self.lines: Lines = {}

    def __len__(self) -> int:
        """Rows."""
        return len(self._subject)

    @property
    def edges(self) -> int:
        """Facts between entities."""
        return sum(target >= 0 for target in self._object) - sum(self._object[row] >= 0 for row in self.taken_back)

    def read(self, readings: Iterable[Reading]) -> None:
        """Take the facts of all pages."""
        for reading in readings:
            absent = set(reading.absent)
            for fact in reading.facts:
                self._accept(fact, absent)
            for title, kind in reading.kinds:
                if title in self._number:
                    self._votes.setdefault(self._number[title], Counter())[kind] += 1
            if reading.title in self._number and reading.kind != UNKNOWN:
                number = self._number[reading.title]
                self._kinds[number] = reading.kind
                self._votes.pop(number, None)
            if not self._catalogue.generated:
                self.lines[reading.title] = reading.lines
                for title, name in reading.called:
                    self._called.setdefault(title, {})[name] = None
                self._spelling.update(reading.small)
                self._spelling.subtract(reading.great)

    def _accept(self, fact: Fact, absent: set[str]) -> None:
        key = int(fact.id, 16)
        if key in self._row or key in self._dated:
            return
        if fact.start is not None or fact.end is not None:
            undated = int(undated_id(fact), 16)
            self._dated.add(undated)
            if undated in self._row:
                self.taken_back.add(self._row[undated])
        self._row[key] = len(self._row)
        self._keep(fact)
        subject = self._node(fact.subject, absent)
        target = -1
        if fact.value_type == "entity":
            target = self._node(fact.object, absent)
            if target not in self._kinds and (guess := kind_of_object(fact.relation)) != UNKNOWN:
                self._votes.setdefault(target, Counter())[guess] += 1
        self._subject.append(subject)
        self._object.append(target)
        self._relations[fact.relation] += 1
        self._sources[fact.source.kind] += 1

    def _node(self, title: str, absent: set[str]) -> int:
        number = self._number.setdefault(title, len(self._number))
        if title in absent:
            self._absent.add(number)
        return number

    def grown(self) -> Grown:
        """The columns of the finished graph."""
        names = sorted(self._number)
        old_N = np.array([self._number[name] for name in names], dtype=np.int64)
        new_N = np.empty(len(names), dtype=np.int64)
        new_N[old_N] = np.arange(len(names))
        keep_R = np.frombuffer(self._object, dtype=np.int32) >= 0 if len(self) else np.zeros(0, dtype=bool)
        keep_R = keep_R.copy()
        keep_R[list(self.taken_back)] = False
        columns = [np.frombuffer(column, dtype=np.int32)[keep_R] for column in (self._subject, self._object)]
        fact_F2 = new_N[np.stack(columns, axis=1)] if keep_R.any() else np.zeros((0, 2), dtype=np.int64)
        return Grown(
            names=names,
            types=[self._type(number) for number in old_N.tolist()],
            has_page_N=~np.isin(old_N, np.array(sorted(self._absent), dtype=np.int64)),
            fact_F2=fact_F2,
            linked_F=np.ones(len(fact_F2), dtype=bool),
            called=self._called,
            common={title for title, times in self._spelling.items() if times > 0},
            relations=self._relations,
            sources=self._sources,
        )

    def _type(self, number: int) -> str:
        if number in self._kinds:
            return self._kinds[number]
        votes = self._votes.get(number)
        return votes.most_common(1)[0][0] if votes else UNKNOWN
