"""The line of a page that answers a query best: a sentence or an infobox line, at most about thirty words."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from pydantic import BaseModel

from websailor.wiki.index import CJK, SearchIndex, page_lines
from websailor.wiki.sentences import sentence_spans

LONGEST_SNIPPET = 30
"""Words."""
LONGEST_PASSAGE = 100
"""Words."""
MOST_LINES = 150
"""Lines of a page that are looked at: the infobox and the beginning of the text."""
_LONGEST_TEXT = 30_000


# Nothing but letters, digits and what is not ASCII: what the analyzer splits at is outside.
_IN_WORD = r"[^\s!-/:-@\[-`{-~]"
_WORD_START = rf"(?<!{_IN_WORD})"


class _Value(BaseModel):
    text: str


class _Field(BaseModel):
    key: str
    values: tuple[_Value, ...]


class Face(BaseModel):
    """The part of a page that its lines are made of; the rest of its JSON is passed over."""

    title: str
    url: str
    text: str = ""
    infobox: tuple[_Field, ...] = ()
    first_sentence: str = ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a page has to offer: its lines in the order in which they stand on it, infobox first."""

    title: str
    url: str
    title_terms: frozenset[str]
    lines: tuple[str, ...]
    starts: tuple[int, ...]
    """Where each line begins in `text`."""
    text: str
    """All lines, one below the other."""
    default: str
    """Shown when no line answers: the first sentence."""


class Wanted:
    """A query as lines are asked for it: its terms with their rarity, and a pattern that finds all they may stand in.

    The index knows words by their stems. A stem begins like its words, so only words with such a beginning are
    analysed; those with letters outside ASCII, which it folds, always are.
    """

    def __init__(self, query: str, index: SearchIndex) -> None:
        terms = {term: index.weight(term) for term in index.words(query)}
        self.pairs = {pair: weight for pair in index.query_pairs(query) if (weight := index.weight(pair, "pair"))}
        terms |= self.pairs
        self.weights = {term: weight for term, weight in terms.items() if weight}
        beginnings = sorted({_beginning(term) for term in self.weights if term.isascii() and term not in self.pairs})
        self._words = [f"{re.escape(word)}{_IN_WORD}*" for word in beginnings]

    @cached_property
    def ascii(self) -> re.Pattern[str] | None:
        """What finds them in a text in ASCII."""
        return _words_like(self._words) if self._words else None

    @cached_property
    def any(self) -> re.Pattern[str]:
        """What finds them in any text."""
        return _words_like([*self._words, rf"[a-z0-9]*[^\x00-\x7f]{_IN_WORD}*"])


def _words_like(patterns: list[str]) -> re.Pattern[str]:
    return re.compile(f"{_WORD_START}(?:{'|'.join(patterns)})", re.IGNORECASE)


def _beginning(stem: str) -> str:
    """What every word of a stem begins with: `citi` is `city`, `die` is `dying`."""
    return stem[:3] if len(stem) > 3 else stem[:1] if stem.endswith("ie") else stem[:2]


