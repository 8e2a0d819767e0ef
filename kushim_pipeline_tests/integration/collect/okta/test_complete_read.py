"""Everything is read, from the whole organisation, in as few calls as promised."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from kushim_pipeline.collect.okta import streams
from kushim_pipeline.collect.okta.dialect import headers_of
from kushim_pipeline.collect.pace import Pace
from kushim_pipeline.evidence.receipt import Outcome
from kushim_pipeline.sandbox.okta.model import App, Assignment, Description, Factor, Org, User
from kushim_pipeline.sandbox.okta.routes import after
from kushim_pipeline.sandbox.standin.faults import Fault
from kushim_pipeline.sandbox.standin.paging import Made
from kushim_pipeline.tenants.config import OktaConnection
from kushim_pipeline_tests.integration.collect.okta.conftest import Start
from kushim_pipeline_tests.integration.collect.okta.org import (
    ACCESS,
    ACME,
    COMPANY,
    LEAVERS,
    PEOPLE,
    PLENTY,
    TOKEN,
    TOKENS,
    Found,
    collect,
    person,
)

LEFT = "filter=status+eq+%22DEPROVISIONED%22"


def test_every_stream_is_whole(healthy: Found) -> None:
    assert {name: receipt.outcome for name, receipt in healthy.receipts.items()} == {
        spec.name: Outcome.COMPLETE for spec in streams.STREAMS
    }
    counts = {name: receipt.records for name, receipt in healthy.receipts.items()}
    assert counts == {
        "okta.organization": 1,
        "okta.user": PEOPLE + len(LEAVERS),
        "okta.user_factor": PEOPLE,
        "okta.group": 2,
        "okta.group_rule": 1,
        "okta.app": 6,
        "okta.app_user": 6,
        "okta.app_group": 6,
        "okta.policy": 4,
        "okta.policy_rule": 4,
        "okta.admin_role": 1,
        "okta.api_token": 1,
        "okta.authenticator": 1,
        "okta.network_zone": 1,
        "okta.event": 3,
    }


def test_those_who_left_are_among_the_users(healthy: Found) -> None:
    users = healthy.records("okta.user")
    assert Counter(body["status"] for body in users.values()) == {
        "ACTIVE": PEOPLE - 1,
        "SUSPENDED": 1,
        "DEPROVISIONED": 210,
    }
    assert not {leaver.id for leaver in LEAVERS} & healthy.records("okta.user_factor").keys()
    assert users[person(1).id]["profile"]["login"] == "person-001@acme.test"


def test_bodies_are_the_vendors_own(healthy: Found) -> None:
    assert healthy.records("okta.organization")["127.0.0.1"]["subdomain"] == "acme"
    factors = healthy.records("okta.user_factor")
    assert factors[person(7).id] == {"factors": []}
    assert [each["factorType"] for each in factors[person(1).id]["factors"]] == ["push", "webauthn"]
    roles = healthy.records("okta.admin_role")[person(0).id]["roles"]
    assert [(role["type"], role["assignmentType"]) for role in roles] == [
        ("SUPER_ADMIN", "USER"),
        ("READ_ONLY_ADMIN", "GROUP"),
    ]
    assigned = healthy.records("okta.app_user")
    assert [len(assigned[app.id]["users"]) for app in ACME.apps] == [2 * n for n in range(6)]
    groups = healthy.records("okta.app_group")
    assert [len(groups[app.id]["groups"]) for app in ACME.apps] == [n % 2 for n in range(6)]
    rules = healthy.records("okta.policy_rule")
    assert rules["00p00000000000000002"]["rules"][0]["actions"] == {"signon": {"access": "ALLOW"}}
    # 90 days, and not who signed in
    assert set(healthy.records("okta.event")) == {"e-created", "e-granted", "e-factor"}


def test_a_custom_role_and_an_access_token_are_read(vendor: Start, root: Path) -> None:
    found = collect(vendor().url, root, token=ACCESS, only=["okta.organization", "okta.api_token"])
    assert found.outcome("okta.organization") is Outcome.COMPLETE
    assert headers_of("https://acme.okta.com", SecretStr(ACCESS))["Authorization"] == f"Bearer {ACCESS}"
    assert headers_of("https://acme.okta.com", SecretStr(TOKEN))["Authorization"] == f"SSWS {TOKEN}"


def test_a_full_sweep_is_as_cheap_as_promised(vendor: Start, root: Path) -> None:
    """People + 2 x applications + 200 calls; here with 500 people and 20 applications, the last of many people."""
    factor = (Factor("push"),)
    people = Made(500, lambda n: User(f"00u{n:017d}", f"p{n}@acme.test", factors=factor))
    apps = tuple(
        App(f"0oa{n:017d}", f"App {n}", users=tuple(Assignment(people[m].id, "x") for m in range(n * 10)))
        for n in range(20)
    )
    org = replace(ACME, users=people, apps=apps)
    server = vendor(description=Description(org, TOKENS, PLENTY))
    first = collect(server.url, root)
    assert {name: first.outcome(name) for name in ("okta.user_factor", "okta.app_user")} == {
        "okta.user_factor": Outcome.COMPLETE,
        "okta.app_user": Outcome.COMPLETE,
    }
    asked = len(server.ledger)
    assert asked <= 500 + 2 * 20 + 200
    collect(server.url, root, before=first)
    assert len(server.ledger) - asked <= asked / 10


def test_a_sample_opens_every_door_once(vendor: Start, root: Path) -> None:
    server = vendor()
    found = collect(server.url, root, pace=Pace(share=1.0, sample=True))
    assert {name for name in found.receipts if found.outcome(name) is not Outcome.COMPLETE} == set()
    assert len(server.ledger) <= 25
    assert Counter(asked.path.rpartition("/")[2] for asked in server.ledger)["factors"] == 1


def test_classic_engine_has_no_authentication_policies_and_no_authenticators(vendor: Start, root: Path) -> None:
    """The first is Okta's own word that there are none; the second hides what there is."""
    kept = tuple(policy for policy in ACME.policies if policy.type != "ACCESS_POLICY")
    org = replace(ACME, classic=True, policies=kept)
    found = collect(vendor(description=replace(COMPANY, org=org)).url, root)
    assert found.outcome("okta.policy") is Outcome.COMPLETE
    assert len(found.records("okta.policy")) == 3
    assert found.outcome("okta.policy_rule") is Outcome.COMPLETE
    assert found.outcome("okta.authenticator") is Outcome.DENIED
    assert "not on this plan: " in found.error("okta.authenticator")


