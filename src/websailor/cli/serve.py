"""`websailor serve web`."""

import errno
import logging
import signal
import socket
from pathlib import Path
from typing import Any

from websailor.errors import UserError
from websailor.wiki import open_wiki

GRACE = 10
"""Seconds that requests under way have when the server is told to stop."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")

log = logging.getLogger(__name__)


def web_(*, wiki: Path, port: int = 8080, host: str = "127.0.0.1") -> None:
    """Serve search and pages of a wiki over HTTP, until it is interrupted.

    POST /search {"queries": [...], "k": 10}; GET or POST /visit with a title or a url; POST /retrieve as Search-R1's
    retrieval server; GET /health. Start it several times, on other ports, to use several cores.

    Parameters
    ----------
    wiki
        A wiki directory.
    port
        Where to listen; 0 takes any free one.
    host
        Address to listen on; only this machine by default.
    """
    try:
        import uvicorn

        from websailor.wiki.service import make_service
    except ImportError as error:
        raise UserError(f"{error}: a server needs `pip install 'websailor[serve]'`") from error
    from websailor.cli.output import print_line

    opened = open_wiki(wiki)
    with _listening(host, port) as listener:
        if host not in LOOPBACK:
            log.warning("%s: whoever reaches this address can read the wiki; there are no passwords", host)
        config = uvicorn.Config(
            make_service(opened), log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE
        )
        address = f"[{host}]" if ":" in host else host
        print_line(f"{len(opened)} pages at http://{address}:{listener.getsockname()[1]}")
        # The server passes a signal on when it has stopped: the end that was asked for.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _end)
        uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens. `UserError` says why there is none."""
    if not 0 <= port < 65536:
        raise UserError(f"--port {port}: a port is a number from 0 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UserError(f"--host {host}: {error.strerror}: give an address of this machine") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # From here on requests wait for the server instead of being turned away.
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise UserError(f"--port {port}: another program listens there: choose another, or 0 for any") from error
        raise UserError(f"--host {host} --port {port}: {error.strerror}: choose another") from error
    return listener


def _end(*_: Any) -> None:
    raise SystemExit(0)
