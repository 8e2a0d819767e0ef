"""What readers wait for: ten million verdicts in Postgres behind row-level security, 50 readers, then 200 by pgbouncer.

Every reader is a login in kushim_reader. It sets its tenant and asks in one transaction, then thinks for a second or
so (0.2 to 1.8 s): control status, the trend, or the first hundred failures with their evidence; large tenants are asked
for most. At the same time four processes fetch evidence: they look up under row-level security that the digest is their
tenant's, and get the sealed object from disk, hash checked. Then 200 clients do the same through pgbouncer, which
shares 20 connections among them, and every answer is searched for a foreign tenant's row.

Exit 1 unless the 95th percentiles hold (status 100 ms, trend and failures 300 ms, evidence 500 ms), without any error
and without any foreign row. In: how many tenants (a thousand by default), and for how many seconds.
"""

import contextlib
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson

from kushim_pipeline.settings import Settings
from kushim_pipeline.stores import open_stores
from kushim_pipeline_tests.bench._cpu import cpu
from kushim_pipeline_tests.bench._cpu import load as machine_load
from kushim_pipeline_tests.bench._pgbench import Load, p95, pgbench
from kushim_pipeline_tests.bench._verdicts import build
from kushim_pipeline_tests.postgres import as_login, connect, execute, free_port, start_server

SETTINGS = {
    "shared_buffers": "2GB", "effective_cache_size": "6GB", "random_page_cost": "1.1", "autovacuum": "on", "jit": "off",
    "max_wal_size": "16GB", "maintenance_work_mem": "512MB",
}  # fmt: skip
LIMITS = {"status": 100.0, "criteria": 100.0, "trend": 300.0, "failures": 300.0, "evidence": 500.0}
FETCHERS, KEPT = 4, 20  # processes that fetch evidence, and the tenants whose evidence is kept
LOGIN = "bench_reader"
_QUERIES = {
    "status": "SELECT * FROM mart_v1.control_status WHERE framework = 'soc2' ORDER BY criterion_id, control_id",
    "criteria": "SELECT * FROM mart_v1.criterion_status ORDER BY framework, position",
    "trend": "SELECT * FROM mart_v1.posture WHERE day >= current_date - 90 ORDER BY day, source, status",
    "failures": "SELECT * FROM mart_v1.failure ORDER BY CASE severity WHEN 'critical' THEN 1 WHEN 'high' THEN 2 "
    "WHEN 'medium' THEN 3 ELSE 4 END, since LIMIT 100",
}
_WEIGHTS = {"status": 3, "criteria": 1, "trend": 2, "failures": 3}
_ENTER = """\\set t random_zipfian(1, :tenants, 1.1)
BEGIN;
SELECT set_config('app.tenant', 'tenant-' || lpad('' || :t, 4, '0'), true);
"""
# A division by zero is an error, which pgbench counts: a row of another tenant, or no row at all.
_PROOF = """SELECT 1 / min(CASE WHEN q.tenant_id = 'tenant-' || lpad('' || :t, 4, '0') THEN 1 ELSE 0 END)
    / least(1, count(*))
FROM ({query}) AS q;
"""
_THINK = "\\set pause random(200, 1800)\n\\sleep :pause ms\n"


