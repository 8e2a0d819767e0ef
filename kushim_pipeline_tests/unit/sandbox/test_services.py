"""What the gate answers by itself is what boto3 reads from AWS."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from kushim_pipeline.sandbox import aws_edge, aws_services
from kushim_pipeline.sandbox.estate import (
    Account,
    Certificate,
    Distribution,
    ImageRepository,
    Instance,
    LoadBalancer,
    Membership,
    Region,
    ScalingGroup,
    Secret,
    Table,
)
from kushim_pipeline.sandbox.gate import Door, Gate, Rules

REGION = "us-east-1"
ACCOUNT = Account(
    account_id="123456789012",
    distributions={"site": Distribution(firewall=False)},
    regions={
        REGION: Region(
            instances={"web": Instance(missing_patches=3), "own": Instance(missing_patches=None)},
            load_balancers={"shop": LoadBalancer(redirects=False), "office": LoadBalancer(firewall=False)},
            certificates={"shop.test": Certificate(days=10)},
            secrets={"key": Secret(rotated=None)},
            functions={"quiet": "private", "open": "public"},
            image_repositories={"web": ImageRepository(immutable=False)},
            tables={"carts": Table(recovery=False)},
            scaling_groups={"web": ScalingGroup(room=False)},
            databases_ask_for_tls=False,
        )
    },
)
SHOP = aws_edge.balancer_arn(ACCOUNT, REGION, "shop")
OFFICE = aws_edge.balancer_arn(ACCOUNT, REGION, "office")


@pytest.fixture(scope="module")
def gate() -> Iterator[Gate]:
    names = {f"{REGION}/instance/web": "arn:aws:ec2:us-east-1:123456789012:instance/i-1"}
    doors = {ACCOUNT.account_id: Door("northwind", ACCOUNT, "kushim-n", names)}
    gate = Gate("http://127.0.0.1:9", Rules({}, doors, (), sessions={"ASIASESSION": ACCOUNT.account_id}))
    yield gate
    gate.stop()


def ask(gate: Gate, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url=gate.url,
        aws_access_key_id="ASIASESSION",
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )
    answer: dict[str, Any] = getattr(client, operation)(**parameters)
    return answer


def test_what_faces_the_internet(gate: Gate) -> None:
    balancers = ask(gate, "elbv2", "describe_load_balancers")["LoadBalancers"]
    assert [(one["LoadBalancerArn"], one["Scheme"]) for one in balancers] == [
        (SHOP, "internet-facing"),
        (OFFICE, "internet-facing"),
    ]
    plain, secure = ask(gate, "elbv2", "describe_listeners", LoadBalancerArn=SHOP)["Listeners"]
    assert (plain["Protocol"], plain["DefaultActions"][0]["Type"]) == ("HTTP", "forward")
    assert secure["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert ask(gate, "wafv2", "get_web_acl_for_resource", ResourceArn=SHOP)["WebACL"]["Name"] == "edge"
    assert "WebACL" not in ask(gate, "wafv2", "get_web_acl_for_resource", ResourceArn=OFFICE)
    assert ask(gate, "apigateway", "get_rest_apis")["items"] == []
    page = ask(gate, "cloudfront", "list_distributions")["DistributionList"]
    assert (page["Quantity"], page["IsTruncated"], page["Items"][0]["WebACLId"]) == (1, False, "")
    (found,) = ask(gate, "acm", "list_certificates")["CertificateSummaryList"]
    certificate = ask(gate, "acm", "describe_certificate", CertificateArn=found["CertificateArn"])["Certificate"]
    assert certificate["InUseBy"] == [SHOP, OFFICE]


@pytest.mark.parametrize(
    ("organization", "code"),
    [
        (None, "OrganizationNotFoundException"),
        (Membership(management="210987654321", lists_accounts=False), "AccountNotManagementOrDelegatedAdministrator"),
        (Membership(management="123456789012", root_access=()), "ServiceAccessNotEnabledException"),
        (Membership(management="123456789012"), ""),
    ],
)
def test_what_an_organisation_does_with_root_users(organization: Membership | None, code: str) -> None:
    account = ACCOUNT.model_copy(update={"organization": organization})
    doors = {account.account_id: Door("northwind", account, "kushim-n", {})}
    gate = Gate("http://127.0.0.1:9", Rules({}, doors, (), sessions={"ASIASESSION": account.account_id}))
    try:
        if code:
            with pytest.raises(ClientError, match=code):
                ask(gate, "iam", "list_organizations_features")
        else:
            found = ask(gate, "iam", "list_organizations_features")
            identity = ask(gate, "organizations", "describe_organization")["Organization"]["Id"]
            assert found["OrganizationId"] == identity
            assert found["EnabledFeatures"] == ["RootCredentialsManagement", "RootSessions"]
    finally:
        gate.stop()


def test_what_runs_code_and_keeps_data(gate: Gate) -> None:
    assert len(ask(gate, "lambda", "list_functions")["Functions"]) == 2
    arn = aws_services.function_arn(ACCOUNT, REGION, "open")
    assert ask(gate, "lambda", "get_function_url_config", FunctionName=arn)["AuthType"] == "NONE"
    assert '"Principal": "*"' in ask(gate, "lambda", "get_policy", FunctionName="open")["Policy"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        ask(gate, "lambda", "get_policy", FunctionName=aws_services.function_arn(ACCOUNT, REGION, "quiet"))
    (repository,) = ask(gate, "ecr", "describe_repositories")["repositories"]
    assert repository["imageTagMutability"] == "MUTABLE"
    assert ask(gate, "ecr", "get_registry_scanning_configuration")["scanningConfiguration"]["scanType"] == "BASIC"
    assert ask(gate, "dynamodb", "list_tables")["TableNames"] == ["carts"]
    backups = ask(gate, "dynamodb", "describe_continuous_backups", TableName="carts")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    (secret,) = ask(gate, "secretsmanager", "list_secrets")["SecretList"]
    assert "LastRotatedDate" not in secret
    (parameter,) = ask(gate, "rds", "describe_db_parameters", DBParameterGroupName="default")["Parameters"]
    assert (parameter["ParameterName"], parameter["ParameterValue"]) == ("rds.force_ssl", "0")


def test_hosts_and_what_watches(gate: Gate) -> None:
    (host,) = ask(gate, "ssm", "describe_instance_information")["InstanceInformationList"]
    assert host["InstanceId"] == "i-1", "the other one is not managed"
    (state,) = ask(gate, "ssm", "describe_instance_patch_states", InstanceIds=["i-1", "i-2"])["InstancePatchStates"]
    assert state["MissingCount"] == 3
    (group,) = ask(gate, "autoscaling", "describe_auto_scaling_groups")["AutoScalingGroups"]
    assert group["DesiredCapacity"] == group["MaxSize"]
    (alarm,) = ask(gate, "cloudwatch", "describe_alarms")["MetricAlarms"]
    assert alarm["Dimensions"] == [{"Name": "AutoScalingGroupName", "Value": "web"}]
    rules = ask(gate, "events", "list_rules")["Rules"]
    assert [rule["Name"] for rule in rules] == ["root", "trails", "policies"]
    (target,) = ask(gate, "events", "list_targets_by_rule", Rule="root")["Targets"]
    (subscription,) = ask(gate, "sns", "list_subscriptions")["Subscriptions"]
    assert target["Arn"] == subscription["TopicArn"]
