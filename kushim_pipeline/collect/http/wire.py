"""HTTP without conveniences: the bytes as they came, a cap on everything, no redirect followed, nothing tried again.

urllib3 by itself, because the vendors' clients (and requests beneath them) keep no bytes, read a body whole whatever
its size, and follow redirects with the credentials in hand. A call costs a quarter of the CPU that requests takes.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import urllib3
from isal import isal_zlib

from kushim_pipeline.collect.http.call import Answer
from kushim_pipeline.collect.http.due import POOLS, answer_by

CHUNK = 65_536
UrlOpen = Callable[..., urllib3.BaseHTTPResponse]
GZIP = 31
"""zlib's `wbits` for gzip."""
BROKEN = cast(type[Exception], isal_zlib.error)
CLOSE = 0.05
"""Seconds by which a timeout may come too early."""


class Lost(Exception):
    """No whole answer came. `cut` says that one began. The text names no header and no query."""

    def __init__(self, message: str, *, cut: bool = False) -> None:
        super().__init__(message)
        self.cut = cut


class TooLarge(Exception):
    """The decoded body is larger than the cap."""


@dataclass(frozen=True)
class Limits:
    """Caps of one request: seconds for connecting and for each silence, seconds for all of it, decoded bytes."""

    timeout: float = 15.0
    whole: float = 60.0
    max_bytes: int = 64 * 2**20


class Wire:
    """Connections to one host, for all threads of a reading."""

    def __init__(self, origin: str, limits: Limits, connections: int = 8) -> None:
        """In: scheme, host and port, such as `https://api.github.com`; the caps; how many connections are kept open."""
        self.host = origin.partition("://")[2]
        self._origin = origin
        self._limits = limits
        self._connections = connections
        self._opening = threading.Lock()
        self._pools: urllib3.PoolManager | None = None
        self._urlopen: UrlOpen | None = None

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Send one request. In: `target`, the path with its query. Raises Lost, TooLarge."""
        due = time.monotonic() + self._limits.whole
        answer_by(due)
        try:
            response = self._opened()(
                method,
                target,
                body=body,
                headers={"Accept-Encoding": "gzip, deflate", **headers},
                timeout=urllib3.Timeout(self._limits.timeout),
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
                assert_same_host=False,
            )
        except urllib3.exceptions.HTTPError as error:
            if time.monotonic() > due - CLOSE:
                raise self._late() from None
            raise Lost(_in_words(error, self.host, self._limits)) from None
        except (ValueError, UnicodeError):
            raise Lost("the token holds characters that HTTP does not allow") from None
        except OSError as error:
            raise Lost(f"the connection to {self.host} failed ({type(error).__name__})") from None
        try:
            data = self._read(response, due)
        except BaseException:
            response.close()
            raise
        response.release_conn()
        named = {name.lower(): value for name, value in response.headers.items()}
        if "link" in named:
            named["link"] = response.headers["link"]  # all of them: Okta sends each in a line of its own
        return Answer(response.status, named, data)

    def close(self) -> None:
        """Close all connections."""
        if self._pools is not None:
            self._pools.clear()
            self._pools = self._urlopen = None

    def _opened(self) -> UrlOpen:
        """What sends to the host, with the operator's proxy and certificates looked up once, as requests would."""
        with self._opening:
            if self._urlopen is None:
                import certifi
                import requests

                found = requests.Session().merge_environment_settings(self._origin, {}, None, None, None)
                trusted = found["verify"] if isinstance(found["verify"], str) else certifi.where()
                settings: dict[str, Any] = {"maxsize": self._connections, "ca_certs": trusted}
                proxies = found["proxies"]
                proxy = proxies.get(self._origin.partition("://")[0]) or proxies.get("all")
                pools = urllib3.ProxyManager(proxy, **settings) if proxy else urllib3.PoolManager(**settings)
                pools.pool_classes_by_scheme = POOLS
                # One host has one pool: it is looked up for each call only where a proxy wants whole addresses.
                self._urlopen = self._by(pools) if proxy else pools.connection_from_url(self._origin).urlopen
                self._pools = pools
            return self._urlopen

    def _by(self, proxy: urllib3.PoolManager) -> UrlOpen:
        return lambda method, target, **asked: proxy.urlopen(method, f"{self._origin}{target}", **asked)

    def _late(self) -> Lost:
        return Lost(f"the answer was not whole after {self._limits.whole:g} s", cut=True)

    def _read(self, response: urllib3.BaseHTTPResponse, due: float) -> bytes:
        parts: list[bytes] = []
        left = self._limits.max_bytes
        unpack = _Gzip() if response.headers.get("content-encoding", "").lower() in ("gzip", "x-gzip") else None
        try:
            # read1 returns what has come, where read would wait for a full chunk.
            while part := response.read1(CHUNK, decode_content=unpack is None):
                shown = unpack(part, left + 1) if unpack else part
                parts.append(shown)
                left -= len(shown)
                if left < 0:
                    raise TooLarge(f"the answer is larger than {self._limits.max_bytes // 2**20} MB")
        except urllib3.exceptions.ReadTimeoutError:
            if time.monotonic() > due - CLOSE:
                raise self._late() from None
            raise Lost(f"the answer stopped for {self._limits.timeout:g} s", cut=True) from None
        except (urllib3.exceptions.HTTPError, BROKEN, OSError) as error:
            raise Lost(f"the answer broke off ({type(error).__name__})", cut=True) from None
        return b"".join(parts)


class _Gzip:
    """Unpacks gzip as it comes, in a third of urllib3's time. What ends early gives what there was."""

    def __init__(self) -> None:
        self._member = isal_zlib.decompressobj(GZIP)
        self._is_first = True
        self._ended = False

    def __call__(self, data: bytes, most: int) -> bytes:
        """What some bytes hold, at most so many of it. Members may follow each other (RFC 1952); what follows them and
        is no gzip is left out, as urllib3 does."""
        shown = b""
        while data and not self._ended and len(shown) < most:
            if self._member.eof:
                self._member, self._is_first = isal_zlib.decompressobj(GZIP), False
            try:
                shown += self._member.decompress(data, most - len(shown))
            except BROKEN:
                if self._is_first:
                    raise
                self._ended = True
            data = self._member.unused_data
        return shown


def _in_words(error: urllib3.exceptions.HTTPError, host: str, limits: Limits) -> str:
    if isinstance(error, urllib3.exceptions.ProxyError):
        return "the proxy refused the connection"
    if isinstance(error, urllib3.exceptions.SSLError):
        return f"the certificate of {host} is not trusted"
    if isinstance(error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ProtocolError):
        return f"the connection to {host} failed"
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return f"{host} did not answer within {limits.timeout:g} s"
    return f"the request failed ({type(error).__name__})"
