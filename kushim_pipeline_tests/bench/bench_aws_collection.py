"""What reading an AWS account costs: two moto accounts, of about 250 and 2,400 resources in two regions.

Prints API calls (counted at the wire), and CPU-seconds and peak memory of the collecting process. CPU is counted from
when the process has imported its code: clients, calls, evidence, records and receipts are all in it. Exit 1 when beyond
a budget.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kushim_pipeline_tests.integration.collect.aws.builder import LARGE, REGIONS, SMALL, Place, Sizes, build
from kushim_pipeline_tests.integration.collect.aws.moto_process import moto_server, reset
from kushim_pipeline_tests.integration.collect.aws.proxy import serve

_COLLECT = """
import json, resource, sys, time
from pathlib import Path

import boto3  # start-up: what the collector imports anyway

from kushim_pipeline.collect.run import Stores, collect_source, source_module
from kushim_pipeline.evidence.ledger import Ledger
from kushim_pipeline.evidence.store import FileStore
from kushim_pipeline.tenants.config import TenantConfig

url, folder, regions = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
connection = {
    "source": "aws", "account_id": "123456789012", "regions": regions, "endpoint_url": url,
    "access_key_id": "env:KEY", "secret_access_key": "env:SECRET",
}
tenant = TenantConfig.model_validate({"tenant": "acme", "name": "Acme", "connections": [connection]})
source_module("aws")
cpu, wall = time.process_time(), time.perf_counter()
stores = Stores(FileStore(folder), Ledger(folder))
receipts = collect_source(tenant, "aws", stores, {"KEY": "AKIAEXAMPLEEXAMPLE00", "SECRET": "example-secret"})
print(json.dumps({
    "start": cpu,
    "cpu": time.process_time() - cpu,
    "wall": time.perf_counter() - wall,
    "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "records": sum(receipt.records for receipt in receipts),
    "incomplete": [f"{r.stream} {r.scope}: {r.error}" for r in receipts if r.outcome != "complete"],
}))
"""


@dataclass(frozen=True)
class Budget:
    """The most that one reading may cost."""

    calls: int
    cpu_seconds: float
    megabytes: float | None


# 300 for the small account while there were half as many streams: each costs a call a region, whatever is there.
CASES = ((SMALL, Budget(310, 3, None)), (LARGE, Budget(2_200, 12, 250)))


def main() -> int:
    """Build, read and measure both accounts."""
    with moto_server() as moto:
        kept = [_measure(moto, sizes, budget) for sizes, budget in CASES]
    return 0 if all(kept) else 1


def _measure(moto: str, sizes: Sizes, budget: Budget) -> bool:
    reset(moto)
    build(Place(moto), sizes)
    proxy, stop = serve(moto)
    with tempfile.TemporaryDirectory(prefix="kushim-bench-") as folder:
        command = [sys.executable, "-c", _COLLECT, proxy.url, folder, json.dumps(REGIONS)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(folder))  # noqa: S603
        found = json.loads(done.stdout)
    stop()
    calls = len(proxy.calls)
    limit = f"{budget.megabytes:.0f} MB" if budget.megabytes else "no limit"
    print(f"{sizes.total:,} resources in {len(REGIONS)} regions: {found['records']:,} records")
    print(f"  API calls     {calls:8,}        (at most {budget.calls:,})")
    print(
        f"  CPU-seconds   {found['cpu']:10.1f}      (at most {budget.cpu_seconds:.0f}; {found['start']:.1f} to start)"
    )
    print(f"  peak memory   {found['rss']:8.0f} MB     ({limit})")
    print(f"  wall          {found['wall']:10.1f} s    (the emulator's time included)")
    for line in found["incomplete"]:
        print(f"  not complete: {line}")
    return (
        calls <= budget.calls
        and found["cpu"] <= budget.cpu_seconds
        and (budget.megabytes is None or found["rss"] <= budget.megabytes)
        and not found["incomplete"]
    )


if __name__ == "__main__":
    sys.exit(main())
