"""A tenant's life by commands, over a real data folder: paused, offboarded, forgotten; the other one undisturbed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kushim_pipeline.sandbox.github.model import Description, Organization, Repository, Token, User
from kushim_pipeline.sandbox.github.server import Server, start
from kushim_pipeline_tests.e2e.commands import surroundings
from kushim_pipeline_tests.e2e.forked import judging, kushim, rows, table

GOES, STAYS = "initech", "northwind"
TOKENS = {name: f"ghp_{name}00000000000000000000000000000001" for name in (GOES, STAYS)}
CANARY = "canary-5b1d77e0c2a94f"
"""A repository of the one that goes: its name stands in what GitHub answered, and from there on in the warehouse."""


@pytest.fixture(scope="module")
def github() -> Iterator[Server]:
    organizations = tuple(
        Organization(
            name,
            (User(f"{name}-ada", owner=True, two_factor=True),),
            repositories=(Repository(CANARY if name == GOES else "app"),),
        )
        for name in TOKENS
    )
    tokens = tuple(Token(token, owner=f"{name}-ada", org=name) for name, token in TOKENS.items())
    server = start(Description(organizations, tokens=tokens))
    yield server
    server.stop()


def holding(home: Path, needle: str) -> list[str]:
    """The files that hold a text, in the clear."""
    return [str(path) for path in home.rglob("*") if path.is_file() and needle.encode() in path.read_bytes()]


def test_a_tenant_goes_and_the_other_stays(github: Server, tmp_path: Path) -> None:
    (tmp_path / "tenants").mkdir()
    for name in TOKENS:
        (tmp_path / "tenants" / f"{name}.yaml").write_text(
            f"tenant: {name}\nname: {name}\nconnections:\n"
            f"  - {{source: github, org: {name}, token: env:TOKEN_{name.upper()}, base_url: {github.url}}}\n"
        )
    environment = surroundings(
        KUSHIM_ACTOR="ada",
        KUSHIM_ALLOW_PRIVATE_HOSTS="1",
        **{f"TOKEN_{name.upper()}": token for name, token in TOKENS.items()},
    )
    home, file = tmp_path / ".kushim", tmp_path / "tenants" / f"{GOES}.yaml"

    def run(*arguments: str, code: int = 0) -> str:
        ended = kushim(tmp_path, environment, *arguments, prepare=[judging("github")])
        assert ended.code == code, ended.said
        return ended.said

    def verdicts(tenant: str) -> list[dict[str, object]]:
        found = table(tmp_path, environment, "results", "--tenant", tenant)
        return [{key: row[key] for key in ("check_id", "resource_id", "status", "reason")} for row in found]

    assert run("run").count("back that folder up") == 1
    mine, theirs = verdicts(GOES), verdicts(STAYS)
    assert mine
    assert theirs
    repositories = "SELECT resource_id, evidence_sha256 FROM raw.record WHERE stream = 'github.repository'"
    ((repository, digest),) = rows(tmp_path, environment, f"{repositories} AND tenant_id = '{GOES}'")
    assert repository == f"{GOES}/{CANARY}"
    assert CANARY in run("evidence", digest, "--tenant", GOES)
    assert CANARY not in run("evidence", digest, "--tenant", STAYS, code=1)
    assert not [path for path in holding(home, CANARY) if "/evidence/" in path], "evidence is sealed"
    assert [path for path in holding(home, CANARY) if path.endswith(".duckdb")]

    run("tenants", "pause", GOES)
    assert f"{GOES} is paused" in run("run", "--tenant", GOES, code=1)
    assert verdicts(GOES) == mine, "until they grow stale"

    text = file.read_text()
    run("tenants", "offboard", GOES, "--retain-until", "2020-12-31")
    assert file.read_text().replace("offboarded", "paused").replace("retain_until: 2020-12-31\n", "") == text
    run("run")
    run("results", "--tenant", GOES, code=2)
    assert verdicts(STAYS) == theirs
    assert CANARY in run("evidence", digest, "--tenant", GOES)

    run("tenants", "shred", "--due", "--yes")
    assert holding(home, CANARY) == []
    assert "destroyed" in run("evidence", digest, "--tenant", GOES, code=1)
    said = run("verify")
    assert f"SHREDDED {GOES}" in said
    assert " 0 broken records" in said
    assert verdicts(STAYS) == theirs
    history = table(tmp_path, environment, "tenants", "history", GOES)
    assert [(row["state"], row["by"], row["actor"]) for row in history] == [
        ("active", "file", "ada"), ("paused", "command", "ada"), ("offboarded", "command", "ada"),
        ("shredded", "command", "ada"),
    ]  # fmt: skip
    run("run")
    assert verdicts(STAYS) == theirs
    assert holding(home, CANARY) == []
