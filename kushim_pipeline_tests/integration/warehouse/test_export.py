"""One tenant's file for an auditor: everything of the tenant, nothing of another, from either engine."""

import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from kushim_pipeline import warehouse as rooms
from kushim_pipeline.evidence.trail import Trail
from kushim_pipeline.operate.copy import copy_warehouse
from kushim_pipeline.operate.export import Exported, ExportRefused, export
from kushim_pipeline.verdicts.marts import MARTS
from kushim_pipeline.warehouse import open_reader, open_writer
from kushim_pipeline.warehouse.look import open_look
from kushim_pipeline.warehouse.portable import columns, digest, tables
from kushim_pipeline_tests.fixtures import AS_OF
from kushim_pipeline_tests.integration.warehouse.judged import CATALOGUE, HOSTILE, LAST, Judged
from kushim_pipeline_tests.postgres import PostgresServer

CANARY = "canary4711"


@pytest.fixture(scope="module")
def judged(judged: Judged) -> Judged:
    """Two evaluations, four days apart, and a second tenant whose name stands wherever a name can stand."""
    with open_writer(judged.url) as warehouse:
        for table in tables(warehouse, ("raw", "verdict")):
            names = columns(warehouse, table)
            if "tenant_id" in names:
                kinds = dict(
                    warehouse.query(
                        "SELECT column_name, data_type FROM information_schema.columns "
                        "WHERE table_schema = ? AND table_name = ?", table.split("."),
                    ).rows
                )  # fmt: skip
                values = [_canary(kinds[name], name) for name in names]
                warehouse.load(table, names, [values])
        warehouse.query("UPDATE verdict.evaluated_check SET error = ? WHERE check_id = 'AWS-IAM-005'", (CANARY,))
        warehouse.script("UPDATE verdict.evaluation SET results = 47114711")
        # A framework of one control, since every check supports one of the real ones.
        warehouse.script(
            "DELETE FROM catalogue.control_criterion WHERE framework = 'hipaa';"
            "INSERT INTO catalogue.control_criterion SELECT control_id, 'hipaa', 'H-1' FROM catalogue.control_check "
            "WHERE check_id = 'AWS-IAM-005' LIMIT 1"
        )
    return judged


def _canary(kind: str, name: str) -> Any:
    if kind == "JSON":
        return f'{{"x": "{CANARY}"}}'
    if kind == "VARCHAR":
        return CANARY
    if kind == "BOOLEAN":
        return "true"
    if kind == "DATE":
        return "1971-03-05"
    return "1971-03-05 00:00:00+00" if kind.startswith("TIMESTAMP") else "47114711"


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def url(request: pytest.FixtureRequest, judged: Judged, postgres: PostgresServer) -> Iterator[str]:
    if request.param == "duckdb":
        yield judged.url
        return
    with postgres.fresh_database() as found:
        copy_warehouse(judged.url, found, CATALOGUE, lambda _: None)
        yield found


def made(url: str, tenant: str, file: Path, **cut: Any) -> Exported:
    return export(url, CATALOGUE, Trail(file.parent), tenant, file, lambda _: None, **cut)


@dataclass(frozen=True)
class Whole:
    """All of a tenant, in a file that tests only read."""

    tenant: str
    file: Path


