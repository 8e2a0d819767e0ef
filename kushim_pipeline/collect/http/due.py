"""A moment by which an answer has to be read whole, its headers included.

A socket's timeout is one of silence: a server that sends a byte now and then is never silent. urllib3 and http.client
read the status, the headers, the sizes of chunks and what decodes to nothing without asking for the time, so every read
of the socket asks for it here.
"""

import http.client
import io
import socket
import threading
import time
from typing import Any

import urllib3

_here = threading.local()


def answer_by(moment: float) -> None:
    """Have the answers that this thread reads from now on be whole by a moment of the monotonic clock. A read after it
    raises TimeoutError."""
    _here.moment = moment


class _Timed(io.RawIOBase):
    """What a socket receives, until the moment."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._silence = connection.gettimeout()
        self._raw = connection.makefile("rb", buffering=0)
        self._due: float = _here.moment

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._due - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer is not whole in time")
        if self._silence is None or left < self._silence:
            self._socket.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Socket:
    """As much of a socket as http.client's answer uses."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Timed(self._connection))


def _answer(connection: socket.socket, *args: Any, **named: Any) -> http.client.HTTPResponse:
    return http.client.HTTPResponse(_Socket(connection), *args, **named)  # type: ignore[arg-type] # makefile is all


class _Plain(urllib3.connection.HTTPConnection):
    response_class = staticmethod(_answer)  # type: ignore[assignment] # a class to urllib3, which only calls it


class _Secure(urllib3.connection.HTTPSConnection):
    response_class = staticmethod(_answer)  # type: ignore[assignment] # a class to urllib3, which only calls it


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


POOLS = {"http": _PlainPool, "https": _SecurePool}
"""For a PoolManager's `pool_classes_by_scheme`: connections that keep to the moment."""
