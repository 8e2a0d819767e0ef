"""The byte store: what a vendor answered, under its SHA-256, for ever.

An object is written once and never rewritten. `put` returns only when the bytes would survive a power cut.
"""

import contextlib
import gzip
import hashlib
import os
import re
import tempfile
import threading
import zlib
from pathlib import Path
from typing import Protocol

_DIGEST = re.compile(r"[0-9a-f]{64}")
# A gzip header carries a time, a level and a system that no check sum covers: ours is always these ten bytes.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"


class EvidenceMissing(LookupError):
    """No object of this digest is in the store."""


class EvidenceCorrupt(ValueError):
    """The object's bytes no longer give its digest."""


class EvidenceStore(Protocol):
    """Content-addressed bytes. A folder today; an S3 bucket has the same three verbs."""

    def put(self, data: bytes) -> str:
        """Keep the bytes durably and return their SHA-256 in hex. The same bytes twice are one object."""

    def get(self, digest: str) -> bytes:
        """Return the bytes of a digest. Raises EvidenceMissing, or EvidenceCorrupt if they changed."""

    def __contains__(self, digest: str) -> bool: ...


class FileStore:
    """An EvidenceStore in a folder: `objects/ab/cdef….gz`, so that `gunzip` and `sha256sum` suffice to check it."""

    def __init__(self, root: Path) -> None:
        """In: the evidence folder; it is made at the first write."""
        self.root = root / "objects"
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            if digest in self._known:
                return digest
        path = self._path(digest)
        if not self._holds(path, digest):
            _write_durably(path, _HEADER + gzip.compress(data, compresslevel=1, mtime=0)[len(_HEADER) :])
        with self._lock:
            self._known.add(digest)
        return digest

    def get(self, digest: str) -> bytes:
        path = self._path(digest)
        try:
            packed = path.read_bytes()
            data = gzip.decompress(packed)
        except FileNotFoundError:
            raise EvidenceMissing(f"no evidence object {digest}") from None
        except (OSError, EOFError, zlib.error) as error:
            raise EvidenceCorrupt(f"evidence object {digest} cannot be unpacked: {error}") from None
        if hashlib.sha256(data).hexdigest() != digest or not packed.startswith(_HEADER):
            raise EvidenceCorrupt(f"evidence object {digest} has other bytes than its name says")
        return data

    def __contains__(self, digest: str) -> bool:
        return self._path(digest).is_file()

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise EvidenceMissing("an evidence digest is 64 hex characters")
        return self.root / digest[:2] / f"{digest[2:]}.gz"

    def _holds(self, path: Path, digest: str) -> bool:
        """True when the object is there and whole. A damaged one is left as it is, for `kushim verify` to name."""
        if not path.is_file():
            return False
        try:
            self.get(digest)
        except EvidenceCorrupt:
            # New, good bytes for a damaged object: keep the damaged file beside it, then write the good one.
            path.rename(path.with_suffix(".damaged"))
            return False
        return True


def _write_durably(path: Path, data: bytes) -> None:
    """Temporary file, fsync, atomic rename, fsync of the folder: after a crash the object is whole or absent."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        _sync_folder(path.parent.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".incoming-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