@pytest.fixture(scope="module")
def whole(url: str, judged: Judged, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    found = Whole(judged.tenants[0].tenant, tmp_path_factory.mktemp("whole") / "e.duckdb")
    made(url, found.tenant, found.file)
    return found


@pytest.fixture(scope="module")
def of_a_day(url: str, judged: Judged, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Exported]:
    """The tenant's file for the day of the first evaluation, and what was said of it."""
    file = tmp_path_factory.mktemp("day") / "e.duckdb"
    return file, made(url, judged.tenants[0].tenant, file, window=(AS_OF.date(), AS_OF.date()))


@contextmanager
def auditor(file: Path) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """What an auditor's plain DuckDB answers, question after question."""
    with duckdb.connect(str(file), read_only=True) as link:
        link.execute("SET TimeZone = 'UTC'")
        yield lambda sql: link.execute(sql).fetchall()


def ask(file: Path, sql: str) -> list[tuple[Any, ...]]:
    """The answer to one question."""
    with auditor(file) as answered:
        return answered(sql)


def test_everything_of_the_tenant_is_there(whole: Whole, judged: Judged) -> None:
    tenant, file = whole.tenant, whole.file
    counted = {"verdict.evaluation", "verdict.evaluated_check", "ops.clock", "ops.migration"}
    with open_look(judged.url) as look, auditor(file) as answered:
        for table in set(tables(look)) - counted:
            names = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in columns(look, table))
            where = f"WHERE tenant_id = '{tenant}'" if "tenant_id" in columns(look, table) else ""
            expected = look.query(f"SELECT {names} FROM {table} {where}").rows
            found = answered(f"SELECT {names} FROM {table}")
            assert sorted(found, key=repr) == sorted(expected, key=repr), table
    assert ask(
        file, f"SELECT count(*) FROM raw.record WHERE resource_id = '{HOSTILE.replace(chr(39), chr(39) * 2)}'"
    ) == [(1,)]


def test_plain_duckdb_reads_facts_and_every_mart(whole: Whole, judged: Judged) -> None:
    tenant, file = whole.tenant, whole.file
    with open_look(judged.url) as look, auditor(file) as answered:
        for name in MARTS:
            assert answered(f"SELECT count(*) > 0 FROM mart_v1.{name}") == [(name != "failure",)] or name == "failure"
        assert answered("SELECT tenant_id FROM facts.kushim_tenant") == [(tenant,)]
        for name in (*CATALOGUE.facts, "tenant_policy"):
            (expected,) = look.query(f"SELECT count(*) FROM facts.{name} WHERE tenant_id = ?", (tenant,)).rows
            assert answered(f"SELECT count(*) FROM facts.{name}") == [expected], name


def test_the_bytes_hold_nothing_of_another_tenant(url: str, whole: Whole, judged: Judged, tmp_path: Path) -> None:
    first, file = whole.tenant, whole.file
    foreign = [CANARY, *(tenant.tenant for tenant in judged.tenants[1:] if tenant.tenant not in first)]
    data = file.read_bytes()
    assert len(foreign) > 3
    assert first.encode() in data
    for name in foreign:
        assert name.encode() not in data, name
    assert (47114711).to_bytes(4, "little") not in data
    # The search itself finds what is there: the other tenant's own export holds its name.
    made(url, CANARY, tmp_path / "other.duckdb")
    assert CANARY.encode() in (tmp_path / "other.duckdb").read_bytes()
    assert ask(file, "SELECT DISTINCT error FROM verdict.evaluated_check ORDER BY 1") == [
        ("refused by the engine",),
        (None,),
    ]


def test_what_was_counted_over_all_tenants_is_counted_again(whole: Whole) -> None:
    file = whole.file
    (last,) = ask(file, "SELECT as_of, results, opened FROM verdict.evaluation ORDER BY as_of DESC LIMIT 1")
    standing = ask(file, "SELECT count(*) FROM verdict.check_result WHERE valid_to IS NULL")[0][0]
    assert (last[0], last[1]) == (LAST, standing)
    assert ask(file, "SELECT sum(results) FROM verdict.check_status") == [(standing,)]


