"""Which addresses the agent may make us contact (server-side request forgery).

Enters: a URL as a model wrote it, or the addresses a host resolved to. Leaves: the URL, parsed, or `Forbidden` with
words for the agent. Only http and https, no credentials in the URL, no port but those that web sites use, no host that
is or resolves to anything but a public unicast address. A name may resolve to several addresses: all of them must be
public. The check of names belongs at the moment of connecting (`transport`), else a second answer of the resolver could
lead elsewhere. A person may allow hosts of their own network, by `host` or `host:port`: of these the form is checked.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable

import httpx2

from websailor.tools.base import ToolFailure

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MOST_CHARACTERS = 4096
"""Longest URL that is fetched."""
PORTS = frozenset({80, 443, 8000, 8008, 8080, 8081, 8088, 8443, 8888})
"""Ports of web sites. On others there are mail servers and databases, which an HTTP request can make do things."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is given out to the public."""
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "3fff::/20")
)
"""Reserved for protocols and documents; not every version of Python knows all of them."""
_TUNNEL = (0x00005EFE, 0x02005EFE)
"""Second half of an address that wraps an IPv4 address for a site's own tunnel (ISATAP), without that address."""
_METADATA = frozenset(
    ipaddress.ip_address(text) for text in ("169.254.169.254", "100.100.100.200", "fd00:ec2::254", "168.63.129.16")
)
"""Metadata services of clouds; some of them answer on addresses that count as public."""
_LOCAL_NAMES = re.compile(
    r"(?:^|\.)(?:localhost|localdomain|local|internal|intranet|lan|home|corp|home\.arpa|onion|test|invalid)\.?$"
)
_NUMERIC_HOST = re.compile(r"(?:0x[0-9a-f]+|\d+)(?:\.(?:0x[0-9a-f]*|\d*))*\.?")
_CONTROL = re.compile(r"[\x00-\x20\x7f\\]")


class Forbidden(ToolFailure):
    """An address that must not be contacted; the message is for the agent and names no address that was found out."""


def parsed_url(text: str, allowed: Collection[str] = ()) -> httpx2.URL:
    """A URL that may be resolved; `allowed` hosts need not be public. Raises `Forbidden` for what its form alone
    forbids."""
    text = text.strip()
    if len(text) > MOST_CHARACTERS:
        raise Forbidden(f"The address is longer than {MOST_CHARACTERS} characters.")
    if _CONTROL.search(text):
        raise Forbidden("The address holds a space, a control character or a backslash.")
    try:
        url = httpx2.URL(text)
    except (httpx2.InvalidURL, ValueError, UnicodeError) as error:
        raise Forbidden("This is no web address. Give one that begins with https://.") from error
    if url.scheme not in ("http", "https"):
        raise Forbidden("Only http and https addresses can be visited.")
    if url.userinfo:
        raise Forbidden("An address with a user name or password in it is not visited.")
    if not url.host:
        raise Forbidden("The address names no host.")
    if not is_allowed(url, allowed):
        _check_name(url.host)
        if url.port is not None and url.port not in PORTS:
            raise Forbidden(f"Port {url.port} is none of the web.")
    return url


def is_allowed(url: httpx2.URL, allowed: Collection[str]) -> bool:
    """True when a person allowed this host, for all ports or for the URL's."""
    if not allowed:
        return False
    host = url.host.lower().rstrip(".")
    port = url.port or (443 if url.scheme == "https" else 80)
    return host in allowed or f"{host}:{port}" in allowed


def _check_name(host: str) -> None:
    name = host.lower().rstrip(".")
    literal = literal_address(name)
    if literal is not None:
        check_addresses([literal])
        return
    if _NUMERIC_HOST.fullmatch(name):
        raise Forbidden("A number is no host name here: give the name of a web site.")
    if "%" in name or "." not in name or _LOCAL_NAMES.search(name):
        raise Forbidden(f"{host} is no public web site.")


def literal_address(host: str) -> Address | None:
    """The address that a host is written as, in plain notation; None for a name."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def check_addresses(addresses: Iterable[Address]) -> None:
    """Raise `Forbidden` unless there are addresses and every one of them is public unicast."""
    found = list(addresses)
    if not found or not all(is_public(address) for address in found):
        raise Forbidden("This host is not on the public web.")


def is_public(address: Address) -> bool:
    """True for a public unicast address, looked at through every way of wrapping IPv4 into IPv6."""
    if address in _METADATA:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address in _LOCAL_NAT64 or address.scope_id is not None:
            return False
        inner = _wrapped(address)
        if inner is not None:
            return is_public(inner)
        if address not in _UNICAST or (int(address) >> 32) & 0xFFFFFFFF in _TUNNEL:
            return False
    if any(address.version == network.version and address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


def _wrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address within a mapped, 6to4 or NAT64 one."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
