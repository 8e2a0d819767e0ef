"""Key-encryption keys in files: a folder of `NNNN-fingerprint.key`, each 32 random bytes in base64.

The key with the highest number wraps; the older ones unwrap what is not yet re-wrapped. Files are read again whenever
an unknown key is asked for, so a rotation in another process is followed at once.
"""

import base64
import binascii
import fcntl
import os
import re
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kushim_pipeline.durable import sync
from kushim_pipeline.vault.envelope import KEY_BYTES
from kushim_pipeline.vault.errors import KeyMissing, VaultError, WeakKey
from kushim_pipeline.vault.keys import Wrapped
from kushim_pipeline.vault.local_wrap import fingerprint, unwrap_with, wrap_with
from kushim_pipeline.vault.weak import refuse_weak

_NAME = re.compile(r"([0-9]{4,9})-([0-9a-f]{16})\.key")


def _yes() -> bool:
    return True


class FileKeys:
    """The provider `file:`."""

    def __init__(self, folder: Path, may_begin: Callable[[], bool] = _yes) -> None:
        """In: the folder; whether a first key may be made when it is empty (not when data keys exist already)."""
        self.folder = folder
        self.may_begin = may_begin
        self._keys: dict[str, bytes] = {}
        self._order: list[str] = []
        self._lock = threading.Lock()

    @property
    def key_id(self) -> str:
        self._load()
        if not self._order:
            if not self.may_begin():
                raise KeyMissing(
                    f"{self.folder} holds no key, but there are secrets encrypted with one; "
                    "put the key files back from their backup"
                )
            self._make(only_first=True)
        return self._order[-1]

    def accepts(self, key_id: str) -> bool:
        return key_id.startswith("file:")

    def wrap(self, data_key: bytes, aad: bytes) -> Wrapped:
        key_id = self.key_id
        return Wrapped(key_id, wrap_with(self._keys[key_id], data_key, aad))

    def unwrap(self, wrapped: Wrapped, aad: bytes) -> bytes:
        if wrapped.key_id not in self._keys:
            self._load()
        raw = self._keys.get(wrapped.key_id)
        if raw is None:
            raise KeyMissing(
                f"the key file {wrapped.key_id.removeprefix('file:')}.key is not in {self.folder}; "
                "put it back from its backup"
            )
        return unwrap_with(raw, wrapped.blob, aad)

    def renew(self) -> str | None:
        return self._make(only_first=False)

    def check(self) -> None:
        self._load()

    def retire(self, key_id: str) -> None:
        """Overwrite and remove an older key's file. Raises VaultError for the current one."""
        with self._held():
            self._load()
            if key_id == self._order[-1]:
                raise VaultError("the current key-encryption key cannot be retired; rotate first")
            path = self.folder / f"{key_id.removeprefix('file:')}.key"
            with path.open("r+b") as file:
                file.write(os.urandom(path.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            self._load()

    def older(self) -> list[str]:
        """The ids of the keys that are no longer the current one."""
        self._load()
        return self._order[:-1]

    def _make(self, *, only_first: bool) -> str:
        """Write a new key durably, named after all others; when only the first is wanted, another's first will do."""
        with self._held():
            self._load()
            if only_first and self._order:
                return self._order[-1]
            raw = os.urandom(KEY_BYTES)
            last = int(self._order[-1].removeprefix("file:").partition("-")[0]) if self._order else 0
            name = f"{last + 1:04}-{fingerprint(raw)}"
            temporary = self.folder / f".{name}.tmp"
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(base64.b64encode(raw) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(self.folder / f"{name}.key")
            sync(self.folder)
            self._load()
            return f"file:{name}"

    @contextmanager
    def _held(self) -> Iterator[None]:
        """One process at a time makes or removes keys."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._refuse_open_folder()
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _load(self) -> None:
        with self._lock:
            if not self.folder.exists():
                self._keys, self._order = {}, []
                return
            self._refuse_open_folder()
            names = sorted(
                (int(match[1]), match[2], path)
                for path in self.folder.iterdir()
                if (match := _NAME.fullmatch(path.name))
            )
            self._keys = {f"file:{path.stem}": self._read(path, known) for _, known, path in names}
            self._order = list(self._keys)

    def _refuse_open_folder(self) -> None:
        if not self.folder.is_dir():
            raise VaultError(
                f"KUSHIM_KEYS names {self.folder}, which is not a folder; name the folder of the key files"
            )
        _refuse_open(self.folder.stat(), self.folder, "700")

    def _read(self, path: Path, known: str) -> bytes:
        real = path.resolve()
        if not real.is_relative_to(self.folder.resolve()):
            raise WeakKey(f"the key file {path} is a link that leads out of its folder; put the file itself there")
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise WeakKey(f"the key file {path} is not a regular file")
            _refuse_open(found, path, "600")
            text = file.read(1024)
        try:
            raw = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            raise WeakKey(
                f"the key file {path} does not hold 32 bytes in base64; put it back from its backup"
            ) from None
        refuse_weak(raw, str(path), text.decode("ascii"))
        if fingerprint(raw) != known:
            raise WeakKey(f"the key file {path} holds another key than its name says; put it back from its backup")
        return raw


def _refuse_open(found: os.stat_result, path: Path, mode: str) -> None:
    if found.st_uid != os.geteuid():
        raise WeakKey(f"{path} belongs to another user than the one who runs kushim; chown it")
    if found.st_mode & 0o077:
        raise WeakKey(f"{path} can be read by others on this machine; chmod {mode} it, and rotate the keys")
