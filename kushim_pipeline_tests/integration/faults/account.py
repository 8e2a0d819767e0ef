"""One AWS account behind a gate that can be told to answer wrongly, and readings of single streams of it."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.retries.standard import ExponentialBackoff
from pydantic import SecretStr

from kushim_pipeline.collect.aws import streams
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.patience import Clockwork
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.run import ledger_entry, masking
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Receipt
from kushim_pipeline.evidence.verify import write_receipt
from kushim_pipeline.sandbox import aws
from kushim_pipeline.sandbox.build import build
from kushim_pipeline.sandbox.gate import Door, Gate, Rules
from kushim_pipeline.sandbox.gate_calls import Call, Reply, identify
from kushim_pipeline.sandbox.manifest import load
from kushim_pipeline.sandbox.world import dated
from kushim_pipeline.tenants.config import AwsConnection, TenantConfig
from kushim_pipeline_tests.fixtures import Shelf
from kushim_pipeline_tests.integration.faults.company import HEALTHY, NAME, Verdicts, judged

REGION = "us-east-1"
Wrong = Callable[[Call, Reply], Reply]
"""Makes of a right answer what the collector is to see."""


class Struck(Gate):
    """A gate that answers some calls wrongly. `asked`: the calls, by service and operation."""

    def __init__(self, moto: str, rules: Rules) -> None:
        self.wrong: Mapping[str, Wrong] = {}
        self.asked: list[str] = []
        super().__init__(moto, rules)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        call = identify(method, target, headers, body)
        self.asked.append(call.name)
        reply = super().answer(method, target, headers, body)
        return self.wrong[call.name](call, reply) if call.name in self.wrong else reply


@dataclass(frozen=True)
class Reading:
    """What one reading came to, and the calls that it took."""

    receipts: Mapping[tuple[str, str], Receipt]
    asked: Sequence[str]


class Account:
    """The account, and what was read of it."""

    def __init__(
        self, folder: Path, gate: Struck, contents: Mapping[str, object], keys: Mapping[str, SecretStr]
    ) -> None:
        self.shelf = Shelf(folder / "evidence")
        self.readings: dict[str, Reading] = {}
        self._folder, self._gate, self._contents, self._keys = folder, gate, contents, keys
        self._tenants: dict[str, TenantConfig] = {}

    def read(self, tenant_id: str, wanted: Sequence[str], wrong: Mapping[str, Wrong]) -> Reading:
        """Read these streams (all by default) for a tenant, while these calls are answered wrongly."""
        tenant = TenantConfig.model_validate({**self._contents, "tenant": tenant_id})
        self._tenants[tenant_id] = tenant
        (connection,) = tenant.connections
        assert isinstance(connection, AwsConnection)
        units = [unit for unit in streams.units(tenant_id, connection) if not wanted or unit.stream in wanted]
        collections: dict[Unit, Collection] = {}
        receipts: dict[tuple[str, str], Receipt] = {}

        def open_collection(unit: Unit) -> Collection:
            mask = masking(self._keys.values())
            collections[unit] = Collection(unit, self.shelf.store, code_version="test", mask=mask)
            return collections[unit]

        def finish(unit: Unit) -> None:
            receipt = receipts[unit.stream, unit.scope] = collections[unit].finish()
            digest = write_receipt(self.shelf.store, receipt)
            self.shelf.ledger.append(tenant_id, "receipt", ledger_entry(receipt, digest))

        before = len(self._gate.asked)
        self._gate.wrong = wrong
        pace = Pace(clockwork=Clockwork(wait=lambda _: None))
        streams.collect(connection, self._keys, units, open_collection, finish, pace)
        assert len(receipts) == len(units)
        self.readings[tenant_id] = Reading(receipts, self._gate.asked[before:])
        return self.readings[tenant_id]

    def judged(self) -> dict[str, Verdicts]:
        """Judge all readings at once. Out: tenant -> verdicts."""
        read = {
            tenant_id: {stream for stream, _ in reading.receipts}
            for tenant_id, reading in self.readings.items()
            if tenant_id != HEALTHY
        }
        return judged(self._folder, self.shelf, list(self._tenants.values()), read, ("aws",))


@contextmanager
def account(folder: Path) -> Iterator[Account]:
    """The company's first account, with one region, in moto behind a gate, while inside."""
    tenant = load().tenants[NAME]
    alias, whole = next(iter(tenant.aws.items()))
    buckets = {name: bucket for name, bucket in whole.buckets.items() if bucket.region == REGION}
    small = whole.model_copy(update={"regions": {REGION: whole.regions[REGION]}, "buckets": buckets})
    tenant = tenant.model_copy(update={"aws": {alias: small}})
    key, secret = "AKIA" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30)
    with pytest.MonkeyPatch.context() as patch, aws.running() as moto:
        patch.setenv("KUSHIM_ALLOW_PRIVATE_HOSTS", "1")
        patch.setattr(ExponentialBackoff, "delay_amount", lambda self, context: 0)
        names = build(moto, {NAME: tenant})[NAME]
        within = {name.removeprefix(f"{alias}/"): found for name, found in names.items()}
        door = Door(NAME, small, tenant.external_id, within)
        gate = Struck(moto, Rules(keys={key: NAME}, doors={small.account_id: door}))
        contents = {
            "name": tenant.name,
            "policy": {name: dated(value) for name, value in tenant.policy.items()},
            "connections": [
                {
                    "source": "aws",
                    "account_id": small.account_id,
                    "regions": [REGION],
                    "role_arn": small.role_arn,
                    "external_id": tenant.external_id,
                    "access_key_id": "env:KEY",
                    "secret_access_key": "env:SECRET",
                    "endpoint_url": gate.url,
                }
            ],
        }
        try:
            keys = {"access_key_id": SecretStr(key), "secret_access_key": SecretStr(secret)}
            yield Account(folder, gate, contents, keys)
        finally:
            gate.stop()