def main(arguments: list[str]) -> int:
    """Build, measure, print, and say whether the limits hold."""
    tenants = int(arguments[0]) if arguments else 1_000
    seconds = int(arguments[1]) if arguments[1:] else 60
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="kushim-bench-") as home, start_server(**SETTINGS) as server:
        with server.fresh_database() as url:
            rows = build(url, tenants)
            execute(url, f"CREATE ROLE {LOGIN} LOGIN IN ROLE kushim_reader")
            try:
                print(
                    f"{rows:,} verdicts, {tenants:,} tenants; built in {time.perf_counter() - began:.0f} s", flush=True
                )
                _sizes(url, tenants)
                reader = as_login(url, LOGIN)
                _keep_evidence(Path(home))
                plain = {name: (f"{_ENTER}{query};\nCOMMIT;\n", _WEIGHTS[name]) for name, query in _QUERIES.items()}
                before = cpu(server)
                with _fetching(reader, Path(home), seconds) as fetched:
                    found = _asked(server, reader, plain, Path(home), 50, seconds, tenants)
                spent = cpu(server).since(before)
                held = _told("50 readers", found, fetched)
                answers = sum(len(values) for name, values in found.milliseconds.items() if name != "think")
                print(
                    f"  the server's CPU: {spent.server / (answers + len(fetched)) * 1000:.1f} ms an answer, "
                    f"{spent.server / spent.wall:.2f} cores",
                    flush=True,
                )
                return 0 if _through_pgbouncer(server, reader, Path(home), seconds, tenants) and held else 1
            finally:
                execute(url, f"DROP ROLE {LOGIN}")


def _asked(
    server: Any, url: str, scripts: dict[str, tuple[str, int]], home: Path, clients: int, seconds: int, tenants: int
) -> Load:
    thinking = {"think": (_THINK, sum(weight for _, weight in scripts.values()))}
    return pgbench(server, url, scripts | thinking, home, clients=clients, seconds=seconds, tenants=tenants)


