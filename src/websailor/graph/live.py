"""A live MediaWiki as the web that a graph grows on.

Enters: where its pages are, and the gateway's settings. Leaves: a `Web` whose pages have infoboxes and links: the wiki
is asked for the wikitext itself (`?action=raw`) and read like a page of a dump, so that the graph is the one that the
dump would have given. Every call goes through the gateway, with its limits, its store and its recordings.
"""

from types import TracebackType
from urllib.parse import urlsplit

from websailor.records import Hit, Page
from websailor.tools.base import Missing, Web
from websailor.tools.gateway.config import GatewayConfig
from websailor.wiki.dump import RawPage, redirect_of
from websailor.wiki.pages import read_page
from websailor.wiki.titles import Site


def live_site(prefix: str) -> Site:
    """The wiki whose addresses begin with `prefix`."""
    host = urlsplit(prefix).netloc
    return Site(language=host.partition(".")[0], url_prefix=prefix)


class Wikitext:
    """Pages of a site by their wikitext, over a web that gives what stands at an address."""

    def __init__(self, web: Web, site: Site) -> None:
        self._web = web
        self._site = site

    def search(self, query: str, k: int) -> list[Hit]:
        return self._web.search(query, k)

    def fetch(self, url: str) -> Page:
        """The page at an address of the site. Raises `Missing` for other addresses and where there is none."""
        site = self._site
        title = site.title_of(url)
        if title is None:
            raise Missing(f"{url} is no page of {site.url_prefix}.")
        text = self._web.fetch(f"{site.url(title)}?action=raw").text
        redirect = redirect_of(text)
        target = site.normalise(redirect) if redirect else None
        return read_page(RawPage(id=0, title=title, namespace=0, text=text, redirect_to=target), site)


class LiveWiki:
    """Opens the gateway to a wiki; used in a `with` statement, which gives the `Web`."""

    def __init__(self, site: Site, gateway: GatewayConfig) -> None:
        from websailor.tools.gateway.opening import open_gateway
        from websailor.tools.live import LiveWeb
        from websailor.tools.webs import Blocking

        root = "{0.scheme}://{0.netloc}".format(urlsplit(site.url_prefix))
        own = {"search": ("wikipedia",), "visit": ("direct",), "bases": {**gateway.bases, "wikipedia": root}}
        opened = open_gateway(gateway.model_copy(update=own))
        self._blocking = Blocking(LiveWeb(opened), opened.aclose)
        self._web = Wikitext(self._blocking, site)

    def __enter__(self) -> Wikitext:
        return self._web

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._blocking.close()
