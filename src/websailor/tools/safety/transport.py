"""A transport that connects to checked addresses only.

Enters: requests of an `httpx2` client. Leaves: their responses, or `Forbidden`. The host is resolved here, every
address is checked, and the connection goes to one of the addresses that were checked, while certificate and Host header
stay those of the name: a resolver that answers differently the second time is never asked a second time. Redirects are
requests of their own, so each passes through here.
"""

import asyncio
import socket
from collections.abc import Collection, Sequence
from typing import Protocol

import httpx2

from websailor.tools.safety.addresses import (
    Address,
    Forbidden,
    check_addresses,
    is_allowed,
    literal_address,
    parsed_url,
)

MOST_TRIED = 3
"""Addresses of one host that are tried."""


class Resolver(Protocol):
    """Host names to addresses."""

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        """All addresses of a host. Raises `OSError` when there are none."""
        ...


async def system_resolver(host: str, port: int) -> Sequence[Address]:
    """What the operating system says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [literal_address(str(entry[4][0])) for entry in found]
    return list(dict.fromkeys(address for address in addresses if address is not None))


class PublicOnly(httpx2.AsyncBaseTransport):
    """Wraps another transport, which then sees addresses instead of names. `allowed` hosts need not be public."""

    def __init__(
        self,
        inner: httpx2.AsyncBaseTransport | None = None,
        resolver: Resolver = system_resolver,
        allowed: Collection[str] = (),
    ) -> None:
        # Connections are not kept: one that was opened for a name must not serve another name on the same address.
        self._inner = inner or httpx2.AsyncHTTPTransport(
            limits=httpx2.Limits(max_keepalive_connections=0), trust_env=False
        )
        self._resolver = resolver
        self._allowed = allowed

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = parsed_url(str(request.url), self._allowed)
        literal = literal_address(url.host)
        if literal is not None:
            addresses: Sequence[Address] = [literal]
        else:
            try:
                addresses = await self._resolver(url.host, url.port or (443 if url.scheme == "https" else 80))
            except (OSError, UnicodeError) as error:
                raise httpx2.ConnectError(f"{url.host} has no address", request=request) from error
        if not is_allowed(url, self._allowed):
            check_addresses(addresses)
        elif not addresses:
            raise httpx2.ConnectError(f"{url.host} has no address", request=request)
        tried = list(addresses)[:MOST_TRIED]
        for place, address in enumerate(tried):
            try:
                return await self._inner.handle_async_request(_pinned(request, url, address))
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if place + 1 == len(tried):  # a host may have an address of a kind that does not work from here
                    raise
        raise AssertionError("the last address answers or raises")

    async def aclose(self) -> None:
        await self._inner.aclose()


def _pinned(request: httpx2.Request, url: httpx2.URL, address: Address) -> httpx2.Request:
    """The same request to an address, for the name."""
    return httpx2.Request(
        request.method,
        url.copy_with(host=str(address)),
        headers=[(name, value) for name, value in request.headers.raw if name.lower() != b"host"]
        + [(b"Host", url.netloc)],
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": url.host},
    )


__all__ = ["Forbidden", "PublicOnly", "Resolver", "system_resolver"]
