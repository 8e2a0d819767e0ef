"""Judge: from facts and receipts to verdicts, every check once for all tenants, and from verdicts to intervals."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from kushim_pipeline.catalogue.model import Catalogue, Check
from kushim_pipeline.verdicts.facts import build_facts, set_clock
from kushim_pipeline.warehouse import Rows, StatementFailed, Warehouse, sql_text

_NO_ANSWER = "SELECT '' AS tenant_id, '' AS resource_id, '' AS status, '' AS reason WHERE FALSE"


class OutOfOrder(ValueError):
    """An evaluation for a time before the last one: it would rewrite what was said. Replay reads such a time."""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation did: checks evaluated, verdicts given, intervals opened and closed.

    `failed` holds the checks whose SQL the engine refused, with its words: their verdicts are UNKNOWN (incomplete).
    """

    as_of: datetime
    checks: int
    results: int
    opened: int
    closed: int
    failed: tuple[tuple[str, str], ...] = ()


def judge(warehouse: Warehouse, catalogue: Catalogue, checks: Iterable[str] | None = None) -> Evaluation:
    """Evaluate checks on facts.* as of ops.clock and record their verdicts as intervals.

    In: the check ids to evaluate (all by default). Raises OutOfOrder when a later evaluation is already recorded.
    """
    wanted = _selected(catalogue, checks)
    as_of = _as_of(warehouse)
    failed = stage(warehouse, catalogue, wanted)
    with warehouse.whole_tables(), warehouse.transaction():
        last = warehouse.query("SELECT max(as_of) FROM verdict.evaluation").rows[0][0]
        if last is not None and last > as_of:
            raise OutOfOrder(
                f"verdicts are recorded up to {last:%Y-%m-%d %H:%M:%S} UTC, later than {as_of:%Y-%m-%d %H:%M:%S}"
            )
        warehouse.script(sql_text("verdicts/intervals.sql"))
        warehouse.script(sql_text("verdicts/rollups.sql"))
        warehouse.script(sql_text("verdicts/tenants.sql"))
        results, opened, closed = warehouse.query(sql_text("verdicts/outcome.sql")).rows[0]
        evaluation = Evaluation(as_of, len(wanted), int(results), int(opened), int(closed), tuple(failed))
        warehouse.query(
            "INSERT INTO verdict.evaluation VALUES (?, current_timestamp, ?, ?, ?, ?)",
            (as_of, evaluation.checks, evaluation.results, evaluation.opened, evaluation.closed),
        )
    return evaluation


def stage(warehouse: Warehouse, catalogue: Catalogue, checks: Iterable[Check]) -> list[tuple[str, str]]:
    """Fill the temporary table stage_verdict with the verdicts of the checks as of ops.clock; nothing is recorded.

    Out: the checks whose SQL the engine refused, each with its message. They take no other check with them: their
    populations are judged UNKNOWN, since nobody answered.
    """
    wanted = list(checks)
    _load_catalogue(warehouse, catalogue)
    warehouse.script(sql_text("verdicts/stage.sql"))
    warehouse.load("stage_check", ("check_id", "check_version"), [(c.id, c.version) for c in wanted])
    with warehouse.whole_tables():
        return _fill_stage(warehouse, catalogue, wanted)


def _fill_stage(warehouse: Warehouse, catalogue: Catalogue, wanted: list[Check]) -> list[tuple[str, str]]:
    warehouse.script(sql_text("verdicts/unit_state.sql"))
    warehouse.script(sql_text("verdicts/problem.sql"))
    failed = _answers(warehouse, wanted)
    warehouse.script(sql_text("verdicts/no_answer.sql"))
    for check_id, error in failed:
        warehouse.change("UPDATE stage_check SET error = ? WHERE check_id = ?", (error, check_id))
    for check_id in _with_unread_resources(warehouse):
        check = catalogue.checks[check_id]
        warehouse.script(_fill(sql_text("verdicts/in_population.sql"), check_id=check.id, population=check.population))
    warehouse.script(sql_text("verdicts/block.sql"))
    warehouse.script(sql_text("verdicts/empty_populations.sql"))
    warehouse.script(sql_text("verdicts/exceptions.sql"))
    depends = sql_text("verdicts/depends.sql")
    for check in wanted:
        for other in check.depends_on:
            warehouse.script(_fill(depends, check_id=check.id, depends_on=other))
    return failed


def _answers(warehouse: Warehouse, checks: list[Check]) -> list[tuple[str, str]]:
    """Let every check answer, in one transaction. One that fails is tried again without its SQL: nobody answered."""
    failed: dict[str, str] = {}
    while True:
        current = ""
        try:
            with warehouse.transaction():
                for check in checks:
                    current = check.id
                    _answer(warehouse, check, silent=check.id in failed)
        except StatementFailed as error:
            if current in failed:
                raise
            failed[current] = str(error).splitlines()[0]
        else:
            return list(failed.items())


