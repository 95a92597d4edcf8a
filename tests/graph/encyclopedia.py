"""A small corpus in memory for the tests of the graph: pages, titles, and a web that counts what is asked of it."""

from collections.abc import Iterable, Sequence

from websailor.graph.extraction import Reading, read_page
from websailor.records import Hit, InfoboxField, Link, Page, Value
from websailor.tools.memory import InMemoryWeb


def entity(target: str, text: str | None = None) -> Value:
    return Value(type="entity", text=text or target, target=target)


def page(
    title: str, kind: str | None = None, text: str = "", links: Sequence[str] = (), **infobox: Value | list[Value]
) -> Page:
    fields = tuple(
        InfoboxField(key=key, values=tuple(value) if isinstance(value, list) else (value,))
        for key, value in infobox.items()
    )
    found = tuple(Link(anchor=name, target=name, offset=text.find(name)) for name in links)
    url = f"https://example.org/{title.replace(' ', '_')}"
    return Page(id=0, title=title, url=url, text=text, links=found, infobox_type=kind, infobox=fields)


class Encyclopedia:
    """The catalogue of a few pages; `redirects` maps other names to them."""

    def __init__(self, pages: Sequence[Page], redirects: dict[str, str] | None = None, generated: bool = True) -> None:
        self.pages = {page.title: page for page in pages}
        self.redirects = redirects or {}
        self.generated = generated

    def read(self, page: Page, query: str | None) -> Reading:
        """What the rules read on a page."""
        return read_page(page, self, query, generated=self.generated)

    def read_with_mentions(self, page: Page, query: str | None) -> Reading:
        return read_page(page, self, query, with_mentions=True, generated=self.generated)

    def title_of(self, url: str) -> str | None:
        return next((title for title, page in self.pages.items() if page.url == url), None)

    def titles(self) -> Iterable[str]:
        return self.pages

    def inlinks(self, title: str) -> int:
        return sum(any(link.target == title for link in page.links) for page in self.pages.values())

    def aliases(self, title: str) -> tuple[str, ...]:
        return tuple(name for name, target in self.redirects.items() if target == title)

    def learn(self, asked: str, reading: Reading) -> None:
        """Everything is known."""

    def resolve(self, title: str) -> str | None:
        title = self.redirects.get(title, title)
        return title if title in self.pages else None

    def url(self, title: str) -> str:
        return self.pages[title].url if title in self.pages else f"https://example.org/{title}"


class CountingWeb:
    """The web of a few pages; `asked` lists every search and address, and after `patience` of them it breaks down."""

    def __init__(self, pages: Sequence[Page], patience: int = 1_000_000) -> None:
        self._web = InMemoryWeb(pages)
        self._patience = patience
        self.asked: list[str] = []

    def _count(self, what: str) -> None:
        if len(self.asked) >= self._patience:
            raise ConnectionError("cut off")
        self.asked.append(what)

    def search(self, query: str, k: int) -> list[Hit]:
        self._count(query)
        return self._web.search(query, k)

    def fetch(self, url: str) -> Page:
        self._count(url)
        return self._web.fetch(url)
