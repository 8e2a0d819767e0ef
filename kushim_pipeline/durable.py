"""Files that survive a power cut: written beside, synced, renamed. Every room may use it; it knows none of them."""

import contextlib
import os
import tempfile
from pathlib import Path


def replace(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Put bytes at a path in one step: after a crash the file is what it was, or all of what it should be.

    In: the permissions that the file is to have (by default its owner's alone). Raises OSError, with nothing left over.
    """
    # A name with a dot, which nobody takes for a finished file.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Have the disk hold a file's bytes, or a folder's names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
