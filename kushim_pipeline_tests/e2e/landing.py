"""A child process that lands what a folder's ledger holds, and can be made to wait in the middle of it.

Its `main` is given HOME [N]: before the N-th object is read from the evidence store it says so and waits for ever,
inside the warehouse's transaction.
"""

import sys
import threading
from pathlib import Path

from kushim_pipeline.evidence.store import EvidenceStore
from kushim_pipeline.land.ledger import land
from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import open_stores
from kushim_pipeline.warehouse import open_writer


class Waiting:
    """A store that stops at one reading."""

    def __init__(self, store: EvidenceStore, at: int) -> None:
        self._store = store
        self._left = at

    def put(self, tenant_id: str, data: bytes) -> str:
        return self._store.put(tenant_id, data)

    def holds(self, tenant_id: str, digest: str) -> bool:
        return self._store.holds(tenant_id, digest)

    def get(self, tenant_id: str, digest: str) -> bytes:
        self._left -= 1
        if self._left == 0:
            sys.stdout.write("waiting\n")
            sys.stdout.flush()
            threading.Event().wait()
        return self._store.get(tenant_id, digest)


def main() -> None:
    """Land, and say how much."""
    home = Path(sys.argv[1])
    stores = open_stores(Settings.read({"KUSHIM_HOME": str(home)}))
    store = Waiting(stores.evidence, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    with open_writer(f"duckdb:///{home / 'warehouse' / 'kushim.duckdb'}") as warehouse:
        landed = land(warehouse, store, stores.ledger)
        warehouse.publish()
    sys.stdout.write(f"landed {landed.receipts} receipts\n")
