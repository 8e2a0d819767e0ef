"""What faces the internet, runs code, keeps secrets or watches, read over real HTTP from moto."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kushim_pipeline.collect.aws.streams import STREAMS as ALL
from kushim_pipeline_tests.integration.collect.aws.builder import REGIONS, Place
from kushim_pipeline_tests.integration.collect.aws.builder_services import HERE, build_services
from kushim_pipeline_tests.integration.collect.aws.moto_process import reset
from kushim_pipeline_tests.integration.collect.aws.proxy import Proxy, Request, Response, answered, error, serve
from kushim_pipeline_tests.integration.collect.aws.reading import ACCOUNT, Outcome, read

STREAMS = [
    "elbv2_load_balancer", "elbv2_listener", "apigateway_stage", "wafv2_association", "cloudfront_distribution",
    "acm_certificate", "ssm_instance", "ssm_patch_state", "secretsmanager_secret", "lambda_function", "lambda_policy",
    "lambda_url", "ecr_repository", "ecr_registry_scanning", "dynamodb_table", "dynamodb_backup", "cloudwatch_alarm",
    "logs_metric_filter", "sns_subscription", "events_rule", "autoscaling_group", "rds_instance", "rds_cluster",
    "rds_parameter_group", "service_quota",
]  # fmt: skip
EDGE = ["elbv2_load_balancer", "elbv2_listener", "apigateway_stage", "wafv2_association"]


HOSTS = [f"i-{n:017x}" for n in range(60)]


def _hosts(request: Request, upstream: Callable[[], Response]) -> Response:
    """Pages of fifty, as SSM gives them."""
    asked = json.loads(request.body)
    start = int(asked.get("NextToken") or 0)
    page = [{"InstanceId": name, "PingStatus": "Online", "LastPingDateTime": 1e9} for name in HOSTS[start : start + 50]]
    more = {"NextToken": str(start + 50)} if start + 50 < len(HOSTS) else {}
    assert asked["MaxResults"] == 50
    return Response(200, json.dumps({"InstanceInformationList": page, **more}).encode())


def _patches(request: Request, upstream: Callable[[], Response]) -> Response:
    """States of those that were asked for, but for the first host of all, which was never scanned."""
    asked = json.loads(request.body)["InstanceIds"]
    assert len(asked) <= 50
    states = [{"InstanceId": name, "PatchGroup": "", "MissingCount": 0} for name in asked if name != HOSTS[0]]
    return Response(200, json.dumps({"InstancePatchStates": states}).encode())


def _usage(processors: str, databases: str) -> Callable[[Request, Callable[[], Response]], Response]:
    """What CloudWatch counts, as lists of values."""
    results = f'{{"Id": "processors", "Values": {processors}}}, {{"Id": "databases", "Values": {databases}}}'
    return answered(200, f'{{"MetricDataResults": [{results}], "Messages": []}}')


@pytest.fixture(scope="module")
def made(moto: str) -> dict[str, str]:
    """What was built, by name."""
    reset(moto)
    return build_services(Place(moto))


@pytest.fixture
def edge(moto: str, made: dict[str, str]) -> Iterator[Proxy]:
    """A proxy in front of it."""
    proxy, stop = serve(moto)
    yield proxy
    stop()


@pytest.fixture(scope="module")
def served(moto: str, made: dict[str, str]) -> Iterator[Proxy]:
    proxy, stop = serve(moto)
    proxy.fail("DescribeInstanceInformation", _hosts, region=HERE)
    proxy.fail("DescribeInstancePatchStates", _patches, region=HERE)
    proxy.fail("GetMetricData", _usage("[8.0]", "[3.0]"), region=HERE)
    yield proxy
    stop()


@pytest.fixture(scope="module")
def whole(served: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One reading of all of it."""
    return read(served.url, tmp_path_factory.mktemp("evidence"), STREAMS)


def reasons(outcome: Outcome, stream: str, scope: str = HERE) -> set[tuple[str | None, str]]:
    return {(problem.resource_id, problem.reason.value) for problem in outcome.errors(stream, scope)}


