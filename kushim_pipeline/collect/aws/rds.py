"""RDS: instances, clusters and their snapshots with who may restore them."""

from collections.abc import Callable
from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.listing import each, listing, one, proven_empty, record_part
from kushim_pipeline.evidence.receipt import Reason

Reader = Callable[[Account, str, Sinks], None]


def _describe(stream: str, operation: str, key: str, arn: str) -> Reader:
    """A reader of one listing: stream, call, the answer's list and the field of the ARN."""

    def read(account: Account, region: str, sinks: Sinks) -> None:
        sink = sinks[stream]
        for element, evidence in listing(account, region, [sink], "rds", operation, key):
            sink.record(element.get(arn) or "", steady(stream, element), evidence=evidence)

    return read


read_instances = _describe("aws.rds_instance", "DescribeDBInstances", "DBInstances", "DBInstanceArn")
read_clusters = _describe("aws.rds_cluster", "DescribeDBClusters", "DBClusters", "DBClusterArn")


def read_snapshots(account: Account, region: str, sinks: Sinks) -> None:
    """Snapshots of instances, and the attributes of the manual ones."""
    _snapshots(account, region, sinks, "snapshot", "DBSnapshot")


def read_cluster_snapshots(account: Account, region: str, sinks: Sinks) -> None:
    """Snapshots of clusters, and the attributes of the manual ones."""
    _snapshots(account, region, sinks, "cluster_snapshot", "DBClusterSnapshot")


def _snapshots(account: Account, region: str, sinks: Sinks, stream: str, kind: str) -> None:
    listed, attributes = f"aws.rds_{stream}", f"aws.rds_{stream}_attribute"
    whole = pick(sinks, listed, attributes)
    manual: list[dict[str, Any]] = []
    for snapshot, evidence in listing(account, region, whole, "rds", f"Describe{kind}s", f"{kind}s"):
        for sink in pick(sinks, listed):
            sink.record(snapshot.get(f"{kind}Arn") or "", snapshot, evidence=evidence)
        # Only a manual snapshot can be shared (API reference of ModifyDBSnapshotAttribute).
        if snapshot.get("SnapshotType") == "manual" and snapshot.get(f"{kind}Arn"):
            manual.append(snapshot)
    wanted = pick(sinks, attributes)
    proven_empty(wanted, f"Describe{kind}s in {region} lists no manual snapshot")

    def read(snapshot: dict[str, Any]) -> None:
        arn = snapshot[f"{kind}Arn"]
        asked: dict[str, Any] = {f"{kind}Identifier": snapshot.get(f"{kind}Identifier")}
        answer = one(account, region, wanted, arn, "rds", f"Describe{kind}Attributes", **asked)
        record_part(wanted, arn, answer, lambda answer: _attributes(answer, kind))

    if wanted:
        each(account, read, manual)


def _attributes(answer: Answer, kind: str) -> dict[str, Any]:
    found = answer.want(f"{kind}AttributesResult", dict).get(f"{kind}Attributes")
    if not isinstance(found, list):
        raise ReadFailed(Reason.INCOMPLETE, f"the answer has no usable {kind}Attributes")
    return {"Attributes": found}
