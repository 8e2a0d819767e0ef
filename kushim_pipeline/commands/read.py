"""The commands that read the published warehouse: results, controls, receipts, query."""

import contextlib
import difflib
from collections.abc import Sequence

import click

from kushim_pipeline.commands.output import clean, printable, show
from kushim_pipeline.settings import Settings

RESULTS = (
    "tenant_id", "check_id", "source", "resource_type", "resource_id", "status", "reason", "severity", "observed_at",
    "evidence_sha256",
)  # fmt: skip
CONTROLS = (
    "tenant_id", "framework", "criterion_id", "control_id", "title", "status",
    "pass", "fail", "unknown", "not_applicable", "excepted",
)  # fmt: skip
RECEIPTS = (
    "tenant_id", "connection_id", "source", "stream", "scope", "outcome", "pages", "records", "declared_total", "error",
    "finished_at",
)  # fmt: skip
_KNOWN = {
    "tenant_id": "SELECT tenant_id FROM verdict.tenant ORDER BY tenant_id",
    "check_id": "SELECT check_id FROM catalogue.check_definition ORDER BY check_id",
}


def results(
    settings: Settings, form: str, tenants: Sequence[str], checks: Sequence[str], status: Sequence[str]
) -> None:
    """The current verdicts."""
    filters = {"tenant_id": tenants, "check_id": checks, "status": status}
    order = ("tenant_id", "check_id", "resource_id")
    _table(settings, form, "check_result", RESULTS, filters, order)


def controls(settings: Settings, form: str, framework: str, tenants: Sequence[str]) -> None:
    """The status of every control behind a framework's criteria. Raises UsageError for an unknown framework."""
    from kushim_pipeline.catalogue.load import HERE, load_frameworks

    known = load_frameworks(HERE / "frameworks")
    if framework not in known:
        raise click.UsageError(f"the framework {framework} is not in the catalogue yet; it holds {', '.join(known)}")
    filters = {"framework": [framework], "tenant_id": tenants}
    order = ("tenant_id", "criterion_id", "control_id")
    _table(settings, form, "control_status", CONTROLS, filters, order)


def receipts(settings: Settings, form: str, tenants: Sequence[str]) -> None:
    """Each stream's last collection."""
    order = ("tenant_id", "connection_id", "stream", "scope")
    _table(settings, form, "receipt", RECEIPTS, {"tenant_id": tenants}, order)


def query(settings: Settings, form: str, sql: str, tenant: str | None = None) -> None:
    """One read-only statement, for a login behind the walls as one tenant."""
    from kushim_pipeline.warehouse import open_reader

    with open_reader(settings.warehouse_url, tenant) as reader:
        found = reader.query(sql)
    show(found.columns, found.rows, form)


def _table(
    settings: Settings,
    form: str,
    table: str,
    columns: Sequence[str],
    filters: dict[str, Sequence[str]],
    order: Sequence[str],
) -> None:
    from kushim_pipeline.warehouse import QueryRefused, open_reader

    used = {column: values for column, values in filters.items() if values}
    where = " AND ".join(f'"{column}" IN ({", ".join("?" * len(values))})' for column, values in used.items())
    names = ", ".join(f'"{column}"' for column in columns)
    # A login behind the walls of Postgres sees one tenant at a time.
    tenants = used.get("tenant_id", ())
    with open_reader(settings.warehouse_url, tenants[0] if len(tenants) == 1 else None) as reader:
        # Only names from this file are put into the text; what a person typed is a parameter.
        sql = f"SELECT {names} FROM {reader.marts}.{table} WHERE {where or 'true'} ORDER BY {', '.join(order)}"  # noqa: S608 # see above
        found = reader.query(sql, [value for values in used.values() for value in values])
        for column in used if not found.rows else ():
            # Nothing found may be a mistyped name: it must not look like "no failures".
            if column not in _KNOWN:
                continue
            with contextlib.suppress(QueryRefused):  # a viewer may not ask, and sees one tenant only
                known = [str(row[0]) for row in reader.query(_KNOWN[column]).rows]
                refuse_unknown(column.removesuffix("_id"), used[column], known)
    show(columns, found.rows, form)


def refuse_unknown(kind: str, given: Sequence[str], known: Sequence[str]) -> None:
    """Raise UsageError (exit code 2) for the first of the given names that is not known, with the nearest ones."""
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3) or list(known)[:10]
            hint = f"; there is {', '.join(near)}" if near else ""
            raise click.UsageError(f"there is no {kind} {printable(clean(name))} here{hint}")
