"""Failures of steps and runs, said in one line for people, and without any secret."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from dagster import Backoff, Failure, Jitter, RetryPolicy

from kushim_pipeline.collect.run import masking
from kushim_pipeline.evidence.ledger import LedgerBroken
from kushim_pipeline.evidence.store import EvidenceCorrupt, EvidenceMissing
from kushim_pipeline.settings import SettingsError
from kushim_pipeline.tenants.secret import mask
from kushim_pipeline.vault.errors import KeyMissing, KeyShredded, WeakKey
from kushim_pipeline.verdicts.judge import OutOfOrder
from kushim_pipeline.warehouse.migrations import MigrationRefused

RETRY_WAREHOUSE = RetryPolicy(max_retries=2, delay=2, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)
"""Another writer was quicker, or the disk hiccuped: soon again."""
RETRY_COLLECTION = RetryPolicy(max_retries=2, delay=5, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)
"""Vendors' own limits are waited for inside a collection; this is for what should not happen at all."""

# The second attempt would end like the first.
_LASTING = (
    EvidenceCorrupt, EvidenceMissing, KeyMissing, KeyShredded, LedgerBroken, MigrationRefused, OutOfOrder,
    SettingsError, WeakKey,
)  # fmt: skip
_SECRET_NAMES = re.compile(r"TOKEN|SECRET|PASSW|_KEY|CREDENTIAL|WAREHOUSE_URL", re.IGNORECASE)


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Say what was being done when it failed; mistakes that stay are not tried again, others are."""
    try:
        yield
    except Failure:
        raise
    except Exception as error:  # noqa: BLE001 # whatever it is, it is told in one line without secrets
        text = f"{doing}: {one_line(f'{type(error).__name__}: {error}')}"
        raise Failure(text, allow_retries=not isinstance(error, _LASTING)) from None


def one_line(text: str, limit: int = 500) -> str:
    """The text in one line, at most `limit` characters, without anything that is or looks like a secret."""
    named = [value for name, value in os.environ.items() if _SECRET_NAMES.search(name) and len(value) >= 6]
    masked = masking(())(mask(text, named))
    line = " ".join(masked.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