def test_everything_is_read_whole_there_and_proven_empty_elsewhere(whole: Outcome) -> None:
    assert whole.not_complete() == {}
    for stream in STREAMS:
        if stream not in ("cloudfront_distribution", "ecr_registry_scanning"):
            receipt = whole.receipt(stream, REGIONS[1])
            assert (receipt.records, receipt.empty_proven_by is None) == (0, False), stream


def test_load_balancers_their_listeners_and_firewalls(whole: Outcome, made: dict[str, str]) -> None:
    assert set(whole.records("elbv2_load_balancer", HERE)) == {made["shop"], made["bare"], made["inside"]}
    listeners = whole.records("elbv2_listener", HERE)
    assert set(listeners) == {made["shop:80"], made["shop:443"]}
    assert listeners[made["shop:443"]]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    firewalls = whole.records("wafv2_association", HERE)
    assert firewalls[made["shop"]]["WebACL"]["ARN"] == made["acl"]
    assert firewalls[made["bare"]] == firewalls[made["orders"]] == {"absent": True}
    assert set(firewalls) == {made["shop"], made["bare"], made["orders"]}, "what is inside is not asked for"
    stages = whole.records("apigateway_stage", HERE)
    assert {arn: body["restApi"]["endpointConfiguration"]["types"] for arn, body in stages.items()} == {
        made["orders"]: ["REGIONAL"],
        made["hidden"]: ["PRIVATE"],
    }


def test_certificates_of_every_kind_of_key(whole: Outcome, made: dict[str, str]) -> None:
    (found,) = whole.records("acm_certificate", HERE).values()
    assert found["CertificateArn"] == made["certificate"]
    assert found["InUseBy"] is not None
    (page,) = [page for page in whole.receipt("acm_certificate", HERE).pages if page.operation == "ListCertificates"]
    assert "EC_prime256v1" in str(page.parameters)


