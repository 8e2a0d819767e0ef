"""Files that survive a power cut: written beside, synced, renamed. Every room may use it; it knows none of them."""

import contextlib
import os
from pathlib import Path


def replace(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Put bytes at a path in one step: after a crash the file is what it was, or all of what it should be.

    In: the permissions that the file is to have (by default its owner's alone). Raises OSError, with nothing left over.
    """
    # Texts and numbers of files, no Path: every page of evidence comes this way. A name with a dot, which nobody takes
    # for a finished file.
    target = os.fspath(path)
    folder = os.path.dirname(target) or "."  # noqa: PTH120 # as said
    temporary = f"{folder}/.incoming-{os.urandom(12).hex()}"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest) :]
            if mode is not None:
                os.fchmod(handle, mode)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.rename(temporary, target)  # noqa: PTH104 # as said
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108 # as said
        raise
    sync(folder)


def sync(path: Path | str) -> None:
    """Have the disk hold a file's bytes, or a folder's names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
