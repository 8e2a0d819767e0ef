"""A TCP proxy on loopback that can be cut: every connection through it is reset, and new ones are refused for a while.

How long is counted in attempts, not in seconds, so that no test waits for time to pass.
"""

import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_RESET = struct.pack("ii", 1, 0)  # linger on, no time: closing sends a reset, as from a host that is gone


class Proxy:
    """A running proxy. `port` is where clients go; who connects to `control` has it cut, and is answered by a dot."""

    def __init__(self, target: int, refusals: int) -> None:
        """In: the port behind it, and how many attempts a cut refuses before all is well again."""
        self._target, self.refusals = target, refusals
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._left = 0
        self.refused = self.cuts = 0
        self._doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.port, self._control = (int(door.getsockname()[1]) for door in self._doors)
        for door, answer in zip(self._doors, (self._client, self._told), strict=True):
            threading.Thread(target=self._serve, args=(door, answer), daemon=True).start()

    @property
    def control(self) -> str:
        """Where to tell it that the moment has come."""
        return f"127.0.0.1:{self._control}"

    def cut(self) -> None:
        """Reset all connections and refuse new ones."""
        with self._lock:
            self.cuts += 1
            self._left = self.refusals
            for one in self._open:
                _reset(one)
            self._open.clear()

    def mend(self) -> None:
        """Refuse nobody any more."""
        with self._lock:
            self._left = 0

    def stop(self) -> None:
        """Stop listening."""
        self.cut()
        for door in self._doors:
            with suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)
            door.close()

    def _serve(self, door: socket.socket, answer: object) -> None:
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(client,), daemon=True).start()  # type: ignore[arg-type]

    def _told(self, client: socket.socket) -> None:
        self.cut()
        client.sendall(b".")
        client.close()

    def _client(self, client: socket.socket) -> None:
        with self._lock:
            if self._left > 0:
                self._left -= 1
                self.refused += 1
                _reset(client)
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._open |= {client, server}
        with suppress(OSError, ValueError):
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(1 << 16)
                    if not data:
                        raise ConnectionError
                    (server if ready is client else client).sendall(data)
        with self._lock:
            for one in (client, server):
                self._open.discard(one)
                with suppress(OSError):
                    one.close()


def _reset(one: socket.socket) -> None:
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        one.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        one.close()


@contextmanager
def proxy(target: int, refusals: int = 2) -> Iterator[Proxy]:
    """A proxy while inside."""
    running = Proxy(target, refusals)
    try:
        yield running
    finally:
        running.stop()
