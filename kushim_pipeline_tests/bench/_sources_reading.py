"""One collection of one source by the real collectors, measured: `python -m …_sources_reading okta URL FOLDER`.

Prints JSON: CPU-seconds from when the code was imported, peak memory, records, and what was not complete. Waits for a
budget pass at once: a vendor's limits are not what is measured here.
"""

import importlib
import json
import os
import resource
import sys
import time
from functools import partial
from pathlib import Path
from threading import Lock

from pydantic import SecretStr

from kushim_pipeline.collect.before import Head, heads, load_before
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.answers import NOT_ON_PLAN
from kushim_pipeline.collect.http.patience import Clockwork
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.run import masking, repeating
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.receipt import Receipt
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.evidence.verify import write_receipt

TENANT = "acme"


LATE = {"github": ("github",), "jira": ("jira",), "okta": ("okta.configuration",)}
"""The vendor's own package, which its collector imports when it first reads."""


class Clock:
    """A clock that a wait sets forward."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._lock = Lock()

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._ahead

    def wait(self, seconds: float) -> None:
        """Pass so many seconds at once."""
        with self._lock:
            self._ahead += seconds


def read(source: str, url: str, folder: Path) -> list[Receipt]:
    """Read every unit of the made-up company's connection, as `collect_source` does."""
    company = importlib.import_module(f"kushim_pipeline_tests.bench._{source}_company")
    connection = company.connection(url)
    streams = importlib.import_module(f"kushim_pipeline.collect.{connection.source}.streams")
    secrets = {name: SecretStr(value) for name, value in company.SECRETS.items()}
    store, ledger, clock = FileStore(folder), Ledger(folder), Clock()
    known = heads(ledger, TENANT)
    masked, repeats = masking(secrets.values()), repeating(secrets.values())
    collections: dict[Unit, Collection] = {}
    receipts: list[Receipt] = []

    def open_collection(unit: Unit) -> Collection:
        head = known.get((unit.connection_id, unit.stream, unit.scope), Head())
        before = partial(load_before, store, TENANT, head)
        collections[unit] = Collection(
            unit, store, code_version="bench", mask=masked, repeats=repeats, head=head, before=before
        )
        return collections[unit]

    def finish(unit: Unit) -> None:
        receipt = collections.pop(unit).finish()
        payload = {"connection_id": unit.connection_id, "stream": unit.stream, "scope": unit.scope}
        digest, whole = write_receipt(store, receipt), receipt.lists_all
        counts = {"receipt": digest, "whole": whole, "population": receipt.population}
        ledger.append(TENANT, "receipt", payload | counts)
        receipts.append(receipt)

    pace = Pace(share=1.0, clockwork=Clockwork(clock.wait, clock.now))
    units = streams.units(TENANT, connection)
    streams.collect(connection, secrets, units, open_collection, finish, pace)
    return receipts


def _trouble(receipt: Receipt) -> list[str]:
    """What was not read, but for what the company did not buy."""
    return [
        f"{receipt.stream}: {error.operation}: {error.message}"
        for error in receipt.errors
        if not error.message.startswith(NOT_ON_PLAN)
    ]


def main() -> None:
    """Read, measure, print."""
    source, url, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    os.environ["KUSHIM_ALLOW_PRIVATE_HOSTS"] = "1"
    vendor = source.partition("_")[0]
    for name in (
        f"kushim_pipeline_tests.bench._{source}_company",
        f"kushim_pipeline.collect.{vendor}.streams",
        *LATE.get(vendor, ()),
        "requests",
    ):
        importlib.import_module(name)
    cpu, wall = time.process_time(), time.perf_counter()
    receipts = read(source, url, folder)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(
        json.dumps(
            {
                "cpu": cpu,
                "wall": wall,
                "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "records": sum(receipt.records for receipt in receipts),
                "bytes": sum(page.size for receipt in receipts for page in receipt.pages),
                "incomplete": [trouble for receipt in receipts for trouble in _trouble(receipt)[:3]],
            }
        )
    )


if __name__ == "__main__":
    main()
