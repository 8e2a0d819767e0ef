"""What trying a connection says, against the stand-ins of four vendors: what can be read, what not, why, what for."""

import csv
import io
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kushim_pipeline.catalogue.load import load
from kushim_pipeline.catalogue.model import Check
from kushim_pipeline.cli import cli
from kushim_pipeline.collect.collection import Collection
from kushim_pipeline.collect.http.patience import Clockwork
from kushim_pipeline.collect.http.wire import Limits
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.collect.run import source_module
from kushim_pipeline.collect.trial import Nowhere, State, Tried, judge, try_connection, unknown_without
from kushim_pipeline.collect.unit import Unit
from kushim_pipeline.evidence.receipt import Reason
from kushim_pipeline.sandbox.github.server import start as start_github
from kushim_pipeline.sandbox.jira.routes import Jira
from kushim_pipeline.sandbox.okta.routes import Okta
from kushim_pipeline.sandbox.slack.model import Description as SlackDescription
from kushim_pipeline.sandbox.slack.vendor import SlackVendor
from kushim_pipeline.sandbox.standin.faults import Fault, Kind
from kushim_pipeline.sandbox.standin.server import start
from kushim_pipeline.tenants.config import TenantConfig
from kushim_pipeline.tenants.secret import from_environment
from kushim_pipeline_tests.integration.collect.github import company
from kushim_pipeline_tests.integration.collect.jira import acme as site
from kushim_pipeline_tests.integration.collect.okta import org
from kushim_pipeline_tests.integration.collect.slack import acme as workspace

READ = State.READABLE
QUICK = Pace(share=1.0, sample=True, clockwork=Clockwork(wait=lambda _: None), limits=Limits(timeout=2.0))
FREE = SlackDescription((replace(workspace.ACME, plan="free", enterprise=""),), workspace.TOKENS, workspace.FAST)

Begin = Callable[..., Any]


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUSHIM_ALLOW_PRIVATE_HOSTS", "1")


@pytest.fixture(scope="module")
def checks() -> Mapping[str, Check]:
    return load().checks


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Starts a vendor's stand-in; stops all at the end."""
    with ExitStack() as running:

        def started(vendor: Any, *faults: Fault) -> Any:
            server = start_github(vendor, faults=faults) if vendor is company.COMPANY else start(vendor, faults=faults)
            running.callback(server.stop)
            return server

        yield started


