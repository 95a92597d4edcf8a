"""HTTP as the providers use it: bounded, checked, and with failures in the gateway's words.

Enters: a request. Leaves: a body of bounded size with its type, or a `ProviderError`. `Http.api` talks to services that
the configuration names; `Http.page` to whatever address a model wrote, through `safety.PublicOnly`, following redirects
one by one.
"""

import email.utils
import json
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import httpx2

from websailor.tools.providers.base import BadKey, NotThere, Payload, Refused, Throttled, ToolName, Unavailable
from websailor.tools.safety.addresses import Forbidden, parsed_url
from websailor.tools.safety.transport import PublicOnly

CONTACT = "WEBSAILOR_CONTACT"
"""Environment variable with an address that services may write to; Wikipedia and Crossref ask for one."""
MOST_BYTES = 8 * 2**20
"""Largest body that is read, decompressed."""
MOST_REDIRECTS = 5
READABLE = (
    "text/",
    "application/xhtml+xml",
    "application/xml",
    "application/json",
    "application/pdf",
    "application/rss",
)
"""Beginnings of content types that a page may have."""


@dataclass(frozen=True, slots=True)
class Body:
    """A reply that was read to its end."""

    url: str
    content_type: str
    """Without parameters, lower case."""
    charset: str | None
    content: bytes

    @property
    def text(self) -> str:
        """Decoded as the header says, else as UTF-8; what cannot be decoded is replaced."""
        try:
            return self.content.decode(self.charset or "utf-8", errors="replace")
        except LookupError:
            return self.content.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """Raises `Unavailable` where it is none: a proxy's error page instead of the answer."""
        try:
            return json.loads(self.text)
        except (json.JSONDecodeError, RecursionError) as error:
            raise Unavailable(f"the reply is no JSON ({self.content_type or 'no content type'})") from error


class Http:
    """Two clients: one for services, one for pages. `page_transport` replaces what pages are fetched with."""

    def __init__(self, seconds: float = 20.0, page_transport: httpx2.AsyncBaseTransport | None = None) -> None:
        timeout = httpx2.Timeout(seconds, connect=min(seconds, 10.0))
        contact = os.environ.get(CONTACT, "").strip()
        signed = f"; {contact}" if contact and contact.isprintable() else ""
        agent = f"websailor/{version('websailor')} (research agent{signed})"
        headers = {"User-Agent": agent, "Accept-Encoding": "gzip, deflate"}
        self._services = httpx2.AsyncClient(timeout=timeout, headers=headers, follow_redirects=False)
        self._pages = httpx2.AsyncClient(
            timeout=timeout,
            headers=headers,
            follow_redirects=False,
            transport=page_transport or PublicOnly(),
            trust_env=False,
        )

    async def api(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Body:
        """Call a service."""
        request = self._services.build_request(method, url, params=params, json=json, headers=headers)
        body = await _sent(self._services, request)
        if isinstance(body, str):
            raise Unavailable("the service redirected the call")
        return body

    async def page(self, address: str) -> Body:
        """Fetch a page that a model named. Raises `Forbidden` (a `ToolFailure`) for what must not be contacted."""
        url = parsed_url(address)
        for _ in range(MOST_REDIRECTS + 1):
            accept = {"Accept": "text/html,application/xhtml+xml,application/pdf;q=0.9,text/*;q=0.8"}
            body = await _sent(self._pages, self._pages.build_request("GET", url, headers=accept))
            if isinstance(body, Body):
                if not body.content_type.startswith(READABLE):
                    raise Refused(f"the page is {body.content_type or 'of no stated type'}, which cannot be read")
                return body
            try:
                url = parsed_url(str(url.join(body)))
            except httpx2.InvalidURL as error:
                raise Refused("the page redirects to no address") from error
        raise Refused(f"the page redirects more than {MOST_REDIRECTS} times")

    async def aclose(self) -> None:
        """Close all connections."""
        await self._services.aclose()
        await self._pages.aclose()


class Service(ABC):
    """What all providers share: HTTP, an address, and perhaps a key. See `base.Provider`."""

    name: str
    tool: ToolName
    per_second: float = 5.0
    base: str = ""
    """Where the service is, unless the config says otherwise."""

    def __init__(self, http: Http, *, key: str | None = None, base: str | None = None) -> None:
        self._http = http
        self._key = key
        self._base = (base or self.base).rstrip("/")

    @abstractmethod
    async def __call__(self, arguments: Mapping[str, Any]) -> Payload:
        """One upstream call. Raises `ProviderError`."""


async def _sent(client: httpx2.AsyncClient, request: httpx2.Request) -> Body | str:
    """The body, or where a redirect leads."""
    try:
        response = await client.send(request, stream=True)
        try:
            location = response.headers.get("location")
            if response.is_redirect and location:
                return location
            _check_status(response)
            return Body(
                url=str(response.request.url) if response.history else str(request.url),
                content_type=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
                charset=response.charset_encoding,
                content=await _read(response),
            )
        finally:
            await response.aclose()
    except Forbidden:
        raise
    except httpx2.TimeoutException as error:
        raise Unavailable("no reply in time") from error
    except (httpx2.HTTPError, httpx2.StreamError, OSError) as error:
        raise Unavailable(f"the connection failed ({type(error).__name__})") from error


async def _read(response: httpx2.Response) -> bytes:
    """The decompressed body; more than `MOST_BYTES` is refused before it is held."""
    declared = response.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MOST_BYTES:
        raise Refused(f"the reply is larger than {MOST_BYTES // 2**20} MB")
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes(65536):
        size += len(part)
        if size > MOST_BYTES:
            raise Refused(f"the reply is larger than {MOST_BYTES // 2**20} MB")
        parts.append(part)
    return b"".join(parts)


def _check_status(response: httpx2.Response) -> None:
    status = response.status_code
    if status < 300:
        return
    if status == 429 or (status == 503 and "retry-after" in response.headers):
        raise Throttled(f"HTTP {status}", retry_after(response.headers.get("retry-after")))
    if status in (404, 410):
        raise NotThere(f"HTTP {status}")
    if status in (401, 407):
        raise BadKey(f"HTTP {status}")
    if status in (408, 425) or status >= 500:
        raise Unavailable(f"HTTP {status}")
    raise Refused(f"HTTP {status}")


def retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date; None for anything else."""
    if value is None:
        return None
    try:
        seconds = float(value)
        return seconds if 0 <= seconds < 1e7 else None
    except ValueError:
        pass
    try:
        when = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, when.timestamp() - time.time())
