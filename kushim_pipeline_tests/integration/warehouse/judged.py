"""A small judged warehouse: a few cases of checks as tenants, evaluated twice, the second time with stale evidence."""

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.warehouse import Warehouse, open_writer
from kushim_pipeline_tests.fixtures import AS_OF, Shelf, catalogue
from kushim_pipeline_tests.integration.warehouse.parity import judge_at
from kushim_pipeline_tests.unit.checks.cases import put, read_cases

CATALOGUE = catalogue()
FIRST = AS_OF - timedelta(days=400)
LAST = AS_OF + timedelta(days=4)
WANTED = ("AWS-IAM-005", "GH-ORG-001")
# Text that has broken loaders before: COPY's own marks, quotes, what is wider than a byte, and much of it.
HOSTILE = "a\tb\\N\\.\nc\r\n'\"\\ \u2028 😀 %s ? " + "x" * 10_000


@dataclass(frozen=True)
class Judged:
    """A DuckDB warehouse, and the evidence that it came from."""

    url: str
    shelf: Shelf
    tenants: list[TenantConfig]

    def copied(self, folder: Path) -> "Judged":
        """The same in a folder that is not there yet."""
        shutil.copytree(self.shelf.root.parent, folder)
        return Judged(f"duckdb:///{folder / 'w.duckdb'}", Shelf(folder / "shelf"), self.tenants)


def make(folder: Path) -> Judged:
    """Make one in a folder."""
    cases = [case for case in read_cases() if case.check_id in WANTED]
    made = Judged(f"duckdb:///{folder / 'w.duckdb'}", Shelf(folder / "shelf"), [case.tenant for case in cases])
    units = [unit for case in cases for unit in put(case, made.shelf, CATALOGUE)]
    with open_writer(made.url) as warehouse:
        for as_of in (AS_OF, LAST):
            judge_at(warehouse, CATALOGUE, made.tenants, units, made.shelf, as_of, FIRST)
        plant(warehouse, made.tenants[0].tenant)
        warehouse.publish()
    return made


def plant(warehouse: Warehouse, tenant: str) -> None:
    """Values at the edge of what a column can hold, in a stream that nothing reads."""
    warehouse.load(
        "raw.record",
        ("tenant_id", "connection_id", "source", "account_id", "stream", "scope", "resource_id", "content_hash", "body",
         "evidence_sha256", "observed_at", "collected_at", "valid_from", "valid_to", "recorded_at"),
        [
            (tenant, "test:1", "test", "1", "test.edge", "global", HOSTILE, "1", '{"b": 1.0,  "a": "\\u00e9\\t"}', None,
             None, "2026-01-01 00:00:00.000001+00", "2026-01-01 00:00:00+00", "infinity", "-infinity"),
            (tenant, "test:1", "test", "1", "test.edge", "global", "", "2", "null", "", "infinity",
             "9999-12-31 23:59:59.999999+00", "2026-01-01 00:00:00+00", None, "1900-01-01 00:00:00.5+00"),
        ],
    )  # fmt: skip