def page_candidates(page: Face, index: SearchIndex) -> Candidates:
    """Infobox lines and sentences of a page."""
    text = page.text[:_LONGEST_TEXT]
    lines = [" ".join(line.split("\n")) for line in page_lines(page)[: MOST_LINES // 2]]
    for start, end in sentence_spans(text):
        if len(lines) == MOST_LINES:
            break
        lines.append(" ".join(text[start:end].split()))
    return Candidates(
        title=page.title,
        url=page.url,
        title_terms=_terms(page.title, index),
        lines=tuple(lines),
        starts=tuple(accumulate((len(line) + 1 for line in lines[:-1]), initial=0)),
        text="\n".join(lines),
        default=page.first_sentence or (lines[0] if lines else page.title),
    )


def _terms(text: str, index: SearchIndex) -> frozenset[str]:
    return frozenset((*index.words(text), *index.pairs(text)))


def best_line(page: Candidates, wanted: Wanted, index: SearchIndex) -> tuple[str, float]:
    """The line that holds most of the query, and how much it and the title hold; of equals the shorter one.

    Every line speaks of the title, so that its terms need not stand in the line again.
    """
    titled = sum(weight for term, weight in wanted.weights.items() if term in page.title_terms)
    best, best_score = page.default, 0.0
    for number, found in sorted(_found(page, wanted, index).items()):
        line = page.lines[number]
        # A line's length costs little: it only decides between lines that hold the same.
        cost = 0.01 * min(line.count(" ") + 1, LONGEST_SNIPPET)
        score = sum(weight for term, weight in wanted.weights.items() if term in found) - cost
        if score > best_score:
            best, best_score = line, score
    return best, best_score + titled


def _found(page: Candidates, wanted: Wanted, index: SearchIndex) -> dict[int, set[str]]:
    """Number of a line -> the terms of the query in it that the title does not hold."""
    pattern = wanted.ascii if page.text.isascii() else wanted.any
    found: dict[int, set[str]] = {}
    words: Counter[int] = Counter()
    for match in pattern.finditer(page.text) if pattern else ():
        terms = [term for term in index.words_of_word(match.group()) if term in wanted.weights]
        if terms:
            number = bisect_right(page.starts, match.start()) - 1
            found.setdefault(number, set()).update(terms)
            words[number] += len(terms)
    for number, count in words.items():
        # A pair of names is two words of the query in one line.
        if count > 1 and wanted.pairs:
            found[number].update(wanted.pairs.keys() & index.pairs(page.lines[number]))
    return {number: left for number, terms in found.items() if (left := terms - page.title_terms)}


def passage(page: Candidates, line: str) -> str:
    """At most about `LONGEST_PASSAGE` words: `line`, the lines behind it, then those before it, in their order."""
    lines = page.lines
    if line not in lines:
        return line
    start = lines.index(line)
    end, left = start + 1, LONGEST_PASSAGE - word_count(line)
    while end < len(lines) and left >= word_count(lines[end]):
        left -= word_count(lines[end])
        end += 1
    while start and left >= word_count(lines[start - 1]):
        start -= 1
        left -= word_count(lines[start])
    return "\n".join(lines[start:end])


def word_count(text: str) -> int:
    """Words of a line; two characters of a script without spaces count as one."""
    words = text.count(" ") + 1
    return words if text.isascii() else words + sum(len(run) for run in CJK.findall(text)) // 2


def shorten(text: str, index: SearchIndex, terms: Iterable[str]) -> str:
    """At most `LONGEST_SNIPPET` words: the window that holds most of `terms`."""
    words, wanted = text.split(), set(terms)
    if not text.isascii() and word_count(text) > LONGEST_SNIPPET and CJK.search(text):
        hits = [1 if text[at : at + 2] in wanted else 0 for at in range(len(text))]
        return _window(list(text), hits, 2 * LONGEST_SNIPPET, "")
    if len(words) <= LONGEST_SNIPPET:
        return " ".join(words)
    return _window(words, [1 if wanted.intersection(index.words_of_word(word)) else 0 for word in words])


def _window(words: list[str], hits: list[int], longest: int = LONGEST_SNIPPET, joint: str = " ") -> str:
    """The run of `longest` words with most hits."""
    inside = best = sum(hits[:longest])
    start, latest = 0, max(0, len(words) - longest)
    for at in range(1, latest + 1):
        inside += hits[at + longest - 1] - hits[at - 1]
        if inside > best:
            best, start = inside, at
    if start:
        # The terms in the middle, so that their sentence can be understood.
        found = [at for at in range(start, start + longest) if hits[at]]
        start = max(0, min(latest, (found[0] + found[-1] + 1 - longest) // 2))
    end = start + longest
    return ("... " if start else "") + joint.join(words[start:end]) + (" ..." if end < len(words) else "")
