"""Is the warehouse sound: is its schema the newest, do the counts that it keeps agree with what they count?

A rule looks and gives its faults, one line each. Rules on rows are in sql/health, the same for both engines.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kushim_pipeline import warehouse as rooms
from kushim_pipeline.warehouse.engine import Look, StatementFailed
from kushim_pipeline.warehouse.look import PostgresLook
from kushim_pipeline.warehouse.migrations import MigrationRefused, pending
from kushim_pipeline.warehouse.portable import columns, tables

OLDEST_POSTGRES = 15
ROLES = (
    "kushim_owner", "kushim_loader", "kushim_app", "kushim_reader", "kushim_person", "kushim_admin", "kushim_operator",
    "kushim_compliance_manager", "kushim_auditor", "kushim_viewer",
)  # fmt: skip
_SHOWN = 20
_INDEX = re.compile(r"^CREATE (?:UNIQUE )?INDEX IF NOT EXISTS (\w+)\s+ON (\w+)\.", re.MULTILINE)
_OF_TENANTS = ("raw", "facts", "verdict")


@dataclass(frozen=True)
class Finding:
    """What a rule found: whether it is kept (None: it could not be looked at), and in words."""

    rule: str
    ok: bool | None
    found: str


class NotLookedAt(Exception):
    """A rule does not apply here, or this login may not look. The text says which."""


Rule = Callable[[Look], tuple[list[str], str]]
"""A rule gives its faults, and what is said when there is none."""


def check(look: Look, more: tuple[tuple[str, Rule], ...] = ()) -> Iterator[Finding]:
    """Apply every rule, and those that the caller adds. A rule that cannot be asked is a fault of its own."""
    for name, rule in (*RULES, *more):
        try:
            faults, sound = rule(look)
        except NotLookedAt as error:
            yield Finding(name, None, str(error))
        except (StatementFailed, MigrationRefused) as error:
            yield Finding(name, False, str(error).splitlines()[0])
        else:
            if not faults:
                yield Finding(name, True, sound)
            for fault in faults[:_SHOWN]:
                yield Finding(name, False, fault)
            if len(faults) > _SHOWN:
                yield Finding(name, False, f"and {len(faults) - _SHOWN} more")


def _schema(look: Look) -> tuple[list[str], str]:
    waiting = pending(look, rooms.SQL_ROOT / "schema")
    return [f"{m.title} is not applied: run `kushim warehouse migrate`" for m in waiting], "the newest"


def _engine(look: Look) -> tuple[list[str], str]:
    if look.engine != "postgres":
        return [], f"DuckDB {str(look.query('SELECT version()').rows[0][0]).removeprefix('v')}"
    number = int(look.query("SELECT current_setting('server_version_num')").rows[0][0])
    named = f"Postgres {number // 10000}.{number % 10000}"
    wrong = number < OLDEST_POSTGRES * 10000
    return (
        [f"{named} is older than {OLDEST_POSTGRES}, the oldest that has what the walls need"] if wrong else []
    ), named


def _roles(look: Look) -> tuple[list[str], str]:
    _only_postgres(look)
    marks = ", ".join("?" for _ in ROLES)
    rows = look.query(
        f"SELECT rolname, rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname IN ({marks})", ROLES
    ).rows
    faults = [f"there is no role {name}" for name in sorted(set(ROLES) - {row[0] for row in rows})]
    for name, may_login, is_super, is_past_walls in rows:
        may = [word for word, has in (("log in", may_login), ("do anything (superuser)", is_super),
                                      ("go past the walls (BYPASSRLS)", is_past_walls)) if has]  # fmt: skip
        faults += [f"{name} may {word}" for word in may]
    return faults, f"{len(ROLES)}, none of which may log in"


def _walls(look: Look) -> tuple[list[str], str]:
    _only_postgres(look)
    asks = "SELECT to_regprocedure('ops.wall_gaps()')"
    if not isinstance(look, PostgresLook) or look.query(f"{asks} IS NULL").rows[0][0]:
        raise NotLookedAt("ops.wall_gaps() is not there")
    if not look.query(f"SELECT has_function_privilege(session_user, ({asks}), 'EXECUTE')").rows[0][0]:
        raise NotLookedAt("only a member of kushim_owner may look")
    rows = look.query_as_login("SELECT object, gap FROM ops.wall_gaps()").rows
    return [f"{thing}: {gap}" for thing, gap in rows], "no gap"


def _indexes(look: Look) -> tuple[list[str], str]:
    _only_postgres(look)
    rows = look.query(
        "SELECT n.nspname, c.relname, i.indisvalid AND i.indisready FROM pg_index AS i "
        "JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE n.nspname IN ('raw', 'facts', 'verdict', 'catalogue', 'ops', 'access', 'vault')"
    ).rows
    faults = [f"{schema}.{name} is not valid: REINDEX it" for schema, name, is_valid in rows if not is_valid]
    text = (rooms.SQL_ROOT / "schema/postgres/after/indexes.sql").read_text("utf-8")
    wanted = {(schema, name) for name, schema in _INDEX.findall(text)}
    missing = sorted(wanted - {(schema, name) for schema, name, _ in rows})
    return faults + [f"{schema}.{name} is missing" for schema, name in missing], f"{len(rows)}, all valid"


def _tenants(look: Look) -> tuple[list[str], str]:
    faults, looked_at = [], 0
    known = {row[0] for row in look.query("SELECT DISTINCT u.tenant_id FROM raw.unit AS u").rows}
    for table in tables(look, _OF_TENANTS):
        if "tenant_id" not in columns(look, table) or table == "raw.unit":
            continue
        looked_at += 1
        rows = look.query(f"SELECT t.tenant_id, count(*) FROM {table} AS t GROUP BY t.tenant_id ORDER BY 1").rows
        faults += [
            f"{table} has {number} rows of {tenant}, of whom nothing was ever expected"
            for tenant, number in rows
            if tenant not in known
        ]
    return faults, f"known in all of {looked_at} tables"


def _rows_of(name: str, counted: str, sound: str) -> Rule:
    def rule(look: Look) -> tuple[list[str], str]:
        rows = look.query(rooms.sql_text(f"health/{name}.sql")).rows
        total = int(look.query(f"SELECT count(*) FROM {counted}").rows[0][0]) if not rows else 0
        return [str(row[0]) for row in rows], f"{total:,} {sound}"

    return rule


def _only_postgres(look: Look) -> None:
    if look.engine != "postgres":
        raise NotLookedAt("DuckDB has none")


RULES: tuple[tuple[str, Rule], ...] = (
    ("engine", _engine),
    ("schema", _schema),
    ("roles", _roles),
    ("walls", _walls),
    ("indexes", _indexes),
    ("records", _rows_of("records", "raw.record", "versions, one at a time for each record")),
    ("intervals", _rows_of("intervals", "verdict.check_result", "intervals, none over another")),
    ("check_status", _rows_of("check_status", "verdict.check_status", "counts, as a recount gives")),
    ("daily_change", _rows_of("daily_change", "verdict.daily_change", "changes, as the intervals say")),
    ("tenants", _tenants),
)