def _answer(warehouse: Warehouse, check: Check, *, silent: bool) -> None:
    """Let one check answer for its population, once for each row of it."""
    rows = warehouse.change(answer(check, silent=silent))
    applies = "TRUE" if silent else check.applies_to or "TRUE"
    population = f"SELECT count(*) FROM facts.{check.population} WHERE ({applies}) IS NOT FALSE"
    if rows != warehouse.query(population).rows[0][0]:
        warehouse.script(_fill(sql_text("verdicts/worst_answer.sql"), check_id=check.id))


def answer(check: Check, *, silent: bool = False) -> str:
    """The one statement that judges a check for all tenants: its SELECT inside sql/verdicts/answer.sql."""
    return _fill(
        sql_text("verdicts/answer.sql"),
        check_id=check.id,
        population=check.population,
        applies_to="TRUE" if silent else check.applies_to or "TRUE",
        check_sql=_NO_ANSWER if silent else f"\n{check.sql}\n",
    )


def _with_unread_resources(warehouse: Warehouse) -> list[str]:
    rows = warehouse.query("SELECT DISTINCT check_id FROM stage_problem WHERE resource_id IS NOT NULL ORDER BY 1").rows
    return [row[0] for row in rows]


def replay(warehouse: Warehouse, catalogue: Catalogue, as_of: datetime) -> Rows:
    """Recompute the verdicts of an earlier time from the records as they were then. Nothing is changed.

    Out: the rows tenant_id, check_id, connection_id, resource_id, status, reason, in that order.
    """
    with warehouse.transaction(keep=False):
        set_clock(warehouse, as_of)
        build_facts(warehouse, catalogue)
        stage(warehouse, catalogue, catalogue.in_order())
        return warehouse.query(
            "SELECT tenant_id, check_id, connection_id, resource_id, status, reason FROM stage_verdict "
            "ORDER BY tenant_id, check_id, connection_id, resource_id"
        )


def _selected(catalogue: Catalogue, checks: Iterable[str] | None) -> list[Check]:
    """The wanted checks with all that they depend on, in order of dependence."""
    if checks is None:
        return catalogue.in_order()
    wanted = set(checks)
    pending = list(wanted)
    while pending:
        more = set(catalogue.checks[pending.pop()].depends_on) - wanted
        wanted |= more
        pending.extend(more)
    return [check for check in catalogue.in_order() if check.id in wanted]


def _as_of(warehouse: Warehouse) -> datetime:
    rows = warehouse.query("SELECT as_of FROM ops.clock").rows
    if len(rows) != 1:
        raise RuntimeError("no facts have been built yet: build them before judging")
    found: datetime = rows[0][0]
    return found


def _load_catalogue(warehouse: Warehouse, catalogue: Catalogue) -> None:
    """Write the catalogue beside the verdicts, so that SQL alone can say what a check, control or criterion is."""
    tables: dict[str, tuple[tuple[str, ...], list[tuple[object, ...]]]] = {
        "check_definition": (
            ("check_id", "title", "severity", "source", "resource_type", "population", "freshness_hours", "remediation",
             "unknown_when", "check_version"),
            [
                (c.id, c.title, c.severity, c.source, c.resource_type, c.population, c.freshness_hours, c.remediation,
                 c.unknown_when, c.version)
                for c in catalogue.checks.values()
            ],
        ),
        "check_stream": (
            ("check_id", "stream", "stream_source", "check_source", "is_population", "freshness_hours"),
            [
                (c.id, stream, stream.split(".")[0], catalogue.facts[c.population].source,
                 stream in catalogue.facts[c.population].population_streams, c.freshness_hours)
                for c in catalogue.checks.values()
                for stream in c.streams
            ],
        ),
        "fact_stream": (
            ("fact_table", "stream"),
            [(f.table, stream) for f in catalogue.facts.values() for stream in f.population_streams],
        ),
        "check_dependency": (
            ("check_id", "depends_on"),
            [(c.id, other) for c in catalogue.checks.values() for other in c.depends_on],
        ),
        "control": (
            ("control_id", "title", "description", "owner"),
            [(c.id, c.title, c.description, c.owner) for c in catalogue.controls.values()],
        ),
        "control_check": (
            ("control_id", "check_id"),
            [(c.id, check) for c in catalogue.controls.values() for check in c.checks],
        ),
        "control_criterion": (
            ("control_id", "framework", "criterion_id"),
            [
                (c.id, framework, criterion)
                for c in catalogue.controls.values()
                for framework, criteria in c.criteria.items()
                for criterion in criteria
            ],
        ),
        "criterion": (
            ("framework", "criterion_id", "position", "title", "evidence"),
            [
                (f.id, criterion.id, position, criterion.title, criterion.evidence)
                for f in catalogue.frameworks.values()
                for position, criterion in enumerate(f.criteria.values())
            ],
        ),
    }  # fmt: skip
    for table, (columns, rows) in tables.items():
        warehouse.script(f"DELETE FROM catalogue.{table}")
        warehouse.load(f"catalogue.{table}", columns, rows)


def _fill(template: str, **names: str) -> str:
    for name, text in names.items():
        template = template.replace("{{" + name + "}}", text)
    return template
