"""The line of a page that answers a query best.

Enters: a page and a query. Leaves: a sentence or an infobox line of at most about thirty words, or a passage around it:
what a search shows of a page, and why an agent can tell which page to open.
"""

import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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


# What the analyzer splits words at, as far as it is ASCII; lines stay lines.
_BETWEEN_WORDS = bytes.maketrans(string.punctuation.encode(), b" " * len(string.punctuation))


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
    terms: dict[str, int]
    """Term -> the lines in which it stands: bit n is line n."""
    default: str
    """Shown when no line answers: the first sentence."""


class Wanted:
    """A query as lines are asked for it: its terms with their rarity."""

    def __init__(self, query: str, index: SearchIndex) -> None:
        terms = {term: index.weight(term) for term in index.words(query)}
        self.pairs = index.query_pairs(query)
        """Pair of names -> the terms without which no line holds it."""
        terms |= {pair: weight for pair in self.pairs if (weight := index.weight(pair, "pair"))}
        self.weights = {term: weight for term, weight in terms.items() if weight}


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
        terms=_lines_of_terms(lines, index),
        default=page.first_sentence or (lines[0] if lines else page.title),
    )


def _terms(text: str, index: SearchIndex) -> frozenset[str]:
    return frozenset((*index.words(text), *index.pairs(text)))


def _lines_of_terms(lines: list[str], index: SearchIndex) -> dict[str, int]:
    terms_of = index.terms_of
    found: dict[str, int] = {}
    # Bytes are translated many times faster than characters, and no byte of another character looks like ASCII.
    plain = "\n".join(lines).encode().translate(_BETWEEN_WORDS).decode()
    for number, line in enumerate(plain.split("\n")):
        bit = 1 << number
        for word in line.split():
            for term in terms_of[word]:
                found[term] = found.get(term, 0) | bit
    return found


def best_line(page: Candidates, wanted: Wanted, index: SearchIndex) -> tuple[str, float]:
    """The line that holds most of the query, and how much it and the title hold; of equals the shorter one.

    Every line speaks of the title, so that its terms need not stand in the line again.
    """
    titled = 0.0
    scores: dict[int, float] = {}
    for term, weight in wanted.weights.items():
        if term in page.title_terms:
            titled += weight
            continue
        lines = page.terms.get(term, 0)
        if term in wanted.pairs:
            lines |= _lines_of_pair(page, term, wanted.pairs[term], index)
        for number in _numbers(lines):
            scores[number] = scores.get(number, 0.0) + weight
    best, best_score = page.default, 0.0
    for number, held in sorted(scores.items()):
        if held <= best_score:
            continue
        line = page.lines[number]
        # A line's length costs little: it only decides between lines that hold the same.
        score = held - 0.01 * min(line.count(" ") + 1, LONGEST_SNIPPET)
        if score > best_score:
            best, best_score = line, score
    return best, best_score + titled


def _lines_of_pair(page: Candidates, pair: str, terms: tuple[str, ...], index: SearchIndex) -> int:
    """The lines in which two names stand side by side."""
    both = -1
    for term in terms:
        both &= page.terms.get(term, 0)
    return sum(1 << number for number in _numbers(both) if pair in index.pairs_of(page.lines[number]))


def _numbers(bits: int) -> Iterator[int]:
    """The bits that are set, lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


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
    return _window(words, [1 if wanted.intersection(index.terms_of[word]) else 0 for word in words])


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
