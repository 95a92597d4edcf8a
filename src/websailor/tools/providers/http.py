"""HTTP as the providers use it: bounded, checked, and with failures in the gateway's words.

Enters: a request. Leaves: a body of bounded size with its type, or a `ProviderError`. `Http.api` talks to services that
the configuration names; `Http.page` to whatever address a model wrote, through `safety.PublicOnly`, following redirects
one by one.
"""

import html
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import replace
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from typing import Any

import httpx2

from websailor.retry_after import retry_after
from websailor.tools.providers.base import (
    BadKey,
    NotThere,
    Payload,
    ProviderError,
    Refused,
    Secret,
    Throttled,
    ToolName,
    Unavailable,
    trace_sending,
)
from websailor.tools.providers.bodies import Body, check_page, read_body
from websailor.tools.providers.encodings import HEAD
from websailor.tools.providers.reading_process import ReadingProcess
from websailor.tools.safety.addresses import parsed_url
from websailor.tools.safety.leaks import Blocked, LeakGuard
from websailor.tools.safety.transport import PublicOnly

CONTACT = "WEBSAILOR_CONTACT"
"""Environment variable with an address that services may write to; Wikipedia and Crossref ask for one."""
MOST_REDIRECTS = 5
REFRESH_SECONDS = 5.0
"""A page that sends its reader on within so many seconds is a redirect."""
_REFRESH = re.compile(
    rb"""<meta\s[^>]{0,200}?http-equiv\s{0,9}=\s{0,9}["']?refresh["']?[^>]{0,200}?content\s{0,9}=\s{0,9}["']?\s{0,9}"""
    rb"""(\d{1,4}(?:\.\d{0,4})?)\s{0,9}[;,]\s{0,9}(?:url\s{0,9}=)?\s{0,9}["']?([^"'>\s]{1,4096})""",
    re.IGNORECASE,
)


class Http:
    """Two clients: one for services, one for pages. `guard` and `allowed` (see `safety.addresses`) hold for every
    address on the way to a page; `page_transport` replaces what pages are fetched with. `reading` turns bodies into
    text."""

    def __init__(
        self,
        seconds: float = 20.0,
        page_transport: httpx2.AsyncBaseTransport | None = None,
        guard: LeakGuard | None = None,
        allowed: Collection[str] = (),
    ) -> None:
        timeout = httpx2.Timeout(seconds, connect=min(seconds, 10.0))
        contact = os.environ.get(CONTACT, "").strip()
        signed = f"; {contact}" if contact and contact.isascii() and contact.isprintable() else ""
        agent = f"websailor/{version('websailor')} (research agent{signed})"
        headers = {"User-Agent": agent, "Accept-Encoding": "gzip, deflate"}
        self.reading = ReadingProcess()
        self._guard = guard or LeakGuard()
        self._allowed = frozenset(allowed)
        self._services = httpx2.AsyncClient(timeout=timeout, headers=headers, follow_redirects=False)
        self._pages = httpx2.AsyncClient(
            timeout=timeout,
            headers=headers,
            follow_redirects=False,
            transport=page_transport or PublicOnly(allowed=self._allowed),
            trust_env=False,
        )
        # Nothing is remembered of a site beyond one visit: see `page`.
        self._pages.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def api(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str | Secret] | None = None,
    ) -> Body:
        """Call a service. A key that the service repeats in its reply is taken out."""
        body = await _sent(
            self._services,
            self._services.build_request(method, url, params=params, json=json, headers=_revealed(headers or {})),
        )
        if isinstance(body, str):
            raise Unavailable("the service redirected the call")
        for secret in (headers or {}).values():
            if isinstance(secret, Secret):
                body = replace(body, content=secret.removed(body.content))
        return body

    async def page(self, address: str) -> Body:
        """Fetch a page that a model named. Raises `Forbidden` or `Blocked` (`ToolFailure`s) for what must not be
        contacted, on whatever hop it is named."""
        url = parsed_url(address, self._allowed)
        cookies = httpx2.Cookies()  # some sites send a reader round in circles who does not give them back
        for _ in range(MOST_REDIRECTS + 1):
            if self._guard.url(str(url)) is not None:
                raise Blocked()
            accept = {"Accept": "text/html,application/xhtml+xml,application/pdf;q=0.9,text/*;q=0.8"}
            request = self._pages.build_request("GET", url, headers=accept)
            cookies.set_cookie_header(request)
            body = await _sent(self._pages, request, cookies)
            if isinstance(body, Body):
                check_page(body)
                location = refresh(body)
                if location is None:
                    return body
            else:
                location = body
            try:
                url = parsed_url(str(url.join(location)), self._allowed)
            except (httpx2.InvalidURL, ValueError) as error:
                raise Refused("the page redirects to no address") from error
        raise Refused(f"the page redirects more than {MOST_REDIRECTS} times")

    async def aclose(self) -> None:
        """Close all connections."""
        await self._services.aclose()
        await self._pages.aclose()
        self.reading.close()


