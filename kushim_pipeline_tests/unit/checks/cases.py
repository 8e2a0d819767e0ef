"""The cases of the checks: YAML beside this file, one a check, landed as one tenant a case.

A case gives the records that a connection's streams hold and what every resource's verdict must be. What the check
can read and the case does not name was read whole and is empty, so what a case does not say cannot help a check to
pass. `without` names sources that the tenant has no connection to; `earlier`, under a stream's receipt, collections
before it, oldest first.
"""

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from kushim_pipeline.catalogue import sql_rules
from kushim_pipeline.catalogue.model import Catalogue, Check
from kushim_pipeline.collect.run import expected_units
from kushim_pipeline.collect.unit import GLOBAL, Unit
from kushim_pipeline.evidence.receipt import Outcome, Reason
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline_tests.fixtures import AS_OF, Shelf

HERE = Path(__file__).parent
ACCOUNT = "111122223333"
REGIONS = ["us-east-1"]
ORG = "acme"
ACCOUNTS = {"github": ORG, "okta": "acme.okta.com", "jira": "acme.atlassian.net", "slack": "acme", "file": "hr"}
COLLECTED = timedelta(hours=1)
_PROBLEMS = {"denied": Reason.DENIED, "failed": Reason.NOT_COLLECTED, "partial": Reason.INCOMPLETE}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KEYS = {
    "name", "policy", "connection", "as_of", "records", "outcomes", "unreadable", "expect", "receipts", "exceptions",
    "without",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One case of one check; its tenant's id is made of both."""

    check_id: str
    tenant: TenantConfig
    as_of: datetime
    spec: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.check_id}: {self.spec['name']}"


@functools.cache
def read_cases() -> tuple[Case, ...]:
    """Every case of every check."""
    return tuple(case for path in sorted(HERE.glob("*/*.yaml")) for case in _cases(path))


def _cases(path: Path) -> Iterator[Case]:
    for number, spec in enumerate(yaml.load(path.read_text("utf-8"), Loader=_LOADER)):  # noqa: S506 # a safe one
        if unknown := set(spec) - _KEYS:
            raise ValueError(f"{path.name}, case {number}: unknown keys {sorted(unknown)}")
        yield Case(path.stem, _tenant(path.stem, number, spec), _time(spec.get("as_of")), spec)


def _tenant(check_id: str, number: int, spec: dict[str, Any]) -> TenantConfig:
    given = spec.get("connection") or {}
    connections = [
        {"source": "aws", "account_id": given.get("account_id", ACCOUNT), "regions": given.get("regions", REGIONS)},
        {"source": "github", "org": given.get("org", ORG), "token": "env:T"},
    ]
    return TenantConfig.model_validate(
        {
            "tenant": f"{check_id.lower()}-{number}",
            "name": spec["name"],
            "frameworks": ["soc2"],
            "policy": spec.get("policy", {}),
            "connections": connections,
            "exceptions": spec.get("exceptions", []),
        }
    )


def _time(text: Any) -> datetime:
    if text is None:
        return AS_OF
    found = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def put(case: Case, shelf: Shelf, catalogue: Catalogue) -> list[Unit]:
    """Write a case's evidence and return the units that its tenant is expected to give."""
    check = catalogue.checks[case.check_id]
    receipts = case.spec.get("receipts") or {}
    units = expected_units(case.tenant)
    if check.source == "kushim":
        units = [unit for unit in units if unit.stream in receipts or f"{unit.stream}@{unit.scope}" in receipts]
    else:
        checks = [check, *(catalogue.checks[other] for other in check.depends_on)]
        units = _units(case, {stream for one in checks for stream in _readable(one, catalogue)}, units)
    for connection_id in sorted({unit.connection_id for unit in units}):
        planned = [unit for unit in units if unit.connection_id == connection_id]
        shelf.plan(planned, case.as_of - COLLECTED - timedelta(minutes=1))
    for unit in units:
        given = receipts.get(f"{unit.stream}@{unit.scope}", receipts.get(unit.stream, {}))
        if given is None:
            continue
        for earlier in given.get("earlier", ()):
            _collect(case, shelf, unit, earlier)
        _collect(case, shelf, unit, given)
    return units


def _readable(check: Check, catalogue: Catalogue) -> set[str]:
    """The streams that a check names, and those of all fact tables that its verdicts can come from."""
    streams, tables, seen = set(check.streams), [check.population, *_facts_in(check.sql)], set()
    while tables:
        table = tables.pop()
        if table in catalogue.facts and table not in seen:
            seen.add(table)
            streams |= {*catalogue.facts[table].streams}
            tables += _facts_in(catalogue.facts[table].sql)
    return streams


def _facts_in(sql: str) -> list[str]:
    return [table for schema, table in sql_rules.tables(sql) if schema == "facts"]


def _units(case: Case, readable: Iterable[str], expected: list[Unit]) -> list[Unit]:
    """The units of the streams that the check can read or the case names, whoever reads them."""
    named = [*readable, *(case.spec.get("records") or {}), *(case.spec.get("outcomes") or {})]
    streams = sorted({name.split("@")[0] for name in named})
    units = [unit for unit in expected if unit.stream in streams]
    there = {unit.stream for unit in units}
    for stream in streams:
        source = stream.split(".")[0]
        if source in ACCOUNTS and stream not in there:
            account = ACCOUNTS[source]
            units.append(Unit(case.tenant.tenant, f"{source}:{account}", source, account, stream))
    return [unit for unit in units if unit.source not in (case.spec.get("without") or ())]


def _collect(case: Case, shelf: Shelf, unit: Unit, given: dict[str, Any]) -> None:
    outcomes = case.spec.get("outcomes") or {}
    outcome = given.get("outcome") or outcomes.get(f"{unit.stream}@{unit.scope}", outcomes.get(unit.stream))
    records = _of_unit(case.spec.get("records") or {}, unit)
    if outcome == "not_collected":
        return
    if "records" in given:
        records = {f"r{number}": {"n": number} for number in range(given["records"])}
    unreadable = _of_unit(case.spec.get("unreadable") or {}, unit)
    shelf.collect(
        unit,
        {} if outcome in ("denied", "failed") else records,
        at=case.as_of - (timedelta(hours=given["age_hours"]) if "age_hours" in given else COLLECTED),
        unreadable={resource: Reason(reason) for resource, reason in unreadable.items()},
        problem=_PROBLEMS.get(outcome or ""),
        outcome=Outcome(outcome) if outcome else None,
        declared_total=given.get("declared_total"),
        cursor=given.get("cursor"),
    )


def _of_unit(streams: dict[str, Any], unit: Unit) -> dict[str, Any]:
    found: dict[str, Any] = streams.get(unit.stream) or {}
    if unit.scope == GLOBAL:
        return found
    # A regional stream's records stand under their region; without one they belong to the first region.
    if found and all(re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", str(key)) for key in found):
        return found.get(unit.scope) or {}
    return found if unit.scope == REGIONS[0] else {}
