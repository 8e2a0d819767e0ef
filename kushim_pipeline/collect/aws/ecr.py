"""ECR: repositories of images, and what the registry scans."""

from kushim_pipeline.collect.aws.calls import Account, Sinks, call
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.listing import listing


def read_repositories(account: Account, region: str, sinks: Sinks) -> None:
    """Private repositories with their settings."""
    sink = sinks["aws.ecr_repository"]
    operation, key = "DescribeRepositories", "repositories"
    for repository, evidence in listing(account, region, [sink], "ecr", operation, key):
        sink.record(repository.get("repositoryArn") or "", repository, evidence=evidence)


def read_scanning(account: Account, region: str, sinks: Sinks) -> None:
    """The registry's own rules of scanning, one registry a region."""
    sink = sinks["aws.ecr_registry_scanning"]
    operation = "GetRegistryScanningConfiguration"
    try:
        answer = call(account, region, [sink], "ecr", operation)
        body = answer.want("scanningConfiguration", dict)
    except ReadFailed as failed:
        sink.problem(failed.reason, operation, failed.message)
        return
    sink.record(f"{account.account_id}/{region}", {"scanningConfiguration": body}, evidence=answer.evidence)
