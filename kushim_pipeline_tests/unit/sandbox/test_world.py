"""The sandbox beside AWS: the same people in every source, with the differences that are planted."""

import csv
import io
from typing import Any

import pytest
import requests

from kushim_pipeline.sandbox import okta_world, vendors_world
from kushim_pipeline.sandbox.manifest import load
from kushim_pipeline.sandbox.people import Person, day, people_file
from kushim_pipeline.sandbox.world import dated
from kushim_pipeline.tenants.config import TenantConfig

TENANTS = load().tenants


@pytest.fixture(scope="module")
def found() -> Any:
    """What the stand-ins tell of each tenant's people: source -> tenant -> e-mail address -> whether active."""
    secrets = vendors_world.made_secrets(TENANTS)
    told: dict[str, dict[str, dict[str, bool]]] = {"okta": {}, "jira": {}, "slack": {}}
    with vendors_world.running(TENANTS, secrets) as vendors:
        for tenant_id in TENANTS:
            okta = {"Authorization": f"SSWS {secrets[vendors_world.variable(tenant_id, 'okta')]}"}
            url = vendors.okta[tenant_id].url + "/api/v1/users"
            users = requests.get(url, headers=okta, timeout=5).json()
            told["okta"][tenant_id] = {user["profile"]["email"]: user["status"] == "ACTIVE" for user in users}
            jira = (okta_world.email(tenant_id, "kushim"), secrets[vendors_world.variable(tenant_id, "jira")])
            url = vendors.jira[tenant_id].url + "/rest/api/3/users/search"
            accounts = requests.get(url, auth=jira, timeout=5).json()
            told["jira"][tenant_id] = {account["emailAddress"]: account["active"] for account in accounts}
            slack = {"Authorization": f"Bearer {secrets[vendors_world.variable(tenant_id, 'slack')]}"}
            url = vendors.slack.url + "/api/users.list"
            members = requests.get(url, headers=slack, timeout=5).json()["members"]
            told["slack"][tenant_id] = {
                member["profile"]["email"]: not member["deleted"] for member in members if "email" in member["profile"]
            }
        yield told


@pytest.mark.parametrize("tenant_id", TENANTS)
@pytest.mark.parametrize("source", ["okta", "jira", "slack"])
def test_everybody_is_found_in_every_source_but_for_what_is_planted(found: Any, source: str, tenant_id: str) -> None:
    tenant = TENANTS[tenant_id]
    plan: Any = getattr(tenant, source)
    wanted = {
        okta_world.email(tenant_id, login, person): not person.has_left or login in plan.still_active
        for login, person in tenant.people.items()
        if login not in plan.strangers
    }
    told = found[source][tenant_id]
    if source == "okta":  # whose plain list leaves out who was deactivated
        wanted = {address: active for address, active in wanted.items() if active}
    beside = set(plan.guests.values()) if source == "slack" else {okta_world.email(tenant_id, "kushim")}
    assert {address: told.get(address) for address in wanted} == wanted
    assert told.keys() - wanted.keys() == beside


def test_the_planted_differences_are_there(found: Any) -> None:
    assert found["slack"]["initech"]["smykowski@initech.test"], "a leaver who is still active in Slack"
    assert found["okta"]["initech"]["michael@initech.test"], "a leaver whom nobody deactivated in Okta"
    owners = set(TENANTS["initech"].github["initech"].owners)
    assert owners - TENANTS["initech"].people.keys() == {"bob-slydell", "bob-porter"}, "owners whom nobody knows"


@pytest.mark.parametrize("tenant_id", TENANTS)
def test_connections_are_taken_and_name_no_secret(tenant_id: str) -> None:
    tenant = TENANTS[tenant_id]
    secrets = vendors_world.made_secrets({tenant_id: tenant})
    with vendors_world.running({tenant_id: tenant}, secrets) as vendors:
        connections = vendors_world.connections(tenant_id, tenant, vendors)
        names = vendors_world.names(tenant_id, tenant, vendors)
    config = TenantConfig.model_validate({"tenant": tenant_id, "name": tenant.name, "connections": connections})
    assert {connection.source for connection in config.connections} == {"github", "okta", "jira", "slack"}
    text = str(connections)
    assert not [value for value in secrets.values() if value in text]
    assert {name for connection in connections for name in connection.values() if str(name).startswith("env:")} == {
        f"env:{name}" for name in secrets
    }
    assert all(names.values())


def test_the_list_of_people_says_who_left_and_when() -> None:
    people = {"ann": Person(name="Ann, the first"), "bob": Person(name="Bob", department="sales", ended=3)}
    files = people_file("acme", people)
    (name,) = [name for name in files if name.endswith(".csv")]
    rows = list(csv.DictReader(io.StringIO(files[name].decode())))
    assert [(row["email"], row["name"], row["status"], row["end_date"]) for row in rows] == [
        ("ann@acme.test", "Ann, the first", "active", ""),
        ("bob@acme.test", "Bob", "terminated", str(day(3))),
    ]
    assert files[f"{name}.sha256"].decode().endswith(f"  {name}\n")


def test_days_in_a_policy_are_written_out() -> None:
    policy = {"reviewed": "{30 days ago}", "list": ["x until {1 days ago}", 5], "number": 3}
    assert {key: dated(value) for key, value in policy.items()} == {
        "reviewed": str(day(30)),
        "list": [f"x until {day(1)}", 5],
        "number": 3,
    }