@pytest.fixture
def nobody() -> str:
    """The URL of a port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def okta(url: str) -> dict[str, Any]:
    return {"source": "okta", "org_url": url, "token": "env:T"}


def slack(url: str) -> dict[str, Any]:
    return {"source": "slack", "base_url": f"{url}/api/", "token": "env:T", "announcement_channels": ["#security"]}


def jira(url: str) -> dict[str, Any]:
    return {"source": "jira", "base_url": url, "email": site.ADMIN, "token": "env:T"}


def github(url: str) -> dict[str, Any]:
    return {"source": "github", "base_url": url, "org": company.LOGIN, "token": "env:T"}


def tried(connection: dict[str, Any], checks: Mapping[str, Check], **secrets: str) -> dict[str, Tried]:
    """What each stream came to, without waiting."""
    tenant = TenantConfig.model_validate({"tenant": "acme", "name": "Acme", "connections": [connection]})
    found = try_connection(tenant, tenant.connections[0], from_environment(secrets), checks, QUICK)
    streams = [spec.name for spec in source_module(connection["source"]).STREAMS]  # type: ignore[attr-defined] # modules have it
    assert [one.stream for one in found] == streams
    assert all(one.needs for one in found)
    return {one.stream: one for one in found}


def missing(found: Mapping[str, Tried]) -> dict[str, State]:
    return {name: one.state for name, one in found.items() if one.state is not READ}


def test_who_may_see_everything_reads_everything_though_only_a_sample(
    begin: Begin, checks: Mapping[str, Check]
) -> None:
    for vendor, connection, secrets, most in (
        (Okta(org.COMPANY), okta, {"T": org.TOKEN}, 25),
        (SlackVendor(workspace.COMPANY), slack, {"T": workspace.ADMIN, "A": workspace.ORG}, 20),
        (Jira(site.BIG, site.NOW.timestamp), jira, {"T": site.SECRETS[site.ADMIN]}, 40),
    ):
        server = begin(vendor)
        described = connection(server.url) | ({"audit_token": "env:A"} if "A" in secrets else {})
        found = tried(described, checks, **secrets)
        assert missing(found) == {}
        assert {(one.said, one.call, one.checks) for one in found.values()} == {("", "", ())}
        # Whole readings of the same take hundreds: a page of each list, one of what is asked for one by one.
        assert len(server.ledger) <= most, connection.__name__
    server = begin(company.COMPANY)
    found = tried(github(server.url), checks, T=company.OWNER)
    for stream in ("member", "repository", "branch_protection", "ruleset"):
        assert found[f"github.{stream}"].state is READ
    assert len([asked for asked in server.ledger if "/protection" in asked.path]) <= 1


def test_a_denial_names_the_permission_and_what_is_unknown_without_it(
    begin: Begin, checks: Mapping[str, Check]
) -> None:
    found = tried(okta(begin(Okta(org.COMPANY)).url), checks, T=org.PARTLY)
    assert missing(found) == {"okta.event": State.DENIED, "okta.admin_role": State.DENIED}
    roles = found["okta.admin_role"]
    assert roles.needs[0].startswith("the scope okta.roles.read")
    assert "403" in roles.said
    assert roles.call == "GET /api/v1/iam/assignees/users"
    assert {check.id for check in checks.values() if "okta.admin_role" in check.streams} <= set(roles.checks)
    assert roles.checks


def test_one_resource_of_a_fan_out_that_is_denied_is_a_denial(begin: Begin, checks: Mapping[str, Check]) -> None:
    found = tried(github(begin(company.COMPANY).url), checks, T=company.PARTLY)
    protection = found["github.branch_protection"]
    assert protection.state is State.DENIED
    assert protection.said.startswith("acme/")
    assert "Administration: read" in protection.needs[0]


def test_what_a_plan_does_not_have_is_no_question_of_permission(begin: Begin, checks: Mapping[str, Check]) -> None:
    found = tried(slack(begin(SlackVendor(FREE)).url), checks, T=workspace.ADMIN)
    logs = found["slack.integration_log"]
    assert logs.state is State.NOT_ON_PLAN
    assert not logs.said.startswith("not on this plan")
    assert "SLK-APP-001" in logs.checks
    assert found["slack.user"].state is READ


@pytest.mark.parametrize(
    ("kind", "state"),
    [("html", State.FAILED), ("truncate", State.FAILED), ("break_off", State.FAILED), ("status", State.FAILED)],
)
def test_an_answer_that_is_none_fails_its_stream_and_no_other(
    begin: Begin, checks: Mapping[str, Check], kind: Kind, state: State
) -> None:
    server = begin(Okta(org.COMPANY), Fault("/api/v1/zones*", kind, status=503))
    assert missing(tried(okta(server.url), checks, T=org.TOKEN)) == {"okta.network_zone": state}


def test_a_vendor_that_is_away_or_silent_is_unreachable(begin: Begin, nobody: str, checks: Mapping[str, Check]) -> None:
    for connection in (okta, slack, jira, github):
        found = tried(connection(nobody), checks, T=org.TOKEN)
        assert {one.state for one in found.values()} == {State.UNREACHABLE}, {n: o.said for n, o in found.items()}
    server = begin(Okta(org.COMPANY), Fault("/api/v1/zones*", "silent", seconds=0.6))
    tenant = TenantConfig.model_validate({"tenant": "acme", "name": "Acme", "connections": [okta(server.url)]})
    hasty = replace(QUICK, limits=Limits(timeout=0.2))
    secrets = from_environment({"T": org.TOKEN})
    found = {one.stream: one for one in try_connection(tenant, tenant.connections[0], secrets, checks, hasty)}
    assert missing(found) == {"okta.network_zone": State.UNREACHABLE}


def test_a_fault_of_ours_is_no_silence_and_one_odd_record_no_refusal() -> None:
    unit = Unit("acme", "okta:x", "okta", "x", "okta.user")
    broken, odd = (Collection(unit, Nowhere(), code_version="1", mask=str) for _ in range(2))
    with broken:
        raise TypeError("a reader's own fault")
    assert judge(broken.finish()) == (State.FAILED, "read", "TypeError: a reader's own fault")
    odd.unreadable("u1", Reason.QUARANTINED, "GET /users", "half a surrogate")
    assert judge(odd.finish())[0] is READ


def test_a_check_that_depends_on_one_that_is_lost_is_lost_too(checks: Mapping[str, Check]) -> None:
    plain = next(iter(checks.values()))
    first = plain.model_copy(update={"id": "A-001", "streams": ("x.one",), "depends_on": ()})
    second = plain.model_copy(update={"id": "A-002", "streams": ("x.two",), "depends_on": ("A-001",)})
    third = plain.model_copy(update={"id": "A-003", "streams": ("x.two",), "depends_on": ("A-002",)})
    assert unknown_without("x.one", (third, second, first)) == ("A-001", "A-002", "A-003")
    assert unknown_without("x.two", (third, second, first)) == ("A-002", "A-003")


@pytest.fixture
def kushim(tmp_path: Path, begin: Begin, nobody: str) -> Callable[..., Any]:
    """`kushim connections test` for tenants of which little is right."""
    folder = tmp_path / "tenants"
    folder.mkdir()
    server = begin(Okta(org.COMPANY))
    okta_url = server.url
    slack_url = begin(SlackVendor(FREE)).url
    for name, more, *connections in (
        ("acme", "", {**okta(okta_url), "token": "env:OKTA"}, {**slack(slack_url), "token": "env:SLACK"}),
        ("beta", "", jira(nobody), {**github(nobody), "token": "secret:gh"}),
        ("good", "", {**okta(okta_url), "token": "env:GOOD"}),
        ("idle", "state: paused\n", okta(okta_url)),
        ("wrong", "framework: soc2\n", okta(okta_url)),
    ):
        lines = "".join(f"  - {json.dumps(connection)}\n" for connection in connections)
        (folder / f"{name}.yaml").write_text(f"tenant: {name}\nname: {name}\n{more}connections:\n{lines}")
    environ = {
        "KUSHIM_HOME": str(tmp_path / "data"), "KUSHIM_TENANTS": str(folder), "KUSHIM_ALLOW_PRIVATE_HOSTS": "1",
        "OKTA": org.PARTLY, "GOOD": org.TOKEN, "SLACK": workspace.ADMIN, "T": None, "KUSHIM_WAREHOUSE_URL": None,
    }  # fmt: skip

    def run(*args: str) -> Any:
        done = CliRunner(env=environ).invoke(cli, ["connections", "test", *args])
        assert not any(secret in done.output for secret in (org.PARTLY, org.TOKEN, workspace.ADMIN))
        assert not (tmp_path / "data").exists()
        assert not any("after=" in asked.query for asked in server.ledger), "a page of each list is enough"
        return done

    return run


def test_the_command_says_of_every_stream_what_is_and_what_to_do(kushim: Callable[..., Any]) -> None:
    done = kushim("--format", "json")
    assert done.exit_code == 1
    rows = {(row["tenant_id"], row["stream"]): row for row in json.loads(done.stdout)}
    assert {tenant for tenant, _ in rows} == {"acme", "beta", "good"}
    assert rows["acme", "okta.user"]["state"] == "readable"
    denied = rows["acme", "okta.event"]
    assert denied["state"] == "denied"
    assert "okta.logs.read" in denied["remedy"]
    assert denied["unknown"]
    assert rows["acme", "slack.audit_event"]["state"] == "not on this plan"
    assert rows["beta", "jira.user"]["said"].startswith("the environment variable T is not set; export it")
    assert "kushim secrets set gh --tenant beta" in rows["beta", "github.member"]["said"]
    for line in (
        "acme: okta:127.0.0.1: 13 of 15 streams can be read",
        "tenant idle is paused, so nothing of it is collected",
        "wrong.yaml:3: (tenant wrong)",
    ):
        assert line in done.stderr


def test_the_exit_code_is_about_what_was_asked_for(kushim: Callable[..., Any]) -> None:
    done = kushim("--tenant", "good")
    assert (done.exit_code, done.stderr) == (0, "good: okta:127.0.0.1: 15 of 15 streams can be read\n")
    assert done.stdout.count("  readable ") == 15
    assert kushim("--tenant", "idle").exit_code == kushim("--tenant", "wrong").exit_code == 1
    assert "there is no tenant goood here; there is good" in kushim("--tenant", "goood").stderr
    assert kushim("--tenant", "acme", "--source", "oktaa").exit_code == 2
    assert "nothing was tried" in kushim("--tenant", "good", "--source", "aws").stderr


def test_a_person_reads_one_reason_once_and_a_spreadsheet_every_row(kushim: Callable[..., Any]) -> None:
    table = kushim("--tenant", "beta", "--source", "jira").stdout
    assert table.count("  failed ") == 10
    assert table.count("the environment variable T is not set") == 1
    assert "UNKNOWN without it: " in table
    rows = list(csv.DictReader(io.StringIO(kushim("--tenant", "acme", "--format", "csv").stdout)))
    assert len(rows) == 25
    assert {row["scopes"] for row in rows} == {"global"}
