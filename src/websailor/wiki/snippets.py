"""The line of a page that answers a query best: a sentence or an infobox line, at most about thirty words."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from websailor.records import Page
from websailor.wiki.index import CJK, SearchIndex, page_lines
from websailor.wiki.sentences import sentence_spans

LONGEST_SNIPPET = 30
"""Words."""
LONGEST_PASSAGE = 100
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