def test_a_distribution_is_read_once(whole: Outcome, made: dict[str, str]) -> None:
    ((arn, body),) = whole.records("cloudfront_distribution").items()
    assert arn == made["distribution"]
    assert body["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"


def test_functions_with_policy_and_address(whole: Outcome, made: dict[str, str]) -> None:
    functions = whole.records("lambda_function", HERE)
    assert set(functions) == {made["resize"], made["hook"]}
    assert "swordfish" not in str(functions)
    assert functions[made["hook"]]["Environment"]["Variables"] == {"PASSWORD": ""}
    policies, urls = whole.records("lambda_policy", HERE), whole.records("lambda_url", HERE)
    none = {"absent": True, "code": "ResourceNotFoundException"}
    assert policies[made["resize"]] == urls[made["resize"]] == none
    assert policies[made["hook"]]["Policy"]["Statement"][0]["Principal"] == "*"
    assert urls[made["hook"]]["AuthType"] == "NONE"


def test_data_and_secrets(whole: Outcome, made: dict[str, str]) -> None:
    secrets = whole.records("secretsmanager_secret", HERE)
    assert set(secrets) == {made["api-key"], made["old-key"]}, "one that is to be deleted is listed too"
    assert "DeletedDate" in secrets[made["old-key"]]
    assert "nobody reads" not in str(secrets)
    ((arn, table),) = whole.records("dynamodb_table", HERE).items()
    assert arn == made["carts"]
    assert table["Tags"] == [{"Key": "environment", "Value": "production"}]
    assert not {"ItemCount", "TableSizeBytes"} & set(table)
    (backup,) = whole.records("dynamodb_backup", HERE).values()
    recovery = backup["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    assert "LatestRestorableDateTime" not in recovery
    groups = whole.records("rds_parameter_group", HERE)
    own = groups[f"arn:aws:rds:{HERE}:{ACCOUNT}:pg:tls"]
    assert [(p["ParameterName"], p["ParameterValue"]) for p in own["Parameters"]] == [("rds.force_ssl", "1")]
    (cluster,) = [body for arn, body in groups.items() if ":cluster-pg:" in arn]
    assert cluster["absent"] is True, "moto names a group that it does not have; RDS proves that with its code"


def test_what_watches_and_whom_it_tells(whole: Outcome, made: dict[str, str]) -> None:
    ((arn, found),) = whole.records("logs_metric_filter", HERE).items()
    assert arn == f"arn:aws:logs:{HERE}:{ACCOUNT}:log-group:trail/root"
    assert found["metricTransformations"][0]["metricName"] == "root"
    (alarm,) = whole.records("cloudwatch_alarm", HERE).values()
    assert alarm["AlarmActions"] == [made["topic"]]
    assert not {"StateReason", "StateUpdatedTimestamp"} & set(alarm)
    assert alarm["StateValue"]
    assert list(whole.records("sns_subscription", HERE)) == [made["subscription"]]
    ((arn, rule),) = whole.records("events_rule", HERE).items()
    assert (arn, [target["Arn"] for target in rule["Targets"]]) == (made["rule"], [made["topic"]])
    (group,) = whole.records("autoscaling_group", HERE).values()
    assert group["MaxSize"] == 4


def test_a_quota_is_what_applies_or_its_default_with_what_is_used(edge: Proxy, tmp_path: Path) -> None:
    edge.fail("GetMetricData", _usage("[8.0, 12.0]", "[3.0]"), region=HERE)
    outcome = read(edge.url, tmp_path, ["service_quota"])
    of = f"arn:aws:servicequotas:{HERE}:{ACCOUNT}"
    found = outcome.records("service_quota", HERE)
    assert {arn: (quota["Value"], quota["Used"]) for arn, quota in found.items()} == {
        f"{of}:ec2/L-1216C47A": (64.0, 12.0),
        f"{of}:rds/L-7B6409FD": (40.0, 3.0),
    }
    asked = [page.operation for page in outcome.receipt("service_quota", HERE).pages]
    assert sorted(asked) == ["GetAWSDefaultServiceQuota", "GetMetricData", "GetServiceQuota", "GetServiceQuota"]
    assert outcome.not_complete() == {}


def test_a_quota_that_nobody_uses_is_not_asked_for(edge: Proxy, tmp_path: Path) -> None:
    edge.fail("GetMetricData", _usage("[]", "[1.0]"), region=HERE)
    outcome = read(edge.url, tmp_path, ["service_quota"])
    assert list(outcome.records("service_quota", HERE)) == [f"arn:aws:servicequotas:{HERE}:{ACCOUNT}:rds/L-7B6409FD"]
    assert [page.operation for page in outcome.receipt("service_quota", REGIONS[1]).pages] == ["GetMetricData"]


@pytest.mark.parametrize(
    ("operation", "lost"),
    [("GetServiceQuota", {"ec2/L-1216C47A", "rds/L-7B6409FD"}), ("GetAWSDefaultServiceQuota", {"rds/L-7B6409FD"})],
)
def test_a_quota_that_may_not_be_read_is_unknown_alone(
    edge: Proxy, tmp_path: Path, operation: str, lost: set[str]
) -> None:
    edge.fail("GetMetricData", _usage("[8.0]", "[3.0]"), region=HERE)
    edge.fail(operation, error(400, "AccessDeniedException"), region=HERE)
    outcome = read(edge.url, tmp_path, ["service_quota"])
    of = f"arn:aws:servicequotas:{HERE}:{ACCOUNT}"
    assert reasons(outcome, "service_quota") == {(f"{of}:{quota}", "denied") for quota in lost}
    assert outcome.receipt("service_quota", HERE).records == 2 - len(lost)


def test_usage_that_is_not_told_leaves_all_quotas_unknown(edge: Proxy, tmp_path: Path) -> None:
    half = answered(200, '{"MetricDataResults": [{"Id": "processors", "Values": [1.0]}], "Messages": []}')
    edge.fail("GetMetricData", half, region=HERE)
    edge.fail("GetMetricData", error(400, "AccessDeniedException"), region=REGIONS[1])
    outcome = read(edge.url, tmp_path, ["service_quota"])
    assert reasons(outcome, "service_quota") == {(None, "incomplete")}
    assert reasons(outcome, "service_quota", REGIONS[1]) == {(None, "denied")}


def test_what_is_called_is_what_these_streams_may_call(served: Proxy, whole: Outcome) -> None:
    assert whole.receipts
    allowed = {action for spec in ALL if spec.name.removeprefix("aws.") in STREAMS for action in spec.permissions}
    assert served.actions() == allowed | {"sts:GetCallerIdentity", "ec2:DescribeRegions"}


def test_an_unchanged_account_gives_the_same_records(served: Proxy, whole: Outcome, tmp_path: Path) -> None:
    assert read(served.url, tmp_path, STREAMS).hashes() == whole.hashes()


def test_refusals_end_where_they_are(edge: Proxy, made: dict[str, str], tmp_path: Path) -> None:
    for operation in (
        "GetWebACLForResource",
        "GetFunctionUrlConfig",
        "DescribeContinuousBackups",
        "ListTagsOfResource",
    ):
        edge.fail(operation, error(400, "AccessDeniedException"))
    edge.fail("GetPolicy", error(403, "AccessDeniedException"))
    for operation in ("DescribeListeners", "DescribeDBParameters"):
        edge.fail(operation, error(403, "AccessDenied"))
    edge.fail("ListDistributions", error(403, "AccessDenied"))
    edge.fail("ListTargetsByRule", error(400, "AccessDeniedException"))
    outcome = read(edge.url, tmp_path, STREAMS)
    assert reasons(outcome, "wafv2_association") == {(made[name], "denied") for name in ("shop", "bare", "orders")}
    assert reasons(outcome, "lambda_policy") == {(made[name], "denied") for name in ("resize", "hook")}
    assert reasons(outcome, "lambda_url") == reasons(outcome, "lambda_policy"), "a refusal is never an absence"
    assert reasons(outcome, "elbv2_listener") == {(made[name], "denied") for name in ("shop", "bare", "inside")}
    assert reasons(outcome, "dynamodb_table") == reasons(outcome, "dynamodb_backup") == {(made["carts"], "denied")}
    assert reasons(outcome, "rds_parameter_group") == {(f"arn:aws:rds:{HERE}:{ACCOUNT}:pg:tls", "denied")}
    assert reasons(outcome, "events_rule") == {(made["rule"], "denied")}
    assert reasons(outcome, "cloudfront_distribution", "global") == {(None, "denied")}
    assert set(outcome.not_complete()) == {
        *((f"aws.{stream}", HERE) for stream in ("wafv2_association", "lambda_policy", "lambda_url", "elbv2_listener")),
        *((f"aws.{stream}", HERE) for stream in ("dynamodb_table", "dynamodb_backup", "events_rule")),
        ("aws.rds_parameter_group", HERE),
        ("aws.cloudfront_distribution", "global"),
    }


def test_a_listing_that_fails_leaves_all_that_hangs_on_it_unknown(edge: Proxy, tmp_path: Path) -> None:
    edge.fail("DescribeLoadBalancers", error(403, "AccessDenied"), region=HERE)
    outcome = read(edge.url, tmp_path, EDGE)
    assert set(outcome.not_complete()) == {(f"aws.{stream}", HERE) for stream in EDGE if stream != "apigateway_stage"}
    assert (None, "denied") in reasons(outcome, "wafv2_association"), "the balancers' firewalls are not known"
    assert outcome.receipt("wafv2_association", HERE).records == 1, "the stage's is"


def test_a_function_that_vanished_has_not_lost_its_policy(edge: Proxy, made: dict[str, str], tmp_path: Path) -> None:
    gone = '{"Type":"User","Message":"Function not found: arn:aws:lambda:us-east-1:123456789012:function:hook"}'
    headers = {"x-amzn-errortype": "ResourceNotFoundException"}
    edge.fail("GetPolicy", lambda request, upstream: Response(404, gone.encode(), headers))
    outcome = read(edge.url, tmp_path, ["lambda_policy"])
    assert reasons(outcome, "lambda_policy") == {(made[name], "incomplete") for name in ("resize", "hook")}


@pytest.mark.parametrize(
    "body", ["<html>Sign in</html>", "", "{}", "<x/>", "null", "<DistributionList></DistributionList>"]
)
def test_another_body_is_never_an_empty_list(edge: Proxy, tmp_path: Path, body: str) -> None:
    listings = {
        "DescribeLoadBalancers": "elbv2_load_balancer", "GetRestApis": "apigateway_stage",
        "ListDistributions": "cloudfront_distribution", "ListCertificates": "acm_certificate",
        "DescribeInstanceInformation": "ssm_instance", "ListSecrets": "secretsmanager_secret",
        "ListFunctions": "lambda_function", "DescribeRepositories": "ecr_repository",
        "GetRegistryScanningConfiguration": "ecr_registry_scanning", "ListTables": "dynamodb_table",
        "DescribeAlarms": "cloudwatch_alarm", "DescribeMetricFilters": "logs_metric_filter",
        "ListSubscriptions": "sns_subscription", "ListRules": "events_rule",
        "DescribeAutoScalingGroups": "autoscaling_group",
    }  # fmt: skip
    for operation in listings:
        edge.fail(operation, answered(200, body))
    outcome = read(edge.url, tmp_path, [*listings.values()])
    assert {receipt.records for receipt in outcome.receipts.values()} == {0}
    assert {problem.reason.value for receipt in outcome.receipts.values() for problem in receipt.errors} == {
        "incomplete"
    }
    assert len(outcome.not_complete()) == len(outcome.receipts)


def test_patch_states_are_read_fifty_hosts_at_a_time(whole: Outcome) -> None:
    pages = [page.operation for page in whole.receipt("ssm_patch_state", HERE).pages]
    assert pages.count("DescribeInstancePatchStates") == 2
    arns = {f"arn:aws:ec2:{HERE}:{ACCOUNT}:instance/{name}" for name in HOSTS}
    assert set(whole.records("ssm_instance", HERE)) == arns
    assert arns - set(whole.records("ssm_patch_state", HERE)) == {f"arn:aws:ec2:{HERE}:{ACCOUNT}:instance/{HOSTS[0]}"}


def test_a_batch_that_fails_costs_its_hosts_alone(edge: Proxy, tmp_path: Path) -> None:
    def second_batch(request: Request, upstream: Callable[[], Response]) -> Response:
        if HOSTS[-1] in request.body.decode():
            return Response(400, b'{"__type":"InternalServerError","message":"no"}')
        return _patches(request, upstream)

    edge.fail("DescribeInstanceInformation", _hosts, region=HERE)
    edge.fail("DescribeInstancePatchStates", second_batch, region=HERE)
    outcome = read(edge.url, tmp_path, ["ssm_patch_state"])
    assert len(reasons(outcome, "ssm_patch_state")) == 10
    assert outcome.receipt("ssm_patch_state", HERE).records == 49


def test_a_subscription_that_nobody_confirmed_has_a_name_of_its_own(
    edge: Proxy, made: dict[str, str], tmp_path: Path
) -> None:
    entries = "".join(
        f"<member><SubscriptionArn>PendingConfirmation</SubscriptionArn><Owner>{ACCOUNT}</Owner><Protocol>email</Protocol>"
        f"<Endpoint>{who}@example.com</Endpoint><TopicArn>{made['topic']}</TopicArn></member>"
        for who in ("ada", "ben")
    )
    page = f"<ListSubscriptionsResult><Subscriptions>{entries}</Subscriptions></ListSubscriptionsResult>"
    edge.fail("ListSubscriptions", answered(200, f"<ListSubscriptionsResponse>{page}</ListSubscriptionsResponse>"))
    outcome = read(edge.url, tmp_path, ["sns_subscription"], regions=[HERE])
    assert outcome.not_complete() == {}
    names = list(outcome.records("sns_subscription", HERE))
    assert len(names) == 2
    assert all(re.fullmatch(re.escape(made["topic"]) + ":PendingConfirmation:[0-9a-f]{16}", name) for name in names)
