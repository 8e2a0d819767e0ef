"""The connection that PyGithub's Requester is handed for each request: it takes the bytes before anybody parses them.

`Requester.requestJson(…, cnx=…)` accepts a connection of the caller's. PyGithub still builds the URL and the headers
(authentication, API version, user agent); what it would do afterwards is done here instead, because it keeps no bytes:
it reads the body whole, guesses its encoding, follows a 301 (rebuilding the URL without its query) and sleeps
and asks again without end at a 202.
"""

import time
from collections.abc import ItemsView, Mapping
from dataclasses import dataclass

import requests
import urllib3

from kushim_pipeline.collect.github.problem import Answer

CHUNK = 65_536


class Lost(Exception):
    """No whole answer came. `cut` says that one began. The text names no header and no query."""

    def __init__(self, message: str, *, cut: bool = False) -> None:
        super().__init__(message)
        self.cut = cut


class TooLarge(Exception):
    """The decoded body is larger than the cap."""


class Unfollowed(Exception):
    """A redirect or a 202, which PyGithub must not act upon. The answer is in the wire."""


@dataclass(frozen=True)
class Limits:
    """Caps of one request: seconds for connecting and for each silence, seconds for all of it, decoded bytes."""

    timeout: float = 15.0
    whole: float = 60.0
    max_bytes: int = 64 * 2**20


class Wire:
    """One HTTP session to one host, in the shape that PyGithub wants of a connection. For one thread."""

    def __init__(self, origin: str, limits: Limits) -> None:
        """In: scheme, host and port, such as `https://api.github.com`."""
        self.host = origin.partition("://")[2]
        self._origin = origin
        self._limits = limits
        self._session = requests.Session()
        # The operator's proxy and certificates, looked up once: requests would search the environment at every request
        # (a third of a call's CPU), and put a password of ~/.netrc over our header.
        settings = self._session.merge_environment_settings(origin, {}, None, None, None)
        self._session.proxies, self._session.verify = settings["proxies"], settings["verify"]
        self._session.trust_env = False
        self._answer: Answer | None = None
        self._wanted: tuple[str, str, Mapping[str, str]] | None = None

    def request(self, verb: str, url: str, input: object, headers: Mapping[str, str], stream: bool = False) -> None:
        """PyGithub's first half of a request: `url` is the path with its query."""
        self._wanted, self._answer = (verb, url, headers), None

    def getresponse(self) -> "_Silent":
        """PyGithub's second half. Raises Lost, TooLarge, Unfollowed."""
        if self._wanted is None:
            raise RuntimeError("getresponse before request")
        verb, url, headers = self._wanted
        started = time.monotonic()
        try:
            response = self._session.request(
                verb,
                f"{self._origin}{url}",
                headers=dict(headers),
                timeout=self._limits.timeout,
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            raise Lost(_in_words(error, self.host, self._limits)) from None
        with response:
            body = self._read(response, started + self._limits.whole)
        found = {name.lower(): value for name, value in response.headers.items()}
        self._answer = Answer(response.status_code, found, body)
        if 300 <= response.status_code < 400 or response.status_code == 202:
            raise Unfollowed
        return _Silent(self._answer)

    def take(self) -> Answer | None:
        """The answer to the last request, or None when none came."""
        answer, self._answer = self._answer, None
        return answer

    def close(self) -> None:
        """Close the session's connections."""
        self._session.close()

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            # read1 returns what has come, where read would wait for a full chunk: a dripping body meets its deadline.
            while part := response.raw.read1(CHUNK, decode_content=True):
                parts.append(part)
                size += len(part)
                if size > self._limits.max_bytes:
                    raise TooLarge(f"the answer is larger than {self._limits.max_bytes // 2**20} MB")
                if time.monotonic() > deadline:
                    raise Lost(f"the answer was not whole after {self._limits.whole:g} s", cut=True)
        except urllib3.exceptions.ReadTimeoutError:
            raise Lost(f"the answer stopped for {self._limits.timeout:g} s", cut=True) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Lost(f"the answer broke off ({type(error).__name__})", cut=True) from None
        return b"".join(parts)


class _Silent:
    """What PyGithub sees of an answer: status and headers. The bytes are the wire's; PyGithub would log them."""

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self._headers = dict(answer.headers)

    def getheaders(self) -> ItemsView[str, str]:
        return self._headers.items()

    def read(self) -> str:
        return ""


def _in_words(error: requests.RequestException, host: str, limits: Limits) -> str:
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused the connection"
    if isinstance(error, requests.exceptions.SSLError):
        return f"the certificate of {host} is not trusted"
    if isinstance(error, requests.exceptions.Timeout):
        return f"{host} did not answer within {limits.timeout:g} s"
    if isinstance(error, requests.exceptions.InvalidHeader):
        return "the token holds characters that HTTP does not allow"
    if isinstance(error, requests.exceptions.ConnectionError):
        return f"the connection to {host} failed"
    return f"the request failed ({type(error).__name__})"
