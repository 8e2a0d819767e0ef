"""The models of a tenant file: identities, and what two keys may not say together."""

import pytest
from pydantic import ValidationError

from kushim_pipeline.tenants.config import (
    AwsConnection,
    FileConnection,
    GithubConnection,
    JiraConnection,
    OktaConnection,
    PolicyException,
    SlackConnection,
    TenantConfig,
)

AWS = {"source": "aws", "account_id": "123456789012", "regions": ["us-east-1"]}
GITHUB = {"source": "github", "org": "acme", "token": "env:TOKEN"}
EXCEPTION = {
    "id": "EX-1",
    "check": "AWS-S3-002",
    "resource": "arn:aws:s3:::site",
    "reason": "a public web site",
    "requested_by": "ann@acme.test",
    "approved_by": "bob@acme.test",
    "until": "2027-03-31",
}


def tenant(**changes: object) -> TenantConfig:
    return TenantConfig.model_validate({"tenant": "acme", "name": "Acme", "connections": [AWS], **changes})


def test_a_connection_is_identified_by_source_and_account() -> None:
    connections = tenant(
        connections=[
            AWS,
            GITHUB,
            {"source": "okta", "org_url": "https://acme.okta.com", "token": "env:T"},
            {"source": "jira", "base_url": "https://acme.atlassian.net", "email": "a@acme.test", "token": "env:T"},
            {"source": "slack", "token": "env:T", "workspace": "acme"},
        ]
    ).connections
    assert [type(c) for c in connections] == [
        AwsConnection,
        GithubConnection,
        OktaConnection,
        JiraConnection,
        SlackConnection,
    ]
    assert [c.connection_id for c in connections] == [
        "aws:123456789012",
        "github:acme",
        "okta:acme.okta.com",
        "jira:acme.atlassian.net",
        "slack:acme",
    ]
    assert connections[0].account == "123456789012"


def test_defaults_are_the_public_ones() -> None:
    config = tenant(connections=[GITHUB])
    (connection,) = config.connections
    assert isinstance(connection, GithubConnection)
    assert connection.base_url == "https://api.github.com"
    assert config.frameworks == ("soc2",)
    assert (config.policy, config.exceptions) == ({}, ())


@pytest.mark.parametrize(
    "second", [AWS, {**AWS, "regions": ["eu-west-1"]}], ids=["the same", "the same account, another region"]
)
def test_two_connections_to_one_account_are_refused(second: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="two connections are both aws:123456789012"):
        tenant(connections=[AWS, second])


def test_two_spellings_of_one_organisation_are_one() -> None:
    with pytest.raises(ValidationError, match="two connections"):
        tenant(connections=[GITHUB, {**GITHUB, "org": "ACME"}])


def test_a_tenant_may_have_several_accounts() -> None:
    assert len(tenant(connections=[AWS, {**AWS, "account_id": "210987654321"}, GITHUB]).connections) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"account_id": "12345678901"}, "12 digits"),
        ({"account_id": "\u0661" * 12}, "12 digits"),
        ({"regions": []}, "at least 1"),
        ({"regions": ["us-east-1", "us-east-1"]}, "twice"),
        ({"regions": ["US East"]}, "not an AWS region"),
        ({"role_arn": "kushim-read"}, "ARN of a role"),
        ({"role_arn": "arn:aws:iam::210987654321:role/r"}, "another account"),
        ({"external_id": "abc"}, "external_id needs a role"),
        ({"role_arn": "arn:aws:iam::123456789012:role/r", "external_id": "env:X"}, "external id"),
        ({"access_key_id": "env:A"}, "only one half"),
        ({"session_token": "env:A"}, "needs an access key"),
        ({"endpoint_url": "ftp://x"}, "not an https URL"),
        ({"endpoint_url": "https://user:pass@host"}, "user name or password"),
        ({"endpoint_url": "https://host/?a=b"}, "query"),
        ({"endpoint_url": "https://ho st/"}, "white space"),
        ({"endpoint_url": "https://[host/"}, "not a URL"),
    ],
)
def test_aws_refuses(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        AwsConnection.model_validate({**AWS, **changes})


def test_aws_takes_a_role_with_keys_of_its_own() -> None:
    connection = AwsConnection.model_validate(
        {
            **AWS,
            "role_arn": "arn:aws:iam::123456789012:role/path/kushim-read",
            "external_id": "a:b/c=1",
            "access_key_id": "env:ID",
            "secret_access_key": "env:SECRET",
            "session_token": "env:SESSION",
            "endpoint_url": "http://127.0.0.1:5000",
        }
    )
    assert {field: str(ref) for field, ref in connection.secret_refs().items()} == {
        "access_key_id": "env:ID",
        "secret_access_key": "env:SECRET",
        "session_token": "env:SESSION",
    }


@pytest.mark.parametrize("org", ["", "acme/x", "-acme", "a" * 101, "ac me", "https://github.com/acme"])
def test_github_refuses_what_is_no_login(org: str) -> None:
    with pytest.raises(ValidationError, match="organisation's login"):
        GithubConnection.model_validate({**GITHUB, "org": org})


@pytest.mark.parametrize("name", ["Acme", "", "a" * 41, "a_b", "a/b", "..", "acme\n", "\u0430cme"])
def test_a_bad_tenant_id_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="a tenant id has"):
        tenant(tenant=name)


