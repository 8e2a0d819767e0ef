"""The commands that read the published warehouse: results, controls, receipts, query."""

import difflib
from collections.abc import Iterable, Sequence

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


def results(
    settings: Settings, form: str, tenants: Sequence[str], checks: Sequence[str], status: Sequence[str]
) -> None:
    """The current verdicts."""
    filters = {"tenant_id": tenants, "check_id": checks, "status": status}
    order = ("tenant_id", "check_id", "resource_id")
    _table(settings, form, "check_result", RESULTS, filters, order, hints=("tenant_id", "check_id"))


def controls(settings: Settings, form: str, framework: str, tenants: Sequence[str]) -> None:
    """The status of every control behind a framework's criteria. Raises UsageError for an unknown framework."""
    from kushim_pipeline.catalogue.load import load

    known = load().frameworks
    if framework not in known:
        raise click.UsageError(f"the framework {framework} is not in the catalogue yet; it holds {', '.join(known)}")
    filters = {"framework": [framework], "tenant_id": tenants}
    order = ("tenant_id", "criterion_id", "control_id")
    _table(settings, form, "control_status", CONTROLS, filters, order, hints=("tenant_id",))


def receipts(settings: Settings, form: str, tenants: Sequence[str]) -> None:
    """Each stream's last collection."""
    order = ("tenant_id", "connection_id", "stream", "scope")
    _table(settings, form, "receipt", RECEIPTS, {"tenant_id": tenants}, order, hints=("tenant_id",))


def query(settings: Settings, form: str, sql: str) -> None:
    """One read-only statement."""
    from kushim_pipeline.warehouse import open_reader

    with open_reader(settings.warehouse_url) as reader:
        found = reader.query(sql)
    show(found.columns, found.rows, form)


def _table(
    settings: Settings,
    form: str,
    table: str,
    columns: Sequence[str],
    filters: dict[str, Sequence[str]],
    order: Sequence[str],
    hints: Iterable[str],
) -> None:
    from kushim_pipeline.warehouse import open_reader

    used = {column: values for column, values in filters.items() if values}
    where = " AND ".join(f'"{column}" IN ({", ".join("?" * len(values))})' for column, values in used.items())
    names = ", ".join(f'"{column}"' for column in columns)
    # Only names from this file are put into the text; what a person typed is a parameter.
    sql = f"SELECT {names} FROM mart_v1.{table} WHERE {where or 'true'} ORDER BY {', '.join(order)}"  # noqa: S608
    with open_reader(settings.warehouse_url) as reader:
        found = reader.query(sql, [value for values in used.values() for value in values])
        if not found.rows:
            for column in (hint for hint in hints if hint in used):
                known = reader.query(f"SELECT DISTINCT {column} FROM mart_v1.{table} ORDER BY 1")  # noqa: S608
                refuse_unknown(column.removesuffix("_id"), used[column], [str(row[0]) for row in known.rows])
    show(columns, found.rows, form)


def refuse_unknown(kind: str, given: Sequence[str], known: Sequence[str]) -> None:
    """Raise UsageError (exit code 2) for the first of the given names that is not known, with the nearest ones."""
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3) or list(known)[:10]
            hint = f"; there is {', '.join(near)}" if near else ""
            raise click.UsageError(f"there is no {kind} {printable(clean(name))} here{hint}")