class Service(ABC):
    """What all providers share: HTTP, an address, and perhaps a key. See `base.Provider`."""

    name: str
    tool: ToolName
    per_second: float = 5.0
    base: str = ""
    """Where the service is, unless the config says otherwise."""

    def __init__(self, http: Http, *, key: Secret | None = None, base: str | None = None) -> None:
        self._http = http
        self._key = key
        self._base = (base or self.base).rstrip("/")

    def blamed(self, arguments: Mapping[str, Any]) -> str:  # noqa: ARG002 -- a reader of pages needs them
        """See `base.Provider`."""
        return self.name

    @abstractmethod
    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        """One upstream call. Raises `ProviderError`."""


async def _sent(
    client: httpx2.AsyncClient, request: httpx2.Request, cookies: httpx2.Cookies | None = None
) -> Body | str:
    """The body, or where a redirect leads. `cookies` are those of a page; a service has none."""
    try:
        return await _exchanged(client, request, cookies)
    except ProviderError as error:
        failure = error.with_traceback(None)
    except httpx2.TimeoutException:
        failure = Unavailable("no reply in time")
    except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
        failure = Unavailable(f"the connection failed ({type(error).__name__})")
    # Raised out here, it carries neither the client's error nor its stack: both hold the request with its key.
    raise failure


async def _exchanged(client: httpx2.AsyncClient, request: httpx2.Request, cookies: httpx2.Cookies | None) -> Body | str:
    request.extensions = {**request.extensions, "trace": trace_sending}
    response = await client.send(request, stream=True)
    try:
        if cookies is not None:
            cookies.extract_cookies(response)
        location = response.headers.get("location")
        if response.is_redirect and location:
            return location
        _check_status(response, of_page=cookies is not None)
        return Body(
            url=str(request.url),
            content_type=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
            charset=response.charset_encoding,
            content=await read_body(response),
        )
    finally:
        await response.aclose()


def _revealed(headers: Mapping[str, str | Secret]) -> dict[str, str]:
    return {name: value.reveal() if isinstance(value, Secret) else value for name, value in headers.items()}


def refresh(body: Body) -> str | None:
    """Where an HTML page sends its reader by itself; None where it does not."""
    found = _REFRESH.search(body.content[: 2 * HEAD]) if body.is_html else None
    if found is None or float(found[1]) > REFRESH_SECONDS:
        return None
    return html.unescape(found[2].decode("utf-8", "replace"))


def _check_status(response: httpx2.Response, of_page: bool) -> None:
    """A page may be missing or locked; a service that says so has a wrong address or key."""
    status = response.status_code
    if status < 300:
        return
    if status == 429 or (status == 503 and "retry-after" in response.headers):
        raise Throttled(f"HTTP {status}", retry_after(response.headers))
    if status in (404, 410) and of_page:
        raise NotThere(f"HTTP {status}")
    if status in (401, 403) and not of_page:
        raise BadKey(f"HTTP {status}")
    if status in (408, 425) or status >= 500:
        raise Unavailable(f"HTTP {status}")
    raise Refused(f"HTTP {status}")