def test_an_exception_has_two_people_and_an_end() -> None:
    (found,) = tenant(exceptions=[EXCEPTION]).exceptions
    assert found.until.isoformat() == "2027-03-31"
    with pytest.raises(ValidationError, match="same person"):
        PolicyException.model_validate({**EXCEPTION, "approved_by": " ANN@acme.test "})
    with pytest.raises(ValidationError, match="until"):
        PolicyException.model_validate({key: value for key, value in EXCEPTION.items() if key != "until"})
    with pytest.raises(ValidationError, match="two exceptions have the id EX-1"):
        tenant(exceptions=[EXCEPTION, EXCEPTION])


def test_everything_is_frozen_and_known() -> None:
    config = tenant()
    with pytest.raises(ValidationError, match="frozen"):
        config.tenant = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        tenant(extra=1)


def test_an_error_never_repeats_a_literal_secret() -> None:
    with pytest.raises(ValidationError) as caught:
        tenant(connections=[{**GITHUB, "token": "hunter2hunter2"}])
    assert "literal" in str(caught.value)
    assert "hunter2" not in str(caught.value) + repr(caught.value)


def test_a_configuration_prints_and_dumps_references_only() -> None:
    config = tenant(connections=[GITHUB])
    assert "env:TOKEN" in config.model_dump_json()
    assert TenantConfig.model_validate_json(config.model_dump_json()) == config


PEOPLE = {"stream": "person", "path": "people-*.csv"}
ASSETS = {"stream": "asset", "path": "a.csv", "key": "id", "columns": {"id": "text", "until": {"type": "date"}}}
DROP = {"source": "file", "name": "hr", "folder": "drop/acme", "files": [PEOPLE, ASSETS]}


def test_a_drop_folder_is_a_connection() -> None:
    (connection,) = tenant(connections=[DROP]).connections
    assert isinstance(connection, FileConnection)
    assert (connection.connection_id, connection.secret_refs()) == ("file:hr", {})
    people, assets = connection.files
    assert (people.kind, people.keys, people.max_age_days) == ("csv", ("person_id",), 31)
    assert people.schema_columns["end_date"].kind == "date"
    assert people.may_lack >= {"department"}
    assert (assets.keys, assets.schema_columns["until"].is_required, assets.may_lack) == (("id",), True, frozenset())


def test_a_column_that_the_tenant_names_must_be_in_the_file() -> None:
    given = {
        **PEOPLE,
        "columns": {"department": {"header": "Team"}, "end_date": {"format": "DD.MM.YYYY"}, "squad": "text"},
    }
    (file,) = FileConnection.model_validate({**DROP, "files": [given]}).files
    columns = file.schema_columns
    assert "department" not in file.may_lack
    assert (columns["department"].is_required, columns["department"].header) == (False, "Team")
    assert (columns["end_date"].kind, columns["end_date"].format) == ("date", "DD.MM.YYYY")
    assert columns["squad"].is_required


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folder": "../drop"}, "leaves its folder"),
        ({"folder": "/srv/../etc"}, "leaves its folder"),
        ({"folder": "~/drop"}, "leaves its folder"),
        ({"folder": "C:/drop"}, "leaves its folder"),
        ({"folder": "a\\..\\b"}, "not a path"),
        ({"folder": "a\nb"}, "not a path"),
        ({"folder": "."}, "the folder itself"),
        ({"name": "HR"}, "pattern"),
        ({"files": []}, "empty"),
        ({"files": [PEOPLE, PEOPLE]}, "two files both give the stream person"),
        ({"files": [{**PEOPLE, "path": "/etc/passwd"}]}, "leaves its folder"),
        ({"files": [{**PEOPLE, "path": "a/../../b.csv"}]}, "leaves its folder"),
        ({"files": [{**PEOPLE, "path": ".hidden.csv"}]}, "hidden"),
        ({"files": [{**PEOPLE, "path": "*/people.csv"}]}, r"only \* and \? match"),
        ({"files": [{**PEOPLE, "path": "people-[0-9].csv"}]}, r"only \* and \? match"),
        ({"files": [{**PEOPLE, "path": "people.xlsx"}]}, "format: csv or format: jsonl"),
        ({"files": [{**PEOPLE, "columns": {"end_date": "text"}}]}, "end_date of person is a date"),
        ({"files": [{**PEOPLE, "columns": {"email": {"required": False}}}]}, "email of person is required"),
        ({"files": [{**PEOPLE, "key": "email"}]}, "the key of person is person_id"),
        ({"files": [{**PEOPLE, "ignore": ["E-mail", "EMAIL"]}]}, "same header"),
        ({"files": [{**PEOPLE, "columns": {"a": {"header": "X"}, "b": {"header": "x "}}}]}, "same header"),
        ({"files": [{**PEOPLE, "max_age_days": 0}]}, "greater than or equal"),
        ({"files": [{"stream": "asset", "path": "a.csv"}]}, "stream of your own"),
        ({"files": [{**ASSETS, "key": "other"}]}, "key is not made of required columns"),
        ({"files": [{**ASSETS, "columns": {"id": {"required": False}}}]}, "key is not made of required columns"),
        ({"files": [{**ASSETS, "columns": {"id": "float"}}]}, "should be 'text', 'date'"),
    ],
)
def test_a_drop_folder_refuses(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FileConnection.model_validate({**DROP, **changes})
