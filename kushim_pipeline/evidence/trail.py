"""The audit trail: who changed what, and when. Append-only, and chained like the ledger of a tenant.

It is about acts of people (a secret set, a tenant paused, access granted); what the pipeline reads is in the ledgers.
No entry holds a secret's value.
"""

import getpass
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kushim_pipeline.evidence.ledger import Entry, Ledger
from kushim_pipeline.evidence.verify import Broken, verify_chain

ACTOR = "KUSHIM_ACTOR"
"""The environment variable that names who acts, where the login of this machine says too little."""
_CHAIN = "trail"


class Trail:
    """The one trail of a data folder."""

    def __init__(self, home: Path) -> None:
        """In: KUSHIM_HOME; the trail lies in its `trail/`, made at the first entry."""
        self._ledger = Ledger(home / "trail")

    def add(self, action: str, details: Mapping[str, Any], *, tenant_id: str | None = None) -> Entry:
        """Write one entry durably. In: the act, e.g. `secret.set`, what it changed, and whose it is (None: all's)."""
        payload = {"actor": actor(), "tenant_id": tenant_id, **details}
        return self._ledger.append(_CHAIN, action, payload)

    def entries(self, tenant_id: str | None = None, after: int = 0) -> Iterator[Entry]:
        """The entries, oldest first; of one tenant, or all. Raises LedgerBroken at a line that is no entry.

        `after` is the `end` of an earlier entry: only what was added since is read.
        """
        for entry in self._ledger.entries(_CHAIN, after):
            if tenant_id is None or entry.payload.get("tenant_id") == tenant_id:
                yield entry

    @property
    def path(self) -> Path:
        """Where the trail lies."""
        return self._ledger.path(_CHAIN)

    def verify(self) -> Iterator[Broken]:
        """Every entry that was changed, removed or put in since it was written."""
        yield from verify_chain(self._ledger, _CHAIN)


def actor() -> str:
    """Who acts: KUSHIM_ACTOR, else the login of this machine."""
    named = os.environ.get(ACTOR, "").strip()
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"