def test_time_stands_still_in_the_file(of_a_day: tuple[Path, Exported], judged: Judged) -> None:
    """What stood before the end of the window stands, however late the auditor looks."""
    tenant, (file, _) = judged.tenants[0].tenant, of_a_day
    words = dict(ask(file, "SELECT status, count(*) FROM mart_v1.check_result GROUP BY 1"))
    end = datetime.combine(AS_OF.date() + timedelta(days=1), time(), UTC)
    with open_look(judged.url) as look:
        expected = dict(
            look.query(
                "SELECT status, count(*) FROM verdict.check_result WHERE tenant_id = ? AND valid_from < ? "
                "AND (valid_to IS NULL OR valid_to >= ?) GROUP BY 1", (tenant, end, end),
            ).rows
        )  # fmt: skip
    assert words == expected
    assert words["PASS"] + words.get("FAIL", 0) > 0
    for (text,) in ask(file, "SELECT sql FROM duckdb_views() WHERE schema_name = 'mart_v1'"):
        assert (
            "current_timestamp" not in text.lower()
            and "now()" not in text.lower()
            and "get_current" not in text.lower()
        )


def test_a_window_holds_nothing_from_after_it(of_a_day: tuple[Path, Exported], judged: Judged) -> None:
    tenant, (file, _) = judged.tenants[0].tenant, of_a_day
    end = "timestamptz '2026-06-02 00:00:00+00'"
    for table, since, until in (
        ("verdict.check_result", "valid_from", "valid_to"), ("raw.record", "valid_from", "valid_to"),
        ("raw.receipt", "finished_at", "superseded_at"), ("raw.unit", "valid_from", "valid_to"),
        ("raw.plan", "planned_at", "superseded_at"), ("verdict.evaluation", "as_of", "as_of"),
    ):  # fmt: skip
        assert ask(file, f"SELECT count(*) FROM {table} WHERE {since} >= {end} OR {until} >= {end}") == [(0,)], table
    assert ask(file, "SELECT count(*) > 0 FROM raw.receipt") == [(True,)]
    assert ask(file, "SELECT DISTINCT day FROM mart_v1.posture") == [(AS_OF.date(),)]
    assert ask(file, "SELECT tenant_id FROM facts.kushim_tenant") == [(tenant,)]


def test_a_window_leaves_out_what_ended_before_it(judged: Judged, tmp_path: Path) -> None:
    tenant, file = judged.tenants[0].tenant, tmp_path / "e.duckdb"
    made(judged.url, tenant, file, window=(LAST.date(), LAST.date()))
    (ended,) = ask(
        file, "SELECT count(*) FROM verdict.check_result WHERE valid_to <= timestamptz '2026-06-05 00:00:00+00'"
    )
    assert ended == (0,)
    assert ask(file, "SELECT count(*) > 0 FROM verdict.check_result WHERE valid_to IS NULL") == [(True,)]
    # The last reading before the window is what the verdicts in it stand on.
    assert ask(file, "SELECT count(*) > 0 FROM raw.receipt") == [(True,)]


