"""The line of a page that answers a query best: a sentence or an infobox line, at most about thirty words."""

from collections.abc import Iterable, Sequence
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
class Line:
    """A candidate."""

    text: str
    terms: frozenset[str]
    words: int


def candidate_lines(page: Page, index: SearchIndex) -> tuple[Line, ...]:
    """Infobox lines and sentences of a page with their terms, in the order in which they stand on it."""
    text = page.text[:_LONGEST_TEXT]
    spoken = [" ".join(text[start:end].split()) for start, end in sentence_spans(text)]
    lines = [*page_lines(page)[: MOST_LINES // 2], *spoken][:MOST_LINES]
    return tuple(
        Line(line, frozenset(index.words(line)) | frozenset(index.pairs(line)), line.count(" ") + 1) for line in lines
    )


def best_line(lines: Sequence[Line], weights: dict[str, float], title_terms: Iterable[str], default: str) -> str:
    """The line that holds most of the query, weighed by rarity; shorter ones win a tie, then earlier ones.

    Terms of the title do not count: they stand above the snippet already. With no term left to find, `default`.
    """
    wanted = weights.keys() - set(title_terms)
    best, best_score = default, 0.0
    for line in lines:
        shared = wanted & line.terms
        if not shared:
            continue
        score = sum(weights[term] for term in shared) - 0.01 * min(line.words, LONGEST_SNIPPET)
        if score > best_score:
            best, best_score = line.text, score
    return best


def shorten(text: str, index: SearchIndex, terms: Iterable[str]) -> str:
    """At most `LONGEST_SNIPPET` words: the window that holds most of `terms`."""
    words = text.split()
    if len(words) <= LONGEST_SNIPPET:
        return " ".join(words)
    wanted = set(terms)
    hits = [1 if wanted.intersection(index.words(word)) else 0 for word in words]
    inside = best = sum(hits[:LONGEST_SNIPPET])
    start = 0
    for at in range(1, len(words) - LONGEST_SNIPPET + 1):
        inside += hits[at + LONGEST_SNIPPET - 1] - hits[at - 1]
        if inside > best:
            best, start = inside, at
    end = start + LONGEST_SNIPPET
    return ("... " if start else "") + " ".join(words[start:end]) + (" ..." if end < len(words) else "")
