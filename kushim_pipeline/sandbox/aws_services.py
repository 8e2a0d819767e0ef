"""What runs code and keeps data and secrets in the sandbox, and the hosts that SSM manages. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from kushim_pipeline.sandbox.aws_asked import Answer, Asked, made_up
from kushim_pipeline.sandbox.aws_xml import query_reply
from kushim_pipeline.sandbox.estate import Account, Instance

_MADE = 1735689600
"""When everything here was made: the first of January 2025, in seconds."""


def function_arn(account: Account, region: str, name: str) -> str:
    """The ARN of a function."""
    return f"arn:aws:lambda:{region}:{account.account_id}:function:{name}"


def repository_arn(account: Account, region: str, name: str) -> str:
    """The ARN of a repository of images."""
    return f"arn:aws:ecr:{region}:{account.account_id}:repository/{name}"


def table_arn(account: Account, region: str, name: str) -> str:
    """The ARN of a table."""
    return f"arn:aws:dynamodb:{region}:{account.account_id}:table/{name}"


def secret_arn(account: Account, region: str, name: str) -> str:
    """The ARN of a secret."""
    return f"arn:aws:secretsmanager:{region}:{account.account_id}:secret:{name}-{made_up('secret', region, name)[:6]}"


def _functions(asked: Asked) -> Answer:
    return {
        "Functions": [
            {
                "FunctionName": name,
                "FunctionArn": function_arn(asked.account, asked.call.region, name),
                "Runtime": "python3.13",
                "LastModified": "2025-01-01T00:00:00.000+0000",
            }
            for name in asked.here.functions
        ]
    }


def _function_policy(asked: Asked) -> Answer:
    name = _function(asked)
    if asked.here.functions.get(name) != "public":
        return asked.refuse(404, "ResourceNotFoundException", "The resource you requested does not exist.")
    statement = {
        "Sid": "everybody",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "lambda:InvokeFunctionUrl",
        "Resource": function_arn(asked.account, asked.call.region, name),
        "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
    }
    document = {"Version": "2012-10-17", "Id": "default", "Statement": [statement]}
    return {"Policy": json.dumps(document), "RevisionId": made_up("revision", name)}


def _function_url(asked: Asked) -> Answer:
    name = _function(asked)
    if asked.here.functions.get(name) != "public":
        return asked.refuse(404, "ResourceNotFoundException", "The resource you requested does not exist.")
    return {
        "FunctionUrl": f"https://{made_up('url', name)}.lambda-url.{asked.call.region}.on.aws/",
        "FunctionArn": function_arn(asked.account, asked.call.region, name),
        "AuthType": "NONE",
        "CreationTime": "2025-01-01T00:00:00Z",
        "LastModifiedTime": "2025-01-01T00:00:00Z",
    }


def _function(asked: Asked) -> str:
    """The name of the function that is asked for, by its name or by its ARN."""
    return asked.call.path.split("/")[3].replace("%3A", ":").rpartition(":")[2]


def _repositories(asked: Asked) -> Answer:
    return {
        "repositories": [
            {
                "repositoryArn": repository_arn(asked.account, asked.call.region, name),
                "registryId": asked.account.account_id,
                "repositoryName": name,
                "createdAt": _MADE,
                "imageTagMutability": "IMMUTABLE" if repository.immutable else "MUTABLE",
                "imageScanningConfiguration": {"scanOnPush": repository.scanned},
            }
            for name, repository in asked.here.image_repositories.items()
        ]
    }


def _scanning(asked: Asked) -> Answer:
    return {"registryId": asked.account.account_id, "scanningConfiguration": {"scanType": "BASIC", "rules": []}}


def _tables(asked: Asked) -> Answer:
    return {"TableNames": [*asked.here.tables]}


def _table(asked: Asked) -> Answer:
    name = str(asked.given.get("TableName"))
    if name not in asked.here.tables:
        return asked.refuse(400, "ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
    arn = table_arn(asked.account, asked.call.region, name)
    return {"Table": {"TableName": name, "TableArn": arn, "TableStatus": "ACTIVE", "CreationDateTime": _MADE}}


def _table_tags(asked: Asked) -> Answer:
    name = str(asked.given.get("ResourceArn")).rpartition("/")[2]
    environment = asked.here.tables[name].environment if name in asked.here.tables else None
    return {"Tags": [{"Key": "environment", "Value": environment}] if environment else []}


def _table_backups(asked: Asked) -> Answer:
    name = str(asked.given.get("TableName"))
    if name not in asked.here.tables:
        return asked.refuse(400, "TableNotFoundException", f"Table not found: {name}")
    recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED"}
    if asked.here.tables[name].recovery:
        recovery = {
            "PointInTimeRecoveryStatus": "ENABLED",
            "RecoveryPeriodInDays": 35,
            "EarliestRestorableDateTime": asked.days_ago(35).timestamp(),
            "LatestRestorableDateTime": asked.now.timestamp(),
        }
    return {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": recovery,
        }
    }


def _secrets(asked: Asked) -> Answer:
    found = []
    for name, secret in asked.here.secrets.items():
        body: dict[str, Any] = {
            "ARN": secret_arn(asked.account, asked.call.region, name),
            "Name": name,
            "CreatedDate": _MADE,
            "LastAccessedDate": asked.days_ago(0).timestamp(),
        }
        if secret.rotated is not None:
            body |= {"RotationEnabled": True, "LastRotatedDate": asked.days_ago(secret.rotated).timestamp()}
        found.append(body)
    return {"SecretList": found}


def _hosts(asked: Asked) -> Answer:
    return {
        "InstanceInformationList": [
            {
                "InstanceId": name,
                "PingStatus": "Online",
                "LastPingDateTime": asked.now.timestamp(),
                "PlatformType": "Linux",
                "PlatformName": "Amazon Linux",
                "ResourceType": "EC2Instance",
            }
            for name in _managed(asked)
        ]
    }


def _patches(asked: Asked) -> Answer:
    scanned = asked.days_ago(0).timestamp()
    wanted = asked.given.get("InstanceIds", ())
    return {
        "InstancePatchStates": [
            {
                "InstanceId": name,
                "PatchGroup": "",
                "BaselineId": "pb-0123456789abcdef0",
                "MissingCount": instance.missing_patches,
                "FailedCount": 0,
                "InstalledPendingRebootCount": 0,
                "Operation": "Scan",
                "OperationStartTime": scanned,
                "OperationEndTime": scanned,
            }
            for name, instance in _managed(asked).items()
            if name in wanted
        ]
    }


def _managed(asked: Asked) -> Mapping[str, Instance]:
    """The region's instances that SSM manages, by id."""
    return {
        asked.names[f"{asked.call.region}/instance/{title}"].rpartition("/")[2]: instance
        for title, instance in asked.here.instances.items()
        if instance.missing_patches is not None
    }


def _parameters(asked: Asked) -> Answer:
    """All databases of a region share one parameter group, as moto makes them."""
    value = "1" if asked.here.databases_ask_for_tls else "0"
    parameter = {
        "ParameterName": "rds.force_ssl",
        "ParameterValue": value,
        "Source": "user",
        "ApplyType": "dynamic",
        "DataType": "boolean",
        "IsModifiable": True,
    }
    return query_reply(asked.call, {"Parameters": [parameter]}, "Parameter")


ANSWERS = {
    "lambda:ListFunctions": _functions,
    "lambda:GetPolicy": _function_policy,
    "lambda:GetFunctionUrlConfig": _function_url,
    "ecr:DescribeRepositories": _repositories,
    "ecr:GetRegistryScanningConfiguration": _scanning,
    "dynamodb:ListTables": _tables,
    "dynamodb:DescribeTable": _table,
    "dynamodb:ListTagsOfResource": _table_tags,
    "dynamodb:DescribeContinuousBackups": _table_backups,
    "secretsmanager:ListSecrets": _secrets,
    "ssm:DescribeInstanceInformation": _hosts,
    "ssm:DescribeInstancePatchStates": _patches,
    "rds:DescribeDBParameters": _parameters,
}
