"""A web of a few pages in memory: the fake of `Web`, for tests, examples and small corpora.

Enters: pages. Leaves: search by shared words (title words count double), pages by URL or title. Redirects are followed.
"""

from collections import Counter
from collections.abc import Iterable

from websailor.records import Hit, Page
from websailor.tools.base import missing
from websailor.tools.extract import ReadablePage, best_sentence, readable, terms


class InMemoryWeb:
    """The shipped fake: everything is scanned, so keep it to some hundred pages."""

    def __init__(self, pages: Iterable[Page]) -> None:
        listed = list(pages)
        self._by_address = {address: page for page in listed for address in (page.title, page.url) if address}
        self._readable = [
            (page, readable(page), Counter(terms(page.text))) for page in listed if page.redirect_to is None
        ]

    def search(self, query: str, k: int) -> list[Hit]:
        wanted = set(terms(query))
        scored = []
        for page, prepared, words in self._readable:
            score = _score(prepared, words, wanted)
            if score:
                scored.append((-score, page.title, page, prepared))
        scored.sort(key=lambda row: row[:2])
        return [
            Hit(title=title, url=page.url, snippet=best_sentence(prepared, query), score=-negative)
            for negative, title, page, prepared in scored[:k]
        ]

    def fetch(self, url: str) -> Page:
        page = self._by_address.get(url)
        while page is not None and page.redirect_to is not None:
            page = self._by_address.get(page.redirect_to)
        if page is None:
            raise missing(url)
        return page


def _score(prepared: ReadablePage, words: Counter[str], wanted: set[str]) -> float:
    in_fields = set().union(*prepared.field_terms)
    return sum(2 * (word in prepared.title_terms) + (word in words or word in in_fields) for word in wanted)
