"""Ten million verdicts of a thousand tenants in Postgres, as 180 days of evaluations would have left them.

Tenant 1 is the largest: ten have 100,000 intervals each, ninety 20,000, the others 8,000. A fifth are open. The rows
lie in the order in which evaluations would have written them, so one tenant's are scattered over the whole table.
"""

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.verdicts.judge import judge
from kushim_pipeline.verdicts.marts import build_marts
from kushim_pipeline.warehouse import SQL_ROOT, open_writer
from kushim_pipeline_tests.bench._tenants import AS_OF
from kushim_pipeline_tests.postgres import execute

VERSIONS, STEPS, DAYS = 5, 30, 180  # every verdict changed four times; a step is six days of evaluations
_TENANTS = """
CREATE UNLOGGED TABLE public.bench_tenant AS
SELECT n, 'tenant-' || lpad(CAST(n AS text), 4, '0') AS tenant_id,
    CASE WHEN n <= {tenants} * 0.01 THEN 20000 WHEN n <= {tenants} * 0.1 THEN 4000 ELSE 1600 END AS verdicts
FROM generate_series(1, {tenants}) AS s(n);
CREATE UNLOGGED TABLE public.bench_check AS
SELECT row_number() OVER (ORDER BY check_id) - 1 AS number, check_id, check_version, source
FROM catalogue.check_definition WHERE source IN ('aws', 'github');
INSERT INTO verdict.tenant SELECT tenant_id, 'Tenant ' || n FROM public.bench_tenant;
INSERT INTO verdict.tenant_framework
SELECT t.tenant_id, f.framework
FROM public.bench_tenant AS t
CROSS JOIN (
    SELECT framework, row_number() OVER (ORDER BY framework) AS position
    FROM (SELECT DISTINCT framework FROM catalogue.criterion) AS d
) AS f
WHERE f.position <= 2 OR t.n % 5 = f.position;
INSERT INTO verdict.freshness
SELECT t.tenant_id, c.source || ':' || t.n, c.check_id, now() - INTERVAL '1 hour', now() + INTERVAL '35 hours'
FROM public.bench_tenant AS t CROSS JOIN public.bench_check AS c;
INSERT INTO verdict.evaluation
SELECT date_trunc('hour', now()) - (INTERVAL '1 day' * d), now(), 46, 0, 0, 0 FROM generate_series(0, {days}) AS s(d);
"""
# Version v of verdict k began on a day of its own within the step, and ended when version v + 1 began.
_STEP = """
INSERT INTO verdict.check_result
SELECT r.tenant_id, r.check_id, r.connection_id, r.resource_id, r.status,
    CASE r.status WHEN 'PASS' THEN 'as it should be' WHEN 'FAIL' THEN 'the setting is off, and ought to be on'
        WHEN 'EXCEPTED' THEN 'exception EX-1' ELSE 'incomplete' END,
    encode(sha256(convert_to(r.tenant_id || r.k % 50, 'UTF8')), 'hex'), r.check_version, r.began,
    CASE WHEN {version} < {last} THEN r.began + INTERVAL '1 day' * {apart} END, r.began
FROM (
    SELECT t.tenant_id, c.check_id, c.check_version, c.source || ':' || t.n AS connection_id, k,
        'arn:aws:service:eu-west-1:' || lpad(CAST(t.n AS text), 12, '0') || ':thing/' || k AS resource_id,
        CASE WHEN h.x < 80 THEN 'PASS' WHEN h.x < 92 THEN 'FAIL' WHEN h.x < 99 THEN 'UNKNOWN' ELSE 'EXCEPTED' END
            AS status,
        date_trunc('day', now()) - INTERVAL '1 day' * ({days} - {step} * 6 - k / 7 % 6) + INTERVAL '3 hours' AS began
    FROM public.bench_tenant AS t
    CROSS JOIN LATERAL generate_series(1, t.verdicts) AS s(k)
    JOIN public.bench_check AS c ON c.number = k % {checks}
    CROSS JOIN LATERAL (SELECT (hashint4(k * 31 + {version} * 7 + t.n) & 65535) % 100 AS x) AS h
    WHERE k % {apart_steps} = {step} % {apart_steps}
) AS r;
"""


def build(url: str, tenants: int) -> int:
    """Fill an empty database; `url` is an administrator's. Out: how many verdict rows."""
    with open_writer(url) as warehouse:
        catalogue = load()
        set_clock(warehouse, AS_OF)
        build_facts(warehouse, catalogue)
        judge(warehouse, catalogue)
        build_marts(warehouse)
    indexes = [name for (name,) in execute(url, "SELECT indexname FROM pg_indexes WHERE tablename = 'check_result'")]
    execute(url, *(f"DROP INDEX verdict.{name}" for name in indexes), "DELETE FROM verdict.evaluation")
    execute(url, _TENANTS.format(tenants=tenants, days=DAYS))
    checks = execute(url, "SELECT count(*) FROM public.bench_check")[0][0]
    apart = STEPS // VERSIONS
    for step in range(STEPS):
        execute(
            url,
            _STEP.format(
                version=step // apart, last=VERSIONS - 1, step=step, days=DAYS, checks=checks, apart=DAYS // VERSIONS,
                apart_steps=apart,
            ),
        )  # fmt: skip
    rollups = (SQL_ROOT / "schema" / "002_rollups.sql").read_text("utf-8")
    counted = rollups[rollups.index("INSERT INTO") :].replace("o.status;", "o.status ORDER BY o.tenant_id;")
    # Evaluations write a day's changes at a time, tenant by tenant.
    execute(url, counted.replace("<> 0;", "<> 0 ORDER BY c.day, c.tenant_id;"))
    execute(url, f"SET ROLE kushim_owner; {(SQL_ROOT / 'schema/postgres/after/indexes.sql').read_text('utf-8')}")
    execute(url, "VACUUM (ANALYZE)", "DROP TABLE public.bench_tenant, public.bench_check", "CHECKPOINT")
    return int(execute(url, "SELECT count(*) FROM verdict.check_result")[0][0])
