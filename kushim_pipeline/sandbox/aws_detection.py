"""What watches an account in the sandbox: Access Analyzer, Security Hub, Inspector, GuardDuty's findings. Pure."""

from typing import Any

from kushim_pipeline.sandbox.aws_asked import Answer, Asked, iso, made_up
from kushim_pipeline.sandbox.aws_services import function_arn, repository_arn
from kushim_pipeline.sandbox.estate import Account, Finding

_SEVERITY = {"critical": 9.0, "high": 8.0, "low": 2.0}


def threat_arn(account: Account, region: str, name: str) -> str:
    """The ARN of a finding of GuardDuty."""
    detector = made_up("detector", account.account_id, region)
    found = made_up("threat", name)
    return f"arn:aws:guardduty:{region}:{account.account_id}:detector/{detector}/finding/{found}"


def outside_access_id(account: Account, region: str, name: str) -> str:
    """What Kushim calls a finding of the analyzer."""
    return f"{_analyzer(account, region)}/{made_up('outside', name)}"


def weakness_arn(account: Account, region: str, name: str) -> str:
    """The ARN of a finding of Inspector."""
    return f"arn:aws:inspector2:{region}:{account.account_id}:finding/{made_up('weakness', name)}"


def _analyzer(account: Account, region: str) -> str:
    return f"arn:aws:access-analyzer:{region}:{account.account_id}:analyzer/outside"


def _analyzers(asked: Asked) -> Answer:
    if not asked.here.access_analyzer:
        return {"analyzers": []}
    return {
        "analyzers": [
            {
                "arn": _analyzer(asked.account, asked.call.region),
                "name": "outside",
                "type": "ACCOUNT",
                "createdAt": iso(asked.days_ago(400)),
                "status": "ACTIVE",
                "tags": {},
            }
        ]
    }


def _outside_access(asked: Asked) -> Answer:
    return {
        "findings": [
            {
                "id": made_up("outside", name),
                "resource": f"arn:aws:s3:::{name}",
                "resourceType": "AWS::S3::Bucket",
                "resourceOwnerAccount": asked.account.account_id,
                "findingType": "ExternalAccess",
                "status": "ARCHIVED" if finding.closed else "ACTIVE",
                "createdAt": iso(asked.days_ago(finding.age)),
                "updatedAt": iso(asked.days_ago(finding.age)),
                "analyzedAt": iso(asked.days_ago(0)),
            }
            for name, finding in asked.here.outside_access.items()
        ]
    }


def _standards(asked: Asked) -> Answer:
    hub = asked.here.security_hub
    if hub == "off":
        words = f"Account {asked.account.account_id} is not subscribed to AWS Security Hub"
        return asked.refuse(401, "InvalidAccessException", words)
    if hub == "no_standard":
        return {"StandardsSubscriptions": []}
    name, region = "aws-foundational-security-best-practices/v/1.0.0", asked.call.region
    arn = f"arn:aws:securityhub:{region}:{asked.account.account_id}:subscription/{name}"
    return {
        "StandardsSubscriptions": [
            {
                "StandardsSubscriptionArn": arn,
                "StandardsArn": f"arn:aws:securityhub:{region}::standards/{name}",
                "StandardsInput": {},
                "StandardsStatus": "READY",
            }
        ]
    }


def _inspector(asked: Asked) -> Answer:
    status = "ENABLED" if asked.here.inspector else "DISABLED"
    kinds = dict.fromkeys(("ec2", "ecr", "lambda", "lambdaCode"), {"status": status})
    return {
        "accounts": [{"accountId": asked.account.account_id, "state": {"status": status}, "resourceState": kinds}],
        "failedAccounts": [],
    }


def _weaknesses(asked: Asked) -> Answer:
    here = asked.here
    if not here.inspector:
        return asked.refuse(403, "AccessDeniedException", "Invoking account does not have access to ListFindings")
    return {
        "findings": [
            {
                "findingArn": weakness_arn(asked.account, asked.call.region, name),
                "awsAccountId": asked.account.account_id,
                "type": "PACKAGE_VULNERABILITY",
                "title": name,
                "description": name,
                "severity": finding.severity.upper(),
                "status": "CLOSED" if finding.closed else "ACTIVE",
                "firstObservedAt": asked.days_ago(finding.age).timestamp(),
                "lastObservedAt": asked.days_ago(0).timestamp(),
                "updatedAt": asked.days_ago(0).timestamp(),
                "remediation": {"recommendation": {"text": "None Provided"}},
                "resources": [{"type": "AWS_EC2_INSTANCE", "id": "i-00000000000000000", "region": asked.call.region}],
                "fixAvailable": "YES",
            }
            for name, finding in here.weaknesses.items()
        ]
    }


def _coverage(asked: Asked) -> Answer:
    if not asked.here.inspector:
        return asked.refuse(403, "AccessDeniedException", "Invoking account does not have access to ListCoverage")
    account, region = asked.account, asked.call.region
    begin = f"{region}/instance/"
    found = [
        (name.removeprefix(begin), "AWS_EC2_INSTANCE", arn.rpartition("/")[2])
        for name, arn in asked.names.items()
        if name.startswith(begin)
    ]
    found += [
        (name, "AWS_ECR_REPOSITORY", repository_arn(account, region, name)) for name in asked.here.image_repositories
    ]
    found += [
        (name, "AWS_LAMBDA_FUNCTION", f"{function_arn(account, region, name)}:$LATEST") for name in asked.here.functions
    ]
    return {
        "coveredResources": [
            {
                "accountId": account.account_id,
                "resourceId": covered,
                "resourceType": kind,
                "scanType": "PACKAGE",
                "scanStatus": _scan_status(name not in asked.here.unscanned),
                "lastScannedAt": asked.days_ago(0).timestamp(),
            }
            for name, kind, covered in found
        ]
    }


def _scan_status(scanned: bool) -> dict[str, str]:
    if scanned:
        return {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"}
    return {"statusCode": "INACTIVE", "reason": "UNMANAGED_EC2_INSTANCE"}


def _threat_ids(asked: Asked) -> Answer:
    return {"findingIds": [made_up("threat", name) for name in asked.here.threats]}


def _threats(asked: Asked) -> Answer:
    wanted = asked.given.get("findingIds", [])
    threats = [_threat(asked, name, finding) for name, finding in asked.here.threats.items()]
    return {"findings": [found for found in threats if found["id"] in wanted]}


def _threat(asked: Asked, name: str, finding: Finding) -> dict[str, Any]:
    seen = iso(asked.days_ago(finding.age))
    return {
        "accountId": asked.account.account_id,
        "arn": threat_arn(asked.account, asked.call.region, name),
        "id": made_up("threat", name),
        "partition": "aws",
        "region": asked.call.region,
        "schemaVersion": "2.0",
        "type": name,
        "title": name,
        "severity": _SEVERITY[finding.severity],
        "createdAt": seen,
        "updatedAt": seen,
        "resource": {"resourceType": "Instance"},
        "service": {"archived": finding.closed, "count": 1, "serviceName": "guardduty"},
    }


ANSWERS = {
    "access-analyzer:ListAnalyzers": _analyzers,
    "access-analyzer:ListFindingsV2": _outside_access,
    "securityhub:GetEnabledStandards": _standards,
    "inspector2:BatchGetAccountStatus": _inspector,
    "inspector2:ListCoverage": _coverage,
    "inspector2:ListFindings": _weaknesses,
    "guardduty:ListFindings": _threat_ids,
    "guardduty:GetFindings": _threats,
}
