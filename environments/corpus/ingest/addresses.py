"""Which addresses may be fetched from: http and https, and no machine of the user's own network.

`guard` holds for everything that a process connects to afterwards, whichever library does it and wherever a redirect leads.
"""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Collection
from functools import lru_cache
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["Refused", "check_url", "guard"]

_SCRIPT_RUNNERS = frozenset({"deno", "bun", "qjs", "node"})


_METADATA = ipaddress.ip_address("168.63.129.16")  # Azure's own, which no registry lists as private
_GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")  # all that is allocated for global unicast (RFC 4291, 2.4)
_IPV4_WITHIN = tuple(
    ipaddress.ip_network(prefix)
    for prefix in (
        "::ffff:0:0/96",  # mapped
        "::/96",  # compatible (RFC 4291, 2.5.5.1)
        "::ffff:0:0:0/96",  # translated (RFC 2765, 2.1)
        "64:ff9b::/96",  # NAT64 (RFC 6052, 2.1)
    )
)
"""IPv6 networks whose last 32 bits are an IPv4 address."""
_PRIVATE = "it leads to an address of a private network"
_REQUEST = re.compile(rb"(?:CONNECT (?P<tunnel>[^ ]+)|[A-Z]+ (?:https?://(?P<whole>[^/?# ]*))?[^ ]*) HTTP/1", re.IGNORECASE)
_HOST = re.compile(rb"\r\nHost:[ \t]*([^\r\n]*)", re.IGNORECASE)


class Refused(OSError):
    """A connection to an address of a private network was asked for, or a program."""


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


def guard(proxies: Collection[tuple[str, int]] = (), *, private: bool = False) -> None:
    """From now on this process starts no program but those that run a page's scripts, and connects to public addresses and `proxies` only.

    Names are judged by what they resolve to, at the moment of connecting. Of what is asked of a proxy (host as written, port) the
    request itself is judged, by what its host resolves to here. `private` lifts the judging of addresses, nothing else.
    """
    known = {(host, port) for host, port in proxies}
    for host, port in proxies:
        known |= {(address, port) for address in _resolved(host)}

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if not private and event in {"socket.connect", "socket.sendto"}:
            address = arguments[1]
            if not (isinstance(address, tuple) and (_public(str(address[0])) or (str(address[0]), int(address[1])) in known)):
                raise Refused(1, _PRIVATE)
        if not private and proxies and event == "http.client.send" and (host := _asked_for(arguments[1])) is not None:
            _judge(host)
        if event in {"os.system", "os.exec", "os.posix_spawn"} or (event == "subprocess.Popen" and not _script_runner(arguments)):
            raise Refused(1, "it wants to start another program")

    sys.addaudithook(audit)


def _asked_for(sent: object) -> str | None:
    """The host that an HTTP request is for: of its first line, else of its header. None where these bytes begin no request."""
    if not isinstance(sent, bytes) or (first := _REQUEST.match(sent)) is None:
        return None
    place = first["tunnel"] or first["whole"] or (header[1] if (header := _HOST.search(sent)) else b"")
    try:
        return urlsplit(f"//{place.decode('latin-1').strip()}").hostname or ""
    except ValueError:
        return ""


def _judge(host: str) -> None:
    """Raises Refused unless all that `host` resolves to is public."""
    addresses = _resolved(host)
    if not addresses:
        raise Refused(1, f"{one_line(host, 80)!r} cannot be resolved here, so where the proxy would lead is not known")
    if not all(map(_public, addresses)):
        raise Refused(1, _PRIVATE)


def _script_runner(arguments: tuple[Any, ...]) -> bool:
    """Whether a program is one that yt-dlp runs a page's scripts with, which it starts without the network."""
    words = arguments[1]
    program = arguments[0] or (words[0] if isinstance(words, list | tuple) and words else words)
    return PurePath(os.fsdecode(program)).stem in _SCRIPT_RUNNERS if program else False


@lru_cache(maxsize=256)
def _resolved(host: str) -> frozenset[str]:
    """The numeric addresses of a name, none where it has none; a numeric address is its own."""
    import socket  # noqa: PLC0415

    try:
        return frozenset(str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)) if host else frozenset()
    except (OSError, ValueError):  # a name that cannot be one is a UnicodeError
        return frozenset()


def _public(host: str) -> bool:
    """Whether a numeric address is one of the public internet; IPv4 inside IPv6 is judged as what it is."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        within = any(address in network for network in _IPV4_WITHIN)
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if within else address.sixtofour
        if inner is None:
            return address in _GLOBAL_IPV6 and address.is_global
        address = inner
    return address.is_global and not address.is_multicast and address != _METADATA
