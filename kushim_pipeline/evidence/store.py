"""The byte store: what a vendor answered, under its SHA-256, for ever; a tenant's own folder, and its own key.

An object is written once and never rewritten. `put` returns only when the bytes would survive a power cut. Bytes are
sealed at rest when the store is given seals: without the tenant's key nobody can read them, which is how a tenant that
has to be forgotten is forgotten in every backup at once.
"""

import gzip
import hashlib
import os
import re
import threading
import zlib
from pathlib import Path
from typing import Protocol

from isal import igzip

from kushim_pipeline import durable

_DIGEST = re.compile(r"[0-9a-f]{64}")
_TENANT = re.compile(r"[a-z0-9-]{1,40}")
# A gzip header carries a time, a level and a system that no check sum covers: ours is always these ten bytes.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
SEALED = ".gz.sealed"
PLAIN = ".gz"


class EvidenceMissing(LookupError):
    """No object of this digest is in the store."""


class EvidenceCorrupt(ValueError):
    """The object's bytes no longer give its digest, or are not what was sealed for this tenant under this digest."""


class EvidenceLocked(RuntimeError):
    """The object is there, but the key that opens it is not: nobody destroyed it on purpose."""


class EvidenceShredded(LookupError):
    """The tenant's key was destroyed on purpose: its evidence can never be read again, nor can new evidence be kept."""


class Seals(Protocol):
    """Seals bytes for a tenant. `name` is the object's digest: sealed bytes open for this tenant and name only."""

    def seal(self, tenant_id: str, name: str, plain: bytes) -> bytes:
        """Raises EvidenceLocked where there is no key, EvidenceShredded where it was destroyed on purpose."""

    def open(self, tenant_id: str, name: str, sealed: bytes) -> bytes:
        """Raises EvidenceCorrupt for any other bytes, tenant or name; EvidenceLocked and EvidenceShredded as above."""


class EvidenceStore(Protocol):
    """Content-addressed bytes, each tenant's by themselves. A folder today; an S3 bucket has the same three verbs."""

    def put(self, tenant_id: str, data: bytes) -> str:
        """Keep the bytes durably and return their SHA-256 in hex. The same bytes twice are one object of a tenant."""

    def get(self, tenant_id: str, digest: str) -> bytes:
        """Return the bytes of a digest.

        Raises EvidenceMissing; EvidenceCorrupt if they changed; EvidenceLocked or EvidenceShredded without their key.
        """

    def holds(self, tenant_id: str, digest: str) -> bool:
        """Whether there is an object of this digest. It may be damaged: `get` tells."""


class FileStore:
    """An EvidenceStore in a folder: `objects/<tenant>/ab/cdef….gz.sealed`, or `….gz` without seals.

    Objects that an earlier version kept for all tenants together (`objects/ab/cdef….gz`) can still be read.
    """

    def __init__(self, root: Path, seals: Seals | None = None) -> None:
        """In: the evidence folder, made at the first write, and what seals new objects and opens sealed ones."""
        self.root = root / "objects"
        self._seals = seals
        self._known: set[tuple[str, str]] = set()
        self._synced: set[Path] = set()
        self._lock = threading.Lock()

    def put(self, tenant_id: str, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        with self._lock:
            if (tenant_id, digest) in self._known:
                return digest
        path = self._path(tenant_id, digest, SEALED if self._seals else PLAIN)
        # Mostly it is not there, which a question answers faster than a failure to open it.
        there = os.path.exists(path)  # noqa: PTH110 # a Path's takes twice as long
        if not there or not self._is_whole(path, tenant_id, digest):
            packed = _HEADER + igzip.compress(data, 1, mtime=0)[len(_HEADER) :]
            if self._seals:
                packed = self._seals.seal(tenant_id, digest, packed)
            if there:
                with self._lock:
                    # New, good bytes for a damaged object: keep the damaged file beside it, then write the good one.
                    # Looked at again, since another thread may have put the same bytes meanwhile: that file is good.
                    if path.is_file() and not self._is_whole(path, tenant_id, digest):
                        path.rename(path.with_suffix(".damaged"))
            self._make_folder(path.parent)
            durable.replace(path, packed)
        with self._lock:
            self._known.add((tenant_id, digest))
        return digest

    def get(self, tenant_id: str, digest: str) -> bytes:
        for path in self._places(tenant_id, digest):
            try:
                packed = path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise EvidenceCorrupt(f"evidence object {digest} cannot be read: {error.strerror}") from None
            return self._unpacked(path, tenant_id, digest, packed)
        raise EvidenceMissing(f"no evidence object {digest} of tenant {tenant_id}")

    def holds(self, tenant_id: str, digest: str) -> bool:
        return any(path.is_file() for path in self._places(tenant_id, digest))

    def is_own(self, tenant_id: str, digest: str) -> bool:
        """Whether the object lies in the tenant's own folder, and not with those that were kept for all together."""
        return any(path.is_file() for path in self._places(tenant_id, digest)[:2])

    def _unpacked(self, path: Path, tenant_id: str, digest: str, packed: bytes) -> bytes:
        if path.suffix == ".sealed":
            if self._seals is None:
                raise EvidenceLocked(f"evidence object {digest} is sealed, and no keys were given to open it")
            try:
                packed = self._seals.open(tenant_id, digest, packed)
            except (EvidenceCorrupt, EvidenceLocked, EvidenceShredded) as error:
                raise type(error)(f"evidence object {digest}: {error}") from None
        try:
            data = gzip.decompress(packed)
        except (OSError, EOFError, zlib.error) as error:
            raise EvidenceCorrupt(f"evidence object {digest} cannot be unpacked: {error}") from None
        if hashlib.sha256(data).hexdigest() != digest or not packed.startswith(_HEADER):
            raise EvidenceCorrupt(f"evidence object {digest} has other bytes than its name says")
        return data

    def _places(self, tenant_id: str, digest: str) -> tuple[Path, ...]:
        """Where an object may lie; the first that is there decides."""
        return (
            self._path(tenant_id, digest, SEALED),
            self._path(tenant_id, digest, PLAIN),
            self.root / digest[:2] / f"{digest[2:]}{PLAIN}",
        )

    def _path(self, tenant_id: str, digest: str, suffix: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise EvidenceMissing("an evidence digest is 64 hex characters")
        if not _TENANT.fullmatch(tenant_id):
            raise EvidenceMissing("a tenant id has 1 to 40 small letters, digits and hyphens")
        return self.root / tenant_id / digest[:2] / f"{digest[2:]}{suffix}"

    def _make_folder(self, folder: Path) -> None:
        """Make an object's folder durably, and those above it: another process may have made them a moment ago."""
        if folder in self._synced:
            return
        folder.mkdir(parents=True, exist_ok=True)
        for above in (folder.parent, self.root, self.root.parent):
            if above not in self._synced:
                durable.sync(above)
        self._synced.update((folder, self.root, self.root.parent))

    def _is_whole(self, path: Path, tenant_id: str, digest: str) -> bool:
        """True when the object is there and whole. A damaged one is left as it is, for `kushim verify` to name."""
        try:
            packed = path.read_bytes()
        except FileNotFoundError:
            return False
        try:
            self._unpacked(path, tenant_id, digest, packed)
        except EvidenceCorrupt:
            return False
        return True
