"""What of each table goes into an export: whose rows, of which checks and streams, and what held in the window."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from kushim_pipeline.warehouse import sql_text
from kushim_pipeline.warehouse.migrations import statements


@dataclass(frozen=True)
class Cut:
    """What is exported. `checks` and `streams` are None where no framework cuts them, `begin` where no window does.

    The export shows the moment before `end`; facts stand as of `clock`. `is_now`: no evaluation came after `end`.
    """

    tenant: str
    framework: str | None
    window: tuple[date, date] | None
    begin: datetime | None
    end: datetime
    clock: datetime
    is_now: bool
    checks: frozenset[str] | None
    streams: frozenset[str] | None


@dataclass(frozen=True)
class Part:
    """A table's part: the condition over `t`, its parameters, and columns that are given by another expression."""

    where: str
    parameters: list[object]
    instead: dict[str, str]


# From when a row holds, and until when.
_SPANS = {
    "raw.unit": ("valid_from", "valid_to"),
    "raw.record": ("valid_from", "valid_to"),
    "raw.plan": ("planned_at", "superseded_at"),
    "raw.receipt": ("finished_at", "superseded_at"),
    "verdict.check_result": ("valid_from", "valid_to"),
}
# Counted again from what is in the file.
_COUNTED = {"verdict.check_status", "verdict.daily_change"}
_WHOLE = {"verdict.reason"}
_CONTROLS = "t.control_id IN (SELECT m.control_id FROM catalogue.control_criterion AS m WHERE m.framework = ?)"
_SAME_UNIT = " AND ".join(f"l.{c} = {{t}}.{c}" for c in ("tenant_id", "connection_id", "stream", "scope"))


def part_of(table: str, names: Sequence[str], cut: Cut) -> Part | None:
    """A table's part in an export, or None where it has none: what is nobody's, or counts over all tenants."""
    if table in _WHOLE:
        return Part("TRUE", [], {})
    if table in _COUNTED:
        return None
    conditions: list[str] = []
    parameters: list[object] = []
    instead: dict[str, str] = {}
    if "tenant_id" in names:
        conditions.append("t.tenant_id = ?")
        parameters.append(cut.tenant)
    elif not (table.startswith("catalogue.") or table in ("verdict.evaluation", "verdict.evaluated_check")):
        return None
    for column, allowed in (("check_id", cut.checks), ("depends_on", cut.checks), ("stream", cut.streams)):
        if column in names and allowed is not None:
            own = " OR t.stream LIKE 'kushim.%'" if column == "stream" and table.startswith("raw.") else ""
            conditions.append(f"(t.{column} IN ({_listed(allowed)}){own})")
    if cut.framework is not None and "framework" in names:
        conditions.append("t.framework = ?")
        parameters.append(cut.framework)
    elif cut.framework is not None and table in ("catalogue.control", "catalogue.control_check"):
        conditions.append(_CONTROLS)
        parameters.append(cut.framework)
    if table in _SPANS and cut.begin is not None:
        conditions.append(_in_window(table, "t", cut))
        until = _SPANS[table][1]
        instead[until] = f"CASE WHEN t.{until} < {_time(cut.end)} THEN t.{until} END"
    if table == "raw.receipt_error":
        conditions.append(
            "EXISTS (SELECT 1 FROM raw.receipt AS q WHERE q.tenant_id = t.tenant_id "
            f"AND q.collection_id = t.collection_id AND {_in_window('raw.receipt', 'q', cut)})"
        )
    if table in ("verdict.evaluation", "verdict.evaluated_check"):
        if cut.begin is not None:
            conditions.append(f"t.as_of >= {_time(cut.begin)} AND t.as_of < {_time(cut.end)}")
        instead |= {name: "0" for name in ("checks", "results", "opened", "closed") if name in names}
        # The engine's words may hold another tenant's value.
        instead |= (
            {"error": "CASE WHEN t.error IS NOT NULL THEN 'refused by the engine' END"} if "error" in names else {}
        )
    if table == "verdict.freshness" and not cut.is_now:
        instead |= {"collected_at": "NULL", "fresh_until": "NULL"}
    return Part(" AND ".join(conditions) or "TRUE", parameters, instead)


def counted_again(cut: Cut) -> list[str]:
    """The statements that count, from the file's own rows, what the warehouse counts over all tenants or until now."""
    standing = "o.valid_from <= e.as_of AND (o.valid_to IS NULL OR o.valid_to > e.as_of)"
    number = "(SELECT count(*) FROM verdict.check_result AS o WHERE {})"
    found = [text for text in statements(sql_text("schema/002_rollups.sql")) if "INSERT INTO" in text]
    found += [
        f"UPDATE verdict.evaluated_check AS e SET results = {number.format(f'o.check_id = e.check_id AND {standing}')}",
        f"UPDATE verdict.evaluation AS e SET results = {number.format(standing)}, "
        f"opened = {number.format('o.valid_from = e.as_of')}, closed = {number.format('o.valid_to = e.as_of')}, "
        "checks = (SELECT count(*) FROM verdict.evaluated_check AS k WHERE k.as_of = e.as_of)",
    ]
    if not cut.is_now:
        found.append(
            "UPDATE verdict.freshness AS f SET collected_at = (SELECT max(r.finished_at) FROM raw.receipt AS r "
            "JOIN catalogue.check_stream AS s ON s.stream = r.stream AND s.is_population "
            "WHERE s.check_id = f.check_id AND r.connection_id = f.connection_id "
            "AND r.outcome IN ('complete', 'partial'))"
        )
    return found


def _in_window(table: str, name: str, cut: Cut) -> str:
    """What held at some time in the window; of receipts also the last reading before it, which still counted in it."""
    since, until = (f"{name}.{column}" for column in _SPANS[table])
    if cut.begin is None:
        return "TRUE"
    begin, before_end = _time(cut.begin), f"{since} < {_time(cut.end)}"
    held = f"{until} IS NULL OR {until} > {begin}"
    if table == "raw.receipt":
        held += (
            f" OR ({name}.outcome IN ('complete', 'partial') AND NOT EXISTS (SELECT 1 FROM raw.receipt AS l "
            f"WHERE {_SAME_UNIT.format(t=name)} AND l.outcome IN ('complete', 'partial') "
            f"AND l.finished_at > {since} AND l.finished_at < {begin}))"
        )
    return f"{before_end} AND ({held})"


def _time(moment: datetime) -> str:
    return f"CAST('{moment.isoformat()}' AS TIMESTAMPTZ)"


def _listed(words: Iterable[str]) -> str:
    """Ids of the catalogue as SQL texts."""
    return ", ".join("'" + word.replace("'", "''") + "'" for word in sorted(words)) or "NULL"