def _told(title: str, found: Load, fetched: list[float]) -> bool:
    answers = {name: values for name, values in found.milliseconds.items() if name != "think"} | {"evidence": fetched}
    print(f"{title}: {sum(map(len, answers.values())):,} answers, {found.failed} failures; {machine_load()}")
    for name, values in answers.items():
        middle = sorted(values)[len(values) // 2] if values else float("inf")
        spread = f"median {middle:6.1f} ms, p95 {p95(values):6.1f} ms (at most {LIMITS[name]:.0f})"
        print(f"  {name:9} {len(values):6,} answers, {spread}", flush=True)
    if found.failed:
        print(found.output[-2000:])
    return not found.failed and all(p95(values) < LIMITS[name] for name, values in answers.items())


def _sizes(url: str, tenants: int) -> None:
    """What the tables take, and a tenant's share."""
    rows = execute(
        url,
        "SELECT n.nspname || '.' || c.relname, pg_table_size(c.oid), pg_indexes_size(c.oid), c.reltuples "
        "FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'verdict' AND c.relkind = 'r' AND c.reltuples > 1000 ORDER BY 2 DESC",
    )
    for name, table, indexes, tuples in rows:
        size = f"{table / 1e6:,.0f} MB and {indexes / 1e6:,.0f} MB of indexes"
        print(f"  {name}: {tuples:,.0f} rows, {size} ({(table + indexes) / tenants / 1e6:.3f} MB a tenant)", flush=True)


def _keep_evidence(home: Path) -> None:
    """Pages of 15 to 150 KB for the largest tenants: what the verdicts' digests stand for, as near as it matters."""
    store = open_stores(_settings(home)).evidence
    dice = random.Random(1)  # noqa: S311 # not a secret
    for number in range(1, KEPT + 1):
        for page in range(1, 11):
            items = [{"Name": f"thing-{n}", "Hash": f"{dice.getrandbits(64):x}"} for n in range(350 * page)]
            store.put(f"tenant-{number:04}", orjson.dumps({"Items": items}))


def _settings(home: Path) -> Settings:
    return Settings(home=home / "home", tenants=home / "tenants", warehouse_url="duckdb:///unused")


@contextlib.contextmanager
def _fetching(url: str, home: Path, seconds: int) -> Iterator[list[float]]:
    """Fetch evidence from processes of their own while the block runs. Out: milliseconds, there when it has ended."""
    found: list[float] = []
    context = multiprocessing.get_context("spawn")
    with context.Pool(FETCHERS) as pool:
        waiting = pool.starmap_async(_fetch, [(url, str(home), seconds, number) for number in range(FETCHERS)])
        yield found
        for part in waiting.get(timeout=seconds + 120):
            found += part


def _fetch(url: str, home: str, seconds: int, number: int) -> list[float]:
    """One process: a digest's owner under row-level security, then the object, sealed, hash checked."""
    dice = random.Random(number)  # noqa: S311 # not a secret
    store = open_stores(_settings(Path(home))).evidence
    pages = {tenant: _digests(Path(home), tenant) for tenant in (f"tenant-{n:04}" for n in range(1, KEPT + 1))}
    taken = []
    with contextlib.closing(connect(url)) as link, link.cursor() as cursor:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            tenant = dice.choice(sorted(pages))
            failing = _a_failure(cursor, tenant)
            began = time.perf_counter()
            cursor.execute("BEGIN")
            cursor.execute("SELECT set_config('app.tenant', %s, true)", (tenant,))
            cursor.execute(
                "SELECT 1 FROM mart_v1.failure WHERE check_id = %s AND connection_id = %s AND resource_id = %s "
                "AND evidence_sha256 = %s", failing,
            )  # fmt: skip
            assert cursor.fetchall() == [(1,)], "the digest is not the tenant's"
            cursor.execute("COMMIT")
            assert store.get(tenant, dice.choice(pages[tenant]))
            taken.append((time.perf_counter() - began) * 1000)
            time.sleep(dice.uniform(0.05, 0.35))
    return taken


def _a_failure(cursor: Any, tenant: str) -> tuple[Any, ...]:
    cursor.execute("BEGIN")
    cursor.execute("SELECT set_config('app.tenant', %s, true)", (tenant,))
    cursor.execute("SELECT check_id, connection_id, resource_id, evidence_sha256 FROM mart_v1.failure LIMIT 1")
    row: tuple[Any, ...] = cursor.fetchone()
    cursor.execute("COMMIT")
    return row


def _digests(home: Path, tenant: str) -> list[str]:
    folder = _settings(home).evidence / "objects" / tenant
    return sorted(f"{path.parent.name}{path.name.partition('.')[0]}" for path in folder.glob("*/*.sealed"))


def _through_pgbouncer(server: Any, url: str, home: Path, seconds: int, tenants: int) -> bool:
    binary = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if not binary:
        print("200 clients: not run: no pgbouncer")
        return True
    proofs = {
        name: (f"{_ENTER}{_PROOF.format(query=query)}COMMIT;\n", _WEIGHTS[name]) for name, query in _QUERIES.items()
    }
    with _pgbouncer(binary, url) as pooled:
        found = _asked(server, pooled, proofs, home, 200, seconds, tenants)
    answers = {name: values for name, values in found.milliseconds.items() if name != "think"}
    count = sum(map(len, answers.values()))
    print(f"200 clients by pgbouncer: {count:,} answers, {found.failed} failures or foreign rows; {machine_load()}")
    for name, values in answers.items():
        print(f"  {name:9} {len(values):6,} answers, p95 {p95(values):6.1f} ms")
    if found.failed:
        print(found.output[-2000:])
    return not found.failed and all(answers.values())


@contextlib.contextmanager
def _pgbouncer(binary: str, url: str) -> Iterator[str]:
    """pgbouncer with 20 connections for everybody, by transaction. Gives the URL that goes through it."""
    parts, port = urlsplit(url), free_port()
    folder = Path(tempfile.mkdtemp(prefix="kushim-pgbouncer-"))
    (folder / "ini").write_text(
        f"[databases]\n{parts.path[1:]} = host={parts.hostname} port={parts.port} user={parts.username}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"pool_mode = transaction\ndefault_pool_size = 20\nmax_client_conn = 300\nlogfile = {folder}/log\n"
    )
    folder.chmod(0o777)
    user = "nobody" if os.geteuid() == 0 else None  # it refuses root
    process = subprocess.Popen(
        [binary, "-q", str(folder / "ini")], user=user, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    pooled = urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}"))
    try:
        for _ in range(100):
            with contextlib.suppress(Exception):
                execute(pooled, "SELECT 1")
                break
            time.sleep(0.05)
        yield pooled
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
