"""A tenant's life by commands, over a real data folder: paused, offboarded, forgotten; the other one undisturbed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kushim_pipeline.sandbox.manifest import load
from kushim_pipeline.sandbox.world import World, start
from kushim_pipeline_tests.e2e.commands import kushim, rows, surroundings, table

GOES, STAYS = "initech", "northwind"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    manifest = load()
    two = manifest.model_copy(update={"tenants": {name: manifest.tenants[name] for name in (GOES, STAYS)}})
    with start({}, manifest=two) as running:
        yield running


def holding(home: Path, needle: str) -> list[str]:
    """The files that hold a text, in the clear."""
    return [str(path) for path in home.rglob("*") if path.is_file() and needle.encode() in path.read_bytes()]


def test_a_tenant_goes_and_the_other_stays(world: World, tmp_path: Path) -> None:
    world.write_tenants(tmp_path / "tenants")
    environment = surroundings(KUSHIM_ACTOR="ada", **world.environment)
    home, file = tmp_path / ".kushim", tmp_path / "tenants" / f"{GOES}.yaml"

    def run(*arguments: str, code: int = 0) -> str:
        done = kushim(tmp_path, *arguments, environment=environment, code=code)
        return done.stdout + done.stderr

    def verdicts(tenant: str) -> list[dict[str, object]]:
        found = table(tmp_path, "results", "--tenant", tenant, environment=environment)
        return [{key: row[key] for key in ("check_id", "resource_id", "status", "reason")} for row in found]

    assert run("run").count("back that folder up") == 1
    mine, theirs = verdicts(GOES), verdicts(STAYS)
    assert mine
    bucket_sql = (
        "SELECT resource_id, evidence_sha256 FROM raw.record WHERE stream = 'aws.s3_bucket' AND tenant_id = '%s' "
        "ORDER BY length(resource_id) DESC LIMIT 1"
    )
    ((arn, digest),) = rows(tmp_path, bucket_sql.replace("%s", GOES), environment)
    canary = arn.rpartition(":")[2]
    assert canary in run("evidence", digest, "--tenant", GOES)
    assert canary not in run("evidence", digest, "--tenant", STAYS, code=1)
    assert not [path for path in holding(home, canary) if "/evidence/" in path], "evidence is sealed"
    assert [path for path in holding(home, canary) if path.endswith(".duckdb")]

    run("tenants", "pause", GOES)
    assert f"{GOES} is paused" in run("run", "--tenant", GOES, code=1)
    assert verdicts(GOES) == mine, "until they grow stale"

    text = file.read_text()
    run("tenants", "offboard", GOES, "--retain-until", "2020-12-31")
    assert file.read_text().replace("offboarded", "paused").replace("retain_until: 2020-12-31\n", "") == text
    run("run")
    run("results", "--tenant", GOES, code=2)
    theirs = verdicts(STAYS)
    assert canary in run("evidence", digest, "--tenant", GOES)

    run("tenants", "shred", "--due", "--yes")
    assert holding(home, canary) == []
    assert "destroyed" in run("evidence", digest, "--tenant", GOES, code=1)
    said = run("verify")
    assert f"SHREDDED {GOES}" in said
    assert " 0 broken records" in said
    assert verdicts(STAYS) == theirs
    history = table(tmp_path, "tenants", "history", GOES, environment=environment)
    assert [(row["state"], row["by"], row["actor"]) for row in history] == [
        ("active", "file", "ada"), ("paused", "command", "ada"), ("offboarded", "command", "ada"),
        ("shredded", "command", "ada"),
    ]  # fmt: skip
    run("run")
    assert verdicts(STAYS) == theirs
    assert holding(home, canary) == []
