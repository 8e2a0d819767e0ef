"""Failures of steps and runs, said in one line for people, and without any secret."""

import errno
import os
import random
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster import Backoff, Failure, Jitter, RetryPolicy, RetryRequested

from kushim_pipeline.collect.run import masking
from kushim_pipeline.evidence.ledger import LedgerBroken
from kushim_pipeline.evidence.store import EvidenceCorrupt, EvidenceMissing
from kushim_pipeline.settings import SettingsError
from kushim_pipeline.tenants.secret import mask
from kushim_pipeline.vault.errors import KeyMissing, KeyShredded, WeakKey
from kushim_pipeline.verdicts.judge import OutOfOrder
from kushim_pipeline.warehouse import SchemaOutdated, WarehouseAway, WarehouseBusy
from kushim_pipeline.warehouse.migrations import MigrationRefused

RETRY_WAREHOUSE = RetryPolicy(max_retries=2, delay=2, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)
"""What should not happen at all may be gone a moment later. A database that is away has longer pauses, see `told`."""
RETRY_COLLECTION = RetryPolicy(max_retries=2, delay=5, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)
"""Vendors' own limits are waited for inside a collection; this is for what should not happen at all."""

# The second attempt would end like the first.
_LASTING = (
    EvidenceCorrupt, EvidenceMissing, KeyMissing, KeyShredded, LedgerBroken, MigrationRefused, OutOfOrder,
    SchemaOutdated, SettingsError, WeakKey,
)  # fmt: skip
_PASSING = (WarehouseAway, WarehouseBusy)
AWAY_RETRIES, AWAY_PAUSE_SECONDS = 12, 5.0
"""A database that restarts is back within a minute."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL = re.compile(
    r"No space left on device|database or disk is full|disk is full|Disk quota exceeded|File too large|"
    r"could not (?:extend|write to) file|database has been invalidated because of a previous fatal error",
    re.IGNORECASE,
)
_MAKE_ROOM = (
    "make room where KUSHIM_HOME and the databases lie, then run again. Nothing half-written counts, and what was "
    "published before stays as it was"
)
_SECRET_NAMES = re.compile(r"TOKEN|SECRET|PASSW|_KEY|CREDENTIAL|WAREHOUSE_URL", re.IGNORECASE)


class Stopped(RuntimeError):
    """The pipeline cannot go on in this process. The text says why and what to do; nothing half-done was kept."""


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Say what was being done when it failed; mistakes that stay are not tried again, others are.

    Raises Failure, or RetryRequested for a database that is away or busy: that passes, but not within seconds.
    """
    try:
        yield
    except (Failure, RetryRequested):
        raise
    except Exception as error:  # noqa: BLE001 # whatever it is, it is told in one line without secrets
        text = f"{doing}: {in_words(error)}"
        if isinstance(error, _PASSING) and not is_disk_full(error):
            pause = AWAY_PAUSE_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311 # not a secret
            raise RetryRequested(max_retries=AWAY_RETRIES, seconds_to_wait=pause) from Failure(text)
        lasting = isinstance(error, _LASTING) or is_disk_full(error)
        raise Failure(text, allow_retries=not lasting) from None


@contextmanager
def unbroken(home: Path) -> Iterator[None]:
    """Around a whole run in this process: what Dagster's own database or the disk could not do ends it with Stopped.

    In: the data folder.

    Such an error comes from between the steps. The run then stays in progress in the books, as after a kill -9, and the
    next one closes it.
    """
    import sqlalchemy.exc

    try:
        yield
    except (sqlalchemy.exc.DBAPIError, OSError) as error:
        if is_disk_full(error):
            raise Stopped(in_words(error)) from None
        if "disk I/O error" in str(error):
            # SQLite's words for a disk without room, too. What is free by now tells nothing: other steps have given
            # back what they had taken.
            free = shutil.disk_usage(home).free // 2**20
            why = f"disk I/O error; {free} MB are free now"
            raise Stopped(f"the disk is full, or it fails ({why}): {_MAKE_ROOM}") from None
        if isinstance(error, sqlalchemy.exc.DBAPIError):
            raise Stopped(
                f"Dagster's database does not answer ({one_line(str(error.orig), 200)}): run again when it does; "
                "what was collected is kept"
            ) from None
        raise


def in_words(error: BaseException) -> str:
    """An error in one line for people, without secrets: what happened, and what to do where that is known."""
    if is_disk_full(error):
        return f"the disk is full ({one_line(_innermost(error), 200)}): {_MAKE_ROOM}"
    return one_line(f"{type(error).__name__}: {error}")


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or what caused it, says that there is no room: the file system, DuckDB, SQLite or Postgres."""
    return any((isinstance(one, OSError) and one.errno in _NO_ROOM) or _FULL.search(str(one)) for one in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _innermost(error: BaseException) -> str:
    """The words of the first cause that speaks of the disk; SQLAlchemy's own would hold the statement."""
    for one in _causes(error):
        if (isinstance(one, OSError) and one.errno in _NO_ROOM) or _FULL.search(str(one)):
            return str(getattr(one, "orig", None) or one)
    return str(error)


def one_line(text: str, limit: int = 500) -> str:
    """The text in one line, at most `limit` characters, without anything that is or looks like a secret."""
    named = [value for name, value in os.environ.items() if _SECRET_NAMES.search(name) and len(value) >= 6]
    named += [found[1] for value in named if (found := re.search(r"://[^:@/]*:([^@/]+)@", value))]
    masked = masking(())(mask(text, named))
    line = " ".join(masked.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
