"""What a run costs that finds nothing new: `kushim run` of one tenant that was collected before.

Starts the sandbox, runs the tenant twice with the real command, and prints the second run's CPU-seconds: the whole
process, imports and Great Expectations included. Exit 1 when it is more than 15.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from kushim_pipeline.sandbox.world import start

LIMIT = 15.0
TENANT = "northwind"


def main() -> int:
    """Run twice, print, and say whether the second run stays within the limit."""
    with tempfile.TemporaryDirectory(prefix="kushim-bench-") as folder, start(os.environ) as world:
        world.write_tenants(Path(folder, "tenants"))
        environment = {**os.environ, **world.environment, "KUSHIM_HOME": f"{folder}/home"}
        environment["KUSHIM_TENANTS"] = f"{folder}/tenants"
        costs = [_run(environment) for _ in range(3)]
        rows = _rows(environment)
    print(f"kushim run --tenant {TENANT}, first time      {costs[0]:6.1f} CPU-s")
    print(f"kushim run --tenant {TENANT}, nothing changed {min(costs[1:]):6.1f} CPU-s (at most {LIMIT:.0f})")
    print(f"intervals after three runs: {rows}")
    return 0 if min(costs[1:]) <= LIMIT else 1


def _run(environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "kushim_pipeline.cli", "run", "--tenant", TENANT],
        env=environment, check=True, stdout=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _rows(environment: dict[str, str]) -> str:
    sql = "SELECT count(*) AS n, count(valid_to) AS closed FROM mart_v1.check_result_history"
    command = [sys.executable, "-m", "kushim_pipeline.cli", "query", sql, "--format", "csv"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60)
    total, closed = done.stdout.split()[-1].split(",")
    return f"{total}, of which {closed} closed"


if __name__ == "__main__":
    sys.exit(main())
