"""Full-text search over pages: BM25 in tantivy, with queries planned by document frequency.

Every page is one document of four fields: its title, the titles that redirect to it, its body, and *pairs*: capitalised
neighbours glued together (`velantorid`), which finds names made of two common words without positions in the index.
Chinese, Japanese and Korean are indexed as overlapping pairs of characters: unlike the words of a segmenter they are
the same in a page and in a query, they need no dictionary, and names that no dictionary has (most of an encyclopedia's)
are found like any other.

An OR query costs time in proportion to the documents that hold its terms. A query is one flat union of terms; so
tantivy can pass over blocks of documents that cannot be among the best. Where it would still touch many, words that
stand in most pages are left out, since they hardly tell pages apart.
"""

import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Protocol

import tantivy

from websailor.records import Page
from websailor.wiki.names import name_set

DIRECTORY_NAME = "index"
POSTINGS_BUDGET = 20_000
"""Documents an OR query may touch before its commonest words are left out."""
COMMON_SHARE = 0.5
"""Terms in more than this share of the pages are left out of such a query while rarer ones remain."""
LONGEST_QUERY = 32
_TITLE_BOOST, _ALIAS_BOOST, _PAIR_BOOST = 0.75, 0.5, 2.5
CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
_NAME_PAIR = re.compile(r"\b([^\W\d_a-zß-öø-ÿ]\w*)[ \-](?=([^\W\d_a-zß-öø-ÿ]\w*))")
_WORD = re.compile(r"\w+")
_FUNCTION_WORDS = name_set("search", "function_words")
"""They make no name pair."""


_WORDS_KEPT = 1 << 17
_LONGEST_WORD = 60


class Scored(NamedTuple):
    """A page found."""

    pid: int
    score: float


class _Terms(dict[str, tuple[str, ...]]):
    """Word -> its terms in the index, filled as words are met; begins anew when it is full."""

    def __init__(self, analyse: Callable[[str], list[str]]) -> None:
        super().__init__()
        self._analyse = analyse

    def __missing__(self, word: str) -> tuple[str, ...]:
        terms = tuple(map(sys.intern, self._analyse(word)))
        # A text without spaces comes as one long word, and never again.
        if len(word) <= _LONGEST_WORD:
            if len(self) >= _WORDS_KEPT:
                self.clear()
            self[word] = terms
        return terms


def _analyzer(stem: bool) -> tantivy.TextAnalyzer:
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(_LONGEST_WORD))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
    )
    return (builder.filter(tantivy.Filter.stemmer("english")) if stem else builder).build()


def _register(index: tantivy.Index) -> None:
    index.register_tokenizer("words", _analyzer(stem=True))
    index.register_tokenizer("pairs", _analyzer(stem=False))


def _spaced(text: str) -> str:
    """Chinese, Japanese and Korean runs as overlapping character pairs, so that they are words to the tokenizer."""
    if text.isascii() or not CJK.search(text):
        return text
    return CJK.sub(lambda run: " " + " ".join(_bigrams(run.group())) + " ", text)


