"""The newest file of a drop folder and its bytes, read once they no longer change and never from outside the folder."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Protocol

from kushim_pipeline.collect.http.patience import Clockwork
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.tenants.config import FileConnection
from kushim_pipeline.tenants.drop import Outside, place

MAX_BYTES = 64 * 2**20
SETTLED_SECONDS = 2.0
"""A file that was changed within this time may still be in somebody's hands."""
_TRIES = 5
SIDECARS = (".sha256", ".count")
# What copying programs and editors call a file that is not there yet, or open.
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".swp", "~")


class Unread(Exception):
    """A file that could not be read; `reason` as in receipts. The text says why."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Found:
    """A file as it stood: its path below the folder, its bytes, and when it was last changed."""

    name: str
    data: bytes
    modified_at: datetime


class Folder(Protocol):
    """Where files are read from: a real folder, or what a receipt kept of one. Everything raises Unread."""

    def newest(self, pattern: str) -> str:
        """The last, by name, of the files that a pattern matches."""

    def sidecar(self, name: str, suffix: str) -> bytes | None:
        """The bytes of a file that stands beside another; None where there is none."""

    def read(self, name: str, *, vouched: bool) -> Found:
        """A file as it stands, once it no longer changes."""


@dataclass(frozen=True)
class Dropped:
    """A drop folder, by its real path."""

    path: Path
    clock: Clockwork

    def newest(self, pattern: str) -> str:
        return newest(self.path, pattern)

    def sidecar(self, name: str, suffix: str) -> bytes | None:
        return sidecar(self.path, name, suffix)

    def read(self, name: str, *, vouched: bool) -> Found:
        return read_settled(self.path, name, self.clock, vouched=vouched)


def folder_of(connection: FileConnection, environ: Mapping[str, str]) -> Path:
    """The connection's real folder. Raises Unread."""
    try:
        found = place(connection.base, connection.folder, environ)
        found.stat()
    except Outside as error:
        raise Unread(Reason.DENIED, str(error)) from None
    except (OSError, RuntimeError) as error:
        raise _unread(error, connection.folder) from None
    return found


def newest(folder: Path, pattern: str) -> str:
    """The last, by name, of the files that a pattern matches, as a path below the folder. Raises Unread.

    By name and not by time: an older file that somebody touches does not become the population. Names compare letter by
    letter, so people-2026-10.csv comes after people-2026-09.csv, and people-9.csv after people-10.csv.
    """
    path = PurePosixPath(pattern)
    place = folder / path.parent
    try:
        # A link may have been laid to another place: what it leads to is what counts.
        if not place.resolve().is_relative_to(folder):
            raise Unread(Reason.DENIED, f"{path.parent} leads out of the folder")
        names = [e.name for e in place.iterdir() if fnmatchcase(e.name, path.name) and _is_whole_name(e.name)]
    except (OSError, RuntimeError) as error:
        raise _unread(error, str(path.parent)) from None
    if not names:
        raise Unread(Reason.NOT_COLLECTED, f"no file matches {pattern}")
    return str(path.parent / max(names))


def read_settled(folder: Path, name: str, clock: Clockwork, *, vouched: bool = False) -> Found:
    """A file's bytes, of one state of it. Raises Unread.

    `vouched`: a digest beside the file will say whether it is whole, so there is no need to wait.
    """
    for _ in range(_TRIES):
        before, data, after = _read(folder, name)
        age = clock.now() - before.st_mtime
        if _state(before) == _state(after) and len(data) == after.st_size:
            if vouched or not 0 <= age < SETTLED_SECONDS:
                return Found(name, data, datetime.fromtimestamp(after.st_mtime, UTC))
            clock.wait(SETTLED_SECONDS - age)
            try:
                if _state((folder / name).stat()) == _state(after):
                    return Found(name, data, datetime.fromtimestamp(after.st_mtime, UTC))
            except OSError as error:
                raise _unread(error, name) from None
        else:
            clock.wait(SETTLED_SECONDS)
    raise Unread(Reason.INCOMPLETE, f"{name} is still being written")


def sidecar(folder: Path, name: str, suffix: str) -> bytes | None:
    """The bytes of NAME.sha256 or NAME.count; None where there is none. Raises Unread."""
    try:
        (folder / (name + suffix)).lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unread(error, name + suffix) from None
    return _read(folder, name + suffix)[1]


def _read(folder: Path, name: str) -> tuple[os.stat_result, bytes, os.stat_result]:
    try:
        real = (folder / name).resolve(strict=True)
        if not real.is_relative_to(folder):
            raise Unread(Reason.DENIED, f"{name} leads out of the folder")
        # The last part is followed no further, and a pipe that nobody writes to must not be waited for.
        number = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        before = os.fstat(number)
        if not stat.S_ISREG(before.st_mode):
            os.close(number)
            raise Unread(Reason.INCOMPLETE, f"{name} is not a file")
        with os.fdopen(number, "rb") as handle:
            if before.st_size > MAX_BYTES:
                raise Unread(Reason.INCOMPLETE, f"{name} is larger than {MAX_BYTES // 2**20} MiB: split the population")
            data = handle.read(MAX_BYTES + 1)
            after = os.fstat(number)
    except (OSError, RuntimeError) as error:
        raise _unread(error, name) from None
    if len(data) > MAX_BYTES:
        raise Unread(Reason.INCOMPLETE, f"{name} grew beyond {MAX_BYTES // 2**20} MiB while it was read")
    return before, data, after


def _state(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _is_whole_name(name: str) -> bool:
    return not name.startswith((".", "~$")) and not name.lower().endswith((*SIDECARS, *_UNFINISHED))


def _unread(error: OSError | RuntimeError, name: str) -> Unread:
    if isinstance(error, RuntimeError):  # what pathlib raises before Python 3.13 for links that lead in a circle
        return Unread(Reason.NOT_COLLECTED, f"{name} is a link that leads to itself")
    if isinstance(error, PermissionError):
        return Unread(Reason.DENIED, f"{name} may not be read by this user")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Unread(Reason.NOT_COLLECTED, f"there is no {name}")
    return Unread(Reason.NOT_COLLECTED, f"{name} cannot be read: {(error.strerror or type(error).__name__).lower()}")
