"""A tenant's life in its own ledger: entries of kind `life` say in which state it is since when, and who said so."""

import mmap
from collections.abc import Iterator
from typing import Any

from kushim_pipeline.evidence.ledger import Entry, Ledger

LIFE = "life"
"""The kind of such an entry. Its payload holds `state` and `actor`, and `retain_until` where evidence has an end."""
SHREDDED = "shredded"
"""The last state: the tenant's keys were destroyed on purpose, what they sealed is gone."""


def last_life(ledger: Ledger, tenant_id: str) -> dict[str, Any] | None:
    """The payload of a tenant's last `life` entry, or None where there is none. Raises LedgerBroken.

    Reads the file from its end: a ledger grows with every collection, a life has few entries.
    """
    return next((dict(entry.payload) for entry in lives(ledger, tenant_id)), None)


def shredded_at(ledger: Ledger, tenant_id: str) -> int:
    """The sequence of the last entry that says that the tenant's keys were destroyed on purpose; 0 without one."""
    found = (entry.sequence for entry in lives(ledger, tenant_id) if entry.payload.get("state") == SHREDDED)
    return next(found, 0)


def lives(ledger: Ledger, tenant_id: str) -> Iterator[Entry]:
    """The life entries of a tenant, newest first. Raises LedgerBroken at one that cannot be read."""
    try:
        file = ledger.path(tenant_id).open("rb")
    except FileNotFoundError:
        return
    with file:
        if file.seek(0, 2) == 0:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            # A line is in canonical form, so the word stands in every life entry just so. It may stand elsewhere, too.
            end = len(data)
            while (found := data.rfind(b'"kind":"life"', 0, end)) >= 0:
                end = start = data.rfind(b"\n", 0, found) + 1
                entry = next(ledger.entries(tenant_id, start), None)
                if entry is not None and entry.kind == LIFE:
                    yield entry
