"""Evidence: for every fact that a clue hides, a page that the tools can open and that states it, word for word.

Enters: facts with their sources, and the wiki. Leaves: `records.Evidence`; a fact whose source page is missing, or does
not hold the quote, has none, and no question may use it.
"""

import re
from collections.abc import Sequence

from websailor.questions.corpus import Corpus
from websailor.questions.structure import Branch
from websailor.records import Evidence, Fact, Page, Pattern
from websailor.wiki.reader import Wiki

_SPACES = re.compile(r"\s+")


def _squeezed(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


def infobox_lines(page: Page) -> list[str]:
    """The infobox as lines `key: value`, one for every value and one for all values of a key together."""
    lines: list[str] = []
    for field in page.infobox:
        texts = [value.text for value in field.values]
        lines.extend(f"{field.key}: {text}" for text in texts)
        if len(texts) > 1:
            lines.append(f"{field.key}: {', '.join(texts)}")
    return lines


def states(page: Page, fact: Fact) -> bool:
    """True when the page holds the quote of the fact's source."""
    quote = _squeezed(fact.source.quote)
    if not quote:
        return False
    if fact.source.kind == "infobox":
        return any(quote == _squeezed(line) for line in infobox_lines(page))
    return quote in _squeezed(page.text)


class EvidenceBook:
    """Looks facts up in the wiki, each once."""

    def __init__(self, wiki: Wiki, corpus: Corpus) -> None:
        self._wiki = wiki
        self._corpus = corpus
        self._known: dict[str, Page | None] = {}

    def page(self, fact: Fact) -> Page | None:
        """The page that states a fact; None when there is none that the tools can open."""
        if fact.id not in self._known:
            page = self._wiki.page(fact.source.page)
            self._known[fact.id] = page if page is not None and states(page, fact) else None
        return self._known[fact.id]

    def of(self, pattern: Pattern, clues: Sequence[Branch]) -> list[Evidence]:
        """Evidence of every fact of every clue. All facts must have a page (`page` is not None)."""
        found: list[Evidence] = []
        for number, clue in enumerate(clues):
            for atom in clue.atoms:
                fact = self._corpus.fact[pattern.atoms[atom].fact]
                page = self.page(fact)
                assert page is not None
                found.append(
                    Evidence(clue=number, fact=fact.id, page=page.title, quote=fact.source.quote, url=page.url)
                )
        return found
