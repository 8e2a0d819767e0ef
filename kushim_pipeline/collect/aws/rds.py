"""RDS: instances and clusters with their parameter groups, and their snapshots with who may restore them."""

from typing import Any

from kushim_pipeline.collect.aws.calls import Account, Answer, Sinks, pick
from kushim_pipeline.collect.aws.errors import ReadFailed
from kushim_pipeline.collect.aws.heartbeat import steady
from kushim_pipeline.collect.aws.listing import each, listing, one, pages, proven_empty, record_part
from kushim_pipeline.evidence.receipt import Reason

_INSTANCE, _CLUSTER, _GROUP = "aws.rds_instance", "aws.rds_cluster", "aws.rds_parameter_group"
# The parameters that make a database refuse connections without TLS (user guides of RDS, Aurora, DocumentDB, Neptune).
TLS_PARAMETERS = ("neptune_enforce_ssl", "rds.force_ssl", "require_secure_transport", "tls")

_NO_GROUP = frozenset({"DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"})


def read_databases(account: Account, region: str, sinks: Sinks) -> None:
    """Instances and clusters, then of each parameter group that one of them uses what it says about TLS."""
    used: dict[str, tuple[str, str]] = {}
    whole = pick(sinks, _INSTANCE, _GROUP)
    for instance, evidence in (
        listing(account, region, whole, "rds", "DescribeDBInstances", "DBInstances") if whole else ()
    ):
        for sink in pick(sinks, _INSTANCE):
            body = steady(_INSTANCE, instance, account.now)
            sink.record(instance.get("DBInstanceArn") or "", body, evidence=evidence)
        for group in instance.get("DBParameterGroups") or ():
            _use(used, account, region, "DB", group.get("DBParameterGroupName"))
    whole = pick(sinks, _CLUSTER, _GROUP)
    for cluster, evidence in (
        listing(account, region, whole, "rds", "DescribeDBClusters", "DBClusters") if whole else ()
    ):
        for sink in pick(sinks, _CLUSTER):
            sink.record(cluster.get("DBClusterArn") or "", steady(_CLUSTER, cluster, account.now), evidence=evidence)
        _use(used, account, region, "DBCluster", cluster.get("DBClusterParameterGroup"))
    groups = pick(sinks, _GROUP)
    proven_empty(groups, f"no database in {region} names a parameter group")

    def read(arn: str) -> None:
        kind, name = used[arn]
        operation, key = f"Describe{kind}Parameters", f"{kind}ParameterGroupName"
        # Only by their names: a group has hundreds of parameters.
        asked: dict[str, Any] = {key: name, "Filters": [{"Name": "parameter-name", "Values": [*TLS_PARAMETERS]}]}
        try:
            answers = [*pages(account, region, groups, "rds", operation, absent=_NO_GROUP, **asked)]
            body: dict[str, Any] = {key: name, "absent": True, "code": answers[-1].absent}
            if not answers[-1].absent:
                found = [parameter for answer in answers for parameter in answer.want("Parameters", list)]
                body = {key: name, "Parameters": [one for one in found if one.get("ParameterName") in TLS_PARAMETERS]}
        except ReadFailed as failed:
            for sink in groups:
                sink.unreadable(arn, failed.reason, operation, failed.message)
            return
        for sink in groups:
            sink.record(arn, body, evidence=answers[-1].evidence)

    if groups:
        each(account, read, sorted(used))


def _use(used: dict[str, tuple[str, str]], account: Account, region: str, kind: str, name: str | None) -> None:
    if name:
        word = "pg" if kind == "DB" else "cluster-pg"
        used[f"arn:{account.partition}:rds:{region}:{account.account_id}:{word}:{name}"] = (kind, name)


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
