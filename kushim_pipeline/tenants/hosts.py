"""Which hosts a connection may talk to: a base URL is where a tenant's secret is sent, so it is judged before use."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

ALLOW_PRIVATE_HOSTS = "KUSHIM_ALLOW_PRIVATE_HOSTS"
"""Name of the environment variable that, set to 1, permits loopback and private base URLs (and plain http to them)."""

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
# Names that never leave the machine or the site: RFC 6761 (localhost), RFC 6762 (local), RFC 8375 (home.arpa),
# ICANN's reservation of "internal", and what routers hand out.
_PRIVATE_SUFFIXES = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the IPv4 address stands in the last 32 bits

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_base_url(url: str, allow_private: bool) -> None:
    """Refuse a base URL that a secret must not be sent to. Pure: no name is resolved, nothing is connected to.

    `url` is the base URL of a tenant file; `allow_private` is what the operator set in KUSHIM_ALLOW_PRIVATE_HOSTS.
    Raises ValueError, with what is wrong and what to do, for: another scheme than https, credentials, a query or a
    fragment in the URL, a host that is none, and (unless allowed) loopback, private, link-local and reserved hosts.
    With `allow_private`, plain http is accepted too, but never to an address that is public.
    """
    parts, host = _split(url)
    address = _address(host)
    private = _is_private(address) if address else _is_private_name(host)
    if private and not allow_private:
        raise ValueError(
            f"the host {host} is private or on this machine; use the vendor's public https address, "
            f"or set {ALLOW_PRIVATE_HOSTS}=1 if this is meant"
        )
    if parts.scheme == "http" and (not allow_private or (address is not None and not private)):
        raise ValueError(f"http://{host} would send the secret unencrypted; write https://{host}")


def check_resolved(url: str, allow_private: bool, resolve: Callable[[str], list[str]] | None = None) -> None:
    """Refuse a base URL whose name points at an address it must not: a public name may lead to a private address.

    `resolve` gives the addresses of a name (default: the system's resolver). A name that does not resolve here is
    let pass: the request itself will say so, or a proxy knows it. Raises ValueError as `check_base_url` does.
    """
    check_base_url(url, allow_private)
    parts, host = _split(url)
    if _address(host) is not None:
        return
    for text in (resolve or _resolve)(host):
        address = ipaddress.ip_address(text)
        if _is_private(address) and not allow_private:
            raise ValueError(
                f"the host {host} resolves to the private address {address}; "
                f"set {ALLOW_PRIVATE_HOSTS}=1 if this is meant"
            )
        if parts.scheme == "http" and not _is_private(address):
            raise ValueError(f"http://{host} would send the secret unencrypted; write https://{host}")


def _split(url: str) -> tuple[SplitResult, str]:
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise ValueError(f"{url!r} is not a URL: {error}") from None
    if parts.username is not None or parts.password is not None:
        # The URL itself is not repeated: it holds a secret.
        raise ValueError("a base URL holds no user name or password; give the secret as a reference (env:NAME)")
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{url!r} has no https scheme; write it as https://host/path")
    if parts.query or parts.fragment or url != url.strip() or any(c in url for c in "\\\r\n\t "):
        raise ValueError(f"{url!r} is more than a base URL; write it as https://host/path, without '?', '#' or spaces")
    if _address(host) is None and not (
        0 < len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.split("."))
    ):
        raise ValueError(f"{url!r} has no valid host name; write it as https://host/path")
    return parts, host


def _address(host: str) -> Address | None:
    """The address that `host` is, in any spelling that a resolver accepts (127.1, 0x7f000001, 2130706433)."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if re.fullmatch(r"[0-9a-fx.]+", host) and host[0].isdigit():
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    return None


def _is_private(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_private(inner)
    return not address.is_global or address.is_multicast


def _is_private_name(host: str) -> bool:
    return "." not in host or any(host == suffix or host.endswith(f".{suffix}") for suffix in _PRIVATE_SUFFIXES)


def _resolve(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except OSError:
        return []
    return sorted({str(info[4][0]).partition("%")[0] for info in found})
