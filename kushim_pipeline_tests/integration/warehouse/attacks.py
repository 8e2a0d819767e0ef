"""What somebody with a login behind the walls tries on everything that the catalogs show them; each gives findings."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from kushim_pipeline_tests.integration.warehouse.planted import Session, tenant, value

VICTIM = 101  # somebody else's rows, which exist
NOBODY = 899  # a tenant that does not, whose values look alike

_RELATIONS = """
    SELECT n.nspname, c.relname, c.relkind,
        array_agg(ARRAY[a.attname::text, format_type(a.atttypid, NULL)] ORDER BY a.attnum)
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND has_column_privilege(c.oid, a.attnum, 'SELECT')
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_schema_privilege(n.oid, 'USAGE')
    GROUP BY 1, 2, 3 ORDER BY 1, 2
"""
# Plans that the planner would not choose by itself show more of what it knows.
_PLANNERS = ("SET enable_seqscan = on", "SET enable_seqscan = off")
_SCANS = (
    "SET enable_seqscan = on",
    "SET enable_indexscan = off",
    "SET enable_indexonlyscan = off",
    "SET enable_bitmapscan = off",
)
_MODES = ("FORMAT JSON", "ANALYZE, TIMING off, SUMMARY off, BUFFERS off, FORMAT JSON")


@dataclass(frozen=True)
class Relation:
    """A table or view with the columns that the session may read, name and type."""

    schema: str
    name: str
    kind: str
    columns: tuple[tuple[str, str], ...]

    @property
    def is_system(self) -> bool:
        """Whether it comes with Postgres."""
        return self.schema in ("pg_catalog", "information_schema", "pg_toast")

    @property
    def of_tenants(self) -> bool:
        """Whether its rows belong to tenants."""
        return any(name == "tenant_id" for name, _ in self.columns)

    def __str__(self) -> str:
        return f'"{self.schema}"."{self.name}"'

    @property
    def listed(self) -> str:
        """Its readable columns."""
        return ", ".join(f'"{name}"' for name, _ in self.columns)


def relations(session: Session) -> list[Relation]:
    """Everything that the session may read a column of."""
    answer = session.run(_RELATIONS)
    assert not answer.error, answer.error
    return [Relation(s, n, k, tuple((c[0], c[1]) for c in columns)) for s, n, k, columns in answer.rows]


def read(session: Session, it: Relation) -> Iterator[str]:
    """Read it in every way there is, and look for what is not the session's tenant's."""
    columns = it.listed
    ways = [
        f"SELECT {columns} FROM {it}",
        f"SELECT count(*), {', '.join(f'min({c}::text), max({c}::text)' for c in columns.split(', '))} FROM {it}",
        f"COPY (SELECT {columns} FROM {it}) TO STDOUT",
        f"SELECT row_to_json(r) FROM (SELECT {columns} FROM {it}) AS r",
        f"SELECT query_to_xml('SELECT {columns} FROM {it}', true, false, '')",
        f"SELECT {columns} FROM {it} LIMIT 5 OFFSET 1",
        f"DO $$ DECLARE r record; BEGIN FOR r IN SELECT {columns} FROM {it} LOOP RAISE NOTICE '%', r; END LOOP; END $$",
    ]
    if it.kind in "rpf":
        ways += [
            f"COPY {it} ({columns}) TO STDOUT",
            f"SELECT {columns} FROM ONLY {it} TABLESAMPLE system (100)",
            f"SELECT {columns} FROM {it} WHERE ctid >= '(0,0)'",
            f"SELECT {columns} FROM {it} FOR UPDATE",
            f"SELECT {columns} FROM {it} FOR KEY SHARE",
        ]
    for name, _ in it.columns:
        # What fails on a row tells of the row: none but the session's own may be reached.
        ways += [
            f"SELECT 1 FROM {it} WHERE CAST(\"{name}\"::text || '?' AS integer) = 1",
            f'SELECT 1 FROM {it} GROUP BY "{name}" HAVING CAST(max("{name}"::text) || \'?\' AS inet) IS NULL',
        ]
    for sql in ways:
        answer = session.run(sql)
        if session.foreign(sql, answer):
            yield f"{sql}: shows tenants {sorted(session.foreign(sql, answer))[:3]}"


def ask_for(session: Session, it: Relation) -> Iterator[str]:
    """Ask for another tenant's values by name: nothing may come, nor differ from a value that is nowhere."""
    for name, type_ in it.columns:
        theirs, nowhere = value(VICTIM, type_), value(NOBODY, type_)
        if name == "tenant_id":
            theirs, nowhere = tenant(VICTIM), tenant(NOBODY)
        elif name == "connection_id":
            theirs, nowhere = f"aws:{theirs}", f"aws:{nowhere}"
        if theirs is None or it.kind == "v" and name == "source":
            continue
        where = f'SELECT * FROM (SELECT {it.listed} FROM {it}) AS q WHERE "{name}" = %s'
        if session.run(where, theirs).rows:
            yield f"{it}: rows for {name} = {theirs}"
        trap = f'SELECT 1 FROM {it} WHERE 1 / (CASE WHEN "{name}" = %s THEN 0 ELSE 1 END) = 1'
        if "22012" in (session.run(trap, theirs).error or ""):
            yield f"{it}: a division by zero tells that {name} = {theirs} exists"
        for sql in _SCANS:
            session.run(sql)
        known, unknown = (_when_unset_midway(session, it, name, asked) for asked in (theirs, nowhere))
        if known != unknown:
            yield f"{it}: a tenant unset midway tells that {name} = {theirs} exists: {known} / {unknown}"
        session.run("RESET ALL")
        session.be(session.number)
        for planner, mode, condition in product(_PLANNERS, _MODES, ("=", ">=")):
            if condition == ">=" and it.kind == "v":
                continue
            session.run(planner)
            question = f'EXPLAIN ({mode}) SELECT {it.listed} FROM {it} WHERE "{name}" {condition} %s'
            known, unknown = (_plan(session.run(question, asked), asked) for asked in (theirs, nowhere))
            if known != unknown:
                yield f"{it}: {mode} differs for {name} {condition} {theirs}: {known} / {unknown}"
    session.run(_PLANNERS[0])


