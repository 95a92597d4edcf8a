"""A raw page of a dump -> `Page`."""

from websailor.records import Link, Page
from websailor.wiki.dump import RawPage
from websailor.wiki.infobox import read_infobox
from websailor.wiki.names import name_set
from websailor.wiki.scanner import Markup, scan
from websailor.wiki.sentences import first_sentence
from websailor.wiki.titles import Site

_DISAMBIGUATION = name_set("page", "disambiguation")


def read_page(raw: RawPage, site: Site) -> Page:
    """Parse a page. A redirect keeps its target and nothing else."""
    url = site.url(raw.title)
    if raw.redirect_to is not None:
        return Page(id=raw.id, title=raw.title, url=url, redirect_to=raw.redirect_to)
    markup = scan(raw.text, site, raw.title)
    disambiguation = not markup.templates.isdisjoint(_DISAMBIGUATION)
    return page_of(raw.id, raw.title, url, markup, disambiguation)


def page_of(number: int, title: str, url: str, markup: Markup, disambiguation: bool) -> Page:
    """What was found on a page, as `Page`."""
    kind, fields = None, ()
    if markup.infobox:
        kind, fields = read_infobox(markup.infobox, markup.marks, title, _anchors(markup.links))
    return Page(
        id=number,
        title=title,
        url=url,
        text=markup.text,
        links=markup.links,
        infobox_type=kind,
        infobox=fields,
        categories=markup.categories,
        disambiguation=disambiguation or title.endswith("(disambiguation)"),
        first_sentence=first_sentence(markup.text),
    )


def _anchors(links: tuple[Link, ...]) -> dict[str, str]:
    """Names that lead to one page only, wherever they are linked on the page."""
    targets: dict[str, str] = {}
    doubtful: set[str] = set()
    for link in links:
        for words in (link.anchor, link.target):
            if len(words) > 2 and words[0].isupper() and targets.setdefault(words, link.target) != link.target:
                doubtful.add(words)
    return {words: target for words, target in targets.items() if words not in doubtful}
