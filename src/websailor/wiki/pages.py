"""A raw page of a dump -> `Page`."""

from websailor.records import Page
from websailor.wiki.dump import RawPage
from websailor.wiki.infobox import read_infobox
from websailor.wiki.scanner import scan
from websailor.wiki.sentences import first_sentence
from websailor.wiki.titles import Site

_DISAMBIGUATION = frozenset(
    ["disambig", "disambiguation", "dab", "disamb", "disambiguation page", "disambiguation cleanup", "hndis", "human name disambiguation", "geodis", "geo-dis", "place name disambiguation", "number disambiguation", "numberdis", "schooldis", "school disambiguation", "airport disambiguation", "letter-number combination disambiguation", "letter-numbercombdisambig", "callsigndis", "hospitaldis", "mathdab", "roaddis", "shipindex", "mil-unit-dis", "species latin name disambiguation", "biology disambiguation", "taxonomy disambiguation", "music disambiguation", "ship index", "消歧义", "消歧義", "消歧义页", "begriffsklärung", "homonymie", "disambigua", "desambiguación", "неоднозначность", "曖昧さ回避", "doorverwijspagina"]
)


def read_page(raw: RawPage, site: Site) -> Page:
    """Parse a page. A redirect keeps its target and nothing else."""
    url = site.url(raw.title)
    if raw.redirect_to is not None:
        return Page(id=raw.id, title=raw.title, url=url, redirect_to=raw.redirect_to)
    markup = scan(raw.text, site, raw.title)
    kind, fields = read_infobox(markup.infobox, site, raw.title) if markup.infobox else (None, ())
    return Page(
        id=raw.id,
        title=raw.title,
        url=url,
        text=markup.text,
        links=markup.links,
        infobox_type=kind,
        infobox=fields,
        categories=markup.categories,
        disambiguation=not markup.templates.isdisjoint(_DISAMBIGUATION) or raw.title.endswith("(disambiguation)"),
        first_sentence=first_sentence(markup.text),
    )
