"""Pages from the web as text: fetched directly, or through a reader service.

Enters: a URL as a model wrote it. Leaves: `{"url", "title", "text"}`, text as Markdown.
"""

from collections.abc import Mapping
from typing import Any

import httpx2

from websailor.tools.providers.base import Payload, Refused, Secret, Unavailable
from websailor.tools.providers.http import Service
from websailor.tools.providers.reading import MOST_CHARACTERS
from websailor.tools.providers.search_engines import address, clean
from websailor.tools.safety.addresses import parsed_url


class DirectHttp(Service):
    """GET the page itself."""

    name = "direct"
    tool = "visit"
    per_second = 10.0

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        body = await self._http.page(str(arguments["url"]))
        title, text = await self._http.reading.read(body)
        return {"url": body.url, "title": title, "text": text}

    def blamed(self, arguments: Mapping[str, Any]) -> str:
        """A page that does not load is its own host's fault."""
        try:
            return f"{self.name} {httpx2.URL(str(arguments['url'])).host}"
        except (httpx2.InvalidURL, ValueError):
            return self.name


class JinaReader(Service):
    """r.jina.ai: a service that renders pages and gives them as Markdown. About 20 calls a minute without a key."""

    name = "jina"
    tool = "visit"
    per_second = 1 / 3
    base = "https://r.jina.ai"

    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        url = str(parsed_url(str(arguments["url"])))
        headers: dict[str, str | Secret] = {"Accept": "application/json"}
        if self._key:
            headers["Authorization"] = self._key.after("Bearer ")
        reply = (await self._http.api("GET", f"{self._base}/{url}", headers=headers)).json()
        data = reply.get("data") if isinstance(reply, Mapping) else None
        if not isinstance(data, Mapping) or not isinstance(data.get("content"), str):
            raise Unavailable("the reply has another form than documented")
        if not data["content"].strip():
            raise Refused("the page holds no readable text")
        url = address(data.get("url")) or url  # where redirects led to: that is what the leak guard must see
        return {"url": url, "title": clean(data.get("title")), "text": data["content"][:MOST_CHARACTERS]}
