"""Which addresses may be fetched from: http and https, and no machine of the user's own network.

`guard` holds for everything that a process connects to afterwards, whichever library does it and wherever a redirect leads.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Collection
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["Refused", "check_url", "guard"]

_SCRIPT_RUNNERS = frozenset({"deno", "bun", "qjs", "node"})


class Refused(OSError):
    """A connection to an address of a private network was asked for."""


def check_url(url: str) -> None:
    """Raises FeedError for what is no http(s) address with a host, or carries a password."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise FeedError(f"{one_line(url, 200)!r} is no address") from error
    if parts.scheme.lower() not in {"http", "https"} or not host:
        raise FeedError(f"{one_line(url, 200)!r} is no address that a video is fetched from; only http:// and https:// are")
    if parts.username is not None or parts.password is not None:
        raise FeedError(f"the address at {one_line(host)} has a user name or password in it; leave it out")


def guard(allowed: Collection[tuple[str, int]] = ()) -> None:
    """From now on this process connects to public addresses only, and to `allowed` (host as written, port), such as a proxy's.

    Names are judged by what they resolve to, at the moment of connecting.
    """
    by_name = {(host, port) for host, port in allowed}
    resolved: set[tuple[str, int]] = set()

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo" and (str(arguments[0]), int(arguments[1] or 0)) in by_name:
            return
        if event in {"socket.connect", "socket.sendto"}:
            address = arguments[1]
            if not (isinstance(address, tuple) and (_public(str(address[0])) or (str(address[0]), int(address[1])) in by_name | resolved)):
                raise Refused(1, "it leads to an address of a private network")
        if event in {"os.system", "os.exec", "os.posix_spawn"} or (event == "subprocess.Popen" and not _script_runner(arguments)):
            raise Refused(1, "it wants to start another program")

    for host, port in allowed:
        resolved |= _resolved(host, port)
    sys.addaudithook(audit)


def _script_runner(arguments: tuple[Any, ...]) -> bool:
    """Whether a program is one that yt-dlp runs a page's scripts with, which it starts without the network."""
    words = arguments[1]
    program = arguments[0] or (words[0] if isinstance(words, list | tuple) and words else words)
    return PurePath(os.fsdecode(program)).stem in _SCRIPT_RUNNERS if program else False


def _resolved(host: str, port: int) -> set[tuple[str, int]]:
    import socket  # noqa: PLC0415

    try:
        return {(str(found[4][0]), port) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError:
        return set()


def _public(host: str) -> bool:
    """Whether a numeric address is one of the public internet; IPv4 inside IPv6 is judged as what it is."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return (inner or address).is_global and not address.is_multicast
