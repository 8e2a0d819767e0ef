"""Evidence that cannot be written: a full disk, lost rights. It is ours, not the vendor's, and ends a collection."""

from kushim_pipeline.evidence.store import EvidenceStore


class EvidenceUnwritable(RuntimeError):
    """Evidence could not be kept. What has a receipt already stands; the rest is to be collected again."""


class Watched:
    """An EvidenceStore that remembers that it could not write.

    A source takes whatever goes wrong within a unit for that unit's failure: without this a full disk would look like a
    vendor who does not answer.
    """

    def __init__(self, store: EvidenceStore) -> None:
        """In: the store that does the work."""
        self._store = store
        self.refused: OSError | None = None

    def put(self, tenant_id: str, data: bytes) -> str:
        try:
            return self._store.put(tenant_id, data)
        except OSError as error:
            self.refused = error
            raise

    def get(self, tenant_id: str, digest: str) -> bytes:
        return self._store.get(tenant_id, digest)

    def holds(self, tenant_id: str, digest: str) -> bool:
        return self._store.holds(tenant_id, digest)
