"""Read an account through the collector, and look at what came out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr

from kushim_pipeline.collect.aws.streams import collect, units
from kushim_pipeline.collect.before import Head, load_before
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.patience import Clockwork
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.run import masking
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import ReadError, Receipt
from kushim_pipeline.evidence.store import EvidenceStore, FileStore
from kushim_pipeline.evidence.verify import write_receipt
from kushim_pipeline.tenants.connection import AwsConnection
from kushim_pipeline_tests.integration.collect.aws.builder import REGIONS

TENANT = "acme"
ACCOUNT = "123456789012"
SECRET = "example-secret-key-of-the-tenant"
SECRETS = {"access_key_id": SecretStr("AKIAEXAMPLEEXAMPLE00"), "secret_access_key": SecretStr(SECRET)}


PACE = Pace(clockwork=Clockwork(wait=lambda _: None))
"""Nothing is waited for."""


@dataclass(frozen=True)
class Outcome:
    """What a reading gave."""

    receipts: dict[tuple[str, str], Receipt]
    store: EvidenceStore

    def receipt(self, stream: str, scope: str = "global") -> Receipt:
        return self.receipts[f"aws.{stream}", scope]

    def outcome(self, stream: str, scope: str = "global") -> str:
        return self.receipt(stream, scope).outcome.value

    def errors(self, stream: str, scope: str = "global") -> tuple[ReadError, ...]:
        return self.receipt(stream, scope).errors

    def lines(self, stream: str, scope: str = "global") -> list[dict[str, Any]]:
        """Every record with its id, hash, evidence and body."""
        digest = self.receipt(stream, scope).records_sha256
        return [orjson.loads(line) for line in self.store.get(TENANT, digest).split(b"\n")] if digest else []

    def records(self, stream: str, scope: str = "global") -> dict[str, Any]:
        """Resource id -> body."""
        return {line["id"]: line["body"] for line in self.lines(stream, scope)}

    def hashes(self) -> dict[tuple[str, str, str], str]:
        """(stream, scope, resource id) -> content hash, of everything."""
        return {
            (stream, scope, line["id"]): line["hash"]
            for stream, scope in self.receipts
            for line in self.lines(stream.removeprefix("aws."), scope)
        }

    def not_complete(self) -> dict[tuple[str, str], str]:
        """The units that are not complete, by stream and scope."""
        return {key: receipt.outcome.value for key, receipt in self.receipts.items() if receipt.outcome != "complete"}


def connection(url: str | None, **fields: Any) -> AwsConnection:
    """The connection to the built account."""
    given = {"source": "aws", "account_id": ACCOUNT, "regions": REGIONS, "endpoint_url": url, **fields}
    return AwsConnection.model_validate(given)


def read(
    url: str,
    folder: Path,
    streams: Iterable[str] | None = None,
    *,
    secrets: Mapping[str, SecretStr] = SECRETS,
    store: EvidenceStore | None = None,
    after: Outcome | None = None,
    sample: bool = False,
    **fields: Any,
) -> Outcome:
    """Read an account: all streams or those named (without `aws.`), from the start or on from an earlier reading."""
    target = connection(url, **fields)
    wanted = None if streams is None else {f"aws.{stream}" for stream in streams}
    chosen = [unit for unit in units(TENANT, target) if wanted is None or unit.stream in wanted]
    if wanted is not None:
        assert {unit.stream for unit in chosen} == wanted
    kept = store or FileStore(folder)
    mask = masking(secret.get_secret_value() for secret in secrets.values())
    collections: dict[Unit, Collection] = {}
    receipts: dict[tuple[str, str], Receipt] = {}

    def open_collection(unit: Unit) -> Collection:
        head = _head(kept, after.receipts[unit.stream, unit.scope]) if after else Head()
        collections[unit] = Collection(
            unit, kept, code_version="test", mask=mask, head=head, before=lambda: load_before(kept, TENANT, head)
        )
        return collections[unit]

    def progress(unit: Unit) -> None:
        assert (unit.stream, unit.scope) not in receipts, "a unit is reported done once"
        receipts[unit.stream, unit.scope] = collections[unit].finish()

    collect(target, secrets, chosen, open_collection, progress, replace(PACE, sample=sample))
    assert len(receipts) == len(chosen), "every unit is reported done"
    return Outcome(receipts, kept)


def _head(store: EvidenceStore, receipt: Receipt) -> Head:
    """What the ledger would say after this receipt."""
    return Head(write_receipt(store, receipt), receipt.population)
