"""One or two of everything that faces the internet, runs code, keeps secrets or watches, through boto3 in moto."""

import io
import json
import zipfile
from typing import Any

from kushim_pipeline_tests.integration.collect.aws.builder import Place

HERE = "us-east-1"
PATTERN = '{ ($.userIdentity.type = "Root") }'


def build_services(place: Place) -> dict[str, str]:
    """Make them, all in one region. Out: what the tests ask for by name -> ARN."""
    found: dict[str, str] = {}
    _edge(place, found)
    _cloudfront(place, found)
    _code(place, found)
    _data(place, found)
    _watching(place, found)
    return found


def _edge(place: Place, found: dict[str, str]) -> None:
    ec2, elb = place.client("ec2", HERE), place.client("elbv2", HERE)
    vpc = ec2.create_vpc(CidrBlock="10.200.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.200.{n}.0/24", AvailabilityZone=f"{HERE}{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    found["subnets"] = ",".join(subnets)
    for name, scheme in (("shop", "internet-facing"), ("bare", "internet-facing"), ("inside", "internal")):
        made = elb.create_load_balancer(Name=name, Subnets=subnets, Scheme=scheme, Type="application")
        found[name] = made["LoadBalancers"][0]["LoadBalancerArn"]
    redirect = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    made = elb.create_listener(LoadBalancerArn=found["shop"], Protocol="HTTP", Port=80, DefaultActions=[redirect])
    found["shop:80"] = made["Listeners"][0]["ListenerArn"]
    acm = place.client("acm", HERE)
    found["certificate"] = acm.request_certificate(DomainName="shop.example.com", KeyAlgorithm="EC_prime256v1")[
        "CertificateArn"
    ]
    made = elb.create_listener(
        LoadBalancerArn=found["shop"],
        Protocol="HTTPS",
        Port=443,
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
        Certificates=[{"CertificateArn": found["certificate"]}],
        DefaultActions=[fixed],
    )
    found["shop:443"] = made["Listeners"][0]["ListenerArn"]
    api = place.client("apigateway", HERE)
    for name, kind in (("orders", "REGIONAL"), ("hidden", "PRIVATE")):
        rest = api.create_rest_api(name=name, endpointConfiguration={"types": [kind]})["id"]
        root = api.get_resources(restApiId=rest)["items"][0]["id"]
        api.put_method(restApiId=rest, resourceId=root, httpMethod="GET", authorizationType="NONE")
        api.put_integration(restApiId=rest, resourceId=root, httpMethod="GET", type="MOCK")
        api.create_deployment(restApiId=rest, stageName="live")
        found[name] = f"arn:aws:apigateway:{HERE}::/restapis/{rest}/stages/live"
    waf = place.client("wafv2", HERE)
    visible = {"SampledRequestsEnabled": True, "CloudWatchMetricsEnabled": True, "MetricName": "m"}
    acl = waf.create_web_acl(Name="edge", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=visible)
    found["acl"] = acl["Summary"]["ARN"]
    waf.associate_web_acl(WebACLArn=found["acl"], ResourceArn=found["shop"])


def _cloudfront(place: Place, found: dict[str, str]) -> None:
    behaviour = {
        "TargetOriginId": "o",
        "ViewerProtocolPolicy": "redirect-to-https",
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
        "MinTTL": 0,
    }
    made = place.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "one",
            "Comment": "",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {"Id": "o", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
                ],
            },
            "DefaultCacheBehavior": behaviour,
        }
    )
    found["distribution"] = made["Distribution"]["ARN"]


def _code(place: Place, found: dict[str, str]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("main.py", "def main(event, context): ...")
    iam, code = place.client("iam"), place.client("lambda", HERE)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="runs-code", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    for name in ("resize", "hook"):
        made = code.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="main.main",
            Code={"ZipFile": packed.getvalue()},
            Environment={"Variables": {"PASSWORD": "swordfish"}},
        )
        found[name] = made["FunctionArn"]
    code.add_permission(
        FunctionName="hook",
        StatementId="all",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    code.create_function_url_config(FunctionName="hook", AuthType="NONE")
    ecr = place.client("ecr", HERE)
    made = ecr.create_repository(repositoryName="web", imageTagMutability="IMMUTABLE")
    found["web"] = made["repository"]["repositoryArn"]


def _data(place: Place, found: dict[str, str]) -> None:
    secrets = place.client("secretsmanager", HERE)
    found["api-key"] = secrets.create_secret(Name="api-key", SecretString="a secret that nobody reads")["ARN"]
    found["old-key"] = secrets.create_secret(Name="old-key", SecretString="another")["ARN"]
    secrets.delete_secret(SecretId="old-key", RecoveryWindowInDays=30)
    dynamo = place.client("dynamodb", HERE)
    made = dynamo.create_table(
        TableName="carts",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "environment", "Value": "production"}],
    )
    found["carts"] = made["TableDescription"]["TableArn"]
    dynamo.update_continuous_backups(
        TableName="carts", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    rds = place.client("rds", HERE)
    rds.create_db_parameter_group(DBParameterGroupName="tls", DBParameterGroupFamily="postgres16", Description="tls")
    values = [
        {"ParameterName": name, "ParameterValue": "1", "ApplyMethod": "immediate"}
        for name in ("rds.force_ssl", "work_mem")
    ]
    rds.modify_db_parameter_group(DBParameterGroupName="tls", Parameters=values)
    login = {"MasterUsername": "owner", "MasterUserPassword": "long-enough-1"}
    rds.create_db_instance(
        DBInstanceIdentifier="orders",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        DBParameterGroupName="tls",
        **login,
    )
    rds.create_db_cluster(DBClusterIdentifier="reports", Engine="aurora-postgresql", **login)


def _watching(place: Place, found: dict[str, str]) -> None:
    logs, sns = place.client("logs", HERE), place.client("sns", HERE)
    logs.create_log_group(logGroupName="trail")
    metric: dict[str, Any] = {"metricName": "root", "metricNamespace": "CIS", "metricValue": "1"}
    logs.put_metric_filter(
        logGroupName="trail", filterName="root", filterPattern=PATTERN, metricTransformations=[metric]
    )
    found["topic"] = sns.create_topic(Name="security")["TopicArn"]
    made = sns.subscribe(
        TopicArn=found["topic"], Protocol="email", Endpoint="security@example.com", ReturnSubscriptionArn=True
    )
    found["subscription"] = made["SubscriptionArn"]
    watch = place.client("cloudwatch", HERE)
    watch.put_metric_alarm(
        AlarmName="root",
        MetricName="root",
        Namespace="CIS",
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[found["topic"]],
    )
    events = place.client("events", HERE)
    pattern = {"detail-type": ["AWS API Call via CloudTrail"], "detail": {"eventName": ["StopLogging"]}}
    found["rule"] = events.put_rule(Name="trail-changes", EventPattern=json.dumps(pattern))["RuleArn"]
    events.put_targets(Rule="trail-changes", Targets=[{"Id": "1", "Arn": found["topic"]}])
    scaling = place.client("autoscaling", HERE)
    scaling.create_launch_configuration(LaunchConfigurationName="web", ImageId="ami-12345678", InstanceType="t3.micro")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web",
        MinSize=0,
        MaxSize=4,
        DesiredCapacity=0,
        VPCZoneIdentifier=found["subnets"],
        Tags=[{"Key": "environment", "Value": "production", "PropagateAtLaunch": True}],
    )