def test_lists_that_may_be_empty_are_proven_to_be(vendor: Start, root: Path) -> None:
    org = replace(ACME, group_rules=(), events=())
    found = collect(
        vendor(description=replace(COMPANY, org=org)).url, root, only=["okta.group_rule", "okta.event", "okta.app_user"]
    )
    for stream in ("okta.group_rule", "okta.event"):
        assert (found.outcome(stream), found.records(stream)) == (Outcome.COMPLETE, {}), found.error(stream)
    assert found.records("okta.app_user")[ACME.apps[0].id] == {"users": []}


def test_lists_that_are_never_empty_are_not_believed(vendor: Start, root: Path) -> None:
    found = collect(vendor(description=Description(Org("acme"), TOKENS, PLENTY)).url, root)
    empty = {name for name in found.receipts if found.outcome(name) is not Outcome.COMPLETE}
    assert empty == set(found.receipts) - {"okta.organization", "okta.group_rule", "okta.event"}


def test_a_next_page_by_the_admin_consoles_host_is_asked_of_our_own(vendor: Start, root: Path, healthy: Found) -> None:
    """Okta writes some links with its name (acme-admin.okta.com for acme.okta.com). No call goes there."""
    link = f'<https://127-admin.0.0.1/api/v1/users?after={after(200)}&limit=200&{LEFT}>; rel="next"'
    server = vendor(Fault(f"/api/v1/users?{LEFT}*", "headers", nth_call=1, headers={"Link": link}))
    found = collect(server.url, root, only=["okta.user"])
    assert found.contents()["okta.user"] == healthy.contents()["okta.user"]
    assert len(server.ledger) == 3


def test_a_unit_is_expected_for_every_stream() -> None:
    connection = OktaConnection(source="okta", org_url="https://acme.okta.com", token="env:T")  # type: ignore[arg-type]
    expected = streams.units("acme", connection)
    assert [unit.stream for unit in expected] == [spec.name for spec in streams.STREAMS]
    assert {(unit.account_id, unit.connection_id) for unit in expected} == {("acme.okta.com", "okta:acme.okta.com")}
