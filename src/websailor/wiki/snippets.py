"""The line of a page that answers a query best: a sentence or an infobox line, at most about thirty words."""

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
class Line:
    """A candidate."""

    text: str
    terms: frozenset[str]
    words: int


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a page has to offer: its lines in the order in which they stand on it, infobox first."""

    title: str
    url: str
    title_terms: frozenset[str]
    lines: tuple[Line, ...]
    default: str
    """Shown when no line answers: the first sentence."""


def page_candidates(page: Page, index: SearchIndex) -> Candidates:
    """Infobox lines and sentences of a page with their terms."""
    text = page.text[:_LONGEST_TEXT]
    spoken = [" ".join(text[start:end].split()) for start, end in sentence_spans(text)]
    lines = [*page_lines(page)[: MOST_LINES // 2], *spoken][:MOST_LINES]
    return Candidates(
        title=page.title,
        url=page.url,
        title_terms=_terms(page.title, index),
        lines=tuple(Line(line, _terms(line, index), line.count(" ") + 1) for line in lines),
        default=page.first_sentence or (lines[0] if lines else page.title),
    )


def _terms(text: str, index: SearchIndex) -> frozenset[str]:
    return frozenset((*index.words(text), *index.pairs(text)))


def best_line(page: Candidates, weights: Mapping[str, float]) -> tuple[str, float]:
    """The line that holds most of the query, and how much it and the title hold; of equals the shorter one.

    `weights`: the terms of the query with their rarity. Every line speaks of the title, so that its terms need not
    stand in the line again.
    """
    titled = weights.keys() & page.title_terms
    wanted = weights.keys() - titled
    best, best_score = page.default, 0.0
    for line in page.lines:
        if shared := wanted & line.terms:
            score = sum(weights[term] for term in shared) - 0.01 * min(line.words, LONGEST_SNIPPET)
            if score > best_score:
                best, best_score = line.text, score
    return best, best_score + sum(weights[term] for term in titled)


def shorten(text: str, index: SearchIndex, terms: Iterable[str]) -> str:
    """At most `LONGEST_SNIPPET` words: the window that holds most of `terms`."""
    words = text.split()
    if len(words) <= LONGEST_SNIPPET:
        return " ".join(words)
    wanted = set(terms)
    hits = [1 if wanted.intersection(index.words(word)) else 0 for word in words]
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
