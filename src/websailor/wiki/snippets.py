"""The line of a page that answers a query best: a sentence or an infobox line, at most about thirty words."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from websailor.records import Page
from websailor.wiki.index import SearchIndex, page_lines
from websailor.wiki.sentences import sentence_spans

LONGEST_SNIPPET = 30
"""Words."""
MOST_LINES = 150
"""Lines of a page that are looked at: the infobox and the beginning of the text."""
_LONGEST_TEXT = 30_000


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a page has to offer: its lines in the order in which they stand on it, infobox first."""

    title: str
    url: str
    title_terms: frozenset[str]
    lines: tuple[str, ...]
    costs: tuple[float, ...]
    """What a line's length costs: little, it only decides between lines that hold the same."""
    lines_with: Mapping[str, tuple[int, ...]]
    """Term -> numbers of the lines that hold it."""
    default: str
    """Shown when no line answers: the first sentence."""


def page_candidates(page: Page, index: SearchIndex) -> Candidates:
    """Infobox lines and sentences of a page with their terms."""
    text = page.text[:_LONGEST_TEXT]
    spoken = [" ".join(text[start:end].split()) for start, end in sentence_spans(text)]
    lines = [*page_lines(page)[: MOST_LINES // 2], *spoken][:MOST_LINES]
    lines_with: dict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        for term in _terms(line, index):
            lines_with[term].append(number)
    return Candidates(
        title=page.title,
        url=page.url,
        title_terms=_terms(page.title, index),
        lines=tuple(lines),
        costs=tuple(0.01 * min(line.count(" ") + 1, LONGEST_SNIPPET) for line in lines),
        lines_with={term: tuple(numbers) for term, numbers in lines_with.items()},
        default=page.first_sentence or (lines[0] if lines else page.title),
    )


def _terms(text: str, index: SearchIndex) -> frozenset[str]:
    return frozenset((*index.words(text), *index.pairs(text)))


def best_line(page: Candidates, weights: Mapping[str, float]) -> tuple[str, float]:
    """The line that holds most of the query, and how much it and the title hold; of equals the shorter one.

    `weights`: the terms of the query with their rarity. Every line speaks of the title, so that its terms need not
    stand in the line again.
    """
    titled = 0.0
    scores: dict[int, float] = {}
    for term, weight in weights.items():
        if term in page.title_terms:
            titled += weight
            continue
        for number in page.lines_with.get(term, ()):
            scores[number] = scores.get(number, 0.0) + weight
    best, best_score = page.default, 0.0
    for number, score in sorted(scores.items()):
        if (score := score - page.costs[number]) > best_score:
            best, best_score = page.lines[number], score
    return best, best_score + titled


def shorten(text: str, index: SearchIndex, terms: Iterable[str]) -> str:
    """At most `LONGEST_SNIPPET` words: the window that holds most of `terms`."""
    words = text.split()
    if len(words) <= LONGEST_SNIPPET:
        return " ".join(words)
    wanted = set(terms)
    hits = [1 if wanted.intersection(index.words_of_word(word)) else 0 for word in words]
    inside = best = sum(hits[:LONGEST_SNIPPET])
    start, latest = 0, len(words) - LONGEST_SNIPPET
    for at in range(1, latest + 1):
        inside += hits[at + LONGEST_SNIPPET - 1] - hits[at - 1]
        if inside > best:
            best, start = inside, at
    if start:
        # The terms in the middle, so that their sentence can be understood.
        found = [at for at in range(start, start + LONGEST_SNIPPET) if hits[at]]
        start = max(0, min(latest, (found[0] + found[-1] + 1 - LONGEST_SNIPPET) // 2))
    end = start + LONGEST_SNIPPET
    return ("... " if start else "") + " ".join(words[start:end]) + (" ..." if end < len(words) else "")