def _when_unset_midway(session: Session, it: Relation, column: str, asked: Any) -> str:
    """What comes of a statement that unsets its tenant and then asks for a value: an error, or nothing."""
    number = session.number
    session.be(number)
    answer = session.run(
        f'SELECT (SELECT count(*) FROM {it} WHERE "{column}" = %s AND g.unset IS NOT NULL) '
        "FROM (SELECT set_config('app.tenant', '', false) AS unset OFFSET 0) AS g",
        asked,
    )
    return (answer.error or str(answer.rows)).replace(str(asked), "…")


def _plan(answer: Any, asked: Any) -> str:
    """A plan without the value that was asked for."""
    if answer.error:
        return str(answer.error).replace(str(asked), "…")
    return json.dumps(answer.rows[0][0]).replace(str(asked), "…")


def write(session: Session, it: Relation) -> Iterator[str]:
    """Write what is another's, or move what is one's own: each must be refused, and nothing be told by the refusal."""
    names = [name for name, _ in it.columns]
    privileges = "SELECT has_table_privilege(%s, 'INSERT') AND has_table_privilege(%s, 'DELETE')"
    may_write_own = session.run(privileges, str(it), str(it)).rows == [(True,)]
    key = "tenant_id" if it.of_tenants else names[0]
    tries = [
        f"INSERT INTO {it} (\"{key}\") VALUES ('{tenant(VICTIM)}')",
        f"INSERT INTO {it} (\"{key}\") VALUES ('{tenant(VICTIM)}') ON CONFLICT DO NOTHING",
        f"UPDATE {it} SET \"{key}\" = '{tenant(VICTIM)}'",
        f"UPDATE {it} SET \"{key}\" = \"{key}\" WHERE \"{key}\"::text = '{tenant(VICTIM)}'",
        f"DELETE FROM {it} WHERE \"{key}\"::text = '{tenant(VICTIM)}'",
        f"TRUNCATE {it}", f"ANALYZE {it}", 
        f"ALTER TABLE {it} DISABLE ROW LEVEL SECURITY", f"ALTER TABLE {it} NO FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {it} OWNER TO CURRENT_USER", f"DROP POLICY tenant ON {it}",
        f"CREATE POLICY mine ON {it} USING (true)", f"CREATE INDEX ON {it} (\"{key}\")",
        f"CREATE STATISTICS public.mine ON \"{names[0]}\", \"{names[-1]}\" FROM {it}",
        f"GRANT SELECT ON {it} TO PUBLIC", f"COMMENT ON TABLE {it} IS 'mine'",
        f"CREATE RULE mine AS ON INSERT TO {it} DO INSTEAD NOTHING", f"DROP TABLE {it}", f"DROP VIEW {it}",
        f"CREATE TRIGGER mine BEFORE INSERT ON {it} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        f"ALTER VIEW {it} SET (security_invoker = false)",
        f"CREATE VIEW {it.schema}.mine AS SELECT * FROM {it}",
        f"CREATE MATERIALIZED VIEW {it.schema}.mine AS SELECT * FROM {it}",
        f"CREATE FUNCTION {it.schema}.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ]  # fmt: skip
    if not may_write_own:
        # Who may write to a table may lock it: that keeps others waiting, and shows nothing.
        tries += [
            f"LOCK TABLE {it} IN ACCESS EXCLUSIVE MODE",
            f"INSERT INTO {it} SELECT * FROM {it}",
            f"DELETE FROM {it}",
            f"MERGE INTO {it} AS t USING (SELECT 1 AS x) AS s ON true WHEN MATCHED THEN DELETE",
        ]
    for sql in tries:
        session.run("BEGIN")
        answer = session.run(sql)
        # `WARNING: no privileges were granted` and a wrote-nothing are refusals too.
        touched = not answer.error and "WARNING" not in answer.text and answer.count != 0
        session.run("ROLLBACK")
        if touched:
            yield f"{sql}: was not refused"
        if session.foreign(sql, answer):
            yield f"{sql}: the refusal shows tenants {sorted(session.foreign(sql, answer))[:3]}"


def without_tenant(session: Session, it: Relation) -> Iterator[str]:
    """Read it with an empty and with an unset tenant: an empty answer would look like a clean one."""
    for unset in ("SELECT set_config('app.tenant', '', false)", "RESET app.tenant"):
        session.run(unset)
        for sql in (f"SELECT {it.listed} FROM {it}", f"SELECT count(*) FROM {it}", f"COPY (TABLE {it}) TO STDOUT"):
            answer = session.run(sql)
            if not (answer.error or "").startswith("42501"):
                yield f"{sql}: answers {answer.rows[:1]} {answer.error} without a tenant"
    session.be(session.number)