def test_a_framework_cuts_checks_controls_and_streams(url: str, judged: Judged, tmp_path: Path) -> None:
    tenant, file = judged.tenants[1].tenant, tmp_path / "e.duckdb"
    made(url, tenant, file, framework="hipaa")
    checks = {row[0] for row in ask(file, "SELECT check_id FROM catalogue.check_definition")}
    assert "AWS-IAM-005" in checks and len(checks) < 15
    assert {row[0] for row in ask(file, "SELECT DISTINCT check_id FROM verdict.check_result")} <= checks
    streams = {row[0] for row in ask(file, "SELECT DISTINCT stream FROM catalogue.check_stream")}
    own = {"kushim.tenant", "kushim.policy", "kushim.exception"}
    assert {row[0] for row in ask(file, "SELECT DISTINCT stream FROM raw.unit")} <= streams | own
    assert {row[0] for row in ask(file, "SELECT DISTINCT stream FROM raw.record")} <= streams | own
    assert ask(file, "SELECT count(*) FROM catalogue.control") == [(1,)]
    assert ask(file, "SELECT framework FROM ops.export") == [("hipaa",)]
    facts = {
        row[0] for row in ask(file, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'facts'")
    }
    assert "aws_iam_access_key" in facts and "github_repository" not in facts


def test_the_manifest_can_be_recomputed(url: str, judged: Judged, tmp_path: Path) -> None:
    import hashlib

    tenant, file = judged.tenants[0].tenant, tmp_path / "e.duckdb"
    done = made(url, tenant, file, window=(date(2026, 5, 1), date(2026, 12, 31)))
    (manifest,) = ask(file, 'SELECT tenant_id, window_from, window_to, exported_by, "rows", digest FROM ops.export')
    assert manifest[:3] == (tenant, date(2026, 5, 1), date(2026, 12, 31)) and manifest[3]
    assert manifest[4:] == (done.rows, done.digest)
    listed = ask(file, 'SELECT table_name, "rows", digest FROM ops.export_table')
    assert hashlib.sha256("".join(f"{a} {b} {c}\n" for a, b, c in sorted(listed)).encode()).hexdigest() == done.digest
    with open_look(f"duckdb:///{file}") as look:
        for table, number, text in listed:
            found = digest(look, table, columns(look, table))
            assert (found.rows, found.hex) == (number, text)
    (entry,) = Trail(tmp_path).entries(tenant)
    assert (entry.kind, entry.payload["digest"], entry.payload["file"]) == ("warehouse.export", done.digest, "e.duckdb")


def test_both_engines_give_the_same_file_for_a_window(
    of_a_day: tuple[Path, Exported], judged: Judged, tmp_path: Path
) -> None:
    """And DuckDB gives it twice."""
    _, found = of_a_day
    window = (AS_OF.date(), AS_OF.date())
    assert found == made(judged.url, judged.tenants[0].tenant, tmp_path / "e.duckdb", window=window)


def test_kushim_itself_reads_the_file(whole: Whole) -> None:
    with open_reader(f"duckdb:///{whole.file}") as reader:
        assert reader.query("SELECT count(*) > 0 FROM mart_v1.check_result").rows == [(True,)]
    assert stat.S_IMODE(whole.file.stat().st_mode) == 0o600
    assert sorted(path.name for path in whole.file.parent.iterdir()) == ["e.duckdb", "trail"]


def test_nothing_is_overwritten_and_nothing_is_left_behind(judged: Judged, tmp_path: Path) -> None:
    tenant, file = judged.tenants[0].tenant, tmp_path / "e.duckdb"
    file.write_text("mine")
    with pytest.raises(ExportRefused, match="nothing is overwritten"):
        made(judged.url, tenant, file)
    assert file.read_text() == "mine"
    for wrong, cut in (
        ("there is no tenant", {"tenant": "nobody"}),
        ("supports the framework", {"framework": "pci_dss_9"}),
        ("ends before it begins", {"window": (date(2026, 6, 2), date(2026, 6, 1))}),
        ("has not begun", {"window": (date(2990, 6, 2), date(2990, 6, 3))}),
    ):
        with pytest.raises(ExportRefused, match=wrong):
            made(judged.url, cut.pop("tenant", tenant), tmp_path / "n.duckdb", **cut)
    assert [path.name for path in tmp_path.iterdir()] == ["e.duckdb"]


def test_a_warehouse_that_was_never_judged_has_nothing_to_export(tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path / 'w.duckdb'}"
    with open_writer(url) as warehouse:
        warehouse.script(
            "INSERT INTO raw.unit VALUES "
            "('acme', 'kushim:acme', 'kushim', 'acme', 'kushim.tenant', 'global', '2026-01-01', NULL)"
        )
    with pytest.raises(ExportRefused, match="nothing has been judged"):
        made(url, "acme", tmp_path / "e.duckdb")


def test_the_marts_have_one_clock() -> None:
    """An export replaces it: another spelling of now would make a file that ages."""
    for path in (rooms.SQL_ROOT / "marts").glob("*.sql"):
        text = path.read_text().lower()
        assert "now()" not in text and "current_date" not in text and "localtimestamp" not in text, path.name
