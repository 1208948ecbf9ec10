"""Fetch what an address that somebody typed holds, without being led into our own network (request forgery).

The name is resolved once, every address it has is looked at, and the connection goes to the very one that was looked
at: a name that answers differently a moment later leads nowhere. Redirects are followed by hand, each looked at anew.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urljoin, urlsplit

from eventsys.core.errors import Invalid

URL_MAX = 500
REDIRECTS = 3
SECONDS = 10.0  # for each step; twice that for all
PIECE = 1 << 16
SCHEMES = {"http": "http", "https": "https", "webcal": "https", "webcals": "https"}
_REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was there, and the validator by which to ask whether it changed."""

    body: bytes
    etag: str = ""


def fetch(url: str, *, size: int, own_hosts: Collection[str] = (), etag: str = "") -> Fetched | None:
    """The body at `url`, at most `size` octets; None when it is still what `etag` stands for.

    Invalid of the field `url` says what is wrong: `url_scheme`, `url_unknown` (no such name), `url_inside` (an address
    that is not public, of a host that is not among `own_hosts`), `url_answer` (with the `status`), `url_too_large`,
    `url_unreachable`.
    """
    ends = time.monotonic() + 2 * SECONDS
    for _step in range(REDIRECTS + 1):
        parts = check_url(url)
        address = _address_of(parts, own_hosts)
        try:
            answer = _get(parts, address, etag, size, ends)
        except (OSError, http.client.HTTPException, ValueError):
            raise Invalid("url_unreachable", field="url", host=parts.hostname) from None
        if answer.status == 304 and etag:
            return None
        if answer.status == 200:
            return Fetched(answer.body, answer.headers.get("ETag", "")[:200])
        if answer.status not in _REDIRECTS:
            raise Invalid("url_answer", field="url", status=answer.status)
        url = urljoin(parts.geturl(), answer.headers.get("Location", ""))
    raise Invalid("url_answer", field="url", status=answer.status)


def check_url(url: str) -> SplitResult:
    """The address taken apart, webcal as https; Invalid `url_scheme` when it is none of the web."""
    try:
        parts = urlsplit(url.strip())
        _port = parts.port
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        raise Invalid("url_scheme", field="url") from None
    is_plain = parts.username is None and not any(
        letter.isspace() or not letter.isprintable() for letter in url.strip()
    )
    if len(url) > URL_MAX or parts.scheme.lower() not in SCHEMES or not host or not is_plain:
        raise Invalid("url_scheme", field="url")
    netloc = f"[{host}]" if ":" in host else host
    netloc += f":{parts.port}" if parts.port else ""
    return parts._replace(scheme=SCHEMES[parts.scheme.lower()], netloc=netloc, fragment="")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is of the internet; those that carry another one within are judged by it, or not at all."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.sixtofour is not None or address.teredo is not None or address in _NAT64:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class _Nat64:
    """64:ff9b::/96 and 64:ff9b:1::/48 (RFC 6052, RFC 8215), which lead to addresses of version 4."""

    def __contains__(self, address: IPv6Address) -> bool:
        return address.packed[:4] == b"\x00\x64\xff\x9b"


_NAT64 = _Nat64()


def _address_of(parts: SplitResult, own_hosts: Collection[str]) -> str:
    host = parts.hostname or ""
    try:
        found = socket.getaddrinfo(host, _port_of(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Invalid("url_unknown", field="url", host=host) from None
    addresses = [str(item[4][0]) for item in found]
    is_own = host.lower() in own_hosts
    if not addresses or not (is_own or all(is_public(ip_address(item.partition("%")[0])) for item in addresses)):
        raise Invalid("url_inside", field="url", host=host)
    return addresses[0]


def _port_of(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _get(parts: SplitResult, address: str, etag: str, size: int, ends: float) -> _Answer:
    connection = _connection(parts, address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"User-Agent": "eventsys", "Accept": "text/calendar, */*", "Accept-Encoding": "identity"}
    try:
        connection.request("GET", path, headers={**headers, "If-None-Match": etag} if etag else headers)
        answer = connection.getresponse()
        body = bytearray()
        while answer.status == 200 and (piece := answer.read1(PIECE)):
            body += piece
            if len(body) > size:
                raise Invalid("url_too_large", field="url", size=size)
            if time.monotonic() > ends:
                raise TimeoutError
        if answer.status == 200 and answer.length:  # octets that were promised and did not come
            raise http.client.IncompleteRead(bytes(body))
        return _Answer(answer.status, answer.headers, bytes(body))
    finally:
        connection.close()


def _connection(parts: SplitResult, address: str) -> http.client.HTTPConnection:
    """To the address that was looked at, whatever the name says by now; a certificate is still that of the name."""
    host, port = parts.hostname or "", _port_of(parts)
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    sock = socket.create_connection((address, port), timeout=SECONDS)
    if parts.scheme == "https":
        try:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise
        connection.default_port = 443
    connection.sock = sock
    return connection
