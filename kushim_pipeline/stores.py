"""Where evidence is kept: the byte store and the ledgers of KUSHIM_HOME, as every command and every step opens them.

Objects are sealed with the tenant's own key from the vault, which is opened when the first object is put or read.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kushim_pipeline.collect.run import Stores
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.store import EvidenceCorrupt, EvidenceLocked, EvidenceShredded, FileStore, Seals
from kushim_pipeline.settings import Settings

if TYPE_CHECKING:
    from kushim_pipeline.vault.vault import Vault

_KEY_VARIABLES = ("KUSHIM_KEYS", "KUSHIM_KEYS_PREVIOUS")


@dataclass(frozen=True)
class FileStores(Stores):
    """The stores of a data folder."""

    evidence: FileStore


def open_stores(settings: Settings) -> FileStores:
    """The stores of a data folder. Nothing is made or asked for before the first object."""
    evidence = FileStore(settings.evidence, VaultSeals(settings))
    return FileStores(evidence, Ledger(settings.evidence), settings.home / "limits")


def shared_vault(settings: Settings) -> "Vault":
    """The vault of a data folder, one for the whole process. Raises VaultError."""
    with _opening:
        return _vault(settings, tuple(os.environ.get(name, "") for name in _KEY_VARIABLES))


class VaultSeals:
    """The vault's evidence keys as the store's Seals."""

    def __init__(self, settings: Settings, say: Callable[[str], None] | None = None) -> None:
        """In: the settings, and who is told that a first key was made (default: stderr)."""
        self._settings, self._say = settings, say or _tell
        self._lock = threading.Lock()
        self._sealed_before = False

    def seal(self, tenant_id: str, name: str, plain: bytes) -> bytes:
        with _in_the_stores_words():
            if self._sealed_before:
                return self._keys().seal(tenant_id, name, plain)
            with self._lock:
                sealed = self._first(tenant_id, name, plain)
                self._sealed_before = True
                return sealed

    def open(self, tenant_id: str, name: str, sealed: bytes) -> bytes:
        with _in_the_stores_words():
            return self._keys().open(tenant_id, name, sealed)

    def _keys(self) -> Seals:
        from kushim_pipeline.vault import evidence_seals

        return evidence_seals(shared_vault(self._settings))

    def _first(self, tenant_id: str, name: str, plain: bytes) -> bytes:
        """Seal, and say so when that made the first key file: without it, nobody can read the evidence."""
        folder = _key_folder(self._settings)
        there = folder is None or any(folder.glob("*.key"))
        sealed = self._keys().seal(tenant_id, name, plain)
        if not there and folder is not None:
            self._say(
                f"a key that seals evidence and secrets was made in {folder}: back that folder up, in another place "
                "than the data; without it nobody can read them again"
            )
        return sealed


_opening = threading.Lock()


@lru_cache(maxsize=8)
def _vault(settings: Settings, _: tuple[str, ...]) -> "Vault":
    from kushim_pipeline.vault import open_vault
    from kushim_pipeline.warehouse import prepare

    # On Postgres the vault's tables are the warehouse's: the first run of all makes them before it reads anything.
    prepare(settings.warehouse_url)
    return open_vault(settings)


def _key_folder(settings: Settings) -> Path | None:
    scheme, _, name = (os.environ.get("KUSHIM_KEYS") or f"file:{settings.home / 'keys'}").partition(":")
    return Path.cwd() / Path(name).expanduser() if scheme == "file" else None


@contextmanager
def _in_the_stores_words() -> Iterator[None]:
    """The evidence room knows nothing of the vault: what is wrong with a key is told in the store's own errors."""
    from kushim_pipeline.vault import KeyShredded, SealBroken, VaultError

    try:
        yield
    except KeyShredded as error:
        raise EvidenceShredded(str(error)) from None
    except SealBroken as error:
        raise EvidenceCorrupt(str(error)) from None
    except VaultError as error:
        raise EvidenceLocked(str(error)) from None


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
