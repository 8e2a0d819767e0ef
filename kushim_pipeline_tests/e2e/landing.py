"""A child process that lands what a folder's ledger holds, and can be made to wait in the middle of it.

Run as `python -m kushim_pipeline_tests.e2e.landing HOME [N]`: before the N-th object is read from the evidence store it
says so and waits for ever, inside the warehouse's transaction.
"""

import sys
import threading
from pathlib import Path

from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.land.ledger import land
from kushim_pipeline.warehouse import open_writer


class Waiting(FileStore):
    """A store that stops at one reading."""

    def __init__(self, root: Path, at: int) -> None:
        super().__init__(root)
        self._left = at

    def get(self, digest: str) -> bytes:
        self._left -= 1
        if self._left == 0:
            sys.stdout.write("waiting\n")
            sys.stdout.flush()
            threading.Event().wait()
        return super().get(digest)


def main() -> None:
    """Land, and say how much."""
    home = Path(sys.argv[1])
    store = Waiting(home / "evidence", int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    with open_writer(f"duckdb:///{home / 'warehouse' / 'kushim.duckdb'}") as warehouse:
        landed = land(warehouse, store, Ledger(home / "evidence"))
        warehouse.publish()
    sys.stdout.write(f"landed {landed.receipts} receipts\n")


if __name__ == "__main__":
    main()