def _bigrams(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def name_pairs(text: str) -> str:
    """`Velan Torid College` -> `VelanTorid ToridCollege`."""
    return " ".join(_glued(_NAME_PAIR.findall(text)))


def _glued(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for first, second in pairs:
        if first.lower() not in _FUNCTION_WORDS and second.lower() not in _FUNCTION_WORDS:
            yield first + second


class _Text(Protocol):
    @property
    def text(self) -> str: ...


class _Field(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def values(self) -> Sequence[_Text]: ...


class Boxed(Protocol):
    """A page, or the part of one, with an infobox."""

    @property
    def infobox(self) -> Sequence[_Field]: ...


def page_lines(page: Boxed) -> list[str]:
    """The infobox as lines `key: value, value`."""
    return [
        f"{field.key.replace('_', ' ')}: {', '.join(value.text for value in field.values)}" for field in page.infobox
    ]


def build_index(directory: Path, pages: Iterable[tuple[int, Page, tuple[str, ...]]]) -> None:
    """Index (number, page, redirect titles) into `directory`/index."""
    path = directory / DIRECTORY_NAME
    path.mkdir()
    schema = tantivy.SchemaBuilder()
    for name in ("title", "alias", "body"):
        schema.add_text_field(name, tokenizer_name="words", index_option="freq")
    schema.add_text_field("pair", tokenizer_name="pairs", index_option="freq")
    schema.add_unsigned_field("pid", fast=True)
    index = tantivy.Index(schema.build(), path=str(path))
    _register(index)
    # One thread: the same pages always give the same index.
    writer = index.writer(heap_size=128_000_000, num_threads=1)
    for pid, page, aliases in pages:
        box = "\n".join(page_lines(page))
        body = f"{page.title}\n{box}\n{page.text}"
        document = tantivy.Document()
        document.add_text("title", _spaced(page.title))
        if aliases:
            document.add_text("alias", _spaced("\n".join(aliases)))
        document.add_text("body", _spaced(body))
        document.add_text("pair", name_pairs("\n".join((body, *aliases))))
        # `Document(pid=5)` would make a signed value, which kills the writer's thread.
        document.add_unsigned("pid", pid)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


class SearchIndex:
    """Search in a finished index; safe in threads."""

    def __init__(self, directory: Path) -> None:
        self._index = tantivy.Index.open(str(directory / DIRECTORY_NAME))
        _register(self._index)
        self._schema = self._index.schema
        self._searcher = self._index.searcher()
        self._words = _analyzer(stem=True)
        self._folded = _analyzer(stem=False)
        self.pages = self._searcher.num_docs
        self._frequency = lru_cache(maxsize=1 << 16)(self._searcher.doc_freq)
        self.terms_of: Mapping[str, tuple[str, ...]] = _Terms(self.words)
        """`words` for single words, remembered."""
        self.pairs_of = lru_cache(maxsize=1 << 14)(self.pairs)
        """`pairs` for single lines, remembered."""

    def words(self, text: str) -> list[str]:
        """The terms of a text as the index knows them."""
        return self._words.analyze(_spaced(text))

    def pairs(self, text: str) -> list[str]:
        """The name pairs of a text that is part of a page."""
        return self._folded.analyze(name_pairs(text))

    def query_pairs(self, query: str) -> dict[str, tuple[str, ...]]:
        """All neighbouring words of a query, glued (models do not always write capitals) -> the terms of the two."""
        words = _WORD.findall(query)
        return {
            pair: (*self.terms_of[first], *self.terms_of[second])
            for first, second in pairwise(words)
            for pair in self._folded.analyze("".join(_glued([(first, second)])))
        }

    def weight(self, term: str, field: str = "body") -> float:
        """Inverse document frequency of a term; 0 for a term in no page."""
        frequency = self._frequency(field, term)
        return math.log(1 + (self.pages - frequency + 0.5) / (frequency + 0.5)) if frequency else 0.0

    def search(self, query: str, k: int) -> list[Scored]:
        """The `k` best pages for a query in plain words, best first. Any text is a valid query."""
        planned = self._plan(query)
        if planned is None or k <= 0:
            return []
        # The library makes room for as many hits as it is asked for.
        found = self._searcher.search(planned, limit=min(k, self.pages), count=False).hits
        pids = self._searcher.fast_field_values("pid", [address for _, address in found])
        return sorted((Scored(int(pid or 0), score) for (score, _), pid in zip(found, pids, strict=True)), key=_rank)

    def _plan(self, query: str) -> tantivy.Query | None:
        groups: list[tuple[int, list[tantivy.Query]]] = []
        for term in dict.fromkeys(self.words(query)[:LONGEST_QUERY]):
            if frequency := self._frequency("body", term):
                groups.append((frequency, self._term_queries(term)))
        for pair in list(self.query_pairs(query))[:LONGEST_QUERY]:
            if frequency := self._frequency("pair", pair):
                groups.append((frequency, [self._term_query("pair", pair, _PAIR_BOOST)]))
        if not groups:
            return None
        groups.sort(key=lambda group: group[0])
        if sum(frequency for frequency, _ in groups) > POSTINGS_BUDGET:
            groups = [group for group in groups if group[0] <= COMMON_SHARE * self.pages] or groups[:1]
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, part) for _, parts in groups for part in parts])

    def _term_queries(self, term: str) -> list[tantivy.Query]:
        """A term in the body, and in title and redirects where it stands there."""
        parts = [self._term_query("body", term, 1.0)]
        for field, boost in (("title", _TITLE_BOOST), ("alias", _ALIAS_BOOST)):
            if self._frequency(field, term):
                parts.append(self._term_query(field, term, boost))
        return parts

    def _term_query(self, field: str, term: str, boost: float) -> tantivy.Query:
        query = tantivy.Query.term_query(self._schema, field, term, "freq")
        return query if boost == 1.0 else tantivy.Query.boost_query(query, boost)


def _rank(scored: Scored) -> tuple[float, int]:
    return (-scored.score, scored.pid)
